"""A member's own page: what runs, what was paid, and every way to change it."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from newsletter.accounts.models import User
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.queries import open_grants_of
from newsletter.payments import actions
from newsletter.payments.actions.withdrawing import WITHDRAWAL_PERIOD
from newsletter.payments.enums import MembershipStatus
from newsletter.payments.forms import CancelForm, UnlockForm
from newsletter.payments.gateway import GatewayError, is_open
from newsletter.payments.models import Instalment, Membership, Order, PaymentPlan, Price
from newsletter.payments.money import show_amount
from newsletter.payments.offering import price_in_words
from newsletter.payments.policy import LIVE
from newsletter.payments.queries import (
    customer_of,
    gifts_from,
    instalments_of,
    live_memberships,
    memberships_of,
    offered_prices,
    orders_of,
    plans_of,
    policies,
    seats_taken_by,
)
from newsletter.payments.views.leaving import leave_for

SHOWN_PAYMENTS = 36
SHOWN_PAST = 12


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_safe
def show_membership(request: HttpRequest) -> HttpResponse:
    """Plan, dates, payments, gifts. The same number of queries whatever there is of each."""
    user, now = cast(User, request.user), timezone.now()
    live = list(live_memberships(user))
    live_ids = {membership.pk for membership in live}
    prices = [price for price in offered_prices() if price.tier_id is not None]
    shown_elsewhere = [GrantSource.SUBSCRIPTION, GrantSource.SEAT, GrantSource.PLAN]
    given = open_grants_of(user, now).exclude(source__in=shown_elsewhere)
    context = {
        "memberships": [_card(membership, prices) for membership in live],
        "past": [each for each in memberships_of(user) if each.pk not in live_ids][:SHOWN_PAST],
        "grants": list(given),
        "instalments": [_paid(each) for each in instalments_of(user)[:SHOWN_PAYMENTS]],
        "plans": [_in_parts(plan) for plan in plans_of(user)[:SHOWN_PAYMENTS]],
        "orders": [_bought(order) for order in orders_of(user)[:SHOWN_PAYMENTS]],
        "gifts": list(gifts_from(user)[:SHOWN_PAYMENTS]),
        "seats": list(seats_taken_by(user)),
        "has_customer": is_open() and customer_of(user) is not None,
        "cancel_form": CancelForm(),
        "is_open": is_open(),
        "takes_gifts": is_open() and any(price.tier and price.tier.is_listed for price in prices),
        "takes_tips": settings.TIPS_ENABLED and is_open(),
        "unlock_form": UnlockForm(is_visitor=False) if settings.UNLOCK_CODES_ENABLED else None,
    }
    return render(request, "payments/membership.html", context)


def _card(membership: Membership, prices: list[Price]) -> dict[str, Any]:
    overdue = membership.past_due_since
    open_until = overdue + policies().grace if overdue else None
    return {
        "membership": membership,
        "says": price_in_words(membership.price),
        "next_says": price_in_words(membership.next_price) if membership.next_price else "",
        "next_quantity": membership.next_quantity or 1,
        "others": [
            {"price": price, "says": f"{price.tier}: {price_in_words(price)}"}
            for price in prices
            if price.pk != membership.price_id and price.currency == membership.currency
        ],
        "ends_at": membership.cancel_at or membership.current_period_end,
        "is_ending": membership.cancel_at_period_end or membership.cancel_at is not None,
        "open_until": open_until,
        "rests": membership.suspended_at is not None and policies().dispute_suspends,
        "has_closed": open_until is not None and open_until <= timezone.now(),
        "may_withdraw": _is_fresh(membership.started_at),
    }


def _paid(instalment: Instalment) -> dict[str, Any]:
    row = instalment
    return {
        "at": row.paid_at or row.created_at,
        "what": row.sold.name,
        "says": show_amount(row.amount, row.currency),
        "back": show_amount(row.refunded_amount, row.currency) if row.refunded_amount else "",
        "error": row.error if row.paid_at is None else "",
        "receipt_url": row.receipt_url,
    }


def _bought(order: Order) -> dict[str, Any]:
    return {
        "order": order,
        "says": show_amount(order.amount, order.currency),
        "back": show_amount(order.refunded_amount, order.currency) if order.refunded_amount else "",
        "what": order.product.name if order.product else order.get_kind_display(),
        "may_withdraw": order.paid_at is not None
        and order.withdrawn_at is None
        and order.kind != "tip"
        and _is_fresh(order.paid_at),
    }


def _in_parts(plan: PaymentPlan) -> dict[str, Any]:
    is_running = plan.status in LIVE and plan.paid_count < plan.instalments
    is_overdue = plan.status == MembershipStatus.PAST_DUE
    return {
        "plan": plan,
        "says": price_in_words(plan.price),
        # The last period has no payment at its end.
        "next_at": plan.current_period_end if is_running and not is_overdue else None,
        "is_paid_off": plan.paid_count >= plan.instalments,
        "may_withdraw": is_running and plan.paid_count > 0 and _is_fresh(plan.started_at),
    }


def _is_fresh(moment: Any) -> bool:
    return bool(settings.WITHDRAWAL_ENABLED) and timezone.now() <= moment + WITHDRAWAL_PERIOD


def own_membership(request: HttpRequest, membership_id: int) -> Membership:
    """The signed-in person's own, else 404: not even its existence is told."""
    rows = memberships_of(cast(User, request.user))
    return get_object_or_404(rows, pk=membership_id)


