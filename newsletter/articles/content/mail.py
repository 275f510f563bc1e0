"""Render a body's blocks for the inbox: plain structure, absolute addresses, notes at the end.

Mail programs know no `<picture>`, no WebP (Outlook) and no anchors worth trusting. The style is
the mail layout's; this gives it classes to hold on to.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from newsletter.articles.content.addresses import absolute, host_of
from newsletter.articles.content.attachments import file_for_mail
from newsletter.articles.content.pictures import Picture, Pictures
from newsletter.articles.content.split import audience_of
from newsletter.articles.content.web import tighten
from newsletter.lib.html_tree import Node, serialise

# The width of the mail's column; high-density screens get twice as many pixels to it.
COLUMN = 600
_FORMATS = ("jpeg", "png")


def render_for_mail(blocks: list[Node], pictures: Pictures, *, page_url: str) -> str:
    """Return the mail's HTML, every address absolute from `page_url`. Uses the blocks up."""
    mail = _Mail(pictures, page_url)
    rendered = mail.render(blocks)
    return serialise([*rendered, *mail.endnotes()])


class _Mail:
    def __init__(self, pictures: Pictures, page_url: str) -> None:
        self.pictures = pictures
        self.page_url = page_url
        self.notes: list[str] = []

    def render(self, blocks: list[Node]) -> list[Node | str]:
        result: list[Node | str] = []
        for block in blocks:
            if audience_of(block):
                result.extend(self.render([n for n in block.children if isinstance(n, Node)]))
            else:
                self._visit(block)
                result.append(self._element(block))
        return result

    def endnotes(self) -> list[Node | str]:
        if not self.notes:
            return []
        title = Node("h3", {"class": "notes-title"}, [_("Notes")])
        notes: list[Node | str] = [Node("li", {}, [note]) for note in self.notes]
        return [Node("hr"), title, Node("ol", {"class": "notes"}, notes)]

    def _visit(self, node: Node) -> None:
        for index, child in enumerate(node.children):
            if isinstance(child, Node):
                self._visit(child)
                node.children[index] = self._element(child)

    def _element(self, node: Node) -> Node:
        if "data-footnote" in node.attrs:
            self.notes.append(node.text())
            return Node("sup", {"class": "note-ref"}, [f"[{len(self.notes)}]"])
        if node.tag == "a":
            node.attrs["href"] = absolute(self.page_url, node.attrs["href"])
        elif node.tag == "img":
            return self._image(node)
        elif node.tag == "figcaption":
            return Node("p", {"class": "caption"}, node.children)
        elif node.tag == "figure" and "data-embed" in node.attrs:
            return _embed(node)
        elif node.tag == "figure":
            return Node("div", {"class": "figure"}, node.children)
        elif "data-button" in node.attrs:
            return _button(node)
        elif "data-file" in node.attrs:
            return file_for_mail(node)
        elif "data-pull" in node.attrs:
            return Node("blockquote", {"class": "pull-quote"}, node.children)
        elif node.tag == "table":
            node.attrs["class"] = "data"
        elif node.tag in {"li", "td", "th"}:
            tighten(node)
        return node

    def _image(self, node: Node) -> Node:
        picture = self.pictures.get(node.attrs["src"])
        source = node.attrs["src"]
        alt = node.attrs.get("alt", "")
        declared = node.attrs.get("width")
        width = int(declared) if declared else COLUMN
        if picture is not None:
            source, width, alt = source_for_mail(picture), picture.width, alt or picture.alt
        # No height: with a fixed one the picture is squashed on narrow screens, and Outlook does
        # not take "auto" (M25).
        return Node(
            "img",
            {
                "src": absolute(self.page_url, source),
                "alt": alt,
                "width": str(min(width, COLUMN)),
                "style": "max-width:100%",
            },
        )


def source_for_mail(picture: Picture) -> str:
    """The smallest rendition every mail program shows that has two pixels per pixel."""
    known = sorted(
        (each for each in picture.renditions if each.format in _FORMATS),
        key=lambda each: each.width,
    )
    enough = [each for each in known if each.width >= 2 * COLUMN] or known[-1:]
    return enough[0].url if enough else picture.url


def _embed(node: Node) -> Node:
    link = next(child for child in node.walk() if child.tag == "a")
    host = Node("span", {"class": "embed-host"}, [host_of(link.attrs["href"])])
    return Node("p", {"class": "embed"}, [link, Node("br"), host])


def _button(node: Node) -> Node:
    """A one-cell table: the only box that every mail program draws."""
    link = next(child for child in node.walk() if child.tag == "a")
    cell = Node("td", {"class": "button-cell"}, [link])
    attrs = {"class": "button", "role": "presentation", "cellpadding": "0", "cellspacing": "0"}
    return Node("table", attrs, [Node("tbody", {}, [Node("tr", {}, [cell])])])
