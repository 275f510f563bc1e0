"""Bringing in comments from elsewhere, each once, without a word to anybody.

Threads, times and states stay. Authors are known by their addresses; accounts are made for new
ones, not confirmed, and nobody is written to. Nothing is taught by it, for nobody here decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import IO

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.actions import get_or_create_user
from newsletter.accounts.models import User
from newsletter.accounts.queries import find_user
from newsletter.articles.models import Article, SlugRedirect
from newsletter.comments.actions.common import (
    ensure_thread,
    insert_comment,
    lock_thread,
    note,
    require_moderator,
)
from newsletter.comments.article_owner import place_of
from newsletter.comments.enums import CommentState, EventKind, ImportOutcome
from newsletter.comments.importing.items import Item, read_items
from newsletter.comments.importing.stream import read_records
from newsletter.comments.kept import forget_conversation
from newsletter.comments.models import Comment, Thread
from newsletter.comments.text import clean_name, clean_text, render_comment
from newsletter.lib.addresses import is_address, normalise_address

# Longer than a form takes: what stood elsewhere is not cut off here.
MAX_IMPORTED = 50_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one item; `why` has words where it was refused."""

    item: Item
    outcome: ImportOutcome
    why: str = ""


def import_comments(*, actor: User, file: IO[bytes], dry_run: bool = False) -> Iterator[Imported]:
    """Bring in what `file` holds, one item after the other, and say what became of each.

    Each item is stored by itself, so that a run that broke off goes on where it was: what is there
    already is known by its key. `dry_run` writes nothing. Raises NotAnExportError, after what came
    before the fault.
    """
    require_moderator(actor)
    find = lru_cache(maxsize=1000)(find_article)
    for item in read_items(read_records(file)):
        article = find(item.piece.slug)
        with transaction.atomic():
            judged = judge(item, article, known_keys([item]))
            if judged.outcome == ImportOutcome.IMPORTED and article is not None and not dry_run:
                thread = lock_thread(ensure_thread(place_of(article, is_readable=True)).pk)
                # Asked again now that nobody else brings anything in here.
                judged = judge(item, article, known_keys([item]))
                if judged.outcome == ImportOutcome.IMPORTED:
                    store(item, thread, actor=actor)
                    forget_conversation(thread)
        yield judged


def find_article(slug: str) -> Article | None:
    """By its slug, or one that it had before."""
    if not slug:
        return None
    found = Article.objects.filter(slug=slug).first()
    if found is None:
        old = SlugRedirect.objects.select_related("article").filter(old_slug=slug).first()
        found = old.article if old else None
    return found


def known_keys(items: Iterable[Item]) -> set[str]:
    """Those of the items' keys that are here already. One query."""
    keys = [item.key for item in items]
    found = Comment.objects.filter(import_key__in=keys).exclude(import_key="")
    return set(found.values_list("import_key", flat=True))


def judge(item: Item, article: Article | None, known: set[str]) -> Imported:
    """What is to become of one item that goes to `article`. Pure."""
    body = clean_text(item.body)
    why = item.why_not
    if not why and (item.at is None or item.at > timezone.now()):
        why = _("It does not say when it was written.")
    if not why and not body:
        why = _("It has no text.")
    if not why and len(body) > MAX_IMPORTED:
        why = _("It is longer than any comment.")
    if why:
        return Imported(item, ImportOutcome.REFUSED, why)
    if item.key in known:
        return Imported(item, ImportOutcome.KNOWN)
    return Imported(item, ImportOutcome.IMPORTED if article else ImportOutcome.NO_ARTICLE)


def store(item: Item, thread: Thread, *, actor: User | None) -> None:
    """Write one item that was judged so, with its thread locked. Renews no kept page."""
    body = clean_text(item.body)
    parent = None
    if item.parent_key:
        # Answers to what was refused stand on the first level.
        parent = Comment.objects.filter(thread=thread, import_key=item.parent_key).first()
    comment = Comment(
        thread=thread,
        user=_author(item),
        # Without a name it would be a deleted reader's.
        name=clean_name(item.name) or _("Anonymous"),
        parent=parent,
        body=body,
        html=render_comment(body),
        state=item.state,
        import_key=item.key,
        submitted_at=item.at or timezone.now(),
    )
    insert_comment(comment, renews=False)
    note(EventKind.SUBMITTED, actor=actor, comment=comment, imported=item.key)


def _author(item: Item) -> User | None:
    """Whoever has the address; nobody where there is none that mail could go to.

    What was spam or thrown away there makes no account here.
    """
    address = normalise_address(item.email)
    if not is_address(address):
        return None
    if item.state in {CommentState.SPAM, CommentState.REMOVED}:
        return find_user(address)
    user, _created = get_or_create_user(email=address, name=clean_name(item.name))
    return user
