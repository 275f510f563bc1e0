"""Subscriptions, their schedules, and the preview of a bill."""

from __future__ import annotations

from typing import Any

from newsletter.payments.fake.api import flag, merged, page, route
from newsletter.payments.fake.at_rest import at_rest
from newsletter.payments.fake.billing import (
    ENDED,
    change_lines,
    change_now,
    copy_of,
    end_now,
    item_of,
    save,
    swap_price,
)
from newsletter.payments.fake.invoices import invoice, line
from newsletter.payments.fake.store import Json
from newsletter.payments.fake.world import Refusal, World, after


@route("get", "/v1/subscriptions/{subscription_id}")
def retrieve(world: World, params: Json, subscription_id: str) -> Json:
    return world.need("subscription", subscription_id)


@route("get", "/v1/subscriptions")
def listing(world: World, params: Json) -> Json:
    where = {"customer": params["customer"]} if "customer" in params else {}
    found = world.store.find("subscription", **where)
    status = params.get("status")
    if status is None:
        found = [each for each in found if each["status"] != "canceled"]
    elif status == "ended":
        found = [each for each in found if each["status"] in ENDED]
    elif status != "all":
        found = [each for each in found if each["status"] == status]
    if "price" in params:
        found = [each for each in found if item_of(each)["price"]["id"] == params["price"]]
    return page(found, params, "/v1/subscriptions")


@route("post", "/v1/subscriptions/{subscription_id}")
def update(world: World, params: Json, subscription_id: str) -> Json:
    found = world.need("subscription", subscription_id)
    if found["status"] in ENDED:
        raise Refusal("A canceled subscription can only update its cancellation_details.")
    if found["schedule"] and {"cancel_at_period_end", "items"} & set(params):
        raise Refusal(
            f"The subscription is managed by the subscription schedule `{found['schedule']}`, and"
            " updating it directly is not allowed. Please release the schedule first."
        )
    before = copy_of(world, found)
    found["metadata"] = merged(found["metadata"], params.get("metadata"))
    _change_end(world, found, params)
    for key, value in params.get("cancellation_details", {}).items():
        found["cancellation_details"][key] = value or None
    save(world, found, before)
    if "items" in params:
        price, quantity = _wanted(world, found, params["items"])
        at = int(params.get("proration_date", world.now))
        if params.get("proration_behavior") == "none":
            before = copy_of(world, found)
            swap_price(item_of(found), price, quantity)
            return save(world, found, before)
        wait = params.get("payment_behavior") == "pending_if_incomplete"
        return change_now(world, found, price, quantity, at, wait=wait)
    return found


def _change_end(world: World, subscription: Json, params: Json) -> None:
    if {"cancel_at_period_end", "cancel_at"} <= set(params):
        raise Refusal("You may only specify one of: cancel_at_period_end, cancel_at.")
    if "cancel_at_period_end" in params:
        wanted = flag(params["cancel_at_period_end"])
        # Taking back an end that was not set so leaves the day that was.
        if wanted or subscription["cancel_at_period_end"]:
            _set_cancellation(world, subscription, wanted)
    if params.get("cancel_at"):
        _set_end(world, subscription, int(params["cancel_at"]))
    elif "cancel_at" in params:
        _set_cancellation(world, subscription, False)


def _set_cancellation(world: World, subscription: Json, wanted: bool) -> None:
    subscription["cancel_at_period_end"] = wanted
    end = item_of(subscription)["current_period_end"]
    subscription["cancel_at"] = end if wanted else None
    subscription["canceled_at"] = world.now if wanted else None
    details = subscription["cancellation_details"]
    details["reason"] = "cancellation_requested" if wanted else None
    if not wanted:
        details.update(comment=None, feedback=None)


def _set_end(world: World, subscription: Json, at: int) -> None:
    if at <= world.now:
        raise Refusal("`cancel_at` must be in the future.", param="cancel_at")
    subscription.update(cancel_at=at, cancel_at_period_end=False, canceled_at=world.now)
    subscription["cancellation_details"]["reason"] = "cancellation_requested"


def _wanted(world: World, subscription: Json, items: list[Any]) -> tuple[Json, int]:
    item = item_of(subscription)
    wanted = items[0]
    if wanted.get("id") != item["id"]:
        raise Refusal(f"No such subscription item: '{wanted.get('id')}'", param="items[0][id]")
    price = world.need("price", wanted.get("price", item["price"]["id"]), "items[0][price]")
    if not price["recurring"]:
        raise Refusal("The price is not recurring.", param="items[0][price]")
    if price["currency"] != subscription["currency"]:
        raise Refusal("The currency of a subscription cannot change.", param="items[0][price]")
    return price, int(wanted.get("quantity", item["quantity"]))


@route("delete", "/v1/subscriptions/{subscription_id}")
def cancel(world: World, params: Json, subscription_id: str) -> Json:
    found = world.need("subscription", subscription_id)
    if found["status"] in ENDED:
        raise Refusal(f"No such subscription: '{subscription_id}'", code="resource_missing")
    return end_now(world, found)


# ── schedules ─────────────────────────────────────────────────────────────────────────────────
@route("get", "/v1/subscription_schedules/{schedule_id}")
def retrieve_schedule(world: World, params: Json, schedule_id: str) -> Json:
    return world.need("subscription_schedule", schedule_id)


