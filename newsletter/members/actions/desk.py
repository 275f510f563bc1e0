"""Notes about people, and visits to the site as one of them. Every visit is on record."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.actions import TooOftenError
from newsletter.accounts.models import User
from newsletter.accounts.queries import hash_of
from newsletter.accounts.ratelimit import hit
from newsletter.members.access import (
    find_offered_visit,
    may_change_note,
    may_visit,
    may_write_notes,
)
from newsletter.members.models import MemberNote, SupportVisit
from newsletter.memberships.actions import record

LINK_LIFE = timedelta(minutes=10)
VISIT_LIFE = timedelta(minutes=30)
VISITS_AN_HOUR = 20


def add_note(*, actor: User, person: User, text: str) -> MemberNote:
    """Write a note about somebody."""
    if not may_write_notes(actor):
        raise PermissionDenied(_("You may not write notes."))
    if person.is_erased:
        raise PermissionDenied(_("Nothing is added to an account that was deleted."))
    return MemberNote.objects.create(user=person, author=actor, text=_checked(text))


def edit_note(*, actor: User, note: MemberNote, text: str) -> MemberNote:
    """Change one's own note; administrators change any."""
    if not may_change_note(actor, note.author_id):
        raise PermissionDenied(_("This note is somebody else's."))
    note.text, note.edited_at = _checked(text), timezone.now()
    note.save(update_fields=["text", "edited_at"])
    return note


def delete_note(*, actor: User, note: MemberNote) -> None:
    """Delete one's own note; administrators delete any."""
    if not may_change_note(actor, note.author_id):
        raise PermissionDenied(_("This note is somebody else's."))
    note.delete()


def _checked(text: str) -> str:
    text = text.strip()
    if not text or len(text) > 4000:
        raise ValidationError(_("Write between 1 and 4,000 characters."))
    return text


def offer_visit(*, actor: User, person: User, reason: str) -> tuple[SupportVisit, str]:
    """Make the link that begins a visit, and return its token, which is stored nowhere.

    Works once and for ten minutes. Raises PermissionDenied and TooOftenError.
    """
    if not may_visit(actor, person):
        raise PermissionDenied(_("Nobody visits the site as this person."))
    if not reason.strip():
        raise ValidationError(_("Say why; it is kept in the record."))
    hour = timedelta(hours=1)
    if not hit(f"support-visit:{actor.pk}", limit=VISITS_AN_HOUR, per=hour):
        raise TooOftenError(hour)
    token, now = secrets.token_urlsafe(24), timezone.now()
    with transaction.atomic():
        visit = SupportVisit.objects.create(
            user=person,
            actor=actor,
            reason=" ".join(reason.split())[:300],
            link_hash=hash_of("support-visit", token),
            created_at=now,
            link_expires_at=now + LINK_LIFE,
        )
        record(user=person, what="visit_offered", detail=visit.reason, actor=actor)
    return visit, token


def begin_visit(*, token: str) -> SupportVisit | None:
    """Use up a link and begin its visit; None where it was used, is too old, or is nobody's."""
    visit = find_offered_visit(token)
    if visit is None:
        return None
    now = timezone.now()
    with transaction.atomic():
        unused = SupportVisit.objects.filter(pk=visit.pk, begun_at__isnull=True)
        if not unused.update(begun_at=now, ends_at=now + VISIT_LIFE):
            return None
        record(user=visit.user, what="visit_begun", detail=visit.reason, actor=visit.actor)
    visit.refresh_from_db()
    return visit


def end_visit(*, visit: SupportVisit) -> bool:
    """End a visit before its time; False if it has ended."""
    with transaction.atomic():
        running = SupportVisit.objects.filter(pk=visit.pk, ended_at__isnull=True)
        if not running.update(ended_at=timezone.now()):
            return False
        record(user=visit.user, what="visit_ended", detail=visit.reason, actor=visit.actor)
    return True
