"""Who sees which part of a body, on the page and in the mail."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import pytest

from newsletter.articles.content import (
    Picture,
    Rendition,
    mail_html,
    public_excerpt,
    public_markdown,
    public_text,
    split_body,
    web_html,
)
from newsletter.articles.content.text import make_excerpt
from newsletter.articles.editor import sanitise_body
from newsletter.articles.models import Article
from newsletter.memberships.access import VISITOR, Decision, Reader, Requirement, decide
from newsletter.memberships.enums import Access
from tests.factories.articles import PublishedArticleFactory

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
MIXED = (
    "<p>ABOVE</p><section data-audience=members><p>MEMBERS</p></section>"
    "<section data-audience=email><p>MAIL</p></section>"
    "<section data-audience=web><p>WEB</p></section>"
    "<hr data-paywall><p>BELOW</p><section data-audience=members><p>DEEP</p></section>"
)
ALL = {"ABOVE", "MEMBERS", "MAIL", "WEB", "BELOW", "DEEP"}


def parts(html: str) -> set[str]:
    return {word for word in ALL if word in html}


@pytest.mark.parametrize(
    ("access", "public", "members"),
    [
        (Access.PUBLIC, {"ABOVE", "WEB", "BELOW"}, ALL - {"MAIL"}),
        (Access.MEMBERS, {"ABOVE", "WEB"}, {"ABOVE", "WEB", "MEMBERS"}),
        (Access.PAID, {"ABOVE", "WEB"}, {"ABOVE", "WEB", "MEMBERS"}),
        (Access.TIERS, {"ABOVE", "WEB"}, {"ABOVE", "WEB", "MEMBERS"}),
    ],
)
def test_each_access_splits_at_the_divider(
    access: str, public: set[str], members: set[str]
) -> None:
    split = split_body(sanitise_body(MIXED), access)
    assert parts(split.public_html) == public
    assert parts(split.members_html) == members
    assert parts(split.full_html) == ALL - {"MAIL"}
    assert split.has_divider


@pytest.mark.parametrize("access", [Access.MEMBERS, Access.PAID, Access.TIERS])
def test_without_a_divider_nothing_of_a_closed_text_is_public(access: str) -> None:
    split = split_body(sanitise_body("<p>ABOVE</p><p>BELOW</p>"), access)
    assert (split.public_html, split.members_html) == ("", "")
    assert parts(split.full_html) == {"ABOVE", "BELOW"}
    assert not split.has_divider


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("access", "reader", "seen"),
    [
        (Access.PUBLIC, VISITOR, {"ABOVE", "WEB", "BELOW"}),
        (Access.PUBLIC, Reader(1), ALL - {"MAIL"}),
        (Access.MEMBERS, VISITOR, {"ABOVE", "WEB"}),
        (Access.MEMBERS, Reader(1), ALL - {"MAIL"}),
        (Access.PAID, VISITOR, {"ABOVE", "WEB"}),
        (Access.PAID, Reader(1), {"ABOVE", "WEB", "MEMBERS"}),
        (Access.PAID, Reader(1, frozenset({7})), ALL - {"MAIL"}),
        (Access.PAID, Reader(1, is_staff=True), ALL - {"MAIL"}),
    ],
)
def test_each_reader_gets_their_page(access: str, reader: Reader, seen: set[str]) -> None:
    article = PublishedArticleFactory(body=MIXED, access=access)
    decision = decide(reader, Requirement(access), NOW)
    assert parts(web_html(article, decision)) == seen


def test_a_refusal_never_shows_the_whole_text_of_a_public_article() -> None:
    """A decision that says no is obeyed, whatever the article's own access says."""
    article = Article(
        access=Access.PUBLIC, public_html="P", members_html="M", full_html="FULL", body="FULL"
    )
    refused = Decision(False, decide(VISITOR, Requirement(Access.PAID), NOW).reason)
    assert "FULL" not in web_html(article, refused)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("access", "entitled", "seen"),
    [
        (Access.PUBLIC, True, ALL - {"WEB"}),
        (Access.PUBLIC, False, ALL - {"WEB"}),
        (Access.PAID, True, ALL - {"WEB"}),
        (Access.PAID, False, {"ABOVE", "MEMBERS", "MAIL"}),
        (Access.MEMBERS, False, {"ABOVE", "MEMBERS", "MAIL"}),
    ],
)
def test_the_mail_has_its_own_sections(access: str, entitled: bool, seen: set[str]) -> None:
    article = PublishedArticleFactory(body=MIXED, access=access)
    assert parts(mail_html(article, entitled)) == seen


