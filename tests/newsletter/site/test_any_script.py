"""W4: articles, tags and authors in any script have an address that works wherever it is said."""

from __future__ import annotations

import json
import re
import unicodedata
from email.headerregistry import HeaderRegistry
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.articles.actions import find_or_create_tags, save_article
from newsletter.articles.content import mail_html, public_markdown
from newsletter.articles.models import Article, SlugRedirect, Tag
from tests.factories.accounts import StaffFactory
from tests.factories.articles import AuthorFactory, PublishedArticleFactory

pytestmark = pytest.mark.django_db

SITE = "https://letters.example.org"
TITLES = {
    "Hindi": ("हिन्दी में बातचीत", "हिन्दी-में-बातचीत"),
    "Thai": ("การเจรจาต่อรอง: น้ำ", "การเจรจาต่อรอง-น้ำ"),
    "Arabic": ("مُفَاوَضَات العمل", "مُفَاوَضَات-العمل"),
    "Hebrew": ("שִׂיחָה על כסף", "שִׂיחָה-על-כסף"),
    "Vietnamese": ("Đàm phán tiền lương", "đàm-phán-tiền-lương"),
    "Vietnamese in parts": (
        unicodedata.normalize("NFD", "Đàm phán tiền lương"),
        "đàm-phán-tiền-lương",
    ),
    "emoji": ("🎉 👩‍👩‍👧", "article"),
    "very long": ("न" + "न्दी" * 49, "न" + "न्दी" * 19),
}


@pytest.fixture(autouse=True)
def _site(settings) -> None:
    settings.SITE_URL = SITE


@pytest.mark.parametrize("script", TITLES)
def test_w4_an_article_opens_at_its_own_words(client: Client, script: str) -> None:
    title, slug = TITLES[script]
    article = PublishedArticleFactory(title=title)
    article.refresh_from_db()
    assert article.slug == slug
    Article.full_clean(article, exclude=["author"])
    path = reverse("articles:read-article", args=[slug])
    assert path.isascii()
    page = client.get(path).content.decode()
    assert f'<link rel="canonical" href="{SITE}{path}">' in page
    assert f'<meta property="og:url" content="{SITE}{path}">' in page
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert data is not None
    assert json.loads(data[1])["mainEntityOfPage"] == f"{SITE}{path}"
    markdown = client.get(reverse("articles:read-markdown", args=[slug]))
    assert markdown.status_code == 200
    assert markdown["Link"] == f'<{SITE}{path}>; rel="canonical"'


def test_w4_every_spelling_of_the_same_word_leads_there(client: Client) -> None:
    PublishedArticleFactory(title="Đàm phán")
    canonical = f"{SITE}/articles/{quote('đàm-phán')}/"
    for form in ("NFC", "NFD"):
        path = f"/articles/{quote(unicodedata.normalize(form, 'đàm-phán'))}/"
        response = client.get(path)
        assert response.status_code == 200
        assert f'<link rel="canonical" href="{canonical}">' in response.content.decode()


@pytest.mark.parametrize(
    "path", ["%00", "a%00b", "%F0%9F%8E%89", "a%20b", "%CC%81", "-", "%E2%80%8D"]
)
def test_w4_what_can_be_no_address_is_not_found(client: Client, path: str) -> None:
    for place in ("articles", "tags", "authors"):
        assert client.get(f"/{place}/{path}/").status_code == 404


def test_w4_two_of_the_same_words_are_told_apart() -> None:
    slugs = [PublishedArticleFactory(title="🎉").slug for _ in range(2)]
    slugs += [PublishedArticleFactory(title="हिन्दी").slug for _ in range(2)]
    assert slugs == ["article", "article-2", "हिन्दी", "हिन्दी-2"]


def test_w4_an_address_typed_by_hand_is_brought_into_form(client: Client) -> None:
    article = PublishedArticleFactory(title="A")
    article.slug = f"  {unicodedata.normalize('NFD', 'Ảnh Hưởng')}! " + "और " * 100
    save_article(actor=article.author, article=article)
    article.refresh_from_db()
    assert article.slug.startswith("ảnh-hưởng-और-")
    assert article.slug.endswith("-और")
    assert 190 < len(article.slug) <= 200
    assert client.get(reverse("articles:read-article", args=[article.slug])).status_code == 200


def test_w4_w1_a_renamed_article_is_found_under_its_old_words(client: Client) -> None:
    article = PublishedArticleFactory(title="हिन्दी")
    article.slug = "مفاوضات"
    save_article(actor=article.author, article=article)
    assert SlugRedirect.objects.get().old_slug == "हिन्दी"
    response = client.get(f"/articles/{quote('हिन्दी')}/?utm_source=letter")
    assert response.status_code == 301
    assert response["Location"] == f"/articles/{quote('مفاوضات')}/?utm_source=letter"


