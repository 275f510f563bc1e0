"""Sending: a test to oneself, and the page that says to how many before anything goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.lib.moments import with_moment
from newsletter.mailings.actions import IllegalMove, NoNewsletter, start_mailing
from newsletter.mailings.actions.lifecycle import newsletter_for, unsaved_mailing
from newsletter.mailings.admin import desk
from newsletter.mailings.forms import StartForm
from newsletter.mailings.models import Mailing
from newsletter.mailings.preflight import Level
from newsletter.mailings.reach import count_people
from newsletter.mailings.rendering import preflight
from newsletter.mailings.tasks import start_due_mailings

if TYPE_CHECKING:
    from newsletter.mailings.admin.mailings import MailingAdmin


def start(model_admin: MailingAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """Say what would go out, to how many, and what is wrong with it; then, on one press, do it."""
    mailing = desk.find_to_change(model_admin, request, pk)
    form = StartForm(request.POST or None, is_later=request.POST.get("when") == "later")
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            return _start(request, mailing, form)
        except IllegalMove as error:
            problem = str(error)
    return _show(model_admin, request, mailing, form, problem)


def _start(request: HttpRequest, mailing: Mailing, form: StartForm) -> HttpResponse:
    at = form.cleaned_data["at"]
    start_mailing(actor=cast(User, request.user), mailing=mailing, at=at)
    if at is None:
        start_due_mailings.delay_on_commit()
        messages.success(request, _("It starts within seconds."))
    else:
        messages.success(request, with_moment(_("It goes out by itself on %(when)s."), at))
    return redirect("admin:newsletter_mailing_change", mailing.pk)


def _show(
    model_admin: MailingAdmin,
    request: HttpRequest,
    mailing: Mailing,
    form: StartForm,
    problem: str,
) -> HttpResponse:
    findings = preflight(mailing, ask_dns=request.method == "GET")
    people = mailing.audience_count if mailing.prepared_at else count_people(mailing)
    context = {
        **desk.base_context(model_admin, request, mailing),
        "title": _("Send"),
        "form": form,
        "problem": problem,
        "people": people,
        "errors": [finding for finding in findings if finding.level is Level.ERROR],
        "warnings": [finding for finding in findings if finding.level is Level.WARNING],
        "zone": timezone.get_current_timezone_name(),
        "now": timezone.now(),
    }
    status = 409 if problem else 422 if form.errors else 200
    return TemplateResponse(request, "mailings/admin/send.html", context, status=status)


def test_mailing(model_admin: MailingAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """Send the mail of a mailing to whoever asks."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    mailing = desk.find_to_change(model_admin, request, pk)
    desk.send_test_to_self(request, mailing)
    return redirect("admin:newsletter_mailing_change", mailing.pk)


def test_article(model_admin: MailingAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Send the mail of an article to whoever asks."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not model_admin.has_change_permission(request):
        raise PermissionDenied
    article = get_object_or_404(
        Article.objects.select_related("newsletter", "author", "cover"), pk=pk
    )
    try:
        desk.send_test_to_self(request, unsaved_mailing(article, newsletter_for(article)))
    except NoNewsletter:
        messages.error(request, _("There is no newsletter yet that it could be sent to."))
    return redirect("admin:newsletter_article_change", article.pk)
