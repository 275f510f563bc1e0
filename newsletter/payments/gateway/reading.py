"""From the SDK's objects to our facts. Attribute access only, so that mypy sees a renamed field."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

import stripe

from newsletter.payments.gateway import facts

# Which products a coupon (by its id) counts for; none: for all.
ProductsOf = Callable[[str], frozenset[str]]


def moment(seconds: int) -> datetime:
    """Stripe's seconds since 1970 as an aware moment."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def id_of(value: str | stripe.StripeObject | None) -> str | None:
    """The id of a field that may hold an id or, expanded, the whole object."""
    if value is None or isinstance(value, str):
        return value
    return str(value["id"])


def _id(value: str | stripe.StripeObject) -> str:
    return value if isinstance(value, str) else str(value["id"])


def metadata_of(value: stripe.StripeObject | None) -> dict[str, str]:
    return {} if value is None else {str(k): str(v) for k, v in value.to_dict().items()}


def read_customer(customer: stripe.Customer) -> facts.CustomerFacts:
    if "deleted" in customer and customer.deleted:
        # A deleted customer answers with its id alone.
        return facts.CustomerFacts(customer.id, "", "", is_deleted=True)
    return facts.CustomerFacts(
        id=customer.id,
        email=customer.email or "",
        name=customer.name or "",
        is_deleted=False,
        metadata=metadata_of(customer.metadata),
    )


def read_session(session: stripe.checkout.Session) -> facts.SessionFacts:
    return facts.SessionFacts(
        id=session.id,
        url=session.url or "",
        mode="subscription" if session.mode == "subscription" else "payment",
        status=cast(facts.SessionStatus, session.status or "open"),
        payment_status=cast(facts.PaymentStatus, session.payment_status),
        customer_id=id_of(session.customer),
        customer_email=(session.customer_details.email if session.customer_details else "") or "",
        client_reference_id=session.client_reference_id or "",
        subscription_id=id_of(session.subscription),
        payment_intent_id=id_of(session.payment_intent),
        amount_total=session.amount_total or 0,
        currency=session.currency or "",
        expires_at=moment(session.expires_at),
        metadata=metadata_of(session.metadata),
    )


def read_price(price: stripe.Price) -> facts.PriceFacts:
    recurring = price.recurring
    interval: facts.Interval | None = None
    unusual = price.unit_amount is None or price.billing_scheme != "per_unit"
    if recurring:
        interval = "year" if recurring.interval == "year" else "month"
        unusual = (
            unusual
            or recurring.interval not in {"month", "year"}
            or recurring.interval_count != 1
            or recurring.usage_type != "licensed"
        )
    return facts.PriceFacts(
        id=price.id,
        product_id=_id(price.product),
        amount=price.unit_amount or 0,
        currency=price.currency,
        interval=interval,
        is_active=price.active,
        metadata=metadata_of(price.metadata),
        is_unusual=unusual,
    )


def read_product(product: stripe.Product) -> facts.ProductFacts:
    return facts.ProductFacts(
        id=product.id,
        name=product.name,
        description=product.description or "",
        is_active=product.active,
        metadata=metadata_of(product.metadata),
    )


def read_promotion_code(code: stripe.PromotionCode) -> facts.CouponFacts:
    return facts.CouponFacts(
        coupon_id=id_of(code.promotion.coupon) or "",
        promotion_code_id=code.id,
        is_active=code.active,
        times_redeemed=code.times_redeemed,
    )


def _read_item(item: stripe.SubscriptionItem) -> facts.ItemFacts:
    return facts.ItemFacts(
        id=item.id,
        price=read_price(item.price),
        quantity=1 if item.quantity is None else item.quantity,
        current_period_start=moment(item.current_period_start),
        current_period_end=moment(item.current_period_end),
    )