@pytest.mark.django_db
def test_changing_the_access_splits_anew(django_assert_num_queries: object) -> None:
    from newsletter.articles.actions import save_article

    article = PublishedArticleFactory(body=MIXED, access=Access.PUBLIC)
    assert "BELOW" in article.public_html
    article.access = Access.PAID
    save_article(actor=article.author, article=article)
    article.refresh_from_db()
    assert parts(article.public_html) == {"ABOVE", "WEB"}
    assert "BELOW" not in article.excerpt


def test_notes_are_numbered_with_a_way_there_and_back() -> None:
    body = sanitise_body(
        "<p>One<span data-footnote>First.</span> two<span data-footnote>Second &amp; last.</span>"
        "</p><ul><li>three<span data-footnote>Third.</span></li></ul>"
    )
    html = split_body(body, Access.PUBLIC).public_html
    for number in "123":
        assert html.count(f'id="fn-{number}"') == html.count(f'id="fnref-{number}"') == 1
        assert f'href="#fn-{number}"' in html
        assert f'href="#fnref-{number}"' in html
    assert html.index("Second &amp; last.") < html.index("<ul>") < html.index("Third.")
    assert not re.search(r"<ul>.*<aside.*</ul>", html)


def test_every_id_is_there_once() -> None:
    body = sanitise_body("<h2>Same</h2><p>a</p><h2>Same</h2><h3>Same!</h3><h2>🎉</h2><h2>✨</h2>")
    ids = re.findall(r'id="([^"]+)"', split_body(body, Access.PUBLIC).public_html)
    assert len(ids) == len(set(ids)) == 5
    assert ids[:3] == ["s-same", "s-same-2", "s-same-3"]


def test_a_picture_comes_in_sizes_with_its_measures() -> None:
    picture = Picture(
        "/media/images/r/desk.jpg",
        1600,
        900,
        alt="A desk",
        renditions=(
            Rendition("/media/images/r/desk-640.webp", 640, 360, "webp"),
            Rendition("/media/images/r/desk-320.webp", 320, 180, "webp"),
            Rendition("/media/images/r/desk-640.avif", 640, 360, "avif"),
        ),
    )
    body = sanitise_body('<img src="/media/images/r/desk.jpg"><img src="/media/other.png" alt="B">')
    html = split_body(body, Access.PUBLIC, pictures={picture.url: picture}).public_html
    assert 'srcset="/media/images/r/desk-320.webp 320w, /media/images/r/desk-640.webp 640w"' in html
    assert html.index("image/avif") < html.index("image/webp")
    assert 'width="1600"' in html
    assert 'height="900"' in html
    assert 'alt="A desk"' in html
    assert html.count('loading="lazy"') == 1


