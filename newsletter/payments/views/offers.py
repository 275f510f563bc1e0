"""The page of an offer: a lower price by link, with a headline of its own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from newsletter.accounts.queries import viewer
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.payments.discounts import deals_on, is_over, taken_off_in_words
from newsletter.payments.gateway import is_open
from newsletter.payments.models import Coupon
from newsletter.payments.queries import coupons_with_uses, had_membership, live_memberships


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_offer(request: HttpRequest, slug: str) -> HttpResponse:
    """What it costs with the discount, and the way to the payment page. 410 once it is over."""
    coupon = get_object_or_404(coupons_with_uses(), slug=slug)
    if not still_counts(coupon):
        return render(request, "payments/offer_over.html", {"coupon": coupon}, status=410)
    user = viewer(request)
    found, currency, currencies = deals_on(coupon, request.GET.get("currency", ""))
    context = {
        "coupon": coupon,
        "found": found,
        "takes_off": taken_off_in_words(coupon),
        "currency": currency,
        "currencies": currencies,
        "has_trial": user is None or not had_membership(user),
        "is_member": user is not None and live_memberships(user).exists(),
    }
    return render(request, "payments/offer.html", context)


def find_offer(slug: str) -> Coupon | None:
    """The coupon behind an offer's address, while it counts."""
    coupon = coupons_with_uses().filter(slug=slug).first() if slug else None
    return coupon if coupon is not None and still_counts(coupon) else None


def still_counts(coupon: Coupon) -> bool:
    """Whether somebody can buy with it now; `coupon` comes from `coupons_with_uses`."""
    used = coupon.times_used  # type: ignore[attr-defined]
    is_known = bool(coupon.stripe_promotion_code_id) and is_open()
    return is_known and not is_over(coupon, used=used, now=timezone.now())
