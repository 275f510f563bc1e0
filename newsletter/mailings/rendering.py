"""A mailing's variants: which there are, and each as it will be sent (placeholders inside)."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.articles.content import mail_html
from newsletter.articles.models import Article
from newsletter.mailings.compose import FREE, FULL, ComposedMail, compose, is_for_members
from newsletter.mailings.models import Mailing
from newsletter.mailings.preflight import Finding, check_mail, sender_findings
from newsletter.memberships.enums import Access

_PAID_FOR = frozenset({Access.PAID, Access.TIERS})


@dataclass(frozen=True, slots=True)
class RenderedVariant:
    """One variant and what it takes to be sent it."""

    key: str
    access: str
    tier_ids: list[int]
    mail: ComposedMail


def render_variants(mailing: Mailing) -> list[RenderedVariant]:
    """Compose each variant of `mailing` once, the strictest first.

    Every subscriber has an account, so what is open to members is open to all who get the mail:
    there are two variants only where something takes payment. One that holds something for
    members says so, and has no page for everybody (`queries.public_letter`).
    """
    if mailing.article is None:
        return _render_free_text(mailing)
    article = mailing.article
    full = render_variant(mailing, FULL)
    if article.access not in _PAID_FOR:
        return [RenderedVariant(FULL, _open_to_all(mailing), [], full)]
    free = render_variant(mailing, FREE)
    return [
        RenderedVariant(FULL, article.access, _tiers(article), full),
        RenderedVariant(FREE, _open_to_all(mailing), [], free),
    ]


def _open_to_all(mailing: Mailing) -> Access:
    """What the variant takes that every recipient may have."""
    return Access.MEMBERS if is_for_members(mailing) else Access.PUBLIC


def render_variant(mailing: Mailing, key: str) -> ComposedMail:
    """Compose one variant of `mailing` (saved or not) as a reader of that kind would get it."""
    entitled = key != FREE
    article = mailing.article
    body = mailing.body_html if article is None else mail_html(article, entitled)
    return compose(mailing, body, key)


def _render_free_text(mailing: Mailing) -> list[RenderedVariant]:
    full = render_variant(mailing, FULL)
    if mailing.circle:
        return [RenderedVariant(FULL, Access.MEMBERS, [], full)]
    free = render_variant(mailing, FREE)
    if free == full:
        return [RenderedVariant(FULL, _open_to_all(mailing), [], full)]
    return [
        RenderedVariant(FULL, Access.PAID, [], full),
        RenderedVariant(FREE, _open_to_all(mailing), [], free),
    ]


def _tiers(article: Article) -> list[int]:
    if article.access != Access.TIERS:
        return []
    return sorted(article.tiers.values_list("pk", flat=True))


def preflight(mailing: Mailing, *, ask_dns: bool = False) -> list[Finding]:
    """Everything the author should know before `mailing` starts, each thing once.

    With `ask_dns` the sender's domain too, which takes up to four seconds and says nothing when
    there is no network.
    """
    findings = [finding for each in render_variants(mailing) for finding in check_mail(*each.mail)]
    if ask_dns:
        findings += sender_findings(mailing.newsletter.sender_address.rpartition("@")[2])
    return list(dict.fromkeys(findings))
