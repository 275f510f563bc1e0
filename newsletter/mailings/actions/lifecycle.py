"""A mailing's life in the author's hands: made, started, paused, resumed, cancelled."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.actions import keep_files_open
from newsletter.articles.content.files import files_shown
from newsletter.articles.editor import sanitise_body
from newsletter.articles.enums import MailAudience, ShownTo
from newsletter.articles.models import Article
from newsletter.mailings.actions.claiming import lock_batches
from newsletter.mailings.actions.common import IllegalMove, move, note, require_right
from newsletter.mailings.enums import BatchState, DeliveryState, EventKind, MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing
from newsletter.mailings.reach import reaches_anybody
from newsletter.memberships.enums import Access
from newsletter.subscribers.models import Newsletter


class NoNewsletter(ValueError):
    """There is no newsletter that the article could be sent to."""


def newsletter_for(article: Article) -> Newsletter:
    """The newsletter an article goes to: its own, else the first open one. Raises NoNewsletter."""
    newsletter = article.newsletter or Newsletter.objects.filter(is_archived=False).first()
    if newsletter is None:
        raise NoNewsletter(article.pk)
    return newsletter


def unsaved_mailing(article: Article, newsletter: Newsletter) -> Mailing:
    """What `article` would be sent as."""
    return Mailing(
        article=article,
        newsletter=newsletter,
        subject=article.mail_subject or article.title,
        preheader=article.mail_preheader,
        audience=article.mail_audience,
    )


def create_mailing_for_article(
    *, article: Article, requested_at: datetime, actor: User | None = None
) -> tuple[Mailing, bool]:
    """Return the article's mailing to its newsletter and audience, and whether this set it going.

    However often and by however many it is asked for, there is one under way (M4). Asked for
    again, one that never began does so, and one that is over is followed by another to those who
    have not had it, if there are any; so is a cancelled one. `actor` None means that the engine
    acts on what the author chose when publishing. A request older than a day waits for the author
    instead of going out (M7). Raises NoNewsletter.
    """
    if actor is not None:
        require_right(actor)
    newsletter = newsletter_for(article)
    mailing = unsaved_mailing(article, newsletter)
    mailing.state = MailingState.SCHEDULED
    mailing.scheduled_at = requested_at
    key = f"article:{article.pk}:newsletter:{newsletter.pk}:{article.mail_audience}"
    mailing.dedupe_key = key
    mailing.created_by = actor
    try:
        with transaction.atomic():
            mailing.save()
            note(mailing.pk, EventKind.CREATED, actor=actor)
    except IntegrityError:
        before = Mailing.objects.get(dedupe_key=key)
        if before.prepared_at is None:
            return before, _begin_again(before, mailing)
        follows = _follows(before, mailing)
        return (mailing if follows else before), follows
    return mailing, True


@transaction.atomic
def _begin_again(before: Mailing, wanted: Mailing) -> bool:
    """Have a mailing that reached nobody start as it is asked for now; False if it is about to."""
    begun = move(
        before.pk,
        [MailingState.DRAFT, MailingState.NEEDS_DECISION, MailingState.FAILED],
        MailingState.SCHEDULED,
        subject=wanted.subject,
        preheader=wanted.preheader,
        scheduled_at=wanted.scheduled_at,
        finished_at=None,
        error="",
    )
    if begun:
        note(before.pk, EventKind.SCHEDULED, actor=wanted.created_by)
    return begun


@transaction.atomic
def _follows(before: Mailing, wanted: Mailing) -> bool:
    """Store a mailing to those who have not had the article by one that is over; False for none."""
    asked_at = wanted.scheduled_at
    if before.finished_at is None or asked_at is None or asked_at <= before.finished_at:
        return False
    if not reaches_anybody(wanted):
        return False
    over = Mailing.objects.filter(
        pk=before.pk,
        dedupe_key=before.dedupe_key,
        state__in=[MailingState.SENT, MailingState.FAILED],
    )
    if not over.update(dedupe_key=f"{before.dedupe_key}:{before.pk}"):
        return False
    wanted.save()
    note(wanted.pk, EventKind.CREATED, actor=wanted.created_by)
    return True


def create_free_mailing(
    *,
    actor: User,
    newsletter: Newsletter,
    subject: str,
    body_html: str,
    preheader: str = "",
    audience: str = MailAudience.ALL,
) -> Mailing:
    """Make a draft of a mailing that belongs to no article."""
    require_right(actor)
    mailing = Mailing.objects.create(
        newsletter=newsletter,
        subject=subject,
        preheader=preheader,
        body_html=sanitise_body(body_html),
        audience=audience,
        created_by=actor,
    )
    _open_files_of(mailing.body_html)
    note(mailing.pk, EventKind.CREATED, actor=actor)
    return mailing


def create_circle_mailing(
    *,
    circle: str,
    newsletter: Newsletter,
    subject: str,
    body_html: str,
    preheader: str = "",
    actor: User | None = None,
    dedupe_key: str | None = None,
) -> Mailing:
    """Make a mailing to a circle (circles.py) that is due at once.

    What it shows is opened to nobody: that is for its receivers, as the circle says. The
    permission is that of whoever calls it; `actor` None: it goes out by itself.
    """
    # The divider divides nothing here, and everything else is told to be for members.
    body_html = sanitise_body(body_html).replace('<hr data-paywall="">', "")
    mailing = Mailing.objects.create(
        circle=circle,
        newsletter=newsletter,
        subject=subject,
        preheader=preheader,
        body_html=body_html,
        state=MailingState.SCHEDULED,
        scheduled_at=timezone.now(),
        dedupe_key=dedupe_key,
        created_by=actor,
    )
    note(mailing.pk, EventKind.CREATED, actor=actor)
    return mailing


def edit_free_mailing(
    *,
    actor: User,
    mailing: Mailing,
    newsletter: Newsletter,
    subject: str,
    body_html: str,
    preheader: str,
    audience: str,
) -> None:
    """Change a draft that belongs to no article. Raises IllegalMove once it is on its way."""
    require_right(actor)
    body_html = sanitise_body(body_html)
    drafts = Mailing.objects.filter(pk=mailing.pk, state=MailingState.DRAFT, article=None)
    changed = drafts.update(
        newsletter=newsletter,
        subject=subject,
        preheader=preheader,
        body_html=body_html,
        audience=audience,
    )
    _refuse_unless(changed == 1, mailing)
    _open_files_of(body_html)


def _open_files_of(body_html: str) -> None:
    """What a letter shows to all its readers is everyone's from now on: it will be forwarded."""
    access = Access.PAID if "data-paywall" in body_html else Access.PUBLIC
    shown = files_shown(body_html, access)
    keep_files_open(folders=[each for each in shown if shown[each] == ShownTo.EVERYONE])


