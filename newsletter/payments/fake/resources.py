"""Customers, the catalogue, payments, refunds, events: what can be read and written of them."""

from __future__ import annotations

from typing import Any

from newsletter.payments.fake import objects
from newsletter.payments.fake.api import flag, merged, page, route
from newsletter.payments.fake.at_rest import at_rest
from newsletter.payments.fake.billing import ENDED, end_now
from newsletter.payments.fake.money_back import give_back
from newsletter.payments.fake.store import Json
from newsletter.payments.fake.world import Refusal, World

# The endpoints that only read one or many: path, kind, filters that are fields of the object.
_READABLE: list[tuple[str, str, tuple[str, ...]]] = [
    ("/v1/products", "product", ()),
    ("/v1/prices", "price", ("product", "currency", "type")),
    ("/v1/coupons", "coupon", ()),
    ("/v1/promotion_codes", "promotion_code", ("code", "customer")),
    ("/v1/payment_intents", "payment_intent", ("customer",)),
    ("/v1/charges", "charge", ("customer", "payment_intent")),
    ("/v1/refunds", "refund", ("charge", "payment_intent")),
    ("/v1/disputes", "dispute", ("charge", "payment_intent")),
    ("/v1/events", "event", ("type",)),
]


def _reader(path: str, kind: str, fields: tuple[str, ...]) -> None:
    @route("get", path + "/{object_id}")
    def retrieve(world: World, params: Json, object_id: str) -> Json:
        return world.need(kind, object_id)

    @route("get", path)
    def listing(world: World, params: Json) -> Json:
        where: dict[str, Any] = {name: params[name] for name in fields if name in params}
        found = world.store.find(kind, **where)
        if "active" in params:
            found = [each for each in found if each["active"] == flag(params["active"])]
        return page(found, params, path)


for _path, _kind, _fields in _READABLE:
    _reader(_path, _kind, _fields)


# ── customers ─────────────────────────────────────────────────────────────────────────────────
@route("post", "/v1/customers")
def create_customer(world: World, params: Json) -> Json:
    made = world.put(objects.customer(world, params))
    world.emit("customer.created", made)
    return made


@route("get", "/v1/customers/{customer_id}")
def retrieve_customer(world: World, params: Json, customer_id: str) -> Json:
    return world.need("customer", customer_id, deleted=True)


@route("get", "/v1/customers")
def list_customers(world: World, params: Json) -> Json:
    where = {"email": params["email"]} if "email" in params else {}
    found = [each for each in world.store.find("customer", **where) if not each.get("deleted")]
    return page(found, params, "/v1/customers")


@route("post", "/v1/customers/{customer_id}")
def update_customer(world: World, params: Json, customer_id: str) -> Json:
    found = world.need("customer", customer_id)
    before = {key: found[key] for key in ("email", "name") if key in params}
    found["metadata"] = merged(found["metadata"], params.pop("metadata", None))
    found.update({key: params[key] or None for key in ("email", "name") if key in params})
    world.put(found)
    world.emit("customer.updated", found, before)
    return found


@route("delete", "/v1/customers/{customer_id}")
def delete_customer(world: World, params: Json, customer_id: str) -> Json:
    found = world.need("customer", customer_id)
    for each in world.store.find("subscription", customer=customer_id):
        if each["status"] not in ENDED:
            end_now(world, each)
    world.emit("customer.deleted", found)
    return world.put({"id": customer_id, "object": "customer", "deleted": True})


# ── catalogue ─────────────────────────────────────────────────────────────────────────────────
@route("post", "/v1/products")
def create_product(world: World, params: Json) -> Json:
    made = world.put(objects.product(world, params))
    world.emit("product.created", made)
    return made


@route("post", "/v1/products/{product_id}")
def update_product(world: World, params: Json, product_id: str) -> Json:
    found = world.need("product", product_id)
    found["metadata"] = merged(found["metadata"], params.get("metadata"))
    found["updated"] = world.now
    if "active" in params:
        found["active"] = flag(params["active"])
    found.update({key: params[key] or None for key in ("name", "description") if key in params})
    world.put(found)
    world.emit("product.updated", found)
    return found


@route("post", "/v1/prices")
def create_price(world: World, params: Json) -> Json:
    if "product" not in params:
        raise Refusal("Missing required param: product.", code="parameter_missing", param="product")
    if "unit_amount" not in params:
        raise Refusal(
            "Missing required param: unit_amount.", code="parameter_missing", param="unit_amount"
        )
    owner = world.need("product", params["product"], "product")
    made = world.put(objects.price(world, params, owner["id"]))
    world.emit("price.created", made)
    return made


