"""Two at once, on a real database with real connections: one enrolment, one date, whole places."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from courses.access import get_classroom
from courses.actions import (
    IllegalMoveError,
    attach_file,
    complete_lesson,
    copying,
    detach_file,
    duplicate_course,
    duplicate_lesson,
    enrol,
    enrol_learner,
    files,
    handing_in,
    move_lesson,
    publish_course,
    publish_lesson,
    record_position,
    restore_course,
    revoke_enrolment,
    save_course,
    save_lesson,
    save_notes,
)
from courses.actions.certifying import claim_certificate, issue_missing_certificates
from courses.actions.examining import Written, save_whole_quiz
from courses.actions.handing_in import approve_submission, hand_in, return_submission
from courses.enums import CompletedBy, CourseAccess, Drip
from courses.models import (
    Assignment,
    AssignmentSubmission,
    Certificate,
    Course,
    CourseEvent,
    Enrolment,
    Lesson,
    LessonFile,
    LessonProgress,
    Question,
    Quiz,
)
from newsletter.memberships.models import Grant
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import UserFactory
from tests.factories.courses import LessonFactory, author, lessons_of, make_course
from tests.factories.memberships import TierFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite lets one write at a time by itself"
    ),
]

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Run all of it in threads that start together; returns the answers or what was raised."""
    gate = threading.Barrier(len(work))

    def run(each: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return each()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_many_clicks_bring_somebody_in_once() -> None:
    course, user = make_course(1), UserFactory()
    found = at_once(*[lambda: enrol(user=user, course=course, now=NOW)] * 6)
    assert {each.pk for each in found} == {Enrolment.objects.get().pk}
    assert CourseEvent.objects.filter(what="enrolled").count() == 1


def test_the_author_brings_somebody_in_once_with_one_gift() -> None:
    course = make_course(1, access=CourseAccess.TIERS, tiers=[TierFactory()])
    user, teacher = UserFactory(), author()
    at_once(*[lambda: enrol_learner(actor=teacher, user=user, course=course, now=NOW)] * 4)
    assert Grant.objects.count() == Enrolment.objects.count() == course.products.count() == 1


def test_the_last_two_lessons_at_once_complete_the_course_once() -> None:
    course, user = make_course(4), UserFactory()
    lessons = lessons_of(course)
    enrol(user=user, course=course, now=NOW)
    done = at_once(
        *[
            lambda lesson=lesson: complete_lesson(user=user, lesson=lesson, now=NOW)
            for lesson in lessons
        ],
        *[lambda: complete_lesson(user=user, lesson=lessons[0], now=NOW)] * 2,
    )
    assert not [each for each in done if isinstance(each, Exception)]
    assert sum(each.is_course for each in done) == 1
    assert sum(each.is_new for each in done) == 4
    assert Enrolment.objects.get().completed_at == NOW
    assert CourseEvent.objects.filter(what="completed").count() == 1


def test_a_player_a_pen_and_a_button_write_one_row() -> None:
    course, user = make_course(1), UserFactory()
    (lesson,) = lessons_of(course)
    enrol(user=user, course=course, now=NOW)
    found = at_once(
        lambda: record_position(user=user, lesson=lesson, seconds=5, now=NOW),
        lambda: save_notes(user=user, lesson=lesson, text="Mine", now=NOW),
        lambda: complete_lesson(user=user, lesson=lesson, now=NOW),
    )
    assert not [each for each in found if isinstance(each, Exception)]
    row = LessonProgress.objects.get()
    assert (row.media_position, row.notes, row.completed_at) == (5, "Mine", NOW)


def test_two_authors_who_move_lessons_leave_every_place_held_once() -> None:
    course, teacher = make_course(5), author()
    lessons = lessons_of(course)
    found = at_once(
        *[
            lambda lesson=lesson, to=to: move_lesson(actor=teacher, lesson=lesson, position=to)
            for lesson, to in zip(lessons, (5, 1, 2, 4, 3), strict=True)
        ]
    )
    assert not [each for each in found if isinstance(each, Exception)]
    places = sorted(Lesson.objects.filter(course=course).values_list("position", flat=True))
    assert places == [1, 2, 3, 4, 5]


def test_of_two_authors_who_save_at_once_one_is_told() -> None:
    course, teacher = make_course(1), author()
    copies = [Course.objects.get(pk=course.pk) for _number in range(3)]
    found = at_once(*[lambda each=each: save_course(actor=teacher, course=each) for each in copies])
    assert sorted(type(each).__name__ for each in found) == ["Course", "StaleError", "StaleError"]
    lesson = lessons_of(course)[0]
    texts = [Lesson.objects.get(pk=lesson.pk) for _number in range(3)]
    found = at_once(*[lambda each=each: save_lesson(actor=teacher, lesson=each) for each in texts])
    assert sorted(type(each).__name__ for each in found) == ["Lesson", "StaleError", "StaleError"]


def test_of_those_who_save_and_bring_back_at_once_all_but_one_are_told() -> None:
    course, teacher = make_course(1, promise="At first."), author()
    first = course.history.earliest().history_id
    for promise in ("Then.", "Now."):
        course = Course.objects.get(pk=course.pk)
        course.promise = promise
        save_course(actor=teacher, course=course)
    copies = [Course.objects.get(pk=course.pk) for _number in range(4)]
    before = course.history.count()
    found = at_once(
        *[
            lambda each=each: restore_course(actor=teacher, course=each, revision_id=first)
            for each in copies[:2]
        ],
        *[lambda each=each: save_course(actor=teacher, course=each) for each in copies[2:]],
    )
    assert sorted(type(each).__name__ for each in found) == ["Course", *["StaleError"] * 3]
    assert course.history.count() == before + 1


@pytest.mark.parametrize("number", range(3))
def test_a_claim_and_the_sweep_issue_one_certificate(number: int) -> None:
    """The learner gets it whoever was faster, and is mailed only of what the sweep issued."""
    people = [UserFactory(name=f"Reader {each}") for each in range(3)]
    course = make_course(1)
    for user in people:
        complete_lesson(user=user, lesson=lessons_of(course)[0], now=NOW)
    course.refresh_from_db()
    course.has_certificate = True
    save_course(actor=author(), course=course)
    claims = [
        lambda user=user: claim_certificate(user=user, course=course, name="By myself", now=NOW)
        for user in people
    ]
    *claimed, first, second = at_once(*claims, *[issue_missing_certificates] * 2)
    assert [type(each) for each in claimed] == [Certificate] * 3
    certificates = {each.enrolment.user_id: each for each in Certificate.objects.all()}
    assert len(certificates) == Certificate.objects.count() == 3
    assert [each.pk for each in claimed] == [certificates[user.pk].pk for user in people]
    swept = [user for user in people if certificates[user.pk].name == user.name]
    assert first + second == len(swept)
    told = OutgoingEmail.objects.filter(kind="certificates_issued").values_list("to", flat=True)
    assert sorted(told) == sorted(user.email for user in swept)
    assert CourseEvent.objects.filter(what="certificate_issued").count() == 3


@pytest.mark.parametrize("number", range(3))
def test_of_two_who_save_a_quiz_for_the_first_time_one_is_told(number: int) -> None:
    lesson, teacher = lessons_of(make_course(1))[0], author()

    def save(prompt: str) -> Quiz:
        quiz = Quiz(lesson=Lesson.objects.get(pk=lesson.pk))
        question = Question(quiz=quiz, kind="text", prompt=prompt, accepted=["no"])
        return save_whole_quiz(
            actor=teacher, quiz=quiz, expected_version=0, written=[Written(0, question)]
        )

    found = at_once(*[lambda each=each: save(each) for each in ("One?", "Two?", "Three?")])
    assert sorted(type(each).__name__ for each in found) == ["Quiz", *["StaleQuizError"] * 2]
    assert Question.objects.count() == Quiz.objects.count() == 1


@pytest.mark.parametrize("act", [approve_submission, return_submission])
def test_an_answer_is_not_lost_to_what_is_handed_in_at_that_moment(
    act: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The author is told that it was changed, and the learner is mailed of nothing."""
    lesson, user, teacher = lessons_of(make_course(1))[0], UserFactory(), author()
    Assignment.objects.create(lesson=lesson, completed_by=CompletedBy.APPROVAL)
    read = hand_in(user=user, lesson=lesson, text="As it was read")
    answered: list[Any] = []
    fill = handing_in._fill

    def answer() -> None:
        answered.extend(at_once(lambda: act(actor=teacher, submission=read, words="Well.")))

    def fill_meanwhile(*given: Any) -> None:
        author_at_work.start()
        author_at_work.join(1)
        fill(*given)

    author_at_work = threading.Thread(target=answer)
    monkeypatch.setattr(handing_in, "_fill", fill_meanwhile)
    hand_in(user=user, lesson=lesson, text="Changed")
    author_at_work.join()
    assert [type(each) for each in answered] == [IllegalMoveError]
    assert not OutgoingEmail.objects.filter(kind="assignment_feedback").exists()
    assert AssignmentSubmission.objects.get().text == "Changed"


def test_states_move_once() -> None:
    course, teacher = make_course(1, state="draft"), author()
    copies = [Course.objects.get(pk=course.pk) for _number in range(3)]
    found = at_once(
        *[lambda each=each: publish_course(actor=teacher, course=each) for each in copies]
    )
    assert sum(isinstance(each, Course) for each in found) == 1
    enrolment = enrol(user=UserFactory(), course=copies[0])
    found = at_once(*[lambda: revoke_enrolment(actor=teacher, enrolment=enrolment, reason="x")] * 3)
    assert sum(isinstance(each, Enrolment) for each in found) == 1


@pytest.mark.parametrize("number", range(3))
def test_what_somebody_saw_open_stays_open_though_it_is_put_off_at_that_moment(
    number: int,
) -> None:
    course = make_course(1)
    lesson = LessonFactory(module=course.modules.get(), drip=Drip.DAYS, drip_days=0)
    people, teacher = UserFactory.create_batch(6), author()
    stored = Lesson.objects.get(pk=lesson.pk)
    stored.drip_days = 9

    def sees(user: Any) -> bool:
        room = get_classroom(course, user, NOW)
        assert room is not None
        return room.decide(lesson.pk).allowed

    def come(user: Any) -> bool:
        enrol(user=user, course=course, now=NOW)
        return sees(user)

    _saved, *saw = at_once(
        lambda: save_lesson(actor=teacher, lesson=stored, now=NOW),
        *[lambda user=user: come(user) for user in people],
    )
    assert all(sees(user) for user, seen in zip(people, saw, strict=True) if seen)


@pytest.mark.parametrize("number", range(3))
def test_what_a_completion_opened_stays_open_though_the_order_changes_at_that_moment(
    number: int,
) -> None:
    course = make_course(2, is_sequential=True)
    first, second = lessons_of(course)
    draft = LessonFactory(module=first.module, state="draft")
    move_lesson(actor=author(), lesson=draft, position=2)
    people, teacher = UserFactory.create_batch(6), author()
    for user in people:
        enrol(user=user, course=course, now=NOW)

    def sees(user: Any) -> bool:
        room = get_classroom(course, user, NOW)
        assert room is not None
        return room.decide(second.pk).allowed

    def get_on(user: Any) -> bool:
        complete_lesson(user=user, lesson=first, now=NOW)
        return sees(user)

    _published, *saw = at_once(
        lambda: publish_lesson(actor=teacher, lesson=draft, now=NOW),
        *[lambda user=user: get_on(user) for user in people],
    )
    assert not [each for each in saw if isinstance(each, Exception)]
    assert all(sees(user) for user, seen in zip(people, saw, strict=True) if seen)


def a_recording(name: str = "one.mp3") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"ID3" + name.encode())


@pytest.mark.parametrize("what", ["lesson", "course"])
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_file_that_is_copied_at_the_moment_it_goes_stays_for_the_copy(
    what: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson, teacher = lessons_of(make_course(1))[0], author()
    file = attach_file(actor=teacher, lesson=lesson, file=a_recording(), role="media")
    copy_one = copying._copy

    def take_away() -> None:
        if how == "removed":
            at_once(lambda: detach_file(actor=teacher, file=file))
        else:
            new = a_recording("two.mp3")
            at_once(lambda: attach_file(actor=teacher, lesson=lesson, file=new, role="media"))

    def copy_meanwhile(*given: Any) -> Lesson:
        copy = copy_one(*given)
        other.start()
        other.join(1)
        return copy

    other = threading.Thread(target=take_away)
    monkeypatch.setattr(copying, "_copy", copy_meanwhile)
    if what == "lesson":
        duplicate_lesson(actor=teacher, lesson=lesson)
    else:
        duplicate_course(actor=teacher, course=lesson.course)
    other.join()
    copied = LessonFile.objects.exclude(lesson=lesson).get()
    assert copied.file.storage.exists(str(copied.file.name))
    assert not LessonFile.objects.filter(lesson=lesson, name="one.mp3").exists()


def test_of_recordings_that_come_at_once_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    lesson, teacher = lessons_of(make_course(1))[0], author()
    make_room = files._make_room
    gate = threading.Barrier(2)

    def make_room_together(row: LessonFile) -> None:
        make_room(row)
        with contextlib.suppress(threading.BrokenBarrierError):
            gate.wait(1)

    monkeypatch.setattr(files, "_make_room", make_room_together)
    found = at_once(
        *[
            lambda name=name: attach_file(
                actor=teacher, lesson=lesson, file=a_recording(name), role="media"
            )
            for name in ("one.mp3", "two.mp3")
        ]
    )
    assert not [each for each in found if isinstance(each, Exception)]
    (left,) = LessonFile.objects.all()
    assert left.file.storage.exists(str(left.file.name))
