"""The author's pages of quizzes, assignments and certificates."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.actions.answering import hand_in_attempt, start_attempt
from courses.actions.handing_in import hand_in
from courses.enums import FileRole
from courses.models import (
    Assignment,
    AssignmentSubmission,
    Certificate,
    Question,
    Quiz,
    QuizAttempt,
)
from newsletter.outbox.models import OutgoingEmail
from tests.courses.quiz_desk import page_of, typed
from tests.courses.test_assignments import make_assignment
from tests.courses.test_certificates import certified
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import lessons_of, make_course
from tests.factories.quizzes import add_question, attach, make_quiz

pytestmark = pytest.mark.django_db


# ── A quiz on one page ────────────────────────────────────────────────────────────────────────


def test_a_whole_quiz_is_written_at_once(desk: Client) -> None:
    lesson = lessons_of(make_course())[0]
    assert (
        page_of(lesson) in desk.get(f"/admin/courses/lesson/{lesson.pk}/change/").content.decode()
    )
    assert desk.get(page_of(lesson)).status_code == 200
    data = typed(
        {"prompt": "Second?", "answers": "* Yes\nNo", "place": 2},
        {"prompt": "First?", "kind": "ordering", "answers": "One\nTwo", "place": 1},
        {"prompt": "Last?", "kind": "text", "answers": "nein\n NO \n\nNO"},
        {},
        shuffles_choices="on",
        sample_size=2,
    )
    response = desk.post(page_of(lesson), data)
    assert response.status_code == 302
    quiz = Quiz.objects.get(lesson=lesson)
    asked = list(quiz.questions.all())
    assert [each.prompt for each in asked] == ["First?", "Second?", "Last?"]
    assert asked[2].accepted == ["nein", "NO"]
    assert (quiz.sample_size, quiz.shuffles_choices) == (2, True)
    page = desk.get(page_of(lesson)).content.decode()
    assert "* Yes" in page


def test_one_bad_question_and_nothing_is_stored(desk: Client) -> None:
    lesson = lessons_of(make_course())[0]
    data = typed(
        {"prompt": "Good?", "answers": "* Yes\nNo"}, {"prompt": "Bad?", "answers": "Yes\nNo"}
    )
    response = desk.post(page_of(lesson), data)
    assert response.status_code == 422
    page = response.content.decode()
    assert "Put a star before the one answer that is right." in page
    assert "Good?" in page
    assert not Quiz.objects.exists()
    assert not Question.objects.exists()
    data = typed({"answers": "* Yes\nNo"})
    assert "What is asked?" in desk.post(page_of(lesson), data).content.decode()


def test_a_question_of_another_quiz_is_not_touched(desk: Client) -> None:
    quiz, other = make_quiz(), add_question(make_quiz(), prompt="Other?")
    stolen = {"pk": other.pk, "prompt": "Stolen?", "answers": "* Yes\nNo"}
    quiz.refresh_from_db()
    response = desk.post(page_of(quiz.lesson), typed(stolen, version=quiz.version))
    assert response.status_code == 404
    other.refresh_from_db()
    assert other.prompt == "Other?"


def test_questions_are_put_away_and_brought_back(desk: Client) -> None:
    quiz = make_quiz()
    asked, other = add_question(quiz), add_question(quiz)
    start_attempt(user=UserFactory(), lesson=quiz.lesson)
    rows = [
        {"pk": asked.pk, "prompt": "Asked?", "answers": "* Yes\nNo", "remove": "on"},
        {"pk": other.pk, "prompt": "Other?", "answers": "* Yes\nNo"},
    ]
    quiz.refresh_from_db()
    desk.post(page_of(quiz.lesson), typed(*rows, version=quiz.version))
    asked.refresh_from_db()
    assert asked.is_archived
    page = desk.get(page_of(quiz.lesson)).content.decode()
    assert "Ask it again" in page
    desk.post(page_of(quiz.lesson, f"ask-again/{asked.pk}/"))
    asked.refresh_from_db()
    assert not asked.is_archived
    assert desk.get(page_of(quiz.lesson, f"ask-again/{asked.pk}/")).status_code == 405


def test_learners_are_not_left_without_a_question(desk: Client) -> None:
    quiz = make_quiz()
    question = add_question(quiz)
    row = {"pk": question.pk, "prompt": "?", "answers": "* Yes\nNo", "remove": "on"}
    quiz.refresh_from_db()
    response = desk.post(page_of(quiz.lesson), typed(row, version=quiz.version))
    assert response.status_code == 422
    assert "leave it at least one question" in response.content.decode()
    assert Question.objects.filter(is_archived=False).count() == 1


@pytest.mark.parametrize(("questions", "more"), [(1, 12)])
def test_the_page_of_a_long_quiz_takes_no_more_queries(
    desk: Client, questions: int, more: int
) -> None:
    def count(number: int) -> tuple[int, int]:
        quiz = make_quiz()
        for _question in range(number):
            add_question(quiz)
        attempt = start_attempt(user=UserFactory(), lesson=quiz.lesson)
        hand_in_attempt(
            user=attempt.enrolment.user, lesson=quiz.lesson, attempt_id=attempt.pk, given={}
        )
        counts = []
        for address in (page_of(quiz.lesson), page_of(quiz.lesson, "figures/")):
            with CaptureQueriesContext(connection) as asked:
                assert desk.get(address).status_code == 200
            counts.append(len(asked))
        return counts[0], counts[1]

    count(questions)
    assert count(questions) == count(more)


# ── What waits for an answer ──────────────────────────────────────────────────────────────────


def test_what_waits_is_answered_and_told(desk: Client) -> None:
    lesson = make_assignment(completed_by="approval").lesson
    first = hand_in(user=UserFactory(name="Ann First"), lesson=lesson, text="One")
    second = hand_in(user=UserFactory(name="Ben Second"), lesson=lesson, text="Two")
    queue = "/admin/courses/assignmentsubmission/"
    page = desk.get(queue).content.decode()
    assert page.index("Ann First") < page.index("Ben Second")
    address = f"{queue}{first.pk}/change/"
    data = {"act": "return", "read_at": first.submitted_at.isoformat(), "feedback": ""}
    assert desk.post(address, data).status_code == 422
    assert desk.post(address, data | {"feedback": "Say why."}).status_code == 302
    assert OutgoingEmail.objects.get().to == first.enrolment.user.email
    page = desk.get(queue).content.decode()
    assert "Ann First" not in page
    assert "Ann First" in desk.get(f"{queue}?state=returned").content.decode()
    # Changed since it was read: not approved unread.
    data = {"act": "approve", "read_at": second.submitted_at.isoformat(), "feedback": ""}
    hand_in(user=second.enrolment.user, lesson=lesson, text="Two, changed")
    response = desk.post(f"{queue}{second.pk}/change/", data)
    assert response.status_code == 422
    assert "Two, changed" in response.content.decode()
    assert AssignmentSubmission.objects.get(pk=second.pk).state == "submitted"


def test_the_queue_takes_no_more_queries_for_more(desk: Client) -> None:
    lesson = make_assignment().lesson

    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert desk.get("/admin/courses/assignmentsubmission/").status_code == 200
        return len(asked)

    hand_in(user=UserFactory(), lesson=lesson, text="One")
    count()
    one = count()
    for _learner in range(8):
        hand_in(user=UserFactory(), lesson=lesson, text="More")
    assert count() == one


def test_what_is_wanted_is_said_on_a_page(desk: Client) -> None:
    lesson = lessons_of(make_course())[0]
    address = f"/admin/courses/assignment/of/{lesson.pk}/"
    data = {"accepts": "file", "completed_by": "approval", "max_megabytes": 5}
    assert desk.post(address, data).status_code == 302
    assert desk.post(address, data | {"max_megabytes": 6}).status_code == 302
    assignment = Assignment.objects.get(lesson=lesson)
    assert (assignment.accepts, assignment.max_megabytes) == ("file", 6)
    assert desk.post(address, data | {"accepts": "nothing"}).status_code == 422


# ── Certificates ──────────────────────────────────────────────────────────────────────────────


def test_a_certificate_is_revoked_and_issued_anew_at_the_desk(desk: Client) -> None:
    certificate = certified(UserFactory(name="Ann Example"))
    address = f"/admin/courses/certificate/{certificate.pk}/change/"
    assert certificate.serial in desk.get("/admin/courses/certificate/").content.decode()
    assert desk.get(address).status_code == 200
    assert desk.post(address, {"act": "revoke", "reason": ""}).status_code == 422
    assert desk.post(address, {"act": "delete"}).status_code == 404
    assert desk.post(address, {"act": "revoke", "reason": "By mistake."}).status_code == 302
    certificate.refresh_from_db()
    assert certificate.revoked_reason == "By mistake."
    response = desk.post(address, {"act": "reissue", "name": "Ann Other"})
    anew = Certificate.objects.get(revoked_at__isnull=True)
    assert response["Location"] == f"/admin/courses/certificate/{anew.pk}/change/"
    assert anew.name == "Ann Other"


# ── Who may ───────────────────────────────────────────────────────────────────────────────────


def test_readers_and_staff_without_the_right_see_nothing(settings: Any, client: Client) -> None:
    settings.STAFF_SECOND_FACTOR = False
    quiz = make_quiz()
    question = add_question(quiz)
    submission = hand_in(user=UserFactory(), lesson=make_assignment().lesson, text="Mine")
    certificate = certified(UserFactory())
    addresses = [
        page_of(quiz.lesson),
        page_of(quiz.lesson, "figures/"),
        f"/admin/courses/assignment/of/{submission.assignment.lesson_id}/",
        "/admin/courses/assignmentsubmission/",
        f"/admin/courses/assignmentsubmission/{submission.pk}/change/",
        "/admin/courses/certificate/",
        f"/admin/courses/certificate/{certificate.pk}/change/",
    ]
    client.force_login(UserFactory())
    for address in addresses:
        assert client.get(address).status_code in {302, 403}, address
    helper = StaffFactory(is_superuser=False)
    client.force_login(helper)
    for address in addresses:
        assert client.get(address).status_code == 403, address
    # Whoever may look may not write.
    seeing = Permission.objects.filter(codename__in=["view_course", "view_enrolment"])
    helper.user_permissions.set(seeing)
    for address in addresses:
        assert client.get(address).status_code == 200, address
    row = {"pk": question.pk, "prompt": "Changed?", "answers": "* Yes\nNo"}
    writes = [
        (addresses[0], typed(row)),
        (addresses[2], {"accepts": "text", "completed_by": "approval", "max_megabytes": 1}),
        (addresses[4], {"act": "approve", "read_at": submission.submitted_at.isoformat()}),
        (addresses[6], {"act": "revoke", "reason": "No"}),
    ]
    for address, data in writes:
        assert client.post(address, data).status_code == 403, address


# ── Seen through other eyes ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("persona", ["visitor", "reader", "learner"])
def test_previews_show_quiz_files_and_certificate_and_write_nothing(
    desk: Client, persona: str
) -> None:
    course = make_course(has_certificate=True)
    lesson, other = lessons_of(course)
    add_question(make_quiz(lesson))
    attach(lesson, "plan.pdf", FileRole.DOWNLOAD)
    attach(lesson, "talk.mp4", FileRole.MEDIA)
    make_assignment(other)
    address = f"/admin/courses/course/{course.pk}/preview/?as={persona}&finished=1"
    assert desk.get(address).status_code == 200
    assert "Assignment" in desk.get(f"{address}&lesson={other.pk}").content.decode()
    page = desk.get(f"{address}&lesson={lesson.pk}").content.decode()
    assert "Quiz" in page
    assert "<video" in page
    # The link is the author's own, whoever's eyes these are.
    link = re.search(r'href="(/courses/-/files/[^"]+/plan.pdf)"', page)
    assert link
    assert Client().get(link[1]).status_code == 200
    assert not QuizAttempt.objects.exists()