def test_w4_lists_feeds_and_the_sitemap_say_addresses_that_open(client: Client) -> None:
    author = StaffFactory(author_slug="मीरा", name="मीरा")
    tags = find_or_create_tags(actor=author, names=["การเจรจา", "שִׂיחָה"])
    for title, _slug in TITLES.values():
        PublishedArticleFactory(title=title, author=author, tags=tags)
    places = [
        *(reverse("articles:browse-tag", args=[tag.slug]) for tag in tags),
        reverse("articles:browse-author", args=["मीरा"]),
    ]
    found: set[str] = set()
    for place in places:
        page = client.get(place).content.decode()
        assert f'<link rel="canonical" href="{SITE}{place}">' in page
        found |= {url for url in re.findall(r'href="(/[^"#]*)"', page) if "/static/" not in url}
        for kind in ("atom", "rss"):
            feed = client.get(f"{place}feed.{kind}")
            text = feed.content.decode()
            assert f"{SITE}{place}feed.{kind}" in text
            for element in ElementTree.fromstring(feed.content).iter():
                link = element.get("href") or (element.text if element.tag == "link" else None)
                if link:
                    found.add(link.removeprefix(SITE))
    tree = ElementTree.fromstring(client.get("/sitemap.xml").content)
    in_sitemap = {
        (element.text or "").removeprefix(SITE)
        for element in tree.iter()
        if element.tag.endswith("}loc")
    }
    assert set(places) <= in_sitemap
    found |= in_sitemap
    assert len(found) > 15
    for address in found:
        assert address.isascii(), address
        assert client.get(address, follow=True).status_code == 200, unquote(address)


def test_w4_mails_and_markdown_link_to_it_with_an_address_of_ascii() -> None:
    body = '<p><a href="#x">Here</a> <a href="/about/">there</a></p>'
    article = PublishedArticleFactory(title="हिन्दी", body=body)
    expected = f"{SITE}/articles/{quote('हिन्दी')}/#x"
    assert f'href="{expected}"' in mail_html(article, entitled=True)
    assert expected in public_markdown(article)


def test_w4_headings_have_anchors_of_their_own_words() -> None:
    article = PublishedArticleFactory(body="<h2>हिन्दी में</h2><h2>🎉</h2><h2>हिन्दी में</h2>")
    anchors = re.findall(r'<h2 id="([^"]+)"', article.full_html)
    assert anchors == ["s-हिन्दी-में", "s-section", "s-हिन्दी-में-2"]


def test_w4_a_tag_is_the_same_however_it_is_spelt() -> None:
    author = AuthorFactory()
    name = "Đàm phán"
    first = find_or_create_tags(actor=author, names=[name])
    again = find_or_create_tags(actor=author, names=[unicodedata.normalize("NFD", name)])
    assert first == again
    assert Tag.objects.get().slug == "đàm-phán"
    cut = find_or_create_tags(actor=author, names=["न" + "न्दी" * 19])[0]
    assert cut.slug == "न" + "न्दी" * 17
    Tag.full_clean(cut)


def test_w4_an_author_page_in_any_script(client: Client, settings) -> None:
    settings.STAFF_SECOND_FACTOR = False
    desk = StaffFactory(is_superuser=True)
    client.force_login(desk, backend="django.contrib.auth.backends.ModelBackend")
    person = StaffFactory(name="मीरा शर्मा")
    url = reverse("admin:newsletter_user_change", args=[person.pk])
    form = client.get(url).context["adminform"].form
    typed = {name: form[name].value() or "" for name in form.fields}
    typed = {name: value for name, value in typed.items() if name != "portrait"}
    client.post(url, {**typed, "author_slug": " मीरा शर्मा! ", "user_permissions": []})
    person.refresh_from_db()
    assert person.author_slug == "मीरा-शर्मा"
    assert client.get(reverse("articles:browse-author", args=["मीरा-शर्मा"])).status_code == 200


def test_w4_where_it_stood_first_may_be_anywhere(client: Client) -> None:
    article = PublishedArticleFactory(slug="one", canonical_url="https://उदाहरण.example/हिन्दी/")
    card = re.search(
        r'rel="canonical" href="([^"]+)"', client.get("/articles/one/").content.decode()
    )
    assert card is not None
    assert urlsplit(card[1]).path == quote("/हिन्दी/")
    link = client.get("/articles/one.md")["Link"]
    assert link.isascii()
    assert not link.startswith("=?")
    assert HeaderRegistry()("Link", link)
    assert article.pk
