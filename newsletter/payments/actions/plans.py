"""Payment plans: a product paid in monthly instalments, in step with the subscription at Stripe.

What an event said does not count, as in syncing.py: the subscription and its bills are read as they
are now and ours is set from them. That a plan ends is said to Stripe as soon as it has begun, so
nobody here need be awake for the last instalment to be the last.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.lib.moments import add_months
from newsletter.memberships.actions import record, sync_grant
from newsletter.memberships.enums import GrantSource
from newsletter.payments.actions.syncing import (
    MAX_TRIES,
    OWING,
    NewerWasWritten,
    OutrunError,
    owner_of,
    sync_subscription,
)
from newsletter.payments.actions.telling import mail_plan
from newsletter.payments.enums import Interval, MembershipStatus
from newsletter.payments.gateway import NotFound, SubscriptionFacts, get_gateway
from newsletter.payments.models import Membership, PaymentPlan, Price
from newsletter.payments.policy import LIVE, Returned, Verdict, plan_verdict
from newsletter.payments.queries import policies

# What of a plan is worth an entry in its owner's record when it changes.
TOLD = ("status", "paid_count", "cancel_at")


def sync_recurring(stripe_id: str) -> Membership | PaymentPlan | None:
    """Read what is paid again and again, a membership or a plan, and set ours from it.

    None, and nothing touched, where it is none of ours (S2).
    """
    if Membership.objects.filter(stripe_id=stripe_id).exists():
        return sync_subscription(stripe_id)
    return sync_plan(stripe_id) or sync_subscription(stripe_id)


def sync_plan(stripe_id: str) -> PaymentPlan | None:
    """Read a plan's subscription and bills at Stripe, and set plan and grant from them.

    None where it is no plan of ours. Raises GatewayError, OutrunError, NobodyError.
    """
    for _try in range(MAX_TRIES):
        known = _plan(stripe_id)
        try:
            facts = get_gateway().fetch_subscription(stripe_id)
        except NotFound:
            facts = None
        price = known.price if known else (find_plan_price(facts) if facts else None)
        if price is None or (known is None and facts is None):
            return None
        user = known.user if known else owner_of(facts)  # type: ignore[arg-type]
        paid = _count_paid(stripe_id) if facts else 0
        try:
            with transaction.atomic():
                plan = _write(known, facts, price, user, paid)
        except (NewerWasWritten, IntegrityError):
            continue
        return _settle_end(plan)
    raise OutrunError(stripe_id)


def find_plan_price(facts: SubscriptionFacts) -> Price | None:
    """Which of our plans a subscription pays; None: none of ours."""
    prices = Price.objects.filter(
        stripe_id__in=[item.price.id for item in facts.items], interval=Interval.PLAN
    )
    return prices.select_related("product").first()


def ends_at(plan: PaymentPlan) -> datetime:
    """When its last period is over: the bills of a plan come a month apart, the first at once."""
    return add_months(plan.started_at, plan.instalments)


def verdict_on_plan(plan: PaymentPlan) -> Verdict:
    """What a plan opens, by what is stored of it and of its payments."""
    months = plan.product.access_months
    return plan_verdict(
        status=plan.status,
        instalments=plan.instalments,
        paid_count=plan.paid_count,
        period_end=plan.current_period_end or plan.started_at,
        ended_at=plan.ended_at,
        past_due_since=plan.past_due_since,
        payments=[
            Returned(each.amount_received, each.refunded_amount, each.dispute)
            for each in plan.payments.filter(paid_at__isnull=False)
        ],
        lasts_until=add_months(plan.started_at, months) if months else None,
        policies=policies(),
    )


def apply_plan(plan: PaymentPlan) -> None:
    """Keep the grant in step with the plan. Inside the transaction that wrote it."""
    verdict = verdict_on_plan(plan)
    if plan.withdrawn_at is not None:
        verdict = Verdict(None, "withdrawn")
    sync_grant(
        user=plan.user,
        product=plan.product,
        source=GrantSource.PLAN,
        source_id=plan.stripe_id,
        starts_at=plan.started_at,
        ends_at=verdict.ends_at,
        revoked_reason=verdict.revoked_reason,
    )


def plan_differs(plan: PaymentPlan, facts: SubscriptionFacts) -> bool:
    """Whether what is held of a plan is not as Stripe has it now, its bills aside."""
    theirs = (facts.status, facts.cancel_at, facts.ended_at, facts.item.current_period_end)
    ours = (plan.status, plan.cancel_at, plan.ended_at, plan.current_period_end)
    return theirs != ours or (facts.status in LIVE and facts.cancel_at is None)


def _plan(stripe_id: str) -> PaymentPlan | None:
    found = PaymentPlan.objects.filter(stripe_id=stripe_id)
    return found.select_related("user", "product", "price").first()


def _count_paid(stripe_id: str) -> int:
    bills = get_gateway().list_invoices(subscription_id=stripe_id)
    # By its total: what a credit of the customer's covered is paid, with nothing charged for it.
    return sum(bill.status == "paid" and bill.total > 0 for bill in bills)


def _write(
    known: PaymentPlan | None, facts: SubscriptionFacts | None, price: Price, user: User, paid: int
) -> PaymentPlan:
    before = {name: getattr(known, name) for name in TOLD} if known else {}
    if known is None:
        assert facts is not None and price.product is not None  # noqa: S101, PT018 - see sync_plan
        plan = PaymentPlan.objects.create(
            user=user,
            product=price.product,
            price=price,
            stripe_id=facts.id,
            instalments=price.instalments or 1,
            amount=price.amount,
            currency=price.currency,
            started_at=facts.started_at,
            version=1,
            **_fields(None, facts, paid),
        )
    else:
        plan = known
        _update(plan, _fields(plan, facts, paid))
    if plan.paid_count >= plan.instalments and plan.paid_off_at is None:
        plan.paid_off_at = timezone.now()
        plan.save(update_fields=["paid_off_at"])
    apply_plan(plan)
    _record_change(plan, before)
    return plan


def _fields(
    known: PaymentPlan | None, facts: SubscriptionFacts | None, paid: int
) -> dict[str, Any]:
    if facts is None:
        ended = known.ended_at if known else None
        return {"status": MembershipStatus.CANCELED, "ended_at": ended or timezone.now()}
    overdue = known.past_due_since if known else None
    return {
        "status": facts.status,
        "paid_count": paid,
        "current_period_end": facts.item.current_period_end,
        "cancel_at": facts.cancel_at,
        "ended_at": facts.ended_at,
        "past_due_since": (overdue or timezone.now()) if facts.status in OWING else None,
    }


def _update(plan: PaymentPlan, fields: dict[str, Any]) -> None:
    """Write, unless somebody did since `plan` was read. The row is locked until the commit."""
    fields = {"synced_at": timezone.now(), **fields}
    same = PaymentPlan.objects.filter(pk=plan.pk, version=plan.version)
    if not same.update(version=F("version") + 1, **fields):
        raise NewerWasWritten
    plan.version += 1
    for name, value in fields.items():
        setattr(plan, name, value)


def _settle_end(plan: PaymentPlan) -> PaymentPlan:
    """Have a running plan end after its last period, where Stripe does not know that yet.

    One that should have ended already ends now: nothing more is charged.
    """
    end = ends_at(plan)
    if plan.status not in LIVE or plan.cancel_at is not None:
        return plan
    if end > timezone.now():
        facts = get_gateway().end_at(plan.stripe_id, end, key=f"plan-end-{plan.pk}")
    else:
        facts = get_gateway().cancel_now(plan.stripe_id, key=f"plan-over-{plan.pk}")
    fields = {"status": facts.status, "cancel_at": facts.cancel_at, "ended_at": facts.ended_at}
    with transaction.atomic():
        # Who wrote meanwhile has read Stripe later, and knows it too.
        same = PaymentPlan.objects.filter(pk=plan.pk, version=plan.version)
        if same.update(version=F("version") + 1, **fields):
            plan.refresh_from_db()
            apply_plan(plan)
    return plan


def _record_change(plan: PaymentPlan, before: dict[str, Any]) -> None:
    if not [name for name in TOLD if before.get(name) != getattr(plan, name)]:
        return
    what = "plan_changed" if before else "plan_begun"
    record(user=plan.user, what=what, detail=describe_plan(plan))
    was_paid, now_paid = before.get("paid_count", 0), plan.paid_count
    if now_paid and not was_paid:
        mail_plan(plan, "started")
    elif now_paid >= plan.instalments > was_paid:
        mail_plan(plan, "paid_off")
    elif plan.status in OWING and before.get("status") not in OWING:
        mail_plan(plan, "overdue")


def describe_plan(plan: PaymentPlan) -> str:
    """One line about a plan for the record."""
    paid = f"{plan.paid_count} of {plan.instalments} paid"
    return " · ".join([str(plan.product), str(plan.price), paid, plan.status, plan.stripe_id])


def instalment_source(stripe_id: str) -> dict[str, Membership | PaymentPlan]:
    """Whose payment one of a subscription is, as fields of `Instalment`; empty: none of ours."""
    membership = Membership.objects.filter(stripe_id=stripe_id).first()
    if membership is not None:
        return {"membership": membership}
    plan = PaymentPlan.objects.filter(stripe_id=stripe_id).first() or sync_plan(stripe_id)
    if plan is not None:
        return {"plan": plan}
    membership = sync_subscription(stripe_id)
    return {"membership": membership} if membership is not None else {}