def _told(request: HttpRequest, error: Exception) -> HttpResponse:
    text = error.message if isinstance(error, GatewayError) else str(error)
    messages.error(request, text)
    return redirect("payments:show-membership")


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def cancel(request: HttpRequest, membership_id: int) -> HttpResponse:
    """One click; the reason is asked for on the same form and may be left out."""
    membership = own_membership(request, membership_id)
    form = CancelForm(request.POST)
    said = form.cleaned_data if form.is_valid() else {}
    try:
        actions.cancel_membership(
            actor=cast(User, request.user),
            membership=membership,
            reason=said.get("reason", ""),
            feedback=said.get("feedback") or None,
        )
    except (actions.ChangeRefused, GatewayError) as error:
        return _told(request, error)
    if membership.status == MembershipStatus.PAST_DUE:
        outcome = _("Your membership is cancelled and will not renew. What is overdue stays owed.")
    else:
        outcome = _("Your membership is cancelled. Nothing more will be charged.")
    messages.success(request, outcome)
    return redirect("payments:show-membership")


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def resume(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Take a cancellation back."""
    membership = own_membership(request, membership_id)
    try:
        actions.resume_membership(actor=cast(User, request.user), membership=membership)
    except (actions.ChangeRefused, GatewayError) as error:
        return _told(request, error)
    messages.success(request, _("Good that you stay. Your membership goes on."))
    return redirect("payments:show-membership")


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def keep_plan(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Drop a change that was planned for the period's end."""
    membership = own_membership(request, membership_id)
    try:
        actions.drop_planned_change(actor=cast(User, request.user), membership=membership)
    except (actions.ChangeRefused, GatewayError) as error:
        return _told(request, error)
    messages.success(request, _("Your plan stays as it is."))
    return redirect("payments:show-membership")


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def open_portal(request: HttpRequest) -> HttpResponse:
    """To Stripe's page with the card and the bills. The address is made anew each time."""
    purpose = "card" if request.POST.get("purpose") == "card" else "home"
    try:
        url = actions.portal_url(user=cast(User, request.user), purpose=purpose)  # type: ignore[arg-type]
    except GatewayError as error:
        return _told(request, error)
    return leave_for(request, url)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The right of withdrawal: this page says what comes back, its button declares it."""
    if not settings.WITHDRAWAL_ENABLED:
        raise Http404
    user = cast(User, request.user)
    bought: Membership | Order | PaymentPlan
    if kind == "membership":
        bought = own_membership(request, pk)
        name = bought.tier.name
    elif kind == "plan":
        bought = get_object_or_404(plans_of(user), pk=pk)
        name = bought.product.name
    else:
        bought = get_object_or_404(orders_of(user), pk=pk)
        name = bought.product.name if bought.product else bought.get_kind_display()
    try:
        if request.method == "POST":
            done = actions.withdraw(actor=user, bought=bought)
            back = show_amount(done.amount, done.currency)
            messages.success(
                request, _("You have withdrawn. %(amount)s come back to you.") % {"amount": back}
            )
            return redirect("payments:show-membership")
        planned = actions.preview_withdrawal(bought=bought)
    except (actions.WithdrawalRefused, GatewayError) as error:
        answer = _told(request, error)
        is_to_try_again = request.method == "POST" and isinstance(error, GatewayError)
        return redirect(request.path) if is_to_try_again else answer
    context = {
        "name": name,
        "back": show_amount(planned.amount, planned.currency),
        "kept": show_amount(planned.kept, planned.currency) if planned.kept else "",
        "until": planned.until,
    }
    return render(request, "payments/withdraw.html", context)
