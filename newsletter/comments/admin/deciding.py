"""What the queue's buttons and keys do: one address, an answer for pages and one for the script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.accounts.models import User
from newsletter.comments import actions
from newsletter.comments.access import may_moderate
from newsletter.comments.actions import IllegalMoveError, StaleCommentError
from newsletter.comments.models import Comment, ModerationEvent
from newsletter.comments.owners import get_place
from newsletter.comments.queue import ROWS, Tab, count_tab, words_for
from newsletter.outbox.tasks import deliver_email
from newsletter.subscribers.admin.views import actor_of

_ACTS: dict[str, Callable[..., ModerationEvent]] = {
    "approve": actions.approve_comment,
    "reject": actions.reject_comment,
    "spam": actions.mark_as_spam,
    "remove": actions.remove_comment,
}
# Longer than any page of the queue.
_MOST = 4 * ROWS


@dataclass(slots=True)
class Answer:
    """What is said, whether anything was done, and the decisions that can be taken back.

    `chosen` names what was taken back as buttons name it, with the version that it has now.
    """

    words: str
    done: int = 1
    events: list[int] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)


class _NonsenseError(ValueError):
    """The form says nothing that we could have asked for."""


def decide(request: HttpRequest) -> HttpResponse:
    """Do what a button says to one comment, to those that are ticked, or to a flood."""
    actor = actor_of(request)
    if not may_moderate(actor):
        raise PermissionDenied
    try:
        answer = _do(request, actor)
    except _NonsenseError:
        return HttpResponseBadRequest()
    if request.headers.get("Accept") == "application/json":
        said = {
            "words": answer.words,
            "events": answer.events,
            "chosen": answer.chosen,
            "counts": {tab.value: words_for(count_tab(tab)) for tab in Tab},
        }
        return JsonResponse(said, status=200 if answer.done else 409)
    (messages.success if answer.done else messages.warning)(request, answer.words)
    return redirect(_back(request, answer))


def _do(request: HttpRequest, actor: User) -> Answer:
    act = request.POST.get("act", "")
    if act == "undo":
        return _undo(request, actor)
    if act == "flood":
        return _flood(request, actor)
    if act == "not-spam":
        return _not_spam(request, actor)
    if act not in _ACTS:
        raise _NonsenseError
    chosen = [_pair(value) for value in request.POST.getlist("chosen")[:_MOST]]
    if not chosen:
        return Answer(_("Tick the comments first."), done=0)
    decided = actions.decide_many(actor=actor, act=_ACTS[act], chosen=chosen)
    count, events = len(decided.events), [event.pk for event in decided.events]
    return Answer(_words(act, count, decided.skipped, decided.unconfirmed), count, events)


def _words(act: str, count: int, skipped: int, unconfirmed: int = 0) -> str:
    said = {
        "approve": ngettext("Approved.", "%(n)d approved.", count),
        "reject": ngettext("Rejected.", "%(n)d rejected.", count),
        "spam": ngettext("Marked as spam.", "%(n)d marked as spam.", count),
        "remove": ngettext("Removed.", "%(n)d removed.", count),
    }
    parts = [said[act] % {"n": count}] if count else []
    if skipped:
        left = ngettext(
            "One was changed, deleted or decided on in the meantime: look at it again.",
            "%(n)d were changed, deleted or decided on in the meantime: look at them again.",
            skipped,
        )
        parts.append(left % {"n": skipped})
    if unconfirmed:
        left = ngettext(
            "One has no confirmed address yet: ask for it with its own button.",
            "%(n)d have no confirmed address yet: ask for it with their own buttons.",
            unconfirmed,
        )
        parts.append(left % {"n": unconfirmed})
    return " ".join(parts)


def _undo(request: HttpRequest, actor: User) -> Answer:
    """Take back the decisions named; those that are not the last ones any more stay."""
    ids = [_number(part) for part in request.POST.get("event", "").split(",")[:_MOST]]
    undone = []
    for event in ModerationEvent.objects.filter(pk__in=ids).order_by("-pk"):
        try:
            comment = actions.undo_decision(actor=actor, event=event)
        except (IllegalMoveError, StaleCommentError):
            continue
        undone.append(f"{comment.pk}-{comment.version}")
    count = len(undone)
    if not undone:
        return Answer(_("That can no longer be taken back: something happened since."), done=0)
    words = ngettext("Taken back.", "%(n)d taken back.", count) % {"n": count}
    return Answer(words, count, chosen=undone)


def _flood(request: HttpRequest, actor: User) -> Answer:
    count = actions.mark_flood_as_spam(
        actor=actor,
        network=request.POST.get("network", ""),
        newest_id=_number(request.POST.get("newest", "")),
    )
    words = ngettext("%(n)d comment is spam now.", "%(n)d comments are spam now.", count)
    return Answer(words % {"n": count}, count)


def _not_spam(request: HttpRequest, actor: User) -> Answer:
    pk, version = _pair(request.POST.get("chosen", ""))
    comment = Comment.objects.select_related("thread").filter(pk=pk).first()
    if comment is None:
        raise Http404
    place = get_place(comment.thread.kind, comment.thread.key, actor, timezone.now())
    if place is None:
        return Answer(_("What it was written under has no page any more."), done=0)
    try:
        event, mail = actions.release_from_spam(
            actor=actor, comment=comment, place=place, version=version
        )
    except (IllegalMoveError, StaleCommentError):
        return Answer(_words("approve", 0, 1), done=0)
    if mail is not None:
        deliver_email.delay_on_commit(mail.pk)
    words = _("Not spam. Its writer is asked by mail to confirm their address.")
    return Answer(words, events=[event.pk])


def _pair(value: str) -> tuple[int, int]:
    """The id and the version of the text that was read."""
    pk, _dash, version = value.partition("-")
    return _number(pk), _number(version)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 17:
        raise _NonsenseError(text)
    return int(text)


def _back(request: HttpRequest, answer: Answer) -> str:
    """Where the button stood, with what can be taken back. The query alone comes from the form."""
    query = request.POST.get("here", "")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("done="))
    done = urlencode({"done": ",".join(map(str, answer.events))}) if answer.events else ""
    path = reverse("admin:newsletter_comment_changelist")
    return f"{path}?{'&'.join(part for part in (kept, done) if part)}"
