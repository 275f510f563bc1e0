"""Changing, cancelling and resuming: what is said beforehand is what is charged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from newsletter.memberships.models import AuditEntry, Grant
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.actions.changing import moment_of_change
from newsletter.payments.gateway import Gateway, GatewayUnavailable, get_gateway
from newsletter.payments.models import Membership
from tests.factories.accounts import UserFactory
from tests.factories.payments import offer
from tests.newsletter.payments.shop import Shop, soon

pytestmark = pytest.mark.django_db


def change(shop: Shop, price, **choices):
    planned = actions.preview_change(
        actor=shop.reader, membership=shop.membership(), price=price, **choices
    )
    return planned, actions.change_plan(actor=shop.reader, change=planned)


def test_s07_an_upgrade_counts_at_once_and_charges_what_it_said(shop: Shop) -> None:
    membership = shop.join()
    planned, changed = change(shop, shop.goods.patron_month)
    assert (planned.when, changed.when, changed.pay_url) == ("now", "now", "")
    bill = shop.stripe.read(shop.stripe.read(membership.stripe_id)["latest_invoice"])
    assert bill["amount_paid"] == planned.preview.amount_due > 0
    assert shop.has(shop.goods.patron)
    assert not shop.has(shop.goods.basic)
    # One source, one open grant: the tier that was left is closed.
    assert Grant.objects.filter(revoked_at__isnull=True).count() == 1
    shop.hear(order="shuffled")
    assert shop.has(shop.goods.patron)
    assert AuditEntry.objects.filter(what="change_asked_for", actor=shop.reader).count() == 1


def test_s07_an_upgrade_that_the_card_declines_changes_nothing(shop: Shop) -> None:
    shop.join()
    shop.stripe.set_card(shop.reader.customers.get().stripe_id, "declines")
    _planned, changed = change(shop, shop.goods.patron_month)
    assert changed.pay_url
    shop.hear()
    assert shop.has(shop.goods.basic)
    assert not shop.has(shop.goods.patron)


def test_a_cancelled_membership_goes_on_with_the_plan_that_is_paid(shop: Shop) -> None:
    actions.cancel_membership(actor=shop.reader, membership=shop.join())
    change(shop, shop.goods.patron_month)
    shop.hear()
    after = shop.membership()
    assert (after.price, after.cancel_at) == (shop.goods.patron_month, None)


def test_a_cancelled_membership_stays_so_while_its_change_is_not_paid(shop: Shop) -> None:
    actions.cancel_membership(actor=shop.reader, membership=shop.join())
    shop.stripe.set_card(shop.reader.customers.get().stripe_id, "declines")
    _planned, changed = change(shop, shop.goods.patron_month)
    assert changed.pay_url
    shop.hear()
    after = shop.membership()
    assert (after.price, after.cancel_at) == (shop.goods.basic_month, after.current_period_end)


def test_a_cancelled_membership_stays_so_where_its_change_cannot_be_planned(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.cancel_membership(actor=shop.reader, membership=shop.join(shop.goods.patron_month))

    def refused(*_args: object, **_how: object) -> None:
        raise GatewayUnavailable("Away.")

    monkeypatch.setattr(Gateway, "schedule_change", refused)
    with pytest.raises(GatewayUnavailable):
        change(shop, shop.goods.basic_month)
    shop.hear()
    assert shop.membership().cancel_at is not None


def test_s07_a_downgrade_waits_for_the_period_and_strands_no_credit(shop: Shop) -> None:
    membership = shop.join(shop.goods.patron_month)
    planned, changed = change(shop, shop.goods.basic_month)
    assert (planned.when, changed.when) == ("period_end", "period_end")
    assert (planned.preview.amount_due, planned.preview.credit) == (500, 0)
    assert planned.preview.charged_at == membership.current_period_end
    assert shop.has(shop.goods.patron)
    assert shop.membership().next_price == shop.goods.basic_month
    shop.stripe.advance(timedelta(days=32))
    shop.hear(order="reversed")
    after = shop.membership()
    assert (after.price, after.next_price) == (shop.goods.basic_month, None)
    bill = shop.stripe.read(after.latest_invoice_id)
    assert bill["amount_paid"] == planned.preview.amount_due
    assert shop.stripe.read(shop.reader.customers.get().stripe_id)["balance"] == 0
    assert shop.has(shop.goods.basic)
    assert not shop.has(shop.goods.patron)


@pytest.mark.parametrize(
    ("old", "new", "when"),
    [
        ("basic_month", "patron_month", "now"),
        ("basic_month", "patron_year", "now"),
        ("basic_month", "basic_year", "period_end"),
        ("basic_year", "basic_month", "period_end"),
        ("basic_year", "patron_month", "period_end"),
        ("basic_year", "patron_year", "now"),
        ("patron_month", "basic_year", "period_end"),
    ],
)
def test_s07_when_a_change_counts(shop: Shop, old: str, new: str, when: str) -> None:
    membership = shop.join(getattr(shop.goods, old))
    assert moment_of_change(membership, getattr(shop.goods, new), 1) == when


def test_s07_a_planned_change_can_be_dropped(shop: Shop) -> None:
    shop.join(shop.goods.patron_month)
    change(shop, shop.goods.basic_month)
    actions.drop_planned_change(actor=shop.reader, membership=shop.membership())
    assert shop.membership().next_price is None
    shop.stripe.advance(timedelta(days=32))
    shop.hear()
    assert shop.membership().price == shop.goods.patron_month


def test_the_same_plan_another_currency_and_what_is_not_offered_are_refused(shop: Shop) -> None:
    membership = shop.join()
    gone = shop.goods.basic_year
    offer(shop.goods.basic, 6000, "year")
    gone.refresh_from_db()
    for price in (membership.price, offer(shop.goods.patron, 1500, currency="usd"), gone):
        with pytest.raises(actions.ChangeRefused):
            actions.preview_change(actor=shop.reader, membership=membership, price=price)


def test_cancelling_keeps_access_to_the_end_of_the_period(shop: Shop) -> None:
    membership = shop.join()
    actions.cancel_membership(
        actor=shop.reader, membership=membership, reason="No time", feedback="unused"
    )
    shop.hear(order="doubled")
    membership = shop.membership()
    assert membership.cancel_at_period_end
    assert membership.cancel_reason == "unused · No time"
    end = membership.current_period_end
    assert shop.has(shop.goods.basic, end - timedelta(seconds=1))
    assert not shop.has(shop.goods.basic, end)
    # Again: the same, and no second mail.
    actions.cancel_membership(actor=shop.reader, membership=membership)
    assert OutgoingEmail.objects.filter(kind="membership_cancelled").count() == 1
    shop.stripe.advance(timedelta(days=32))
    shop.hear()
    assert shop.membership().status == "canceled"
    assert OutgoingEmail.objects.filter(kind="membership_ended").count() == 1
    with pytest.raises(actions.ChangeRefused):
        actions.cancel_membership(actor=shop.reader, membership=shop.membership())


def test_resuming_takes_it_back(shop: Shop) -> None:
    membership = shop.join()
    actions.cancel_membership(actor=shop.reader, membership=membership)
    actions.resume_membership(actor=shop.reader, membership=shop.membership())
    membership = shop.membership()
    assert (membership.cancel_at_period_end, membership.cancel_reason) == (False, "")
    assert shop.has(shop.goods.basic, membership.current_period_end)


def test_cancelling_twice_in_a_row_after_resuming_works(shop: Shop) -> None:
    shop.join()
    for _round in range(2):
        actions.cancel_membership(actor=shop.reader, membership=shop.membership())
        assert shop.membership().cancel_at_period_end
        actions.resume_membership(actor=shop.reader, membership=shop.membership())
        assert not shop.membership().cancel_at_period_end


def test_nobody_changes_somebody_elses(shop: Shop) -> None:
    membership = shop.join()
    stranger = UserFactory()
    with pytest.raises(PermissionDenied):
        actions.cancel_membership(actor=stranger, membership=membership)
    with pytest.raises(PermissionDenied):
        actions.resume_membership(actor=stranger, membership=membership)
    with pytest.raises(PermissionDenied):
        actions.preview_change(actor=stranger, membership=membership, price=shop.goods.patron_month)
    assert not Membership.objects.get().cancel_at_period_end


def test_the_portal_is_the_readers_own(shop: Shop) -> None:
    shop.join()
    url = actions.portal_url(user=shop.reader, purpose="card")
    assert url.startswith("http")


def test_after_a_lost_answer_another_reason_and_another_moment_can_be_given(shop: Shop) -> None:
    """Stripe refuses a key that comes with other words, for a day: each has its own."""
    membership = shop.join()
    shop.stripe.break_next(None, *["lost"] * 3)
    with pytest.raises(GatewayUnavailable):
        actions.cancel_membership(actor=shop.reader, membership=membership, reason="No time")
    actions.cancel_membership(actor=shop.reader, membership=membership, reason="Moving")
    assert shop.membership().cancel_at_period_end
    actions.resume_membership(actor=shop.reader, membership=shop.membership())

    going_up = {"actor": shop.reader, "price": shop.goods.patron_month}
    planned = actions.preview_change(membership=shop.membership(), **going_up)
    shop.stripe.break_next(None, *["lost"] * 3)
    with pytest.raises(GatewayUnavailable):
        actions.change_plan(actor=shop.reader, change=planned)
    shop.stripe.advance(timedelta(minutes=5))
    planned = actions.preview_change(membership=shop.membership(), **going_up)
    actions.change_plan(actor=shop.reader, change=planned)
    assert shop.membership().tier == shop.goods.patron


@pytest.mark.parametrize("act", ["resume", "upgrade"])
def test_an_end_that_was_set_at_stripes_own_screens_is_taken_back(shop: Shop, act: str) -> None:
    """A day of its own, not the period's end: another field at Stripe."""
    membership = shop.join()
    day = soon(days=10)
    get_gateway().end_at(membership.stripe_id, day, key="at-stripe")
    shop.hear()
    membership = shop.membership()
    assert not membership.cancel_at_period_end
    assert membership.cancel_at is not None
    if act == "resume":
        actions.resume_membership(actor=shop.reader, membership=membership)
    else:
        change(shop, shop.goods.patron_month)
    assert shop.membership().cancel_at is None
    assert shop.stripe.read(membership.stripe_id)["cancel_at"] is None
    assert shop.access(day).tier_ids
