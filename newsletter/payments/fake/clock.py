"""What happens by itself as time passes, one due thing after the other, in order."""

from __future__ import annotations

from newsletter.payments.fake.billing import ENDED, copy_of, end_now, item_of, renew, retry, save
from newsletter.payments.fake.checkout import expire
from newsletter.payments.fake.store import Json
from newsletter.payments.fake.world import World

# No test lives so long; a loop that never ends would be worse.
MOST_STEPS = 100_000
RENEWING = frozenset({"active", "trialing", "past_due", "unpaid"})
TRIAL_WARNING_SECONDS = 3 * 86_400


def run(world: World, until: int) -> None:
    """Move the clock to `until`, doing what falls due on the way at its own moment."""
    for _step in range(MOST_STEPS):
        due = _next(world)
        if due is None or due[0] > until:
            break
        moment, what, about = due
        if moment > world.now:
            world.set_now(moment)
        _do(world, what, about)
    else:
        raise RuntimeError("Too much is due.")
    if until > world.now:
        world.set_now(until)


def _next(world: World) -> tuple[int, str, Json] | None:
    due: list[tuple[int, str, Json]] = [
        (session["expires_at"], "expire", session)
        for session in world.store.find("checkout.session", status="open")
    ]
    for subscription in world.store.find("subscription"):
        if subscription["status"] not in ENDED:
            due.extend(_due_of(world, subscription))
    return min(due, key=lambda each: each[0], default=None)


def _due_of(world: World, subscription: Json) -> list[tuple[int, str, Json]]:
    due: list[tuple[int, str, Json]] = []
    if subscription["pending_update"]:
        due.append((subscription["pending_update"]["expires_at"], "drop change", subscription))
    bill = world.get(subscription["latest_invoice"])
    if bill["status"] == "open" and bill["next_payment_attempt"]:
        due.append((bill["next_payment_attempt"], "retry", subscription))
    if subscription["status"] in RENEWING:
        due.append((item_of(subscription)["current_period_end"], "renew", subscription))
        if subscription["cancel_at"] and not subscription["cancel_at_period_end"]:
            # First of what is due at that moment: at a period's end no new one begins.
            due.insert(0, (subscription["cancel_at"], "end", subscription))
    if subscription["status"] == "trialing" and not world.store.fact(
        f"warned:{subscription['id']}"
    ):
        warning = max(subscription["created"], subscription["trial_end"] - TRIAL_WARNING_SECONDS)
        due.append((warning, "warn", subscription))
    return due


def _do(world: World, what: str, about: Json) -> None:
    card = world.card_of(about["customer"]) if about.get("customer") else "works"
    if what == "expire":
        expire(world, about)
    elif what == "warn":
        world.store.set_fact(f"warned:{about['id']}", "1")
        world.emit("customer.subscription.trial_will_end", about)
    elif what == "drop change":
        before = copy_of(world, about)
        about["pending_update"] = None
        world.emit("customer.subscription.pending_update_expired", about)
        save(world, about, before)
    elif what == "retry":
        retry(world, about, card)
    elif what == "end" or about["cancel_at_period_end"]:
        end_now(world, about)
    else:
        renew(world, about, card)


def set_paused(world: World, subscription: Json, wanted: bool) -> Json:
    """Pause a subscription, or let it go on."""
    before = copy_of(world, subscription)
    subscription["status"] = "paused" if wanted else "active"
    world.emit(f"customer.subscription.{'paused' if wanted else 'resumed'}", subscription)
    return save(world, subscription, before)
