"""Coming in and getting on: enrolment, progress, completion (K4), and nobody else's (K5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from courses.access import get_classroom
from courses.actions import (
    IllegalMoveError,
    NotDoneError,
    NotOpenError,
    complete_lesson,
    delete_lesson,
    enrol,
    enrol_learner,
    extend_access,
    move_lesson,
    open_lesson,
    publish_lesson,
    record_position,
    restore_enrolment,
    revoke_enrolment,
    save_lesson,
    save_notes,
    set_mail_choice,
    settle_completion,
    uncomplete_lesson,
    unpublish_lesson,
)
from courses.curriculum import percent_done
from courses.enums import CourseAccess, Drip, LessonKind, LessonState, MailChoice
from courses.models import Course, CourseEvent, Enrolment, Lesson, LessonProgress, Quiz
from newsletter.accounts.models import User
from newsletter.memberships.models import Grant
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import LessonFactory, ProductFactory, author, lessons_of, make_course
from tests.factories.memberships import GrantFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def events(course: Course) -> list[str]:
    """What the record says of learners, oldest first."""
    return list(
        CourseEvent.objects.filter(course=course, user__isnull=False)
        .order_by("pk")
        .values_list("what", flat=True)
    )


def percent(course: Course, user: User, now: datetime = NOW) -> int:
    room = get_classroom(Course.objects.get(pk=course.pk), user, now)
    assert room is not None
    return room.percent


def look(user: User, lesson: Lesson, now: datetime = NOW) -> Enrolment | None:
    """What the lesson's page does."""
    room = get_classroom(Course.objects.get(pk=lesson.course_id), user, now)
    assert room is not None
    return open_lesson(user=user, room=room, lesson=lesson)


# ── Coming in ─────────────────────────────────────────────────────────────────────────────────


def test_enrolling_twice_is_enrolling_once() -> None:
    course, user = make_course(1), UserFactory()
    first = enrol(user=user, course=course, time_zone="Asia/Kolkata", now=NOW)
    second = enrol(user=user, course=course, time_zone="UTC", now=NOW + DAY)
    assert first.pk == second.pk
    assert second.time_zone == "Asia/Kolkata"
    assert events(course) == ["enrolled"]


@pytest.mark.parametrize(
    ("own", "given_zone", "expected", "day"),
    [
        ("Pacific/Kiritimati", "UTC", "Pacific/Kiritimati", date(2026, 11, 13)),
        ("", "America/Los_Angeles", "America/Los_Angeles", date(2026, 11, 12)),
        ("", "Atlantis/Capital", "Europe/Vienna", date(2026, 11, 13)),
        ("", "", "Europe/Vienna", date(2026, 11, 13)),
    ],
)
def test_days_are_counted_in_a_zone_that_is_kept(
    own: str, given_zone: str, expected: str, day: date
) -> None:
    course = make_course(1, time_zone="Europe/Vienna")
    user = UserFactory(time_zone=own)
    at = datetime(2026, 11, 12, 23, 30, tzinfo=UTC)
    enrolment = enrol(user=user, course=course, time_zone=given_zone, now=at)
    assert (enrolment.time_zone, enrolment.anchor_date) == (expected, day)


def test_looking_at_a_lesson_brings_somebody_in() -> None:
    course, user = make_course(2), UserFactory()
    first, second = lessons_of(course)
    enrolment = look(user, first)
    assert enrolment is not None
    look(user, second, NOW + DAY)
    look(user, first, NOW + 2 * DAY)
    enrolment.refresh_from_db()
    assert enrolment.started_at == NOW
    assert enrolment.last_activity_at == NOW + 2 * DAY
    assert enrolment.last_lesson == first
    progress = LessonProgress.objects.get(enrolment=enrolment, lesson=first)
    assert (progress.opened_at, progress.last_opened_at) == (NOW, NOW + 2 * DAY)


