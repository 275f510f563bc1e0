"""Pictures and files in a mail that not everyone may see (P4).

A mail is opened weeks after it was sent, by programs without a session, so a link of ten minutes
would leave it without its pictures. Each recipient's copy holds a pass of its own instead: it
names mailing and person, gives nothing by itself, and is answered by what that person may read at
that moment. Somebody who gets the mail forwarded sees the pictures of that one mail, as long as
its receiver is a member.
"""

from __future__ import annotations

import re

from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.articles.content.files import closed_folders, with_files_at
from newsletter.articles.files import make_short_link_token
from newsletter.articles.models import Article
from newsletter.lib.signing import BadToken, make_token, read_token
from newsletter.mailings.placeholders import FILE_READER
from newsletter.memberships.enums import Access

_PURPOSE = "letter-file"
_FILES_AT = f"/letters/files/{FILE_READER}/"
_CLOSED = re.compile(
    re.escape(_FILES_AT) + r"(?P<folder>(?:images|files)/[A-Za-z0-9_-]+)/(?P<name>[^/\s\"'<>()]+)"
)


def with_passes(
    body_html: str, article: Article | None, own_text: str, *, all_closed: bool = False
) -> str:
    """A mail's body with its closed uploads behind the recipient's pass.

    `own_text` is the text of a letter that is no article; should it hold a divider, what stands
    below is for paying members. `all_closed`: whatever it shows is for its receivers alone.
    """
    if article is not None:
        closed = closed_folders(article.body, article.access)
    else:
        closes = all_closed or "data-paywall" in own_text
        access = Access.PAID if closes else Access.PUBLIC
        closed = closed_folders(own_text, access)
    return with_files_at(body_html, closed, _FILES_AT)


def with_short_links(content: str) -> str:
    """A mail's HTML or text for a preview or a test, its closed uploads open for ten minutes."""
    return _CLOSED.sub(_short_link, content)


def _short_link(found: re.Match[str]) -> str:
    token = make_short_link_token(found["folder"])
    return reverse("articles:open-short-link", args=[token, found["name"]])


def make_file_pass(mailing_id: int, user_id: int) -> str:
    """What one person's copy of one mailing holds."""
    return make_token(_PURPOSE, f"{mailing_id}.{user_id}")


def read_file_pass(token: str) -> tuple[int, User | None]:
    """The mailing and the person of a pass; nobody where they are gone. Raises BadToken."""
    mailing_id, dot, user_id = read_token(_PURPOSE, token).partition(".")
    if not dot:
        raise BadToken(_PURPOSE)
    return int(mailing_id), User.objects.filter(pk=int(user_id)).first()
