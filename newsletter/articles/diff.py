"""What changed between two states of an article, in words: for revisions and for two authors.

Paragraphs are compared first and words only inside changed paragraphs, so a text of 100,000
words with a few edits costs little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from newsletter.articles.models import Article
from newsletter.lib.html_tree import Node, parse

SAME, ADDED, REMOVED = "same", "added", "removed"
# Beyond this a changed stretch is shown as taken out and put in, paragraph by paragraph.
_MOST_WORDS = 4_000
_AROUND = 1
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: "same", "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of the comparison; with `skipped`, that many unchanged ones in a row."""

    pieces: tuple[Piece, ...]
    skipped: int = 0

    @property
    def is_changed(self) -> bool:
        """Whether anything in it differs."""
        return any(piece.kind != SAME for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that differs."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs between two states."""

    title: Paragraph
    dek: Paragraph
    text: tuple[Paragraph, ...]
    settings: tuple[Setting, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two are the same."""
        changed = self.title.is_changed or self.dek.is_changed or bool(self.settings)
        return not changed and not any(each.is_changed for each in self.text)


_SETTINGS = ("slug", "access", "visibility", "mail_subject", "mail_preheader", "seo_title")


def compare(before: Any, after: Any) -> Comparison:
    """Compare two articles, or revisions of them."""
    return Comparison(
        title=compare_words(before.title, after.title),
        dek=compare_words(before.dek, after.dek),
        text=tuple(fold(compare_texts(before.body, after.body))),
        settings=tuple(compare_settings(Article, _SETTINGS, before, after)),
    )


def compare_settings(
    model: type[Model], names: Iterable[str], before: Any, after: Any
) -> Iterator[Setting]:
    """The fields of `model` among these that differ, as people read them."""
    for name in names:
        field = model._meta.get_field(name)
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            label = str(getattr(field, "verbose_name", name))
            yield Setting(label, _in_words(field, old), _in_words(field, new))


def _in_words(field: Any, value: Any) -> str:
    """A value as people read it; empty for none."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    named = dict(getattr(field, "choices", None) or ())
    return "" if value is None else str(named.get(value, value))


def compare_texts(before: str, after: str) -> list[Paragraph]:
    """Compare two bodies paragraph by paragraph."""
    old, new = readable_blocks(before), readable_blocks(after)
    result: list[Paragraph] = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            result += [Paragraph((Piece(SAME, text),)) for text in old[old_from:old_to]]
        else:
            result += _compare_stretch(old[old_from:old_to], new[new_from:new_to])
    return result


def _compare_stretch(old: list[str], new: list[str]) -> list[Paragraph]:
    if len(old) == len(new):
        return [compare_words(was, now) for was, now in zip(old, new, strict=True)]
    removed = [Paragraph((Piece(REMOVED, text),)) for text in old]
    return removed + [Paragraph((Piece(ADDED, text),)) for text in new]


def compare_words(before: str, after: str) -> Paragraph:
    """Compare two paragraphs word by word."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if before == after:
        return Paragraph((Piece(SAME, before),) if before else ())
    if len(old) + len(new) > _MOST_WORDS:
        return Paragraph((Piece(REMOVED, before), Piece(ADDED, after)))
    pieces: list[Piece] = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        was, now = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        if kind == "equal":
            pieces.append(Piece(SAME, was))
            continue
        if was:
            pieces.append(Piece(REMOVED, was))
        if now:
            pieces.append(Piece(ADDED, now))
    return Paragraph(tuple(pieces))


def fold(paragraphs: list[Paragraph]) -> Iterator[Paragraph]:
    """Put long unchanged stretches away, but for a neighbour on each side."""
    near = {
        index + offset
        for index, paragraph in enumerate(paragraphs)
        if paragraph.is_changed
        for offset in range(-_AROUND, _AROUND + 1)
    }
    skipped = 0
    for index, paragraph in enumerate(paragraphs):
        if index in near:
            if skipped:
                yield Paragraph((), skipped)
            skipped = 0
            yield paragraph
        else:
            skipped += 1
    if skipped:
        yield Paragraph((), skipped)


def readable_blocks(html: str) -> list[str]:
    """A body as lines an author can read: one a block, with what is no text said in words."""
    return [line for node in parse(html).children for line in _lines(node)]


def _lines(node: Node | str, prefix: str = "") -> Iterator[str]:
    if isinstance(node, str):
        if text := " ".join(node.split()):
            yield prefix + text
        return
    match node.tag:
        case "section":
            yield _("— Section for: %s —") % node.attrs.get("data-audience", "")
            for child in node.children:
                yield from _lines(child)
            yield _("— End of the section —")
        case "hr":
            yield _("— Paywall —") if "data-paywall" in node.attrs else "* * *"
        case "ul" | "ol" | "li" | "blockquote" | "table" | "tbody" | "thead":
            mark = {"li": "• ", "blockquote": "> "}.get(node.tag, "")
            for child in node.children:
                yield from _lines(child, prefix + mark)
        case "tr":
            yield " | ".join(_words_of(cell) for cell in node.children if isinstance(cell, Node))
        case "h2" | "h3":
            yield f"{'#' * int(node.tag[1])} {_words_of(node)}"
        case _:
            yield prefix + _words_of(node)


def _words_of(node: Node) -> str:
    """The words of a block, with links, pictures and notes written out."""
    parts: list[str] = []
    for child in node.children:
        if isinstance(child, str):
            parts.append(child)
        elif child.tag == "a":
            parts.append(f"{_words_of(child)} ({child.attrs.get('href', '')})")
        elif child.tag == "img":
            parts.append(
                _("[Picture: %s]") % (child.attrs.get("alt") or child.attrs.get("src", ""))
            )
        elif "data-footnote" in child.attrs:
            parts.append(f" [{_words_of(child)}]")
        else:
            parts.append(_words_of(child))
    return " ".join("".join(parts).split())
