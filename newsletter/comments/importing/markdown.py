"""The little HTML that comments elsewhere have, as the Markdown that ours have. Pure."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

_MARKS = {"em": "*", "i": "*", "strong": "**", "b": "**", "del": "~~", "s": "~~"}
_BLOCKS = frozenset({"p", "div", "ul", "ol"})
_CODE = frozenset({"pre", "code"})
_SILENT = frozenset({"script", "style", "iframe", "object", "svg", "math", "template"})
# Quotes that lie deeper are shown on the last level.
_DEEPEST_QUOTE = 10


def to_markdown(html: str) -> str:
    """The words with their emphasis, links, quotes, lists and code; cleaned and sanitised later."""
    parser = _Markdown()
    parser.feed(html)
    parser.close()
    return parser.text().strip()


class _Markdown(HTMLParser):
    """Emphasis, quotes and code are held back until they end, for what is in them decides."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        # What was written before each of those that are open.
        self._held: list[tuple[str, list[str]]] = []
        self._open: Counter[str] = Counter()
        self._code: list[str] = []
        self._links: list[str] = []
        self._lists: list[str] = []
        self._silent = 0

    def text(self) -> str:
        """All of it; what was never closed ends here, emphasis as if it had not begun."""
        while self._held:
            self._release(is_closed=False)
        return "".join(self.parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _CODE:
            if not self._code:
                self._hold(tag)
            self._code.append(tag)
        elif tag == "br":
            self.parts.append("\n")
        elif self._code:
            pass
        elif tag == "blockquote" or tag in _MARKS:
            self._hold(tag)
        elif tag == "img":
            self._name_picture(dict(attrs))
        elif tag == "li":
            self.parts.append("\n1. " if self._lists[-1:] == ["ol"] else "\n- ")
        elif tag == "a":
            self._start_link((dict(attrs).get("href") or "").strip())
        elif tag in _BLOCKS:
            self._lists += [tag] if tag in {"ol", "ul"} else []
            self.parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in self._code:
            self._code.remove(tag)
            if not self._code:
                self._release()
        elif self._code:
            pass
        elif tag == "blockquote" or tag in _MARKS:
            self._close(tag)
        elif tag == "a":
            href = self._links.pop() if self._links else ""
            self.parts.append(f"]({href})" if href else "")
        elif tag in _BLOCKS:
            if self._lists[-1:] == [tag]:
                self._lists.pop()
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

    def _start_link(self, href: str) -> None:
        address = _web_address(href)
        self._links.append(address)
        self.parts.append("[" if address else "")

    def _name_picture(self, attributes: dict[str, str | None]) -> None:
        """Comments here have none: a link leads to it, where it does not stand in one."""
        name = " ".join((attributes.get("alt") or "").split())
        is_in_link = bool(self._links and self._links[-1])
        address = "" if is_in_link else _web_address((attributes.get("src") or "").strip())
        self.parts.append(f"[{name or address}]({address})" if address else name)

    def _hold(self, tag: str) -> None:
        self._held.append((tag, self.parts))
        self._open[tag] += 1
        self.parts = []

    def _close(self, tag: str) -> None:
        """End it, and what was begun in it and never ended."""
        if self._open[tag]:
            while self._held[-1][0] != tag:
                self._release(is_closed=False)
            self._release()

    def _release(self, *, is_closed: bool = True) -> None:
        tag, before = self._held.pop()
        self._open[tag] -= 1
        inner = "".join(self.parts)
        if tag in _MARKS:
            made = _emphasised(inner, _MARKS[tag]) if is_closed else inner
        elif tag in _CODE:
            made = _code(inner, is_block=tag == "pre" or "\n" in inner.strip())
        elif len(self._held) < _DEEPEST_QUOTE and inner.strip():
            lines = re.sub(r"\n{3,}", "\n\n", inner.strip()).split("\n")
            made = "\n\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"
        else:
            made = f"\n\n{inner.strip()}\n\n"
        before.append(made)
        self.parts = before


def _web_address(href: str) -> str:
    """As it may stand in Markdown; empty where it is none."""
    # Brackets would end the address: that of many an article in Wikipedia has some.
    href = href.replace("(", "%28").replace(")", "%29")
    return href if re.fullmatch(r"https?://[^\s<>]+", href) else ""


def _emphasised(text: str, mark: str) -> str:
    """The mark stands at the words; over more than one paragraph it would be asterisks."""
    words = text.strip()
    if not words or "\n\n" in words:
        return text
    before, after = text[: text.index(words)], text[text.index(words) + len(words) :]
    return f"{before}{mark}{words}{mark}{after}"


def _code(text: str, *, is_block: bool) -> str:
    """Between more backticks than the code itself has."""
    most = max((len(run) for run in re.findall("`+", text)), default=0)
    if is_block:
        fence = "`" * max(3, most + 1)
        inner = text.strip("\n").rstrip()
        return f"\n\n{fence}\n{inner}\n{fence}\n\n" if inner else ""
    fence = "`" * (most + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}" if text.strip() else ""
