"""Export and erasure of what one person learnt: where they are, what they noted and handed in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import transaction

from courses.files import public_name
from courses.models import (
    Answer,
    AssignmentSubmission,
    Certificate,
    Choice,
    CourseEvent,
    CourseLetter,
    Enrolment,
    LessonProgress,
    QuizAttempt,
    ReleasedLesson,
    ReleaseNotice,
)
from newsletter.accounts.models import User
from newsletter.lib.plain_rows import PlainRow, plain_rows
from newsletter.members.personal_data import Attached

# Stands in a letter's filter for words that named somebody: nobody is found by it, whereas an empty
# one would mean everybody.
NOBODY = "…"


@transaction.atomic
def erase_learning_of(*, user: User) -> None:
    """Take a person out of every course, with all that hangs on their being in it.

    Whoever looks up a certificate of theirs then finds none. What was done in a course stays on
    its record, about nobody. The caller (account erasure) has the permission. Safe to repeat.
    """
    own = Enrolment.objects.filter(user=user)
    # Whoever hands something in holds the row, too: no file comes in between the looking and the
    # deleting.
    list(own.select_for_update().order_by("pk").values_list("pk", flat=True))
    # The files before the rows: should it break off in between, the next run knows where they lie.
    for submission in AssignmentSubmission.objects.filter(enrolment__user=user).exclude(file=""):
        submission.file.storage.delete(str(submission.file.name))
    own.delete()
    CourseEvent.objects.filter(user=user).update(user=None, detail="")
    if not user.is_erased:
        _leave_letters(user)


def _leave_letters(user: User) -> None:
    """Forget that learners were looked for by this person's address or name, to write to them."""
    named = []
    for letter in CourseLetter.objects.filter(segment__has_key="q").only("segment"):
        if _names(str(letter.segment["q"]), user):
            letter.segment["q"] = NOBODY
            named.append(letter)
    CourseLetter.objects.bulk_update(named, ["segment"], batch_size=500)


def _names(words: str, user: User) -> bool:
    """Whether a person's address, what stands before its @, or their name is among these words."""
    name = " ".join(user.name.split())
    said = [user.email, user.email.partition("@")[0], *([name] if name else [])]
    # Whole: a part may be of somebody else's.
    return any(f" {each.lower()} " in f" {words.lower()} " for each in said)


def export_learning_of(user: User) -> dict[str, list[PlainRow]]:
    """What courses hold on a person, as plain data. Ten queries.

    Of answers without which were right: a quiz may keep that to itself. Of files where in the copy
    they lie (`submitted_files_of`).
    """
    return {**_export_courses(user), **_export_lessons(user), **_export_work(user)}


def _export_courses(user: User) -> dict[str, list[PlainRow]]:
    return {
        "courses": plain_rows(
            Enrolment.objects.filter(user=user).order_by("pk"),
            course="course__title",
            came="source",
            time_zone="time_zone",
            schedule_begins="anchor_date",
            enrolled_at="enrolled_at",
            started_at="started_at",
            completed_at="completed_at",
            last_active_at="last_activity_at",
            last_lesson="last_lesson__title",
            access_until="expires_at",
            told_of_the_end_at="expiry_told_at",
            revoked_at="revoked_at",
            why_revoked="revoked_reason",
            by_mail="mail_choice",
        ),
        "certificates": plain_rows(
            Certificate.objects.filter(enrolment__user=user).order_by("pk"),
            number="serial",
            name="name",
            course="course_title",
            completed_at="completed_at",
            issued_at="issued_at",
            revoked_at="revoked_at",
            why_revoked="revoked_reason",
        ),
        "course_record": plain_rows(
            CourseEvent.objects.filter(user=user).order_by("pk"),
            at="at",
            course="course__title",
            lesson="lesson__title",
            entry="what",
            detail="detail",
        ),
    }


def _export_lessons(user: User) -> dict[str, list[PlainRow]]:
    of_a_lesson = {"course": "lesson__course__title", "lesson": "lesson__title"}
    return {
        "lessons": plain_rows(
            LessonProgress.objects.filter(enrolment__user=user).order_by("pk"),
            **of_a_lesson,
            first_opened_at="opened_at",
            last_opened_at="last_opened_at",
            completed_at="completed_at",
            recording_left_at_second="media_position",
            notes="notes",
            notes_changed_at="notes_changed_at",
        ),
        "lessons_kept_open": plain_rows(
            ReleasedLesson.objects.filter(enrolment__user=user).order_by("pk"),
            **of_a_lesson,
            opened_at="released_at",
        ),
        "lessons_announced": plain_rows(
            ReleaseNotice.objects.filter(enrolment__user=user).order_by("pk"),
            **of_a_lesson,
            state="state",
            why_not_sent="reason",
            opened_at="released_at",
            at="created_at",
        ),
    }


def _export_work(user: User) -> dict[str, list[PlainRow]]:
    return {
        "quiz_attempts": plain_rows(
            QuizAttempt.objects.filter(enrolment__user=user).order_by("pk"),
            course="quiz__lesson__course__title",
            lesson="quiz__lesson__title",
            attempt="number",
            state="state",
            points="score",
            of="max_score",
            percent="percent",
            passed="passed",
            begun_at="started_at",
            handed_in_at="submitted_at",
        ),
        "quiz_answers": _answers(user),
        "handed_in": _handed_in(user),
    }


def _handed_in(user: User) -> list[PlainRow]:
    rows = plain_rows(
        AssignmentSubmission.objects.filter(enrolment__user=user).order_by("pk"),
        course="assignment__lesson__course__title",
        lesson="assignment__lesson__title",
        attempt="number",
        text="text",
        file="file_name",
        size="file_size",
        file_in_copy="pk",
        state="state",
        handed_in_at="submitted_at",
        feedback="feedback",
        feedback_at="feedback_at",
    )
    for row in rows:
        name = row["file"]
        row["file_in_copy"] = _path_in_copy(row["file_in_copy"], name) if name else ""
    return rows


def _path_in_copy(pk: int, name: str) -> str:
    return f"files/handed_in/{pk}/{public_name(name)}"


def submitted_files_of(user: User) -> Iterator[Attached]:
    """What somebody handed in, for their copy: one after the other, none of them in memory."""
    found = AssignmentSubmission.objects.filter(enrolment__user=user).exclude(file="")
    for row in found.order_by("pk").only("file", "file_name"):
        storage, path = row.file.storage, str(row.file.name)
        yield Attached(_path_in_copy(row.pk, row.file_name), partial(storage.open, path))


def _answers(user: User) -> list[PlainRow]:
    """What was answered, choices by their words."""
    given = Answer.objects.filter(attempt__enrolment__user=user)
    rows = plain_rows(
        given.order_by("pk"),
        course="attempt__quiz__lesson__course__title",
        lesson="attempt__quiz__lesson__title",
        attempt="attempt__number",
        question="question__prompt",
        chosen="chosen",
        text="text",
        answered_at="answered_at",
    )
    asked = Choice.objects.filter(question__in=given.values("question"))
    words = dict(asked.values_list("pk", "text"))
    for row in rows:
        # One that was deleted since has no words any more.
        row["chosen"] = [words.get(pk, "") for pk in row["chosen"]]
    return rows
