"""The desk: one article opened, saved by hand and by itself, and what two authors did at once."""

from __future__ import annotations

from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.actions import (
    KEPT_FIELDS,
    IllegalMove,
    StaleArticle,
    find_or_create_tags,
    keep_revision,
    restore_revision,
    save_article,
)
from newsletter.articles.diff import compare
from newsletter.articles.enums import ArticleState
from newsletter.articles.forms import ArticleForm
from newsletter.articles.models import Article, Tag
from newsletter.lib.desk_words import desk_words
from newsletter.lib.moments import IN_FULL, with_moment
from newsletter.lib.prose import desk_media
from newsletter.subscribers.queries import open_newsletters

if TYPE_CHECKING:
    from newsletter.articles.admin.articles import ArticleAdmin


def find_article(model_admin: ArticleAdmin, request: HttpRequest, pk: object) -> Article:
    """The article, if this person may see it. Raises Http404 and PermissionDenied."""
    article = (
        Article.objects.select_related("author", "cover", "newsletter")
        .filter(pk=_as_pk(pk))
        .first()
    )
    if article is None:
        raise Http404
    if not model_admin.has_view_or_change_permission(request, article):
        raise PermissionDenied
    return article


def _as_pk(pk: object) -> int:
    try:
        return int(str(pk))
    except ValueError as error:
        raise Http404 from error


def new_article(request: HttpRequest) -> Article:
    """An unsaved draft of the person who asks, for the first of the newsletters."""
    first = open_newsletters().first()
    return Article(author=request.user, state=ArticleState.DRAFT, newsletter=first)  # type: ignore[misc]


def edit_article(
    model_admin: ArticleAdmin, request: HttpRequest, pk: object | None
) -> HttpResponse:
    """Show the desk, or save what was typed and go where the pressed button leads."""
    article = new_article(request) if pk is None else find_article(model_admin, request, pk)
    may_change = (
        model_admin.has_add_permission(request)
        if pk is None
        else model_admin.has_change_permission(request, article)
    )
    if pk is None and not may_change:
        raise PermissionDenied
    if request.method != "POST":
        form = ArticleForm(instance=article)
        return _show(model_admin, request, form, may_change=may_change)
    if not may_change:
        raise PermissionDenied
    form = ArticleForm(request.POST, instance=article)
    if not form.is_valid():
        return _show(model_admin, request, form, may_change=True, status=422)
    if "_go_on" in request.POST:
        return _show(model_admin, request, form, may_change=True)
    try:
        if "_keep_theirs" in request.POST and pk is not None:
            return _keep_theirs(request, form)
        saved = store(request, form)
    except StaleArticle as stale:
        return show_conflict(model_admin, request, form, stale)
    except ValidationError as error:
        form.add_error(None, error)
        return _show(model_admin, request, form, may_change=True, status=422)
    return _go_on(request, saved)


def store(request: HttpRequest, form: ArticleForm, *, is_autosave: bool = False) -> Article:
    """Hand a valid form to the action. Raises StaleArticle where someone was faster."""
    actor = cast(User, request.user)
    # What is refused leaves no new tags behind.
    with transaction.atomic():
        return save_article(
            actor=actor,
            article=form.instance,
            expected_version=form.cleaned_data["version"],
            tags=find_or_create_tags(actor=actor, names=form.cleaned_data["tag_names"]),
            tiers=form.cleaned_data["tiers"],
            autosave=is_autosave,
        )


def _keep_theirs(request: HttpRequest, form: ArticleForm) -> HttpResponse:
    """Store mine and bring theirs back on top, in one step: readers never see mine.

    Raises what `store` raises.
    """
    theirs = form.instance.history.order_by("-history_id").first()
    # No revision brings these back, so mine are not stored.
    stored = Article.objects.select_related("author", "cover").get(pk=form.instance.pk)
    for name in KEPT_FIELDS:
        setattr(form.instance, name, getattr(stored, name))
    with transaction.atomic():
        mine = store(request, form)
        restore_revision(
            actor=cast(User, request.user), article=mine, revision_id=theirs.history_id
        )
    messages.success(request, _("Their text stands. Yours is among the revisions."))
    return redirect("admin:newsletter_article_change", form.instance.pk)


def _go_on(request: HttpRequest, article: Article) -> HttpResponse:
    if "_publish" in request.POST:
        return redirect("admin:newsletter_article_publish", article.pk)
    if "_schedule" in request.POST:
        return redirect("admin:newsletter_article_schedule", article.pk)
    if article.state == ArticleState.PUBLISHED:
        messages.success(request, _("The page shows the new text."))
    return redirect("admin:newsletter_article_change", article.pk)


def _show(
    model_admin: ArticleAdmin,
    request: HttpRequest,
    form: ArticleForm,
    *,
    may_change: bool,
    status: int = 200,
) -> HttpResponse:
    article = form.instance
    if not may_change:
        for field in form.fields.values():
            field.disabled = True
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": article.title or _("New article"),
        "form": form,
        "article": article,
        "may_change": may_change,
        "may_publish": may_change and model_admin.may_publish(request),
        "state_line": state_line(article),
        "other_acts": _other_acts(article),
        "old_slugs": _old_slugs(article),
        "tag_names": Tag.objects.order_by("name").values_list("name", flat=True)[:500],
        "site_address": settings.SITE_URL.partition("//")[2],
        "site_host": settings.SITE_HOST,
        "autosave_url": _autosave_url(article),
        "desk_words": desk_words(),
        "desk_media": desk_media(request.csp_nonce),  # type: ignore[attr-defined]
    }
    template = "admin/newsletter/article/change_form.html"
    return TemplateResponse(request, template, context, status=status)


