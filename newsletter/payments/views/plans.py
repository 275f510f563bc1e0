"""What can be bought, the page before the payment page, and the page after it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.accounts import actions as account_actions
from newsletter.accounts.models import User
from newsletter.accounts.queries import find_user, viewer
from newsletter.accounts.ratelimit import client_ip, hit, network_of
from newsletter.lib.local_paths import local_path, sign_in_url
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.lib.same_origin import same_origin_post
from newsletter.memberships.queries import open_grants_of
from newsletter.payments import actions
from newsletter.payments.discounts import counts_for, deal_in_words
from newsletter.payments.enums import Interval
from newsletter.payments.forms import OrderForm
from newsletter.payments.gateway import GatewayError, GatewayUnavailable, is_demo, is_open
from newsletter.payments.models import Coupon, Membership, Price
from newsletter.payments.money import show_amount
from newsletter.payments.offering import answers, lines_of, offering, price_in_words, trial_in_words
from newsletter.payments.queries import (
    had_membership,
    has_paid,
    is_ours,
    live_memberships,
    offered_prices,
)
from newsletter.payments.views.leaving import leave_for
from newsletter.payments.views.offers import find_offer
from newsletter.publication.context import publication_of

# Orders that may be begun from one network in an hour, and for one address.
PER_NETWORK, PER_ADDRESS = 60, 12
# Numbers of payment pages, none of ours as far as we know, that Stripe is asked about.
UNKNOWN_PER_NETWORK = 20
HOUR = timedelta(hours=1)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_plans(request: HttpRequest, rhythm: str = "monthly") -> HttpResponse:
    """Free beside paid. The same page for every visitor; a member sees which plan is theirs."""
    interval = Interval.YEAR if rhythm == "yearly" else Interval.MONTH
    user = viewer(request)
    current: list[Membership] = list(live_memberships(user)) if user else []
    next_path = local_path(request.GET.get("next", ""))
    shown = offering(interval=interval, currency=request.GET.get("currency", ""))
    kept = {"next": next_path} if next_path else {}
    asked = {"currency": shown.currency, **kept} if "currency" in request.GET else kept
    context = {
        "offering": shown,
        "answers": answers(publication_of(request).plans_answers),
        "free_benefits": lines_of(publication_of(request).free_offer_benefits),
        "is_yearly": interval == Interval.YEAR,
        "reader": user,
        "current": current,
        "current_tier_ids": {membership.tier_id for membership in current},
        "open_tier_ids": _open_tier_ids(user),
        "has_trial": user is None or not had_membership(user),
        "next": next_path,
        "query": f"?{urlencode(kept)}" if kept else "",
        "rhythm_query": f"?{urlencode(asked)}" if asked else "",
        "takes_tips": settings.TIPS_ENABLED and is_open(),
        "takes_codes": settings.UNLOCK_CODES_ENABLED,
        "is_withdrawable": settings.WITHDRAWAL_ENABLED,
    }
    return render(request, "payments/plans.html", context)


def _open_tier_ids(user: User | None) -> set[int]:
    """What somebody reads already, paid for or not: a comp, a gift, a seat."""
    if user is None:
        return set()
    tiers = open_grants_of(user, timezone.now()).filter(tier__isnull=False)
    return set(tiers.values_list("tier_id", flat=True))


@never_cache
@same_origin_post
@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def start_checkout(request: HttpRequest, price_id: int) -> HttpResponse:
    """What is bought, on what terms and by whom; its button leads to the payment page.

    Sets no cookie: a visitor types an address, pays, and signs in with that address afterwards.
    """
    price = get_object_or_404(offered_prices(), pk=price_id)
    user = viewer(request)
    next_path = local_path(request.POST.get("next") or request.GET.get("next", ""))
    coupon, is_over = _offer_on(request, price)
    form = OrderForm(
        request.POST if request.method == "POST" else None,
        price=price,
        is_visitor=user is None,
        has_offer=coupon is not None,
        initial={
            "code": request.GET.get("code", "")[:40],
            "quantity": request.GET.get("quantity", "")[:3] or 1,
        },
    )
    if request.method == "POST" and form.is_valid() and not is_over:
        try:
            return _order(request, form, price, user, next_path, coupon)
        except actions.AlreadyMember:
            return _change_instead(user, price)
        except actions.AlreadyOwned as error:
            if user is None:
                # What an address has is said to whoever has proved that it is theirs.
                return _sign_in_first(form, price, next_path, coupon)
            form.add_error(None, str(error))
        except (actions.CheckoutRefused, GatewayError) as error:
            form.add_error(None, error.message if isinstance(error, GatewayError) else str(error))
    has_trial = price.tier is not None and not (user and had_membership(user))
    context = {
        "form": form,
        "price": price,
        "sold": price.tier or price.product,
        "says": deal_in_words(coupon, price) if coupon else price_in_words(price),
        "total": show_amount(price.amount * (price.instalments or 1), price.currency),
        "offer": coupon,
        "is_offer_over": is_over,
        "trial": trial_in_words(price.tier.trial_days) if price.tier and has_trial else "",
        "reader": user,
        "next": next_path,
        "sign_in": sign_in_url(request.get_full_path()),
    }
    is_refused = form.errors or (is_over and request.method == "POST")
    return render(request, "payments/order.html", context, status=422 if is_refused else 200)


def _offer_on(request: HttpRequest, price: Price) -> tuple[Coupon | None, bool]:
    """The offer that somebody came by, and whether it is over since or not for this price.

    Nobody is sent on to another price than the one that they agreed to.
    """
    slug = (request.POST.get("offer") or request.GET.get("offer", "")).replace("\x00", "")
    found = find_offer(slug)
    coupon = found if found and counts_for(found, price) else None
    return coupon, bool(slug) and coupon is None


def _order(
    request: HttpRequest,
    form: OrderForm,
    price: Price,
    user: User | None,
    next_path: str,
    offer: Coupon | None,
) -> HttpResponse:
    buyer = user or find_buyer(request, form.cleaned_data["email"])
    if buyer is None:
        # Whoever has paid here before has cards and receipts to protect: they sign in first.
        return _sign_in_first(form, price, next_path, offer)
    checkout = actions.start_checkout(
        user=buyer,
        price=price,
        coupon=offer or form.cleaned_data.get("code"),
        quantity=form.cleaned_data.get("quantity") or 1,
        next_path=next_path,
        waives_withdrawal=form.cleaned_data.get("at_once", False),
    )
    return leave_for(request, checkout.url)


def _sign_in_first(
    form: OrderForm, price: Price, next_path: str, offer: Coupon | None
) -> HttpResponse:
    """Sign in, and then go on with what was typed."""
    page = reverse("payments:start-checkout", args=[price.pk])
    code, seats = form.cleaned_data.get("code"), form.cleaned_data.get("quantity") or 1
    asked = {
        "next": next_path,
        "offer": (offer.slug or "") if offer else "",
        "code": code.code if code else "",
        "quantity": str(seats) if seats > 1 else "",
    }
    kept = {name: value for name, value in asked.items() if value}
    return redirect(sign_in_url(f"{page}?{urlencode(kept)}" if kept else page))


def _change_instead(user: User | None, price: Price) -> HttpResponse:
    """Whoever pays for a plan changes it: nobody buys two (S5)."""
    running = live_memberships(user).first() if user else None
    if running is None or running.price_id == price.pk:
        return redirect("payments:show-membership")
    return redirect("payments:change-plan", running.pk, price.pk)


def find_buyer(request: HttpRequest, address: str) -> User | None:
    """The person with an address that a visitor typed; None where they must sign in first."""
    network = network_of(client_ip(request))
    allowed = hit(f"order:{network}", limit=PER_NETWORK, per=HOUR)
    if not (allowed and hit(f"order-for:{address}", limit=PER_ADDRESS, per=HOUR)):
        raise actions.CheckoutRefused(_("Too many orders came from here. Try again in an hour."))
    known = find_user(address)
    if known is not None and (has_paid(known) or known.is_staff or not known.is_active):
        return None
    user, _created = account_actions.get_or_create_user(email=address)
    return user


def _may_ask(request: HttpRequest) -> bool:
    """Whether Stripe is asked about a number that nobody here knows: anybody can make one up."""
    network = network_of(client_ip(request))
    return hit(f"unknown-order:{network}", limit=UNKNOWN_PER_NETWORK, per=HOUR)


@never_cache
@opens_to(Opens.LINK_HOLDER)
@require_safe
def show_success(request: HttpRequest) -> HttpResponse:
    """After paying: right before, after and without the webhook, for it asks Stripe itself.

    The number in the address is known to the payer and Stripe alone; the page shows no address.
    """
    session_id = request.GET.get("session_id", "").replace("\x00", "")[:255]
    outcome, is_away = None, False
    if session_id and (is_ours(session_id) or _may_ask(request)):
        try:
            outcome = actions.complete_checkout(session_id)
        except GatewayUnavailable:
            is_away = True
        except GatewayError:
            outcome = None
    if outcome is None:
        return render(
            request,
            "payments/success_unknown.html",
            {"is_away": is_away},
            status=503 if is_away else 404,
        )
    checkout = outcome.checkout
    tier = checkout.price.tier if checkout.price else None
    onward = checkout.next_path or (local_path(tier.welcome_path) if tier else "") or "/"
    user = viewer(request)
    if user is not None and user.pk != checkout.user_id and not user.is_staff:
        raise PermissionDenied
    context = {
        "outcome": outcome,
        "checkout": checkout,
        "tier": tier,
        "product": checkout.price.product if checkout.price else None,
        "onward": onward,
        "is_back": bool(checkout.next_path),
        "reader": user,
        "sign_in": sign_in_url(onward),
        "is_demo": is_demo(),
    }
    return render(request, "payments/success.html", context)
