"""What the classifier has learnt as a whole: to forget it, to take it along, to bring it in."""

from __future__ import annotations

from typing import Any, TypeGuard

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.comments.actions.common import note
from newsletter.comments.actions.training import lock_lessons
from newsletter.comments.classifier import MAX_TOKEN
from newsletter.comments.enums import EventKind
from newsletter.comments.models import LearntText, WordCount
from newsletter.comments.queries import ALL_TEXTS

FORMAT, VERSION = "masthead-classifier", 1
MAX_WORDS = 300_000
# What the columns hold.
_MOST = 2_000_000_000


def _require_ruler(actor: User) -> None:
    if not actor.has_perm("newsletter.change_commentsettings"):
        raise PermissionDenied


@transaction.atomic
def reset_classifier(*, actor: User) -> int:
    """Forget everything that was learnt; returns from how many texts. Comments are not touched."""
    _require_ruler(actor)
    # The row that every lesson locks stays: a decision at this moment waits for it.
    row = lock_lessons()
    texts = row.ham + row.spam
    LearntText.objects.all().delete()
    WordCount.objects.exclude(token=ALL_TEXTS).delete()
    WordCount.objects.filter(token=ALL_TEXTS).update(ham=0, spam=0)
    note(EventKind.RULES, actor=actor, classifier="reset", texts=texts)
    return texts


def export_classifier(*, actor: User) -> dict[str, Any]:
    """Words and how often each was seen, as plain data; no text and nobody's name beside them."""
    _require_ruler(actor)
    rows = WordCount.objects.order_by("token").values_list("token", "ham", "spam")
    words = [list(row) for row in rows.iterator(chunk_size=5000)]
    texts = next((row[1:] for row in words if row[0] == ALL_TEXTS), [0, 0])
    return {
        "format": FORMAT,
        "version": VERSION,
        "texts": {"ham": texts[0], "spam": texts[1]},
        "words": [row for row in words if row[0] != ALL_TEXTS],
    }


@transaction.atomic
def import_classifier(*, actor: User, data: object) -> int:
    """Begin with what another site has learnt; returns from how many texts.

    Only where nothing was learnt yet, so that doing it twice counts nothing twice. Raises
    ValidationError with words for the author.
    """
    _require_ruler(actor)
    ham, spam, rows = _read(data)
    all_texts = lock_lessons()
    if all_texts.ham or all_texts.spam:
        raise ValidationError(_("It has learnt something already. Let it forget that first."))
    # What is left of lessons that were taken back counts nothing.
    WordCount.objects.exclude(token=ALL_TEXTS).delete()
    WordCount.objects.bulk_create(rows, batch_size=2000)
    all_texts.ham, all_texts.spam = ham, spam
    all_texts.save(update_fields=["ham", "spam"])
    note(EventKind.RULES, actor=actor, classifier="import", texts=ham + spam)
    return ham + spam


def _read(data: object) -> tuple[int, int, list[WordCount]]:
    """The numbers of texts and the words of an export, everything in it looked at."""
    wrong = ValidationError(_("This is not what a site like this one has exported."))
    if not isinstance(data, dict) or (data.get("format"), data.get("version")) != (FORMAT, VERSION):
        raise wrong
    texts, words = data.get("texts"), data.get("words")
    if not isinstance(texts, dict) or not isinstance(words, list) or len(words) > MAX_WORDS:
        raise wrong
    ham, spam = texts.get("ham"), texts.get("spam")
    if not (_is_count(ham, _MOST) and _is_count(spam, _MOST)):
        raise wrong
    rows: dict[str, WordCount] = {}
    for word in words:
        if not isinstance(word, list) or len(word) != 3:
            raise wrong
        token, in_ham, in_spam = word
        if not (_is_token(token) and _is_count(in_ham, ham) and _is_count(in_spam, spam)):
            raise wrong
        rows[token] = WordCount(token=token, ham=in_ham, spam=in_spam)
    return ham, spam, list(rows.values())


def _is_token(token: object) -> TypeGuard[str]:
    """What a column holds: JSON can name letters that no encoding has."""
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN:
        return False
    return "\x00" not in token and not any("\ud800" <= letter <= "\udfff" for letter in token)


def _is_count(number: object, most: int) -> TypeGuard[int]:
    is_number = isinstance(number, int) and not isinstance(number, bool)
    return is_number and 0 <= number <= most  # type: ignore[operator]
