"""Making the mail of a mailing: subject, HTML part and text part for one kind of reader.

What comes out is the same for the same input, and it holds placeholders (placeholders.py) where
recipients differ. It is frozen when a mailing starts (M18), shown in previews, and sent as a test.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.template.defaultfilters import date as format_date
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from newsletter.articles.content import as_picture, mail_html
from newsletter.articles.content.mail import source_for_mail
from newsletter.articles.content.split import has_members_section
from newsletter.articles.enums import ArticleState, MailAudience, Visibility
from newsletter.articles.models import Article
from newsletter.lib.emails import (
    html_to_text,
    inline_css,
    one_line,
    render_mail_template,
    wrap_text,
)
from newsletter.lib.html_tree import Node
from newsletter.lib.mail_look import MailLook, absolute, mail_look
from newsletter.lib.signing import make_token
from newsletter.mailings import mail_body
from newsletter.mailings.circles import circle_of
from newsletter.mailings.mail_files import with_passes
from newsletter.mailings.placeholders import MANAGE_URL, UNSUBSCRIBE_URL
from newsletter.memberships.enums import Access
from newsletter.publication.context import zone_of
from newsletter.publication.models import Publication
from newsletter.publication.queries import get_publication
from newsletter.subscribers.models import Newsletter

FREE, FULL = "free", "full"
LETTER_PURPOSE = "letter"
_PREHEADER_LENGTH = 140
_PAID_FOR = frozenset({Access.PAID, Access.TIERS})


class MailingLike(Protocol):
    """What a mail is made from: a Mailing, saved or not."""

    pk: Any
    article: Any
    newsletter: Any
    subject: str
    preheader: str
    body_html: str
    audience: str
    circle: str


class ComposedMail(NamedTuple):
    """The mail of one variant, placeholders inside."""

    subject: str
    html: str
    text: str


def compose(mailing: MailingLike, body_html: str, variant: str) -> ComposedMail:
    """Make the mail that readers of `variant` ("free", "full") get.

    `body_html` is what such a reader may see: for an article what `articles.content.mail_html`
    returns, for a free text the mailing's own text.
    """
    publication = get_publication()
    look = mail_look(publication)
    article: Article | None = mailing.article
    with translation.override(look.language):
        if article is None:
            body_html = mail_body.free_text_html(body_html, entitled=variant != FREE)
        body_html = with_passes(
            body_html, article, mailing.body_html, all_closed=bool(mailing.circle)
        )
        nodes = mail_body.tree_of(body_html)
        text_body = html_to_text(mail_body.text_html_of(nodes), links_title=_("Links"))
        context = {
            **_frame(mailing, publication, look),
            **_heading(article, publication),
            **_offer(article, publication, nodes, variant),
            "preheader": _preheader(mailing, text_body),
        }
        html_body = mail_body.mail_html_of(nodes, look)
        html = render_mail_template("emails/mailing/body.html", {**context, "body": html_body})
        text = render_mail_template("emails/mailing/body.txt", {**context, "body": "\ue001"})
    return ComposedMail(
        subject=one_line(mailing.subject),
        html=inline_css(html),
        # The body's own lines are final (code, tables); only what stands around it is wrapped.
        text=wrap_text(text).replace("\ue001", text_body.strip("\n")),
    )


def web_url(mailing: MailingLike) -> str:
    """Where this can be read in a browser, by anyone; empty where nothing public exists.

    The article's own page; for what is in the mail only, a page with the free variant (M19: a
    forwarded link gives its reader nothing that the public may not see).
    """
    article: Article | None = mailing.article
    circle = circle_of(mailing)
    if circle is not None:
        return circle.frame(mailing).web_url
    if article is not None and (address := article_url(article)):
        return address
    if not mailing.pk or mailing.audience == MailAudience.PAID or is_for_members(mailing):
        return ""
    return absolute(reverse("mailings:read-letter", args=[make_token(LETTER_PURPOSE, mailing.pk)]))


def is_for_members(mailing: MailingLike) -> bool:
    """Whether some of it is for people who signed up. Whoever is sent it did; others may not."""
    article: Article | None = mailing.article
    if mailing.circle:
        return True
    if article is None:
        return has_members_section(mailing.body_html)
    return article.access == Access.MEMBERS or has_members_section(article.body)


def article_url(article: Article) -> str:
    """The article's own page; empty while it has none."""
    if article.visibility == Visibility.EMAIL_ONLY or article.state != ArticleState.PUBLISHED:
        return ""
    return absolute(reverse("articles:read-article", args=[article.slug]))


def _frame(mailing: MailingLike, publication: Publication, look: MailLook) -> dict[str, Any]:
    letter: Newsletter = mailing.newsletter
    circle = circle_of(mailing)
    return {
        "publication": publication,
        "mail": look,
        "site_url": settings.SITE_URL,
        "subject": one_line(mailing.subject),
        "frame": circle.frame(mailing) if circle else None,
        "newsletter": letter,
        "shows_newsletter": circle is None
        and letter.name.casefold() != publication.name.casefold(),
        # "You signed up for Good Terms Weekly at Good Terms" says it twice.
        "says_site": publication.name.casefold() not in letter.name.casefold(),
        "web_url": web_url(mailing),
        "subscribe_url": _subscribe_url(),
        "unsubscribe_url": UNSUBSCRIBE_URL,
        "manage_url": MANAGE_URL,
    }


def _subscribe_url() -> str:
    try:
        return absolute(reverse("subscribers:subscribe"))
    except NoReverseMatch:
        return str(settings.SITE_URL)


def _heading(article: Article | None, publication: Publication) -> dict[str, Any]:
    if article is None:
        return {"article": None}
    byline = [article.author.get_full_name()]
    if article.published_at:
        published_on = article.published_at.astimezone(zone_of(publication))
        byline.append(format_date(published_on, "j F Y"))
    return {"article": article, "byline": " · ".join(byline), "cover": _cover(article)}


def _cover(article: Article) -> dict[str, Any] | None:
    cover = article.cover
    if cover is None or not cover.file:
        return None
    width = min(cover.width or mail_body.COLUMN, mail_body.COLUMN)
    return {
        # Outlook shows neither WebP nor AVIF, and nobody needs the original's size.
        "url": absolute(source_for_mail(as_picture(cover))),
        "width": width,
        "alt": cover.alt,
        "caption": cover.caption,
    }


def _offer(
    article: Article | None, publication: Publication, nodes: Node, variant: str
) -> dict[str, Any]:
    """What the panel at the end of the free variant says; nothing where nothing was held back."""
    if article is None or variant != FREE or article.access not in _PAID_FOR:
        return {"offer": None}
    whole = mail_body.tree_of(mail_html(article, entitled=True))
    behind = mail_body.count_words(whole) - mail_body.count_words(nodes)
    if behind <= 0:
        return {"offer": None}
    fallback = absolute(publication.paid_offer_url) if publication.paid_offer_url else ""
    offer = {
        "words": _rounded(behind),
        "url": article_url(article) or fallback,
        "text": publication.paid_offer_text,
        "price": publication.paid_offer_price,
    }
    return {"offer": offer}


def _rounded(words: int) -> int:
    """A number of words that claims no more exactness than anyone wants."""
    return words if words < 50 else round(words / 50) * 50


def _preheader(mailing: MailingLike, text_body: str) -> str:
    """The author's preview line, or the standfirst, or how the text begins."""
    given = mailing.preheader or (mailing.article.dek if mailing.article else "")
    beginning = text_body.partition("\n\n")[0]
    return one_line(given or Truncator(one_line(beginning)).chars(_PREHEADER_LENGTH))
