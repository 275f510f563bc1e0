"""Render a body's blocks as Markdown (CommonMark with tables and footnotes)."""

from __future__ import annotations

import re

from newsletter.articles.content.addresses import absolute
from newsletter.lib.html_tree import Node

_SPECIAL = re.compile(r"([\\`*_\[\]<])")
_LINE_START = re.compile(r"^(\s*)(?:(?=[#>+=~-])|(\d+)(?=[.)]\s))", re.MULTILINE)
_MARKS = {"strong": "**", "em": "*", "s": "~~"}


def render_as_markdown(blocks: list[Node], *, page_url: str) -> str:
    """Return Markdown with every address absolute from `page_url`, notes at the end."""
    writer = Writer(page_url)
    parts = writer.blocks(blocks)
    notes = [f"[^{number}]: {note}" for number, note in enumerate(writer.notes, 1)]
    return "\n\n".join([*parts, *(["\n".join(notes)] if notes else [])]) + "\n"


class Writer:
    """Writes one text; what has no Markdown of its own is left to whoever extends it."""

    def __init__(self, page_url: str) -> None:
        self.page_url = page_url
        self.notes: list[str] = []

    def blocks(self, nodes: list[Node]) -> list[str]:
        return [part for part in map(self.block, nodes) if part]

    def block(self, node: Node) -> str:
        match node.tag:
            case "h2" | "h3":
                return f"{'#' * int(node.tag[1])} {self.line(node)}"
            case "section":
                return "\n\n".join(self.blocks(_elements(node)))
            case "blockquote":
                return _prefixed("\n\n".join(self.blocks(_elements(node))), "> ", "> ")
            case "ul" | "ol":
                return self.list_(node)
            case "hr":
                return "---"
            case "pre":
                return _fenced(node)
            case "figure":
                return self.figure(node)
            case "table":
                return self.table(node)
        return _LINE_START.sub(r"\1\2\\", self.inline(node).strip())

    def list_(self, node: Node) -> str:
        number = int(node.attrs.get("start", "1"))
        items = []
        for item in _elements(node):
            mark = f"{number}. " if node.tag == "ol" else "- "
            content = "\n\n".join(self.blocks(_elements(item)))
            items.append(_prefixed(content, mark, " " * len(mark)))
            number += 1
        return "\n".join(items)

    def figure(self, node: Node) -> str:
        image, caption, link = node.find("img"), node.find("figcaption"), node.find("a")
        if image is None:
            return self.inline(link) if link is None else self.link(link)
        parts = [self.image(image)]
        if caption is not None:
            parts.append(f"*{self.line(caption)}*")
        return "\n\n".join(parts)

    def table(self, node: Node) -> str:
        rows = [
            [self.line(cell).replace("|", "\\|") for cell in _elements(row)]
            for row in node.walk()
            if row.tag == "tr"
        ]
        width = max(map(len, rows))
        lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
        return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])

    def line(self, node: Node) -> str:
        return " ".join(self.inline(node).split())

    def inline(self, node: Node | None) -> str:
        if node is None:
            return ""
        return "".join(
            _SPECIAL.sub(r"\\\1", child) if isinstance(child, str) else self.element(child)
            for child in node.children
        )

    def element(self, node: Node) -> str:
        if "data-footnote" in node.attrs:
            self.notes.append(" ".join(_SPECIAL.sub(r"\\\1", node.text()).split()))
            return f"[^{len(self.notes)}]"
        if node.tag == "a":
            return self.link(node)
        if node.tag == "img":
            return self.image(node)
        if node.tag == "br":
            return "\\\n"
        if node.tag == "code":
            return _code_span(node.text())
        inner = self.inline(node)
        mark = _MARKS.get(node.tag)
        bare = inner.strip()
        if not mark or not bare:
            return inner
        # Marks must touch the words: "** word**" is no emphasis.
        before, after = inner[: inner.index(bare)], inner[inner.index(bare) + len(bare) :]
        return f"{before}{mark}{bare}{mark}{after}"

    def link(self, node: Node) -> str:
        return f"[{self.line(node)}]({self.address(node.attrs['href'])})"

    def address(self, address: str) -> str:
        escaped = absolute(self.page_url, address).replace("<", "%3C").replace(">", "%3E")
        return f"<{escaped}>"

    def image(self, node: Node) -> str:
        alt = _SPECIAL.sub(r"\\\1", node.attrs.get("alt", ""))
        return f"![{alt}]({self.address(node.attrs['src'])})"


def _elements(node: Node) -> list[Node]:
    return [child for child in node.children if isinstance(child, Node)]


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    prefixed = [f"{first}{lines[0]}", *(f"{rest}{line}" for line in lines[1:])]
    return "\n".join(line.rstrip() for line in prefixed)


def _fenced(node: Node) -> str:
    code = node.find("code")
    language = code.attrs.get("class", "").removeprefix("language-") if code else ""
    text = node.text().rstrip("\n")
    runs = re.findall(r"`{3,}", text)
    fence = "`" * max([3, *(len(run) + 1 for run in runs)])
    return f"{fence}{language}\n{text}\n{fence}"


def _code_span(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
