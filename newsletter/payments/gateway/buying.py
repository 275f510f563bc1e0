"""Customers, the payment page, the billing portal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from stripe.params import CustomerCreateParams, CustomerUpdateParams
from stripe.params.billing_portal import SessionCreateParams as PortalParams
from stripe.params.checkout import (
    SessionCreateParams,
    SessionCreateParamsLineItem,
    SessionCreateParamsPaymentIntentData,
    SessionCreateParamsSubscriptionData,
)

from newsletter.payments.gateway.calls import Calls, digest, once, seconds
from newsletter.payments.gateway.errors import NotFound, translated
from newsletter.payments.gateway.facts import (
    OURS,
    AmountLine,
    CustomerFacts,
    PriceLine,
    SessionFacts,
)
from newsletter.payments.gateway.reading import read_customer, read_session


class Buying(Calls):
    """What leads to a payment."""

    def ensure_customer(
        self, *, user_id: int, email: str, name: str = "", known_id: str | None = None
    ) -> CustomerFacts:
        """Return the customer `known_id`, or a new one if there is none or it was deleted (S8)."""
        with translated():
            if known_id:
                try:
                    known = self.fetch_customer(known_id)
                    if not known.is_deleted:
                        return known
                except NotFound:
                    pass
            params: CustomerCreateParams = {
                "email": email,
                "metadata": {**OURS, "user_id": str(user_id)},
            }
            if name:
                params["name"] = name
            key = f"customer-{user_id}-{digest(email, name, known_id)}"
            return read_customer(self._v1.customers.create(params, once(key)))

    def fetch_customer(self, customer_id: str) -> CustomerFacts:
        """Return a customer; one that was deleted at Stripe comes with `is_deleted`."""
        with translated():
            return read_customer(self._v1.customers.retrieve(customer_id))

    def update_customer(self, customer_id: str, *, email: str, name: str = "") -> CustomerFacts:
        """Tell Stripe a person's new address, so that receipts reach them."""
        params: CustomerUpdateParams = {"email": email}
        if name:
            params["name"] = name
        with translated():
            return read_customer(self._v1.customers.update(customer_id, params))

    def create_checkout(
        self,
        *,
        key: str,
        mode: Literal["subscription", "payment"],
        line: PriceLine | AmountLine,
        customer_id: str,
        success_url: str,
        cancel_url: str,
        client_reference_id: str,
        metadata: Mapping[str, str],
        trial_days: int = 0,
        promotion_code_id: str | None = None,
        may_enter_code: bool = False,
        automatic_tax: bool = False,
        expires_at: datetime | None = None,
        description: str = "",
    ) -> SessionFacts:
        """Open a visit to the payment page.

        `success_url` may hold the literal {CHECKOUT_SESSION_ID}. `metadata` lands on the session
        and on the subscription or payment that comes of it, with the mark that it is ours.
        The same `key` gives the same visit again: two clicks buy once (S5).
        """
        ours = {**OURS, **metadata}
        params: SessionCreateParams = {
            "mode": mode,
            "line_items": [_line_item(line)],
            "customer": customer_id,
            "success_url": success_url,
            "cancel_url": cancel_url,
            "client_reference_id": client_reference_id,
            "metadata": ours,
            "automatic_tax": {"enabled": automatic_tax},
        }
        if automatic_tax:
            # Stripe needs the address for the tax, and writes it to the customer for renewals.
            params["customer_update"] = {"address": "auto", "name": "auto"}
            params["tax_id_collection"] = {"enabled": True}
        if promotion_code_id:
            params["discounts"] = [{"promotion_code": promotion_code_id}]
        elif may_enter_code:
            params["allow_promotion_codes"] = True
        if expires_at:
            params["expires_at"] = seconds(expires_at)
        if mode == "subscription":
            params["subscription_data"] = _subscription_data(ours, trial_days)
        else:
            params["payment_intent_data"] = _payment_data(ours, description)
        with translated():
            return read_session(self._v1.checkout.sessions.create(params, once(key, customer_id)))

    def fetch_session(self, session_id: str) -> SessionFacts:
        """Return a visit to the payment page as it is now."""
        with translated():
            return read_session(self._v1.checkout.sessions.retrieve(session_id))

    def expire_session(self, session_id: str) -> SessionFacts:
        """Close a visit that nobody shall pay any more. GatewayRefused if it is not open."""
        with translated():
            return read_session(self._v1.checkout.sessions.expire(session_id))

    def portal_url(
        self,
        *,
        customer_id: str,
        return_url: str,
        purpose: Literal["home", "card"] = "home",
    ) -> str:
        """Return a fresh address of the billing portal. Whoever holds it is signed in there:
        make one per click, never store or mail it."""
        params: PortalParams = {"customer": customer_id, "return_url": return_url}
        if purpose == "card":
            params["flow_data"] = {"type": "payment_method_update"}
        with translated():
            return self._v1.billing_portal.sessions.create(params).url


def _subscription_data(
    metadata: dict[str, str], trial_days: int
) -> SessionCreateParamsSubscriptionData:
    data: SessionCreateParamsSubscriptionData = {"metadata": metadata}
    if trial_days:
        data["trial_period_days"] = trial_days
    return data


def _payment_data(
    metadata: dict[str, str], description: str
) -> SessionCreateParamsPaymentIntentData:
    data: SessionCreateParamsPaymentIntentData = {"metadata": metadata}
    if description:
        data["description"] = description
    return data


def _line_item(line: PriceLine | AmountLine) -> SessionCreateParamsLineItem:
    if isinstance(line, PriceLine):
        return {"price": line.price_id, "quantity": line.quantity}
    return {
        "price_data": {
            "currency": line.currency.lower(),
            "unit_amount": line.amount,
            "product_data": {"name": line.name},
        },
        "quantity": line.quantity,
    }
