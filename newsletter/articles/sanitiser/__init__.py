"""The one allow-list of an article's body: for the editor's form, for importers, for paste.

Two passes. nh3 decides what is safe: nothing but the tags, attributes and URL schemes named here
leaves it. The second pass only takes away, renames and rearranges, so that everything downstream
(the page, the mail, the text) can rely on one shape:

- the root holds blocks only; so do quotes, list items, table cells and sections;
- sections and the paywall divider stand at the root, and there is at most one divider;
- inline elements hold no blocks, headings and footnotes hold no structure.

Where a rearrangement could change who reads something, it errs towards fewer readers: a divider
found deep inside a block moves before that block, a section found inside a block encloses it.

Cleaning what was cleaned changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import nh3
from django.conf import settings

from newsletter.articles.sanitiser.sections import (
    keep_first_divider,
    lift_sections,
    restricts,
    unwrap_within,
)
from newsletter.lib.html_tree import Node, parse, serialise

AUDIENCES = frozenset({"members", "email", "web"})

_RENAMED = {
    "b": "strong",
    "i": "em",
    "del": "s",
    "strike": "s",
    "h1": "h2",
    "h4": "h3",
    "h5": "h3",
    "h6": "h3",
}
_INLINE = frozenset({"strong", "em", "s", "code", "a", "sup", "sub", "span", "br", "img"})
_MARKS = _INLINE - {"br", "img", "span"}
_HOLDS_BLOCKS = frozenset({"blockquote", "li", "td", "th", "section"})
_HOLDS_INLINE = frozenset({"p", "h2", "h3", "figcaption"})
_STRUCTURE = {
    "ul": frozenset({"li"}),
    "ol": frozenset({"li"}),
    "table": frozenset({"thead", "tbody", "tr"}),
    "thead": frozenset({"tr"}),
    "tbody": frozenset({"tr"}),
    "tr": frozenset({"th", "td"}),
}
_KEPT = (
    _INLINE
    | _HOLDS_BLOCKS
    | _HOLDS_INLINE
    | frozenset(_STRUCTURE)
    | frozenset({"hr", "pre", "figure"})
)
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href"},
    "hr": {"data-paywall"},
    "section": {"data-audience"},
    "figure": {"data-embed"},
    "blockquote": {"data-pull"},
    "p": {"data-button", "data-file"},
    "span": {"data-footnote", "style"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "code": {"class"},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
_FLAGS = frozenset({"data-paywall", "data-embed", "data-pull", "data-button", "data-footnote"})
_NUMBERS = {"width": 20_000, "height": 20_000, "start": 1_000_000, "colspan": 50, "rowspan": 500}
_LANGUAGE = re.compile(r"language-[a-z0-9+#_-]{1,40}", re.ASCII)
# Control and direction-override characters have no place in a text and can disguise it.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u202a-\u202e]")
_WEB_ADDRESS = re.compile(r"https?://[^/]", re.IGNORECASE)
_SPACE = " \t\n\r\f\u00a0\u200b"


def sanitise_body(html: str) -> str:
    """Return `html` in the shape described above, with only the editor's own nodes left."""
    cleaned = nh3.clean(
        _UNWANTED.sub("", html.replace("\r\n", "\n")),
        tags=set(_KEPT | _RENAMED.keys() | {"div"}),
        # What a browser never shows as text must not turn into text.
        clean_content_tags={"script", "style", "title", "noscript", "template", "iframe"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    root = parse(cleaned)
    root.children = _clean(root.children)
    root.children = lift_sections(_as_blocks(root.children))
    keep_first_divider(root)
    return serialise(root.children)


def _clean(children: Iterable[Node | str]) -> list[Node | str]:
    """Clean each child, deepest first; a child that may not stand gives its content instead."""
    result: list[Node | str] = []
    for child in children:
        if isinstance(child, str):
            result.append(child)
            continue
        child.tag = _RENAMED.get(child.tag, child.tag)
        child.children = _clean(child.children)
        emphasis = _emphasis_of_style(child)
        _clean_attributes(child)
        result.extend(_as_marked(_shaped(child), emphasis))
    return result


def _clean_attributes(node: Node) -> None:
    kept: dict[str, str] = {}
    for name, value in sorted(node.attrs.items()):
        if name in _FLAGS:
            kept[name] = ""
        elif name in _NUMBERS:
            if value.isascii() and value.isdigit() and 0 < int(value[:9]) <= _NUMBERS[name]:
                kept[name] = str(int(value[:9]))
        elif name == "data-file":
            # How large the file is, in bytes, as the editor was told; 0 where that is not known.
            kept[name] = str(int(value[:12])) if value.isascii() and value.isdigit() else "0"
        elif name == "data-audience":
            if value in AUDIENCES:
                kept[name] = value
        elif name == "class":
            if _LANGUAGE.fullmatch(value):
                kept[name] = value
        elif name != "style":
            kept[name] = value
    node.attrs = kept


def _emphasis_of_style(node: Node) -> list[str]:
    """Google Docs writes bold and italic as styles of a span."""
    if node.tag != "span":
        return []
    style = node.attrs.get("style", "").replace(" ", "").lower()
    marks = []
    if re.search(r"font-weight:(bold|[6-9]00)", style):
        marks.append("strong")
    if "font-style:italic" in style:
        marks.append("em")
    return marks


def _as_marked(nodes: list[Node | str], marks: list[str]) -> list[Node | str]:
    if any(is_block(node) for node in nodes) or not _has_content(nodes):
        return nodes
    for mark in marks:
        nodes = [Node(mark, {}, nodes)]
    return nodes


def _shaped(node: Node) -> list[Node | str]:
    """Return what stands for `node`: itself, put right, or its content."""
    tag = node.tag
    if tag in {"hr", "br"}:
        return [node]
    if tag in {"pre", "figure", "span"} and any(restricts(below) for below in node.walk()):
        # These would keep the text alone and so lose who it is for.
        return node.children
    if tag == "img":
        return _shaped_image(node)
    if tag == "span":
        return _shaped_footnote(node)
    if tag in _MARKS:
        return _shaped_mark(node)
    if tag == "pre":
        return _shaped_code(node)
    if tag == "figure":
        return _shaped_figure(node)
    if tag in _HOLDS_INLINE:
        return _shaped_text_block(node)
    if tag in _HOLDS_BLOCKS:
        return _shaped_container(node)
    if tag in _STRUCTURE:
        return _shaped_structure(node)
    return _as_blocks(node.children)


def _shaped_image(node: Node) -> list[Node | str]:
    source = node.attrs.get("src", "")
    if not is_own_file(source):
        # The pages load nothing from elsewhere; a link loses nothing.
        label = node.attrs.get("alt") or source
        return [Node("a", {"href": source}, [label])] if source else []
    node.attrs.setdefault("alt", "")
    node.attrs = dict(sorted(node.attrs.items()))
    return [node]


def is_own_file(source: str) -> bool:
    """Whether an image's address is on this site (or its media host)."""
    if source.startswith("/") and not source.startswith(("//", "/\\")):
        return True
    media = settings.MEDIA_URL
    return source.startswith(f"{settings.SITE_URL}/") or (
        "//" in media and source.startswith(media)
    )


def _shaped_footnote(node: Node) -> list[Node | str]:
    if "data-footnote" not in node.attrs:
        return node.children
    text = " ".join(node.text().split())
    return [Node("span", node.attrs, [text])] if text else []


def _shaped_mark(node: Node) -> list[Node | str]:
    if any(is_block(child) for child in node.children) or not _has_content(node.children):
        return node.children
    if node.tag == "a" and not node.attrs.get("href"):
        return node.children
    if node.tag == "code" and any(
        below.tag == "img" or "data-footnote" in below.attrs for below in node.walk()
    ):
        return node.children
    if node.tag == "a":
        unwrap_within(node, lambda below: below.tag == "a")
    return [node]


def _shaped_code(node: Node) -> list[Node | str]:
    code = node.find("code")
    text = node.text()
    if not text.strip():
        return []
    return [Node("pre", {}, [Node("code", code.attrs if code else {}, [text])])]


def _shaped_figure(node: Node) -> list[Node | str]:
    link, image = node.find("a"), node.find("img")
    if "data-embed" in node.attrs:
        if link is not None and _WEB_ADDRESS.match(link.attrs["href"]):
            title = " ".join(node.text().split()) or link.attrs["href"]
            return [Node("figure", node.attrs, [Node("a", link.attrs, [title])])]
        return node.children
    if image is None:
        return node.children
    captions = [node for node in node.children if _is(node, "figcaption")][:1]
    if _has_content(child for child in node.children if child not in (image, *captions)):
        return node.children
    return [Node("figure", {}, [image, *captions])]


def _shaped_text_block(node: Node) -> list[Node | str]:
    """A paragraph, heading or caption: inline content, trimmed; nothing when that is empty."""
    if node.tag == "figcaption":
        unwrap_within(node, lambda below: below.tag == "p")
    if any(is_block(child) for child in node.children):
        return [
            shaped
            for run in _runs(node.children)
            for shaped in (_shaped_text_block(Node(node.tag, {}, run)) if _is_run(run) else run)
        ]
    node.children = _trimmed(node.children)
    if not _has_content(node.children):
        return []
    if node.tag == "p" and len(node.children) == 1 and _is(node.children[0], "img"):
        return [Node("figure", {}, node.children)]
    if node.tag in {"h2", "h3"} and not node.text().strip(_SPACE):
        node.tag = "p"
    if "data-button" in node.attrs or "data-file" in node.attrs:
        return _shaped_single_link(node)
    return [node]


def _shaped_single_link(node: Node) -> list[Node | str]:
    """A button or an offered file: one link and nothing else; else a paragraph as any other."""
    links = [child for child in node.walk() if child.tag == "a"]
    if len(links) == 1 and node.text().strip() == links[0].text().strip():
        label, address = " ".join(node.text().split()), links[0].attrs["href"]
        kind = "data-button" if "data-button" in node.attrs else "data-file"
        if kind == "data-button" or is_offered_file(address):
            marks = {kind: node.attrs[kind]}
            return [Node("p", marks, [Node("a", links[0].attrs, [label])])] if label else []
    node.attrs = {}
    return [node]


def is_offered_file(address: str) -> bool:
    """Whether a link leads to an uploaded file of this site."""
    return address.removeprefix(settings.SITE_URL).startswith(f"{settings.MEDIA_URL}files/")


def _shaped_container(node: Node) -> list[Node | str]:
    if node.tag == "section" and "data-audience" not in node.attrs:
        return node.children
    node.children = _as_blocks(node.children)
    if not node.children and node.tag in {"blockquote", "section", "li"}:
        return []
    return [node]


def _shaped_structure(node: Node) -> list[Node | str]:
    """A list or table (or a part of one): only its own parts, nothing when it has none."""
    parts = _STRUCTURE[node.tag]
    kept: list[Node | str] = []
    loose: list[Node | str] = []
    for run in _runs(node.children):
        first, last = run[0], kept[-1] if kept else None
        if isinstance(first, Node) and first.tag in parts:
            kept.append(first)
        elif node.tag not in {"ul", "ol"}:
            loose.extend(_as_blocks(run))
        elif isinstance(last, Node) and _is(first, "ul", "ol"):
            # Word and Google Docs put a nested list beside its item.
            last.children.append(first)
        else:
            kept.extend(Node("li", {}, [block]) for block in _as_blocks(run))
    node.children = kept
    if node.tag == "table" and node.find("td", "th") is None:
        kept = []
    return [*loose, node] if kept else loose


def is_block(node: Node | str) -> bool:
    """Whether `node` stands by itself rather than in a line of text."""
    return isinstance(node, Node) and node.tag not in _INLINE


def _is(node: Node | str, *tags: str) -> bool:
    return isinstance(node, Node) and node.tag in tags


def _is_run(run: list[Node | str]) -> bool:
    return not is_block(run[0])


def _runs(children: Iterable[Node | str]) -> list[list[Node | str]]:
    """Group inline neighbours; each block is a group of its own. Groups without content go."""
    runs: list[list[Node | str]] = []
    open_run: list[Node | str] | None = None
    for child in children:
        if is_block(child):
            runs.append([child])
            open_run = None
        elif open_run is None:
            open_run = [child]
            runs.append(open_run)
        else:
            open_run.append(child)
    return [run for run in runs if not _is_run(run) or _has_content(run)]


def _as_blocks(children: Iterable[Node | str]) -> list[Node | str]:
    """Put every run of inline content into a paragraph; a part without its whole gives itself."""
    blocks: list[Node | str] = []
    for run in _runs(children):
        first = run[0]
        if _is_run(run):
            blocks.extend(_shaped_text_block(Node("p", {}, run)))
        elif isinstance(first, Node) and first.tag in {"li", "td", "th", "tr", "thead", "tbody"}:
            blocks.extend(_as_blocks(first.children))
        elif isinstance(first, Node) and first.tag == "figcaption":
            blocks.extend(_shaped_text_block(Node("p", {}, first.children)))
        else:
            blocks.append(first)
    return blocks


def _has_content(nodes: Iterable[Node | str]) -> bool:
    return any(
        node.strip(_SPACE)
        if isinstance(node, str)
        else node.tag in {"img", "hr"} or _has_content(node.children)
        for node in nodes
    )


def _trimmed(children: list[Node | str]) -> list[Node | str]:
    """Without space and line breaks at either end."""
    trimmed = list(children)
    for end in (0, -1):
        while trimmed:
            edge = trimmed[end]
            if isinstance(edge, str):
                bare = edge.lstrip(_SPACE) if end == 0 else edge.rstrip(_SPACE)
                if bare:
                    trimmed[end] = bare
                    break
            elif edge.tag != "br":
                break
            del trimmed[end]
    return trimmed
