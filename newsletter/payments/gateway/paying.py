"""Payments, refunds, bills, and what Stripe remembers having told us."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

import stripe
from stripe.params import (
    InvoiceListParams,
    PaymentIntentListParams,
    RefundCreateParams,
)

from newsletter.payments.gateway.calls import Calls, once, seconds
from newsletter.payments.gateway.errors import translated
from newsletter.payments.gateway.facts import (
    BillFacts,
    Event,
    InvoiceFacts,
    PaymentFacts,
    PriceFacts,
    is_ours,
)
from newsletter.payments.gateway.reading import (
    id_of,
    metadata_of,
    read_bill,
    read_invoice,
    read_payment,
    read_price,
    sold_on,
)
from newsletter.payments.gateway.signature import read_event, verify_event


class Paying(Calls):
    """Money that came, and money that went back."""

    def fetch_payment(self, payment_intent_id: str) -> PaymentFacts:
        """Return a payment with its refunds and disputes summed up, and its subscription if any."""
        with translated():
            intent = self._v1.payment_intents.retrieve(
                payment_intent_id, {"expand": ["latest_charge"]}
            )
            return self._read(intent)

    def list_payments(
        self, *, customer_id: str | None = None, created_after: datetime | None = None
    ) -> Iterator[PaymentFacts]:
        """Yield our own one-off payments. Those for subscriptions are told by `list_invoices`."""
        params: PaymentIntentListParams = {"limit": 100, "expand": ["data.latest_charge"]}
        if customer_id:
            params["customer"] = customer_id
        if created_after:
            params["created"] = {"gte": seconds(created_after)}
        with translated():
            for intent in self._v1.payment_intents.list(params).auto_paging_iter():
                if is_ours(metadata_of(intent.metadata)):
                    yield self._read(intent)

    def list_returned(self, *, since: datetime) -> Iterator[str]:
        """Yield the ids of payments, anybody's, that a refund or a dispute began for."""
        seen: set[str] = set()
        created = {"gte": seconds(since)}
        with translated():
            refunds = self._v1.refunds.list({"limit": 100, "created": {"gte": created["gte"]}})
            for refund in refunds.auto_paging_iter():
                seen.add(id_of(refund.payment_intent) or "")
            disputes = self._v1.disputes.list({"limit": 100, "created": {"gte": created["gte"]}})
            for dispute in disputes.auto_paging_iter():
                seen.add(id_of(dispute.payment_intent) or "")
        yield from sorted(seen - {""})

    def fetch_invoice(self, invoice_id: str) -> InvoiceFacts:
        """Return one bill."""
        with translated():
            return read_invoice(self._v1.invoices.retrieve(invoice_id))

    def list_invoices(
        self,
        *,
        subscription_id: str | None = None,
        customer_id: str | None = None,
        created_after: datetime | None = None,
    ) -> Iterator[InvoiceFacts]:
        """Yield bills, newest first."""
        params: InvoiceListParams = {"limit": 100}
        if subscription_id:
            params["subscription"] = subscription_id
        if customer_id:
            params["customer"] = customer_id
        if created_after:
            params["created"] = {"gte": seconds(created_after)}
        with translated():
            for invoice in self._v1.invoices.list(params).auto_paging_iter():
                yield read_invoice(invoice)

    def list_bills(
        self, subscription_id: str, *, known: Iterable[PriceFacts] = ()
    ) -> list[BillFacts]:
        """Return what every bill of a subscription says it was sold at, the oldest first.

        Prices that are not among `known` are asked for, once each.
        """
        params: InvoiceListParams = {
            "subscription": subscription_id,
            "limit": 100,
            "expand": ["data.discounts.source.coupon"],
        }
        bills: list[BillFacts] = []
        prices = {price.id: price for price in known}
        with translated():
            for invoice in self._v1.invoices.list(params).auto_paging_iter():
                sold = sold_on(invoice)
                if sold is None:
                    continue
                price_id, quantity = sold
                if price_id not in prices:
                    prices[price_id] = read_price(self._v1.prices.retrieve(price_id))
                bills.append(read_bill(invoice, prices[price_id], quantity, self._products_of))
        return bills[::-1]

    def payment_of_invoice(self, invoice_id: str) -> str | None:
        """Return the id of the payment that settled a bill, if one did."""
        with translated():
            paid = self._v1.invoice_payments.list({"invoice": invoice_id, "status": "paid"})
            for each in paid.data:
                found = id_of(each.payment.payment_intent)
                if found:
                    return found
        return None

    def refund(
        self, payment_intent_id: str, *, key: str, amount: int | None = None
    ) -> PaymentFacts:
        """Give a payment back, whole or in part, and return how it stands then."""
        params: RefundCreateParams = {
            "payment_intent": payment_intent_id,
            "reason": "requested_by_customer",
        }
        if amount is not None:
            params["amount"] = amount
        with translated():
            self._v1.refunds.create(params, once(key, payment_intent_id))
            return self.fetch_payment(payment_intent_id)

    def verify_event(self, payload: bytes, header: str | None) -> Event:
        """Return the event that a webhook's body is. BadSignature, and nothing else, if none."""
        return verify_event(payload, header, secrets=self._webhook_secrets)

    def fetch_event(self, event_id: str) -> Event:
        """Return one event that Stripe still remembers (30 days)."""
        with translated():
            return _event(self._v1.events.retrieve(event_id))

    def list_events(self, *, since: datetime) -> Iterator[Event]:
        """Yield what Stripe told or tried to tell since then, newest first (30 days at most)."""
        with translated():
            events = self._v1.events.list({"limit": 100, "created": {"gte": seconds(since)}})
            for event in events.auto_paging_iter():
                yield _event(event)

    def _read(self, intent: stripe.PaymentIntent) -> PaymentFacts:
        charge = intent.latest_charge
        disputes: list[stripe.Dispute] = []
        if isinstance(charge, stripe.Charge) and charge.disputed:
            disputes = self._v1.disputes.list({"payment_intent": intent.id}).data
        # Our one-off payments carry our mark; all others may belong to a subscription's bill.
        ours = is_ours(metadata_of(intent.metadata))
        return read_payment(intent, disputes, None if ours else self._invoice_of(intent.id))

    def _invoice_of(self, payment_intent_id: str) -> stripe.Invoice | None:
        found = self._v1.invoice_payments.list(
            {
                "payment": {"type": "payment_intent", "payment_intent": payment_intent_id},
                "expand": ["data.invoice"],
            }
        )
        for each in found.data:
            if isinstance(each.invoice, stripe.Invoice):
                return each.invoice
        return None


def _event(event: stripe.Event) -> Event:
    return read_event(json.loads(str(event)))
