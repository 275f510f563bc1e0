"""Who gets into a course, by what, for how long; and K3 and K6."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from courses.access import decide_lessons, get_classroom, get_classrooms_of
from courses.actions import (
    NotOpenError,
    enrol,
    enrol_learner,
    publish_course,
    revoke_enrolment,
    unpublish_course,
    unpublish_lesson,
)
from courses.enums import AccessLength, CourseAccess, CourseState, Drip
from courses.models import Course, Enrolment
from newsletter.accounts.models import User
from newsletter.memberships.actions import redeem_unlock_code, save_code
from newsletter.memberships.enums import GrantSource, Offer, Reason
from newsletter.memberships.models import Grant, UnlockCode
from tests.courses.asking import DAY, NOW, entry, may_enter, may_open, sold
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import LessonFactory, ProductFactory, author, lessons_of, make_course
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db

# ── By what ───────────────────────────────────────────────────────────────────────────────────


def test_a_free_course_is_everyones() -> None:
    course = make_course(2)
    decision = entry(course, None)
    assert decision is not None
    assert decision.reason == Reason.OPEN
    assert all(may_open(lesson.pk, None) for lesson in lessons_of(course))
    with pytest.raises(NotOpenError):
        enrol(user=UserFactory(is_active=False), course=course, now=NOW)


def test_a_visitor_has_no_schedule_of_their_own() -> None:
    """Nobody counts a visitor's days: a lesson that opens later takes an account."""
    course = make_course(1)
    later = LessonFactory(module=course.modules.get(), drip=Drip.DAYS, drip_days=2)
    decision = decide_lessons([later.pk], None, NOW)[later.pk]
    assert (decision.allowed, decision.reason) == (False, Reason.SIGN_IN_NEEDED)
    decision = decide_lessons([later.pk], UserFactory(), NOW)[later.pk]
    assert (decision.reason, decision.unlocks_at) == (
        Reason.NOT_YET,
        datetime(2026, 11, 14, 8, tzinfo=UTC),
    )


def test_a_course_for_an_address_opens_to_whoever_confirmed_one() -> None:
    course = make_course(1, access=CourseAccess.ADDRESS)
    decision = entry(course, None)
    assert decision is not None
    assert (decision.reason, decision.offer) == (Reason.SIGN_IN_NEEDED, Offer.SIGN_IN)
    assert may_enter(course, UserFactory())


@pytest.mark.parametrize("source", [*GrantSource])
def test_a_grant_of_the_product_opens_it_whatever_it_comes_from(source: GrantSource) -> None:
    product, other = ProductFactory(), ProductFactory()
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[product])
    user = UserFactory()
    decision = entry(course, user)
    assert decision is not None
    assert (decision.offer, decision.offer_product_ids) == (Offer.BUY, {product.pk})
    GrantFactory(user=user, tier=None, product=other, source=source, starts_at=NOW - DAY)
    GrantFactory(user=user, source=source, starts_at=NOW - DAY)
    assert not may_enter(course, user)
    grant = GrantFactory(user=user, tier=None, product=product, source=source, starts_at=NOW - DAY)
    assert may_enter(course, user)
    Grant.objects.filter(pk=grant.pk).update(revoked_at=NOW)
    assert not may_enter(course, user)


@pytest.mark.parametrize("source", [*GrantSource])
def test_a_grant_of_the_tier_opens_it_whatever_it_comes_from(source: GrantSource) -> None:
    tier = TierFactory()
    course = make_course(1, access=CourseAccess.TIERS, tiers=[tier])
    user, other = UserFactory(), UserFactory()
    GrantFactory(user=other, source=source, starts_at=NOW - DAY)
    decision = entry(course, other)
    assert decision is not None
    assert (decision.reason, decision.offer_tier_ids) == (Reason.OTHER_TIER_NEEDED, {tier.pk})
    GrantFactory(
        user=user, tier=tier, source=source, starts_at=NOW - DAY, ends_at=NOW + timedelta(hours=1)
    )
    assert may_enter(course, user)
    assert not may_enter(course, user, NOW + timedelta(hours=1))


