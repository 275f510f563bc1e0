"""A file that a text offers: a player for what is heard, a link with kind and size for the rest."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from newsletter.lib.html_tree import Node
from newsletter.lib.stored_files import RECORDINGS, extension_of


def file_for_web(node: Node) -> Node:
    """What stands on the page for `<p data-file="bytes"><a href="…">label</a></p>`."""
    link = _link_of(node)
    address, label = link.attrs["href"], link.text()
    facts = Node("span", {"class": "file-facts"}, [_facts(node)])
    saving = Node("a", {"class": "file-link", "download": "", "href": address}, [label])
    if not _is_recording(address):
        return Node("p", {"class": "file"}, [saving, " ", facts])
    player = Node("audio", {"aria-label": label, "controls": "", "preload": "none", "src": address})
    return Node("div", {"class": "file file-heard"}, [Node("p", {}, [saving, " ", facts]), player])


def file_for_mail(node: Node) -> Node:
    """The same as one line: mail programs play nothing."""
    return Node("p", {"class": "file"}, [_link_of(node), f" ({_facts(node)})"])


def _link_of(node: Node) -> Node:
    return next(child for child in node.walk() if child.tag == "a")


def _is_recording(address: str) -> bool:
    return extension_of(urlsplit(address).path) in RECORDINGS


def _facts(node: Node) -> str:
    """ "PDF, 1.2 MB"."""
    kind = extension_of(urlsplit(_link_of(node).attrs["href"]).path)[1:].upper() or _("File")
    size = int(node.attrs["data-file"] or 0)
    return f"{kind}, {filesizeformat(size)}" if size else kind