@route("post", "/v1/subscription_schedules")
def create_schedule(world: World, params: Json) -> Json:
    found = world.need("subscription", params.get("from_subscription"), "from_subscription")
    if found["schedule"]:
        raise Refusal("The subscription already has a schedule.", param="from_subscription")
    item = item_of(found)
    phase = _phase(
        found,
        {"items": [{"price": item["price"]["id"], "quantity": item["quantity"]}]},
        item["current_period_start"],
        item["current_period_end"],
    )
    made: Json = {
        **at_rest("subscription_schedule"),
        "id": world.new_id("sub_sched"),
        "billing_mode": found["billing_mode"],
        "created": world.now,
        "current_phase": {"start_date": phase["start_date"], "end_date": phase["end_date"]},
        "customer": found["customer"],
        "phases": [phase],
        "subscription": found["id"],
    }
    world.put(made)
    before = copy_of(world, found)
    found["schedule"] = made["id"]
    save(world, found, before)
    world.emit("subscription_schedule.created", made)
    return made


@route("post", "/v1/subscription_schedules/{schedule_id}")
def update_schedule(world: World, params: Json, schedule_id: str) -> Json:
    found = world.need("subscription_schedule", schedule_id)
    _must_be_active(found)
    subscription = world.get(found["subscription"])
    if "end_behavior" in params:
        found["end_behavior"] = params["end_behavior"]
    if "phases" in params:
        phases: list[Json] = []
        for each in params["phases"]:
            begin = int(each["start_date"]) if "start_date" in each else phases[-1]["end_date"]
            if "end_date" in each:
                end = int(each["end_date"])
            else:
                length = each["duration"]
                end = after(begin, length["interval"], int(length.get("interval_count", 1)))
            for item in each["items"]:
                world.need("price", item["price"], "phases[items][price]")
            phases.append(_phase(subscription, each, begin, end))
        # Phases that are over need not be named.
        if phases[0]["start_date"] != found["current_phase"]["start_date"]:
            raise Refusal("You can not modify the start date of the current phase.")
        found["phases"] = phases
        found["current_phase"]["end_date"] = phases[0]["end_date"]
    world.put(found)
    world.emit("subscription_schedule.updated", found)
    return found


@route("post", "/v1/subscription_schedules/{schedule_id}/release")
def release_schedule(world: World, params: Json, schedule_id: str) -> Json:
    found = world.need("subscription_schedule", schedule_id)
    _must_be_active(found)
    subscription = world.get(found["subscription"])
    before = copy_of(world, subscription)
    subscription["schedule"] = None
    found.update(
        status="released",
        released_at=world.now,
        released_subscription=subscription["id"],
        subscription=None,
        current_phase=None,
    )
    world.put(found)
    save(world, subscription, before)
    world.emit("subscription_schedule.released", found)
    return found


def _must_be_active(schedule: Json) -> None:
    if schedule["status"] != "active":
        raise Refusal(f"This schedule is {schedule['status']}.")


def _phase(subscription: Json, wanted: Json, begin: int, end: int) -> Json:
    return {
        **at_rest("phase"),
        "currency": subscription["currency"],
        "discounts": [
            {
                "coupon": each.get("coupon"),
                "discount": each.get("discount"),
                "promotion_code": each.get("promotion_code"),
            }
            for each in wanted.get("discounts") or []
        ],
        "end_date": end,
        "items": [
            {
                "billing_thresholds": None,
                "discounts": [],
                "metadata": {},
                "plan": item["price"],
                "price": item["price"],
                "quantity": int(item.get("quantity", 1)),
                "tax_rates": [],
            }
            for item in wanted["items"]
        ],
        "metadata": wanted.get("metadata") or {},
        "proration_behavior": wanted.get("proration_behavior", "create_prorations"),
        "start_date": begin,
        "trial_end": int(wanted["trial_end"]) if "trial_end" in wanted else None,
    }


# ── bills ─────────────────────────────────────────────────────────────────────────────────────
@route("get", "/v1/invoices")
def list_invoices(world: World, params: Json) -> Json:
    where = {name: params[name] for name in ("customer", "status") if name in params}
    found = world.store.find("invoice", **where)
    if "subscription" in params:
        found = [
            each
            for each in found
            if each["parent"]["subscription_details"]["subscription"] == params["subscription"]
        ]
    return page(found, params, "/v1/invoices")


@route("get", "/v1/invoices/{invoice_id}")
def retrieve_invoice(world: World, params: Json, invoice_id: str) -> Json:
    return world.need("invoice", invoice_id)


@route("post", "/v1/invoices/create_preview")
def create_preview(world: World, params: Json) -> Json:
    found = world.need("subscription", params.get("subscription"), "subscription")
    if found["status"] in ENDED:
        raise Refusal("An ended subscription has no upcoming bill.", code="invoice_upcoming_none")
    details = params.get("subscription_details", {})
    item = item_of(found)
    if "items" in details:
        price, quantity = _wanted(world, found, details["items"])
    else:
        price, quantity = item["price"], item["quantity"]
    recurring = price["recurring"]
    if params.get("preview_mode") == "recurring" or details.get("proration_behavior") == "none":
        begin = item["current_period_end"]
        end = after(begin, recurring["interval"], recurring["interval_count"])
        lines = [line(world, found, price, quantity, period=(begin, end))]
        return invoice(world, found, lines, "upcoming")
    at = int(details.get("proration_date", world.now))
    lines, _begin, _end = change_lines(world, found, price, quantity, at)
    return invoice(world, found, lines, "upcoming", proration_date=at)
