"""The payment page: opening a visit, and the ways in which it can end."""

from __future__ import annotations

import json
from typing import Any, Literal

from newsletter.payments.fake import objects
from newsletter.payments.fake.api import flag, page, route
from newsletter.payments.fake.at_rest import at_rest
from newsletter.payments.fake.billing import end_now, start
from newsletter.payments.fake.invoices import pay, reject, settle, void
from newsletter.payments.fake.store import Json
from newsletter.payments.fake.world import Card, Refusal, World
from newsletter.payments.money import least_amount

Outcome = Literal["paid", "declined", "needs_authentication", "delayed"]


@route("post", "/v1/checkout/sessions")
def create_session(world: World, params: Json) -> Json:
    mode = params.get("mode")
    if mode not in {"payment", "subscription"}:
        raise Refusal("Missing required param: mode.", code="parameter_missing", param="mode")
    if "success_url" not in params:
        raise Refusal("Missing required param: success_url.", param="success_url")
    if len(params.get("discounts", [])) > 1:
        raise Refusal("You may only specify one discount.", param="discounts")
    if params.get("discounts") and "allow_promotion_codes" in params:
        raise Refusal("You may only specify one of: discounts, allow_promotion_codes.")
    customer = (
        world.need("customer", params["customer"], "customer") if "customer" in params else None
    )
    lines = [_line(world, each, mode) for each in params.get("line_items", [])]
    if not lines:
        raise Refusal("line_items is required.", param="line_items")
    discounts = [_discount(world, each, lines) for each in params.get("discounts", [])]
    subtotal = sum(each["price"]["unit_amount"] * each["quantity"] for each in lines)
    off = sum(_off(coupon, subtotal) for coupon, _code in discounts)
    currency = lines[0]["price"]["currency"]
    if 0 < subtotal - off < least_amount(currency):
        raise Refusal("The amount due must be at least the least amount.", code="amount_too_small")
    expires_at = int(params.get("expires_at", world.now + 24 * 3600))
    if not world.now + 30 * 60 - 60 <= expires_at <= world.now + 24 * 3600 + 60:
        raise Refusal(
            "expires_at must be between 30 minutes and 24 hours ahead.", param="expires_at"
        )
    session = _session(world, params, mode, customer, currency, subtotal, off, expires_at)
    session["discounts"] = [
        {"coupon": coupon["id"], "promotion_code": code and code["id"]}
        for coupon, code in discounts
    ]
    world.store.set_fact(f"lines:{session['id']}", _pack(lines))
    data = params.get("subscription_data") or params.get("payment_intent_data") or {}
    world.store.set_fact(f"data:{session['id']}", _pack(data))
    return world.put(session)


def _session(
    world: World,
    params: Json,
    mode: str,
    customer: Json | None,
    currency: str,
    subtotal: int,
    off: int,
    expires_at: int,
) -> Json:
    session_id = world.new_id("cs_test")
    tax = flag(params.get("automatic_tax", {}).get("enabled"))
    trial = "trial_period_days" in params.get("subscription_data", {})
    total = 0 if trial else subtotal - off
    return {
        **at_rest("checkout.session"),
        "id": session_id,
        "allow_promotion_codes": flag(params.get("allow_promotion_codes")) or None,
        "amount_subtotal": 0 if trial else subtotal,
        "amount_total": total,
        "automatic_tax": {**objects.NO_TAX, "enabled": tax},
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": world.now,
        "currency": currency,
        "customer": customer and customer["id"],
        "customer_details": customer
        and {
            "address": None,
            "email": customer["email"],
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": None,
        },
        "expires_at": expires_at,
        "metadata": params.get("metadata") or {},
        "mode": mode,
        "payment_method_collection": "always" if mode == "subscription" else "if_required",
        "success_url": params["success_url"],
        "total_details": {"amount_discount": off, "amount_shipping": 0, "amount_tax": 0},
        "url": f"{world.site_url}/demo-payment/{session_id}/",
    }


def _pack(value: Any) -> str:
    return json.dumps(value)


def _unpack(world: World, name: str) -> Any:
    return json.loads(world.store.fact(name, "{}"))


def _line(world: World, wanted: Json, mode: str) -> Json:
    if "price" in wanted:
        price = world.need("price", wanted["price"], "line_items[0][price]")
        if not price["active"]:
            raise Refusal(
                "The price specified is inactive. This field only accepts active prices.",
                param="line_items[0][price]",
            )
    else:
        data = wanted["price_data"]
        owner = world.put({**objects.product(world, data["product_data"]), "active": False})
        price = world.put(objects.price(world, data, owner["id"], active=False))
    if bool(price["recurring"]) != (mode == "subscription"):
        raise Refusal(f"You must provide prices that fit `{mode}` mode.", param="line_items")
    return {"price": price, "quantity": int(wanted.get("quantity", 1))}


