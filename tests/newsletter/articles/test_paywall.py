"""The paid part is in nothing that the public may see (P1, P5)."""

from __future__ import annotations

import json

import pytest

from newsletter.articles.content import (
    first_public_image,
    image_sources,
    mail_html,
    public_excerpt,
    public_markdown,
    public_text,
)
from newsletter.articles.models import Article
from newsletter.articles.queries import get_article_for, list_published
from newsletter.articles.search import search_articles
from newsletter.memberships.enums import Access
from tests.factories.accounts import UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.memberships import GrantFactory, TierFactory

SENTINEL = "xyzzysentinel"
PAID_PART = (
    f'<h2>{SENTINEL}</h2><p>{SENTINEL}<span data-footnote="">{SENTINEL}</span></p>'
    f'<figure><img src="/media/images/r/{SENTINEL}.jpg" alt="{SENTINEL}">'
    f"<figcaption>{SENTINEL}</figcaption></figure>"
    f'<pre><code>{SENTINEL}</code></pre><p data-button><a href="/{SENTINEL}">{SENTINEL}</a></p>'
    f'<figure data-embed><a href="https://{SENTINEL}.example/">{SENTINEL}</a></figure>'
    f"<table><tr><td>{SENTINEL}</td></tr></table><ul><li>{SENTINEL}</li></ul>"
    f"<section data-audience=web><p>{SENTINEL}</p></section>"
    f"<section data-audience=email><p>{SENTINEL}</p></section>"
    f"<section data-audience=members><p>{SENTINEL}</p></section>"
)
BODIES = {
    "divider": f"<p>Free words.</p><hr data-paywall>{PAID_PART}",
    "no divider": PAID_PART,
    "divider in a quote": f"<blockquote><p>q</p><hr data-paywall></blockquote>{PAID_PART}",
    "divider in a section": (
        f"<section data-audience=web><p>w</p><hr data-paywall></section>{PAID_PART}"
    ),
    "divider in a list": f"<ul><li>a<hr data-paywall></li></ul>{PAID_PART}",
    "two dividers": f"<p>f</p><hr data-paywall>{PAID_PART}<hr data-paywall>{PAID_PART}",
}


def public_forms(article: Article) -> dict[str, str]:
    """Every representation of ours that goes to somebody without access, by name."""
    image = first_public_image(article)
    return {
        "public_html": article.public_html,
        "members_html": article.members_html,
        "stored excerpt": article.excerpt,
        "lead image": json.dumps(article.lead_image),
        "public_text": public_text(article),
        "public_markdown": public_markdown(article),
        "public_excerpt": public_excerpt(article),
        "first_public_image": json.dumps(image),
        "mail": mail_html(article, entitled=False),
    }


@pytest.mark.django_db
@pytest.mark.parametrize("access", [Access.MEMBERS, Access.PAID, Access.TIERS])
@pytest.mark.parametrize("name", BODIES)
def test_p1_no_public_form_has_a_word_of_the_paid_part(access: str, name: str) -> None:
    tiers = [TierFactory()] if access == Access.TIERS else None
    article = PublishedArticleFactory(dek="", body=BODIES[name], access=access, tiers=tiers)
    article.refresh_from_db()
    assert SENTINEL in article.full_html
    for form, text in public_forms(article).items():
        assert SENTINEL not in text, form
    assert not search_articles(SENTINEL)


@pytest.mark.django_db
@pytest.mark.parametrize("access", [Access.PAID, Access.TIERS])
def test_p1_only_the_right_persona_reads_the_paid_part(access: str) -> None:
    right, wrong = TierFactory(), TierFactory()
    article = PublishedArticleFactory(
        body=BODIES["divider"], access=access, tiers=[right] if access == Access.TIERS else None
    )
    member = GrantFactory(tier=right).user
    other = GrantFactory(tier=wrong).user
    ended = article.published_at
    lapsed = GrantFactory(tier=right, starts_at=ended.replace(year=2001), ends_at=ended).user
    revoked = GrantFactory(tier=right, revoked_at=ended).user
    for viewer in (None, UserFactory(), lapsed, revoked):
        assert SENTINEL not in get_article_for(viewer, article.slug).html
    reads_all = SENTINEL in get_article_for(other, article.slug).html
    assert reads_all is (access == Access.PAID)
    for viewer in (member, article.author):
        assert SENTINEL in get_article_for(viewer, article.slug).html
    inactive = GrantFactory(tier=right, user__is_active=False).user
    assert SENTINEL not in get_article_for(inactive, article.slug).html


@pytest.mark.django_db
def test_p1_members_sections_of_a_public_text_are_for_the_signed_in() -> None:
    article = PublishedArticleFactory(
        dek="",
        body=f"<p>Open.</p><section data-audience=members><p>{SENTINEL}</p>"
        f'<figure><img src="/media/{SENTINEL}.jpg"></figure></section>',
    )
    forms = public_forms(article)
    # These two are for people we know; all others are for anyone.
    assert SENTINEL in forms.pop("members_html")
    assert SENTINEL in forms.pop("mail")
    for form, text in forms.items():
        assert SENTINEL not in text, form
    assert SENTINEL not in get_article_for(None, article.slug).html
    assert SENTINEL in get_article_for(UserFactory(), article.slug).html


@pytest.mark.django_db
def test_p1_lists_carry_no_text_at_all() -> None:
    PublishedArticleFactory(body=BODIES["divider"], access=Access.PAID)
    (article,) = list_published()
    assert article.get_deferred_fields() >= {"body", "public_html", "members_html", "full_html"}


@pytest.mark.django_db
def test_p5_previews_use_neither_picture_nor_words_from_below_the_divider() -> None:
    article = PublishedArticleFactory(
        dek="",
        access=Access.PAID,
        body="<h2>Not in an excerpt</h2><p>Words above.</p><hr data-paywall>"
        f'<figure><img src="/media/{SENTINEL}.jpg"></figure><p>{SENTINEL}</p>',
    )
    assert public_excerpt(article) == "Words above."
    assert first_public_image(article) is None
    assert image_sources(article.body) == {f"/media/{SENTINEL}.jpg"}


@pytest.mark.django_db
def test_p5_the_first_picture_above_the_divider_is_used() -> None:
    article = PublishedArticleFactory(
        access=Access.PAID,
        body='<figure><img src="/media/a.jpg" alt="A" width="640" height="480"></figure>'
        f'<hr data-paywall><figure><img src="/media/{SENTINEL}.jpg"></figure>',
    )
    article.refresh_from_db()
    assert first_public_image(article) == {
        "src": "/media/a.jpg",
        "alt": "A",
        "width": 640,
        "height": 480,
    }
