"""What the admin's frame shows on every page: name, colours, and the order of the author's day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from newsletter.comments.queue import count_waiting, words_for
from newsletter.publication.context import publication_of
from newsletter.publication.theme import from_hex

# Lightness and share of the accent's chroma for each step that unfold's style sheet asks for.
_STEPS = {
    "50": (0.975, 0.12),
    "100": (0.945, 0.2),
    "200": (0.89, 0.4),
    "300": (0.82, 0.6),
    "400": (0.74, 0.8),
    "500": (0.7, 0.85),
    "600": (0.47, 1.0),
    "700": (0.42, 0.95),
    "800": (0.36, 0.85),
    "900": (0.3, 0.7),
    "950": (0.22, 0.5),
}
# The readers' paper and ink: warm, never pure black on pure white.
_PAPER = {
    "50": 0.977,
    "100": 0.955,
    "200": 0.905,
    "300": 0.845,
    "400": 0.71,
    "500": 0.53,
    "600": 0.42,
    "700": 0.345,
    "800": 0.27,
    "900": 0.205,
    "950": 0.15,
}


@dataclass(frozen=True)
class _Item:
    title: Any
    icon: str
    model: str
    # Another page of the model's than its list.
    page: str = "changelist"
    # How many of them wait, in words; asked only for who may see them.
    badge: Callable[[], str] | None = None
    app: str = "newsletter"


def waiting_comments() -> str:
    """Comments that somebody has to look at; nothing where none does."""
    count = count_waiting()
    return words_for(count) if count else ""


_GROUPS: list[tuple[Any, list[_Item]]] = [
    (
        _("Write"),
        [
            _Item(_("Articles"), "article", "article"),
            _Item(_("Tags"), "sell", "tag"),
            _Item(_("Pictures"), "image", "articleimage"),
        ],
    ),
    (
        pgettext_lazy("sidebar", "Send"),
        [
            _Item(_("Mailings"), "outgoing_mail", "mailing"),
            _Item(_("Outgoing mail"), "forward_to_inbox", "outgoingemail"),
        ],
    ),
    (
        _("Audience"),
        [
            _Item(_("Subscribers"), "group", "subscription"),
            _Item(_("Imports"), "upload_file", "subscriberimport"),
            _Item(_("Left out"), "block", "suppression"),
            _Item(_("People"), "person", "user"),
            _Item(_("Comments to review"), "rate_review", "comment", badge=waiting_comments),
            _Item(_("Conversations"), "forum", "thread"),
            _Item(_("Comments from elsewhere"), "move_to_inbox", "commentimport"),
        ],
    ),
    (
        pgettext_lazy("sidebar", "Earn"),
        [
            _Item(_("Revenue"), "monitoring", "movement", "revenue"),
            _Item(_("Tiers"), "workspace_premium", "tier"),
            _Item(_("Products"), "shopping_bag", "product"),
            _Item(_("Coupons and offers"), "local_offer", "coupon"),
            _Item(_("Unlock codes"), "lock_open", "unlockcode"),
            _Item(_("Subscriptions"), "autorenew", "membership"),
            _Item(_("Orders"), "receipt_long", "order"),
            _Item(_("Gifts"), "redeem", "gift"),
            _Item(_("Grants"), "key", "grant"),
            _Item(_("Gift links"), "redeem", "giftlink"),
            _Item(_("Comparisons"), "sync", "reconciliation"),
        ],
    ),
    (
        _("Teach"),
        [
            _Item(_("Courses"), "school", "course", app="courses"),
            _Item(_("Learners"), "groups", "enrolment", app="courses"),
            _Item(_("Handed in"), "assignment", "assignmentsubmission", app="courses"),
            _Item(_("Certificates"), "workspace_premium", "certificate", app="courses"),
        ],
    ),
    (
        _("Site"),
        [
            _Item(_("Publication"), "palette", "publication"),
            _Item(_("Newsletters"), "newspaper", "newsletter"),
            _Item(_("Rules for comments"), "gavel", "commentsettings"),
            _Item(_("The spam filter"), "filter_alt", "commentsettings", "filter"),
        ],
    ),
]


def site_title(request: HttpRequest) -> str:
    """The publication's name."""
    return publication_of(request).name


def site_subheader(_request: HttpRequest) -> str:
    """What stands under the name."""
    return str(_("The author\u2019s desk"))


def stylesheet(_request: HttpRequest) -> str:
    """Our corrections to the admin's look."""
    return static("masthead/admin.css")


def script(_request: HttpRequest) -> str:
    """Our corrections to what the admin's script does."""
    return static("masthead/admin.js")


def accent_colours(request: HttpRequest) -> dict[str, str]:
    """The author's accent in the eleven steps of the admin's palette; hue and chroma are theirs."""
    accent = from_hex(publication_of(request).accent)
    return {
        step: f"oklch({lightness} {accent.chroma * share:.4f} {accent.hue:.1f})"
        for step, (lightness, share) in _STEPS.items()
    }


def paper_colours(_request: HttpRequest) -> dict[str, str]:
    """Warm greys."""
    return {step: f"oklch({lightness} 0.006 80)" for step, lightness in _PAPER.items()}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's navigation: what exists and what this person may see, and no plumbing."""
    groups: list[dict[str, Any]] = [
        {"items": [{"title": _("Desk"), "icon": "space_dashboard", "link": reverse("admin:index")}]}
    ]
    for title, items in _GROUPS:
        shown = [entry for item in items if (entry := _entry(request, item))]
        if shown:
            groups.append({"title": title, "items": shown})
    return groups


def _entry(request: HttpRequest, item: _Item) -> dict[str, Any] | None:
    registered = {model._meta.label_lower: site for model, site in admin.site._registry.items()}
    model_admin = registered.get(f"{item.app}.{item.model}")
    if model_admin is None or not model_admin.has_view_permission(request):
        return None
    try:
        link = reverse(f"admin:{item.app}_{item.model}_{item.page}")
    except NoReverseMatch:
        return None
    badge = item.badge() if item.badge else ""
    return {"title": item.title, "icon": item.icon, "link": link, "badge": badge}