def _discount(world: World, wanted: Json, lines: list[Json]) -> tuple[Json, Json | None]:
    """Return (coupon, promotion code), or refuse one that does not count here."""
    if "promotion_code" not in wanted:
        return world.need("coupon", wanted.get("coupon"), "discounts[0][coupon]"), None
    code = world.need("promotion_code", wanted["promotion_code"], "discounts[0][promotion_code]")
    coupon = world.get(code["promotion"]["coupon"])
    check_code(world, code, coupon, lines)
    return coupon, code


def check_code(world: World, code: Json, coupon: Json, lines: list[Json]) -> None:
    """Refuse a code that is over, used up, or for something else."""
    problem = ""
    if not code["active"] or not coupon["valid"]:
        problem = "This promotion code is not active."
    elif code["expires_at"] is not None and code["expires_at"] <= world.now:
        problem = "This promotion code has expired."
    elif code["max_redemptions"] is not None and (
        code["times_redeemed"] >= code["max_redemptions"]
    ):
        problem = "This promotion code has been used up."
    elif coupon["currency"] and coupon["currency"] != lines[0]["price"]["currency"]:
        problem = "This promotion code is for another currency."
    elif (coupon["applies_to"] or {}).get("products") and lines[0]["price"]["product"] not in (
        coupon["applies_to"]["products"]
    ):
        problem = "This promotion code does not apply to what is bought."
    if problem:
        raise Refusal(problem, code="promotion_code_invalid", param="discounts[0][promotion_code]")


def _off(coupon: Json, subtotal: int) -> int:
    if coupon["percent_off"] is not None:
        return round(subtotal * float(coupon["percent_off"]) / 100)
    return min(subtotal, int(coupon["amount_off"]))


@route("get", "/v1/checkout/sessions/{session_id}")
def retrieve_session(world: World, params: Json, session_id: str) -> Json:
    return world.need("checkout.session", session_id)


@route("get", "/v1/checkout/sessions")
def list_sessions(world: World, params: Json) -> Json:
    names = ("customer", "payment_intent", "subscription", "status")
    where = {name: params[name] for name in names if name in params}
    return page(world.store.find("checkout.session", **where), params, "/v1/checkout/sessions")


@route("post", "/v1/checkout/sessions/{session_id}/expire")
def expire_session(world: World, params: Json, session_id: str) -> Json:
    found = world.need("checkout.session", session_id)
    if found["status"] != "open":
        raise Refusal('Only Checkout Sessions with a status in ["open"] can be expired.')
    return expire(world, found)


def expire(world: World, session: Json) -> Json:
    session.update(status="expired", url=None)
    world.emit("checkout.session.expired", world.put(session))
    return session


def lines_of(world: World, session: Json) -> list[Json]:
    """What a visit is about: name, quantity, unit amount and recurrence of each line."""
    return [
        {
            "name": world.get(line["price"]["product"])["name"],
            "quantity": line["quantity"],
            "amount": line["price"]["unit_amount"] * line["quantity"],
            "interval": (line["price"]["recurring"] or {}).get("interval", ""),
        }
        for line in _unpack(world, f"lines:{session['id']}")
    ]


# ── what the payer does ───────────────────────────────────────────────────────────────────────
def enter_code(world: World, session: Json, typed: str) -> Json:
    """The payer types a promotion code on the page."""
    if not session["allow_promotion_codes"]:
        raise Refusal("This page takes no codes.")
    lines = _unpack(world, f"lines:{session['id']}")
    for code in world.store.find("promotion_code"):
        if code["code"].lower() == typed.strip().lower() and code["active"]:
            coupon = world.get(code["promotion"]["coupon"])
            check_code(world, code, coupon, lines)
            off = _off(coupon, sum(x["price"]["unit_amount"] * x["quantity"] for x in lines))
            session["discounts"] = [{"coupon": coupon["id"], "promotion_code": code["id"]}]
            session["amount_total"] = max(0, session["amount_subtotal"] - off)
            session["total_details"]["amount_discount"] = off
            return world.put(session)
    raise Refusal("This code is invalid.", code="promotion_code_invalid")


