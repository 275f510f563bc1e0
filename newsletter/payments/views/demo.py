"""The demo's payment pages: what Stripe's own would be, with a button for every outcome.

They exist only while our stand-in answers for Stripe (DEBUG, no key); else every one is a 404.
What happens on them goes to the site as signed events, through the same door as Stripe's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.payments import tasks
from newsletter.payments.actions import receive_event
from newsletter.payments.actions.buying import SUCCESS_PATH
from newsletter.payments.gateway import is_demo
from newsletter.payments.money import show_amount

if TYPE_CHECKING:
    from newsletter.payments.fake import FakeStripe

View = Callable[..., HttpResponse]
_REASONS = {
    "declined": gettext_lazy("The card was declined. Nothing was charged; try another one."),
    "needs_authentication": gettext_lazy(
        "The bank asked who you are, and you did not answer. Nothing was charged."
    ),
}
Outcome = Literal["paid", "declined", "needs_authentication", "delayed"]
OUTCOMES: dict[str, Outcome] = {
    "paid": "paid",
    "declined": "declined",
    "needs_authentication": "needs_authentication",
    "delayed": "delayed",
}


def demo_only(view: View) -> View:
    """Answer 404 wherever money is real."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_demo():
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def _fake() -> FakeStripe:
    # The stand-in is no part of a production site: load it only where it answers.
    from newsletter.payments.fake import get_fake

    return get_fake()


def _read(kind: str, object_id: str) -> dict[str, Any]:
    try:
        found = _fake().read(object_id)
    except LookupError:
        raise Http404 from None
    if found["object"] != kind:
        raise Http404
    return found


def deliver_events() -> None:
    """Hand the stand-in's events to the site, as its webhook does with Stripe's."""
    _fake().deliver(_take)


def _take(payload: bytes, header: str) -> None:
    event = receive_event(payload, header)
    if event is not None:
        tasks.handle_event.delay_on_commit(event.pk)


@never_cache
@same_origin_post
@opens_to(Opens.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
@demo_only
def pay(request: HttpRequest, session_id: str) -> HttpResponse:
    """The payment page itself."""
    from newsletter.payments.fake import Refusal

    session, error = _read("checkout.session", session_id), ""
    if request.method == "POST":
        outcome = OUTCOMES.get(request.POST.get("outcome", ""))
        if outcome is None:
            raise Http404
        try:
            session = _fake().complete_checkout(session_id, outcome)
        except Refusal as refusal:
            error = str(refusal)
        deliver_events()
        if session["status"] == "complete":
            return _onward(session)
        error = error or str(_REASONS.get(outcome, ""))
    if session["status"] == "complete":
        return _onward(session)
    context = {
        "session": session,
        "lines": _lines(session),
        "error": error,
        "total": show_amount(session["amount_total"], session["currency"]),
        "off": _off(session),
        "is_free": session["amount_total"] == 0,
        "is_open": session["status"] == "open",
    }
    return render(request, "payments/demo/pay.html", context, status=422 if error else 200)


def _off(session: dict[str, Any]) -> str:
    off = session["total_details"]["amount_discount"]
    return show_amount(off, session["currency"]) if off else ""


def _lines(session: dict[str, Any]) -> list[dict[str, Any]]:
    said = {"month": _("every month"), "year": _("every year")}
    return [
        {
            **line,
            "price": show_amount(line["amount"], session["currency"]),
            "rhythm": said.get(line["interval"], ""),
        }
        for line in _fake().lines_of(session["id"])
    ]


def _onward(session: dict[str, Any]) -> HttpResponseRedirect:
    return HttpResponseRedirect(SUCCESS_PATH.format(CHECKOUT_SESSION_ID=session["id"]))


@never_cache
@same_origin_post
@opens_to(Opens.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
@demo_only
def portal(request: HttpRequest, session_id: str) -> HttpResponse:
    """Stripe's billing portal: the card, and the bills."""
    found = _read("billing_portal.session", session_id)
    customer_id = found["customer"]
    if request.method == "POST":
        card = request.POST.get("card")
        if card not in {"works", "declines", "needs_authentication"}:
            raise Http404
        _fake().set_card(customer_id, card)
        deliver_events()
        messages.success(request, _("From now on the card does that."))
        return redirect("payments:demo-portal", session_id)
    bills = [
        {**bill, "says": show_amount(bill["total"], bill["currency"])}
        for bill in _fake().all("invoice", customer=customer_id)
    ]
    context = {"bills": bills, "back": found["return_url"]}
    return render(request, "payments/demo/portal.html", context)


@never_cache
@same_origin_post
@opens_to(Opens.DEVELOPER)
@require_http_methods(["GET", "HEAD", "POST"])
@demo_only
def invoice(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """A bill, with a button that pays it if it is open."""
    bill = _read("invoice", invoice_id)
    if request.method == "POST" and bill["status"] == "open":
        bill = _fake().pay_invoice(invoice_id)
        deliver_events()
        return redirect(reverse("payments:show-membership"))
    context = {"bill": bill, "says": show_amount(bill["total"], bill["currency"])}
    return render(request, "payments/demo/invoice.html", context)


@never_cache
@opens_to(Opens.DEVELOPER)
@require_safe
@demo_only
def receipt(request: HttpRequest, charge_id: str) -> HttpResponse:
    """What Stripe shows for a payment."""
    charge = _read("charge", charge_id)
    context = {"charge": charge, "says": show_amount(charge["amount"], charge["currency"])}
    return render(request, "payments/demo/receipt.html", context)


@never_cache
@same_origin_post
@opens_to(Opens.DEVELOPER)
@require_POST
@demo_only
def settle(request: HttpRequest, session_id: str) -> HttpResponse:
    """A payment that takes days comes in, or fails. Nothing where none is under way any more."""
    from newsletter.payments.fake import Refusal

    _read("checkout.session", session_id)
    with suppress(Refusal):
        _fake().settle_delayed(session_id, paid=request.POST.get("outcome") != "failed")
    deliver_events()
    return HttpResponseRedirect(SUCCESS_PATH.format(CHECKOUT_SESSION_ID=session_id))
