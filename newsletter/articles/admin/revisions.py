"""Who changed what and when; compare, and go back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.actions import StaleArticle, restore_revision
from newsletter.articles.admin.desk import find_article
from newsletter.articles.diff import compare
from newsletter.articles.models import Article

if TYPE_CHECKING:
    from newsletter.articles.admin.articles import ArticleAdmin

PER_PAGE = 50


def list_revisions(model_admin: ArticleAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """Every revision, the newest first."""
    article = find_article(model_admin, request, pk)
    rows = article.history.select_related("history_user").defer("body").order_by("-history_id")
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Revisions"),
        "article": article,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
    }
    return TemplateResponse(request, "articles/admin/revisions.html", context)


def show_revision(
    model_admin: ArticleAdmin, request: HttpRequest, pk: object, revision: int
) -> HttpResponse:
    """One revision against the one before it, or against what is stored now (`?with=now`)."""
    article = find_article(model_admin, request, pk)
    chosen = article.history.select_related("history_user").filter(history_id=revision).first()
    if chosen is None:
        raise Http404
    earlier = article.history.filter(history_id__lt=revision).order_by("-history_id").first()
    with_now = request.GET.get("with") == "now" or earlier is None
    comparison = compare(chosen, article) if with_now else compare(earlier, chosen)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("A revision"),
        "article": article,
        "revision": chosen,
        "has_earlier": earlier is not None,
        "with_now": with_now,
        "comparison": comparison,
        "may_change": model_admin.has_change_permission(request, article),
    }
    return TemplateResponse(request, "articles/admin/revision.html", context)


def restore(
    model_admin: ArticleAdmin, request: HttpRequest, pk: object, revision: int
) -> HttpResponse:
    """Bring an old text back. What is there now stays in the list."""
    article = find_article(model_admin, request, pk)
    if not model_admin.has_change_permission(request, article):
        raise PermissionDenied
    try:
        version = int(request.POST.get("version", ""))
    except ValueError:
        version = article.version
    try:
        restore_revision(
            actor=cast(User, request.user),
            article=article,
            revision_id=revision,
            expected_version=version,
        )
    except Article.DoesNotExist as error:
        raise Http404 from error
    except StaleArticle:
        message = _("Somebody saved the article after you opened this page. Look at it once more.")
        messages.error(request, message)
        return redirect("admin:newsletter_article_revision", article.pk, revision)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("admin:newsletter_article_revision", article.pk, revision)
    messages.success(request, _("The old text is back. What was there stays among the revisions."))
    return redirect("admin:newsletter_article_change", article.pk)
