"""The little HTML that comments elsewhere have, as the Markdown that ours have. Pure."""

from __future__ import annotations

import re
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
    """Quotes and code are held back until they end, for what is in them decides how they look."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        # What was written before the quotes and the code that are open.
        self._held: list[tuple[str, list[str]]] = []
        self._code: list[str] = []
        self._links: list[str] = []
        self._lists: list[str] = []
        self._silent = 0

    def text(self) -> str:
        """All of it; what was never closed ends here."""
        while self._held:
            self._release()
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
        elif tag == "blockquote":
            self._hold(tag)
        elif tag == "li":
            self.parts.append("\n1. " if self._lists[-1:] == ["ol"] else "\n- ")
        elif tag == "a":
            self._start_link((dict(attrs).get("href") or "").strip())
        elif tag in _BLOCKS:
            self._lists += [tag] if tag in {"ol", "ul"} else []
            self.parts.append("\n\n")
        else:
            self.parts.append(_MARKS.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in self._code:
            self._code.remove(tag)
            if not self._code:
                self._release()
        elif self._code:
            pass
        elif tag == "blockquote":
            if self._held:
                self._release()
        elif tag == "a":
            href = self._links.pop() if self._links else ""
            self.parts.append(f"]({href})" if href else "")
        elif tag in _BLOCKS:
            if self._lists[-1:] == [tag]:
                self._lists.pop()
            self.parts.append("\n\n")
        else:
            self.parts.append(_MARKS.get(tag, ""))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

    def _start_link(self, href: str) -> None:
        # Brackets would end the address: that of many an article in Wikipedia has some.
        href = href.replace("(", "%28").replace(")", "%29")
        is_web = re.fullmatch(r"https?://[^\s<>]+", href)
        self._links.append(href if is_web else "")
        self.parts.append("[" if is_web else "")

    def _hold(self, tag: str) -> None:
        self._held.append((tag, self.parts))
        self.parts = []

    def _release(self) -> None:
        tag, before = self._held.pop()
        inner = "".join(self.parts)
        if tag in _CODE:
            made = _code(inner, is_block=tag == "pre" or "\n" in inner.strip())
        elif len(self._held) < _DEEPEST_QUOTE and inner.strip():
            lines = re.sub(r"\n{3,}", "\n\n", inner.strip()).split("\n")
            made = "\n\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"
        else:
            made = f"\n\n{inner.strip()}\n\n"
        self.parts = [*before, made]


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