def test_looking_leaves_no_trace_of_staff_nor_of_a_preview_that_is_all_one_has() -> None:
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[ProductFactory()])
    preview = LessonFactory(module=course.modules.get(), is_preview=True)
    assert look(StaffFactory(), preview) is None
    assert look(UserFactory(), preview) is None
    assert not Enrolment.objects.exists()


def test_a_preview_that_is_read_after_access_ended_is_no_progress() -> None:
    product = ProductFactory()
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[product])
    preview = LessonFactory(module=course.modules.get(), is_preview=True)
    user = UserFactory()
    GrantFactory(user=user, tier=None, product=product, starts_at=NOW)
    first = lessons_of(course)[0]
    look(user, first)
    Grant.objects.update(revoked_at=NOW)
    look(user, preview, NOW + DAY)
    enrolment = Enrolment.objects.get()
    assert enrolment.last_lesson == first
    assert not LessonProgress.objects.filter(lesson=preview).exists()
    with pytest.raises(NotOpenError):
        complete_lesson(user=user, lesson=preview, now=NOW + DAY)


# ── Getting on ────────────────────────────────────────────────────────────────────────────────


def test_completing_every_required_lesson_completes_the_course_once() -> None:
    course = make_course(2)
    extra = LessonFactory(module=course.modules.get(), is_required=False)
    user = UserFactory()
    first, second, _extra = lessons_of(course)
    assert complete_lesson(user=user, lesson=first, now=NOW).is_new
    assert percent(course, user) == 50
    assert not complete_lesson(user=user, lesson=first, now=NOW + DAY).is_new
    complete_lesson(user=user, lesson=extra, now=NOW)
    assert percent(course, user) == 50
    done = complete_lesson(user=user, lesson=second, now=NOW + DAY)
    assert (done.is_new, done.is_course) == (True, True)
    enrolment = Enrolment.objects.get(user=user)
    assert enrolment.completed_at == NOW + DAY
    assert percent(course, user) == 100
    assert LessonProgress.objects.get(lesson=first).completed_at == NOW
    assert events(course) == ["enrolled", "completed"]


def test_a_course_with_nothing_required_is_never_completed() -> None:
    course = make_course(1)
    lesson = lessons_of(course)[0]
    lesson.is_required = False
    save_lesson(actor=author(), lesson=lesson)
    user = UserFactory()
    assert not complete_lesson(user=user, lesson=lesson, now=NOW).is_course
    assert percent(course, user) == 0


def test_k4_what_happens_to_the_course_afterwards_takes_no_completion_away() -> None:
    course, user = make_course(2), UserFactory()
    first, second = lessons_of(course)
    for lesson in (first, second):
        complete_lesson(user=user, lesson=lesson, now=NOW)
    # Added.
    added = LessonFactory(module=first.module)
    assert Enrolment.objects.get(user=user).completed_at == NOW
    assert percent(course, user) == 66
    # Made optional, moved, taken back, made required again.
    first.refresh_from_db()
    first.is_required = False
    save_lesson(actor=author(), lesson=first)
    assert percent(course, user) == 50
    move_lesson(actor=author(), lesson=second, position=1)
    unpublish_lesson(actor=author(), lesson=added)
    assert percent(course, user) == 100
    first.is_required = True
    save_lesson(actor=author(), lesson=first)
    assert percent(course, user) == 100
    # A learner's second thoughts.
    uncomplete_lesson(user=user, lesson=first, now=NOW + DAY)
    assert percent(course, user) == 50
    complete_lesson(user=user, lesson=first, now=NOW + DAY)
    assert Enrolment.objects.get(user=user).completed_at == NOW
    assert events(course).count("completed") == 1


@pytest.mark.parametrize("change", ["unpublish", "optional", "delete"])
def test_k4_less_to_do_may_be_all_done(change: str) -> None:
    course = make_course(2)
    done, left, idle = UserFactory(), UserFactory(), UserFactory()
    first, second = lessons_of(course)
    complete_lesson(user=done, lesson=first, now=NOW)
    enrol(user=left, course=course, now=NOW)
    enrol(user=idle, course=course, now=NOW)
    if change == "unpublish":
        unpublish_lesson(actor=author(), lesson=second, now=NOW + DAY)
    elif change == "optional":
        second.is_required = False
        save_lesson(actor=author(), lesson=second, now=NOW + DAY)
    else:
        delete_lesson(actor=author(), lesson=second, now=NOW + DAY)
    assert Enrolment.objects.get(user=done).completed_at == NOW + DAY
    assert not Enrolment.objects.filter(user__in=[left, idle], completed_at__isnull=False).exists()
    assert events(course).count("completed") == 1