def read_subscription(
    subscription: stripe.Subscription, products_of: ProductsOf
) -> facts.SubscriptionFacts:
    """Needs `discounts.source.coupon`, `schedule` and `latest_invoice` expanded (EXPAND)."""
    items = tuple(_read_item(item) for item in subscription.items.data)
    next_price, next_quantity, next_at = _read_schedule(subscription.schedule)
    details = subscription.cancellation_details

    def charged_at(at: datetime) -> int:
        amounts = [(item.price.product_id, item.price.amount * item.quantity) for item in items]
        discounts = [each for each in subscription.discounts if _counts_at(each, at)]
        return _after_discounts(amounts, discounts, products_of)

    return facts.SubscriptionFacts(
        id=subscription.id,
        customer_id=_id(subscription.customer),
        status=subscription.status,
        items=items,
        amount=charged_at(datetime.now(UTC)),
        renewal_amount=charged_at(max(item.current_period_end for item in items)),
        currency=subscription.currency,
        started_at=moment(subscription.start_date),
        trial_end=moment_or_none(subscription.trial_end),
        cancel_at_period_end=subscription.cancel_at_period_end,
        cancel_at=moment_or_none(subscription.cancel_at),
        canceled_at=moment_or_none(subscription.canceled_at),
        ended_at=moment_or_none(subscription.ended_at),
        cancel_reason=(details.reason or "") if details else "",
        latest_invoice_id=id_of(subscription.latest_invoice),
        schedule_id=id_of(subscription.schedule),
        next_price_id=next_price,
        next_quantity=next_quantity,
        next_price_at=next_at,
        pending_url=_pending_url(subscription),
        metadata=metadata_of(subscription.metadata),
        is_first_payment_open=_is_first_payment_open(subscription.latest_invoice),
        trial_start=moment_or_none(subscription.trial_start),
        latest_invoice_status=_status_of(subscription.latest_invoice),
    )


def _status_of(invoice: str | stripe.Invoice | None) -> str:
    return (invoice.status or "") if isinstance(invoice, stripe.Invoice) else ""


def _is_first_payment_open(invoice: str | stripe.Invoice | None) -> bool:
    return (
        isinstance(invoice, stripe.Invoice)
        and invoice.billing_reason == "subscription_create"
        and invoice.status not in {"paid", "void", "uncollectible"}
    )


def _pending_url(subscription: stripe.Subscription) -> str:
    invoice = subscription.latest_invoice
    if subscription.pending_update is None or not isinstance(invoice, stripe.Invoice):
        return ""
    return invoice.hosted_invoice_url or ""


def _read_schedule(
    schedule: str | stripe.SubscriptionSchedule | None,
) -> tuple[str | None, int | None, datetime | None]:
    """The price and quantity that take over at the end of the current phase, and when."""
    if not isinstance(schedule, stripe.SubscriptionSchedule) or schedule.current_phase is None:
        return None, None, None
    end = schedule.current_phase.end_date
    for phase in schedule.phases:
        if phase.start_date >= end and phase.items:
            item = phase.items[0]
            return _id(item.price), item.quantity or 1, moment(phase.start_date)
    return None, None, None


def _counts_at(discount: str | stripe.Discount, at: datetime) -> bool:
    ends_at = discount.end if isinstance(discount, stripe.Discount) else None
    return ends_at is None or moment(ends_at) > at


def _after_discounts(
    amounts: Iterable[tuple[str, int]],
    discounts: Iterable[str | stripe.Discount],
    products_of: ProductsOf,
) -> int:
    """What is left of a period's amounts (by product). A coupon "once" is for one bill, not for a
    period; one for certain products takes nothing off others, though its discount stays.
    """
    left = [(product_id, Decimal(amount)) for product_id, amount in amounts]
    for discount in discounts:
        coupon = discount.source.coupon if isinstance(discount, stripe.Discount) else None
        if isinstance(coupon, stripe.Coupon) and coupon.duration != "once":
            products, rest = products_of(coupon.id), Decimal(coupon.amount_off or 0)
            for at, (product_id, amount) in enumerate(left):
                if products and product_id not in products:
                    continue
                off = min(rest, amount)
                if coupon.percent_off is not None:
                    off = amount * Decimal(str(coupon.percent_off)) / 100
                left[at], rest = (product_id, amount - off), max(Decimal(0), rest - off)
    return int(sum((amount for _id, amount in left), Decimal(0)).to_integral_value(ROUND_HALF_UP))


def read_invoice(invoice: stripe.Invoice) -> facts.InvoiceFacts:
    return facts.InvoiceFacts(
        id=invoice.id,
        number=invoice.number or "",
        status=invoice.status or "",
        total=invoice.total,
        amount_paid=invoice.amount_paid,
        amount_remaining=invoice.amount_remaining,
        currency=invoice.currency,
        subscription_id=subscription_of(invoice),
        customer_id=id_of(invoice.customer),
        created_at=moment(invoice.created),
        paid_at=moment_or_none(invoice.status_transitions.paid_at),
        next_attempt_at=moment_or_none(invoice.next_payment_attempt),
        attempt_count=invoice.attempt_count,
        hosted_url=invoice.hosted_invoice_url or "",
        pdf_url=invoice.invoice_pdf or "",
    )


