"""A plain model of what Stripe's final state means for access, and histories to try it on.

The model is written from the policies as one would say them to an author, on Stripe's raw objects.
It shares no code with what it judges.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from newsletter.payments.fake import Refusal
from tests.newsletter.payments.shop import Shop

GRACE = timedelta(days=7)
Json = dict[str, Any]


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass
class Model:
    """What should be open: by tier and product id, judged from Stripe's objects alone."""

    shop: Shop
    # By our clock: when each subscription was first seen overdue (a lower and an upper bound).
    overdue_seen: dict[str, datetime] = field(default_factory=dict)

    def open_tiers(self, now: datetime) -> set[int]:
        """Tiers that subscriptions open at `now`."""
        return {
            self.shop.goods.basic.pk if self._is_basic(each) else self.shop.goods.patron.pk
            for each in self.shop.stripe.all("subscription")
            if self._is_ours(each) and self.subscription_is_open(each, now)
        }

    def open_products(self, now: datetime) -> set[int]:
        paid = [
            each
            for each in self.shop.stripe.all("payment_intent")
            if each["metadata"].get("order") and self.payment_is_good(each)
        ]
        return {self.shop.goods.course.pk} if paid else set()

    def subscription_is_open(self, subscription: Json, now: datetime) -> bool:
        if any(dispute == "open" for dispute in self._disputes(subscription)):
            return False
        latest = self._payment_of(subscription["latest_invoice"])
        if latest is not None and latest["amount_received"] and not self.payment_is_good(latest):
            return False
        if self._first_payment_is_under_way(subscription):
            return False
        item = subscription["items"]["data"][0]
        status = subscription["status"]
        if status in {"active", "trialing"}:
            if subscription["cancel_at_period_end"]:
                return now < moment(item["current_period_end"])
            return now < moment(item["current_period_end"]) + GRACE
        if status == "past_due":
            return now < self.overdue_seen[subscription["id"]] + GRACE
        if status == "canceled":
            return now < moment(subscription["ended_at"])
        return False

    def payment_is_good(self, intent: Json) -> bool:
        if intent["status"] != "succeeded":
            return False
        charge = self.shop.stripe.read(intent["latest_charge"])
        disputes = self.shop.stripe.all("dispute", charge=charge["id"])
        if any(each["status"] != "won" for each in disputes):
            return False
        return bool(charge["amount_refunded"] < charge["amount"])

    def _first_payment_is_under_way(self, subscription: Json) -> bool:
        """A page says "unpaid" for ever; its bill may have been paid in another way since."""
        sessions = self.shop.stripe.all("checkout.session", subscription=subscription["id"])
        return any(
            each["status"] == "complete"
            and each["payment_status"] == "unpaid"
            and self.shop.stripe.read(each["invoice"])["status"] != "paid"
            for each in sessions
        )

    def _disputes(self, subscription: Json) -> list[str]:
        found: list[str] = []
        for bill in self.shop.stripe.all("invoice", customer=subscription["customer"]):
            if bill["parent"]["subscription_details"]["subscription"] != subscription["id"]:
                continue
            intent = self._payment_of(bill["id"])
            if intent is not None and intent["latest_charge"]:
                disputes = self.shop.stripe.all("dispute", charge=intent["latest_charge"])
                found += [
                    each["status"] if each["status"] in {"won", "lost"} else "open"
                    for each in disputes
                ]
        return found

    def _payment_of(self, invoice_id: str) -> Json | None:
        for each in self.shop.stripe.all("invoice_payment", invoice=invoice_id):
            intent = self.shop.stripe.read(each["payment"]["payment_intent"])
            if intent["status"] == "succeeded":
                return intent
        return None

    def _is_ours(self, subscription: Json) -> bool:
        return bool(subscription["metadata"].get("masthead"))

    def _is_basic(self, subscription: Json) -> bool:
        return bool(
            subscription["items"]["data"][0]["price"]["product"]
            == self.shop.goods.basic.stripe_product_id
        )


