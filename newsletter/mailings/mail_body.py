"""An article's text, rebuilt for mail programs.

`articles.content.mail_html` says what a reader of the mail may see and resolves addresses, notes
and pictures; this gives it a form that Word (which draws mail in Outlook) can draw. Word knows
tables, paragraphs and explicit widths, so a figure becomes a table of one cell with a picture of a
stated width, a button a coloured cell, a quote a cell with a border. What comes out leans on
classes of `emails/_style.css`, which are inlined afterwards.
"""

from __future__ import annotations

from django.conf import settings

from newsletter.articles.content import image_sources, pictures_in
from newsletter.articles.content.addresses import host_of
from newsletter.articles.content.mail import render_for_mail
from newsletter.articles.content.split import blocks_of, cut_for_mail
from newsletter.lib.html_tree import Node, parse, serialise
from newsletter.lib.mail_look import MailLook
from newsletter.memberships.enums import Access

COLUMN = 536
_INLINE = frozenset({"a", "strong", "em", "s", "code", "sup", "sub", "span", "br", "img"})


def free_text_html(body_html: str, *, entitled: bool) -> str:
    """A text that is no article, in the form that `articles.content.mail_html` gives.

    It has no paywall of its own; should its author have put a divider in, the free variant ends
    there.
    """
    access = Access.PAID if "data-paywall" in body_html else Access.PUBLIC
    blocks = cut_for_mail(blocks_of(body_html), access, entitled=entitled)
    pictures = pictures_in(image_sources(body_html))
    return render_for_mail(blocks, pictures, page_url=f"{settings.SITE_URL}/")


def tree_of(mail_html: str) -> Node:
    """The text as a tree that both parts of the mail are made from."""
    root = parse(mail_html)
    root.children = [
        node for at, node in enumerate(root.children) if not _is_rule_before_notes(root, at)
    ]
    for node in root.walk():
        if node.attrs.get("class") == "note-ref":
            node.children = [node.text().strip("[]")]
    return root


def _is_rule_before_notes(root: Node, at: int) -> bool:
    node, rest = root.children[at], root.children[at + 1 : at + 2]
    return (
        isinstance(node, Node)
        and node.tag == "hr"
        and any(isinstance(n, Node) and n.attrs.get("class") == "notes-title" for n in rest)
    )


def mail_html_of(root: Node, look: MailLook) -> str:
    """The tree of `tree_of` in the markup that mail programs can draw."""
    return serialise(_rebuilt(root.children, look))


def text_html_of(root: Node) -> str:
    """The tree of `tree_of` as plain HTML, which the text part is made from."""
    return serialise(root.children)


def count_words(root: Node) -> int:
    """Words that a reader sees."""
    return sum(len(child.split()) for child in _texts(root))


def _texts(node: Node) -> list[str]:
    found: list[str] = []
    for child in node.children:
        found += [child] if isinstance(child, str) else _texts(child)
    return found


def _rebuilt(nodes: list[Node | str], look: MailLook) -> list[Node | str]:
    built: list[Node | str] = []
    for node in nodes:
        if isinstance(node, str):
            built.append(node)
        else:
            built += _rebuilt_one(node, look)
    return built


def _rebuilt_one(node: Node, look: MailLook) -> list[Node | str]:
    tag, kind = node.tag, node.attrs.get("class", "")
    if kind == "figure":
        return [_cell_table("picture", _figure_parts(node, look))]
    if kind == "embed":
        return _card(node)
    if kind == "button":
        return _button(node, look)
    if tag == "a" and any(below.tag not in _INLINE for below in node.walk()):
        return _rebuilt(_link_within(node), look)
    if tag == "img":
        return [_image(node)]
    children = _rebuilt(node.children, look)
    if tag == "blockquote":
        return [_cell_table("pull" if kind == "pull-quote" else "quote", children), _gap()]
    if tag == "hr":
        return [_cell_table("rule", ["* * *"], align="center")]
    if tag == "pre":
        return [_cell_table("listing", [Node("pre", {}, children)], bgcolor=look.panel), _gap()]
    if tag == "table":
        attrs = {"class": "data", "width": "100%", "cellpadding": "0", "cellspacing": "0"}
        return [Node("table", {**attrs, "border": "0"}, children), _gap()]
    if tag in {"th", "td"}:
        edge = {"align": look.start, "valign": "bottom" if tag == "th" else "top"}
        return [Node(tag, {**edge, **node.attrs}, children)]
    return [Node(tag, node.attrs, children)]


def _cell_table(kind: str, children: list[Node | str], **attrs: str) -> Node:
    cell = Node("td", {"class": kind, **attrs}, children)
    return Node(
        "table",
        {
            "role": "presentation",
            "class": "block",
            "width": "100%",
            "cellpadding": "0",
            "cellspacing": "0",
            "border": "0",
        },
        [Node("tr", {}, [cell])],
    )


def _gap() -> Node:
    """Space below a table: Word ignores a table's margin."""
    return _cell_table("gap", ["\u00a0"])


def _figure_parts(node: Node, look: MailLook) -> list[Node | str]:
    parts: list[Node | str] = []
    for child in node.children:
        if isinstance(child, Node) and child.attrs.get("class") == "caption":
            parts.append(Node("div", {"class": "caption"}, _rebuilt(child.children, look)))
        elif isinstance(child, Node):
            parts += _rebuilt_one(child, look)
    return parts


def _image(node: Node) -> Node:
    """A picture with a stated width and no height: the height follows, in Word too (M25)."""
    given = node.attrs.get("width", "")
    width = min(int(given), COLUMN) if given.isdecimal() and int(given) else COLUMN
    return Node(
        "img",
        {
            "src": node.attrs["src"],
            "width": str(width),
            "alt": node.attrs.get("alt", ""),
            "style": f"width:100%;max-width:{width}px",
        },
    )


def _button(node: Node, look: MailLook) -> list[Node | str]:
    link = node.find("a")
    if link is None:
        return _rebuilt(node.children, look)
    face = Node("td", {"class": "button-face", "align": "center", "bgcolor": look.accent}, [link])
    table = {"role": "presentation", "cellpadding": "0", "cellspacing": "0", "border": "0"}
    inner = Node("table", dict(table), [Node("tr", {}, [face])])
    row = Node("tr", {}, [Node("td", {"class": "button-row"}, [inner])])
    return [Node("table", dict(table), [row])]


def _card(node: Node) -> list[Node | str]:
    """A film or a post elsewhere: its title, linked, and where it is."""
    link = node.find("a")
    if link is None:
        return []
    title = Node("p", {"class": "card-title"}, [link])
    host = Node("p", {"class": "card-place"}, [host_of(link.attrs.get("href", ""))])
    return [_cell_table("card", [title, host]), _gap()]


def _link_within(node: Node) -> list[Node | str]:
    """A link around blocks, moved inside of them: Outlook shows no table within a link (M25)."""
    moved: list[Node | str] = []
    loose: list[Node | str] = []
    for child in node.children:
        if isinstance(child, str) or (child.tag in _INLINE and not child.find("p", "table")):
            loose.append(child)
            continue
        if loose:
            moved.append(Node("a", dict(node.attrs), loose))
            loose = []
        inner = Node("a", dict(node.attrs), child.children)
        if any(below.tag not in _INLINE for below in child.walk()):
            child.children = _link_within(inner)
        elif child.children:
            child.children = [inner]
        moved.append(child)
    if loose:
        moved.append(Node("a", dict(node.attrs), loose))
    return moved