def read_bill(
    invoice: stripe.Invoice, price: facts.PriceFacts, quantity: int, products_of: ProductsOf
) -> facts.BillFacts:
    """Needs `discounts.source.coupon` expanded; price and quantity are `sold_on`'s."""
    return facts.BillFacts(
        id=invoice.id,
        status=invoice.status or "",
        reason=invoice.billing_reason or "",
        price_id=price.id,
        interval=None if price.is_unusual else price.interval,
        product_id=price.product_id,
        amount=_after_discounts(
            [(price.product_id, price.amount * quantity)], invoice.discounts, products_of
        ),
        currency=invoice.currency,
        quantity=quantity,
        total=invoice.total,
        amount_remaining=invoice.amount_remaining,
        created_at=moment(invoice.created),
        paid_at=moment_or_none(invoice.status_transitions.paid_at),
        hosted_url=invoice.hosted_invoice_url or "",
    )


def sold_on(invoice: stripe.Invoice) -> tuple[str, int] | None:
    """The price and quantity that a bill leaves a subscription with.

    The line of a whole period where there is one; of a change in the middle of a period, the line
    for the time that remains (the one for the time not used any more is negative). None where a
    bill is about neither: a fee, a credit.
    """
    whole: tuple[str, int] | None = None
    rest: tuple[str, int] | None = None
    for line in invoice.lines.data:
        details = line.pricing.price_details if line.pricing else None
        if details is None or not line.parent or not line.parent.subscription_item_details:
            continue
        found = (_id(details.price), 1 if line.quantity is None else line.quantity)
        if not _is_proration(line):
            whole = found
        elif line.amount >= 0:
            rest = found
    return whole or rest


def subscription_of(invoice: stripe.Invoice) -> str | None:
    details = invoice.parent.subscription_details if invoice.parent else None
    return id_of(details.subscription) if details else None


def read_payment(
    intent: stripe.PaymentIntent,
    disputes: Iterable[stripe.Dispute],
    invoice: stripe.Invoice | None,
) -> facts.PaymentFacts:
    """Needs `latest_charge` expanded."""
    charge = intent.latest_charge if isinstance(intent.latest_charge, stripe.Charge) else None
    error = intent.last_payment_error
    return facts.PaymentFacts(
        id=intent.id,
        status=intent.status,
        amount=intent.amount,
        currency=intent.currency,
        amount_received=intent.amount_received,
        amount_refunded=charge.amount_refunded if charge else 0,
        dispute=dispute_state(dispute.status for dispute in disputes),
        customer_id=id_of(intent.customer),
        paid_at=moment(charge.created) if charge and intent.status == "succeeded" else None,
        invoice_id=invoice.id if invoice else None,
        subscription_id=subscription_of(invoice) if invoice else None,
        receipt_url=(charge.receipt_url or "") if charge else "",
        error=(error.message or "") if error else "",
        metadata=metadata_of(intent.metadata),
    )


def dispute_state(statuses: Iterable[str]) -> facts.DisputeState:
    """The worst of a payment's disputes. A warning (an inquiry) moves no money yet."""
    worst: facts.DisputeState = "none"
    for status in statuses:
        if status == "lost":
            return "lost"
        if status.endswith(("needs_response", "under_review")) and not status.startswith("warning"):
            worst = "open"
        elif status in {"won", "prevented"} and worst == "none":
            worst = "won"
    return worst


def read_preview(invoice: stripe.Invoice, charged_at: datetime) -> facts.ChangePreview:
    return facts.ChangePreview(
        amount_due=invoice.amount_due,
        currency=invoice.currency,
        charged_at=charged_at,
        lines=tuple(
            facts.PreviewLine(line.description or "", line.amount, _is_proration(line))
            for line in invoice.lines.data
        ),
        credit=max(0, -invoice.total),
        proration_at=_proration_at(invoice),
    )


def _is_proration(line: stripe.InvoiceLineItem) -> bool:
    details = line.parent.subscription_item_details if line.parent else None
    return bool(details and details.proration)


def _proration_at(invoice: stripe.Invoice) -> datetime | None:
    details = invoice.parent.subscription_details if invoice.parent else None
    return moment_or_none(details.subscription_proration_date) if details else None
