"""Give and take access. Each grant is independent: ending one leaves every other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.lib.page_cache import forget_pages
from newsletter.memberships.enums import GrantSource, SyncState
from newsletter.memberships.models import AuditEntry, Grant, Product, Tier, UnlockCode

# No vowels (no words), nothing that is read as something else.
CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"


class CodeRefused(Exception):
    """The unlock code does not work; the message says why, for the person who typed it."""


def require_staff(actor: User | None) -> None:
    """Raise PermissionDenied for anybody else."""
    if actor is None or not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("Only staff may give or take access."))


def record(*, user: User, what: str, detail: str = "", actor: User | None = None) -> AuditEntry:
    """Note what happened to one person's access or payments. `actor` None: it came by itself."""
    return AuditEntry.objects.create(user=user, what=what[:60], detail=detail, actor=actor)


def sync_grant(
    *,
    user: User,
    source: GrantSource,
    source_id: str,
    starts_at: datetime,
    tier: Tier | None = None,
    product: Product | None = None,
    ends_at: datetime | None = None,
    revoked_reason: str = "",
) -> Grant:
    """Bring the one grant of this source in step with it; the same call twice changes nothing.

    Creates, extends, shortens, revokes (`revoked_reason`) and un-revokes. Whatever else the same
    source gave this person (the tier they left) is revoked; grants of other sources are not
    looked at (S12). What staff revoked by hand stays revoked. Each change is recorded.
    """
    if not source_id:
        raise ValueError("A source that is kept in step needs a number of its own.")
    if ends_at is not None and ends_at <= starts_at:
        ends_at, revoked_reason = None, revoked_reason or "ended before it began"
    with transaction.atomic():
        key: dict[str, Any] = {"user": user, "tier": tier, "product": product}
        grant = _claim_grant(key, source, source_id, starts_at, ends_at, revoked_reason)
        others = Grant.objects.filter(user=user, source=source, source_id=source_id)
        for other in others.exclude(pk=grant.pk).filter(revoked_at__isnull=True):
            _move(other, other.starts_at, other.ends_at, "changed")
        _move(grant, starts_at, ends_at, revoked_reason)
    return grant


def _claim_grant(
    key: dict[str, Any],
    source: GrantSource,
    source_id: str,
    starts_at: datetime,
    ends_at: datetime | None,
    revoked_reason: str,
) -> Grant:
    """Find the grant, locked until the transaction ends, or make it. Safe against two at once."""
    found = Grant.objects.select_for_update(of=("self",)).select_related("user", "tier", "product")
    grant = found.filter(**key, source=source, source_id=source_id).first()
    if grant is not None:
        return grant
    try:
        with transaction.atomic():
            grant = Grant.objects.create(
                **key,
                source=source,
                source_id=source_id,
                starts_at=starts_at,
                ends_at=ends_at,
                revoked_at=timezone.now() if revoked_reason else None,
                reason=revoked_reason,
            )
            what = "access_refused" if revoked_reason else "access_given"
            record(user=grant.user, what=what, detail=describe_grant(grant))
            return grant
    except IntegrityError:
        return found.get(**key, source=source, source_id=source_id)


def _move(grant: Grant, starts_at: datetime, ends_at: datetime | None, revoked_reason: str) -> None:
    """Set a locked grant to what its source says, and record the change if there is one."""
    if grant.revoked_by_id is not None:
        return
    was_revoked = grant.revoked_at is not None
    reason = revoked_reason or ("" if was_revoked else grant.reason)
    same = (grant.starts_at, grant.ends_at, grant.reason) == (starts_at, ends_at, reason)
    if same and was_revoked == bool(revoked_reason):
        return
    what = "access_changed"
    if was_revoked != bool(revoked_reason):
        what = "access_revoked" if revoked_reason else "access_restored"
        grant.revoked_at = timezone.now() if revoked_reason else None
    if ends_at != grant.ends_at:
        grant.reminded_at = None
    grant.starts_at, grant.ends_at, grant.reason = starts_at, ends_at, reason[:300]
    grant.save(update_fields=["starts_at", "ends_at", "reason", "revoked_at", "reminded_at"])
    record(user=grant.user, what=what, detail=describe_grant(grant))


def describe_grant(grant: Grant) -> str:
    """One line about a grant for the record: what it opens, from where, until when, and why not."""
    ends = f"until {grant.ends_at:%Y-%m-%d %H:%M} UTC" if grant.ends_at else "for good"
    reason = f" · {grant.reason}" if grant.reason else ""
    source = " ".join(filter(None, (grant.source, grant.source_id)))
    return f"{grant.tier or grant.product} · {source} · {ends}{reason}"


