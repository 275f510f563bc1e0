"""The demo's texts, prints and people hold together, before any database is asked."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from PIL import ImageChops

from newsletter.articles.sanitiser import sanitise_body
from newsletter.demo import art
from newsletter.demo.names import people
from newsletter.demo.reading import (
    ArticleContent,
    ContentError,
    load_articles,
    load_publication,
)
from newsletter.lib.addresses import normalise_address
from newsletter.lib.html_tree import parse

ARTICLES = load_articles()
EVERY = pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article.slug)


def words_in(html: str) -> int:
    return len(re.sub(r"<[^>]+>", " ", html).split())


def tags_in(html: str) -> Counter[str]:
    return Counter(
        " ".join([node.tag, *(name for name in node.attrs if name.startswith("data-"))])
        for node in parse(html).walk()
    )


def images_of(article: ArticleContent) -> list[str]:
    return re.findall(r'src="demo:([^"]*)"', article.body)


def test_there_are_eight_published_one_scheduled_one_draft() -> None:
    states = Counter(article.state for article in ARTICLES)
    assert states == {"published": 8, "scheduled": 1, "draft": 1}
    assert sum(article.featured for article in ARTICLES) == 1
    access = Counter(article.access for article in ARTICLES)
    assert access["members"] >= 1
    assert access["paid"] == 2


@EVERY
def test_lengths_are_those_of_essays(article: ArticleContent) -> None:
    least = 300 if article.state == "draft" else 600
    assert least <= words_in(article.body) <= 1500


@EVERY
def test_the_sanitiser_takes_nothing_away(article: ArticleContent) -> None:
    body = re.sub(r"(demo|article):", "/", article.body)
    assert tags_in(sanitise_body(body)) == tags_in(body)


@EVERY
def test_every_reference_leads_somewhere(article: ArticleContent) -> None:
    publication = load_publication()
    slugs = {other.slug for other in ARTICLES if other.state == "published"}
    assert {article.cover, *images_of(article)} <= set(art.NAMES)
    assert set(article.tags) <= {tag.slug for tag in publication.tags}
    assert article.newsletter in {letter.slug for letter in publication.newsletters}
    for href in re.findall(r'href="([^"]*)"', article.body):
        scheme, _, rest = href.partition(":")
        if scheme == "article":
            assert rest in slugs - {article.slug}
        else:
            assert re.match(r"https://example\.(com|org)/", href)


@EVERY
def test_texts_fit_their_columns(article: ArticleContent) -> None:
    for text in (
        article.dek,
        article.cover_alt,
        article.cover_caption,
        article.seo_description,
        *re.findall(r'alt="([^"]*)"', article.body),
    ):
        assert len(text) <= 300
    for alt in re.findall(r"<img[^>]*>", article.body):
        assert 'alt=""' not in alt
    assert "!" not in article.body + article.title + article.dek


@EVERY
def test_a_closed_article_shows_enough_above_the_divider(article: ArticleContent) -> None:
    teaser, divider, _ = article.body.partition("<hr data-paywall>")
    assert bool(divider) == (article.access != "public")
    assert words_in(teaser) >= 150


def test_every_node_of_the_editor_is_somewhere() -> None:
    found = tags_in("".join(article.body for article in ARTICLES))
    for node in ("h2", "h3", "ul", "ol", "blockquote", "table", "pre", "s", "hr", "p data-button"):
        assert found[node], node
    for node in ("blockquote data-pull", "hr data-paywall", "figure data-embed"):
        assert found[node], node
    assert sum("data-footnote" in article.body for article in ARTICLES) >= 3
    for audience in ("members", "email", "web"):
        assert any(f'data-audience="{audience}"' in article.body for article in ARTICLES)


def test_the_publication_is_whole() -> None:
    publication = load_publication()
    assert [letter.slug for letter in publication.newsletters] == ["main", "second"]
    assert words_in(publication.about) >= 250
    assert set(publication.sent_articles) <= {a.slug for a in ARTICLES if a.state == "published"}
    assert contrast(publication.accent, "#fbf8f1") >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two hex colours."""

    def light(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", art.NAMES)
def test_a_print_comes_out_the_same_twice(name: str) -> None:
    first, second = art.draw(name, (320, 200)), art.draw(name, (320, 200))
    assert first.size == (320, 200)
    assert first.mode == "RGB"
    assert ImageChops.difference(first, second).getbbox() is None


def test_people_are_many_different_and_always_the_same() -> None:
    once, again = list(people(4300)), list(people(4300))
    assert once == again
    names, addresses = zip(*once, strict=True)
    assert len(set(names)) == len(set(addresses)) == 4300
    assert all(address.endswith("@example.com") for address in addresses)
    assert all(address == normalise_address(address) for address in addresses)
    assert sum(not name.isascii() for name in names) > 1000
    assert any("\u2019" in name for name in names)
    with pytest.raises(ValueError, match="only"):
        list(people(100_000))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('title = "A"', "", "one.html: title is missing"),
        ('access = "public"', 'access = "secret"', "one.html: access is 'secret'"),
        ("days_ago = 3", 'days_ago = "three"', "one.html: days_ago must be int"),
        ("featured = false", "featured = 0", "one.html: featured must be bool"),
        ('dek = "B"', 'dek = "B"\nsubtitle = "C"', "one.html: nobody reads subtitle"),
        ("+++\n<p>", "<p>", "one.html: does not begin with front matter"),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = (
        '+++\ntitle = "A"\ndek = "B"\nslug = "one"\ntags = ["x"]\naccess = "public"\n'
        'state = "published"\ndays_ago = 3\nnewsletter = ""\nfeatured = false\n'
        'cover = "table"\ncover_alt = "C"\ncover_caption = ""\nseo_description = ""\n'
        'author = "guest"\n+++\n<p>Text</p>\n'
    )
    (tmp_path / "one.html").write_text(text)
    assert load_articles(tmp_path)[0].days == -3
    (tmp_path / "one.html").write_text(text.replace(old, new))
    with pytest.raises(ContentError, match=re.escape(complaint)):
        load_articles(tmp_path)


def test_two_articles_cannot_share_an_address(tmp_path: Path) -> None:
    source = Path(art.__file__).parents[1] / "articles" / "10-the-other-bank.html"
    for name in ("a.html", "b.html"):
        (tmp_path / name).write_text(source.read_text())
    with pytest.raises(ContentError, match=r"b\.html: slug is that of a\.html too"):
        load_articles(tmp_path)
