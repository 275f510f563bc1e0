"""C5: hundreds of ways to get a script into a page, through the real action; none of them does.

tests/browser/test_comment_scripts.py shows the same comments to a real browser.
"""

from __future__ import annotations

import time
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.text import clean_text, plain_text, render_comment
from tests.factories.comments import say
from tests.newsletter.comments.vectors import VECTORS

TAGS = {"p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
SCHEMES = {"http", "https", "mailto"}


class Strict(HTMLParser):
    """Reads HTML as closely as a browser's attacker would; anything out of place is a failure."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        given = dict(attrs)
        assert set(given) <= ({"href", "rel"} if tag == "a" else set()), given
        if tag == "a":
            assert given["rel"] == "nofollow ugc"
        if "href" in given:
            self.check_address(given["href"] or "")
        if tag != "br":
            self.open.append(tag)

    def check_address(self, address: str) -> None:
        """Without what browsers leave out of an address before they look at its scheme."""
        bare = "".join(sign for sign in address if sign > " ")
        assert bare == address
        # From a page of ours: what has no scheme stays here.
        assert urlsplit(urljoin("https://ours.example/a/", bare)).scheme in SCHEMES, address

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def assert_harmless(html: str) -> None:
    reader = Strict()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert "\x00" not in html


def test_there_are_enough_of_them() -> None:
    assert len(set(VECTORS)) >= 300


@pytest.mark.parametrize("around", ["{}", "> {}", "- a\n- {}", "**{}**", "[{}](https://a.example)"])
def test_c5_what_is_rendered_is_harmless_wherever_it_stands(around: str) -> None:
    for vector in VECTORS:
        assert_harmless(render_comment(clean_text(around.format(vector))))


def test_c5_two_halves_in_one_comment_make_no_whole() -> None:
    for first, second in zip(VECTORS, VECTORS[1:] + VECTORS[:1], strict=True):
        assert_harmless(render_comment(clean_text(f"{first}\n{second}\n\n{first}")))


def test_c5_what_is_stored_is_harmless_and_so_are_feeds(
    article: Article, moderator: User, client
) -> None:
    for vector in VECTORS[::16]:
        comment = say(article, moderator, vector)
        assert_harmless(comment.html)
        assert "\x00" not in comment.body
    feed = client.get("/comments/feed.atom").content.decode()
    assert "<script" not in feed.lower()
    assert "<img" not in feed.lower()


@pytest.mark.parametrize(
    "text",
    [
        ">" * 10_000 + " deep",
        "> " * 10_000 + "deep",
        "- " * 10_000,
        "[" * 10_000,
        "[a](" * 8_000,
        "*a_" * 10_000,
        "`" * 50_001,
        "<http://" * 8_000,
        "https://a.example/ " * 4_000,
        "\u202e\u200b" * 100_000,
        "a\u0301" * 100_000,
        "&#" * 50_000,
    ],
    ids=lambda text: text[:6].encode("unicode_escape").decode(),
)
def test_c5_ten_thousand_quotes_cost_little(text: str) -> None:
    """The form stops at 10,000 characters; the text itself is safe without it."""
    start = time.process_time()
    html = render_comment(clean_text(text))
    assert time.process_time() - start < 6
    assert_harmless(html)
    assert "<" not in plain_text(html).replace("<http://", "")


def test_c5_a_megabyte_costs_little() -> None:
    """Every sign of it is one that could begin something; what comes out is known to the letter."""
    start = time.process_time()
    html = render_comment(clean_text("<b>" * 350_000))
    assert time.process_time() - start < 6
    assert html == "<p>" + "&lt;b&gt;" * 350_000 + "</p>"