def finish(world: World, session: Json, outcome: Outcome) -> Json:
    """The payer presses the button. Declined or to be authenticated: the page stays open."""
    if session["status"] != "open":
        raise Refusal(f"This page is {session['status']}.", code="session_closed")
    if session["expires_at"] <= world.now:
        expire(world, session)
        raise Refusal("This page has expired.", code="session_closed")
    customer_id = session["customer"] or _new_customer(world, session)
    world.set_card(customer_id, "works")
    if outcome in {"declined", "needs_authentication"} and session["amount_total"]:
        return _fail(world, session, "declines" if outcome == "declined" else outcome)
    delayed = outcome == "delayed" and session["amount_total"] > 0
    if session["mode"] == "subscription":
        _subscribe(world, session, customer_id, delayed=delayed)
    else:
        _pay_once(world, session, delayed=delayed)
    session.update(status="complete", url=None)
    world.put(session)
    world.emit("checkout.session.completed", session)
    return session


def _new_customer(world: World, session: Json) -> str:
    made = world.put(objects.customer(world, {"email": "payer@example.com"}))
    world.emit("customer.created", made)
    session["customer"] = made["id"]
    return str(made["id"])


def _intent(world: World, session: Json) -> Json:
    known = session["payment_intent"] or world.store.fact(f"attempt:{session['id']}")
    if known:
        return world.get(known)
    data = _unpack(world, f"data:{session['id']}")
    # In subscription mode the bill makes its own payment: a failed attempt here leaves no trace.
    metadata = (data.get("metadata") or {}) if session["mode"] == "payment" else {}
    intent = objects.payment_intent(
        world, session["customer"], session["amount_total"], session["currency"], metadata
    )
    intent["description"] = data.get("description")
    world.put(intent)
    world.emit("payment_intent.created", intent)
    return intent


def _fail(world: World, session: Json, card: Card) -> Json:
    intent = _intent(world, session)
    world.store.set_fact(f"attempt:{session['id']}", intent["id"])
    if session["mode"] == "payment":
        session["payment_intent"] = intent["id"]
    reject(world, intent, card)
    return world.put(session)


def _pay_once(world: World, session: Json, *, delayed: bool) -> None:
    if session["amount_total"] == 0:
        session["payment_status"] = "no_payment_required"
    else:
        intent = _intent(world, session)
        session["payment_intent"] = intent["id"]
        if delayed:
            intent["status"] = "processing"
            world.emit("payment_intent.processing", world.put(intent))
        else:
            settle(world, intent)
            session["payment_status"] = "paid"
    _redeem(world, session)


def _subscribe(world: World, session: Json, customer_id: str, *, delayed: bool) -> None:
    wanted = _unpack(world, f"lines:{session['id']}")[0]
    data = _unpack(world, f"data:{session['id']}")
    trial = int(data.get("trial_period_days", 0))
    made = start(
        world,
        customer_id=customer_id,
        price=wanted["price"],
        quantity=wanted["quantity"],
        metadata=data.get("metadata") or {},
        trial_days=trial,
        discounts=_redeem(world, session),
        automatic_tax=session["automatic_tax"]["enabled"],
        delayed=delayed,
    )
    session.update(subscription=made["id"], invoice=made["latest_invoice"])
    if not delayed:
        session["payment_status"] = "no_payment_required" if trial else "paid"


def _redeem(world: World, session: Json) -> list[tuple[Json, Json | None]]:
    used: list[tuple[Json, Json | None]] = []
    for each in session["discounts"]:
        coupon = world.get(each["coupon"])
        coupon["times_redeemed"] += 1
        world.put(coupon)
        code = world.get(each["promotion_code"]) if each["promotion_code"] else None
        if code:
            code["times_redeemed"] += 1
            if code["max_redemptions"] is not None and (
                code["times_redeemed"] >= code["max_redemptions"]
            ):
                code["active"] = False
            world.put(code)
        used.append((coupon, code))
    return used


def settle_delayed(world: World, session: Json, *, paid: bool) -> Json:
    """The bank debit came through, or it did not."""
    if session["status"] != "complete" or session["payment_status"] != "unpaid":
        raise Refusal("Nothing is under way for this page.")
    if session["mode"] == "payment":
        intent = world.get(session["payment_intent"])
        settle(world, intent) if paid else reject(world, intent, "declines")
    else:
        _settle_first_bill(world, session, paid=paid)
    if paid:
        session["payment_status"] = "paid"
    world.put(session)
    world.emit(
        f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}",
        session,
    )
    return session


def _settle_first_bill(world: World, session: Json, *, paid: bool) -> None:
    subscription = world.get(session["subscription"])
    bill = world.get(session["invoice"])
    if pay(world, bill, "works" if paid else "declines"):
        return
    # Nothing of the first period was ever paid: Stripe ends it when the bill is given up.
    void(world, world.get(bill["id"]))
    end_now(world, subscription, reason="payment_failed")