def test_any_paying_member_or_a_buyer() -> None:
    product = ProductFactory()
    course = make_course(1, access=CourseAccess.PAID, products=[product])
    member, buyer = UserFactory(), UserFactory()
    GrantFactory(user=member, starts_at=NOW - DAY)
    GrantFactory(user=buyer, tier=None, product=product, starts_at=NOW - DAY)
    assert may_enter(course, member)
    assert may_enter(course, buyer)
    assert not may_enter(course, UserFactory())


def test_a_bundle_opens_each_of_its_courses_and_nothing_else() -> None:
    bundle, single = ProductFactory(), ProductFactory()
    first = make_course(1, access=CourseAccess.PRODUCTS, products=[single, bundle])
    second = make_course(1, access=CourseAccess.PRODUCTS, products=[bundle])
    third = make_course(1, access=CourseAccess.PRODUCTS, products=[ProductFactory()])
    user, other = UserFactory(), UserFactory()
    GrantFactory(user=user, tier=None, product=bundle, starts_at=NOW - DAY)
    GrantFactory(user=other, tier=None, product=single, starts_at=NOW - DAY)
    assert [may_enter(each, user) for each in (first, second, third)] == [True, True, False]
    assert [may_enter(each, other) for each in (first, second, third)] == [True, False, False]


def test_a_code_opens_it_through_its_own_action() -> None:
    product = ProductFactory()
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[product])
    code = save_code(actor=author(), code=UnlockCode(code="LISTEN", product=product))
    user = UserFactory()
    redeem_unlock_code(user=user, code=code.code, now=NOW)
    assert may_enter(course, user)


def test_the_author_brings_somebody_into_this_course_and_no_other() -> None:
    tier = TierFactory()
    course = make_course(1, access=CourseAccess.TIERS, tiers=[tier])
    other = make_course(1, access=CourseAccess.TIERS, tiers=[tier])
    user = UserFactory()
    ends_at = NOW + 30 * DAY
    enrolment = enrol_learner(
        actor=author(), user=user, course=course, reason="Prize", ends_at=ends_at, now=NOW
    )
    grant = Grant.objects.get(user=user)
    assert (enrolment.source, grant.source, grant.ends_at) == ("author", "comp", ends_at)
    assert grant.product is not None
    assert not grant.product.is_listed
    assert may_enter(course, user)
    assert not may_enter(course, user, ends_at)
    assert not may_enter(other, user)
    # Again changes nothing, and a second learner gets the same product.
    enrol_learner(actor=author(), user=user, course=course, now=NOW)
    enrol_learner(actor=author(), user=UserFactory(), course=course, now=NOW)
    assert Grant.objects.filter(user=user).count() == 1
    assert course.products.count() == 1


def test_who_has_access_is_brought_in_without_a_gift() -> None:
    course = make_course(1)
    user = UserFactory()
    enrol_learner(actor=author(), user=user, course=course, now=NOW)
    assert Enrolment.objects.filter(user=user).count() == 1
    assert not Grant.objects.exists()


def test_staff_open_everything_drafts_too() -> None:
    course = make_course(1, state=CourseState.DRAFT, access=CourseAccess.PRODUCTS)
    lesson = unpublish_lesson(actor=author(), lesson=lessons_of(course)[0])
    assert may_open(lesson.pk, StaffFactory())
    assert not may_open(lesson.pk, UserFactory())


# ── K6: previews, drafts, archives, locks ─────────────────────────────────────────────────────


def test_a_free_preview_is_open_to_everyone_whatever_its_schedule() -> None:
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[ProductFactory()])
    module = course.modules.get()
    preview = LessonFactory(module=module, is_preview=True, drip=Drip.DAYS, drip_days=9)
    assert may_open(preview.pk, None)
    assert may_open(preview.pk, UserFactory())
    assert not may_open(lessons_of(course)[0].pk, None)


def test_k6_the_preview_of_an_unpublished_course_is_not_there() -> None:
    course = make_course(1)
    preview = LessonFactory(module=course.modules.get(), is_preview=True)
    user = UserFactory()
    enrol(user=user, course=course, now=NOW)
    unpublish_course(actor=author(), course=course)
    for person in (None, user):
        assert entry(course, person) is None
        assert not may_open(preview.pk, person)
    publish_course(actor=author(), course=course)
    assert may_open(preview.pk, user)


