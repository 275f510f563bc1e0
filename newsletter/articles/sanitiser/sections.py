"""Sections and the paywall divider: brought to the root of a body, never to more readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from newsletter.lib.html_tree import Node


def lift_sections(blocks: Iterable[Node | str]) -> list[Node | str]:
    """Bring every section and divider to the root; no text gets a wider audience by it."""
    lifted: list[tuple[str, Node | None, Node | str]] = []
    _lift(blocks, "", None, lifted)
    result: list[Node | str] = []
    open_section: Node | None = None
    source: Node | None = None
    for audience, origin, block in lifted:
        if not audience:
            open_section = None
            result.append(block)
        elif (
            open_section is not None
            and origin is source
            and open_section.attrs["data-audience"] == audience
        ):
            open_section.children.append(block)
        else:
            open_section = Node("section", {"data-audience": audience}, [block])
            result.append(open_section)
        source = origin
    return result


def _lift(
    blocks: Iterable[Node | str],
    audience: str,
    origin: Node | None,
    into: list[tuple[str, Node | None, Node | str]],
) -> None:
    for block in blocks:
        if isinstance(block, str):
            continue
        if is_divider(block):
            into.append(("", None, block))
        elif block.tag == "section":
            narrowed = _narrower(audience, block.attrs["data-audience"])
            _lift(block.children, narrowed, block, into)
        else:
            inner = [below for below in block.walk() if below.tag == "section"]
            narrowed = audience
            for section in inner:
                narrowed = _narrower(narrowed, section.attrs["data-audience"])
            into.extend(("", None, below) for below in block.walk() if is_divider(below))
            unwrap_within(block, restricts)
            into.append((narrowed, block if narrowed != audience else origin, block))


def unwrap_within(node: Node, unwanted: Callable[[Node], bool]) -> None:
    """Put the content of every unwanted element below in its place."""
    children: list[Node | str] = []
    for child in node.children:
        if isinstance(child, str):
            children.append(child)
            continue
        unwrap_within(child, unwanted)
        children.extend(child.children if unwanted(child) else [child])
    node.children = children


def _narrower(outer: str, inner: str) -> str:
    """An audience that reads nothing which either would not.

    Mail goes to subscribers alone, so "members" and "email" make "email". What is for the web
    and for the mail at once is kept to the mail, the smaller circle.
    """
    if not outer or outer == inner:
        return inner
    return "email" if "email" in {outer, inner} else "members"


def restricts(node: Node) -> bool:
    """Whether `node` says who may read something."""
    return node.tag == "section" or is_divider(node)


def is_divider(node: Node | str) -> bool:
    """Whether `node` is the paywall divider."""
    return isinstance(node, Node) and node.tag == "hr" and "data-paywall" in node.attrs


def keep_first_divider(root: Node) -> None:
    """Of several dividers the highest counts, the one that leaves the least public."""
    dividers = [node for node in root.children if is_divider(node)]
    root.children = [node for node in root.children if not is_divider(node) or node is dividers[0]]
