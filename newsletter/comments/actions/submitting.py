"""Writing a comment, and confirming the address under which a visitor wrote one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.actions import confirm_address, get_or_create_user
from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import hit
from newsletter.comments.access import MayWrite, may_write
from newsletter.comments.actions.akismet import open_case
from newsletter.comments.actions.common import (
    RefusedError,
    ensure_thread,
    insert_comment,
    lock_comment,
    lock_thread,
    move_comment,
    note,
)
from newsletter.comments.actions.judging import Sender, Text, judge_text, over_limit
from newsletter.comments.actions.notifying import announce
from newsletter.comments.enums import CommentState, EventKind, Verdict
from newsletter.comments.models import Comment, Thread
from newsletter.comments.owners import Place, get_place
from newsletter.comments.pipeline import FORM_CHECKS, GOOD_FORM, Finding, FormFacts, Outcome
from newsletter.comments.pipeline.person import words_of_bar
from newsletter.comments.queries import (
    find_ban,
    find_same,
    find_thread,
    get_comment_settings,
)
from newsletter.comments.rules import Rules, rules_for
from newsletter.comments.text import clean_name, clean_text
from newsletter.lib.addresses import normalise_address
from newsletter.lib.signing import make_token
from newsletter.memberships.access import get_reader
from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail

CONFIRM_PURPOSE = "confirm-comment"
CONFIRM_WITHIN = timedelta(days=7)
# Mails of this kind that one mailbox gets in a day, whoever asks for them.
MAILS_A_DAY = 5
# The same form sent twice comes within this time, where it carries no name of its own.
TWICE_WITHIN = timedelta(minutes=10)
PURGE_LIMIT = 5000

STATE_AFTER = {
    Verdict.PASS: CommentState.APPROVED,
    Verdict.HOLD: CommentState.PENDING,
    Verdict.SPAM: CommentState.SPAM,
}


@dataclass(frozen=True, slots=True)
class Written:
    """What a form says. `email` is a visitor's, empty for who is signed in."""

    body: str
    name: str = ""
    email: str = ""
    parent_id: int | None = None
    client_id: str = ""
    form: FormFacts = GOOD_FORM


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of it: the stored comment, and the mail to deliver, if there is one."""

    comment: Comment
    mail: OutgoingEmail | None = None


def submit_comment(
    *, place: Place, viewer: User | None, written: Written, sender: Sender | None = None
) -> Submitted:
    """Store what somebody wrote in the state that the pipeline gives it.

    A visitor's comment belongs to nobody until the address is confirmed, whoever has it: the same
    work, the same answer and one mail for every address (C4). The same form sent twice is one
    comment. Raises RefusedError with words for the writer.
    """
    sender = sender or Sender()
    now = timezone.now()
    text = Text.of(clean_text(written.body), clean_name(written.name))
    email = "" if viewer is not None else normalise_address(written.email)
    thread = find_thread(place)
    same = _find_same(thread, viewer, email, written, text)
    twin = _find_twin(thread, viewer, email, written, text, lambda: same)
    if twin is not None:
        return Submitted(twin)
    rules = rules_for(place, thread, get_comment_settings())
    bar = _find_writing(place, thread, rules, viewer, now)
    outcome = judge_text(
        text,
        user=viewer,
        rules=rules,
        bar=bar,
        form=written.form,
        is_duplicate=same is not None,
        limit="" if not bar.allowed else over_limit(sender, viewer),
    )
    if outcome.verdict == Verdict.REFUSE:
        raise RefusedError(outcome.findings[0])
    comment = Comment(user=viewer, guest_email=email, name=text.name, network=sender.network)
    return _store(comment, place, written, text, outcome, sender)


@transaction.atomic
def _store(
    comment: Comment,
    place: Place,
    written: Written,
    text: Text,
    outcome: Outcome,
    sender: Sender,
) -> Submitted:
    comment.body, comment.html = text.body, text.html
    comment.client_id = written.client_id[:64]
    comment.state = _first_state(outcome, comment.user)
    comment.reasons = outcome.as_json()
    comment.thread = lock_thread(ensure_thread(place).pk)
    # Asked again under the lock: the second of two forms sent at once waits here for the first.
    said = (comment.thread, comment.user, comment.guest_email, written, text)
    twin = _find_twin(*said, lambda: _find_same(*said))
    if twin is not None:
        return Submitted(twin)
    if _named(comment.thread, comment.user, comment.guest_email, comment.client_id).exists():
        # The same form with another text (somebody went back to it): a comment of its own.
        comment.client_id = ""
    comment.parent = _find_parent(comment.thread, written.parent_id)
    insert_comment(comment)
    note(EventKind.SUBMITTED, comment=comment)
    open_case(comment, sender)
    announce(comment)
    mail = queue_confirmation(comment, place) if comment.guest_email else None
    return Submitted(comment, mail)


def confirm_comment(*, comment: Comment, place: Place, sender: Sender | None = None) -> Comment:
    """Give a visitor's comment to the owner of the address, who pressed the button in the mail.

    From here on it is judged by who they are. Raises RefusedError where they are barred: only the
    owner of the mailbox learns that. Doing it twice does nothing the second time; a second copy of
    what they have confirmed goes, and the first is returned.
    """
    if comment.state != CommentState.UNCONFIRMED:
        return comment
    user, _created = get_or_create_user(email=comment.guest_email, name=comment.name)
    confirm_address(user=user)
    now = timezone.now()
    # As they get it, whoever is signed in where the button was pressed.
    place = get_place(place.kind, place.key, user, now) or place
    rules = rules_for(place, comment.thread, get_comment_settings())
    bar = _find_writing(place, comment.thread, rules, user, now)
    refused = _find_bar(user, bar)
    kept = tuple(
        Finding.from_json(reason) for reason in comment.reasons if reason["check"] in FORM_CHECKS
    )
    text = Text(comment.body, comment.html, comment.name)
    outcome = judge_text(text, user=user, rules=rules, kept=kept)
    return _settle_confirmed(comment.pk, user, outcome, refused, sender or Sender())


def _settle_confirmed(
    comment_id: int, user: User, outcome: Outcome, refused: Finding | None, sender: Sender
) -> Comment:
    with transaction.atomic():
        comment = lock_comment(comment_id)
        if comment.state != CommentState.UNCONFIRMED:
            return comment
        same = _find_confirmed(comment, user)
        if same is not None:
            comment.delete()
            return same
        if outcome.verdict == Verdict.REFUSE:
            refused = outcome.findings[0]
        to = CommentState.REJECTED if refused else STATE_AFTER[outcome.verdict]
        fields: dict[str, Any] = {"user": user, "guest_email": ""}
        fields["reasons"] = [refused.as_json()] if refused else outcome.as_json()
        if _named(comment.thread, user, "", comment.client_id).exists():
            # They went back to a form whose comment they had confirmed: this one is another.
            fields["client_id"] = ""
        move_comment(comment, to=to, **fields)
        note(EventKind.CONFIRMED, comment=comment, user=user, before=CommentState.UNCONFIRMED)
        open_case(comment, sender)
        announce(comment)
    if refused is not None:
        raise RefusedError(refused)
    return comment


def _find_confirmed(comment: Comment, user: User) -> Comment | None:
    """The same words in the same place, which they have confirmed before: those are said once."""
    return find_same(
        thread=comment.thread, user=user, email="", parent_id=comment.parent_id, body=comment.body
    )


def _find_bar(user: User, bar: MayWrite) -> Finding | None:
    """What keeps the confirmed person from commenting: a bar, or a closed account."""
    if not user.is_active:
        return Finding("bar-closed_account", Verdict.REFUSE, _("This account is closed."))
    if bar.allowed:
        return None
    return Finding(f"bar-{bar.bar}", Verdict.REFUSE, words_of_bar(bar))


@transaction.atomic
def purge_unconfirmed_comments() -> int:
    """Forget what nobody confirmed in time, with its address; returns how many there were.

    Nothing stands under them: only approved comments are answered. Their rows are locked, so that
    one that is confirmed at this moment is either confirmed or gone.
    """
    old = Comment.objects.filter(
        ~Q(guest_email=""), submitted_at__lt=timezone.now() - CONFIRM_WITHIN
    )
    ids = list(old.order_by("pk").select_for_update().values_list("pk", flat=True)[:PURGE_LIMIT])
    Comment.objects.filter(pk__in=ids).delete()
    return len(ids)


def _find_writing(
    place: Place, thread: Thread | None, rules: Rules, user: User | None, now: datetime
) -> MayWrite:
    return may_write(place, thread, rules, get_reader(user, now), find_ban(user, now), now)


def _first_state(outcome: Outcome, viewer: User | None) -> CommentState:
    if viewer is None and outcome.verdict != Verdict.SPAM:
        return CommentState.UNCONFIRMED
    return STATE_AFTER[outcome.verdict]


def _named(thread: Thread, user: User | None, email: str, client_id: str) -> QuerySet[Comment]:
    """What this person has sent under this name of a form; nothing without a name."""
    whose = Q(user=user) if user is not None else Q(user=None, guest_email=email)
    found = Comment.objects.filter(whose, thread=thread, client_id=client_id)
    return found if client_id else found.none()


def _find_same(
    thread: Thread | None, user: User | None, email: str, written: Written, text: Text
) -> Comment | None:
    return find_same(
        thread=thread, user=user, email=email, parent_id=written.parent_id, body=text.body
    )


def _find_twin(
    thread: Thread | None,
    user: User | None,
    email: str,
    written: Written,
    text: Text,
    find_same: Callable[[], Comment | None],
) -> Comment | None:
    """The comment that this very form has made already; without a name, the same words are it."""
    if thread is None:
        return None
    if written.client_id:
        return _named(thread, user, email, written.client_id[:64]).filter(body=text.body).first()
    same = find_same()
    if same is None or same.submitted_at < timezone.now() - TWICE_WITHIN:
        return None
    return same


def _find_parent(thread: Thread, parent_id: int | None) -> Comment | None:
    """What is answered; it may have gone while the answer was written (C2)."""
    if parent_id is None:
        return None
    parent = Comment.objects.filter(pk=parent_id, thread=thread).first()
    if parent is None or not parent.is_visible:
        words = _(
            "The comment that you answer was taken away in the meantime. Your text is still here: "
            "send it once more to say it to everyone."
        )
        raise RefusedError(Finding("parent", Verdict.REFUSE, words))
    return parent


def queue_confirmation(comment: Comment, place: Place) -> OutgoingEmail | None:
    """The one mail that asks whether it was they; none once too many went to this mailbox."""
    address = comment.guest_email
    ends_at = comment.submitted_at + CONFIRM_WITHIN
    if comment.state == CommentState.SPAM:
        return None
    if not hit(f"comment-mail:{address}", limit=MAILS_A_DAY, per=timedelta(days=1)):
        return None
    path = reverse("comments:confirm-comment", args=[make_token(CONFIRM_PURPOSE, comment.pk)])
    return queue_email(
        kind="confirm_comment",
        to=address,
        template="confirm_comment",
        context={
            "title": place.title,
            "body": comment.body,
            "name": comment.name,
            "link": urljoin(settings.SITE_URL, path),
            # Whole days that are left, one at the least.
            "days": max(1, round((ends_at - timezone.now()) / timedelta(days=1))),
            "asked_at": comment.submitted_at,
        },
        expires_at=ends_at,
        safe_to_repeat=True,
    )
