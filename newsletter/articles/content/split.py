"""Cut a cleaned body into what each kind of reader may see. Trees in, trees out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.lib.html_tree import Node, parse, serialise
from newsletter.memberships.enums import Access

# Scripts that write without spaces: about two characters make a word's worth of reading.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Cut:
    """The body's blocks for one kind of reader in one place."""

    public: list[Node]
    members: list[Node]
    full: list[Node]
    has_divider: bool


def blocks_of(body: str) -> list[Node]:
    """The blocks at the root of a body from `sanitise_body`."""
    return [node for node in parse(body).children if isinstance(node, Node)]


def cut_for_web(blocks: list[Node], access: str) -> Cut:
    """What the web shows to visitors, to signed-in people without access, and to those with it.

    In a public text the divider has no effect. In any other, nothing is public without one.
    """
    on_web = [block for block in blocks if audience_of(block) != "email"]
    above, has_divider = _above_divider(on_web, access)
    return Cut(
        public=[block for block in above if audience_of(block) != "members"],
        members=above,
        full=[block for block in on_web if not is_divider(block)],
        has_divider=has_divider,
    )


def cut_for_mail(blocks: list[Node], access: str, *, entitled: bool) -> list[Node]:
    """What a subscriber's mail shows. Subscribers are known, so members' sections are theirs."""
    in_mail = [block for block in blocks if audience_of(block) != "web"]
    if entitled:
        return [block for block in in_mail if not is_divider(block)]
    return _above_divider(in_mail, access)[0]


def _above_divider(blocks: list[Node], access: str) -> tuple[list[Node], bool]:
    dividers = [index for index, block in enumerate(blocks) if is_divider(block)]
    if access == Access.PUBLIC:
        return [block for block in blocks if not is_divider(block)], bool(dividers)
    return blocks[: dividers[0]] if dividers else [], bool(dividers)


def audience_of(block: Node) -> str:
    """Whom a section is for; empty for every other block."""
    return block.attrs.get("data-audience", "") if block.tag == "section" else ""


def has_members_section(body: str) -> bool:
    """Whether a body from `sanitise_body` holds something for signed-in people alone."""
    return any(audience_of(block) == "members" for block in blocks_of(body))


def make_whole(body: str) -> str:
    """A body as one text for everybody: sections leave what is in them, the divider goes."""
    whole: list[Node | str] = []
    for block in blocks_of(body):
        if audience_of(block):
            whole.extend(block.children)
        elif not is_divider(block):
            whole.append(block)
    return serialise(whole)


def is_divider(block: Node) -> bool:
    """Whether `block` is the paywall divider."""
    return block.tag == "hr" and "data-paywall" in block.attrs


def count_words(blocks: list[Node]) -> int:
    """How many words there are to read, notes left out."""
    text = " ".join(_reading_text(block) for block in blocks)
    unspaced = len(_UNSPACED.findall(text))
    spaced = sum(
        any(character.isalnum() for character in word) for word in _UNSPACED.sub(" ", text).split()
    )
    return spaced + (unspaced + 1) // 2


def _reading_text(node: Node) -> str:
    separator = (
        " " if node.tag in {"section", "blockquote", "ul", "ol", "li", "tr", "table"} else ""
    )
    return separator.join(
        child if isinstance(child, str) else _reading_text(child) or " "
        for child in node.children
        if isinstance(child, str) or "data-footnote" not in child.attrs
    )
