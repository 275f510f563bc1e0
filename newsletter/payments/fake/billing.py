"""A subscription's life: its start, its renewals, changes of price, and its end."""

from __future__ import annotations

from newsletter.payments.fake import objects
from newsletter.payments.fake.invoices import (
    ATTEMPTS,
    describe_proration,
    invoice,
    issue,
    line,
    pay,
    put_under_way,
    void,
)
from newsletter.payments.fake.store import Json
from newsletter.payments.fake.world import Card, World, after

# What becomes of a subscription after the last attempt; a setting of the account at Stripe.
DEFAULT_LAST_RESORT = "canceled"
ENDED = frozenset({"canceled", "incomplete_expired"})


def item_of(subscription: Json) -> Json:
    found: Json = subscription["items"]["data"][0]
    return found


def save(world: World, subscription: Json, before: Json | None = None) -> Json:
    """Save a subscription and tell what changed of it."""
    world.put(subscription)
    if before is not None:
        changed = {key: before[key] for key in before if before[key] != subscription[key]}
        if changed:
            world.emit("customer.subscription.updated", subscription, changed)
    return subscription


def copy_of(world: World, subscription: Json) -> Json:
    """The subscription as it was saved last, to tell the difference by."""
    return world.get(subscription["id"])


def start(
    world: World,
    *,
    customer_id: str,
    price: Json,
    quantity: int = 1,
    metadata: Json | None = None,
    trial_days: int = 0,
    discounts: list[tuple[Json, Json | None]] | None = None,
    automatic_tax: bool = False,
    delayed: bool = False,
) -> Json:
    """Begin a subscription whose first bill is paid, or under way with a delayed method.

    `discounts`: pairs of a coupon and the promotion code that led to it.
    """
    subscription = objects.subscription(world, customer_id, price["currency"], metadata or {})
    recurring = price["recurring"]
    end = after(world.now, recurring["interval"], recurring["interval_count"])
    if trial_days:
        end = world.now + trial_days * 86_400
        subscription.update(
            status="trialing", trial_start=world.now, trial_end=end, billing_cycle_anchor=end
        )
    subscription["automatic_tax"]["enabled"] = automatic_tax
    subscription["items"]["data"] = [
        objects.subscription_item(world, subscription["id"], price, quantity, world.now, end)
    ]
    subscription["discounts"] = [
        _discount(world, subscription, coupon, code) for coupon, code in discounts or []
    ]
    world.put(subscription)
    bill = _first_bill(world, subscription, on_trial=trial_days > 0)
    world.emit("customer.subscription.created", subscription)
    if delayed and bill["amount_due"]:
        put_under_way(world, bill)
    else:
        pay(world, bill, "works")
    return subscription


def _discount(world: World, subscription: Json, coupon: Json, code: Json | None) -> str:
    made = objects.discount(
        world,
        coupon,
        code=code,
        customer_id=subscription["customer"],
        subscription_id=subscription["id"],
    )
    return str(world.put(made)["id"])


def _first_bill(world: World, subscription: Json, *, on_trial: bool) -> Json:
    item = item_of(subscription)
    period = (item["current_period_start"], item["current_period_end"])
    first = line(world, subscription, item["price"], item["quantity"], period=period)
    kept = subscription["discounts"]
    if on_trial:
        first.update(amount=0, subtotal=0, description="Trial period", discountable=False)
    bill = issue(world, subscription, invoice(world, subscription, [first], "subscription_create"))
    if on_trial:
        # A coupon for one payment waits for the first payment.
        subscription["discounts"] = kept
        world.put(subscription)
    return bill


def renew(world: World, subscription: Json, card: Card) -> Json:
    """Begin the next period (whatever the clock says) and bill it."""
    before = copy_of(world, subscription)
    _enter_next_phase(world, subscription)
    item = item_of(subscription)
    recurring = item["price"]["recurring"]
    begin = item["current_period_end"]
    end = after(
        begin,
        recurring["interval"],
        recurring["interval_count"],
        anchor=subscription["billing_cycle_anchor"],
    )
    item.update(current_period_start=begin, current_period_end=end)
    subscription["status"] = "active"
    bill = issue(
        world,
        subscription,
        invoice(
            world,
            subscription,
            [line(world, subscription, item["price"], item["quantity"], period=(begin, end))],
            "subscription_cycle",
        ),
    )
    if not pay(world, bill, card):
        subscription["status"] = "past_due"
    return save(world, subscription, before)


def retry(world: World, subscription: Json, card: Card) -> Json:
    """Try an open bill again. After the last attempt the account's last resort follows."""
    bill = world.get(subscription["latest_invoice"])
    before = copy_of(world, subscription)
    if bill["status"] != "open":
        raise LookupError(f"{subscription['id']} has no open bill.")
    if pay(world, bill, card):
        subscription["status"] = "active"
        _apply_pending(world, subscription)
        return save(world, subscription, before)
    if subscription["pending_update"] is None and bill["attempt_count"] >= ATTEMPTS:
        return give_up(world, subscription, before)
    return save(world, subscription, before)


def give_up(world: World, subscription: Json, before: Json) -> Json:
    resort = world.store.fact("last_resort", DEFAULT_LAST_RESORT)
    if resort == "canceled":
        return end_now(world, subscription, reason="payment_failed")
    subscription["status"] = resort
    return save(world, subscription, before)


