"""Comparing two texts: complete, readable, and quick on long ones."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from newsletter.articles.diff import (
    ADDED,
    REMOVED,
    SAME,
    compare_texts,
    compare_words,
    readable_blocks,
)

words = st.text(st.sampled_from("ab ,.\u00e4\u4f60"), max_size=40)


@given(before=words, after=words)
def test_both_texts_can_be_read_out_of_the_comparison(before: str, after: str) -> None:
    pieces = compare_words(before, after).pieces
    assert "".join(p.text for p in pieces if p.kind in {SAME, REMOVED}) == before
    assert "".join(p.text for p in pieces if p.kind in {SAME, ADDED}) == after
    assert any(p.kind != SAME for p in pieces) == (before != after)


@given(
    before=st.lists(st.sampled_from("abcdef"), max_size=12),
    after=st.lists(st.sampled_from("abcdef"), max_size=12),
)
def test_every_paragraph_of_both_is_there(before: list[str], after: list[str]) -> None:
    def as_html(texts: list[str]) -> str:
        return "".join(f"<p>{text}</p>" for text in texts)

    rows = compare_texts(as_html(before), as_html(after))
    old = [[p.text for p in row.pieces if p.kind in {SAME, REMOVED}] for row in rows]
    new = [[p.text for p in row.pieces if p.kind in {SAME, ADDED}] for row in rows]
    assert ["".join(texts) for texts in old if texts] == before
    assert ["".join(texts) for texts in new if texts] == after


def test_what_is_no_text_is_said_in_words() -> None:
    body = (
        '<h2>Head</h2><ul><li><p>one</p></li></ul><hr data-paywall="">'
        '<section data-audience="email"><p>Mail</p></section>'
        '<figure><img src="/media/a.jpg" alt="A lamp"><figcaption>Lamp</figcaption></figure>'
        '<p>See <a href="https://example.com">this</a><span data-footnote="">note</span></p>'
    )
    assert readable_blocks(body) == [
        "## Head",
        "• one",
        "— Paywall —",
        "— Section for: email —",
        "Mail",
        "— End of the section —",
        "[Picture: A lamp]Lamp",
        "See this (https://example.com) [note]",
    ]


def test_w4_a_hundred_thousand_words_compare_in_a_moment() -> None:
    paragraphs = [f"<p>{' '.join(f'word{n}x{m}' for m in range(100))}</p>" for n in range(1000)]
    changed = list(paragraphs)
    for index in range(0, 1000, 50):
        changed[index] = changed[index].replace("x7 ", "y7 ")
    start = time.perf_counter()
    rows = compare_texts("".join(paragraphs), "".join(changed))
    assert sum(row.is_changed for row in rows) == 20
    # Two hundred times what it takes; a comparison word by word takes minutes.
    assert time.perf_counter() - start < 20
