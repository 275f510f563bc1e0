"""Barring an address from mail, and lifting that."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction

from newsletter.accounts.models import User
from newsletter.lib.addresses import normalise_address
from newsletter.subscribers.enums import ConsentEventKind, ConsentSource, SuppressionReason
from newsletter.subscribers.hashing import address_hash, address_hashes, key_ids
from newsletter.subscribers.models import ConsentEvent, Newsletter, Suppression

# A later reason replaces an earlier one only when it weighs more: what the reader can lift by
# confirming anew must not replace what the author decided.
WEIGHT = {
    SuppressionReason.HARD_BOUNCE: 0,
    SuppressionReason.ERASED: 1,
    SuppressionReason.COMPLAINT: 2,
    SuppressionReason.MANUAL: 3,
}


def suppress(
    *,
    address: str,
    reason: SuppressionReason,
    newsletter: Newsletter | None = None,
    detail: str = "",
    actor: User | None = None,
) -> Suppression:
    """Bar an address from one newsletter, or from all. Doing it twice leaves one row.

    `actor` is the author who does it; without one it is the system's act (a bounce, a complaint).
    """
    if actor and not actor.has_perm("newsletter.add_suppression"):
        raise PermissionDenied
    reason = SuppressionReason(reason)
    with transaction.atomic():
        found = Suppression.objects.select_for_update().filter(
            address_hash__in=address_hashes(address), newsletter=newsletter
        )
        row = found.first()
        if row is None:
            user = User.objects.filter(email=normalise_address(address)).first()
            Suppression.objects.bulk_create(
                [
                    Suppression(
                        address_hash=address_hash(address),
                        key_id=key_ids()[0],
                        newsletter=newsletter,
                        user=None if reason == SuppressionReason.ERASED else user,
                        reason=reason,
                        detail=detail[:300],
                        created_by=actor,
                    )
                ],
                ignore_conflicts=True,
            )
            row = found.get()
        elif WEIGHT[reason] > WEIGHT[SuppressionReason(row.reason)]:
            row.reason, row.detail, row.created_by = reason, detail[:300], actor
            row.save(update_fields=["reason", "detail", "created_by"])
        _record(row, ConsentEventKind.SUPPRESSED, f"{reason.label}. {detail}", actor)
    return row


def lift_suppression(*, suppression: Suppression, actor: User | None, detail: str) -> bool:
    """Let an address be mailed again; False where somebody else did so before.

    Without an actor it is the reader's own act: they confirmed anew.
    """
    if actor and not actor.has_perm("newsletter.delete_suppression"):
        raise PermissionDenied
    with transaction.atomic():
        deleted, _ = Suppression.objects.filter(pk=suppression.pk).delete()
        if deleted:
            _record(suppression, ConsentEventKind.LIFTED, detail, actor)
    return bool(deleted)


def rekey_suppressions(*, addresses: Iterable[str]) -> int:
    """Store anew, under the current key, what is suppressed of `addresses` under an old one.

    Returns how many rows were moved. One query for all addresses, and one per row found.
    """
    moved_to = {
        former: current
        for address in addresses
        for current, *others in [address_hashes(address)]
        for former in others
    }
    rows = Suppression.objects.filter(address_hash__in=list(moved_to)).select_related("newsletter")
    for row in rows:
        former, current = row.address_hash, moved_to[row.address_hash]
        with transaction.atomic():
            twins = Suppression.objects.filter(address_hash=current, newsletter=row.newsletter)
            if twins.exists():
                row.delete()
            else:
                row.address_hash, row.key_id = current, key_ids()[0]
                row.save(update_fields=["address_hash", "key_id"])
            ConsentEvent.objects.filter(address_hash=former).update(address_hash=current)
    return len(rows)


def _record(row: Suppression, what: ConsentEventKind, detail: str, actor: User | None) -> None:
    ConsentEvent.objects.create(
        user_id=row.user_id,
        address_hash=row.address_hash,
        newsletter_id=row.newsletter_id,
        what=what,
        source=ConsentSource.ADMIN if actor else "",
        detail=detail.strip()[:500],
        actor=actor,
    )
