"""Subscriptions: read, change, end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import stripe
from stripe.params import (
    InvoiceCreatePreviewParams,
    SubscriptionListParams,
    SubscriptionScheduleUpdateParamsPhase,
    SubscriptionUpdateParams,
)

from newsletter.payments.gateway.calls import Calls, once, seconds
from newsletter.payments.gateway.errors import translated
from newsletter.payments.gateway.facts import ChangePreview, SubscriptionFacts
from newsletter.payments.gateway.reading import (
    id_of,
    moment,
    read_preview,
    read_subscription,
)

EXPAND = ["discounts.source.coupon", "schedule", "latest_invoice"]
Feedback = Literal[
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
]


class Subscribing(Calls):
    """A subscription's life after the checkout."""

    def fetch_subscription(self, subscription_id: str) -> SubscriptionFacts:
        """Return a subscription as it is now, ended ones too. NotFound if Stripe has none."""
        with translated():
            return self._facts(self._retrieve(subscription_id))

    def list_subscriptions(
        self, *, customer_id: str | None = None, created_after: datetime | None = None
    ) -> Iterator[SubscriptionFacts]:
        """Yield every subscription, ended ones and other applications' too, page by page."""
        params: SubscriptionListParams = {
            "status": "all",
            "limit": 100,
            "expand": [f"data.{path}" for path in EXPAND],
        }
        if customer_id:
            params["customer"] = customer_id
        if created_after:
            params["created"] = {"gte": seconds(created_after)}
        with translated():
            for subscription in self._v1.subscriptions.list(params).auto_paging_iter():
                yield self._facts(subscription)

    def cancel_at_period_end(
        self,
        subscription_id: str,
        *,
        key: str,
        feedback: Feedback | None = None,
        comment: str = "",
    ) -> SubscriptionFacts:
        """Let it end when what was paid for is over. A change that was planned is dropped."""
        params: SubscriptionUpdateParams = {"cancel_at_period_end": True, "expand": EXPAND}
        if feedback or comment:
            params["cancellation_details"] = {}
            if feedback:
                params["cancellation_details"]["feedback"] = feedback
            if comment:
                params["cancellation_details"]["comment"] = comment
        with translated():
            self._release_schedule(self._retrieve(subscription_id))
            return self._facts(
                self._v1.subscriptions.update(subscription_id, params, once(key, subscription_id))
            )

    def resume(self, subscription_id: str, *, key: str) -> SubscriptionFacts:
        """Take a cancellation back before the period ends, or before the day that it was set to."""
        params: SubscriptionUpdateParams = {"expand": EXPAND}
        with translated():
            subscription = self._retrieve(subscription_id)
            if subscription.cancel_at and not subscription.cancel_at_period_end:
                # A day chosen at Stripe's own screens is taken back by itself; both at once, or
                # the other alone, leave it.
                params["cancel_at"] = ""
            else:
                params["cancel_at_period_end"] = False
            self._release_schedule(subscription)
            return self._facts(
                self._v1.subscriptions.update(subscription_id, params, once(key, subscription_id))
            )

    def cancel_now(self, subscription_id: str, *, key: str) -> SubscriptionFacts:
        """End it at once, billing nothing and giving nothing back (see `refund`)."""
        with translated():
            return self._facts(
                self._v1.subscriptions.cancel(
                    subscription_id,
                    {"invoice_now": False, "prorate": False, "expand": EXPAND},
                    once(key, subscription_id),
                )
            )

    def end_at(self, subscription_id: str, at: datetime, *, key: str) -> SubscriptionFacts:
        """Have it end by itself at `at`, at a period's end: nothing is billed from then on."""
        params: SubscriptionUpdateParams = {
            "cancel_at": seconds(at),
            "proration_behavior": "none",
            "expand": EXPAND,
        }
        with translated():
            return self._facts(
                self._v1.subscriptions.update(subscription_id, params, once(key, subscription_id))
            )

    def change_price_now(
        self,
        subscription_id: str,
        *,
        key: str,
        price_id: str,
        quantity: int = 1,
        proration_at: datetime | None = None,
    ) -> SubscriptionFacts:
        """Upgrade at once and charge the difference now.

        Nothing changes until it is paid: with a card that declines or wants authentication the
        old price stays and `pending_url` says where the payer settles it.
        """
        with translated():
            subscription = self._retrieve(subscription_id)
            self._release_schedule(subscription)
            params: SubscriptionUpdateParams = {
                "items": [
                    {
                        "id": subscription.items.data[0].id,
                        "price": price_id,
                        "quantity": quantity,
                    }
                ],
                "proration_behavior": "always_invoice",
                "payment_behavior": "pending_if_incomplete",
                "expand": EXPAND,
            }
            if proration_at:
                params["proration_date"] = seconds(proration_at)
            return self._facts(
                self._v1.subscriptions.update(subscription_id, params, once(key, subscription_id))
            )

    def schedule_change(
        self, subscription_id: str, *, key: str, price_id: str, quantity: int = 1
    ) -> SubscriptionFacts:
        """Change the price when the period ends: no credit is left stranded (S7)."""
        with translated():
            subscription = self._retrieve(subscription_id)
            schedule = subscription.schedule
            if not isinstance(schedule, stripe.SubscriptionSchedule):
                schedule = self._v1.subscription_schedules.create(
                    {"from_subscription": subscription_id}, once(f"{key}-schedule", subscription_id)
                )
            price = self._v1.prices.retrieve(price_id)
            if price.recurring is None:
                raise ValueError("A subscription cannot change to a one-off price.")
            self._v1.subscription_schedules.update(
                schedule.id,
                {
                    "end_behavior": "release",
                    "proration_behavior": "none",
                    "phases": [
                        _current_phase(subscription),
                        _next_phase(subscription, price_id, quantity, price.recurring.interval),
                    ],
                },
                once(key, subscription_id),
            )
            return self._facts(self._retrieve(subscription_id))

    def drop_scheduled_change(self, subscription_id: str) -> SubscriptionFacts:
        """Stay with the present price after all."""
        with translated():
            if self._release_schedule(self._retrieve(subscription_id)):
                return self._facts(self._retrieve(subscription_id))
            return self.fetch_subscription(subscription_id)

    def preview_change(
        self,
        subscription_id: str,
        *,
        price_id: str,
        quantity: int = 1,
        when: Literal["now", "period_end"],
        at: datetime | None = None,
    ) -> ChangePreview:
        """Return what the change will charge: `now` with what is given back, or at period end.

        `at` is the moment up to which the old price counts; hand the answer's `proration_at` to
        `change_price_now`, and the amount is the one that was shown.
        """
        with translated():
            subscription = self._retrieve(subscription_id)
            item = subscription.items.data[0]
            params: InvoiceCreatePreviewParams = {
                "subscription": subscription_id,
                "subscription_details": {
                    "items": [{"id": item.id, "price": price_id, "quantity": quantity}],
                },
            }
            if when == "period_end":
                params["preview_mode"] = "recurring"
                params["subscription_details"]["proration_behavior"] = "none"
                invoice = self._v1.invoices.create_preview(params)
                return read_preview(invoice, moment(item.current_period_end))
            params["subscription_details"]["proration_behavior"] = "always_invoice"
            if at:
                params["subscription_details"]["proration_date"] = seconds(at)
            invoice = self._v1.invoices.create_preview(params)
            return read_preview(invoice, moment(invoice.created))

    def _facts(self, subscription: stripe.Subscription) -> SubscriptionFacts:
        return read_subscription(subscription, self._products_of)

    def _retrieve(self, subscription_id: str) -> stripe.Subscription:
        return self._v1.subscriptions.retrieve(subscription_id, {"expand": EXPAND})

    def _release_schedule(self, subscription: stripe.Subscription) -> bool:
        """Stripe refuses to change a subscription that a schedule steers."""
        schedule_id = id_of(subscription.schedule)
        if not schedule_id:
            return False
        self._v1.subscription_schedules.release(schedule_id)
        return True


