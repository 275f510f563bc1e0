"""Who may open an upload: what a public text shows is everyone's, the rest is decided each time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F
from django.http import Http404

from newsletter.articles.enums import ArticleState, ShownTo
from newsletter.articles.file_owners import is_used
from newsletter.articles.models import Article, FileUse
from newsletter.articles.queries import requirement_for
from newsletter.lib.signing import BadToken, make_dated_token, read_dated_token
from newsletter.lib.stored_files import split_path
from newsletter.memberships.access import Reader, decide

# The longest that a link may give a file without asking who comes with it.
SHORT_LINK_LIFE = timedelta(minutes=10)
_PURPOSE = "file"
# An archived text has no page any more, but mails that show its pictures were sent.
_OUT = frozenset({ArticleState.PUBLISHED, ArticleState.ARCHIVED})


def uses_of(folder: str) -> list[FileUse]:
    """Where an upload is shown, with what its article requires. One query, one more for tiers."""
    found = FileUse.objects.filter(folder=folder).select_related("article")
    return list(
        found.only(
            "folder", "shown_to", "article__access", "article__state", "article__published_at"
        ).order_by(F("article").asc(nulls_first=True))
    )


def is_open(uses: Iterable[FileUse]) -> bool:
    """Whether the upload stands where everyone sees it, and so is everyone's."""
    return any(use.shown_to == ShownTo.EVERYONE for use in uses)


def may_open(uses: Iterable[FileUse], reader: Reader, now: datetime) -> bool:
    """Whether some text that `reader` may read now shows them the upload.

    Staff see what no text shows yet: they have just put it in.
    """
    return reader.is_staff or any(_shows(use, reader, now) for use in uses)


def _shows(use: FileUse, reader: Reader, now: datetime) -> bool:
    article = use.article
    if use.shown_to == ShownTo.EVERYONE:
        return True
    if article is None or not is_out(article, now):
        return False
    decision = decide(reader, requirement_for(article), now)
    return decision.is_known if use.shown_to == ShownTo.KNOWN else decision.allowed


def is_out(article: Article, now: datetime) -> bool:
    """Whether readers have had it: published once and not taken back to the desk."""
    published_at = article.published_at
    return article.state in _OUT and published_at is not None and published_at <= now


def closed_folders_of(article: Article) -> list[str]:
    """The uploads in an article that not everyone is shown."""
    closed = article.file_uses.exclude(shown_to=ShownTo.EVERYONE)
    return list(closed.values_list("folder", flat=True))


def make_short_link_token(folder: str) -> str:
    """What opens one upload for whoever has it, for `SHORT_LINK_LIFE`."""
    return make_dated_token(_PURPOSE, folder.replace("/", "."))


def read_short_link(token: str, name: str) -> str:
    """The path of the upload that a short link opens. Raises Http404 for one that opens nothing."""
    try:
        folder = read_dated_token(_PURPOSE, token, SHORT_LINK_LIFE).replace(".", "/")
    except BadToken as error:
        raise Http404 from error
    path = f"{folder}/{name}"
    if split_path(path)[0] != folder or not (uses_of(folder) or is_used(folder)):
        raise Http404
    return path
