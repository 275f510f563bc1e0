"""Bills: their lines, what a discount takes off, and whether the payment comes."""

from __future__ import annotations

from newsletter.payments.fake import objects
from newsletter.payments.fake.at_rest import at_rest
from newsletter.payments.fake.store import Json
from newsletter.payments.fake.world import Card, World, as_text

DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
}
WANTS_AUTHENTICATION = {
    "type": "card_error",
    "code": "authentication_required",
    "decline_code": "authentication_required",
    "message": "Your card was declined. This transaction requires authentication.",
}
# Stripe's default: about 3, 5 and 7 days between the attempts; the last failure settles it.
RETRY_DAYS = (3, 5, 7)
NOT_YET = {
    "finalized_at": None,
    "marked_uncollectible_at": None,
    "paid_at": None,
    "voided_at": None,
}
ATTEMPTS = len(RETRY_DAYS) + 1


def line(
    world: World,
    subscription: Json,
    price: Json,
    quantity: int,
    *,
    amount: int | None = None,
    period: tuple[int, int],
    proration: bool = False,
    description: str = "",
) -> Json:
    """One line of a bill; `amount` None: what the price says."""
    if amount is None:
        amount = price["unit_amount"] * quantity
    item = subscription["items"]["data"][0]["id"] if subscription["items"]["data"] else "si_new"
    return {
        **at_rest("line_item"),
        "id": world.new_id("il"),
        "amount": amount,
        "currency": price["currency"],
        "description": description or f"{quantity} x {name_of(world, price)}",
        "discountable": not proration,
        "metadata": subscription["metadata"],
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": proration,
                "proration_details": None,
                "subscription": subscription["id"],
                "subscription_item": item,
            },
            "type": "subscription_item_details",
        },
        "period": {"start": period[0], "end": period[1]},
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": quantity,
        "subtotal": amount,
    }


def name_of(world: World, price: Json) -> str:
    return str(world.get(price["product"])["name"])


def discounts_now(world: World, discount_ids: list[str]) -> list[Json]:
    """Those that count at this moment."""
    found = [world.get(each) for each in discount_ids]
    return [each for each in found if each["end"] is None or each["end"] > world.now]


def taken_off(world: World, discounts: list[Json], lines: list[Json]) -> list[Json]:
    """What each discount takes off, in order, as an invoice lists it."""
    amounts: list[Json] = []
    left = sum(each["amount"] for each in lines if each["discountable"])
    for each in discounts:
        coupon = world.get(each["source"]["coupon"])
        products = (coupon.get("applies_to") or {}).get("products")
        if products and not any(
            found["pricing"]["price_details"]["product"] in products for found in lines
        ):
            continue
        if coupon["percent_off"] is not None:
            amount = round(left * float(coupon["percent_off"]) / 100)
        else:
            amount = coupon["amount_off"] if coupon["currency"] == lines[0]["currency"] else 0
        amount = max(0, min(amount, left))
        left -= amount
        amounts.append({"amount": amount, "discount": each["id"]})
    return amounts


def invoice(
    world: World,
    subscription: Json,
    lines: list[Json],
    reason: str,
    *,
    proration_date: int | None = None,
) -> Json:
    """A finalised bill that is not paid yet. Not saved: a preview is one that never is."""
    customer = world.get(subscription["customer"])
    discounts = discounts_now(world, subscription["discounts"])
    off = taken_off(world, discounts, lines)
    subtotal = sum(each["amount"] for each in lines)
    total = subtotal - sum(each["amount"] for each in off)
    # A negative total becomes credit; a credit (a negative balance) pays later bills.
    balance = customer["balance"]
    due = max(0, total + balance)
    invoice_id = world.new_id("in")
    for each in lines:
        each["invoice"] = invoice_id
    page = f"{world.site_url}/demo-payment/invoices/{invoice_id}/"
    return {
        **at_rest("invoice"),
        "id": invoice_id,
        "amount_due": due,
        "amount_remaining": due,
        "automatic_tax": {
            **objects.NO_TAX,
            "disabled_reason": None,
            "enabled": subscription["automatic_tax"]["enabled"],
        },
        "billing_reason": reason,
        "created": world.now,
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "customer_email": customer.get("email"),
        "customer_name": customer.get("name"),
        "discounts": [each["id"] for each in discounts],
        "effective_at": world.now,
        "ending_balance": min(0, total + balance),
        "hosted_invoice_url": page,
        "invoice_pdf": f"{page}pdf/",
        "lines": objects.whole_list(lines, f"/v1/invoices/{invoice_id}/lines"),
        "number": f"{customer.get('invoice_prefix') or 'DEMO'}-{invoice_id[-4:].upper()}",
        "parent": _parent(subscription, proration_date),
        "period_end": lines[0]["period"]["end"] if lines else world.now,
        "period_start": lines[0]["period"]["start"] if lines else world.now,
        "starting_balance": balance,
        "status_transitions": {**NOT_YET, "finalized_at": world.now},
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_discount_amounts": off,
        "total_excluding_tax": total,
        "webhooks_delivered_at": world.now,
    }


