"""Getting into a course: by a button, or with an address that is confirmed by mail."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courses.actions import NotOpenError, enrol
from courses.actions.beginning import (
    ASKED,
    FREE,
    LINK,
    Begun,
    Wish,
    ask_to_begin,
    begin_course,
    letter_of,
    read_wish,
    write_wish,
)
from courses.addresses import course_path
from courses.forms import BeginForm
from courses.models import Course
from courses.queries import published
from courses.views.common import Moved, Visit, lead_on, visit_course
from newsletter.accounts.actions import SignedIn
from newsletter.accounts.queries import viewer
from newsletter.accounts.ratelimit import client_ip
from newsletter.accounts.views import enter
from newsletter.lib.local_paths import sign_in_url
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.lib.same_origin import same_origin_post
from newsletter.lib.signing import BadToken
from newsletter.outbox.tasks import deliver_email
from newsletter.payments.queries import has_paid
from newsletter.subscribers.address_policy import mask_address
from newsletter.subscribers.human_check import Verdict
from newsletter.subscribers.limits import may_ask

ASKED_PAGE_LASTS = timedelta(days=1)
AGAIN_AFTER = timedelta(seconds=60)


@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
@same_origin_post
@keep_page
def begin(request: HttpRequest, course: str) -> HttpResponse:
    """Come in: at once for whoever is signed in and may; with an address for everybody else.

    Sets no cookie for visitors: what is needed is in the next page's address.
    """
    try:
        visit = visit_course(request, course)
    except Moved as moved:
        return lead_on(moved)
    if visit.viewer is not None:
        return _come_in(request, visit)
    if visit.course.access not in FREE:
        return redirect(course_path(visit.course))
    if request.method != "POST":
        return _show_form(request, visit, BeginForm(course=visit.course))
    return _take_address(request, visit)


def _come_in(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The one button. Who may not come in sees on the course's page what it takes."""
    if request.method == "POST" and visit.room.may_enrol and visit.viewer is not None:
        zone = request.POST.get("time_zone", "")[:64]
        # It may have closed since it was asked for; its page says what is true now.
        with suppress(NotOpenError):
            enrol(user=visit.viewer, course=visit.course, time_zone=zone)
    return redirect(course_path(visit.course))


def _take_address(request: HttpRequest, visit: Visit) -> HttpResponse:
    data = request.POST.copy()
    if data.get("use"):
        # The answer to "did you mean…?" is a button that carries the address meant.
        data["email"] = str(data["use"])
    form = BeginForm(data, course=visit.course)
    if not form.is_valid():
        return _show_form(request, visit, form, status=422)
    verdict = form.verdict()
    if verdict is Verdict.HOLD:
        return _show_form(request, visit, form, notice="hold")
    ip = client_ip(request)
    if not may_ask(ip):
        return _show_form(request, visit, form, status=429, notice="too-many")
    answers = form.cleaned_data
    wish = _ask(
        visit.course,
        email=answers["email"],
        name=answers["name"],
        letter=form.agreed_to(),
        ip=ip,
        is_bot=verdict is Verdict.BOT,
    )
    return redirect(_asked_url(wish))


def _ask(
    course: Course, *, email: str, name: str, letter: str, ip: str, is_bot: bool = False
) -> Wish:
    """Ask, and have the mail sent. A program gets the same page and no mail."""
    if is_bot:
        now = int(timezone.now().timestamp())
        return Wish(course.pk, email, name, letter, ip, now, is_bot=True)
    wish, mail = ask_to_begin(course=course, email=email, name=name, letter=letter, ip=ip)
    if mail is not None:
        deliver_email.delay_on_commit(mail.pk)
    return wish


def _show_form(
    request: HttpRequest,
    visit: Visit,
    form: BeginForm,
    *,
    status: int = 200,
    notice: str = "",
) -> HttpResponse:
    context = {"course": visit.course, "form": form, "notice": notice}
    return render(request, "courses/begin.html", context, status=status)


def _asked_url(wish: Wish) -> str:
    return reverse("courses:show-asked", args=[write_wish(ASKED, wish)])


@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@same_origin_post
def show_asked(request: HttpRequest, token: str) -> HttpResponse:
    """What happens next; POST sends the mail once more."""
    try:
        wish = read_wish(ASKED, token)
    except BadToken:
        return redirect("courses:list-courses")
    course = _course_of(wish)
    if course is None or timezone.now() - wish.asked > ASKED_PAGE_LASTS:
        return redirect("courses:list-courses")
    context = {
        "course": course,
        "address": wish.address,
        "sender": settings.DEFAULT_FROM_EMAIL,
        "again": "again" in request.GET,
    }
    if request.method != "POST":
        return render(request, "courses/asked.html", context)
    if timezone.now() - wish.asked < AGAIN_AFTER:
        return render(request, "courses/asked.html", {**context, "too_soon": True})
    ip = client_ip(request)
    if not may_ask(ip):
        return render(request, "courses/asked.html", {**context, "too_many": True}, status=429)
    try:
        fresh = _ask(
            course,
            email=wish.address,
            name=wish.name,
            letter=wish.letter,
            ip=ip,
            is_bot=wish.is_bot,
        )
    except NotOpenError:
        return redirect(course_path(course))
    return redirect(f"{_asked_url(fresh)}?again")


@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@same_origin_post
def confirm_beginning(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the mail: a page with one button. Only the button changes anything."""
    try:
        wish = read_wish(LINK, token)
    except BadToken:
        return render(request, "courses/link_dead.html", status=404)
    course = _course_of(wish)
    if course is None or wish.is_over:
        return render(request, "courses/link_dead.html", {"course": course}, status=410)
    context = {
        "course": course,
        "masked": mask_address(wish.address),
        "letter": letter_of(course, wish),
    }
    if request.method != "POST":
        return render(request, "courses/confirm.html", context)
    zone = request.POST.get("time_zone", "")[:64]
    try:
        begun = begin_course(course=course, wish=wish, ip=client_ip(request), time_zone=zone)
    except NotOpenError:
        return render(request, "courses/link_dead.html", {"course": course}, status=410)
    if _may_enter(request, begun):
        return enter(request, SignedIn(begun.user, course_path(course)))
    reader = viewer(request)
    if reader is not None and reader.pk == begun.user.pk:
        return redirect(course_path(course))
    context |= {"begun": begun, "sign_in": sign_in_url(course_path(course))}
    return render(request, "courses/confirm.html", context)


def _may_enter(request: HttpRequest, begun: Begun) -> bool:
    """Whether confirming signs in, too.

    Only somebody new, who has nothing yet that a link in a forwarded mail could open, and never
    staff. Everybody else signs in by a code of their own.
    """
    user = begun.user
    return (
        begun.is_first_proof
        and user.is_active
        and not user.is_staff
        and viewer(request) is None
        and not has_paid(user)
    )


def _course_of(wish: Wish) -> Course | None:
    return published().select_related("newsletter").filter(pk=wish.course_id).first()
