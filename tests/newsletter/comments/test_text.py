"""C5: whatever is typed, what is shown is safe, and readable where it was meant well."""

from __future__ import annotations

import time

import pytest
from django.core.exceptions import ValidationError

from newsletter.comments.forms import BodyField, EditForm
from newsletter.comments.text import (
    MAX_BODY,
    clean_name,
    clean_text,
    links_in,
    plain_text,
    render_comment,
)


@pytest.mark.parametrize(
    ("body", "html"),
    [
        (
            "One *two* **three** ~~four~~",
            "<p>One <em>two</em> <strong>three</strong> <s>four</s></p>",
        ),
        ("a\nb", "<p>a<br>\nb</p>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("# Not a heading", "<p># Not a heading</p>"),
        (
            "See https://a.example/b_c_.",
            '<p>See <a href="https://a.example/b_c_" rel="nofollow ugc">https://a.example/b_c_</a>.</p>',
        ),
        (
            "(see https://a.example/Chair_(b))",
            '<p>(see <a href="https://a.example/Chair_(b)" rel="nofollow ugc">https://a.example/Chair_(b)</a>)</p>',
        ),
        (
            "[here](https://a.example 'a title')",
            '<p><a href="https://a.example" rel="nofollow ugc">here</a></p>',
        ),
    ],
)
def test_c5_a_small_part_of_markdown(body: str, html: str) -> None:
    assert render_comment(clean_text(body)) == html


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:msgbox)",
        "<javascript:alert(1)>",
        "![x](https://a.example/p.png)",
        '<svg onload="alert(1)"><style>*{display:none}</style>',
        '<a href="javascript:alert(1)" style="position:fixed">x</a>',
        '[x](https://a.example" onmouseover="alert(1))',
        "**unbalanced `and [half](",
    ],
)
def test_c5_nothing_runs_and_nothing_is_drawn(body: str) -> None:
    html = render_comment(clean_text(body))
    for tag in ("<script", "<svg", "<style", "<img", "<iframe"):
        assert tag not in html
    for link in links_in(html):
        assert link.startswith(("https://", "http://", "mailto:"))
    opened = [part.partition(">")[0] for part in html.split("<")[1:]]
    assert not [tag for tag in opened if " on" in tag or "style=" in tag or "title=" in tag]


def test_c5_hostile_sizes_cost_little() -> None:
    started = time.perf_counter()
    for body in (">" * MAX_BODY, "[" * MAX_BODY, "*a_ " * 2500, "- " * 5000, "![[" * 3000):
        html = render_comment(clean_text(body)[:MAX_BODY])
        assert html.count("<blockquote>") <= 30
    assert time.perf_counter() - started < 10


def test_c5_a_megabyte_is_refused_with_a_reason() -> None:
    with pytest.raises(ValidationError, match="longer than a comment can be"):
        BodyField().clean("a" * 1_000_000)


def test_c5_what_cannot_be_seen_is_dropped() -> None:
    assert clean_text("a\x00b\u200bc\u202ed\ufeff\u2066e") == "abcde"
    assert clean_text("\U0001f468\u200d\U0001f469") == "\U0001f468\u200d\U0001f469"
    assert len(clean_text("a" + "\u0301\u0302" * 200)) < 10
    assert clean_text("one\r\n\r\n\r\n\r\ntwo  \r\n") == "one\n\ntwo"
    assert clean_name(" A\n\u202e B\x00 ") == "A B"


def test_plain_text_for_lists() -> None:
    html = render_comment("A *b* & <c>\n\n- d\n- e")
    assert plain_text(html) == "A b & <c> d e"


def test_a_list_begins_with_the_number_that_was_written() -> None:
    assert '<ol start="7">' in render_comment("7. I disagree with the seventh point")
    assert "<ol>" in render_comment("1. First")


@pytest.mark.parametrize(
    "blank", ["\u200d", "\u200c\u200d", "\u2800", "\u3164", ">", "- ", "[](//a.b)"]
)
def test_what_shows_nothing_is_no_comment(blank: str) -> None:
    form = EditForm({"body": blank})
    assert not form.is_valid()
    assert form.errors["body"] == ["Write something first."]


@pytest.mark.parametrize("blank", ["\u200d", "\u200c \u200d", "\u2800", "\u3164"])
def test_what_shows_nothing_is_no_name(blank: str) -> None:
    assert clean_name(blank) == ""


def test_joiners_that_scripts_and_emoji_need_stay() -> None:
    assert clean_name("می‌خواهم") == "می‌خواهم"
    assert EditForm({"body": "👩‍🚀"}).is_valid()
