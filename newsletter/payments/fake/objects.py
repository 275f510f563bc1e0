"""Whole objects as Stripe answers them, with the fields that are not told apart left at rest."""

from __future__ import annotations

from typing import Any

from newsletter.payments.fake.at_rest import at_rest
from newsletter.payments.fake.store import Json
from newsletter.payments.fake.world import World, after

NO_TAX: Json = {"enabled": False, "liability": None, "provider": None, "status": None}
NO_ADDRESS: Json = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}


def whole_list(data: list[Any], url: str, *, has_more: bool = False) -> Json:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def customer(world: World, params: Json) -> Json:
    customer_id = world.new_id("cus")
    return {
        **at_rest("customer"),
        "id": customer_id,
        "created": world.now,
        "description": params.get("description"),
        "email": params.get("email"),
        "invoice_prefix": customer_id[-8:].upper(),
        "metadata": params.get("metadata") or {},
        "name": params.get("name"),
    }


def product(world: World, params: Json) -> Json:
    return {
        **at_rest("product"),
        "id": params.get("id") or world.new_id("prod"),
        "active": params.get("active", "true") == "true",
        "created": world.now,
        "description": params.get("description") or None,
        "metadata": params.get("metadata") or {},
        "name": params["name"],
        "updated": world.now,
    }


def price(world: World, params: Json, product_id: str, *, active: bool = True) -> Json:
    recurring = params.get("recurring")
    return {
        **at_rest("price"),
        "id": world.new_id("price"),
        "active": active,
        "created": world.now,
        "currency": params["currency"],
        "lookup_key": params.get("lookup_key"),
        "metadata": params.get("metadata") or {},
        "product": product_id,
        "recurring": recurring
        and {
            "interval": recurring["interval"],
            "interval_count": int(recurring.get("interval_count", 1)),
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        },
        "type": "recurring" if recurring else "one_time",
        "unit_amount": int(params["unit_amount"]),
        "unit_amount_decimal": str(params["unit_amount"]),
    }


def plan(price_: Json) -> Json:
    """The old name of a recurring price, which a subscription's item still carries."""
    return {
        "id": price_["id"],
        "object": "plan",
        "active": price_["active"],
        "amount": price_["unit_amount"],
        "amount_decimal": price_["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price_["created"],
        "currency": price_["currency"],
        "interval": price_["recurring"]["interval"],
        "interval_count": price_["recurring"]["interval_count"],
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": price_["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def subscription_item(
    world: World, subscription_id: str, price_: Json, quantity: int, start: int, end: int
) -> Json:
    return {
        "id": world.new_id("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": world.now,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": plan(price_),
        "price": price_,
        "quantity": quantity,
        "subscription": subscription_id,
        "tax_rates": [],
    }


def subscription(world: World, customer_id: str, currency: str, metadata: Json) -> Json:
    subscription_id = world.new_id("sub")
    return {
        **at_rest("subscription"),
        "id": subscription_id,
        "billing_cycle_anchor": world.now,
        "created": world.now,
        "currency": currency,
        "customer": customer_id,
        "items": whole_list([], f"/v1/subscription_items?subscription={subscription_id}"),
        "metadata": metadata,
        "start_date": world.now,
    }


def payment_intent(
    world: World, customer_id: str | None, amount: int, currency: str, metadata: Json
) -> Json:
    intent_id = world.new_id("pi")
    return {
        **at_rest("payment_intent"),
        "id": intent_id,
        "amount": amount,
        "client_secret": f"{intent_id}_secret",
        "created": world.now,
        "currency": currency,
        "customer": customer_id,
        "metadata": metadata,
    }


def charge(world: World, intent: Json, *, status: str) -> Json:
    paid = status == "succeeded"
    charge_id = world.new_id("ch")
    return {
        **at_rest("charge"),
        "id": charge_id,
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "billing_details": {
            "address": NO_ADDRESS,
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "captured": paid,
        "created": world.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "metadata": intent["metadata"],
        "paid": paid,
        "payment_intent": intent["id"],
        "receipt_url": f"{world.site_url}/demo-payment/receipts/{charge_id}/" if paid else None,
        "status": status,
    }


def refund(world: World, charge_: Json, amount: int, reason: str | None) -> Json:
    return {
        "id": world.new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge_["id"],
        "created": world.now,
        "currency": charge_["currency"],
        "metadata": {},
        "payment_intent": charge_["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def dispute(world: World, charge_: Json) -> Json:
    return {
        **at_rest("dispute"),
        "id": world.new_id("du"),
        "amount": charge_["amount"],
        "charge": charge_["id"],
        "created": world.now,
        "currency": charge_["currency"],
        "evidence_details": {
            "due_by": world.now + 7 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "payment_intent": charge_["payment_intent"],
    }


def discount(
    world: World, coupon: Json, *, code: Json | None, customer_id: str, subscription_id: str | None
) -> Json:
    months = coupon["duration_in_months"]
    end = None
    if coupon["duration"] == "repeating" and months:
        end = after(world.now, "month", months)
    return {
        "id": world.new_id("di"),
        "object": "discount",
        "checkout_session": None,
        "customer": customer_id,
        "end": end,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": code["id"] if code else None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": world.now,
        "subscription": subscription_id,
        "subscription_item": None,
    }
