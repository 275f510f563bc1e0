"""K3, and how long: grants are independent, and a course ends when it was said to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.actions import (
    enrol,
    extend_access,
    restore_enrolment,
    revoke_enrolment,
    save_course,
)
from courses.enums import AccessLength, CourseAccess
from courses.models import Course, Enrolment
from newsletter.accounts.models import User
from newsletter.lib.moments import add_months
from newsletter.memberships.actions import sync_grant
from newsletter.memberships.enums import GrantSource, Offer, Reason
from newsletter.memberships.models import Grant
from tests.courses.asking import DAY, NOW, entry, may_enter, may_open, sold
from tests.factories.accounts import UserFactory
from tests.factories.courses import ProductFactory, author, lessons_of, make_course
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db


# ── K3: grants are independent ────────────────────────────────────────────────────────────────


def bought_and_included() -> tuple[Course, User, Grant, Grant]:
    """A course that is sold and is in a tier, and somebody who has both."""
    tier, product = TierFactory(), ProductFactory()
    course = make_course(2, access=CourseAccess.TIERS, tiers=[tier], products=[product])
    user = UserFactory()
    member = sync_grant(
        user=user,
        tier=tier,
        source=GrantSource.SUBSCRIPTION,
        source_id="sub_1",
        starts_at=NOW - DAY,
        ends_at=NOW + 30 * DAY,
    )
    bought = sync_grant(
        user=user,
        product=product,
        source=GrantSource.ORDER,
        source_id="1",
        starts_at=NOW - DAY,
    )
    return course, user, member, bought


def again(grant: Grant, **changes: object) -> None:
    """Bring a grant in step with what its source says now."""
    facts = {
        "user": grant.user,
        "tier": grant.tier,
        "product": grant.product,
        "source": GrantSource(grant.source),
        "source_id": grant.source_id,
        "starts_at": grant.starts_at,
        "ends_at": grant.ends_at,
    }
    sync_grant(**{**facts, **changes})  # type: ignore[arg-type]


def test_k3_the_tier_is_cancelled_while_the_course_was_bought() -> None:
    course, user, member, bought = bought_and_included()
    enrol(user=user, course=course, now=NOW)
    again(member, ends_at=NOW + DAY)
    assert may_enter(course, user, NOW + 2 * DAY)
    again(bought, revoked_reason="refunded")
    assert not may_enter(course, user, NOW + 2 * DAY)


def test_k3_the_course_is_refunded_while_the_tier_includes_it() -> None:
    course, user, member, bought = bought_and_included()
    enrol(user=user, course=course, now=NOW)
    again(bought, revoked_reason="refunded")
    assert may_enter(course, user, NOW + DAY)
    again(member, revoked_reason="disputed")
    assert not may_enter(course, user, NOW + DAY)
    # The dispute is won.
    again(member)
    assert may_enter(course, user, NOW + DAY)


# ── How long ──────────────────────────────────────────────────────────────────────────────────


def test_for_good() -> None:
    course, user, _grant = sold()
    enrol(user=user, course=course, now=NOW)
    assert may_enter(course, user, NOW + 9_999 * DAY)


def test_for_some_months_on_the_learners_calendar() -> None:
    course, user, _grant = sold(access_length=AccessLength.MONTHS, access_months=3)
    start = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)  # The 30th in Vienna.
    enrolment = enrol(user=user, course=course, now=start)
    assert enrolment.expires_at == datetime(2027, 2, 27, 23, 30, tzinfo=UTC)
    assert may_enter(course, user, enrolment.expires_at - timedelta(seconds=1))
    decision = entry(course, user, enrolment.expires_at)
    assert decision is not None
    assert (decision.reason, decision.offer) == (Reason.ENDED, Offer.BUY)


def test_whoever_buys_it_again_begins_a_new_term() -> None:
    course, user, grant = sold(access_length=AccessLength.MONTHS, access_months=3)
    enrol(user=user, course=course, now=NOW)
    later = NOW + 200 * DAY
    assert not may_enter(course, user, later)
    GrantFactory(user=user, tier=None, product=grant.product, starts_at=later)
    assert may_enter(course, user, later)
    assert may_enter(course, user, later + 80 * DAY)
    assert not may_enter(course, user, later + 100 * DAY)


def test_until_the_end_of_a_day_in_the_courses_zone() -> None:
    course, user, _grant = sold(
        access_length=AccessLength.UNTIL,
        access_until=date(2026, 12, 31),
        time_zone="America/New_York",
    )
    enrol(user=user, course=course, now=NOW)
    end = datetime(2027, 1, 1, 5, tzinfo=UTC)
    newcomer = UserFactory()
    GrantFactory(user=newcomer, tier=None, product=course.products.get(), starts_at=NOW)
    for person in (user, newcomer):
        assert may_enter(course, person, end - timedelta(seconds=1))
        assert not may_enter(course, person, end)


def test_a_course_that_is_made_shorter_takes_nothing_from_those_in_it() -> None:
    course, user, _grant = sold(access_length=AccessLength.MONTHS, access_months=3)
    enrolment = enrol(user=user, course=course, now=NOW)
    promised = enrolment.expires_at
    course.access_months = 1
    save_course(actor=author(), course=course)
    enrolment.refresh_from_db()
    assert enrolment.expires_at == promised
    course.access_length, course.access_until = AccessLength.UNTIL, date(2026, 12, 1)
    save_course(actor=author(), course=course)
    enrolment.refresh_from_db()
    assert enrolment.expires_at == promised
    course.access_until = date(2028, 1, 1)
    save_course(actor=author(), course=course)
    enrolment.refresh_from_db()
    assert enrolment.expires_at == datetime(2028, 1, 2, tzinfo=UTC)
    course.access_length = AccessLength.LIFETIME
    save_course(actor=author(), course=course)
    assert may_enter(course, user, NOW + 9_999 * DAY)


def test_a_course_that_is_open_until_its_day_again_is_so_for_those_in_it() -> None:
    """From a day to months, and back to the same day; then to a zone where that day ends later."""
    day = date(2027, 12, 31)
    course, user, _grant = sold(
        access_length=AccessLength.MONTHS, access_months=3, access_until=day
    )
    enrolment = enrol(user=user, course=course, now=NOW)
    course.access_length = AccessLength.UNTIL
    save_course(actor=author(), course=course)
    enrolment.refresh_from_db()
    assert enrolment.expires_at == datetime(2028, 1, 1, tzinfo=UTC)
    course.time_zone = "America/New_York"
    save_course(actor=author(), course=course)
    enrolment.refresh_from_db()
    assert enrolment.expires_at == datetime(2028, 1, 1, 5, tzinfo=UTC)


def another_in(course: Course) -> Enrolment:
    user = UserFactory()
    GrantFactory(user=user, tier=None, product=course.products.get(), starts_at=NOW)
    return enrol(user=user, course=course, now=NOW)


def test_a_course_that_is_open_for_more_months_is_so_for_those_in_it() -> None:
    course, user, _grant = sold(access_length=AccessLength.MONTHS, access_months=3)
    enrolment = enrol(user=user, course=course, now=NOW)
    given = another_in(course)
    far = NOW + 2_000 * DAY
    Enrolment.objects.filter(pk=given.pk).update(expires_at=far, expiry_told_at=NOW)
    Enrolment.objects.filter(pk=enrolment.pk).update(expiry_told_at=NOW)
    course.access_months = 12
    save_course(actor=author(), course=course)
    enrolment.refresh_from_db()
    given.refresh_from_db()
    assert enrolment.expires_at == add_months(NOW, 12)
    # They are told of the new end when it comes near; who had longer keeps that.
    assert enrolment.expiry_told_at is None
    assert (given.expires_at, given.expiry_told_at) == (far, NOW)
    assert may_enter(course, user, add_months(NOW, 11))


def test_longer_months_take_no_more_statements_for_more_learners() -> None:
    course, user, _grant = sold(access_length=AccessLength.MONTHS, access_months=3)
    enrol(user=user, course=course, now=NOW)

    def statements(months: int) -> int:
        course.access_months = months
        with CaptureQueriesContext(connection) as said:
            save_course(actor=author(), course=course)
        return len(said)

    few = statements(4)
    for _each in range(20):
        another_in(course)
    assert statements(5) == few


def test_the_author_extends_access_but_opens_nothing_by_it() -> None:
    course, user, grant = sold(access_length=AccessLength.MONTHS, access_months=1)
    enrolment = enrol(user=user, course=course, now=NOW)
    later = NOW + 40 * DAY
    extend_access(actor=author(), enrolment=enrolment, until=later + DAY, now=later)
    assert may_enter(course, user, later)
    Grant.objects.filter(pk=grant.pk).update(revoked_at=NOW)
    assert not may_enter(course, user, later)


def test_a_revoked_learner_is_out_whatever_they_hold_and_comes_back_as_they_were() -> None:
    course, user, _grant = sold()
    enrolment = enrol(user=user, course=course, now=NOW)
    revoke_enrolment(actor=author(), enrolment=enrolment, reason="Shared the files", now=NOW + DAY)
    decision = entry(course, user, NOW + DAY)
    assert decision is not None
    assert decision.reason == Reason.ENDED
    assert not may_open(lessons_of(course)[0].pk, user, NOW + DAY)
    restore_enrolment(actor=author(), enrolment=enrolment)
    assert may_open(lessons_of(course)[0].pk, user, NOW + DAY)
