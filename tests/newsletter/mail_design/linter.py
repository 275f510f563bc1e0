"""The rules of mail programs, checked over the HTML as it is sent."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_VOID = {"br", "hr", "img", "meta", "link"}
# Word and some of Gmail's apps know none of these.
_FORBIDDEN_CSS = re.compile(
    r"(?:^|;)\s*(?:position|float|display:\s*(?:flex|grid)|background-image)\b"
)
_AUTO_SIZE = re.compile(r"(?:^|;)\s*(?:width|height)\s*:\s*auto")
_UNINLINED = ("padding", "font-family", "color")


class _Linter(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.problems: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        style = given.get("style", "")
        self._check_place(tag)
        self._check_element(tag, given, style)
        if _AUTO_SIZE.search(style) or "auto" in {given.get("width"), given.get("height")}:
            self.problems.append(f"<{tag}> has an automatic size: {style}")
        if _FORBIDDEN_CSS.search(style):
            self.problems.append(f"<{tag}> uses what Outlook does not know: {style}")
        if "var(" in style or "oklch(" in style:
            self.problems.append(f"<{tag}> uses modern CSS: {style}")
        if tag not in _VOID:
            self.stack.append(tag)

    def _check_place(self, tag: str) -> None:
        if tag == "table" and "a" in self.stack:
            self.problems.append("a table inside a link")
        if tag in {"script", "form", "iframe", "video", "object", "svg"}:
            self.problems.append(f"<{tag}> is taken out of mails")

    def _check_element(self, tag: str, given: dict[str, str], style: str) -> None:
        if tag == "img":
            if "alt" not in given:
                self.problems.append("a picture without alt")
            if not given.get("width", "").isdecimal() or int(given["width"]) > 600:
                self.problems.append(f"a picture of no stated width: {given}")
            if "height" in given:
                self.problems.append("a picture with a height that narrow screens squash")
            if not given.get("src", "").startswith(("http://", "https://")):
                self.problems.append(f"a picture without an absolute address: {given}")
        elif tag == "a":
            href = given.get("href", "")
            if not href.startswith(("http://", "https://", "mailto:", "@@")):
                self.problems.append(f"a link that leads nowhere: {href!r}")
            if "color" not in style:
                self.problems.append(f"a link whose colour is only in a style sheet: {given}")
        elif (
            tag == "table" and given.get("role") != "presentation" and given.get("class") != "data"
        ):
            self.problems.append(f"a layout table that is read out as data: {given}")
        elif tag in {"p", "h1", "h2", "h3", "ul", "ol"} and "margin" not in style:
            self.problems.append(f"<{tag}> leaves its margin to the mail program")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.stack:
            while self.stack.pop() != tag:
                pass


def problems_of(html: str) -> list[str]:
    """Everything in a mail that some mail program would spoil."""
    linter = _Linter()
    linter.feed(html)
    problems = linter.problems
    if "&apos;" in html:
        problems.append("&apos;, which Outlook shows as it stands")
    if 'name="color-scheme"' not in html:
        problems.append("nothing says that it knows dark mode")
    if not re.search(r'<html lang="[\w-]+" dir="(ltr|rtl)"', html):
        problems.append("no language or direction")
    sheet = html.partition("<style>")[2].partition("</style>")[0]
    if len(sheet) > 8192:
        problems.append("a style sheet that Gmail drops for its size")
    if "url(" in sheet or "@import" in html or "<link" in html:
        problems.append("something is loaded from elsewhere")
    return problems