@transaction.atomic
def revoke_grant(
    *, actor: User, grant: Grant, reason: str = "", now: datetime | None = None
) -> bool:
    """End one grant at once and keep it on record. False when it was revoked before.

    Only the first revocation counts, so its moment and reason are never overwritten. The reason
    is kept behind the one for which the grant was given.
    """
    require_staff(actor)
    said = " · ".join(filter(None, (grant.reason, reason)))[:300]
    revoked = Grant.objects.filter(pk=grant.pk, revoked_at__isnull=True).update(
        revoked_at=now or timezone.now(), revoked_by=actor, reason=said
    )
    grant.refresh_from_db()
    if revoked:
        record(user=grant.user, what="access_revoked", detail=describe_grant(grant), actor=actor)
    return bool(revoked)


def save_code(*, actor: User, code: UnlockCode) -> UnlockCode:
    """Store an unlock code; spaces and case do not matter in it. None given: one is made."""
    require_staff(actor)
    code.code = spell_code(code.code) or get_random_string(12, CODE_LETTERS)
    if len(code.code) < 6:
        raise ValidationError({"code": _("Take at least six letters or digits.")})
    if UnlockCode.objects.exclude(pk=code.pk).filter(code=code.code).exists():
        raise ValidationError({"code": _("There is such a code.")})
    if code._state.adding:
        code.created_by = actor
        code.save()
    else:
        # Never `uses`: somebody may redeem it while it is edited.
        code.save(update_fields=["note", "max_uses", "expires_at", "is_archived"])
    return code


def spell_code(typed: str) -> str:
    """One spelling of a code: upper case, without spaces and hyphens."""
    return "".join(each for each in typed.upper() if each.isalnum())


def find_unlock_code(code: str) -> UnlockCode:
    """Return the unlock code that was typed. Raises CodeRefused; the caller limits guessing."""
    found = UnlockCode.objects.filter(code=spell_code(code), is_archived=False).first()
    if found is None:
        raise CodeRefused(_("There is no such code. Compare it letter by letter."))
    return found


def redeem_unlock_code(*, user: User, code: str, now: datetime | None = None) -> Grant:
    """Give what the code opens, once a person; a second try by the same person changes nothing.

    Then the grant may be over. Raises CodeRefused for an unknown, used up or expired code. The
    caller limits guessing.
    """
    now = now or timezone.now()
    found = find_unlock_code(code)
    source_id = str(found.pk)
    theirs = Grant.objects.filter(user=user, source=GrantSource.CODE, source_id=source_id)
    before = theirs.first()
    if before is not None:
        return before
    with transaction.atomic():
        usable = UnlockCode.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now), pk=found.pk, uses__lt=F("max_uses")
        )
        taken = usable.update(uses=F("uses") + 1)
        # The row above is locked until the commit, so two clicks of one person come one by one;
        # the second of them may have found the last use taken by the first.
        before = theirs.all().first()
        if before is not None:
            if taken:
                UnlockCode.objects.filter(pk=found.pk).update(uses=F("uses") - 1)
            return before
        if not taken:
            raise CodeRefused(_("This code has been used up or has expired."))
        return sync_grant(
            user=user,
            tier=found.tier,
            product=found.product,
            source=GrantSource.CODE,
            source_id=source_id,
            starts_at=now,
            ends_at=now + timedelta(days=found.days) if found.days else None,
        )


@transaction.atomic
def save_tier(*, actor: User, tier: Tier) -> Tier:
    """Store a tier. Raises ValidationError when another has its short name."""
    require_staff(actor)
    tier.name = " ".join(tier.name.split())
    tier.slug = slugify(tier.slug or tier.name)[:80].strip("-_") or "tier"
    if Tier.objects.exclude(pk=tier.pk).filter(slug=tier.slug).exists():
        raise ValidationError({"slug": _("Another tier has this short name.")})
    _store(tier)
    forget_pages()
    return tier


@transaction.atomic
def save_product(*, actor: User, product: Product) -> Product:
    """Store something that is sold once. Raises ValidationError for a short name in use."""
    require_staff(actor)
    product.name = " ".join(product.name.split())
    product.slug = slugify(product.slug or product.name)[:80].strip("-_") or "product"
    if Product.objects.exclude(pk=product.pk).filter(slug=product.slug).exists():
        raise ValidationError({"slug": _("Another product has this short name.")})
    _store(product)
    forget_pages()
    return product


def _store(sold: Tier | Product) -> None:
    """Save the author's fields; what the worker writes of Stripe meanwhile is left alone."""
    sold.sync_state = SyncState.PENDING
    if sold._state.adding:
        sold.save()
        return
    kept = {"id", "stripe_product_id", "sync_error", "created_at"}
    names = [field.name for field in sold._meta.concrete_fields]
    sold.save(update_fields=[name for name in names if name not in kept])
