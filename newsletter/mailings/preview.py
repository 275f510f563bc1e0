"""A mail on the author's screen: each variant, wide and narrow, as HTML and as text.

Nothing in it is live (M23): its links for leaving lead to a page that knows nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from newsletter.mailings.compose import FREE, FULL, ComposedMail
from newsletter.mailings.letter_page import as_public_page, without_people
from newsletter.mailings.mail_files import with_short_links
from newsletter.mailings.models import Mailing
from newsletter.mailings.preflight import mail_size
from newsletter.mailings.rendering import render_variants

_FRAME_POLICY: dict[str, Any] = {
    "default-src": ["'none'"],
    "img-src": ["*", "data:"],
    "style-src": ["'unsafe-inline'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}
_WIDTHS = {"wide": 700, "narrow": 390}


@dataclass(frozen=True, slots=True)
class Preview:
    """One variant to look at."""

    key: str
    mail: ComposedMail


def previews_of(mailing: Mailing) -> list[Preview]:
    """The frozen variants of a mailing that has started, else what they would be now."""
    if mailing.pk and mailing.prepared_at:
        frozen = [
            Preview(each.key, ComposedMail(each.subject, each.html, each.text))
            for each in mailing.variants.order_by("pk")
        ]
        if frozen:
            return frozen
    return [Preview(each.key, each.mail) for each in render_variants(mailing)]


def show_preview(request: HttpRequest, mailing: Mailing, back: str) -> HttpResponse:
    """The page around the mail, or with `?part=html` the mail itself, for the page's frame."""
    found = {preview.key: preview for preview in previews_of(mailing)}
    key = request.GET.get("as", "")
    chosen = found.get(key) or found.get(FREE) or next(iter(found.values()))
    if request.GET.get("part") == "html":
        page = as_public_page(with_short_links(chosen.mail.html))
        page = page.replace("<head>", '<head><base target="_blank">', 1)
        response = HttpResponse(page)
        response._csp_replace = _FRAME_POLICY  # type: ignore[attr-defined]
    else:
        context = _context(request, mailing, chosen, found) | {"back": back}
        response = render(request, "mailings/preview.html", context)
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response


def _context(
    request: HttpRequest, mailing: Mailing, chosen: Preview, found: dict[str, Preview]
) -> dict[str, Any]:
    labels = {FULL: _("Whole") if FREE in found else _("Everyone"), FREE: _("Free reader")}
    width = request.GET.get("width", "")
    return {
        "mailing": mailing,
        "chosen": chosen,
        "variants": [(key, labels.get(key, key)) for key in found],
        "width": width if width in _WIDTHS else "wide",
        "widths": [("wide", _("Desktop")), ("narrow", _("Phone"))],
        "part": "text" if request.GET.get("part") == "text" else "",
        "text": without_people(with_short_links(chosen.mail.text)),
        "kilobytes": -(-mail_size(chosen.mail.html) // 1024),
    }
