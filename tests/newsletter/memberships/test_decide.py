"""The one decision about who may read what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import given
from hypothesis import strategies as st

from newsletter.memberships.access import (
    VISITOR,
    Reader,
    Requirement,
    decide,
    get_reader,
    get_readers,
)
from newsletter.memberships.enums import Access, Offer, Reason
from tests.factories.accounts import UserFactory
from tests.factories.memberships import GrantFactory, TierFactory

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)

tiers = st.frozensets(st.integers(1, 4), max_size=4)
readers = st.one_of(
    st.just(VISITOR), st.builds(Reader, st.integers(1, 9), tiers, is_staff=st.booleans())
)
requirements = st.builds(
    Requirement,
    access=st.sampled_from([*Access.values, "unheard-of", ""]),
    tier_ids=tiers,
    opens_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    closes_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    is_blocked=st.booleans(),
)


def may_read(reader: Reader, requirement: Requirement, now: datetime) -> bool:
    """The plain model: the rules as one would say them to an author."""
    if reader.is_staff:
        return True
    if requirement.opens_at and requirement.opens_at > now:
        return False
    if requirement.closes_at and requirement.closes_at <= now:
        return False
    if requirement.is_blocked:
        return False
    if requirement.access == "public":
        return True
    if reader.user_id is None:
        return False
    if requirement.access == "members":
        return True
    if requirement.access == "paid":
        return len(reader.tier_ids) > 0
    if requirement.access == "tiers":
        return any(tier in requirement.tier_ids for tier in reader.tier_ids)
    return False


@given(readers, requirements, st.datetimes(timezones=st.just(UTC)))
def test_the_decision_is_the_plain_models(
    reader: Reader, requirement: Requirement, now: datetime
) -> None:
    decision = decide(reader, requirement, now)
    assert decision.allowed == may_read(reader, requirement, now)
    assert decision.is_known == (reader.user_id is not None)
    allowed_for = {Reason.OPEN, Reason.SIGNED_IN, Reason.GRANTED, Reason.STAFF}
    assert decision.allowed == (decision.reason in allowed_for)
    # Whoever is refused is told what would open it, a time or something to do; or that its time
    # is over, or that something comes first, which only whoever asked can say more about.
    if decision.reason not in {Reason.ENDED, Reason.BLOCKED}:
        assert decision.allowed == (decision.unlocks_at is None and decision.offer is None)


@given(readers, requirements, tiers)
def test_one_more_tier_never_closes_anything(
    reader: Reader, requirement: Requirement, more: frozenset[int]
) -> None:
    if reader.user_id is None:
        return
    richer = Reader(reader.user_id, reader.tier_ids | more, reader.is_staff)
    assert decide(richer, requirement, NOW).allowed >= decide(reader, requirement, NOW).allowed


def test_a_tier_named_for_a_visitor_opens_nothing() -> None:
    """Tiers without a person can only be a mistake."""
    assert not decide(Reader(None, frozenset({1})), Requirement(Access.PAID), NOW).allowed


@pytest.mark.parametrize(
    ("reader", "requirement", "reason", "offer"),
    [
        (VISITOR, Requirement(Access.MEMBERS), Reason.SIGN_IN_NEEDED, Offer.SIGN_IN),
        (VISITOR, Requirement(Access.PAID), Reason.PAYMENT_NEEDED, Offer.PAY),
        (Reader(1), Requirement(Access.PAID), Reason.PAYMENT_NEEDED, Offer.PAY),
        (
            Reader(1, frozenset({2})),
            Requirement(Access.TIERS, frozenset({3})),
            Reason.OTHER_TIER_NEEDED,
            Offer.CHANGE_TIER,
        ),
        (VISITOR, Requirement(opens_at=NOW + DAY), Reason.NOT_YET, None),
    ],
)
def test_a_refusal_says_why_and_what_to_do(
    reader: Reader, requirement: Requirement, reason: Reason, offer: Offer | None
) -> None:
    decision = decide(reader, requirement, NOW)
    assert (decision.reason, decision.offer) == (reason, offer)
    assert decision.offer_tier_ids == requirement.tier_ids
    assert decision.unlocks_at == requirement.opens_at


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        (Requirement(Access.PAID, closes_at=NOW, opens_at=NOW + DAY), Reason.PAYMENT_NEEDED),
        (Requirement(closes_at=NOW, opens_at=NOW + DAY, is_blocked=True), Reason.ENDED),
        (Requirement(opens_at=NOW + DAY, is_blocked=True), Reason.NOT_YET),
        (Requirement(closes_at=NOW + DAY, is_blocked=True), Reason.BLOCKED),
    ],
)
def test_the_widest_reason_comes_first(requirement: Requirement, reason: Reason) -> None:
    """Who may not read it at all hears of that, and of no date that is not theirs."""
    assert decide(VISITOR, requirement, NOW).reason == reason


def test_what_is_over_can_be_bought_again() -> None:
    over = Requirement(Access.TIERS, product_ids=frozenset({7}), closes_at=NOW)
    decision = decide(Reader(1, product_ids=frozenset({7})), over, NOW)
    assert (decision.reason, decision.offer) == (Reason.ENDED, Offer.BUY)
    assert decision.offer_product_ids == {7}


def test_it_closes_at_the_very_moment() -> None:
    requirement = Requirement(closes_at=NOW)
    assert decide(VISITOR, requirement, NOW - timedelta(microseconds=1)).allowed
    assert not decide(VISITOR, requirement, NOW).allowed


@pytest.mark.django_db
def test_many_readers_are_what_each_is_alone(django_assert_num_queries) -> None:
    people = [UserFactory(), UserFactory(), UserFactory(is_staff=True)]
    for _number in range(2):
        GrantFactory(user=people[0], starts_at=NOW - DAY)
    GrantFactory(user=people[1], starts_at=NOW - DAY, ends_at=NOW)
    GrantFactory(user=people[2], starts_at=NOW - DAY)
    gone = UserFactory(is_active=False)
    with django_assert_num_queries(1):
        readers = get_readers([*people, gone], NOW)
    assert readers == {person.pk: get_reader(person, NOW) for person in people}
    with django_assert_num_queries(0):
        assert get_readers([], NOW) == {}


def test_it_opens_at_the_very_moment() -> None:
    requirement = Requirement(opens_at=NOW)
    assert not decide(VISITOR, requirement, NOW - timedelta(microseconds=1)).allowed
    assert decide(VISITOR, requirement, NOW).allowed


@pytest.mark.django_db
def test_a_reader_has_the_tiers_of_the_grants_in_force(django_assert_num_queries) -> None:
    user = UserFactory()
    in_force = [
        GrantFactory(user=user, starts_at=NOW - DAY),
        GrantFactory(user=user, starts_at=NOW, ends_at=NOW + DAY),
    ]
    GrantFactory(user=user, starts_at=NOW + timedelta(seconds=1))
    GrantFactory(user=user, starts_at=NOW - DAY, ends_at=NOW)
    GrantFactory(user=user, starts_at=NOW - DAY, revoked_at=NOW)
    GrantFactory(starts_at=NOW - DAY)
    with django_assert_num_queries(1):
        reader = get_reader(user, NOW)
    assert reader == Reader(user.pk, frozenset(grant.tier_id for grant in in_force))


@pytest.mark.django_db
def test_visitors_staff_and_closed_accounts_cost_no_query(django_assert_num_queries) -> None:
    staff, closed = UserFactory(is_staff=True), UserFactory(is_active=False, is_staff=True)
    with django_assert_num_queries(0):
        assert get_reader(None) == VISITOR
        assert get_reader(AnonymousUser()) == VISITOR  # type: ignore[arg-type]
        assert get_reader(staff) == Reader(staff.pk, is_staff=True)
        assert get_reader(closed) == VISITOR


@pytest.mark.django_db
def test_s12_each_grant_ends_by_itself() -> None:
    user, tier = UserFactory(), TierFactory()
    bought = GrantFactory(
        user=user, tier=tier, source="subscription", source_id="sub_1", starts_at=NOW - DAY
    )
    GrantFactory(user=user, tier=tier, starts_at=NOW - DAY)
    bought.revoked_at = NOW
    bought.save()
    assert get_reader(user, NOW).tier_ids == {tier.pk}
