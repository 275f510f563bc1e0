"""Render a body's blocks for the page: notes, anchors, pictures, cards.

The markers that the editor stores (`data-pull`, `data-button`, `data-embed`, `data-audience`)
stay on the elements, so one style sheet serves the editor and the page.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from newsletter.articles.content.addresses import host_of
from newsletter.articles.content.attachments import file_for_web
from newsletter.articles.content.pictures import Pictures
from newsletter.articles.content.split import audience_of
from newsletter.lib.html_tree import Node, serialise
from newsletter.lib.slugs import make_slug

# The measure of the text column (site.css) in CSS pixels at most.
SIZES = "(min-width: 48rem) 44rem, 100vw"


# What surrounds the part that is not for everyone. Search engines are told its selector.
CLOSED_PART = "paywalled"


def render_for_web(
    blocks: list[Node], pictures: Pictures, *, closed_from: int | None = None
) -> str:
    """Return the page's HTML. The blocks are used up: rendering rearranges them in place.

    Those from `closed_from` on stand in an element of their own, `CLOSED_PART`.
    """
    page = _Page(pictures)
    rendered = page.render(blocks[:closed_from])
    if closed_from is not None and (rest := page.render(blocks[closed_from:])):
        rendered.append(Node("div", {"class": CLOSED_PART}, rest))
    return serialise(rendered)


class _Page:
    """One rendering: it counts the notes, the anchors and the pictures."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures
        self.anchors: set[str] = set()
        self.images = 0
        self.notes = 0
        # Notes of the block at hand, put right after it.
        self.pending: list[Node] = []

    def render(self, blocks: list[Node]) -> list[Node | str]:
        result: list[Node | str] = []
        for block in blocks:
            if audience_of(block):
                inner = self.render([node for node in block.children if isinstance(node, Node)])
                if block.attrs["data-audience"] == "web":
                    result.extend(inner)
                else:
                    attrs = {**block.attrs, "class": "members-only"}
                    result.append(Node("section", attrs, inner))
                continue
            self._visit(block)
            result.append(self._block(block))
            result.extend(self.pending)
            self.pending = []
        return result

    def _visit(self, node: Node) -> None:
        """Render what lies below `node`."""
        for index, child in enumerate(node.children):
            if not isinstance(child, Node):
                continue
            self._visit(child)
            if "data-footnote" in child.attrs:
                node.children[index] = self._footnote(child)
            elif child.tag == "img":
                node.children[index] = self._picture(child)
            else:
                node.children[index] = self._block(child)

    def _block(self, node: Node) -> Node:
        if node.tag in {"h2", "h3"}:
            node.attrs["id"] = self._anchor(node.text())
        elif "data-pull" in node.attrs:
            node.attrs["class"] = "pull-quote"
        elif "data-embed" in node.attrs:
            return _embed(node)
        elif "data-file" in node.attrs:
            return file_for_web(node)
        elif "data-button" in node.attrs:
            node.attrs["class"] = "button-row"
            for link in node.walk():
                link.attrs["class"] = "button"
        elif node.tag == "table":
            # Wide tables scroll by themselves; the keyboard must be able to do that too.
            attrs = {"class": "table-scroll", "role": "region", "tabindex": "0"}
            return Node("div", {**attrs, "aria-label": _("Table")}, [node])
        elif node.tag == "pre":
            node.attrs["tabindex"] = "0"
        elif node.tag in {"li", "td", "th"}:
            tighten(node)
        return node

    def _anchor(self, heading: str) -> str:
        base = f"s-{make_slug(heading, max_length=60, fallback='section')}"
        anchor, number = base, 1
        while anchor in self.anchors:
            number += 1
            anchor = f"{base}-{number}"
        self.anchors.add(anchor)
        return anchor

    def _footnote(self, node: Node) -> Node:
        self.notes += 1
        number = str(self.notes)
        label = _("Note %(number)s") % {"number": number}
        back = Node(
            "a",
            {
                "class": "footnote-back",
                "href": f"#fnref-{number}",
                "role": "doc-backlink",
                "aria-label": _("Back to note %(number)s in the text") % {"number": number},
            },
            ["↩"],
        )
        self.pending.append(
            Node(
                "aside",
                {"class": "footnote", "id": f"fn-{number}", "role": "note", "aria-label": label},
                [
                    Node("span", {"class": "footnote-number"}, [number]),
                    " ",
                    node.text(),
                    " ",
                    back,
                ],
            )
        )
        reference = Node(
            "a", {"href": f"#fn-{number}", "role": "doc-noteref", "aria-label": label}, [number]
        )
        return Node("sup", {"class": "footnote-ref", "id": f"fnref-{number}"}, [reference])

    def _picture(self, image: Node) -> Node:
        self.images += 1
        # The first picture is often in view at once; the browser fetches the others when near.
        image.attrs["loading"] = "eager" if self.images == 1 else "lazy"
        image.attrs["decoding"] = "async"
        picture = self.pictures.get(image.attrs["src"])
        if picture is None:
            return image
        image.attrs["width"], image.attrs["height"] = str(picture.width), str(picture.height)
        if not image.attrs.get("alt"):
            image.attrs["alt"] = picture.alt
        sources: list[Node | str] = []
        for format_ in ("avif", "webp"):
            renditions = picture.sources(format_)
            if renditions:
                srcset = ", ".join(f"{each.url} {each.width}w" for each in renditions)
                attrs = {"type": f"image/{format_}", "srcset": srcset, "sizes": SIZES}
                sources.append(Node("source", attrs))
        return Node("picture", {}, [*sources, image]) if sources else image


def _embed(node: Node) -> Node:
    """A card that links to what is embedded; nothing of the other site is loaded."""
    link = next(child for child in node.walk() if child.tag == "a")
    title = Node("span", {"class": "embed-title"}, [link.text()])
    host = Node("span", {"class": "embed-host"}, [host_of(link.attrs["href"])])
    card = Node("a", {"href": link.attrs["href"]}, [title, " ", host])
    return Node("figure", {**node.attrs, "class": "embed"}, [card])


def tighten(node: Node) -> None:
    """A list item or cell with a single paragraph needs no paragraph."""
    if len(node.children) == 1:
        only = node.children[0]
        if isinstance(only, Node) and only.tag == "p" and not only.attrs:
            node.children = only.children