def test_a_lesson_that_learners_have_begun_is_not_deleted() -> None:
    course, user = make_course(1), UserFactory()
    lesson = lessons_of(course)[0]
    save_notes(user=user, lesson=lesson, text="Mine", now=NOW)
    with pytest.raises(ValidationError):
        delete_lesson(actor=author(), lesson=lesson)
    assert LessonProgress.objects.get().notes == "Mine"


def test_losing_access_keeps_everything_and_regaining_it_resumes() -> None:
    product = ProductFactory()
    course = make_course(3, access=CourseAccess.PRODUCTS, products=[product])
    user = UserFactory()
    grant = GrantFactory(user=user, tier=None, product=product, starts_at=NOW)
    first, second, third = lessons_of(course)
    complete_lesson(user=user, lesson=first, now=NOW)
    look(user, third)
    record_position(user=user, lesson=third, seconds=90, now=NOW)
    save_notes(user=user, lesson=third, text="Remember", now=NOW)
    Grant.objects.filter(pk=grant.pk).update(revoked_at=NOW)
    with pytest.raises(NotOpenError):
        complete_lesson(user=user, lesson=second, now=NOW)
    Grant.objects.filter(pk=grant.pk).update(revoked_at=None)
    room = get_classroom(course, user, NOW + DAY)
    assert room is not None
    assert room.percent == 33
    assert room.lesson_to_continue == third
    progress = LessonProgress.objects.get(lesson=third)
    assert (progress.media_position, progress.notes) == (90, "Remember")


def test_where_to_go_on() -> None:
    course, user = make_course(2, 1), UserFactory()
    first, second, third = lessons_of(course)

    def next_one() -> Lesson | None:
        room = get_classroom(course, user, NOW)
        return room.lesson_to_continue if room else None

    assert next_one() == first
    look(user, second)
    assert next_one() == second
    complete_lesson(user=user, lesson=second, now=NOW)
    assert next_one() == first
    complete_lesson(user=user, lesson=first, now=NOW)
    assert next_one() == third
    complete_lesson(user=user, lesson=third, now=NOW)
    assert next_one() == first


def test_a_quiz_is_passed_and_not_ticked_off() -> None:
    course, user = make_course(1), UserFactory()
    lesson = lessons_of(course)[0]
    Quiz.objects.create(lesson=lesson)
    Lesson.objects.filter(pk=lesson.pk).update(kind=LessonKind.QUIZ)
    lesson.refresh_from_db()
    with pytest.raises(NotDoneError):
        complete_lesson(user=user, lesson=lesson, now=NOW)
    enrolment = enrol(user=user, course=course, now=NOW)
    assert settle_completion(enrolment=enrolment, lesson=lesson, now=NOW).is_course
    with pytest.raises(NotDoneError):
        uncomplete_lesson(user=user, lesson=lesson, now=NOW)


def test_positions_and_notes_are_kept_within_reason() -> None:
    course, user = make_course(1), UserFactory()
    lesson = lessons_of(course)[0]
    lesson.media_seconds = 600
    save_lesson(actor=author(), lesson=lesson)
    for sent, kept in ((-5, 0), (61, 61), (10**9, 600)):
        record_position(user=user, lesson=lesson, seconds=sent, now=NOW)
        assert LessonProgress.objects.get().media_position == kept
    save_notes(user=user, lesson=lesson, text=" a\r\nb\x00 ", now=NOW)
    assert LessonProgress.objects.get().notes == "a\nb"
    with pytest.raises(ValidationError):
        save_notes(user=user, lesson=lesson, text="x" * 20_001, now=NOW)
    assert set_mail_choice(user=user, course=course, choice="none").mail_choice == MailChoice.NONE


