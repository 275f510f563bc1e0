"""The text part of a mail: readable in a terminal, and nothing lost on the way."""

from __future__ import annotations

import re
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.articles.sanitiser import sanitise_body
from newsletter.lib.mail_lines import display_width
from newsletter.lib.mail_text import html_to_text

WORD = st.text("abcdefghijklmnopqrstuvwxyzäöüßéñçøåλжשא漢字", min_size=1, max_size=14)
SENTENCE = st.lists(WORD, min_size=1, max_size=20).map(" ".join)


def paragraph(text: str) -> str:
    return f"<p>{text}</p>"


def inline(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        children.map(lambda t: f"<em>{t}</em>"),
        children.map(lambda t: f"<strong>{t}</strong>"),
        children.map(lambda t: f'<a href="https://example.com/{len(t)}">{t}</a>'),
        st.lists(children, min_size=2, max_size=3).map("<br>".join),
    )


def blocks(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(children, min_size=1, max_size=3)
    return st.one_of(
        children.map(lambda t: f"<blockquote>{t}</blockquote>"),
        children.map(lambda t: f"<blockquote data-pull>{t}</blockquote>"),
        items.map(lambda each: "<ul>" + "".join(f"<li>{t}</li>" for t in each) + "</ul>"),
        items.map(lambda each: "<ol>" + "".join(f"<li>{t}</li>" for t in each) + "</ol>"),
        items.map(
            lambda each: (
                "<table><tbody>"
                + "".join(f"<tr><th>{t}</th><td>{t}</td></tr>" for t in each)
                + "</tbody></table>"
            )
        ),
        items.map("".join),
    )


TEXT = SENTENCE.map(escape)
PARAGRAPH = st.recursive(TEXT, inline, max_leaves=4).map(paragraph)
HEADING = TEXT.map(lambda t: f"<h2>{t}</h2>")
FIGURE = TEXT.map(
    lambda t: f'<figure><img src="/a.png" alt="{t}"><figcaption>{t}</figcaption></figure>'
)
BODY = st.recursive(st.one_of(PARAGRAPH, HEADING, FIGURE), blocks, max_leaves=8)


def words_in(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


@settings(max_examples=150, deadline=None)
@given(BODY)
def test_no_word_is_lost(html: str) -> None:
    shown = re.sub(r'alt="([^"]*)"', r">\1<", html)
    expected = words_in(re.sub(r"<[^>]*>", " ", shown))
    # A long run of signs that are written without spaces may be broken between two of them.
    found = html_to_text(html)
    together = re.sub(r"[\s>]+", "", found)
    assert {word for word in expected if word not in together} == set()


@settings(max_examples=150, deadline=None)
@given(BODY)
def test_no_line_is_wider_than_72_unless_it_is_one_word(html: str) -> None:
    for line in html_to_text(html).splitlines():
        unbreakable = len(line.replace("[", " ").split()) <= 2 or line.startswith(" " * 24)
        assert display_width(line) <= 72 or unbreakable, line


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400) | st.text("<>/pulitabdhrq =\"'&;#x1\n\t", max_size=400))
def test_any_string_is_read(text: str) -> None:
    assert isinstance(html_to_text(text), str)
    assert isinstance(html_to_text(sanitise_body(text)), str)


def test_ten_thousand_quotes_in_each_other_are_read() -> None:
    deep = "<blockquote>" * 10_000 + "<p>bottom</p>" + "</blockquote>" * 10_000
    assert "bottom" in html_to_text(deep)


def test_headings_are_underlined_in_their_own_length() -> None:
    assert html_to_text("<h1>A title</h1>") == "A title\n=======\n"
    assert html_to_text("<h2>Ein Wörtchen</h2>") == "Ein Wörtchen\n------------\n"
    assert html_to_text("<h2>漢字</h2>") == "漢字\n----\n"