@route("post", "/v1/prices/{price_id}")
def update_price(world: World, params: Json, price_id: str) -> Json:
    found = world.need("price", price_id)
    if "active" in params:
        found["active"] = flag(params["active"])
    found["metadata"] = merged(found["metadata"], params.get("metadata"))
    world.put(found)
    world.emit("price.updated", found)
    return found


@route("post", "/v1/coupons")
def create_coupon(world: World, params: Json) -> Json:
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if (percent is None) == (amount is None):
        raise Refusal("Must provide percent_off or amount_off, and not both.", param="percent_off")
    if percent is not None and not 0 < float(percent) <= 100:
        raise Refusal("Invalid percent_off.", param="percent_off")
    months = params.get("duration_in_months")
    if (params.get("duration") == "repeating") != (months is not None):
        raise Refusal("duration_in_months goes with a repeating duration.", param="duration")
    made = {
        **at_rest("coupon"),
        "id": params.get("id") or world.new_id("co"),
        "amount_off": None if amount is None else int(amount),
        "applies_to": params.get("applies_to"),
        "created": world.now,
        "currency": params.get("currency"),
        "duration": params.get("duration", "once"),
        "duration_in_months": None if months is None else int(months),
        "metadata": params.get("metadata") or {},
        "name": params.get("name"),
        "percent_off": None if percent is None else float(percent),
    }
    for product_id in (made["applies_to"] or {}).get("products", []):
        world.need("product", product_id, "applies_to[products]")
    world.emit("coupon.created", world.put(made))
    return made


@route("post", "/v1/promotion_codes")
def create_promotion_code(world: World, params: Json) -> Json:
    coupon = world.need("coupon", params["promotion"].get("coupon"), "promotion[coupon]")
    code = params.get("code") or world.new_id("CODE")[-8:].upper()
    for each in world.store.find("promotion_code"):
        if each["active"] and each["code"].lower() == code.lower():
            raise Refusal(
                f"An active promotion code with `code: {code}` already exists.", param="code"
            )
    limit, until = params.get("max_redemptions"), params.get("expires_at")
    made = {
        "id": world.new_id("promo"),
        "object": "promotion_code",
        "active": True,
        "code": code,
        "created": world.now,
        "customer": None,
        "expires_at": None if until is None else int(until),
        "livemode": False,
        "max_redemptions": None if limit is None else int(limit),
        "metadata": params.get("metadata") or {},
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": {
            "first_time_transaction": False,
            "minimum_amount": None,
            "minimum_amount_currency": None,
        },
        "times_redeemed": 0,
    }
    world.emit("promotion_code.created", world.put(made))
    return made


@route("post", "/v1/promotion_codes/{code_id}")
def update_promotion_code(world: World, params: Json, code_id: str) -> Json:
    found = world.need("promotion_code", code_id)
    if "active" in params:
        found["active"] = flag(params["active"])
    world.emit("promotion_code.updated", world.put(found))
    return found


# ── payments ──────────────────────────────────────────────────────────────────────────────────
@route("get", "/v1/invoice_payments")
def list_invoice_payments(world: World, params: Json) -> Json:
    where = {name: params[name] for name in ("invoice", "status") if name in params}
    found = world.store.find("invoice_payment", **where)
    if "payment" in params:
        wanted = params["payment"].get("payment_intent")
        found = [each for each in found if each["payment"]["payment_intent"] == wanted]
    return page(found, params, "/v1/invoice_payments")


@route("post", "/v1/refunds")
def create_refund(world: World, params: Json) -> Json:
    if "payment_intent" in params:
        intent = world.need("payment_intent", params["payment_intent"], "payment_intent")
        charge_id = intent["latest_charge"]
    else:
        charge_id = params.get("charge")
    charge = world.need("charge", charge_id, "charge")
    amount = int(params["amount"]) if "amount" in params else None
    return give_back(world, charge, amount, params.get("reason"))


@route("post", "/v1/billing_portal/sessions")
def create_portal_session(world: World, params: Json) -> Json:
    customer = world.need("customer", params.get("customer"), "customer")
    session_id = world.new_id("bps")
    made = {
        "id": session_id,
        "object": "billing_portal.session",
        "configuration": "bpc_demo",
        "created": world.now,
        "customer": customer["id"],
        "customer_account": None,
        "flow": None,
        "livemode": False,
        "locale": None,
        "on_behalf_of": None,
        "return_url": params.get("return_url"),
        "url": f"{world.site_url}/demo-payment/portal/{session_id}/",
    }
    return world.put(made)
