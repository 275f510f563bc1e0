"""Subscribe: ask, see what happens next, confirm."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter.accounts.actions import SignedIn
from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer
from newsletter.accounts.ratelimit import client_ip
from newsletter.accounts.views import enter
from newsletter.lib.local_paths import sign_in_url
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.lib.same_origin import host_in, same_origin_post
from newsletter.lib.signing import BadToken, make_dated_token, read_dated_token
from newsletter.subscribers import actions
from newsletter.subscribers.actions.subscribing import CONFIRM_WITHIN
from newsletter.subscribers.address_policy import mask_address
from newsletter.subscribers.enums import ConsentSource, SubscriptionState
from newsletter.subscribers.forms import CONSENT_WORDS, SubscribeForm
from newsletter.subscribers.human_check import Verdict
from newsletter.subscribers.limits import may_ask
from newsletter.subscribers.models import Newsletter, Subscription, SubscriptionRequest
from newsletter.subscribers.queries import open_newsletters
from newsletter.subscribers.tasks import answer_subscription_request

SENT = "subscription-sent"
SENT_PAGE_LASTS = timedelta(days=1)
RESEND_AFTER = timedelta(seconds=60)
# A signature does not age; this only says that the link was once ours.
EVER = timedelta(days=36_500)


@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
@same_origin_post
@keep_page
def subscribe(request: HttpRequest) -> HttpResponseBase:
    """The page with all newsletters, and where the box on every other page posts to."""
    if request.method != "POST":
        return _show_form(request, SubscribeForm(initial={"next": request.GET.get("next", "")}))
    return _take_form(request, _form_of(request.POST), ConsentSource.FORM)


@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})  # type: ignore[arg-type]  # knows views without kwargs
@csrf_exempt
def embed(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A form for other sites: to be framed (GET), or posted to by their own HTML.

    It takes POSTs from anywhere on purpose: all that one can do is to have a confirmation sent.
    It looks at no cookie.
    """
    newsletter = get_object_or_404(open_newsletters(), slug=slug)
    framed = bool(request.POST.get("framed")) or request.method != "POST"
    if request.method != "POST":
        form = SubscribeForm(initial={"newsletters": [newsletter.slug]})
        return _show_form(request, form, framed=newsletter)
    data = _with_choice(request.POST)
    data["newsletters"] = newsletter.slug
    frame = newsletter if framed else None
    return _take_form(request, SubscribeForm(data), ConsentSource.EMBED, frame)


@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@same_origin_post
def sent(request: HttpRequest, token: str) -> HttpResponseBase:
    """What happens next; POST sends the mail once more."""
    try:
        pk = read_dated_token(SENT, token, SENT_PAGE_LASTS)
    except BadToken:
        return redirect("subscribers:subscribe")
    asked = SubscriptionRequest.objects.filter(pk=pk).first()
    if asked is None:
        return redirect("subscribers:subscribe")
    context = {
        "asked": asked,
        "sender": settings.DEFAULT_FROM_EMAIL,
        "again": "again" in request.GET,
    }
    if request.method != "POST":
        return render(request, "subscribers/sent.html", context)
    if timezone.now() - asked.created_at < RESEND_AFTER:
        return render(request, "subscribers/sent.html", {**context, "too_soon": True})
    ip = client_ip(request)
    if not may_ask(ip):
        return render(request, "subscribers/sent.html", {**context, "too_many": True}, status=429)
    fresh = actions.request_again(request=asked, ip=ip or None)
    answer_subscription_request.delay_on_commit(fresh.pk)
    return redirect(f"{_sent_url(fresh)}?again")


@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@same_origin_post
def confirm(request: HttpRequest, token: str) -> HttpResponseBase:
    """The link in the mail: a page with one button. Only the button changes anything (M15)."""
    try:
        pk = read_dated_token("confirm-subscription", token, EVER)
    except BadToken:
        return render(request, "subscribers/link_broken.html", status=404)
    asked = SubscriptionRequest.objects.select_related("user").filter(pk=pk).first()
    if asked is None:
        return render(request, "subscribers/link_broken.html", status=410)
    if timezone.now() - asked.created_at > CONFIRM_WITHIN and asked.confirmed_at is None:
        return _renew(request, asked)
    outcome = None
    if request.method == "POST":
        outcome = actions.confirm_request(request=asked, ip=client_ip(request) or None)
        asked.refresh_from_db()
        if _may_enter(request, asked, outcome):
            return enter(request, SignedIn(cast(User, asked.user), request.path))
    context = _confirm_context(asked, outcome) | _way_back(request, asked)
    return render(request, "subscribers/confirm.html", context)


def _may_enter(
    request: HttpRequest, asked: SubscriptionRequest, outcome: actions.Confirmation
) -> bool:
    """Whether confirming signs in, too: for those who were promised to read on.

    Only somebody new, who has nothing yet that a link in a forwarded mail could open, and never
    staff. Everybody else signs in by a code of their own.
    """
    user = asked.user
    return (
        bool(asked.back_to)
        and outcome.is_first_proof
        and bool(outcome.joined)
        and user is not None
        and user.is_active
        and not user.is_staff
        and viewer(request) is None
    )