def state_line(article: Article) -> str:
    """Where it stands, in words: for the line beside the state."""
    if not article.pk:
        return _("Not saved yet")
    match article.state:
        case ArticleState.SCHEDULED if article.published_at:
            return _with(_("Goes out %(when)s"), article.published_at)
        case ArticleState.PUBLISHED if article.published_at:
            return _with(_("Public since %(when)s"), article.published_at)
        case ArticleState.ARCHIVED:
            return _("No longer on the site")
    return _with(_("Draft saved %(when)s"), article.updated_at)


def _with(words: str, when: datetime) -> SafeString:
    return with_moment(words, when, _shape_of(when))


def _shape_of(when: datetime) -> str:
    return "H:i" if timezone.localdate(when) == timezone.localdate() else IN_FULL


def _old_slugs(article: Article) -> list[str]:
    if not article.pk:
        return []
    return list(article.redirects.order_by("-created_at").values_list("old_slug", flat=True)[:5])


def _autosave_url(article: Article) -> str:
    if article.pk:
        return reverse("admin:newsletter_article_autosave", args=[article.pk])
    return reverse("admin:newsletter_article_autosave_new")


def _other_acts(article: Article) -> list[dict[str, Any]]:
    """What else may be done with it, each on a page of its own that asks once."""
    if not article.pk:
        return []
    acts = [
        ("unpublish", _("Take off the site…"), ArticleState.PUBLISHED),
        ("unpublish", _("Do not send at that time…"), ArticleState.SCHEDULED),
        ("archive", _("Archive…"), ArticleState.DRAFT),
        ("archive", _("Archive…"), ArticleState.PUBLISHED),
        ("unpublish", _("Make it a draft again…"), ArticleState.ARCHIVED),
    ]
    return [
        {"label": label, "url": reverse(f"admin:newsletter_article_{name}", args=[article.pk])}
        for name, label, state in acts
        if state == article.state
    ]


def autosave(
    model_admin: ArticleAdmin, request: HttpRequest, pk: object | None = None
) -> HttpResponse:
    """Save a draft by itself. What is public or about to be is never saved this way."""
    article = new_article(request) if pk is None else find_article(model_admin, request, pk)
    allowed = (
        model_admin.has_add_permission(request)
        if pk is None
        else model_admin.has_change_permission(request, article)
    )
    if not allowed:
        return JsonResponse({"error": _("You may not change this article.")}, status=403)
    if article.state != ArticleState.DRAFT:
        return JsonResponse({"error": _("Only drafts save themselves.")}, status=400)
    form = ArticleForm(request.POST, instance=article)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        label = form.fields[name].label if name in form.fields else ""
        return JsonResponse({"error": f"{label}: {errors[0]}"}, status=422)
    try:
        saved = store(request, form, is_autosave=True)
    except StaleArticle as stale:
        return JsonResponse({"error": who_was_faster(stale.current)}, status=409)
    except IllegalMove:
        return JsonResponse({"error": _("Only drafts save themselves.")}, status=400)
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    return JsonResponse(
        {
            "pk": saved.pk,
            "version": saved.version,
            "slug": saved.slug,
            "message": unescape(strip_tags(state_line(saved))),
            "autosave_url": _autosave_url(saved),
            "change_url": reverse("admin:newsletter_article_change", args=[saved.pk]),
            "preview_url": reverse("admin:newsletter_article_preview", args=[saved.pk]),
        }
    )


def who_was_faster(article: Article) -> str:
    """A sentence that names who saved last, and when."""
    last = article.history.select_related("history_user").first()
    name = last.history_user.get_full_name() if last and last.history_user else _("Somebody")
    return _("%(name)s saved this article at %(when)s, while you were writing.") % {
        "name": name,
        "when": formats.date_format(
            timezone.localtime(article.updated_at), _shape_of(article.updated_at)
        ),
    }


def show_conflict(
    model_admin: ArticleAdmin, request: HttpRequest, form: ArticleForm, stale: StaleArticle
) -> HttpResponse:
    """Both texts side by side, and three ways on. Mine is not stored, theirs a revision (W2)."""
    keep_revision(actor=cast(User, request.user), article=stale.current)
    posted = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in {"csrfmiddlewaretoken", "version"} and not name.startswith("_")
    ]
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Two of you changed this"),
        "article": stale.current,
        "mine": stale.refused,
        "sentence": who_was_faster(stale.current),
        "comparison": compare(stale.current, stale.refused),
        "posted": posted,
        "button": next((name for name in ("_publish", "_schedule") if name in request.POST), ""),
        "is_draft": stale.current.state == ArticleState.DRAFT,
    }
    return TemplateResponse(request, "articles/admin/conflict.html", context, status=409)
