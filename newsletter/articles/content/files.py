"""Which uploads a body shows, and to whom: what stands only below the divider is nobody else's.

An upload is known by its folder, `images/<random>` or `files/<random>`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import unquote

from django.conf import settings

from newsletter.articles.content.split import audience_of, blocks_of, cut_for_mail, cut_for_web
from newsletter.articles.enums import ShownTo
from newsletter.lib.html_tree import Node

_FOLDER = re.compile(r"(?:images|files)/[A-Za-z0-9_-]+(?=/)")


def folder_of(address: str) -> str:
    """The folder of the upload that an address on this site names; empty where it names none."""
    for prefix in (settings.MEDIA_URL, f"{settings.SITE_URL}{settings.MEDIA_URL}"):
        if address.startswith(prefix):
            found = _FOLDER.match(unquote(address.removeprefix(prefix)))
            return found[0] if found else ""
    return ""


def files_shown(body: str, access: str) -> dict[str, ShownTo]:
    """Every upload that a body from `sanitise_body` shows, by folder, with its widest circle.

    What the mail shows to everyone counts as open: a letter that is in the mail only has a page
    for everyone too (a mail with a members' section has none).
    """
    blocks = blocks_of(body)
    web = cut_for_web(blocks, access)
    mailed = cut_for_mail(blocks, access, entitled=False)
    everyone = [*web.public, *(block for block in mailed if audience_of(block) != "members")]
    shown = dict.fromkeys(_folders(blocks), ShownTo.ENTITLED)
    shown |= dict.fromkeys(_folders([*web.members, *mailed]), ShownTo.KNOWN)
    return shown | dict.fromkeys(_folders(everyone), ShownTo.EVERYONE)


def closed_folders(body: str, access: str) -> set[str]:
    """The uploads of a body that not everyone is shown."""
    shown = files_shown(body, access)
    return {folder for folder, circle in shown.items() if circle != ShownTo.EVERYONE}


def open_folders(html: str) -> set[str]:
    """The uploads that rendered HTML names by their public address."""
    prefix = re.escape(settings.MEDIA_URL)
    return set(re.findall(rf"{prefix}({_FOLDER.pattern})", html))


def with_files_at(html: str, folders: Collection[str], address: str) -> str:
    """`html` with the uploads in `folders` named below `address` instead of the public one.

    The names of folders are random, so nothing else in a text looks like one.
    """
    for folder in folders:
        html = html.replace(f"{settings.MEDIA_URL}{folder}/", f"{address}{folder}/")
    return html


def _folders(blocks: Iterable[Node]) -> set[str]:
    named = {
        node.attrs.get(name, "")
        for block in blocks
        for node in block.walk()
        for name in ("src", "href")
    }
    return {folder for address in named if (folder := folder_of(address))}