def _way_back(request: HttpRequest, asked: SubscriptionRequest) -> dict[str, object]:
    """Where they were reading; whoever is not signed in comes there by signing in."""
    if not asked.back_to:
        return {}
    reader = viewer(request)
    is_in = reader is not None and reader.pk == asked.user_id
    return {
        "way_back": asked.back_to if is_in else sign_in_url(asked.back_to),
        "is_signed_in": is_in,
    }


def _confirm_context(
    asked: SubscriptionRequest, outcome: actions.Confirmation | None
) -> dict[str, object]:
    wanted = list(Newsletter.objects.filter(pk__in=asked.newsletter_ids))
    newsletters = [row for row in wanted if not row.is_archived]
    active = Subscription.objects.filter(
        user=asked.user, newsletter__in=wanted, state=SubscriptionState.ACTIVE
    ).values_list("newsletter_id", flat=True)
    joined = [row for row in wanted if row.pk in set(active)]
    return {
        "newsletters": newsletters,
        "is_closed": not newsletters and not joined,
        "joined": joined,
        "senders": {row.sender_address for row in joined},
        "masked": mask_address(asked.address),
        "done": asked.confirmed_at is not None,
        "outcome": outcome,
    }


def _renew(request: HttpRequest, asked: SubscriptionRequest) -> HttpResponseBase:
    """A link that ran out: one button sends a new one to the same address."""
    context = {"masked": mask_address(asked.address), "days": CONFIRM_WITHIN.days}
    if request.method != "POST":
        return render(request, "subscribers/link_expired.html", context, status=410)
    ip = client_ip(request)
    if not may_ask(ip):
        return render(
            request, "subscribers/link_expired.html", {**context, "too_many": True}, status=429
        )
    fresh = actions.request_again(request=asked, ip=ip or None)
    answer_subscription_request.delay_on_commit(fresh.pk)
    # Not the page that shows the address in full: a link can be forwarded.
    return render(request, "subscribers/link_expired.html", {**context, "renewed": True})


def _form_of(post: QueryDict) -> SubscribeForm:
    return SubscribeForm(_with_choice(post))


def _with_choice(post: QueryDict) -> QueryDict:
    """The answer to "did you mean…?" is a button that carries the address meant."""
    data = post.copy()
    if data.get("use"):
        data["email"] = str(data["use"])
    return data


def _show_form(
    request: HttpRequest,
    form: SubscribeForm,
    framed: Newsletter | None = None,
    *,
    status: int = 200,
    notice: str = "",
) -> HttpResponse:
    template = "subscribers/embed.html" if framed else "subscribers/subscribe.html"
    context = {
        "form": form,
        "framed": framed,
        "notice": notice,
        "consent_words": CONSENT_WORDS,
        "is_closed": not form.choices,
    }
    return render(request, template, context, status=status)


def _take_form(
    request: HttpRequest,
    form: SubscribeForm,
    source: ConsentSource,
    framed: Newsletter | None = None,
) -> HttpResponseBase:
    if not form.is_valid():
        return _show_form(request, form, framed, status=422)
    verdict = form.verdict()
    # Plain HTML on another site can hold no signed time; the rate limits stand alone there.
    is_timed = source == ConsentSource.FORM or framed is not None
    if verdict is Verdict.HOLD and is_timed:
        return _show_form(request, form, framed, notice="hold")
    ip = client_ip(request)
    if not may_ask(ip):
        return _show_form(request, form, framed, status=429, notice="too-many")
    asked = actions.request_subscription(
        email=form.cleaned_data["email"],
        newsletters=form.cleaned_data["newsletters"],
        source=source,
        detail=_describe(request, form, source),
        ip=ip or None,
        name=form.cleaned_data["name"],
        back_to=form.cleaned_data["next"],
        is_bot=verdict is Verdict.BOT,
    )
    answer_subscription_request.delay_on_commit(asked.pk)
    if framed:
        context = {"asked": asked, "framed": framed, "sender": settings.DEFAULT_FROM_EMAIL}
        return render(request, "subscribers/embed.html", context)
    return redirect(_sent_url(asked))


def _describe(request: HttpRequest, form: SubscribeForm, source: ConsentSource) -> str:
    """Where they agreed, and to which words."""
    place = form.cleaned_data["page"] or request.path
    if source == ConsentSource.EMBED:
        origin = request.headers.get("Origin") or request.headers.get("Referer") or ""
        place = host_in(origin) or place
    return f"{place}: “{CONSENT_WORDS}”"


def _sent_url(asked: SubscriptionRequest) -> str:
    return reverse("subscribers:sent", args=[make_dated_token(SENT, asked.pk)])
