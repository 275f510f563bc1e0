"""Changing plan or seats: first what it would charge and when, then the button that agrees."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from newsletter.accounts.models import User
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.signing import BadToken, make_dated_token, read_dated_token
from newsletter.payments import actions
from newsletter.payments.actions.changing import PlanChange, moment_of_change
from newsletter.payments.enums import MembershipStatus
from newsletter.payments.gateway import ChangePreview, GatewayError
from newsletter.payments.models import Membership, Price
from newsletter.payments.money import show_amount
from newsletter.payments.offering import price_in_words
from newsletter.payments.queries import offered_prices
from newsletter.payments.views.leaving import leave_for
from newsletter.payments.views.membership import own_membership

# So long does the amount stand that was shown: it is a matter of seconds of the period used.
AGREED_WITHIN = timedelta(minutes=20)
PURPOSE = "change-plan"


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def change_plan(request: HttpRequest, membership_id: int, price_id: int) -> HttpResponse:
    """GET says what would be charged; POST agrees to exactly that."""
    membership = own_membership(request, membership_id)
    price = _price(membership, price_id)
    quantity = _quantity(request, membership)
    user = cast(User, request.user)
    try:
        if request.method == "POST":
            agreed = _agreed(membership, price, request.POST.get("agreed", ""))
            if agreed is not None:
                return _change(request, user, agreed)
            messages.warning(request, _("The amount may have changed. Please look at it again."))
        change = actions.preview_change(
            actor=user, membership=membership, price=price, quantity=quantity
        )
    except (actions.ChangeRefused, GatewayError) as error:
        text = error.message if isinstance(error, GatewayError) else str(error)
        messages.error(request, text)
        return redirect("payments:show-membership")
    return render(request, "payments/change.html", _context(membership, change))


def _price(membership: Membership, price_id: int) -> Price:
    """A plan that is on offer, or the one they have: seats are added to it."""
    if price_id == membership.price_id:
        return membership.price
    return get_object_or_404(offered_prices().filter(tier__isnull=False), pk=price_id)


def _quantity(request: HttpRequest, membership: Membership) -> int:
    typed = request.GET.get("quantity", "")
    known = typed.isascii() and typed.isdecimal() and len(typed) < 6
    return int(typed) if known and int(typed) > 0 else membership.quantity


def _context(membership: Membership, change: PlanChange) -> dict[str, Any]:
    price, preview = change.price, change.preview
    return {
        "membership": membership,
        "tier": price.tier,
        "is_of_seats": price.pk == membership.price_id,
        "quantity": change.quantity,
        "old_says": price_in_words(membership.price),
        "new_says": price_in_words(price),
        "is_now": change.when == "now",
        "is_free": preview.amount_due == 0,
        "due": show_amount(preview.amount_due, preview.currency),
        "credit": show_amount(preview.credit, preview.currency) if preview.credit else "",
        "lines": [
            (line.description, show_amount(abs(line.amount), preview.currency), line.amount < 0)
            for line in preview.lines
        ],
        "charged_at": preview.charged_at,
        "agreed": make_dated_token(PURPOSE, _spell(change)),
    }


def _spell(change: PlanChange) -> str:
    moment = change.preview.proration_at
    stamp = int(moment.timestamp()) if moment else 0
    row = change.membership
    return f"{row.pk}.{row.version}.{change.price.pk}.{change.quantity}.{stamp}.{change.when}"


def _agreed(membership: Membership, price: Price, token: str) -> PlanChange | None:
    """The change that was shown; None if the membership has moved since or it is too long ago."""
    try:
        spelt = read_dated_token(PURPOSE, token, AGREED_WITHIN)
    except BadToken:
        return None
    *numbers, said = spelt.split(".")
    pk, version, price_id, quantity, stamp = map(int, numbers)
    if (pk, version, price_id) != (membership.pk, membership.version, price.pk):
        return None
    moment = datetime.fromtimestamp(stamp, UTC) if stamp else None
    when = moment_of_change(membership, price, quantity)
    if when != said:
        return None
    shown = ChangePreview(
        amount_due=0,
        currency=price.currency,
        charged_at=moment or membership.current_period_end or membership.started_at,
        lines=(),
        credit=0,
        proration_at=moment,
    )
    return PlanChange(membership, price, quantity, when, shown)


def _change(request: HttpRequest, user: User, agreed: PlanChange) -> HttpResponse:
    changed = actions.change_plan(actor=user, change=agreed)
    if changed.pay_url:
        return leave_for(request, changed.pay_url)
    if changed.when == "now":
        messages.success(request, _("Your plan is changed, as of now."))
    else:
        is_on_trial = agreed.membership.status == MembershipStatus.TRIALING
        said = (
            _("Your plan changes when the trial is over.")
            if is_on_trial
            else _("Your plan changes when the time you paid for is over.")
        )
        messages.success(request, said)
    return redirect("payments:show-membership")
