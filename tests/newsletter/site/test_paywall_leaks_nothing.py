"""P1, P2, P5, P6 over HTTP: no public form of an article holds what its reader may not see."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.enums import ArticleState, Visibility
from newsletter.articles.models import Article
from newsletter.lib.html_tree import parse
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PAYWALL, ArticleFactory, PublishedArticleFactory, TagFactory
from tests.factories.memberships import GrantFactory, TierFactory
from tests.factories.publication import PublicationFactory

pytestmark = pytest.mark.django_db

SENTINEL = "zirconium"
PICTURE = "/media/images/secret/below-the-divider.png"
BODY = (
    f"<p>Open beginning.</p>{PAYWALL}<p>The {SENTINEL} part.</p>"
    f'<h2>On {SENTINEL}</h2><figure><img src="{PICTURE}" alt="{SENTINEL}"></figure>'
    f"<p>More<span data-footnote>A note on {SENTINEL}.</span></p>"
)


@pytest.fixture
def tag():
    return TagFactory(slug="paper")


@pytest.fixture
def author() -> User:
    return StaffFactory(author_slug="hanna", name="Hanna")


def routes(article: Article) -> list[str]:
    """Every public address on which an article appears in some form."""
    local = timezone.localtime(article.published_at)
    return [
        "/",
        "/about/",
        "/articles/",
        f"/articles/{article.slug}/",
        f"/articles/{article.slug}.md",
        f"/archive/{local.year}/{local.month}/",
        "/tags/paper/",
        "/authors/hanna/",
        "/feed.atom",
        "/feed.rss",
        "/tags/paper/feed.atom",
        "/tags/paper/feed.rss",
        "/authors/hanna/feed.atom",
        "/authors/hanna/feed.rss",
        "/sitemap.xml",
        "/robots.txt",
        "/search/?q=beginning",
        f"/search/?q={article.slug}",
    ]


def neighbour(author: User, tag) -> Article:
    """An article whose page names the paid one as related, as next and as previous."""
    return PublishedArticleFactory(author=author, tags=[tag], title="Beside it")


PERSONAS = ["visitor", "free reader", "wrong tier", "lapsed", "revoked", "not yet"]


def persona(client: Client, name: str) -> Client:
    """Sign in as somebody who may not read the article."""
    if name == "visitor":
        return client
    user = UserFactory()
    now = timezone.now()
    if name == "wrong tier":
        GrantFactory(user=user, tier=TierFactory(name="Patrons"))
    right = TierFactory._meta.model.objects.get(slug="right")
    if name == "lapsed":
        GrantFactory(
            user=user,
            tier=right,
            starts_at=now - timedelta(days=30),
            ends_at=now - timedelta(seconds=1),
        )
    if name == "revoked":
        GrantFactory(user=user, tier=right, revoked_at=now - timedelta(seconds=1))
    if name == "not yet":
        GrantFactory(user=user, tier=right, starts_at=now + timedelta(hours=1))
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", PERSONAS)
def test_p1_no_route_gives_the_paid_part_away(client: Client, name: str, tag, author) -> None:
    right = TierFactory(slug="right")
    article = PublishedArticleFactory(
        author=author, access="tiers", tiers=[right], tags=[tag], body=BODY, slug="the-paid-one"
    )
    other = neighbour(author, tag)
    persona(client, name)
    for path in [*routes(article), f"/articles/{other.slug}/"]:
        response = client.get(path)
        assert response.status_code == 200, path
        text = response.content.decode()
        assert SENTINEL not in text, path
        assert "below-the-divider" not in text, path
        assert SENTINEL not in str(response.headers), path


def test_p1_the_check_itself_sees_the_text_where_it_belongs(client: Client, tag, author) -> None:
    right = TierFactory(slug="right")
    article = PublishedArticleFactory(
        author=author, access="tiers", tiers=[right], tags=[tag], body=BODY
    )
    client.force_login(GrantFactory(tier=right).user)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert SENTINEL in page
    assert 'class="paywall"' not in page


@pytest.mark.parametrize(("access", "is_shut"), [("members", False), ("paid", True)])
def test_free_reader_reads_what_is_for_members_and_no_more(
    client: Client, access: str, is_shut: bool
) -> None:
    article = PublishedArticleFactory(access=access, body=BODY)
    assert SENTINEL not in client.get(f"/articles/{article.slug}/").content.decode()
    client.force_login(UserFactory())
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert (SENTINEL not in page) is is_shut


def test_p1_members_sections_are_not_for_visitors(client: Client, tag, author) -> None:
    article = PublishedArticleFactory(
        author=author,
        tags=[tag],
        body=f'<p>Open.</p><section data-audience="members"><p>{SENTINEL}</p></section>',
    )
    for path in routes(article):
        assert SENTINEL not in client.get(path).content.decode(), path
    client.force_login(UserFactory())
    assert SENTINEL in client.get(f"/articles/{article.slug}/").content.decode()


def test_p1_mail_only_sections_are_not_on_the_web(client: Client, tag, author) -> None:
    article = PublishedArticleFactory(
        author=author,
        tags=[tag],
        body=f'<p>Open.</p><section data-audience="email"><p>{SENTINEL}</p></section>',
    )
    client.force_login(author)
    for path in routes(article):
        assert SENTINEL not in client.get(path).content.decode(), path


def test_p2_search_finds_no_word_of_the_paid_part_for_anyone(client: Client, tag, author) -> None:
    article = PublishedArticleFactory(author=author, access="paid", tags=[tag], body=BODY)
    for user in (None, GrantFactory().user, author):
        if user is not None:
            client.force_login(user)
        page = client.get("/search/", {"q": SENTINEL}).content.decode()
        assert article.title not in page
        assert "Nothing here has these words" in page
    assert article.title in client.get("/search/", {"q": "beginning"}).content.decode()


def test_p5_the_picture_below_the_divider_is_in_no_preview(client: Client) -> None:
    article = PublishedArticleFactory(access="paid", dek="", body=BODY)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert "og:image" not in page
    assert 'property="og:description" content="Open beginning."' in page


@pytest.mark.parametrize(
    "fields",
    [
        {"state": ArticleState.DRAFT},
        {"state": ArticleState.SCHEDULED, "published_at": timezone.now() + timedelta(days=1)},
        {"state": ArticleState.ARCHIVED},
        {"state": ArticleState.PUBLISHED, "visibility": Visibility.EMAIL_ONLY},
        {"state": ArticleState.PUBLISHED, "visibility": Visibility.UNLISTED},
    ],
    ids=["draft", "scheduled", "archived", "mail only", "unlisted"],
)
def test_p6_lists_name_nothing_that_is_not_listed(
    client: Client, fields: dict, tag, author
) -> None:
    visible = neighbour(author, tag)
    article = ArticleFactory(
        author=author, tags=[tag], title=f"All about {SENTINEL}", slug="hidden-one", **fields
    )
    hidden = {f"/articles/{article.slug}/", f"/articles/{article.slug}.md"}
    for path in [*routes(visible), f"/search/?q={SENTINEL}"]:
        text = client.get(path).content.decode().replace(f'value="{SENTINEL}"', "")
        text = text.replace(f"<title>{SENTINEL}", "")
        assert SENTINEL not in text, path
        assert "hidden-one" not in text, path
    expected = 200 if fields.get("visibility") == Visibility.UNLISTED else 404
    for path in hidden:
        assert client.get(path).status_code == expected


def test_unlisted_page_asks_not_to_be_indexed(client: Client) -> None:
    article = PublishedArticleFactory(visibility=Visibility.UNLISTED)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert '<meta name="robots" content="noindex">' in page


def test_search_engines_are_told_what_is_paid(client: Client) -> None:
    article = PublishedArticleFactory(access="paid", body=BODY)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found is not None
    data = json.loads(found[1])
    assert data["isAccessibleForFree"] is False
    assert data["hasPart"]["isAccessibleForFree"] is False
    assert data["hasPart"]["cssSelector"] == ".paywalled"
    assert SENTINEL not in found[1]
    # For a visitor the selector finds the panel; for a member what it stands for, and no more.
    assert closed_parts(page) == [panel_of(page)]
    client.force_login(GrantFactory().user)
    (closed,) = closed_parts(client.get(f"/articles/{article.slug}/").content.decode())
    assert f"The {SENTINEL} part." in closed
    assert "A note on" in closed
    assert "Open beginning." not in closed


def test_free_texts_have_no_closed_part(client: Client) -> None:
    article = PublishedArticleFactory(access="public", body=BODY)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert '"isAccessibleForFree":true' in page
    assert "hasPart" not in page
    assert not closed_parts(page)


def closed_parts(page: str) -> list[str]:
    """The text of what `.paywalled` selects."""
    return [
        node.text()
        for node in parse(page).walk()
        if "paywalled" in node.attrs.get("class", "").split()
    ]


def panel_of(page: str) -> str:
    """The text of the panel at the end of what a visitor reads."""
    (panel,) = [node.text() for node in parse(page).walk() if node.attrs.get("class") == "paywall"]
    return panel


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("visitor", ["€6 a month", "Become a paying member", "Sign in", "/join/"]),
        ("free reader", ["You already get the letters", "€6 a month", "/join/"]),
        ("wrong tier", ["which yours does not include", "Inner Circle", "See what it adds"]),
    ],
)
def test_the_panel_speaks_to_who_is_reading(client: Client, name: str, words: list[str]) -> None:
    PublicationFactory()
    right = TierFactory(slug="right", name="Inner Circle")
    article = PublishedArticleFactory(access="tiers", tiers=[right], body=BODY)
    persona(client, name)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    panel = page[page.index('class="paywall"') :]
    panel = panel[: panel.index("</section>")]
    for word in words:
        assert word in panel
    assert panel.count('class="button"') == 1


def test_staff_are_told_that_others_see_less(client: Client) -> None:
    article = PublishedArticleFactory(access="paid", body=BODY)
    client.force_login(StaffFactory())
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert SENTINEL in page
    assert "You see all of this because you work here" in page
