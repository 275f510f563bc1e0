"""The publication's look as files: theme, icon. And what robots may do."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.publication.context import publication_of
from newsletter.publication.theme import look_of, theme_css

_YEAR = 60 * 60 * 24 * 365
_SHORT = 60


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_theme(request: HttpRequest) -> HttpResponse:
    """The author's colours and typefaces. An address with the current version never changes."""
    publication = publication_of(request)
    response = HttpResponse(theme_css(publication), content_type="text/css; charset=utf-8")
    return _versioned(request, response, look_of(publication).version)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_icon(request: HttpRequest) -> HttpResponse:
    """The publication's initial on its accent, for authors who have uploaded no icon."""
    publication = publication_of(request)
    look = look_of(publication)
    initial = publication.name.strip()[:1].upper() or "M"
    response = render(
        request,
        "parts/icon.svg",
        {"initial": initial, "ground": look.accent_light, "letter": look.paper_light},
        content_type="image/svg+xml; charset=utf-8",
    )
    return _versioned(request, response, look.version)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def find_icon(request: HttpRequest) -> HttpResponse:
    """Where the icon is, for whatever asks at the old address without reading a page first."""
    publication = publication_of(request)
    drawn = f"{reverse('publication:show-icon')}?v={look_of(publication).version}"
    response = redirect(publication.favicon.url if publication.favicon else drawn)
    patch_cache_control(response, public=True, max_age=_SHORT)
    return response


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_robots(request: HttpRequest) -> HttpResponse:
    """Everything public may be read; nothing else is worth a robot's time."""
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /account/",
        "Disallow: /search/",
        "Disallow: /unsubscribe/",
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _versioned(request: HttpRequest, response: HttpResponse, version: str) -> HttpResponse:
    if request.GET.get("v") == version:
        patch_cache_control(response, public=True, max_age=_YEAR, immutable=True)
    else:
        patch_cache_control(response, public=True, max_age=_SHORT)
    return response
