"""Home and about: what joins several slices on one page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from newsletter.articles import queries
from newsletter.articles.cards import Card, absolute, site_data
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.publication.context import publication_of

LATEST = 9


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """The newest article first and largest, then the rest of the newest, then what to explore."""
    publication = publication_of(request)
    newest = list(queries.list_published()[:LATEST])
    lead, latest = (newest[0] if newest else None), newest[1:]
    tags = list(lead.tags.all()) if lead else []
    context = {
        "lead": lead,
        "lead_kicker": tags[0] if tags else None,
        "latest": latest,
        "featured": [found for found in queries.list_featured(4) if found != lead][:3],
        "tags": queries.list_tags(),
        "card": Card(
            title=publication.name,
            canonical=absolute("/"),
            description=publication.tagline,
        ),
        "structured_data": site_data(publication),
    }
    return render(request, "pages/home.html", context)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_about(request: HttpRequest) -> HttpResponse:
    """The author's own words about the publication."""
    return render(request, "pages/about.html")
