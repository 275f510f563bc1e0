"""Somebody who is in a course and did everything there that leaves a row."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courses.actions import complete_lesson, record, save_notes
from courses.actions.answering import hand_in_attempt, start_attempt
from courses.actions.certifying import claim_certificate
from courses.actions.handing_in import hand_in, return_submission, save_assignment
from courses.enums import LessonKind, QuestionKind
from courses.models import (
    Assignment,
    Course,
    CourseLetter,
    Enrolment,
    Lesson,
    ReleasedLesson,
    ReleaseNotice,
)
from courses.quizzes import Given
from newsletter.accounts.models import User
from tests.factories.courses import enrolled, lessons_of, make_course
from tests.factories.quizzes import add_question, make_quiz


def give_learning(user: User, *, author: User) -> Enrolment:
    """A course of which `user` did each kind of thing once; `author` answers and notes."""
    course = make_course(3, has_certificate=True)
    plain, asking, wanting = lessons_of(course)
    enrolment = enrolled(course, user)
    save_notes(user=user, lesson=plain, text=f"{user.name} says no")
    complete_lesson(user=user, lesson=plain)
    _take_quiz(user, asking)
    _hand_in(user, author, wanting)
    Enrolment.objects.filter(pk=enrolment.pk).update(completed_at=timezone.now(), last_lesson=plain)
    claim_certificate(user=user, course=course, name=user.name)
    _tell(enrolment, plain)
    record(course=course, what="revoked", user=user, actor=author, detail=f"{user.name} shouts")
    _write_to(user, author, course)
    return enrolment


def _take_quiz(user: User, lesson: Lesson) -> None:
    question = add_question(make_quiz(lesson), QuestionKind.TEXT, "No")
    attempt = start_attempt(user=user, lesson=lesson)
    given = {question.pk: Given((), f"I am {user.name}")}
    hand_in_attempt(user=user, lesson=lesson, attempt_id=attempt.pk, given=given)


def _hand_in(user: User, author: User, lesson: Lesson) -> None:
    Lesson.objects.filter(pk=lesson.pk).update(kind=LessonKind.ASSIGNMENT)
    lesson.refresh_from_db()
    save_assignment(actor=author, assignment=Assignment(lesson=lesson))
    file = SimpleUploadedFile(f"{user.name}.pdf", user.email.encode())
    submission = hand_in(user=user, lesson=lesson, text=f"Yours, {user.name}", file=file)
    return_submission(actor=author, submission=submission, words=f"Once more, {user.name}")


def _tell(enrolment: Enrolment, lesson: Lesson) -> None:
    opened = {"enrolment": enrolment, "lesson": lesson, "released_at": enrolment.enrolled_at}
    ReleasedLesson.objects.create(**opened)
    ReleaseNotice.objects.create(**opened, reason=enrolment.user.name)


def _write_to(user: User, author: User, course: Course) -> None:
    for words in (user.email, user.name):
        CourseLetter.objects.create(
            course=course,
            segment={"q": words},
            recipients=1,
            subject="How is it going?",
            body="Write to me.",
            created_by=author,
        )
