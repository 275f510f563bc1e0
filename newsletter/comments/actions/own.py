"""What people do with their own comments, and with others' as readers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import hit
from newsletter.comments.access import Bar, MayWrite, is_own, may_delete, may_edit, may_read
from newsletter.comments.actions.akismet import open_case
from newsletter.comments.actions.common import (
    IllegalMoveError,
    RefusedError,
    StaleCommentError,
    lock_comment,
    move_comment,
    note,
    settle_reports,
)
from newsletter.comments.actions.judging import Sender, Text, judge_text, over_limit
from newsletter.comments.actions.notifying import announce
from newsletter.comments.enums import CommentState, EventKind, ReportReason, ReportState, Verdict
from newsletter.comments.kept import forget_conversation
from newsletter.comments.models import AkismetCase, Ban, Comment, LearntText, Like, Report
from newsletter.comments.owners import Place
from newsletter.comments.pipeline import FORM_CHECKS, NO_BAR, Finding, Outcome
from newsletter.comments.pipeline.person import words_of_bar
from newsletter.comments.queries import find_ban, get_comment_settings, standing_of
from newsletter.comments.rules import rules_for
from newsletter.comments.text import clean_text
from newsletter.memberships.access import get_reader

# Accounts made to report somebody are younger than this: a day for whoever pays or has had a
# comment approved, a month for whoever could be anybody.
REPORTS_COUNT_AFTER = timedelta(days=1)
STRANGERS_REPORTS_COUNT_AFTER = timedelta(days=30)
REPORTS_A_DAY = 30


def edit_comment(
    *, actor: User, comment: Comment, place: Place, body: str, sender: Sender | None = None
) -> Comment:
    """Change the text of one's own comment, within the author's window.

    The pipeline judges the new text. Where it finds something, the old text stays public until the
    new one is approved (C1). Raises PermissionDenied, RefusedError (bars too: C3), and
    StaleCommentError where it was decided on in the meantime.
    """
    sender = sender or Sender()
    now = timezone.now()
    rules = rules_for(place, comment.thread, get_comment_settings())
    if not may_edit(comment, actor, rules, now):
        raise PermissionDenied(_("This comment can no longer be changed."))
    text = Text.of(clean_text(body), comment.name)
    ban = find_ban(actor, now)
    outcome = judge_text(
        text,
        user=actor,
        rules=rules,
        bar=MayWrite(Bar.BANNED, ban) if ban else NO_BAR,
        limit=over_limit(sender, actor),
        is_edit=True,
    )
    if outcome.verdict == Verdict.REFUSE:
        raise RefusedError(outcome.findings[0])
    return _store_edit(comment, text, outcome, sender)


@transaction.atomic
def _store_edit(read: Comment, text: Text, outcome: Outcome, sender: Sender) -> Comment:
    comment = lock_comment(read.pk)
    if comment.version != read.version or comment.state != read.state:
        raise StaleCommentError
    fields: dict[str, object] = {"version": comment.version + 1}
    is_held = comment.is_visible and outcome.verdict != Verdict.PASS
    if is_held:
        fields |= {"pending_body": text.body, "reasons": outcome.as_json()}
    else:
        fields |= {"body": text.body, "html": text.html, "pending_body": ""}
        fields["edited_at"] = timezone.now()
        fields["reasons"] = _reasons_to_wait(comment, outcome)
    note(EventKind.EDITED, comment=comment, before=comment.state, body=comment.body)
    Comment.objects.filter(pk=comment.pk).update(**fields)
    if comment.is_visible:
        forget_conversation(comment.thread)
    comment.refresh_from_db()
    if not comment.is_visible or comment.pending_body:
        open_case(comment, sender)
        announce(comment)
    return comment


def _reasons_to_wait(comment: Comment, outcome: Outcome) -> list[dict[str, Any]]:
    """Why what waits goes on waiting; what is read, and may be in its new words, has no reasons.

    A changed text answers neither readers' reports nor what was wrong with the form.
    """
    found = outcome.as_json()
    if comment.is_visible:
        return found
    stays = FORM_CHECKS | {"reports"}
    reasons = [reason for reason in comment.reasons if reason["check"] in stays] + found
    if reasons:
        return reasons
    words = _("It was held, and then changed by its writer. Nothing speaks against the new text.")
    return [Finding("changed", Verdict.HOLD, words).as_json()]


@transaction.atomic
def delete_own_comment(*, actor: User, comment: Comment) -> None:
    """Take back one's own comment for good: its text goes, a place holder stays for its replies."""
    comment = lock_comment(comment.pk)
    if not may_delete(comment, actor):
        raise PermissionDenied(_("You can only delete your own comments."))
    before = comment.state
    now = timezone.now()
    move_comment(comment, to=CommentState.REMOVED, body="", html="", pending_body="", reasons=[])
    settle_reports(comment, ReportState.UPHELD, now=now)
    LearntText.objects.filter(comment=comment).delete()
    AkismetCase.objects.filter(comment=comment).delete()
    _blank_events(comment)
    note(EventKind.DELETED, actor=actor, comment=comment, before=before)