@pytest.mark.django_db
def test_the_mail_has_absolute_addresses_and_notes_at_the_end(settings: object) -> None:
    settings.SITE_URL = "https://letters.example"  # type: ignore[attr-defined]
    article = PublishedArticleFactory(
        title="Ask",
        body='<p><a href="/about/">Us</a> <a href="#s-x">here</a><span data-footnote>A note.</span>'
        '</p><p data-button><a href="/subscribe/">Join</a></p><figure><img src="/media/a.jpg"'
        ' width="1200" alt="A"><figcaption>Cap</figcaption></figure>'
        '<figure data-embed><a href="https://www.video.example/1">Talk</a></figure>',
    )
    html = mail_html(article, entitled=True)
    assert 'href="https://letters.example/about/"' in html
    assert 'href="https://letters.example/articles/ask/#s-x"' in html
    assert 'src="https://letters.example/media/a.jpg"' in html
    assert 'width="600"' in html
    assert "height=" not in html
    assert html.endswith('<ol class="notes"><li>A note.</li></ol>')
    assert "[1]" in html
    assert "video.example" in html
    for unknown_to_mail in ("<picture", "<figure", "<section", "<aside", "data-", " id="):
        assert unknown_to_mail not in html
    assert not re.search(r"<a [^>]*>\s*<table", html)


@pytest.mark.django_db
def test_markdown_says_the_same() -> None:
    article = PublishedArticleFactory(
        title="Ask",
        body="<h2>One *star*</h2><p><strong>Bold </strong>and <em>thin</em><br>1. not a list</p>"
        "<ol start=3><li>three<ul><li>deep</li></ul></li></ol>"
        "<pre><code class=language-python>x = '```'</code></pre>"
        "<p>A <code>`tick`</code><span data-footnote>Note.</span></p>"
        "<section data-audience=members><p>MEMBERS</p></section>",
    )
    markdown = public_markdown(article)
    assert "## One \\*star\\*" in markdown
    assert "**Bold** and *thin*\\\n1\\. not a list" in markdown
    assert "3. three\n\n   - deep" in markdown
    assert "````python\nx = '```'\n````" in markdown
    assert "A `` `tick` ``[^1]" in markdown
    assert markdown.endswith("[^1]: Note.\n")
    assert "MEMBERS" not in markdown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>One two, three — four.</p>", 4),
        ("<p>don't re-enter</p>", 2),
        ("<ul><li>one</li><li>two</li></ul>", 2),
        ("<p>one<span data-footnote>not counted</span></p>", 1),
        ("<p>交渉は準備で決まる</p>", 5),
        ("<p>שלום עולם</p>", 2),
        ("<p>🎉 🎉</p>", 0),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    assert split_body(sanitise_body(text), Access.PUBLIC).word_count == words


def test_an_excerpt_ends_at_a_word() -> None:
    assert make_excerpt("short") == "short"
    cut = make_excerpt("word, " * 100)
    assert cut.endswith("word…")
    assert len(cut) <= 240
    assert len(make_excerpt("字" * 1000)) == 240


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Über Geld", "über-geld"),
        ("שיחה על כסף", "שיחה-על-כסף"),
        ("交渉の前に", "交渉の前に"),
        ("ﬁne Ⅳ", "fine-iv"),
        ("🎉", "article"),
        ("a/b\\..", "a-b"),
    ],
)
def test_w4_titles_of_any_script_make_an_address(title: str, slug: str) -> None:
    article = PublishedArticleFactory(title=title, body=f"<p>{title}</p>")
    article.refresh_from_db()
    assert article.slug == slug
    assert article.title in public_text(article)


@pytest.mark.django_db
def test_w4_a_hundred_thousand_words_and_three_hundred_pictures() -> None:
    paragraph = "<p>" + "word <em>and</em> text, " * 33 + "<span data-footnote>n</span></p>"
    picture = '<figure><img src="/media/images/x/{0}.jpg" alt="{0}"></figure>'
    body = "".join(
        f"<h2>Part {number}</h2>{paragraph}{picture.format(number) if number < 300 else ''}"
        for number in range(1010)
    )
    before = time.process_time()
    article = PublishedArticleFactory(body=body)
    took = time.process_time() - before
    assert article.word_count > 100_000
    assert article.full_html.count("<img") == 300
    assert article.full_html.count('role="doc-noteref"') == 1010
    assert public_excerpt(article)
    # Seconds of work, not minutes; generous, for machines differ.
    assert took < 30