def end_now(world: World, subscription: Json, *, reason: str = "cancellation_requested") -> Json:
    """End it at this moment."""
    subscription.update(
        status="canceled",
        ended_at=world.now,
        canceled_at=subscription["canceled_at"] or world.now,
        cancel_at_period_end=False,
        schedule=None,
        pending_update=None,
    )
    subscription["cancellation_details"]["reason"] = reason
    world.put(subscription)
    _close_schedules(world, subscription)
    if subscription["latest_invoice"]:
        void(world, world.get(subscription["latest_invoice"]))
    world.emit("customer.subscription.deleted", subscription)
    return subscription


def _close_schedules(world: World, subscription: Json) -> None:
    for schedule in world.store.find("subscription_schedule", subscription=subscription["id"]):
        if schedule["status"] == "active":
            schedule.update(status="canceled", canceled_at=world.now, current_phase=None)
            world.put(schedule)


def _enter_next_phase(world: World, subscription: Json) -> None:
    """Let a schedule put its next price in place; after its last phase it lets go."""
    if not subscription["schedule"]:
        return
    schedule = world.get(subscription["schedule"])
    item = item_of(subscription)
    boundary = item["current_period_end"]
    following = [phase for phase in schedule["phases"] if phase["start_date"] >= boundary]
    if following:
        phase = following[0]
        swap_price(
            item, world.get(phase["items"][0]["price"]), phase["items"][0].get("quantity") or 1
        )
        schedule["current_phase"] = {
            "start_date": phase["start_date"],
            "end_date": phase["end_date"],
        }
        subscription["billing_cycle_anchor"] = boundary
        subscription["discounts"] = [
            each["discount"] for each in phase["discounts"] if each["discount"]
        ]
    else:
        subscription["schedule"] = None
        schedule.update(
            status="released",
            released_at=world.now,
            released_subscription=subscription["id"],
            subscription=None,
            current_phase=None,
        )
    world.put(schedule)


def swap_price(item: Json, price: Json, quantity: int) -> None:
    item.update(price=price, plan=objects.plan(price), quantity=quantity)


def change_lines(
    world: World, subscription: Json, price: Json, quantity: int, at: int
) -> tuple[list[Json], int, int]:
    """What a change at `at` bills, and the period that follows: (lines, start, end).

    Same interval: the rest of the period at the new price less the rest at the old one. Another
    interval: a new period begins at once. On trial nothing is billed. Rounded half up per line,
    by seconds, before tax; discounts do not touch prorations.
    """
    item = item_of(subscription)
    begin, end = item["current_period_start"], item["current_period_end"]
    old = item["price"]
    if subscription["status"] == "trialing":
        return [], begin, end
    unused = -_share(old["unit_amount"] * item["quantity"], item, at)
    lines = [_proration(world, subscription, old, item["quantity"], at, unused)]
    same = (old["recurring"]["interval"], old["recurring"]["interval_count"]) == (
        price["recurring"]["interval"],
        price["recurring"]["interval_count"],
    )
    if not same:
        until = after(at, price["recurring"]["interval"], price["recurring"]["interval_count"])
        lines.append(line(world, subscription, price, quantity, period=(at, until)))
        return lines, at, until
    rest = _share(price["unit_amount"] * quantity, item, at)
    lines.append(_proration(world, subscription, price, quantity, at, rest))
    return lines, begin, end


def _share(amount: int, item: Json, at: int) -> int:
    """The part of a period's amount that falls on the time after `at`, rounded half up."""
    length = item["current_period_end"] - item["current_period_start"]
    left = max(0, item["current_period_end"] - at)
    return int((amount * left * 2 + length) // (2 * length))


def _proration(
    world: World, subscription: Json, price: Json, quantity: int, at: int, amount: int
) -> Json:
    return line(
        world,
        subscription,
        price,
        quantity,
        amount=amount,
        period=(at, item_of(subscription)["current_period_end"]),
        proration=True,
        description=describe_proration(world, price, quantity, at, given=amount <= 0),
    )


def change_now(
    world: World, subscription: Json, price: Json, quantity: int, at: int, *, wait: bool
) -> Json:
    """Change the price at once and bill the difference. `wait`: not before that is paid."""
    before = copy_of(world, subscription)
    item = item_of(subscription)
    lines, begin, end = change_lines(world, subscription, price, quantity, at)
    if not lines:
        swap_price(item, price, quantity)
        return save(world, subscription, before)
    bill = issue(
        world,
        subscription,
        invoice(world, subscription, lines, "subscription_update", proration_date=at),
    )
    paid = pay(world, bill, world.card_of(subscription["customer"]))
    if not paid and wait:
        subscription["pending_update"] = {
            "billing_cycle_anchor": None,
            "expires_at": world.now + 23 * 3600,
            "subscription_items": [
                {**item, "price": price, "plan": objects.plan(price), "quantity": quantity}
            ],
            "trial_end": None,
            "trial_from_plan": None,
        }
        world.store.set_fact(f"period:{subscription['id']}", f"{begin}:{end}")
        return save(world, subscription, before)
    swap_price(item, price, quantity)
    _set_period(subscription, begin, end)
    if not paid:
        subscription["status"] = "past_due"
    return save(world, subscription, before)


def _set_period(subscription: Json, begin: int, end: int) -> None:
    item = item_of(subscription)
    if begin != item["current_period_start"]:
        subscription["billing_cycle_anchor"] = begin
    item.update(current_period_start=begin, current_period_end=end)


def _apply_pending(world: World, subscription: Json) -> None:
    pending = subscription["pending_update"]
    if pending is None:
        return
    wanted = pending["subscription_items"][0]
    swap_price(item_of(subscription), wanted["price"], wanted["quantity"])
    begin, end = map(int, world.store.fact(f"period:{subscription['id']}").split(":"))
    _set_period(subscription, begin, end)
    subscription["pending_update"] = None
    world.emit("customer.subscription.pending_update_applied", subscription)
