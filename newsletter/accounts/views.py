"""Signing in, and the account page."""

from __future__ import annotations

from typing import cast

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from newsletter.accounts import actions
from newsletter.accounts.actions import SignedIn, TooOftenError
from newsletter.accounts.enums import Refusal
from newsletter.accounts.forms import CodeForm, ProfileForm, SignInForm
from newsletter.accounts.models import User
from newsletter.accounts.queries import find_sign_in_link, find_sign_in_page, viewer
from newsletter.accounts.ratelimit import client_ip
from newsletter.lib.local_paths import local_path
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.lib.signing import BadToken, make_token, read_token
from newsletter.outbox.tasks import deliver_email

# The address of the page that waits for the code. It lets its holder try codes, nothing else.
PAGE_PURPOSE = "sign-in-page"


def safe_next(request: HttpRequest) -> str:
    """Where to go afterwards: a path on this site, or empty."""
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    return local_path(wanted)


@never_cache
@same_origin_post
@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for an address and mail it a code and a link. The answer is the same for every address.

    The page sets no cookie: what the browser must remember is in the next page's address.
    """
    next_path = safe_next(request)
    if viewer(request) is not None:
        return redirect(next_path or "accounts:show-account")
    form = SignInForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "next": next_path}
        return render(request, "account/sign_in.html", context, status=422 if form.errors else 200)
    try:
        sign_in_request, mail = actions.request_sign_in(
            address=form.cleaned_data["email"], ip=client_ip(request), next_path=next_path
        )
    except TooOftenError as error:
        return _too_often(request, error)
    deliver_email.delay_on_commit(mail.pk)
    return redirect("accounts:enter-code", make_token(PAGE_PURPOSE, sign_in_request.pk))


@never_cache
@same_origin_post
@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest, token: str) -> HttpResponse:
    """Take the code from the mail. Looking at the page uses nothing up."""
    try:
        found = find_sign_in_page(int(read_token(PAGE_PURPOSE, token)))
    except BadToken:
        found = None
    if found is None:
        return _dead(request)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            outcome = actions.redeem_code(
                request_id=found.pk, code=form.cleaned_data["code"], ip=client_ip(request)
            )
        except TooOftenError as error:
            return _too_often(request, error)
        if isinstance(outcome, SignedIn):
            return enter(request, outcome)
        if outcome is Refusal.DEAD:
            return _dead(request, found.next_path)
        form.add_error("code", _("That is not the code. Look at the latest mail from us."))
    context = {
        "form": form,
        "address": found.address,
        "next": found.next_path,
        "minutes": int(actions.CODE_LIFE.total_seconds() // 60),
    }
    return render(request, "account/enter_code.html", context, status=422 if form.errors else 200)


@never_cache
@same_origin_post
@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
def use_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the mail: a page with one button, which signs in.

    Mail scanners and previews open every link, so opening it changes nothing.
    """
    if request.method != "POST":
        found = find_sign_in_link(token)
        if found is None:
            return _dead(request)
        return render(request, "account/use_link.html", {"address": found.address})
    outcome = actions.redeem_link(token=token)
    return enter(request, outcome) if isinstance(outcome, SignedIn) else _dead(request)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def prove_again(request: HttpRequest) -> HttpResponse:
    """Mail a fresh code to whoever is signed in, for a page that asks for one; then back there."""
    user = cast(User, request.user)
    try:
        asked, mail = actions.request_sign_in(
            address=user.email, ip=client_ip(request), next_path=safe_next(request)
        )
    except TooOftenError as error:
        return _too_often(request, error)
    deliver_email.delay_on_commit(mail.pk)
    return redirect("accounts:enter-code", make_token(PAGE_PURPOSE, asked.pk))


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def show_account(request: HttpRequest) -> HttpResponse:
    """Name, time zone, newsletters, and the ways out."""
    user = cast(User, request.user)
    form = ProfileForm(
        request.POST or None, initial={"name": user.name, "time_zone": user.time_zone}
    )
    if request.method == "POST" and form.is_valid():
        actions.update_profile(actor=user, user=user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:show-account")
    return render(
        request, "account/account.html", {"form": form}, status=422 if form.errors else 200
    )


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD"])
def list_sessions(request: HttpRequest) -> HttpResponse:
    """Where the person is signed in."""
    sessions = UserSession.objects.purge_and_list(request.user)
    sessions.sort(key=lambda session: (not session.is_current(), -session.pk))
    return render(request, "account/sessions.html", {"sessions": sessions})


@opens_to(Opens.SIGNED_IN)
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out in every other browser, and with `everywhere` in this one too."""
    end_other_sessions(request, request.user)
    if "everywhere" in request.POST:
        logout(request)
        return redirect("/")
    messages.success(request, _("You are signed out everywhere but here."))
    return redirect("accounts:list-sessions")


def enter(request: HttpRequest, signed_in: SignedIn) -> HttpResponse:
    """Hand over to allauth: a second factor where the person has one, then a fresh session.

    The caller has seen the person come back from their mail by POST.
    """
    user = signed_in.user
    if request.user.is_authenticated and request.user != user:
        # allauth asks for no second factor in a session that belongs to somebody.
        logout(request)
    record_authentication(request, user, method="code", email=user.email)
    login = Login(user=user, redirect_url=signed_in.next_path or None, email=user.email)
    return cast(HttpResponse, perform_login(request, login))


def _dead(request: HttpRequest, next_path: str = "") -> HttpResponse:
    return render(request, "account/dead.html", {"next": next_path}, status=410)


def _too_often(request: HttpRequest, error: TooOftenError) -> HttpResponse:
    context = {"minutes": max(1, int(error.wait.total_seconds() // 60))}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(int(error.wait.total_seconds()))
    return response
