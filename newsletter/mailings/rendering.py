"""A mailing's variants: which there are, and each as it will be sent (placeholders inside)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from newsletter.articles.content import mail_html
from newsletter.articles.enums import ArticleState
from newsletter.articles.models import Article
from newsletter.mailings.compose import FREE, FULL, ComposedMail, compose, is_for_members
from newsletter.mailings.models import Mailing
from newsletter.mailings.preflight import Finding, Level, check_mail, sender_findings
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


def frozen_variant(mailing: Mailing, key: str) -> ComposedMail | None:
    """One variant as it was frozen; None before that, and where there is none of that kind."""
    if mailing.prepared_at is None:
        return None
    kept = mailing.variants.filter(key=key).first()
    return ComposedMail(kept.subject, kept.html, kept.text) if kept is not None else None


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


def obstacles(mailing: Mailing) -> list[Finding]:
    """Why `mailing`, which has not begun, cannot go out, whatever its text says."""
    found = []
    article = mailing.article
    if article is None and not mailing.body_html:
        words = _("There is no text: the article that it was made from has been deleted.")
        found.append(Finding("no-text", Level.ERROR, words))
    elif article is not None and article.state != ArticleState.PUBLISHED:
        words = _("The article was taken back. Publish it again first.")
        found.append(Finding("taken-back", Level.ERROR, words))
    # A circle borrows a newsletter's sender alone.
    if mailing.newsletter.is_archived and not mailing.circle:
        words = _("The newsletter “%(name)s” is closed. Open it again first.")
        found.append(Finding("closed", Level.ERROR, words % {"name": mailing.newsletter.name}))
    return found


def preflight(mailing: Mailing, *, ask_dns: bool = False) -> list[Finding]:
    """Everything the author should know before `mailing` starts, each thing once.

    What is frozen goes on as it is, so that is looked at. With `ask_dns` the sender's domain too,
    which takes up to four seconds and says nothing when there is no network.
    """
    findings = [] if mailing.prepared_at is not None else obstacles(mailing)
    for mail in _mails_of(mailing):
        findings += check_mail(*mail)
    if ask_dns:
        findings += sender_findings(mailing.newsletter.sender_address.rpartition("@")[2])
    return list(dict.fromkeys(findings))


def _mails_of(mailing: Mailing) -> list[ComposedMail]:
    if mailing.prepared_at is None:
        return [each.mail for each in render_variants(mailing)]
    frozen = mailing.variants.order_by("pk")
    return [ComposedMail(each.subject, each.html, each.text) for each in frozen]
