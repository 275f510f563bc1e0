"""Between the editor's HTML and Markdown, without losing anything on the way.

Every block is written as Markdown, read back and compared; where that is not what it was, it is
written as the HTML that it is, which CommonMark allows. So the editor's own nodes (the divider,
embeds, buttons, offered files, captions) survive, and what Markdown can say is easy to edit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

from markdown_it import MarkdownIt

from newsletter.articles.content.markdown import Writer
from newsletter.articles.content.split import blocks_of
from newsletter.articles.editor import sanitise_body
from newsletter.lib.html_tree import Node, serialise

_READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_ADDRESS = re.compile(r'(?<=\s)(src|href)="([^"]*)"')
# Two lists in a row would become one.
_BETWEEN = "<!-- -->"

Resolve = Callable[[str], str]


def as_is(address: str) -> str:
    """Leaves an address alone."""
    return address


def to_html(markdown: str, resolve: Resolve = as_is) -> str:
    """The editor's HTML for a text; `resolve` is given every address of a link or picture."""
    html = _READER.render(markdown)
    return sanitise_body(
        _ADDRESS.sub(lambda found: f'{found[1]}="{escape(resolve(_unescaped(found[2])))}"', html)
    )


def to_markdown(html: str, name: Resolve = as_is) -> str:
    """Markdown that `to_html` makes the same HTML of. `html` is from `sanitise_body`.

    `name` is given every address and says what it is called in the archive.
    """
    names: dict[str, str] = {}
    blocks = [_renamed(block, name, names) for block in blocks_of(html)]

    def back(address: str) -> str:
        return names.get(address, address)

    parts = [_written(block, back) for block in blocks]
    text = "\n\n".join(_separated(parts))
    if to_html(text, back) == html:
        return text
    return "\n\n".join(_raw(block) for block in blocks)


def addresses_in(html: str) -> Iterator[str]:
    """Every address that a text names."""
    for block in blocks_of(html):
        for node in (block, *block.walk()):
            yield from (node.attrs[key] for key in ("src", "href") if key in node.attrs)


def _renamed(block: Node, name: Resolve, names: dict[str, str]) -> Node:
    for node in (block, *block.walk()):
        for key in ("src", "href"):
            if key in node.attrs:
                address = node.attrs[key]
                node.attrs[key] = name(address)
                if node.attrs[key] != address:
                    names[node.attrs[key]] = address
    return block


def _written(block: Node, back: Resolve) -> str:
    text = _Writer("").block(block)
    if text and to_html(text, back) == to_html(serialise([block]), back):
        return text
    return _raw(block)


def _raw(block: Node) -> str:
    """On one line: an empty one would end it."""
    return serialise([block]).replace("\n", "&#10;")


def _separated(parts: list[str]) -> Iterator[str]:
    before = ""
    for part in parts:
        if _is_list(before) and _is_list(part):
            yield _BETWEEN
        yield part
        before = part


def _is_list(text: str) -> bool:
    return re.match(r"(?:-|\d+\.) ", text) is not None


def _unescaped(text: str) -> str:
    return text.replace("&quot;", '"').replace("&amp;", "&")


class _Writer(Writer):
    """Keeps what articles' Markdown leaves out: sections, notes in their place, sub and super."""

    def block(self, node: Node) -> str:
        if node.tag == "section":
            inner = "\n\n".join(self.blocks(_elements(node)))
            whom = node.attrs["data-audience"]
            return f'<section data-audience="{whom}">\n\n{inner}\n\n</section>'
        if node.tag == "blockquote" and "data-pull" in node.attrs:
            inner = "\n\n".join(self.blocks(_elements(node)))
            return f"<blockquote data-pull>\n\n{inner}\n\n</blockquote>"
        if node.tag == "hr" and "data-paywall" in node.attrs:
            return "<hr data-paywall>"
        return super().block(node)

    def element(self, node: Node) -> str:
        if "data-footnote" in node.attrs:
            return f"<span data-footnote>{self.inline(node)}</span>"
        if node.tag in {"sub", "sup"}:
            return f"<{node.tag}>{self.inline(node)}</{node.tag}>"
        return super().element(node)

    def address(self, address: str) -> str:
        """Bare where Markdown allows it: it is read by people here."""
        if re.fullmatch(r"[^\s<>()\\]+", address):
            return address
        return super().address(address)


def _elements(node: Node) -> list[Node]:
    return [child for child in node.children if isinstance(child, Node)]