class Life:
    """What a payer, a bank and an author can do at Stripe; what is impossible then is skipped."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.stripe = shop, shop.stripe
        self.sessions: list[str] = []

    def do(self, step: str) -> None:
        """One step, at Stripe alone: nothing of it reaches us but by events."""
        # Not possible in this state: nothing happens.
        with suppress(Refusal, LookupError):
            getattr(self, step)()

    def _subscription(self) -> str:
        mine = [x for x in self.stripe.all("subscription") if x["metadata"].get("masthead")]
        live = [x for x in mine if x["status"] not in {"canceled", "incomplete_expired"}]
        return str((live or mine)[0]["id"]) if mine else self._missing()

    def _missing(self) -> str:
        raise LookupError("There is no subscription.")

    def _payment(self) -> str:
        paid = [x for x in self.stripe.all("payment_intent") if x["metadata"].get("order")]
        return str(paid[0]["id"]) if paid else self._missing()

    def settle(self) -> None:
        self._settle(paid=True)

    def settle_failing(self) -> None:
        self._settle(paid=False)

    def _settle(self, *, paid: bool) -> None:
        for session in self.sessions:
            try:
                self.stripe.settle_delayed(session, paid=paid)
                return
            except (Refusal, LookupError):
                continue

    def renew(self) -> None:
        found = self.stripe.read(self._subscription())
        if found["status"] == "active" and not found["cancel_at_period_end"]:
            self.stripe.renew(found["id"])

    def fail(self) -> None:
        found = self.stripe.read(self._subscription())
        if found["status"] in {"active", "past_due"} and not found["cancel_at_period_end"]:
            self.stripe.fail_payment(found["id"])

    def recover(self) -> None:
        self.stripe.recover(self._subscription())

    def give_up_unpaid(self) -> None:
        self.stripe.set_last_resort("unpaid")
        while self.stripe.read(self._subscription())["status"] == "past_due":
            self.stripe.fail_payment(self._subscription())

    def cancel_now(self) -> None:
        found = self.stripe.read(self._subscription())
        if found["status"] != "canceled":
            self.stripe.cancel_now(found["id"])

    def cancel_later(self) -> None:
        self._update({"cancel_at_period_end": True})

    def resume(self) -> None:
        self._update({"cancel_at_period_end": False})

    def upgrade(self) -> None:
        found = self.stripe.read(self._subscription())
        price = self.shop.goods.patron_month.stripe_id
        item = found["items"]["data"][0]["id"]
        if found["status"] == "active":
            self._update({"items": [{"id": item, "price": price}], "proration_behavior": "none"})

    def _update(self, params: Json) -> None:
        """As the author does in Stripe's dashboard, past all of our code."""
        from newsletter.payments.gateway import get_gateway

        found = self.stripe.read(self._subscription())
        if found["status"] in {"active", "trialing", "past_due"}:
            get_gateway()._v1.subscriptions.update(found["id"], params)

    def _paid(self) -> str:
        """The subscription, if its last bill was paid: nothing else can be given back."""
        found = self._subscription()
        return found if self.stripe.charge_of(found)["paid"] else self._missing()

    def refund(self) -> None:
        self.stripe.refund(self._paid())

    def refund_part(self) -> None:
        self.stripe.refund(self._paid(), 100)

    def dispute(self) -> None:
        self.stripe.dispute(self._paid())

    def win(self) -> None:
        if self.stripe.all("dispute"):
            self.stripe.dispute(self._subscription(), "won")

    def lose(self) -> None:
        if self.stripe.all("dispute"):
            self.stripe.dispute(self._subscription(), "lost")

    def refund_product(self) -> None:
        self.stripe.refund(self._payment())

    def dispute_product(self) -> None:
        self.stripe.dispute(self._payment())

    def win_product(self) -> None:
        self.stripe.dispute(self._payment(), "won")

    def delete_customer(self) -> None:
        self.stripe.delete_customer(self.stripe.read(self._subscription())["customer"])

    def foreign(self) -> None:
        self.stripe.add_foreign_subscription()


STEPS = sorted(name for name in vars(Life) if not name.startswith("_") and name not in {"do"})
