"""Give and take access. Each grant is independent: ending one leaves every other."""

from newsletter.memberships.actions.comps import (
    MOST_AT_ONCE,
    REMIND_BEFORE,
    Comped,
    PlannedComps,
    grant_comp,
    grant_comps,
    move_comp_end,
    plan_comps,
    remind_of_ending,
)
from newsletter.memberships.actions.erasing import erase_access_of, export_access_of
from newsletter.memberships.actions.granting import (
    CODE_LETTERS,
    CodeRefused,
    describe_grant,
    find_unlock_code,
    record,
    redeem_unlock_code,
    revoke_grant,
    save_code,
    save_product,
    save_tier,
    spell_code,
    sync_grant,
)

__all__ = [
    "CODE_LETTERS",
    "MOST_AT_ONCE",
    "REMIND_BEFORE",
    "CodeRefused",
    "Comped",
    "PlannedComps",
    "describe_grant",
    "erase_access_of",
    "export_access_of",
    "find_unlock_code",
    "grant_comp",
    "grant_comps",
    "move_comp_end",
    "plan_comps",
    "record",
    "redeem_unlock_code",
    "remind_of_ending",
    "revoke_grant",
    "save_code",
    "save_product",
    "save_tier",
    "spell_code",
    "sync_grant",
]