# ── K5: nobody else's ─────────────────────────────────────────────────────────────────────────


def test_k5_what_one_does_is_written_to_oneself_alone() -> None:
    course, user, other = make_course(1), UserFactory(), UserFactory()
    lesson = lessons_of(course)[0]
    enrol(user=other, course=course, now=NOW)
    complete_lesson(user=user, lesson=lesson, now=NOW)
    save_notes(user=user, lesson=lesson, text="Mine", now=NOW)
    assert not LessonProgress.objects.filter(enrolment__user=other).exists()


def test_k5_what_is_not_open_is_refused() -> None:
    product = ProductFactory()
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[product])
    closed = lessons_of(course)[0]
    free = make_course(1)
    draft = LessonFactory(module=free.modules.get(), state=LessonState.DRAFT)
    later = LessonFactory(module=free.modules.get(), drip=Drip.DAYS, drip_days=3)
    user = UserFactory()
    for lesson in (closed, draft, later):
        for act, facts in (
            (complete_lesson, {}),
            (uncomplete_lesson, {}),
            (record_position, {"seconds": 3}),
            (save_notes, {"text": "Hello"}),
        ):
            with pytest.raises(NotOpenError):
                act(user=user, lesson=lesson, now=NOW, **facts)
    assert not LessonProgress.objects.exists()
    assert not Enrolment.objects.exists()


def test_readers_do_not_look_after_learners() -> None:
    course, user = make_course(1), UserFactory()
    enrolment = enrol(user=user, course=course, now=NOW)
    for act, facts in (
        (extend_access, {"enrolment": enrolment, "until": None}),
        (revoke_enrolment, {"enrolment": enrolment, "reason": ""}),
        (restore_enrolment, {"enrolment": enrolment}),
        (enrol_learner, {"user": user, "course": course}),
    ):
        with pytest.raises(PermissionDenied):
            act(actor=user, **facts)  # type: ignore[operator]


def test_what_the_author_does_to_a_learner_is_recorded_with_its_author() -> None:
    course, user = make_course(1), UserFactory()
    enrolment = enrol_learner(actor=author(), user=user, course=course, now=NOW)
    revoke_enrolment(actor=author(), enrolment=enrolment, reason="Asked to leave")
    with pytest.raises(IllegalMoveError):
        revoke_enrolment(actor=author(), enrolment=enrolment, reason="Twice")
    restore_enrolment(actor=author(), enrolment=enrolment)
    with pytest.raises(IllegalMoveError):
        restore_enrolment(actor=author(), enrolment=enrolment)
    enrolment.expires_at = NOW + DAY
    enrolment.save()
    extend_access(actor=author(), enrolment=enrolment, until=NOW + 9 * DAY, now=NOW)
    for until in (NOW - DAY, NOW + 2 * DAY):
        with pytest.raises(ValidationError):
            extend_access(actor=author(), enrolment=enrolment, until=until, now=NOW)
    assert events(course) == ["enrolled", "revoked", "restored", "access_extended"]
    assert set(
        CourseEvent.objects.filter(course=course, user=user).values_list("actor", flat=True)
    ) == {author().pk}


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_percent_is_a_share_of_what_is_required(required: set[int], done: set[int]) -> None:
    found = percent_done(required, done)
    assert 0 <= found <= 100
    assert (found == 100) == (bool(required) and required <= done)
    assert found == (len(required & done) * 100 // len(required) if required else 0)


def test_a_lesson_that_is_published_again_keeps_what_learners_did() -> None:
    course, user = make_course(2), UserFactory()
    first = lessons_of(course)[0]
    complete_lesson(user=user, lesson=first, now=NOW)
    unpublish_lesson(actor=author(), lesson=first, now=NOW)
    assert percent(course, user) == 0
    publish_lesson(actor=author(), lesson=first, now=NOW)
    assert percent(course, user) == 50
