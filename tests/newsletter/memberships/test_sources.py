"""Grants that are kept in step with their source; codes, bulk comps and their reminders."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.memberships import tasks
from newsletter.memberships.access import Reader, Requirement, decide, get_reader
from newsletter.memberships.actions import (
    CodeRefused,
    grant_comps,
    redeem_unlock_code,
    remind_of_ending,
    revoke_grant,
    save_code,
    save_product,
    sync_grant,
)
from newsletter.memberships.enums import Access, GrantSource, Offer, Reason
from newsletter.memberships.models import AuditEntry, Grant, Product, UnlockCode
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.memberships import GrantFactory, TierFactory
from tests.factories.payments import ProductFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
DAY = timedelta(days=1)


def keep(user, tier, **fields) -> Grant:
    fields = {"source_id": "sub_1", "starts_at": NOW - DAY, **fields}
    return sync_grant(user=user, tier=tier, source=GrantSource.SUBSCRIPTION, **fields)


def test_the_same_call_twice_changes_and_records_nothing() -> None:
    user, tier = UserFactory(), TierFactory()
    for _time in range(3):
        keep(user, tier, ends_at=NOW + DAY)
    assert Grant.objects.count() == AuditEntry.objects.count() == 1


def test_it_extends_revokes_and_restores_and_each_is_on_record() -> None:
    user, tier = UserFactory(), TierFactory()
    keep(user, tier, ends_at=NOW + DAY)
    keep(user, tier, ends_at=NOW + 30 * DAY)
    keep(user, tier, ends_at=NOW + 30 * DAY, revoked_reason="disputed")
    assert get_reader(user, NOW).tier_ids == frozenset()
    keep(user, tier, ends_at=NOW + 30 * DAY)
    assert get_reader(user, NOW + 29 * DAY).tier_ids == {tier.pk}
    said = list(AuditEntry.objects.order_by("pk").values_list("what", flat=True))
    assert said == ["access_given", "access_changed", "access_revoked", "access_restored"]
    assert "disputed" in AuditEntry.objects.get(what="access_revoked").detail


def test_another_tier_of_the_same_source_takes_the_place_of_the_first() -> None:
    user, basic, patron = UserFactory(), TierFactory(), TierFactory()
    keep(user, basic)
    other = keep(user, basic, source_id="sub_2")
    keep(user, patron)
    assert get_reader(user, NOW).tier_ids == {basic.pk, patron.pk}
    revoke_grant(actor=StaffFactory(), grant=other)
    assert get_reader(user, NOW).tier_ids == {patron.pk}
    keep(user, basic)
    assert get_reader(user, NOW).tier_ids == {basic.pk}
    assert Grant.objects.count() == 3


def test_what_ended_before_it_began_opens_nothing() -> None:
    user, tier = UserFactory(), TierFactory()
    keep(user, tier, starts_at=NOW, ends_at=NOW)
    assert get_reader(user, NOW + DAY).tier_ids == frozenset()


def test_s12_sources_do_not_look_at_each_other() -> None:
    user, tier = UserFactory(), TierFactory()
    comp = GrantFactory(user=user, tier=tier, starts_at=NOW - DAY)
    keep(user, tier)
    keep(user, tier, revoked_reason="refunded")
    assert get_reader(user, NOW).tier_ids == {tier.pk}
    comp.refresh_from_db()
    assert comp.revoked_at is None


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["sub_1", "sub_2"]),
            st.sampled_from([0, 1]),
            st.sampled_from([-1, 5, None]),
            st.sampled_from(["", "refunded"]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_the_last_word_of_each_source_is_what_counts(words) -> None:
    Grant.objects.all().delete()
    user, tiers = UserFactory(), [TierFactory(), TierFactory()]
    last: dict[str, tuple[int, int | None, str]] = {}
    for source_id, tier, days, revoked in words:
        ends_at = None if days is None else NOW + days * DAY
        start = NOW - 3 * DAY
        keep(
            user, tiers[tier], source_id=source_id, starts_at=start, ends_at=ends_at,
            revoked_reason=revoked,
        )  # fmt: skip
        last[source_id] = (tier, days, revoked)
    expected = {
        tiers[tier].pk
        for tier, days, revoked in last.values()
        if not revoked and (days is None or days > 0)
    }
    assert get_reader(user, NOW).tier_ids == expected


# ── The decision ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("count", [1, 3, 60])
def test_a_decision_takes_at_most_two_queries_whatever_the_number_of_grants(
    django_assert_max_num_queries, count: int
) -> None:
    user, product = UserFactory(), ProductFactory()
    tiers = [TierFactory() for _tier in range(min(count, 5))]
    for number in range(count):
        GrantFactory(user=user, tier=tiers[number % len(tiers)], starts_at=NOW - DAY)
    GrantFactory(user=user, tier=None, product=product, starts_at=NOW - DAY)
    with django_assert_max_num_queries(2):
        reader = get_reader(user, NOW)
        assert decide(reader, Requirement(Access.PAID), NOW).allowed
        assert decide(reader, Requirement(Access.TIERS, frozenset({tiers[0].pk})), NOW).allowed
        only = Requirement(Access.TIERS, product_ids=frozenset({product.pk}))
        assert decide(reader, only, NOW).allowed
    assert reader == Reader(
        user.pk, frozenset(tier.pk for tier in tiers), product_ids=frozenset({product.pk})
    )


def test_a_product_opens_what_names_it_and_no_paid_tier() -> None:
    buyer = Reader(1, product_ids=frozenset({7}))
    both = Requirement(Access.TIERS, frozenset({3}), product_ids=frozenset({7}))
    alone = Requirement(Access.TIERS, product_ids=frozenset({8}))
    assert decide(buyer, both, NOW).reason == Reason.GRANTED
    assert not decide(buyer, Requirement(Access.PAID), NOW).allowed
    refused = decide(buyer, alone, NOW)
    assert (refused.offer, refused.offer_product_ids) == (Offer.BUY, frozenset({8}))
    # A product named for a visitor opens nothing.
    assert not decide(Reader(None, product_ids=frozenset({7})), both, NOW).allowed
    # What opens later opens later for buyers too.
    later = Requirement(Access.TIERS, product_ids=frozenset({7}), opens_at=NOW + DAY)
    assert decide(buyer, later, NOW).reason == Reason.NOT_YET


# ── Bulk comps and their reminders ────────────────────────────────────────────────────────────


def test_many_are_given_a_tier_at_once_and_a_list_can_be_pasted_again() -> None:
    author, tier = StaffFactory(), TierFactory()
    lines = ["A@example.com", "a@example.com ", "b@example.com", "not an address", ""]
    done = grant_comps(actor=author, addresses=lines, tier=tier, ends_at=NOW + 90 * DAY)
    assert (len(done.grants), done.bad_addresses) == (2, ["not an address"])
    assert (
        grant_comps(actor=author, addresses=lines, tier=tier, ends_at=NOW + 90 * DAY).grants == []
    )
    assert len(grant_comps(actor=author, addresses=lines, tier=tier).grants) == 2
    with pytest.raises(PermissionDenied):
        grant_comps(actor=UserFactory(), addresses=lines, tier=tier)


def test_people_hear_once_before_a_comp_ends() -> None:
    tier = TierFactory()
    soon = GrantFactory(tier=tier, starts_at=NOW - DAY, ends_at=NOW + 6 * DAY)
    GrantFactory(tier=tier, starts_at=NOW - DAY, ends_at=NOW + 60 * DAY)
    GrantFactory(tier=tier, starts_at=NOW - DAY, ends_at=NOW + 6 * DAY, revoked_at=NOW)
    kept = GrantFactory(tier=tier, starts_at=NOW - DAY, ends_at=NOW + 6 * DAY)
    GrantFactory(user=kept.user, tier=tier, source="subscription", starts_at=NOW - DAY)
    tasks.remind_of_ending()
    assert [mail.to for mail in OutgoingEmail.objects.all()] == [soon.user.email]
    assert remind_of_ending() == []
    assert AuditEntry.objects.filter(user=soon.user, what="ending_announced").count() == 1


# ── Unlock codes ──────────────────────────────────────────────────────────────────────────────


def make_code(**fields) -> UnlockCode:
    if "product" not in fields:
        fields.setdefault("tier", TierFactory())
    code = UnlockCode(**{"code": "spring-2026", "max_uses": 2, **fields})
    return save_code(actor=StaffFactory(), code=code)


def test_a_code_opens_its_tier_once_for_each_person() -> None:
    code, user = make_code(days=30), UserFactory()
    first = redeem_unlock_code(user=user, code=" Spring 2026 ")
    assert redeem_unlock_code(user=user, code="SPRING2026") == first
    code.refresh_from_db()
    assert code.uses == 1
    assert get_reader(user).tier_ids == {code.tier_id}
    assert get_reader(user, first.starts_at + 30 * DAY).tier_ids == frozenset()
    redeem_unlock_code(user=UserFactory(), code="spring2026")
    with pytest.raises(CodeRefused):
        redeem_unlock_code(user=UserFactory(), code="spring2026")


def test_a_code_for_a_product() -> None:
    product, user = ProductFactory(), UserFactory()
    make_code(product=product)
    redeem_unlock_code(user=user, code="spring2026")
    assert get_reader(user).product_ids == {product.pk}


@pytest.mark.parametrize("fields", [{"is_archived": True}, {"expires_at": NOW - DAY}])
def test_a_code_that_is_over_opens_nothing(fields) -> None:
    make_code(**fields)
    with pytest.raises(CodeRefused):
        redeem_unlock_code(user=UserFactory(), code="spring2026")
    assert not Grant.objects.exists()


def test_codes_are_long_enough_unique_and_staffs() -> None:
    make_code()
    for bad in ("abc", "SPRING 2026"):
        with pytest.raises(ValidationError):
            make_code(code=bad)
    with pytest.raises(PermissionDenied):
        save_code(actor=UserFactory(), code=UnlockCode(code="ABCDEFGH", tier=TierFactory()))


def test_two_products_cannot_share_a_short_name() -> None:
    ProductFactory(slug="a-book")
    with pytest.raises(ValidationError):
        save_product(actor=StaffFactory(), product=Product(name="A book"))
