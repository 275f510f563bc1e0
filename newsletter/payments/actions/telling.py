"""Mail about money, queued in the transaction that made it true; the outbox's sweep sends it.

Each is claimed by a conditional update of its own moment, so that nothing that comes twice is told
twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments.enums import MembershipStatus, OrderKind
from newsletter.payments.models import Membership, Order, PaymentPlan
from newsletter.payments.money import show_amount
from newsletter.payments.opened import opened_by
from newsletter.payments.policy import LIVE
from newsletter.payments.queries import policies

MEMBERSHIP_PATH = "/account/membership/"
# Stripe tries three days long to tell of a beginning, and the nightly comparison finds the rest.
NEWS = timedelta(days=7)


def tell_about_change(
    membership: Membership, before: str | None, *, renewal_amount: int | None = None
) -> None:
    """Queue the mail that a subscription's new state calls for, if any.

    `renewal_amount`: what the next period will cost, where a coupon ends before that.
    `before`: the state that was held until now; None where it was not known here. One that has run
    for long is then no news to its owner: the author has taken over a product from Stripe, say.
    """
    status = membership.status
    is_old = before is None and membership.started_at < timezone.now() - NEWS
    if before not in LIVE and status in LIVE and not is_old:
        amount = membership.amount if renewal_amount is None else renewal_amount
        mail_member(
            membership, "membership_started", amount=show_amount(amount, membership.currency)
        )
    elif status == MembershipStatus.PAST_DUE and before != status:
        _tell_once(membership, "told_overdue_at", "payment_overdue")
    elif status not in LIVE and before in LIVE:
        mail_member(membership, "membership_ended")
    if status in {MembershipStatus.ACTIVE, MembershipStatus.TRIALING}:
        # Paid again: the next failure is told anew.
        told = Membership.objects.filter(pk=membership.pk)
        told.exclude(told_overdue_at=None, told_ended_at=None).update(
            told_overdue_at=None, told_ended_at=None
        )


def tell_trial_ends(membership: Membership) -> bool:
    """Tell a member that their trial ends soon and what is charged then; once."""
    return _tell_once(membership, "told_trial_at", "trial_ending")


def tell_grace_ended(membership: Membership) -> bool:
    """Tell a member that the days of grace are over; once for each time they fall behind."""
    return _tell_once(membership, "told_ended_at", "grace_ended")


def _tell_once(membership: Membership, moment: str, template: str) -> bool:
    untold = Membership.objects.filter(pk=membership.pk, **{f"{moment}__isnull": True})
    # Not through `version`: what was told is no part of what Stripe says.
    if not untold.update(**{moment: timezone.now(), "version": F("version")}):
        return False
    mail_member(membership, template)
    return True


def mail_member(membership: Membership, template: str, **extra: Any) -> OutgoingEmail:
    """Queue one mail about a subscription to its owner."""
    grace_ends_at = None
    if membership.past_due_since is not None:
        grace_ends_at = membership.past_due_since + policies().grace
    return queue_email(
        kind=template,
        to=membership.user.email,
        template=template,
        context={
            "user": membership.user,
            "membership": membership,
            "tier": membership.tier,
            "amount": show_amount(membership.amount, membership.currency),
            "ends_at": membership.cancel_at or membership.current_period_end,
            "grace_ends_at": grace_ends_at,
            "link": urljoin(settings.SITE_URL, MEMBERSHIP_PATH),
            **extra,
        },
    )


def mail_buyer(order: Order) -> OutgoingEmail:
    """Confirm a one-off payment to whoever paid it."""
    return queue_email(
        kind="order_paid",
        to=order.user.email,
        template="order_paid",
        context={
            "user": order.user,
            "order": order,
            "amount": show_amount(order.amount, order.currency),
            "opened": opened_by(order.product) if order.kind == OrderKind.PRODUCT else [],
            "link": urljoin(settings.SITE_URL, MEMBERSHIP_PATH),
        },
    )


def mail_plan(plan: PaymentPlan, what: str) -> OutgoingEmail:
    """Tell somebody how their payment plan stands: `started`, `overdue` or `paid_off`."""
    grace_ends_at = None
    if plan.past_due_since is not None:
        grace_ends_at = plan.past_due_since + policies().grace
    return queue_email(
        kind=f"plan_{what}",
        to=plan.user.email,
        template=f"plan_{what}",
        context={
            "user": plan.user,
            "plan": plan,
            "product": plan.product,
            "opened": opened_by(plan.product),
            "amount": show_amount(plan.amount, plan.currency),
            "grace_ends_at": grace_ends_at,
            "link": urljoin(settings.SITE_URL, MEMBERSHIP_PATH),
        },
    )


def name_of(bought: Membership | Order | PaymentPlan) -> str:
    """What was bought, in words: a tier, a product, a gift."""
    if isinstance(bought, Order):
        return describe_order(bought)
    return str(bought.tier if isinstance(bought, Membership) else bought.product)


def describe_order(order: Order) -> str:
    """What the payment page and the receipt call an order of an amount of its own."""
    if order.kind == OrderKind.GIFT:
        gift = order.gift
        said = ngettext(
            "A gift: %(months)s month of %(tier)s",
            "A gift: %(months)s months of %(tier)s",
            gift.months,
        )
        return said % {"months": gift.months, "tier": gift.tier}
    return str(_("Tip")) if order.kind == OrderKind.TIP else str(order.product)


def mail_withdrawal(
    bought: Membership | Order | PaymentPlan, amount: int, kept: int, currency: str
) -> OutgoingEmail:
    """Confirm that a withdrawal was received, as the law asks for: what, when, what goes back."""
    return queue_email(
        kind="withdrawal_received",
        to=bought.user.email,
        template="withdrawal_received",
        context={
            "user": bought.user,
            "what": name_of(bought),
            "amount": show_amount(amount, currency),
            "kept": show_amount(kept, currency) if kept else "",
            "received_at": timezone.now(),
        },
    )
