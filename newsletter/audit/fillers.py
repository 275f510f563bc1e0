"""The addresses of the publication's views, filled from the sentinels."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from newsletter.audit.articles import (
    marks_of,
    open_letter,
    open_text,
    publish_articles,
    titles,
    whole_text,
)
from newsletter.audit.marks import Medium
from newsletter.audit.registry import (
    NO_TOKEN,
    Ask,
    Contribution,
    Filler,
    Stage,
    contribute,
)
from newsletter.audit.specs import LISTED, SPECS, Part
from newsletter.lib.signing import make_token
from newsletter.mailings.compose import LETTER_PURPOSE
from newsletter.mailings.models import Mailing
from newsletter.publication.context import zone_of
from newsletter.publication.queries import get_publication
from newsletter.subscribers.models import Subscription


def _article_pages(stage: Stage) -> Iterable[Ask]:
    for spec in SPECS:
        slug = {"slug": stage.articles[spec.key].slug}
        if spec.has_page:
            yield Ask(slug, shows=whole_text(stage, spec), status=200)
        else:
            # Not 403: that there is such an article is nobody's business either (P7).
            yield Ask(slug, status=404)
        if spec.was_renamed:
            yield Ask({"slug": f"audit-{spec.key}-before"}, status=301)


def _markdown(stage: Stage) -> Iterable[Ask]:
    for spec in SPECS:
        slug = {"slug": stage.articles[spec.key].slug}
        if spec.has_page:
            yield Ask(slug, shows=open_text(stage, spec.key), status=200)
        else:
            yield Ask(slug, status=404)


def _lists(**kwargs: object) -> Filler:
    return lambda stage: [Ask(kwargs, shows=titles(stage, *LISTED), status=200)]


def _feeds(**kwargs: object) -> Filler:
    return lambda stage: [Ask(kwargs, shows=open_text(stage, *LISTED), status=200)]


def _month(stage: Stage) -> Iterable[Ask]:
    local = timezone.now().astimezone(zone_of(get_publication()))
    month = {"year": local.year, "month": local.month}
    return [Ask(month, shows=titles(stage, *LISTED), status=200)]


def _home(stage: Stage) -> Iterable[Ask]:
    # It shows the newest nine; the oldest of ours may be one too many.
    return [Ask(shows=titles(stage, *LISTED[-8:]), status=200)]


def _searches(stage: Stage) -> Iterable[Ask]:
    yield Ask()
    for key in LISTED:
        marks = marks_of(stage, key)
        yield Ask(query=f"q={marks[Part.TITLE].word}", shows=titles(stage, key), status=200)
    # A word that every sentinel has in its title brings the snippets of all.
    yield Ask(query="q=audit", shows=titles(stage, *LISTED), status=200)


def _letters(stage: Stage) -> Iterable[Ask]:
    """Every mail's page for the browser. What is for members has none (see compose.web_url)."""
    specs = {stage.articles[spec.key].pk: spec for spec in SPECS}
    for mailing in Mailing.objects.exclude(article=None).order_by("pk"):
        token = {"token": make_token(LETTER_PURPOSE, mailing.pk)}
        spec = specs[mailing.article_id or 0]
        if spec.has_members_sections:
            yield Ask(token, medium=Medium.LETTER)
        else:
            shows = open_letter(stage, spec.key)
            yield Ask(token, medium=Medium.LETTER, shows=shows, status=200)
    yield Ask({"token": NO_TOKEN}, status=404)


def _previews(stage: Stage) -> Iterable[Ask]:
    """What the author is shown as another's view is judged as that other's."""
    for key in ("paid", "tier-first"):
        pk = {"pk": stage.articles[key].pk}
        spec = next(spec for spec in SPECS if spec.key == key)
        shows = whole_text(stage, spec)
        for name, persona in (("visitor", "visitor"), ("free", "free"), ("paid", "first-tier")):
            query = f"as={name}"
            yield Ask(pk, query, shows=shows, medium=Medium.WEB, judged_as=persona)


def _mail_previews(stage: Stage) -> Iterable[Ask]:
    for spec in SPECS:
        yield Ask({"pk": stage.articles[spec.key].pk}, "part=html")


