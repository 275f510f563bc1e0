"""The page as a visitor, a free reader and a paying member would see it. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsletter.articles.admin.desk import find_article
from newsletter.articles.cards import card_of
from newsletter.articles.content import derive, web_html
from newsletter.articles.editor import sanitise_body
from newsletter.articles.forms import ArticleForm
from newsletter.articles.models import Article
from newsletter.articles.queries import requirement_for
from newsletter.articles.walls import wall_for
from newsletter.memberships.access import VISITOR, Decision, Reader, decide
from newsletter.publication.context import publication_of

if TYPE_CHECKING:
    from newsletter.articles.admin.articles import ArticleAdmin

# Nobody has this id: a preview is of a kind of reader, not of a person.
_SOMEBODY = 0
PERSONAS = {
    "visitor": _("A visitor"),
    "free": _("A free reader"),
    "paid": _("A paying member"),
}


def preview_article(model_admin: ArticleAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """Show the stored article, or what is in the form that is posted here."""
    article = find_article(model_admin, request, pk)
    persona = request.POST.get("as") or request.GET.get("as", "")
    persona = persona if persona in PERSONAS else "visitor"
    if request.method == "POST":
        _read_form(request, article)
    if article.published_at is None:
        article.published_at = timezone.now()
    decision = decide_for(persona, article)
    tags = list(article.tags.all())
    context = {
        "article": article,
        "decision": decision,
        "body": web_html(article, decision),
        "wall": None if decision.allowed else wall_for(article, decision, publication_of(request)),
        "tags": tags,
        "kicker": tags[0] if tags else None,
        "card": card_of(article),
        "persona": persona,
        "personas": PERSONAS,
        "is_posted": request.method == "POST",
        "posted": _posted(request),
    }
    response = TemplateResponse(request, "articles/admin/preview.html", context)
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    # It shows a reader's page, so it is held to the readers' strict policy.
    response._csp_replace = {}  # type: ignore[attr-defined]
    return response


def decide_for(persona: str, article: Article) -> Decision:
    """What the access rules say to a reader of this kind."""
    requirement = requirement_for(article)
    readers = {
        "visitor": VISITOR,
        "free": Reader(_SOMEBODY),
        "paid": Reader(_SOMEBODY, requirement.tier_ids or frozenset({_SOMEBODY})),
    }
    return decide(readers[persona], requirement, timezone.now())


def _read_form(request: HttpRequest, article: Article) -> None:
    """Put what was typed into the article in hand, as far as it is right. Nothing is saved."""
    slug = article.slug
    form = ArticleForm(request.POST, instance=article)
    form.is_valid()
    # Left empty it would be made from the title when saved; what is shown needs an address now.
    article.slug = article.slug or slug
    for name in ("title", "dek", "access", "cover"):
        if name in form.cleaned_data:
            setattr(article, name, form.cleaned_data[name])
    article.body = sanitise_body(str(request.POST.get("body", "")))
    derive(article)


def _posted(request: HttpRequest) -> list[tuple[str, Any]]:
    """The form again, so that another kind of reader is one press away."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in {"as", "csrfmiddlewaretoken"}
    ]
