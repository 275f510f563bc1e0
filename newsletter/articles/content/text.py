"""Render a body's blocks as plain text and as Markdown."""

from __future__ import annotations

import re

from newsletter.lib.html_tree import Node

_BLOCKS_INSIDE = frozenset({"section", "blockquote", "ul", "ol", "li", "table", "tbody", "thead"})
_CUT = re.compile("[\\s,;:.\u2026\u2013\u2014-]*$")


def render_as_text(blocks: list[Node]) -> str:
    """Readable text, a blank line between blocks, notes left out."""
    return "\n\n".join(filter(None, (_text_of(block) for block in blocks)))


def _text_of(node: Node) -> str:
    if node.tag in _BLOCKS_INSIDE:
        parts = (_text_of(child) for child in node.children if isinstance(child, Node))
        return "\n".join(filter(None, parts))
    if node.tag == "tr":
        cells = (_text_of(child) for child in node.children if isinstance(child, Node))
        return " | ".join(cells)
    if node.tag == "figure" and "data-embed" not in node.attrs:
        caption = node.find("figcaption")
        return _text_of(caption) if caption else ""
    if node.tag in {"td", "th"}:
        return " ".join(_text_of(child) for child in node.children if isinstance(child, Node))
    if node.tag == "pre":
        return node.text().strip("\n")
    return " ".join(_inline_text(node).split())


def _inline_text(node: Node) -> str:
    return "".join(
        child if isinstance(child, str) else " " if child.tag == "br" else _inline_text(child)
        for child in node.children
        if isinstance(child, str) or "data-footnote" not in child.attrs
    )


def make_excerpt(text: str, length: int = 240) -> str:
    """The beginning of a text, cut at a word, with an ellipsis where something is missing."""
    flat = " ".join(text.split())
    if len(flat) <= length:
        return flat
    cut = flat[: length - 1]
    head, space, _rest = cut.rpartition(" ")
    # A text without spaces (Chinese, say) is cut where it is.
    kept = head if space and len(head) > length // 2 else cut
    return f"{_CUT.sub('', kept)}…"


def first_paragraphs(blocks: list[Node]) -> list[Node]:
    """The paragraphs that an excerpt is made of: no headings, code, tables, buttons or files."""
    set_apart = {"data-button", "data-file"}
    return [block for block in blocks if block.tag == "p" and not set_apart & block.attrs.keys()]
