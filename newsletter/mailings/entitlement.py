"""Which variant a reader is sent, and whether they are in the audience. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from newsletter.mailings.models import Variant
from newsletter.memberships.access import Reader, Requirement, decide
from newsletter.memberships.enums import Access


def audience_requirement(variants: Iterable[tuple[str, Iterable[int]]]) -> Requirement:
    """What "paying" means for a mailing: its fullest variant's terms, else any paid tier (M20)."""
    for access, tier_ids in variants:
        if access in {Access.PAID, Access.TIERS}:
            return Requirement(access, frozenset(tier_ids))
    return Requirement(Access.PAID)


def requirement_of(variant: Variant) -> Requirement:
    """What it takes to be sent `variant`."""
    return Requirement(variant.access, frozenset(variant.tier_ids))


def choose_variant(reader: Reader, variants: Sequence[Variant], now: datetime) -> Variant | None:
    """Return the fullest variant that `reader` may have; None where there is none.

    `variants` come with the strictest first.
    """
    for variant in variants:
        if decide(reader, requirement_of(variant), now).allowed:
            return variant
    return None


def strictest_first(variants: Iterable[Variant]) -> list[Variant]:
    """Sort for `choose_variant`."""
    order = {Access.TIERS: 0, Access.PAID: 1, Access.MEMBERS: 2, Access.PUBLIC: 3}
    return sorted(variants, key=lambda variant: order[Access(variant.access)])