def test_links_become_numbered_notes_and_the_same_address_the_same_number() -> None:
    html = (
        '<p>Read <a href="https://example.com/a">this</a>, <a href="https://example.com/b">'
        'that</a> and <a href="https://example.com/a">this again</a>.</p>'
    )
    assert html_to_text(html) == (
        "Read this [1], that [2] and this again [1].\n"
        "\n\nLinks\n-----\n\n"
        "[1] https://example.com/a\n[2] https://example.com/b\n"
    )


@pytest.mark.parametrize(
    "html",
    [
        '<p><a href="https://example.com/">https://example.com/</a></p>',
        '<p><a href="https://example.com/">example.com</a></p>',
    ],
)
def test_an_address_that_stands_in_the_text_needs_no_note(html: str) -> None:
    assert html_to_text(html) == "https://example.com/\n"


def test_a_mark_within_the_mail_leads_nowhere() -> None:
    html = '<p>So they say<sup><a href="#n1">[1]</a></sup>.</p>'
    assert html_to_text(html.replace("[1]", "1")) == "So they say¹.\n"


def test_quotes_lists_and_pull_quotes_have_shapes_of_their_own() -> None:
    html = (
        "<blockquote><p>One.</p><p>Two.</p></blockquote><ul><li><p>a</p></li><li><p>b</p>"
        '<ol start="9"><li><p>c</p></li><li><p>d</p></li></ol></li></ul>'
        "<blockquote data-pull><p>Said once more.</p></blockquote>"
    )
    assert html_to_text(html) == (
        "> One.\n>\n> Two.\n\n- a\n- b\n   9. c\n  10. d\n\n    Said once more.\n"
    )


def test_tables_stand_in_columns_with_numbers_to_the_right() -> None:
    html = (
        "<table><tr><th>What</th><th>Euro</th></tr><tr><td>Bread</td><td>1.20</td></tr>"
        "<tr><td>Wine</td><td>11.00</td></tr></table>"
    )
    assert html_to_text(html) == ("What    Euro\n-----  -----\nBread   1.20\nWine   11.00\n")


def test_a_table_too_wide_becomes_a_paragraph_for_each_row() -> None:
    long = "a very long cell indeed, " * 3
    html = (
        f"<table><tr><th>Clause</th><th>What it does</th></tr>"
        f"<tr><td>Nine</td><td>{long}</td></tr><tr><td>Ten</td><td>{long}</td></tr></table>"
    )
    text = html_to_text(html)
    assert "Clause: Nine\n" in text
    assert "What it does: a very long cell" in text
    assert max(map(len, text.splitlines())) <= 72


def test_code_keeps_its_lines_and_spaces() -> None:
    html = "<pre><code>if x:\n    return  2\n</code></pre>"
    assert html_to_text(html) == "    if x:\n        return  2\n"


def test_a_button_and_an_embed_show_where_they_lead() -> None:
    html = (
        '<p data-button><a href="https://example.com/go">Come along</a></p>'
        '<figure data-embed><a href="https://v.example/1">A film</a></figure>'
        '<p class="embed"><a href="https://v.example/2">Two</a><br>'
        '<span class="embed-host">v.example</span></p>'
    )
    assert html_to_text(html) == (
        "Come along:\nhttps://example.com/go\n\nA film:\nhttps://v.example/1\n\n"
        "Two:\nhttps://v.example/2\n"
    )


def test_a_picture_is_said_in_words_and_one_without_a_description_is_left_out() -> None:
    html = '<figure><img src="/a.png" alt="A bridge"><figcaption>At dawn.</figcaption></figure>'
    assert html_to_text(html) == "  [Picture: A bridge]\n  At dawn.\n"
    assert html_to_text('<p>x<img src="/a.png" alt=""></p>') == "x\n"


def test_what_no_reader_sees_is_not_in_the_text() -> None:
    html = "<style>p{color:red}</style><script>alert(1)</script><p>so\u00adft\u200b</p>"
    assert html_to_text(html) == "soft\n"


def test_a_long_address_is_never_broken() -> None:
    address = "https://example.com/" + "a" * 100
    assert address in html_to_text(f"<p>{'word ' * 20}{address}</p>").splitlines()
