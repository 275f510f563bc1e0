"""The text part of a mail, made from its HTML: something to be glad to read in a terminal.

Wrapped at 72 columns, headings underlined, quotes with `>`, tables in columns, links as numbered
notes at the end. The editor's own nodes (pull quote, button, embed, footnote marks) each have a
shape of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from newsletter.lib.html_tree import Node, parse
from newsletter.lib.mail_lines import (
    BREAK,
    NARROWEST,
    SPACE,
    columns,
    display_width,
    hang,
    records,
    wrap,
)

WIDTH = 72
_BLOCKS = frozenset(
    """
    address article aside blockquote body caption dd div dl dt figcaption figure footer form h1 h2
    h3 h4 h5 h6 header hr html li main nav ol p pre section table tbody td tfoot th thead tr ul
    """.split()  # noqa: SIM905 - a list of forty words reads better as words
)
_SILENT = frozenset({"head", "style", "script", "title", "template", "noscript"})
_UNDERLINES = {"h1": "=", "h2": "-", "h3": "~", "h4": "~", "h5": "~", "h6": "~"}
_MARKS = {"em": "_", "i": "_", "strong": "*", "b": "*", "code": "`", "s": "~", "del": "~"}
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NBSP = "\u00a0"
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\x00-\x08\x0e-\x1f\x7f]")


def html_to_text(html: str, *, links_title: str = "Links", width: int = WIDTH) -> str:
    """Return `html` as plain text. Never raises and never loses a word.

    Lines are at most `width` columns, unless a single word or address, or a line of code, is
    longer. Addresses of links are collected under `links_title`.
    """
    walker = _Walker()
    blocks = walker.blocks(parse(_INVISIBLE.sub("", html)), width)
    if walker.links:
        title = Block("heading", [links_title, "-" * display_width(links_title)])
        notes = [f"[{number}] {href}" for href, number in walker.links.items()]
        blocks += [title, Block("notes", notes)]
    lines = [line.rstrip() for line in _join(blocks)]
    return ("\n".join(lines).replace(_NBSP, " ").strip("\n") + "\n") if lines else ""


@dataclass
class Block:
    """Some lines that belong together, and what they are."""

    kind: str
    lines: list[str] = field(default_factory=list)


def _join(blocks: list[Block], *, tight: bool = False) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        if not block.lines:
            continue
        if lines and not tight:
            lines += ["", ""] if block.kind == "heading" and block.lines[0] else [""]
        lines += block.lines
    return lines


class _Walker:
    """Holds the numbers of the links while the tree is walked."""

    def __init__(self) -> None:
        self.links: dict[str, int] = {}

    def blocks(self, node: Node, width: int) -> list[Block]:
        """The children of `node` as blocks; loose text between them becomes paragraphs."""
        width = max(width, NARROWEST)
        found: list[Block] = []
        loose: list[Node | str] = []
        for child in node.children:
            if isinstance(child, Node) and (child.tag in _BLOCKS or _holds_blocks(child)):
                found += self._paragraph(loose, width)
                loose = []
                found += self.block(child, width)
            else:
                loose.append(child)
        return [block for block in found + self._paragraph(loose, width) if block.lines]

    def block(self, node: Node, width: int) -> list[Block]:
        """One block element as one or more blocks."""
        tag, kind = node.tag, node.attrs.get("class", "")
        if tag in _SILENT:
            return []
        if tag in _UNDERLINES:
            return self._heading(node, width)
        if tag == "hr":
            return [Block("rule", [" " * ((width - 5) // 2) + "* * *"])]
        if tag == "pre":
            return [Block("code", _code_lines(node))]
        if tag in {"ul", "ol"}:
            return self._list(node, width)
        if tag == "blockquote":
            return self._quote(node, width)
        if kind in {"button", "embed"} or "data-button" in node.attrs:
            return self._button(node, width)
        if tag == "table" and node.attrs.get("role") != "presentation":
            return self._table(node, width)
        if tag == "figure" or kind == "figure":
            return self._figure(node, width)
        return self.blocks(node, width)

    def _paragraph(self, nodes: list[Node | str], width: int) -> list[Block]:
        lines = wrap(self.inline(nodes), width)
        return [Block("text", lines)] if lines else []

    def _heading(self, node: Node, width: int) -> list[Block]:
        lines = wrap(self.inline(node.children), width)
        if not lines:
            return []
        rule = _UNDERLINES[node.tag] * min(width, max(map(display_width, lines)))
        return [Block("heading", [*lines, rule])]

    def _list(self, node: Node, width: int) -> list[Block]:
        items = [child for child in node.children if isinstance(child, Node)]
        number = int(start) if (start := node.attrs.get("start", "1")).isdecimal() else 1
        widest = len(str(number + len(items) - 1))
        rendered: list[tuple[str, list[Block]]] = []
        for at, item in enumerate(items):
            mark = f"{number + at:>{widest}}. " if node.tag == "ol" else "- "
            rendered.append((mark, self.blocks(_item(item), width - len(mark))))
        loose = any(sum(b.kind == "text" for b in blocks) > 1 for _, blocks in rendered)
        entries = [
            Block("item", hang(mark, _join(blocks, tight=not loose)))
            for mark, blocks in rendered
            if blocks
        ]
        stray = "".join(child for child in node.children if isinstance(child, str))
        before = self._paragraph([stray], width)
        return [*before, Block("list", _join(entries, tight=not loose))]

    def _quote(self, node: Node, width: int) -> list[Block]:
        if "data-pull" in node.attrs or node.attrs.get("class") == "pull-quote":
            inner = _join(self.blocks(node, width - 8))
            return [Block("pull", [f"    {line}" if line else "" for line in inner])]
        inner = _join(self.blocks(node, width - 2))
        return [Block("quote", [f"> {line}" if line else ">" for line in inner])]

    def _button(self, node: Node, width: int) -> list[Block]:
        links = [below for below in node.walk() if below.tag == "a"]
        if len(links) != 1 or not _says_all(links[0], node):
            return self.blocks(Node("div", {}, node.children), width)
        label = self.inline([_without_links(links[0])]).strip()
        return [Block("button", [*wrap(f"{label}:" if label else "", width), _href(links[0])])]

    def _figure(self, node: Node, width: int) -> list[Block]:
        if "data-embed" in node.attrs and node.find("a"):
            return self._button(node, width)
        blocks = self.blocks(node, width - 2)
        lines = _join(blocks, tight=True)
        return [Block("figure", [f"  {line}" for line in lines])]

    def _table(self, node: Node, width: int) -> list[Block]:
        rows = [
            [
                (cell.tag, _flat(self.inline(cell.children)))
                for cell in row.children
                if isinstance(cell, Node) and cell.tag in {"td", "th"}
            ]
            for row in node.walk()
            if row.tag == "tr"
        ]
        rows = [row for row in rows if any(text for _, text in row)]
        if not rows:
            return self.blocks(Node("div", {}, node.children), width)
        captions = [
            block
            for below in node.walk()
            if below.tag == "caption"
            for block in self._paragraph(below.children, width)
        ]
        has_head = all(tag == "th" for tag, _ in rows[0]) and len(rows) > 1
        texts = [[text for _, text in row] for row in rows]
        aligned = columns(texts, has_head=has_head, width=width)
        return [*captions, Block("table", aligned or records(texts, has_head, width))]

    def inline(self, nodes: list[Node | str]) -> str:
        """Text of inline nodes in one string; spaces collapsed, `<br>` as a mark of its own."""
        text = "".join(self._inline_one(node) for node in nodes)
        text = SPACE.sub(" ", text)
        return re.sub(rf" ?{BREAK} ?", BREAK, text).strip(" ")

    def _inline_one(self, node: Node | str) -> str:
        if isinstance(node, str):
            return node.replace(BREAK, "")
        if node.tag in _SILENT:
            return ""
        if node.tag == "br":
            return BREAK
        if node.tag == "img":
            alt = node.attrs.get("alt", "").strip()
            return f" [Picture: {alt}] " if alt else ""
        text = "".join(self._inline_one(child) for child in node.children)
        if node.tag == "a":
            return self._link(node, text)
        if node.tag == "sup":
            return text.translate(_SUPERSCRIPT)
        if "data-footnote" in node.attrs:
            return f" ({text.strip()})"
        if node.tag in _BLOCKS:
            return f" {text} "
        return _marked(text, _MARKS.get(node.tag, ""))

    def _link(self, node: Node, text: str) -> str:
        href = _href(node)
        shown = SPACE.sub(" ", text).strip()
        if not _is_outward(href) or not shown:
            return text
        plain = href.removeprefix("mailto:")
        if shown in {plain, plain.rstrip("/"), re.sub(r"^https?://", "", plain).rstrip("/")}:
            return text.replace(shown, plain)
        number = self.links.setdefault(plain, len(self.links) + 1)
        stripped = text.rstrip()
        return f"{stripped}{_NBSP}[{number}]{text[len(stripped) :]}"


def _href(node: Node) -> str:
    return SPACE.sub("%20", node.attrs.get("href", "").strip())


def _is_outward(href: str) -> bool:
    """A link that leads out of the mail (footnote marks lead to the foot of it)."""
    return bool(href) and not href.startswith("#")


def _holds_blocks(node: Node) -> bool:
    return node.tag not in _SILENT and any(
        isinstance(child, Node) and (child.tag in _BLOCKS or _holds_blocks(child))
        for child in node.children
    )


def _item(node: Node) -> Node:
    """An entry of a list; a list that stands directly in a list counts as one."""
    return node if node.tag == "li" else Node("li", {}, [node])


def _says_all(link: Node, node: Node) -> bool:
    """Whether `link` leads out and, with its address, holds every word of `node`."""
    href = link.attrs.get("href", "")
    beside = node.text().replace(link.text(), " ", 1).split()
    return _is_outward(href) and all(word in href for word in beside)


def _without_links(node: Node) -> Node:
    children = [
        _without_links(Node("span", child.attrs, child.children) if child.tag == "a" else child)
        if isinstance(child, Node)
        else child
        for child in node.children
    ]
    return Node(node.tag, {}, children)


def _marked(text: str, mark: str) -> str:
    """`text` between two marks, with its outer spaces outside of them."""
    inner = text.strip()
    if not mark or not inner or BREAK in inner:
        return text
    at = text.index(inner)
    return f"{text[:at]}{mark}{inner}{mark}{text[at + len(inner) :]}"


def _flat(text: str) -> str:
    return text.replace(BREAK, " ").strip()


def _code_lines(node: Node) -> list[str]:
    text = node.text().expandtabs(4).strip("\n")
    return [f"    {line}".rstrip() for line in text.splitlines()]
