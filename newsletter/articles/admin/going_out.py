"""Publish, schedule, send, take back: a page that says what will happen, and one press."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.actions import (
    IllegalMove,
    archive_article,
    publish_article,
    request_send,
    schedule_article,
    unpublish_article,
)
from newsletter.articles.admin.desk import find_article
from newsletter.articles.enums import ArticleState, MailAudience, SendChoice
from newsletter.articles.forms import GoOutForm, ScheduleForm
from newsletter.articles.models import Article
from newsletter.articles.reach import count_reached

if TYPE_CHECKING:
    from newsletter.articles.admin.articles import ArticleAdmin


def _find_to_change(model_admin: ArticleAdmin, request: HttpRequest, pk: object) -> Article:
    article = find_article(model_admin, request, pk)
    if not model_admin.may_publish(request):
        raise PermissionDenied
    return article


def _actor(request: HttpRequest) -> User:
    return cast(User, request.user)


def publish(model_admin: ArticleAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """Say who gets it and where it appears; then, on one press, do it."""
    article = _find_to_change(model_admin, request, pk)
    article.mail_audience = _audience_asked(request, article)
    form = GoOutForm(request.POST or None)
    problem = ""
    if request.method == "POST" and form.is_valid():
        problem = _changed_since(article, form)
        if not problem:
            try:
                return _publish(request, article, form)
            except (IllegalMove, ValidationError) as error:
                problem = _reason(error)
    return _show(model_admin, request, article, "publish", form=form, problem=problem)


def _publish(request: HttpRequest, article: Article, form: Form) -> HttpResponse:
    send, audience = form.cleaned_data["send"], form.cleaned_data["audience"]
    if article.state == ArticleState.PUBLISHED:
        # The page was opened before it was out: "Publish only", pressed twice, sends nothing.
        if send != SendChoice.YES:
            raise IllegalMove(article, ArticleState.PUBLISHED)
        request_send(actor=_actor(request), article=article, audience=audience)
        said = _("Asked for: the mail starts within seconds.")
        if article.mailings.exists():
            said = _("Asked for: it goes to those who have not had it yet, within seconds.")
        messages.success(request, said)
        return _to_desk(article)
    publish_article(actor=_actor(request), article=article, send=send, audience=audience)
    outcome = {
        SendChoice.NO: _("Published. It is on the site now."),
        SendChoice.YES: _("Published. The mail starts within seconds."),
        SendChoice.ONLY: _("The mail starts within seconds. Nothing appears on the site."),
    }
    messages.success(request, outcome[SendChoice(send)])
    return _to_desk(article)


def schedule(model_admin: ArticleAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """Choose a day and time in one's own zone."""
    article = _find_to_change(model_admin, request, pk)
    initial: dict[str, Any] = {
        "version": article.version,
        "send": article.send_choice,
        "audience": article.mail_audience,
    }
    if article.state == ArticleState.SCHEDULED and article.published_at:
        local = timezone.localtime(article.published_at)
        initial |= {"day": local.date(), "time": local.time()}
    form = ScheduleForm(request.POST or None, initial=initial)
    problem = ""
    if request.method == "POST" and form.is_valid():
        problem = _changed_since(article, form)
        if not problem:
            try:
                schedule_article(
                    actor=_actor(request),
                    article=article,
                    at=form.cleaned_data["at"],
                    send=form.cleaned_data["send"],
                    audience=form.cleaned_data["audience"],
                )
            except (IllegalMove, ValidationError) as error:
                problem = _reason(error)
            else:
                messages.success(request, _("It goes out by itself at that time."))
                return _to_desk(article)
    return _show(model_admin, request, article, "schedule", form=form, problem=problem)


def unpublish(model_admin: ArticleAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """Make it a draft again."""
    article = _find_to_change(model_admin, request, pk)
    return _ask_once(model_admin, request, article, "unpublish")


def archive(model_admin: ArticleAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """Put it away."""
    article = _find_to_change(model_admin, request, pk)
    return _ask_once(model_admin, request, article, "archive")


def _ask_once(
    model_admin: ArticleAdmin, request: HttpRequest, article: Article, what: str
) -> HttpResponse:
    act = {"unpublish": unpublish_article, "archive": archive_article}[what]
    problem = ""
    if request.method == "POST":
        try:
            act(actor=_actor(request), article=article)
        except IllegalMove as error:
            problem = _reason(error)
        else:
            done = {"unpublish": _("It is a draft again."), "archive": _("Archived.")}
            messages.success(request, done[what])
            return _to_desk(article)
    return _show(model_admin, request, article, what, problem=problem)


def _to_desk(article: Article) -> HttpResponse:
    return redirect("admin:newsletter_article_change", article.pk)


def _audience_asked(request: HttpRequest, article: Article) -> str:
    asked = request.POST.get("audience") or request.GET.get("audience", "")
    return asked if asked in MailAudience.values else article.mail_audience


def _changed_since(article: Article, form: Form) -> str:
    """The number on the button was true of the version that was looked at, and of no other."""
    if form.cleaned_data["version"] == article.version:
        return ""
    return _("Somebody saved the article after you opened this page. Look at it once more.")


def _reason(error: IllegalMove | ValidationError) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    state = error.article.get_state_display()
    return _("That is not possible any more: it is “%(state)s” now.") % {"state": state}


def _show(
    model_admin: ArticleAdmin,
    request: HttpRequest,
    article: Article,
    what: str,
    *,
    form: Form | None = None,
    problem: str = "",
) -> HttpResponse:
    titles = {
        "publish": _("Send") if article.state == ArticleState.PUBLISHED else _("Publish"),
        "schedule": _("Schedule"),
        "unpublish": _("Make it a draft again"),
        "archive": _("Archive"),
    }
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": titles[what],
        "article": article,
        "form": form,
        "problem": problem,
        "zone": timezone.get_current_timezone_name(),
        "now": timezone.now(),
    }
    if what in {"publish", "schedule"}:
        context |= _facts(article)
    status = 409 if problem else 200
    return TemplateResponse(request, f"articles/admin/{what}.html", context, status=status)


def _facts(article: Article) -> dict[str, Any]:
    """Whom a mail would reach, in each audience, and what it would say."""
    audiences = []
    if article.newsletter and not article.newsletter.is_archived:
        chosen = article.mail_audience
        for value, label in MailAudience.choices:
            article.mail_audience = value
            audiences.append((value, label, count_reached(article)))
        article.mail_audience = chosen
    return {
        "audiences": audiences,
        "count": next((n for value, _l, n in audiences if value == article.mail_audience), 0),
        "subject": article.mail_subject or article.title,
        # Mailings lie above; the rows are there all the same, and only their number is read.
        "sent_before": article.mailings.count(),
    }
