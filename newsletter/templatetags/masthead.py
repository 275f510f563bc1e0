"""Tags that every page of the reader's site may use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import HttpRequest
from django.template.defaultfilters import date as format_date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer as get_viewer
from newsletter.articles.models import ArticleImage
from newsletter.lib.addresses import readable_address
from newsletter.publication.context import zone_of

register = template.Library()

_WORDS_A_MINUTE = 230


@register.simple_tag(takes_context=True)
def viewer(context: dict[str, Any]) -> User | None:
    """The signed-in person; None for visitors, whose session is not touched."""
    request: HttpRequest | None = context.get("request")
    return get_viewer(request) if request is not None else None


@register.simple_tag(takes_context=True)
def waiting_messages(context: dict[str, Any]) -> list[Any]:
    """Messages for this person; reads neither cookie nor session of someone who has none."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return []
    if settings.SESSION_COOKIE_NAME in request.COOKIES or "messages" in request.COOKIES:
        return list(messages.get_messages(request))
    added_now = getattr(getattr(request, "_messages", None), "_queued_messages", None)
    return list(messages.get_messages(request)) if added_now else []


@register.simple_tag(takes_context=True)
def day(context: dict[str, Any], moment: datetime | None) -> SafeString:
    """`12 November 2026`, in the publication's own time zone for every reader."""
    if moment is None:
        return SafeString("")
    local = moment.astimezone(zone_of(context["publication"]))
    return format_html(
        '<time datetime="{}">{}</time>',
        local.isoformat(timespec="minutes"),
        # Translators: how a date is written in full; see Django's date formats.
        format_date(local, gettext("j F Y")),
    )


register.filter("readable_address", readable_address)


@register.filter
def reading_time(words: int) -> str:
    """`8 min read`, never nought."""
    minutes = max(1, round(words / _WORDS_A_MINUTE))
    return ngettext("%(minutes)d min read", "%(minutes)d min read", minutes) % {"minutes": minutes}


@register.simple_tag
def picture(
    image: ArticleImage, sizes: str = "100vw", *, eager: bool = False, decorative: bool = False
) -> SafeString:
    """An image in the best format and size for the screen. `sizes` is HTML's own attribute.

    `decorative`: it says nothing that the words beside it do not say.
    """
    by_format: dict[str, list[tuple[str, int]]] = {}
    for rendition in image.renditions:
        url = default_storage.url(rendition["path"])
        by_format.setdefault(rendition["format"], []).append((url, rendition["width"]))
    sources = format_html_join(
        "",
        '<source type="image/{}" srcset="{}" sizes="{}">',
        (
            (kind, ", ".join(f"{url} {width}w" for url, width in sorted(found, key=_width)), sizes)
            for kind, found in sorted(by_format.items())
        ),
    )
    return format_html(
        '<picture>{}<img src="{}" alt="{}" width="{}" height="{}"{}></picture>',
        sources,
        image.file.url,
        "" if decorative else image.alt,
        image.width,
        image.height,
        SafeString(' fetchpriority="high"' if eager else ' loading="lazy" decoding="async"'),
    )


def _width(candidate: tuple[str, int]) -> int:
    return candidate[1]
