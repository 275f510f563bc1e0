"""What subscriptions bring in, worked out from Stripe's final objects alone.

Written from the policies as the revenue page states them, on the stand-in's raw objects; it shares
no code with what it judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from newsletter.payments.fake import FakeStripe

Json = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One movement: its kind, and the year's amount before and after it."""

    kind: str
    before: int
    after: int


class Ledger:
    """The books of one payer with one currency."""

    def __init__(self, stripe: FakeStripe) -> None:
        self.stripe = stripe
        self.subscriptions = [
            each
            for each in reversed(stripe.all("subscription"))
            if each["metadata"].get("masthead")
        ]

    def yearly_now(self) -> int:
        return sum(self._running(each) for each in self.subscriptions)

    def entries(self) -> list[Entry]:
        changes: list[tuple[int, int, str, int]] = []
        for number, subscription in enumerate(self.subscriptions):
            steps = self._steps(subscription)
            changes += [(at, number, subscription["id"], worth) for at, worth in steps]
        worths: dict[str, int] = {}
        entries: list[Entry] = []
        for _at, _number, subscription_id, worth in sorted(changes, key=lambda each: each[0]):
            before = sum(worths.values())
            worths[subscription_id] = worth
            after = sum(worths.values())
            if before != after:
                entries.append(Entry(self._kind(before, after, bool(entries)), before, after))
        return entries

    def _kind(self, before: int, after: int, known: bool) -> str:
        if before == 0:
            return "reactivation" if known else "new"
        if after == 0:
            return "churn"
        return "expansion" if before < after else "contraction"

    def _steps(self, subscription: Json) -> list[tuple[int, int]]:
        steps: list[tuple[int, int]] = []
        bills = self._bills(subscription)
        for bill in bills:
            if self._is_for_trial(subscription, bill):
                continue
            paid_at = bill["status_transitions"]["paid_at"]
            is_renewal = bill["billing_reason"] == "subscription_cycle"
            at = bill["created"] if is_renewal and steps else paid_at
            if at is not None:
                steps.append((at, self._worth_by(bill)))
        if not steps:
            return []
        steps.sort(key=lambda each: each[0])
        running = self._running(subscription)
        if running != steps[-1][1]:
            since = self._since(subscription, bills)
            steps = [*(step for step in steps if step[0] <= since), (since, running)]
        return steps

    def _since(self, subscription: Json, bills: list[Json]) -> int:
        renewals = [bill for bill in bills if bill["billing_reason"] == "subscription_cycle"]
        unpaid: list[int] = []
        for bill in renewals:
            unpaid = [] if bill["status"] == "paid" else [*unpaid, bill["created"]]
        if subscription["status"] == "canceled":
            return min([int(subscription["ended_at"]), *unpaid])
        if subscription["status"] == "unpaid":
            return int(unpaid[0])
        return self.stripe.now

    def _running(self, subscription: Json) -> int:
        if subscription["status"] not in {"active", "past_due"}:
            return 0
        bills = self._bills(subscription)
        if not any(
            bill["status"] == "paid" and not self._is_for_trial(subscription, bill)
            for bill in bills
        ):
            return 0
        item = subscription["items"]["data"][0]
        discounts = [
            discount
            for discount in map(self.stripe.read, subscription["discounts"])
            if discount["end"] is None or discount["end"] > self.stripe.now
        ]
        return self._a_year(item["price"], item["quantity"], discounts)

    def _bills(self, subscription: Json) -> list[Json]:
        return [
            bill
            for bill in reversed(self.stripe.all("invoice", customer=subscription["customer"]))
            if bill["parent"]["subscription_details"]["subscription"] == subscription["id"]
        ]

    def _is_for_trial(self, subscription: Json, bill: Json) -> bool:
        start, end = subscription["trial_start"], subscription["trial_end"]
        return bool(start and end and start <= bill["created"] < end)

    def _worth_by(self, bill: Json) -> int:
        charged = [line for line in bill["lines"]["data"] if line["amount"] >= 0]
        line = charged[-1]
        price = self.stripe.read(line["pricing"]["price_details"]["price"])
        discounts = [self.stripe.read(each) for each in bill["discounts"]]
        return self._a_year(price, line["quantity"], discounts)

    def _a_year(self, price: Json, quantity: int, discounts: list[Json]) -> int:
        left = Fraction(price["unit_amount"] * quantity)
        for discount in discounts:
            coupon = self.stripe.read(discount["source"]["coupon"])
            if coupon["duration"] != "once":
                off = coupon["amount_off"] or left * Fraction(str(coupon["percent_off"])) / 100
                left = max(Fraction(0), left - off)
        whole = int(left + Fraction(1, 2))
        return whole * (12 if price["recurring"]["interval"] == "month" else 1)
