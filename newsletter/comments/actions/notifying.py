"""Who is mailed about a comment, and which mails somebody wants.

Nothing is rendered here: the outbox asks notices.py for the text at the moment of sending, which
looks at everything anew. So what was held, deleted or closed meanwhile goes to nobody.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import hit
from newsletter.comments.enums import CommentState, NewComments, NoticeKind
from newsletter.comments.models import Comment, NoticeChoice
from newsletter.comments.queries import find_moderators, notice_choice_of
from newsletter.lib.signing import make_token
from newsletter.outbox.actions import queue_late_email
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail

NOTICE_PURPOSE = "comment-notices"
# A flood fills the queue, not the author's mailbox: what is over waits there all the same.
MAILS_AN_HOUR = 10
KEPT_FOR = timedelta(days=3)
# What was written longer ago than this is no news to anybody when it is approved.
NEWS_FOR = timedelta(days=30)
DIGEST_EVERY = timedelta(days=1)


def announce(comment: Comment) -> None:
    """Tell whoever wants to know what has become of a comment: that it waits, or that it is read.

    Nobody while Akismet is asked, for in a moment there may be nothing to decide. Call it in the
    transaction that moved the comment.
    """
    if comment.state == CommentState.PENDING or comment.pending_body:
        if not comment.waits_for_akismet:
            _tell_moderators(comment, NoticeKind.WAITING)
        return
    if comment.state != CommentState.APPROVED:
        return
    now = timezone.now()
    first = Comment.objects.filter(pk=comment.pk, announced_at=None)
    if not first.update(announced_at=now) or comment.submitted_at < now - NEWS_FOR:
        return
    _tell_answered(comment)
    _tell_moderators(comment, NoticeKind.NEW)


def take_back_announcement(comment: Comment) -> None:
    """After an approval was taken back: where no mail of it went out, the next one tells of it."""
    announced_at = comment.announced_at
    if comment.is_visible or announced_at is None:
        return
    mails = OutgoingEmail.objects.filter(
        created_at__gte=announced_at,
        kind__in=["comment_reply", "comment_new"],
        about__comment=comment.pk,
    )
    mails.filter(state=EmailState.QUEUED).delete()
    if not mails.exclude(state=EmailState.EXPIRED).exists():
        Comment.objects.filter(pk=comment.pk).update(announced_at=None)


def unsubscribe_path(user_id: int, kind: NoticeKind) -> str:
    """The address that ends one kind of mail for one person, without signing in."""
    return reverse(
        "comments:leave-notices", args=[make_token(NOTICE_PURPOSE, f"{user_id}.{kind.value}")]
    )


@transaction.atomic
def choose_notices(*, actor: User, **choices: Any) -> NoticeChoice:
    """Store which mails `actor` wants: `replies`, `waiting`, `new_comments`."""
    choice, _created = NoticeChoice.objects.get_or_create(user=actor)
    was_daily = choice.new_comments == NewComments.DAILY and choice.told_until is not None
    for name, value in choices.items():
        setattr(choice, name, value)
    if choice.new_comments == NewComments.DAILY and not was_daily:
        # From now on, also for who had it before: what came in between was told or not wanted.
        choice.told_until = timezone.now()
    choice.full_clean(validate_unique=False)
    choice.save(update_fields=[*choices, "told_until"])
    return choice


def leave_notices(*, user: User, kind: NoticeKind) -> None:
    """No more mails of this kind; doing so twice changes nothing."""
    match kind:
        case NoticeKind.REPLY:
            choose_notices(actor=user, replies=False)
        case NoticeKind.WAITING:
            choose_notices(actor=user, waiting=False)
        case NoticeKind.NEW:
            choose_notices(actor=user, new_comments=NewComments.NONE)


def send_due_digests() -> int:
    """Queue the daily mail of new comments for whoever chose it; returns how many."""
    now = timezone.now()
    due = NoticeChoice.objects.filter(
        Q(told_until=None) | Q(told_until__lte=now - DIGEST_EVERY),
        new_comments=NewComments.DAILY,
    )
    count = 0
    for choice in due.select_related("user"):
        with transaction.atomic():
            # Whoever moves the mark sends the mail: two workers never both do.
            since = choice.told_until or now - DIGEST_EVERY
            ours = NoticeChoice.objects.filter(pk=choice.pk, told_until=choice.told_until)
            if ours.update(told_until=now):
                about = {"user": choice.user_id, "since": since.isoformat(), "to": now.isoformat()}
                _queue("comment_digest", choice.user, NoticeKind.NEW, about, _("New comments"))
                count += 1
    return count


def _tell_moderators(comment: Comment, kind: NoticeKind) -> None:
    """Those who look after comments, but for the one who wrote it."""
    for user in find_moderators():
        if user.pk == comment.user_id:
            continue
        choice = notice_choice_of(user)
        if kind == NoticeKind.WAITING:
            wants = choice.waiting
        else:
            wants = choice.new_comments == NewComments.EACH
        if wants and hit(
            f"comment-{kind.value}:{user.pk}", limit=MAILS_AN_HOUR, per=timedelta(hours=1)
        ):
            subject = _("A comment waits") if kind == NoticeKind.WAITING else _("A new comment")
            about = {"user": user.pk, "comment": comment.pk}
            _queue(f"comment_{kind.value}", user, kind, about, subject)


def _tell_answered(comment: Comment) -> None:
    """Whoever is answered. Whether they may still read it is asked when the mail goes (C7).

    Not an address that nobody has confirmed: whoever came with an import never said it was theirs.
    """
    answered = comment.parent.user if comment.parent else None
    if answered is None or answered.pk == comment.user_id or answered.email_confirmed_at is None:
        return
    if notice_choice_of(answered).replies:
        about = {"user": answered.pk, "comment": comment.pk}
        _queue("comment_reply", answered, NoticeKind.REPLY, about, _("An answer to a comment"))


def _queue(mail: str, user: User, kind: NoticeKind, about: dict[str, Any], subject: str) -> None:
    """One row; the outbox's sweep sends it within seconds."""
    link = urljoin(settings.SITE_URL, unsubscribe_path(user.pk, kind))
    queue_late_email(
        kind=mail,
        to=user.email,
        about=about,
        subject=subject,
        headers={
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        expires_at=timezone.now() + KEPT_FOR,
    )
