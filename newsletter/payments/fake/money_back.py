"""Refunds and disputes."""

from __future__ import annotations

from newsletter.payments.fake import objects
from newsletter.payments.fake.store import Json
from newsletter.payments.fake.world import Refusal, World


def give_back(world: World, charge: Json, amount: int | None, reason: str | None) -> Json:
    """Refund a charge, whole (`amount` None: what is left of it) or in part."""
    if charge["status"] != "succeeded":
        raise Refusal("This charge did not succeed.", code="charge_not_refundable")
    if charge["refunded"]:
        raise Refusal(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if charge["disputed"]:
        open_or_lost = [
            each
            for each in world.store.find("dispute", charge=charge["id"])
            if each["status"] != "won"
        ]
        if open_or_lost:
            raise Refusal("This charge is disputed.", code="charge_disputed")
    left = charge["amount"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise Refusal(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    made = world.put(objects.refund(world, charge, amount, reason))
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.put(charge)
    world.emit("refund.created", made)
    world.emit("charge.refunded", charge)
    world.emit("refund.updated", made)
    return made


def open_dispute(world: World, charge: Json) -> Json:
    """The payer's bank takes the money back and asks."""
    charge["disputed"] = True
    world.put(charge)
    made = world.put(objects.dispute(world, charge))
    world.emit("charge.dispute.created", made)
    return made


def close_dispute(world: World, dispute: Json, *, won: bool) -> Json:
    """The bank has decided."""
    dispute["status"] = "won" if won else "lost"
    dispute["evidence_details"]["has_evidence"] = True
    world.put(dispute)
    world.emit("charge.dispute.closed", dispute)
    return dispute