@transaction.atomic
def start_mailing(*, actor: User, mailing: Mailing, at: datetime | None = None) -> None:
    """Send a draft now or `at`; send after all what was overdue; start afresh what failed early.

    Two clicks start it once (M4): the second finds it started and raises IllegalMove, as does
    every state from which there is nothing to start.
    """
    require_right(actor)
    now = timezone.now()
    if mailing.prepared_at is not None:
        # Its audience stands and some may have it: it goes on where it was.
        moved = move(mailing.pk, [MailingState.NEEDS_DECISION], MailingState.SENDING, active_at=now)
    else:
        moved = move(
            mailing.pk,
            [MailingState.DRAFT, MailingState.NEEDS_DECISION, MailingState.FAILED],
            MailingState.SCHEDULED,
            scheduled_at=at or now,
            error="",
        )
    _refuse_unless(moved, mailing)
    note(mailing.pk, EventKind.SCHEDULED, at.isoformat() if at else "", actor=actor)


@transaction.atomic
def unschedule_mailing(*, actor: User, mailing: Mailing) -> None:
    """Make a scheduled mailing a draft again. Raises IllegalMove once it has begun."""
    require_right(actor)
    moved = move(mailing.pk, [MailingState.SCHEDULED], MailingState.DRAFT, scheduled_at=None)
    _refuse_unless(moved, mailing)


@transaction.atomic
def pause_mailing(*, actor: User, mailing: Mailing) -> None:
    """Stop handing over; the chunk in hand (ten at most) is finished. Raises IllegalMove."""
    require_right(actor)
    _refuse_unless(move(mailing.pk, [MailingState.SENDING], MailingState.PAUSED), mailing)
    note(mailing.pk, EventKind.PAUSED, actor=actor)


@transaction.atomic
def resume_mailing(*, actor: User, mailing: Mailing) -> None:
    """Go on exactly where it was paused. Raises IllegalMove."""
    require_right(actor)
    moved = move(mailing.pk, [MailingState.PAUSED], MailingState.SENDING, active_at=timezone.now())
    _refuse_unless(moved, mailing)
    note(mailing.pk, EventKind.RESUMED, actor=actor)


@transaction.atomic
def cancel_mailing(*, actor: User, mailing: Mailing) -> int:
    """Send to nobody more; return how many no longer get it. Raises IllegalMove.

    The article can then be sent anew: it goes to those alone who did not get it.
    """
    require_right(actor)
    now = timezone.now()
    lock_batches(mailing.pk)
    moved = move(
        mailing.pk,
        [state for state in MailingState if mailing_can_be_cancelled(state)],
        MailingState.CANCELLED,
        finished_at=now,
        dedupe_key=None,
    )
    _refuse_unless(moved, mailing)
    left = Delivery.objects.filter(mailing=mailing, state=DeliveryState.QUEUED).update(
        state=DeliveryState.CANCELLED, changed_at=now
    )
    # A claimed batch is closed by its worker or by the sweep, with what then is left in it.
    Batch.objects.filter(mailing=mailing, state=BatchState.QUEUED).update(
        state=BatchState.DONE, not_before=None
    )
    note(mailing.pk, EventKind.CANCELLED, actor=actor)
    return left


def mailing_can_be_cancelled(state: str) -> bool:
    """Whether a mailing in `state` has anything left to cancel."""
    return Mailing(state=state).may_move_to(MailingState.CANCELLED)


def _refuse_unless(moved: bool, mailing: Mailing) -> None:
    if moved:
        return
    mailing.refresh_from_db(fields=["state"])
    raise IllegalMove(
        _("This cannot be done while the mailing is “%(state)s”.")
        % {"state": mailing.get_state_display()}
    )
