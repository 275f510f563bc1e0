"""A gift that is paid, to its giver: how it stands, its address corrected, sent again."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import hit
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.payments import actions
from newsletter.payments.enums import GiftState
from newsletter.payments.forms import RecipientForm
from newsletter.payments.models import Gift
from newsletter.payments.money import show_amount
from newsletter.payments.queries import gifts_from
from newsletter.payments.views.plans import HOUR

# So often an hour may one gift be sent anew: a mistyped address, a mail that was lost.
SENDINGS = 5


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def show_gift(request: HttpRequest, gift_id: int) -> HttpResponse:
    """One gift, to whoever paid for it; a POST corrects its address and sends what was sent."""
    user = cast(User, request.user)
    gift = get_object_or_404(gifts_from(user), pk=gift_id)
    may_change = gift.state in {GiftState.WAITING, GiftState.DELIVERED}
    form = RecipientForm(request.POST or None, initial={"email": gift.recipient_email})
    if request.method == "POST" and may_change and form.is_valid():
        if hit(f"gift-sent:{gift.pk}", limit=SENDINGS, per=HOUR):
            return _readdress(request, user, gift, form.cleaned_data["email"])
        form.add_error(None, _("It was sent several times already. Try again in an hour."))
    context = {
        "gift": gift,
        "paid": show_amount(gift.order.amount, gift.order.currency),
        "form": form if may_change else None,
        "is_sent": gift.state == GiftState.DELIVERED,
    }
    return render(request, "payments/given.html", context, status=422 if form.errors else 200)


def _readdress(request: HttpRequest, user: User, gift: Gift, address: str) -> HttpResponse:
    if actions.readdress_gift(actor=user, gift=gift, recipient_email=address):
        messages.success(request, _("We will write to %(address)s.") % {"address": address})
    elif actions.deliver_again(actor=user, gift=gift, recipient_email=address):
        said = _("We have written to %(address)s with a new code. The old one works no more.")
        messages.success(request, said % {"address": address})
    else:
        messages.error(request, _("This gift was redeemed or given back meanwhile."))
    return redirect("payments:show-gift", gift.pk)
