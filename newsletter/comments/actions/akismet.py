"""Asking Akismet about a comment, and telling it where it was wrong.

Never while somebody waits for a page: the comment waits as pending, a task asks, and what the
answer means happens then. Claim, commit, ask, settle. Where no answer comes, somebody looks.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.articles.cards import absolute
from newsletter.comments.actions.common import (
    fields_of_change,
    lock_comment,
    move_comment,
    note,
    replace_text,
)
from newsletter.comments.actions.judging import Sender
from newsletter.comments.actions.notifying import announce
from newsletter.comments.enums import AkismetState, CommentState, EventKind, Label, Verdict
from newsletter.comments.gateway import Answer, Question, ask_akismet, tell_akismet
from newsletter.comments.models import AkismetCase, Comment
from newsletter.comments.models.akismet import MAX_TRIES
from newsletter.comments.owners import get_place
from newsletter.comments.pipeline import Finding
from newsletter.comments.pipeline.content import AKISMET, say_akismet
from newsletter.comments.queries import find_ban, get_comment_settings

# Whoever takes a case has this long; after the n-th try it rests for the n-th of these.
LEASE = timedelta(seconds=60)
RESTS = (timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10))
# A slip that is taken back in this time is told to nobody.
TOLD_AFTER = timedelta(minutes=5)
KEPT_FOR = timedelta(days=30)


def open_case(comment: Comment, sender: Sender) -> None:
    """Have Akismet asked about the text that waits now. Call it in the transaction that stored it.

    Does nothing where nothing says that it is to be asked.
    """
    if not comment.waits_for_akismet:
        return
    now = timezone.now()
    asked = {
        "ip": sender.known_ip,
        "user_agent": sender.user_agent,
        "state": AkismetState.WAITING,
        "due_at": now,
        "tries": 0,
        "problem": "",
        "believes": "",
        "created_at": now,
    }
    AkismetCase.objects.update_or_create(comment=comment, defaults=asked)


def due_cases(limit: int) -> list[int]:
    """The ids of cases to ask about, then of those to tell."""
    asks = AkismetCase.objects.to_ask().order_by("due_at").values_list("pk", flat=True)
    settled = timezone.now() - TOLD_AFTER
    decided = AkismetCase.objects.to_tell().annotate(last=Max("comment__events__at"))
    tells = decided.filter(last__lte=settled).order_by("due_at").values_list("pk", flat=True)
    return [*asks[:limit], *tells[:limit]]


def work_on_case(*, case_id: int) -> None:
    """Ask or tell. Twice at once, or for what is settled already, does nothing."""
    case = AkismetCase.objects.select_related("comment__thread").filter(pk=case_id).first()
    if case is None:
        return
    asks = AkismetCase.objects.to_ask().filter(pk=case_id).exists()
    tells = AkismetCase.objects.to_tell().filter(pk=case_id).exists()
    if not (asks or tells) or not case.take(until=timezone.now() + LEASE):
        return
    case.refresh_from_db(fields=["due_at", "tries"])
    key = get_comment_settings().akismet_key
    if asks:
        text = case.comment.pending_body or case.comment.body
        answer = ask_akismet(key, _question(case, text)) if key else Answer(is_final=True)
        _settle_answer(case, answer)
    elif key:
        label = Label.SPAM if case.comment.state == CommentState.SPAM else Label.HAM
        _settle_told(case, tell_akismet(key, _question(case, case.comment.body), label))


def purge_akismet_cases() -> int:
    """Forget what was asked long ago, with its addresses; returns how many there were."""
    old = AkismetCase.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    return old.delete()[0]


def _question(case: AkismetCase, text: str) -> Question:
    comment = case.comment
    place = get_place(comment.thread.kind, comment.thread.key, None, timezone.now())
    page = absolute(place.path) if place else ""
    return Question(text, comment.name, case.ip or "", case.user_agent, page, comment.submitted_at)


@transaction.atomic
def _settle_answer(case: AkismetCase, answer: Answer) -> None:
    """What the answer means for the comment, if it is still the text that was asked about."""
    read = case.comment
    comment = lock_comment(read.pk)
    ours = AkismetCase.objects.filter(pk=case.pk, due_at=case.due_at)
    if not answer.label and not answer.is_final and case.tries < MAX_TRIES:
        ours.update(due_at=timezone.now() + RESTS[case.tries - 1], problem=answer.problem)
        return
    state = AkismetState.ANSWERED if answer.label else AkismetState.FAILED
    is_current = comment.version == read.version and comment.waits
    # A case that was opened again meanwhile is another one.
    if not is_current or not ours.update(
        state=state, believes=answer.label, problem=answer.problem, tries=0
    ):
        return
    _say(comment, answer)


def _say(comment: Comment, answer: Answer) -> None:
    """Put the answer in the place of the question; what nothing else speaks against stands."""
    reasons = [each for each in comment.reasons if each["check"] != AKISMET]
    finding = say_akismet(answer.label, answer.problem)
    if finding is not None:
        reasons.append(finding.as_json())
    if find_ban(comment.user, timezone.now()) is not None:
        words = _("Its writer was barred while Akismet was asked.")
        reasons.append(Finding("bar-banned", Verdict.HOLD, words).as_json())
    before = comment.state
    if reasons:
        Comment.objects.filter(pk=comment.pk).update(reasons=reasons)
        comment.reasons = reasons
    elif comment.is_visible:
        replace_text(comment, fields_of_change(comment))
    else:
        move_comment(comment, to=CommentState.APPROVED, reasons=[])
    note(EventKind.JUDGED, comment=comment, before=before, answer=answer.label)
    announce(comment)


def _settle_told(case: AkismetCase, answer: Answer) -> None:
    ours = AkismetCase.objects.filter(pk=case.pk, due_at=case.due_at)
    if answer.label:
        ours.update(believes=answer.label, problem="", tries=0)
    else:
        tries = MAX_TRIES if answer.is_final else case.tries
        rest = RESTS[min(case.tries, len(RESTS)) - 1]
        ours.update(problem=answer.problem, tries=tries, due_at=timezone.now() + rest)
