"""Bars, closed conversations and the rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.comments.actions.common import (
    ensure_thread,
    lock_thread,
    note,
    require_moderator,
)
from newsletter.comments.enums import EventKind
from newsletter.comments.kept import forget_conversation
from newsletter.comments.models import Ban, CommentSettings, Thread, ThreadMute
from newsletter.comments.owners import Place
from newsletter.comments.queries import get_comment_settings
from newsletter.lib.page_cache import forget_pages
from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail


@transaction.atomic
def ban_person(
    *,
    actor: User,
    user: User,
    reason: str,
    note_text: str = "",
    ends_at: datetime | None = None,
) -> tuple[Ban, OutgoingEmail]:
    """Bar somebody from commenting, until `ends_at` or for good; they are told, and why.

    A bar in force is replaced. Returns the bar and the notice, which the caller delivers. Nobody is
    barred without knowing it, and staff not at all.
    """
    require_moderator(actor)
    if user.is_staff:
        raise PermissionDenied(_("Staff cannot be barred from commenting."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why; the person reads it.")})
    now = timezone.now()
    if ends_at is not None and ends_at <= now:
        raise ValidationError({"ends_at": _("Choose a time in the future.")})
    # The person's row stands for all of their bars: two moderators at once make one.
    User.objects.select_for_update().get(pk=user.pk)
    Ban.objects.filter(user=user, lifted_at=None).update(lifted_at=now)
    ban = Ban.objects.create(
        user=user, reason=reason.strip(), note=note_text.strip(), ends_at=ends_at, by=actor
    )
    ends = ends_at.isoformat() if ends_at else None
    note(EventKind.BANNED, actor=actor, user=user, reason=ban.reason, ends_at=ends)
    mail = queue_email(
        kind="comments_barred",
        to=user.email,
        template="comments_barred",
        context={"user": user, "reason": ban.reason, "ends_at": ends_at},
    )
    return ban, mail


@transaction.atomic
def lift_ban(*, actor: User, user: User) -> bool:
    """Let somebody comment again; True where they could not before."""
    require_moderator(actor)
    now = timezone.now()
    lifted = Ban.objects.filter(user=user, lifted_at=None).update(lifted_at=now)
    if lifted:
        note(EventKind.UNBANNED, actor=actor, user=user)
    return bool(lifted)


@transaction.atomic
def close_thread(*, actor: User, place: Place) -> Thread:
    """Nobody but staff says anything new here any more; what was said stays."""
    require_moderator(actor)
    thread = lock_thread(ensure_thread(place).pk)
    if thread.closed_at is None:
        thread.closed_at = timezone.now()
        thread.save(update_fields=["closed_at"])
        note(EventKind.CLOSED, actor=actor, thread=thread)
        forget_conversation(thread)
    return thread


@transaction.atomic
def reopen_thread(*, actor: User, place: Place) -> Thread:
    """Take a closing by hand back; one by age goes by the rules."""
    require_moderator(actor)
    thread = lock_thread(ensure_thread(place).pk)
    if thread.closed_at is not None:
        thread.closed_at = None
        thread.save(update_fields=["closed_at"])
        note(EventKind.REOPENED, actor=actor, thread=thread)
        forget_conversation(thread)
    return thread


@transaction.atomic
def set_mute(*, actor: User, place: Place, muted: bool) -> None:
    """Have no more notices of one conversation, or have them again. Each for themselves."""
    thread = ensure_thread(place)
    if muted:
        ThreadMute.objects.get_or_create(thread=thread, user=actor)
    else:
        ThreadMute.objects.filter(thread=thread, user=actor).delete()


OWN_RULES = (
    "moderation",
    "hold_first_timers",
    "max_links",
    "close_after_days",
    "held_words",
    "refused_words",
    "is_open_to_all",
)


@transaction.atomic
def save_thread_rules(*, actor: User, thread: Thread) -> Thread:
    """Store the rules of one conversation as edited on `thread`; counts are not touched.

    A new `thread` needs its article alone. Raises ValidationError where a rule will not do.
    """
    if not actor.has_perm("newsletter.change_thread"):
        raise PermissionDenied
    is_new = thread._state.adding
    if is_new and thread.article_id is not None:
        thread.key = thread.article_id
    thread.full_clean()
    before = None if is_new else lock_thread(thread.pk)
    if is_new:
        thread.save()
    else:
        thread.save(update_fields=OWN_RULES)
    changed = _changed(before or Thread(), thread, OWN_RULES)
    if is_new or changed:
        note(EventKind.RULES, actor=actor, thread=thread, changed=changed)
        forget_pages()
    return thread


@transaction.atomic
def save_comment_settings(*, actor: User, settings: CommentSettings) -> CommentSettings:
    """Store the site's rules and show them at once. Raises ValidationError."""
    if not actor.has_perm("newsletter.change_commentsettings"):
        raise PermissionDenied
    settings.pk = CommentSettings.SINGLETON_ID
    settings.full_clean(validate_unique=False, validate_constraints=False)
    before = get_comment_settings()
    settings.save()
    names = [field.name for field in CommentSettings._meta.fields if field.name != "updated_at"]
    changed = _changed(before, settings, names)
    if changed:
        note(EventKind.RULES, actor=actor, changed=changed)
        forget_pages()
    return settings


def _changed(before: Model, now: Model, names: Iterable[str]) -> list[str]:
    """Which rules are others now, in words; what they are is not kept, for a key is among them."""
    return [
        str(now._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        for name in names
        if getattr(before, name) != getattr(now, name)
    ]