def _blank_events(comment: Comment) -> None:
    """The trail keeps what happened, not the words that their writer has taken back."""
    comment.events.exclude(data={}).update(data={})


@transaction.atomic
def set_like(*, actor: User, comment: Comment, place: Place, likes: bool) -> int:
    """Like a comment, or no longer; returns how many do. Doing it twice changes nothing."""
    _require_reader(actor, comment, place)
    if not comment.is_visible:
        raise IllegalMoveError("not visible")
    if likes:
        _like, changed = Like.objects.get_or_create(comment=comment, user=actor)
        step = int(changed)
    else:
        removed, _rows = Like.objects.filter(comment=comment, user=actor).delete()
        step = -removed
    if step:
        Comment.objects.filter(pk=comment.pk).update(like_count=F("like_count") + step)
    return Comment.objects.values_list("like_count", flat=True).get(pk=comment.pk)


@transaction.atomic
def report_comment(
    *, actor: User, comment: Comment, place: Place, reason: str, note_text: str = ""
) -> Report:
    """Tell the author that a comment should not stand there. Once a person and comment.

    When enough trusted readers have, it is hidden until somebody looks. Reports of people whose
    reports were mostly not shared, or of whom too little is known, do not count towards that.
    """
    _require_reader(actor, comment, place)
    if is_own(comment, actor):
        raise PermissionDenied(_("Delete your own comment instead."))
    comment = lock_comment(comment.pk)
    earlier = Report.objects.filter(comment=comment, user=actor).first()
    if earlier is not None:
        return earlier
    if not comment.is_visible:
        raise IllegalMoveError("not visible")
    if not hit(f"comment-report:{actor.pk}", limit=REPORTS_A_DAY, per=timedelta(days=1)):
        words = _("You have reported a great deal today. Try again tomorrow.")
        raise RefusedError(Finding("rate", Verdict.REFUSE, words))
    now = timezone.now()
    report = Report.objects.create(
        comment=comment,
        user=actor,
        reason=reason,
        note=clean_text(note_text)[:500],
        is_trusted=_report_counts(actor, now),
    )
    note(EventKind.REPORTED, comment=comment, user=actor, before=comment.state, reason=reason)
    _hide_if_enough(comment)
    return report


def _report_counts(actor: User, now: datetime) -> bool:
    standing = standing_of(actor)
    is_somebody = standing.is_known or bool(get_reader(actor, now).tier_ids)
    age = REPORTS_COUNT_AFTER if is_somebody else STRANGERS_REPORTS_COUNT_AFTER
    return standing.reports_count and actor.created_at <= now - age


def _hide_if_enough(comment: Comment) -> None:
    """Hide what enough trusted readers have reported since somebody last looked.

    Who was barred after their report could not make it now, and hides nothing by it.
    """
    barred = Ban.objects.in_force(timezone.now()).values("user")
    counted = Report.objects.filter(comment=comment, state=ReportState.OPEN, is_trusted=True)
    counted = counted.exclude(user__in=barred)
    reasons = list(counted.values_list("reason", flat=True))
    if len(reasons) < get_comment_settings().reports_to_hide:
        return
    if comment.user is not None and comment.user.is_staff:
        return
    labels = ", ".join(dict.fromkeys(str(ReportReason(reason).label) for reason in reasons))
    words = _("%(count)d readers reported it: %(reasons)s") % {
        "count": len(reasons),
        "reasons": labels,
    }
    finding = Finding("reports", Verdict.HOLD, words, {"count": len(reasons)})
    before = comment.state
    move_comment(comment, to=CommentState.PENDING, reasons=[*comment.reasons, finding.as_json()])
    note(EventKind.HIDDEN, comment=comment, before=before)
    announce(comment)


def _require_reader(actor: User, comment: Comment, place: Place) -> None:
    """Only who may read it, and is not barred, likes or reports it."""
    if not may_read(place, comment.thread):
        raise PermissionDenied(_("Only those who can read this may do that."))
    ban = find_ban(actor, timezone.now())
    if ban is not None:
        words = words_of_bar(MayWrite(Bar.BANNED, ban))
        raise RefusedError(Finding("bar-banned", Verdict.REFUSE, words))
