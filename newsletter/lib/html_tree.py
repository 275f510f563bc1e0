"""A small HTML tree for text that nh3 has already cleaned.

nh3 parses as browsers do (html5ever) and writes balanced markup without scripts, styles, comments
or foreign elements, so what is left to read is simple: a stack suffices, and no second
HTML parser is needed to take an article apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "source"})
# Deeper than any text is nested. Surplus elements are read as if only their content were there:
# ten thousand quotes in each other must not exhaust the stack of what walks the tree.
MAX_DEPTH = 40


@dataclass(slots=True, eq=False)
class Node:
    """An element; a string among its children is text. Compared by identity."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """Every element below, in the order of the text."""
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.walk()

    def find(self, *tags: str) -> Node | None:
        """The first element below with one of `tags`."""
        return next((node for node in self.walk() if node.tag in tags), None)

    def text(self) -> str:
        """All text below, as it stands."""
        return "".join(
            child if isinstance(child, str) else "\n" if child.tag == "br" else child.text()
            for child in self.children
        )


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("body")
        # An element too deep to keep stands here as its nearest kept ancestor, so that its end
        # tag closes nothing else.
        self.stack = [(self.root, "body")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self.stack[-1][0]
        if tag in VOID:
            parent.children.append(Node(tag, {name: value or "" for name, value in attrs}))
            return
        node = parent
        if len(self.stack) <= MAX_DEPTH:
            node = Node(tag, {name: value or "" for name, value in attrs})
            parent.children.append(node)
        self.stack.append((node, tag))

    def handle_endtag(self, tag: str) -> None:
        if len(self.stack) > 1 and self.stack[-1][1] == tag:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        siblings = self.stack[-1][0].children
        if siblings and isinstance(siblings[-1], str):
            siblings[-1] += data
        else:
            siblings.append(data)


def parse(html: str) -> Node:
    """Read markup that nh3 wrote into a tree whose root stands for the whole."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


def serialise(nodes: Iterable[Node | str]) -> str:
    """Write nodes as HTML, all text and attributes escaped."""
    parts: list[str] = []
    _write(nodes, parts.append)
    return "".join(parts)


def _write(nodes: Iterable[Node | str], write: Callable[[str], None]) -> None:
    for node in nodes:
        if isinstance(node, str):
            write(escape(node, quote=False))
            continue
        write(f"<{node.tag}")
        for name, value in node.attrs.items():
            write(f' {name}="{escape(value)}"')
        write(">")
        if node.tag in VOID:
            continue
        _write(node.children, write)
        write(f"</{node.tag}>")