def _parent(subscription: Json, proration_date: int | None) -> Json:
    details = {
        "metadata": subscription["metadata"],
        "subscription": subscription["id"],
        "subscription_proration_date": proration_date,
    }
    return {
        "quote_details": None,
        "subscription_details": details,
        "type": "subscription_details",
    }


def issue(world: World, subscription: Json, bill: Json) -> Json:
    """Save a bill, tell of it, use up the customer's credit and coupons that count once."""
    world.put(bill)
    subscription["latest_invoice"] = bill["id"]
    customer = world.get(subscription["customer"])
    if bill["ending_balance"] != customer["balance"]:
        customer["balance"] = bill["ending_balance"]
        world.put(customer)
    subscription["discounts"] = [
        each["id"]
        for each in map(world.get, subscription["discounts"])
        if world.get(each["source"]["coupon"])["duration"] != "once"
    ]
    world.put(subscription)
    world.emit("invoice.created", bill)
    world.emit("invoice.finalized", bill)
    return bill


def pay(world: World, bill: Json, card: Card) -> bool:
    """Try to collect an open bill once. The invoice is saved; the subscription is the caller's."""
    bill["attempted"] = True
    bill["attempt_count"] += 1
    if bill["amount_due"] == 0:
        _mark_paid(world, bill)
        return True
    intent = _intent_of(world, bill)
    if card == "works":
        settle(world, intent)
        _mark_paid(world, bill)
        return True
    reject(world, intent, card)
    due = RETRY_DAYS[bill["attempt_count"] - 1 : bill["attempt_count"]]
    bill["next_payment_attempt"] = world.now + due[0] * 86_400 if due else None
    world.put(bill)
    world.emit("invoice.payment_failed", bill)
    if card == "needs_authentication":
        world.emit("invoice.payment_action_required", bill)
    return False


def put_under_way(world: World, bill: Json) -> None:
    """A delayed method (a bank debit) was chosen: the money comes, or not, in some days."""
    intent = _intent_of(world, bill)
    intent["status"] = "processing"
    intent["payment_method_types"] = ["sepa_debit"]
    world.put(intent)
    world.emit("payment_intent.processing", intent)


def void(world: World, bill: Json) -> None:
    """Collect it no more."""
    if bill["status"] != "open":
        return
    bill["status"] = "void"
    bill["next_payment_attempt"] = None
    bill["auto_advance"] = False
    bill["status_transitions"]["voided_at"] = world.now
    world.put(bill)
    world.emit("invoice.voided", bill)


def _intent_of(world: World, bill: Json) -> Json:
    for each in world.store.find("invoice_payment", invoice=bill["id"]):
        return world.get(each["payment"]["payment_intent"])
    intent = objects.payment_intent(
        world, bill["customer"], bill["amount_due"], bill["currency"], {}
    )
    world.put(intent)
    world.put(
        {
            "id": world.new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": bill["amount_due"],
            "created": world.now,
            "currency": bill["currency"],
            "invoice": bill["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )
    return intent


def _mark_paid(world: World, bill: Json) -> None:
    bill["status"] = "paid"
    bill["amount_paid"] = bill["amount_due"]
    bill["amount_remaining"] = 0
    bill["next_payment_attempt"] = None
    bill["status_transitions"]["paid_at"] = world.now
    world.put(bill)
    for each in world.store.find("invoice_payment", invoice=bill["id"]):
        each["status"] = "paid"
        each["amount_paid"] = bill["amount_due"]
        each["status_transitions"]["paid_at"] = world.now
        world.put(each)
    world.emit("invoice.paid", bill)
    world.emit("invoice.payment_succeeded", bill)


def settle(world: World, intent: Json) -> None:
    """The money of a payment has come."""
    charge = world.put(objects.charge(world, intent, status="succeeded"))
    intent["status"] = "succeeded"
    intent["amount_received"] = intent["amount"]
    intent["latest_charge"] = charge["id"]
    intent["last_payment_error"] = None
    intent["next_action"] = None
    world.put(intent)
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)


def reject(world: World, intent: Json, card: Card) -> None:
    """The money of a payment does not come, this time."""
    if card == "needs_authentication":
        intent["status"] = "requires_action"
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        world.put(intent)
        world.emit("payment_intent.requires_action", intent)
        return
    charge = objects.charge(world, intent, status="failed")
    charge["failure_code"] = DECLINED["code"]
    charge["failure_message"] = DECLINED["message"]
    world.put(charge)
    intent["status"] = "requires_payment_method"
    intent["latest_charge"] = charge["id"]
    intent["last_payment_error"] = {**DECLINED, "charge": charge["id"]}
    world.put(intent)
    world.emit("charge.failed", charge)
    world.emit("payment_intent.payment_failed", intent)


def describe_proration(world: World, price: Json, quantity: int, at: int, *, given: bool) -> str:
    word = "Unused" if given else "Remaining"
    return f"{word} time on {quantity} x {name_of(world, price)} after {as_text(at)}"