def _discount_ids(subscription: stripe.Subscription) -> list[str]:
    return [found for found in map(id_of, subscription.discounts) if found]


def _current_phase(subscription: stripe.Subscription) -> SubscriptionScheduleUpdateParamsPhase:
    item = subscription.items.data[0]
    phase: SubscriptionScheduleUpdateParamsPhase = {
        "items": [{"price": item.price.id, "quantity": item.quantity or 1}],
        "start_date": item.current_period_start,
        "end_date": item.current_period_end,
        "proration_behavior": "none",
        "metadata": subscription.metadata.to_dict(),
        "discounts": [{"discount": each} for each in _discount_ids(subscription)],
    }
    if subscription.status == "trialing" and subscription.trial_end:
        phase["trial_end"] = subscription.trial_end
    return phase


def _next_phase(
    subscription: stripe.Subscription, price_id: str, quantity: int, interval: str
) -> SubscriptionScheduleUpdateParamsPhase:
    return {
        "items": [{"price": price_id, "quantity": quantity}],
        "duration": {"interval": interval, "interval_count": 1},
        "proration_behavior": "none",
        "metadata": subscription.metadata.to_dict(),
        # A discount for ever stays with a cheaper plan as well.
        "discounts": [{"discount": each} for each in _discount_ids(subscription)],
    }