def test_k6_an_archived_course_is_there_for_those_who_are_in_it_or_bought_it() -> None:
    tier, product = TierFactory(), ProductFactory()
    course = make_course(1, access=CourseAccess.TIERS, tiers=[tier], products=[product])
    preview = LessonFactory(module=course.modules.get(), is_preview=True)
    inside, buyer, member = UserFactory(), UserFactory(), UserFactory()
    for person in (inside, member):
        GrantFactory(user=person, tier=tier, starts_at=NOW - DAY)
    GrantFactory(user=buyer, tier=None, product=product, starts_at=NOW - DAY)
    enrol(user=inside, course=course, now=NOW)
    Course.objects.filter(pk=course.pk).update(state=CourseState.ARCHIVED)
    lesson = lessons_of(course)[0]
    assert may_open(lesson.pk, inside)
    assert may_open(lesson.pk, buyer)
    for stranger in (member, UserFactory(), None):
        assert entry(course, stranger) is None
        assert not may_open(lesson.pk, stranger)
        assert not may_open(preview.pk, stranger)
    course.refresh_from_db()
    with pytest.raises(NotOpenError):
        enrol(user=member, course=course, now=NOW)
    # The author may still bring somebody in.
    enrol_learner(actor=author(), user=member, course=course, now=NOW)
    assert may_open(lesson.pk, member)


def test_k6_a_locked_lesson_says_when_it_opens_and_a_blocked_one_what_it_waits_for() -> None:
    course = make_course(2, is_sequential=True)
    first, second = lessons_of(course)
    later = LessonFactory(module=course.modules.get(), drip=Drip.DAYS, drip_days=2)
    user = UserFactory(time_zone="Asia/Kolkata")
    enrol(user=user, course=course, now=NOW)
    decisions = decide_lessons([first.pk, second.pk, later.pk], user, NOW)
    assert decisions[first.pk].allowed
    assert decisions[second.pk].reason == Reason.BLOCKED
    assert decisions[later.pk].reason == Reason.NOT_YET
    assert decisions[later.pk].unlocks_at == datetime(2026, 11, 14, 2, 30, tzinfo=UTC)
    room = get_classroom(course, user, NOW)
    assert room is not None
    assert room.standings[second.pk].waits_for == {first.pk}


def test_who_may_not_read_it_hears_of_the_price_not_of_the_date() -> None:
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[ProductFactory()])
    later = LessonFactory(module=course.modules.get(), drip=Drip.DAYS, drip_days=2)
    assert decide_lessons([later.pk], UserFactory(), NOW)[later.pk].offer == Offer.BUY


# ── Many at once ──────────────────────────────────────────────────────────────────────────────


def test_learners_of_a_course_are_decided_together_as_each_alone(
    django_assert_max_num_queries,
) -> None:
    course, user, grant = sold(access_length=AccessLength.MONTHS, access_months=1)
    people = [user, *UserFactory.create_batch(3)]
    for person in people[1:]:
        GrantFactory(user=person, tier=None, product=grant.product, starts_at=NOW)
    for person in people:
        enrol(user=person, course=course, now=NOW)
    Grant.objects.filter(user=people[1]).update(revoked_at=NOW)
    revoke_enrolment(
        actor=author(),
        enrolment=Enrolment.objects.get(user=people[2]),
        reason="Left",
        now=NOW,
    )
    GrantFactory(user=people[3], tier=None, product=grant.product, starts_at=NOW + 31 * DAY)
    for moment in (NOW, NOW + 40 * DAY):
        enrolments = list(Enrolment.objects.filter(course=course).select_related("user"))
        with django_assert_max_num_queries(9):
            rooms = get_classrooms_of(Course.objects.get(pk=course.pk), enrolments, moment)
        for enrolment in enrolments:
            assert rooms[enrolment.pk].entry == entry(course, enrolment.user, moment)
    User.objects.filter(pk=user.pk).update(is_active=False)
    enrolments = list(Enrolment.objects.filter(course=course).select_related("user"))
    rooms = get_classrooms_of(course, enrolments, NOW)
    assert len(rooms) == len(enrolments) - 1
