"""Teaching the classifier, and taking a lesson back."""

from __future__ import annotations

from django.db.models import F

from newsletter.comments.classifier import tokens_of
from newsletter.comments.enums import Label
from newsletter.comments.models import Comment, LearntText, WordCount
from newsletter.comments.queries import ALL_TEXTS
from newsletter.comments.text import links_in


def teach(comment: Comment, label: str) -> str:
    """Note that this text is `label` (empty: forget it); returns what was noted before.

    Call it inside a transaction. The row that counts the texts is locked first, so that two
    decisions at once never wait for each other in a circle.
    """
    lock_lessons()
    learnt = LearntText.objects.filter(comment=comment).first()
    before = learnt.label if learnt else ""
    if before == label:
        return before
    if learnt is not None:
        _add(learnt.tokens, learnt.label, -1)
        learnt.delete()
    if label:
        links = tuple(links_in(comment.html))
        tokens = tokens_of(body=comment.body, name=comment.name, links=links)
        LearntText.objects.create(comment=comment, label=label, tokens=tokens)
        _add(tokens, label, 1)
    return before


def lock_lessons() -> WordCount:
    """The row that counts the texts, locked until the end of the transaction; never deleted."""
    WordCount.objects.get_or_create(token=ALL_TEXTS)
    return WordCount.objects.select_for_update().get(token=ALL_TEXTS)


def _add(tokens: list[str], label: str, step: int) -> None:
    named = [ALL_TEXTS, *tokens]
    if step > 0:
        missing = [WordCount(token=token) for token in tokens]
        WordCount.objects.bulk_create(missing, ignore_conflicts=True)
    name = Label(label).value
    WordCount.objects.filter(token__in=named).update(**{name: F(name) + step})
