"""A comment's text: cleaned on the way in, and rendered from a small part of Markdown."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

MAX_BODY = 10_000
MAX_NAME = 80

# Controls, invisible marks and direction overrides: what can hide words or turn them round. The
# zero-width joiners stay, for scripts and emoji need them.
_DROPPED = dict.fromkeys(
    [
        *(code for code in range(0x20) if code not in {0x09, 0x0A}),
        *range(0x7F, 0xA0),
        *(0x00AD, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xE0000, 0xE0080),
    ]
)
# What shows as nothing: some letters and signs, and whole categories. Not what Python's tables do
# not have yet, for it may be a new emoji.
_EMPTY_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_UNSEEN = frozenset({"Cc", "Cf", "Mn", "Me", "Zl", "Zp", "Zs"})
_MANY_LINES = re.compile(r"\n{3,}")
# More marks on one letter than any language puts there.
_TOWERS = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{4})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)
_ADDRESS = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]}'\""

_TAGS = {"p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
_RULES = [
    "autolink",
    "backticks",
    "blockquote",
    "emphasis",
    "escape",
    "fence",
    "link",
    "list",
    "newline",
    "strikethrough",
]


def clean_text(text: str) -> str:
    """`text` as it is stored: one kind of line end, nothing invisible, no towers of marks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = unicodedata.normalize("NFC", text.replace("\u2029", "\n\n").translate(_DROPPED))
    text = _TOWERS.sub(r"\1", text)
    lines = (line.rstrip() for line in text.split("\n"))
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip()


def clean_name(name: str) -> str:
    """A name on one line, without invisible marks, of at most MAX_NAME characters.

    Empty where nobody would see it.
    """
    kept = " ".join(clean_text(name).split())[:MAX_NAME].strip()
    return "" if is_blank(kept) else kept


def is_blank(text: str) -> bool:
    """Whether nothing of it is seen: joiners and marks with no letter, letters made to be empty."""
    return all(
        letter in _EMPTY_LETTERS or unicodedata.category(letter) in _UNSEEN for letter in text
    )


def render_comment(body: str) -> str:
    """`body` as HTML that is safe on any page of ours.

    Emphasis, links, quotes, lists and code; no headings, pictures or HTML. Links say that they
    are a reader's (`nofollow ugc`).
    """
    return nh3.clean(
        _markdown().render(body),
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow ugc",
    ).strip()


def plain_text(html: str) -> str:
    """The words of rendered HTML on one line, for lists and mails."""
    spaced = re.sub(r"<(?:br|/p|/li|/pre|/blockquote)\b[^>]*>", " ", html)
    return " ".join(unescape(nh3.clean(spaced, tags=set())).split())


def links_in(html: str) -> list[str]:
    """Where the links of rendered HTML lead, in order."""
    return [unescape(found) for found in re.findall(r'<a href="([^"]*)"', html)]


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    # The "zero" preset stops at 20 levels: ten thousand nested quotes are read as far as that.
    parser = MarkdownIt("zero", {"breaks": True, "html": False}).enable(_RULES)
    parser.core.ruler.push("addresses", _link_addresses)
    return parser


def _link_addresses(state: StateCore) -> None:
    """Make links of the bare addresses that people paste."""
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        children: list[Token] = []
        depth = 0
        for token in block.children:
            depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            is_bare = token.type == "text" and not depth
            children += _split(token) if is_bare else [token]
        block.children = children


def _split(token: Token) -> list[Token]:
    parts: list[Token] = []
    at = 0
    for found in _ADDRESS.finditer(token.content):
        address = _without_tail(found[0])
        parts += _text(token.content[at : found.start()])
        at = found.start() + len(address)
        parts.append(Token("link_open", "a", 1, attrs={"href": address}))
        parts += _text(address)
        parts.append(Token("link_close", "a", -1))
    return [*parts, *_text(token.content[at:])] if parts else [token]


def _without_tail(address: str) -> str:
    """What ends the sentence is not the address's; a bracket that closes one in it is."""
    end, opened, closed = len(address), address.count("("), address.count(")")
    while end and address[end - 1] in _TRAILING:
        if address[end - 1] == ")":
            if opened >= closed:
                break
            closed -= 1
        end -= 1
    return address[:end]


def _text(content: str) -> list[Token]:
    return [Token("text", "", 0, content=content)] if content else []
