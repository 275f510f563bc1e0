"""Who of the staff may do what to a person, and which visits are allowed."""

from __future__ import annotations

from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.accounts.queries import hash_of
from newsletter.articles.models import Article
from newsletter.members.enums import WhyNot
from newsletter.members.models import SupportVisit


def may_look(actor: User) -> bool:
    """Open the page of one person."""
    return _is_staff(actor) and actor.has_perm("newsletter.view_user")


def may_give(actor: User) -> bool:
    """Give and take access."""
    return _is_staff(actor) and actor.has_perm("newsletter.add_grant")


def may_read_notes(actor: User) -> bool:
    """Read what others of the staff wrote about a person; whoever writes reads."""
    return may_write_notes(actor) or (
        _is_staff(actor) and actor.has_perm("newsletter.view_membernote")
    )


def may_write_notes(actor: User) -> bool:
    """Write a note about a person."""
    return _is_staff(actor) and actor.has_perm("newsletter.add_membernote")


def may_change_note(actor: User, author_id: int | None) -> bool:
    """Edit or delete a note: who wrote it, and administrators."""
    return may_write_notes(actor) and (actor.is_superuser or actor.pk == author_id)


def may_visit(actor: User, person: User) -> bool:
    """See the site as a person sees it. Never as one of the staff, nor through a closed account."""
    visitable = person.is_active and not person.is_staff and not person.is_superuser
    return _is_staff(actor) and actor.has_perm("newsletter.add_supportvisit") and visitable


def may_copy(actor: User, person: User) -> bool:
    """Have a copy of what is held on somebody: they themself, and staff with the right to it.

    What is held on staff, administrators alone hand out: it says where they sign in.
    """
    if actor.pk == person.pk:
        return actor.is_active
    if person.is_erased:
        return False
    allowed = actor.is_superuser or not (person.is_staff or person.is_superuser)
    return _is_staff(actor) and actor.has_perm("newsletter.add_dataexport") and allowed


def may_erase(actor: User, person: User) -> bool:
    """Delete an account: its owner, and staff with the right to it."""
    if actor.pk == person.pk:
        return actor.is_active
    return _is_staff(actor) and actor.has_perm("newsletter.add_erasure")


def why_not_erasable(person: User) -> WhyNot | None:
    """What stands in the way of erasing somebody, whoever asks; None: nothing."""
    if person.is_erased:
        return WhyNot.GONE
    if person.is_superuser:
        others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=person.pk)
        return WhyNot.STAFF if others.exists() else WhyNot.LAST_ADMINISTRATOR
    if person.is_staff:
        return WhyNot.STAFF
    # A name over a text that stands is not taken away by its owner's leaving.
    return WhyNot.AUTHOR if Article.objects.filter(author=person).exists() else None


def find_offered_visit(token: str) -> SupportVisit | None:
    """The visit that this link can still begin."""
    visit = (
        SupportVisit.objects.filter(
            link_hash=hash_of("support-visit", token),
            begun_at__isnull=True,
            link_expires_at__gt=timezone.now(),
        )
        .select_related("user", "actor")
        .first()
    )
    return visit if visit is not None and may_visit(visit.actor, visit.user) else None


def find_running_visit(visit_id: int) -> SupportVisit | None:
    """The visit of this session, while it lasts and is still allowed."""
    visit = (
        SupportVisit.objects.filter(
            pk=visit_id, begun_at__isnull=False, ended_at__isnull=True, ends_at__gt=timezone.now()
        )
        .select_related("user", "actor")
        .first()
    )
    return visit if visit is not None and may_visit(visit.actor, visit.user) else None


def _is_staff(actor: User) -> bool:
    return actor.is_active and actor.is_staff
