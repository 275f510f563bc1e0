"""Tips, and memberships given to somebody else."""

from __future__ import annotations

from datetime import datetime, time

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from newsletter.accounts import actions as account_actions
from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer
from newsletter.accounts.ratelimit import client_ip, hit, network_of
from newsletter.lib.local_paths import sign_in_url
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.payments import actions
from newsletter.payments.forms import GiftForm, RedeemForm, TipForm
from newsletter.payments.gateway import GatewayError, is_open
from newsletter.payments.models import Price
from newsletter.payments.money import BadAmount, show_amount, to_minor
from newsletter.payments.offering import choose_currency
from newsletter.payments.queries import default_currency, offered_prices
from newsletter.payments.views.leaving import leave_for
from newsletter.payments.views.plans import HOUR, find_buyer

# Codes that may be tried from one network in an hour; there are 20^16 of them.
CODE_TRIES = 30


@never_cache
@same_origin_post
@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def tip(request: HttpRequest) -> HttpResponse:
    """Any amount, once. It opens nothing."""
    if not (settings.TIPS_ENABLED and is_open()):
        raise Http404
    user, currency = viewer(request), default_currency()
    form = TipForm(request.POST or None, is_visitor=user is None, currency=currency)
    if request.method == "POST" and form.is_valid():
        try:
            buyer = user or find_buyer(request, form.cleaned_data["email"])
            if buyer is None:
                return redirect(sign_in_url(reverse("payments:tip")))
            checkout = actions.start_tip(
                user=buyer,
                amount=to_minor(form.cleaned_data["amount"], currency),
                currency=currency,
                message=form.cleaned_data["message"],
            )
            return leave_for(request, checkout.url)
        except (actions.CheckoutRefused, BadAmount) as error:
            form.add_error("amount", str(error))
        except GatewayError as error:
            form.add_error(None, error.message)
    least, most = (show_amount(amount, currency) for amount in actions.tip_bounds(currency))
    context = {
        "form": form,
        "currency": currency.upper(),
        "least": least,
        "most": most,
        **_sign_in_first(request, user),
    }
    return render(request, "payments/tip.html", context, status=422 if form.errors else 200)


@never_cache
@same_origin_post
@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def start_gift(request: HttpRequest) -> HttpResponse:
    """Choose, address and pay a gift."""
    user = viewer(request)
    currency, currencies = choose_currency(_gift_prices(), request.GET.get("currency", ""))
    form = GiftForm(request.POST or None, is_visitor=user is None, currency=currency)
    if not is_open() or not form.choices:
        raise Http404
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            buyer = user or find_buyer(request, data["email"])
            if buyer is None:
                return redirect(sign_in_url(request.get_full_path()))
            tier, months = data["plan"]
            checkout = actions.start_gift(
                user=buyer,
                tier=tier,
                months=months,
                currency=currency,
                recipient_email=data["recipient_email"],
                recipient_name=data["recipient_name"],
                message=data["message"],
                deliver_at=_morning(data["deliver_on"]),
            )
            return leave_for(request, checkout.url)
        except (actions.CheckoutRefused, GatewayError) as error:
            form.add_error(None, error.message if isinstance(error, GatewayError) else str(error))
    context = {
        "form": form,
        "currency": currency,
        "currencies": currencies,
        **_sign_in_first(request, user),
    }
    return render(request, "payments/gift.html", context, status=422 if form.errors else 200)


def _sign_in_first(request: HttpRequest, user: User | None) -> dict[str, str]:
    """For visitors: whoever has paid here before is sent to sign in, and would type all again."""
    return {} if user else {"sign_in": sign_in_url(request.get_full_path())}


def _gift_prices() -> list[Price]:
    return list(offered_prices().filter(tier__is_listed=True))


def _morning(day: object) -> datetime | None:
    """Eight o'clock of a day to come, by the site's clock; None: as soon as it is paid."""
    today = timezone.localdate()
    if not isinstance(day, type(today)) or day <= today:
        return None
    return timezone.make_aware(datetime.combine(day, time(8)))


@never_cache
@same_origin_post
@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def redeem_gift(request: HttpRequest) -> HttpResponse:
    """The link of the gift's mail: says what it is; the button takes it.

    Whoever is signed in gets it. A visitor takes it for the address that it was sent to, and signs
    in with that address afterwards: the code signs nobody in.
    """
    code = (request.POST.get("code") or request.GET.get("code", ""))[:60]
    user = viewer(request)
    form = RedeemForm({"code": code} if code else None)
    found = taken = None
    if code:
        if hit(f"gift-code:{network_of(client_ip(request))}", limit=CODE_TRIES, per=HOUR):
            found, taken = actions.find_gift(code), actions.find_redeemed_gift(code)
            if found is None and taken is None:
                form.add_error("code", _("There is no such gift, or it was redeemed before."))
        else:
            form.add_error("code", _("Too many codes were tried. Try again in an hour."))
    if request.method == "POST" and found is not None:
        try:
            who = user or account_actions.get_or_create_user(email=found.recipient_email)[0]
            actions.redeem_gift(user=who, code=code)
        except actions.GiftRefused as error:
            form.add_error("code", str(error))
        else:
            if user is None:
                return redirect(f"{reverse('payments:redeem-gift')}?{urlencode({'code': code})}")
            messages.success(request, _("The gift is yours. Everything is open."))
            return redirect("payments:show-membership")
    context = {
        "form": form,
        "gift": found,
        "taken": taken,
        "giver": found.order.user.get_full_name() if found else "",
        "code": code,
        "reader": user,
        "sign_in": sign_in_url(reverse("payments:show-membership")),
        "sign_in_first": sign_in_url(request.get_full_path()),
    }
    status = 422 if code and not (found or taken) else 200
    return render(request, "payments/redeem.html", context, status=status)