def _mailing_previews(_stage: Stage) -> Iterable[Ask]:
    keys = Mailing.objects.order_by("pk").values_list("pk", flat=True)
    return [Ask({"pk": pk}, "part=html") for pk in keys] or [Ask({"pk": 1})]


def _leaving(_stage: Stage) -> Iterable[Ask]:
    subscription = Subscription.objects.order_by("pk").first()
    token = make_token("unsubscribe", subscription.pk if subscription else 0)
    return [Ask({"token": token}), Ask({"token": NO_TOKEN})]


def unsigned(**kwargs: object) -> Filler:
    """For a view whose address names no text: asked for once, with what nobody was given."""
    return lambda _stage: [Ask(kwargs)]


_AUTHOR, _TAG = {"slug": "audit-author"}, {"slug": "audit"}

contribute(
    Contribution(
        "articles",
        publish_articles,
        {
            "articles:read-article": _article_pages,
            "articles:read-markdown": _markdown,
            "articles:browse-archive": _lists(),
            "articles:browse-month": _month,
            "articles:browse-tag": _lists(**_TAG),
            "articles:browse-author": _lists(**_AUTHOR),
            "articles:search-articles": _searches,
            "articles:feed-atom": _feeds(),
            "articles:feed-rss": _feeds(),
            "articles:tag-atom": _feeds(**_TAG),
            "articles:tag-rss": _feeds(**_TAG),
            "articles:author-atom": _feeds(**_AUTHOR),
            "articles:author-rss": _feeds(**_AUTHOR),
            "articles:show-sitemap": _lists(),
            "articles:show-sitemap-part": _lists(number=1),
            "admin:newsletter_article_preview": _previews,
            "pages:show-home": _home,
        },
    )
)
contribute(
    Contribution(
        "mailings",
        lambda _stage: (),
        {
            "mailings:read-letter": _letters,
            "mailings:preview-mail": _mail_previews,
            "mailings:preview-mailing": _mailing_previews,
        },
    )
)
contribute(
    Contribution(
        "what shows no text",
        lambda _stage: (),
        {
            "accounts:enter-code": unsigned(token=NO_TOKEN),
            "accounts:use-link": unsigned(token=NO_TOKEN),
            "comments:decide-by-link": unsigned(token=NO_TOKEN),
            "comments:leave-notices": unsigned(token=NO_TOKEN),
            "members:begin-visit": unsigned(token=NO_TOKEN),
            "members:download-data": unsigned(export_id=1),
            "mfa_edit_webauthn": unsigned(pk=1),
            "mfa_remove_webauthn": unsigned(pk=1),
            "payments:accept-seat": unsigned(token=NO_TOKEN),
            "payments:cancel": unsigned(membership_id=1),
            "payments:change-plan": unsigned(membership_id=1, price_id=1),
            "payments:demo-invoice": unsigned(invoice_id=NO_TOKEN),
            "payments:demo-pay": unsigned(session_id=NO_TOKEN),
            "payments:demo-portal": unsigned(session_id=NO_TOKEN),
            "payments:demo-receipt": unsigned(charge_id=NO_TOKEN),
            "payments:demo-settle": unsigned(session_id=NO_TOKEN),
            "payments:keep-plan": unsigned(membership_id=1),
            "payments:manage-seats": unsigned(membership_id=1),
            "payments:remove-seat": unsigned(seat_id=1),
            "payments:resume": unsigned(membership_id=1),
            "payments:show-gift": unsigned(gift_id=1),
            "payments:show-offer": unsigned(slug="audit"),
            "payments:start-checkout": unsigned(price_id=1),
            "payments:withdraw": unsigned(kind="order", pk=1),
            "subscribers:confirm": unsigned(token=NO_TOKEN),
            "subscribers:embed": unsigned(slug="audit"),
            "subscribers:sent": unsigned(token=NO_TOKEN),
            "subscribers:undo-unsubscribe": unsigned(token=NO_TOKEN),
            "subscribers:unsubscribe": _leaving,
        },
    )
)
