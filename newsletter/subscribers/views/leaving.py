"""Unsubscribe: the mail program's one click, and the page for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter.accounts.ratelimit import client_ip
from newsletter.lib.one_click import is_from_our_page
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.lib.signing import BadToken, make_dated_token, read_dated_token, read_token
from newsletter.subscribers import actions
from newsletter.subscribers.address_policy import mask_address
from newsletter.subscribers.enums import ConsentSource, SubscriptionState
from newsletter.subscribers.forms import UnsubscribeForm
from newsletter.subscribers.models import Subscription

UNDO = "undo-unsubscribe"
UNDO_WITHIN = timedelta(minutes=30)


@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> HttpResponseBase:
    """Leave one newsletter.

    RFC 8058: a POST from anywhere, without cookie, token or redirect, in either content type, is
    the act itself; mail providers send it when their user presses "unsubscribe". It is answered
    200 however often it comes, also for a subscription that is gone. GET never changes anything.
    """
    try:
        pk = read_token("unsubscribe", token)
    except BadToken:
        return render(request, "subscribers/link_broken.html", {"leaving": True}, status=404)
    subscription = Subscription.objects.select_related("newsletter", "user").filter(pk=pk).first()
    if subscription is not None and subscription.user.is_erased:
        subscription = None
    if request.method == "POST":
        if not is_from_our_page(request):
            return _one_click(request, subscription)
        return _leave(request, token, subscription)
    if subscription is None:
        return render(request, "subscribers/unsubscribe_gone.html", status=410)
    return render(request, "subscribers/unsubscribe.html", _context(token, subscription))


@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["POST"])
@never_cache
@same_origin_post
def undo_unsubscribe(request: HttpRequest, token: str) -> HttpResponseBase:
    """Take back what this very browser has just done; a forwarded mail cannot (M19)."""
    try:
        pk, moment = read_dated_token(UNDO, token, UNDO_WITHIN).split(" ")
    except BadToken:
        return render(request, "subscribers/undo_too_late.html", status=410)
    subscription = Subscription.objects.select_related("newsletter").filter(pk=pk).first()
    if subscription is None or not actions.take_back_unsubscribe(
        subscription=subscription,
        unsubscribed_at=datetime.fromtimestamp(int(moment) / 1_000_000, UTC),
        ip=client_ip(request) or None,
    ):
        return render(request, "subscribers/undo_too_late.html", status=410)
    return render(request, "subscribers/undone.html", {"newsletter": subscription.newsletter})


def _one_click(request: HttpRequest, subscription: Subscription | None) -> HttpResponse:
    if subscription is not None:
        actions.unsubscribe(
            subscription=subscription,
            source=ConsentSource.ONE_CLICK,
            ip=client_ip(request) or None,
        )
    return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")


def _leave(request: HttpRequest, token: str, subscription: Subscription | None) -> HttpResponseBase:
    if subscription is None:
        return render(request, "subscribers/unsubscribe_gone.html")
    form = UnsubscribeForm(request.POST)
    # Nobody is kept because of what they wrote: without a readable reason they leave without one.
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    everything = request.POST.get("scope") == "all"
    ip = client_ip(request) or None
    was_active = subscription.state == SubscriptionState.ACTIVE
    moment = actions.unsubscribe(subscription=subscription, reason=reason, ip=ip)
    if everything:
        actions.unsubscribe_from_all(user=subscription.user, reason=reason, ip=ip)
    context = _context(token, subscription)
    context |= {"left": True, "everything": everything, "undo": ""}
    if moment and was_active:
        value = f"{subscription.pk} {round(moment.timestamp() * 1_000_000)}"
        context["undo"] = make_dated_token(UNDO, value)
    return render(request, "subscribers/unsubscribe.html", context)


def _context(token: str, subscription: Subscription) -> dict[str, object]:
    """No more than the mail itself told its reader: no name, no other newsletter (M19)."""
    return {
        "token": token,
        "newsletter": subscription.newsletter,
        "masked": mask_address(subscription.user.email),
        "form": UnsubscribeForm(),
        "left": subscription.state == SubscriptionState.UNSUBSCRIBED,
        "left_at": subscription.unsubscribed_at,
    }
