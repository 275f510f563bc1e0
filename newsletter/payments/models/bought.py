"""What was bought: customers, checkouts, subscriptions (memberships), one-off orders, gifts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from newsletter.memberships.models import Product, Tier
from newsletter.payments.enums import (
    CheckoutState,
    DisputeState,
    GiftState,
    MembershipStatus,
    OrderKind,
    OrderStatus,
    SeatState,
)
from newsletter.payments.models.offered import Coupon, Price


class Customer(models.Model):
    """A person as Stripe knows them. Known by id alone: their address there may differ (S8)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="customers"
    )
    stripe_id = models.CharField(max_length=255, unique=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.stripe_id


class Checkout(models.Model):
    """One visit to the payment page. Its number makes the idempotency key: two clicks buy once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="checkouts"
    )
    price = models.ForeignKey(Price, on_delete=models.PROTECT, null=True, blank=True)
    coupon = models.ForeignKey(Coupon, on_delete=models.SET_NULL, null=True, blank=True)
    order = models.ForeignKey(
        "newsletter.Order",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="checkouts",
    )
    quantity = models.PositiveSmallIntegerField(default=1)
    is_subscription = models.BooleanField(default=False)
    state = models.CharField(
        max_length=9, choices=CheckoutState.choices, default=CheckoutState.OPEN
    )
    stripe_session_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    url = models.TextField(blank=True)
    # Where the reader came from and goes back to; always a path of ours.
    next_path = models.CharField(max_length=500, blank=True)
    waived_withdrawal_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "state"], name="checkout_of_person")]
        constraints = [
            # Two tabs share one payment page, and a page of Stripe's is paid once (S5).
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(state="open", is_subscription=True),
                name="one_open_subscription_checkout",
            ),
            models.UniqueConstraint(
                fields=["user", "price"],
                condition=models.Q(state="open", is_subscription=False, price__isnull=False),
                name="one_open_checkout_per_product",
            ),
            models.UniqueConstraint(fields=["order"], name="one_checkout_per_order"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"


class Membership(models.Model):
    """One Stripe subscription, mirrored. Never decides by itself: it keeps a grant in step."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="memberships")
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="memberships")
    # Bought with a payment that takes days and has not come yet: nothing is open (S9).
    awaits_payment = models.BooleanField(default=False)
    # A change at the period's end (downgrade, other interval); null: none.
    next_price = models.ForeignKey(
        Price, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # How many seats it will be then.
    next_quantity = models.PositiveSmallIntegerField(null=True, blank=True)
    stripe_id = models.CharField(max_length=255, unique=True)
    stripe_schedule_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(_("state"), max_length=18, choices=MembershipStatus.choices)
    quantity = models.PositiveSmallIntegerField(_("seats"), default=1)
    started_at = models.DateTimeField(_("since"))
    current_period_end = models.DateTimeField(_("paid until"), null=True, blank=True)
    trial_end = models.DateTimeField(_("trial until"), null=True, blank=True)
    cancel_at_period_end = models.BooleanField(_("ends then"), default=False)
    cancel_at = models.DateTimeField(_("ends on"), null=True, blank=True)
    cancel_reason = models.CharField(_("why it ends"), max_length=300, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # By our clock: the grace period counts from here (S3).
    past_due_since = models.DateTimeField(_("overdue since"), null=True, blank=True)
    # Amount per period in minor units after the discounts that last.
    amount = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    # What it brings in a year as it runs now (see worth.py), 0 where it counts nothing. By the
    # year, because a twelfth of a yearly price is no whole number of cents.
    yearly = models.PositiveBigIntegerField(default=0)
    # Since when, where no bill says it: it ended, or was changed without a bill.
    yearly_since = models.DateTimeField(null=True, blank=True)
    # What we knew of Stripe's side when its bills were last read.
    bills_mark = models.CharField(max_length=64, blank=True)
    suspended_at = models.DateTimeField(_("suspended by a dispute"), null=True, blank=True)
    latest_invoice_id = models.CharField(max_length=255, blank=True)
    # Counts what was written. Who reads Stripe's state writes only if nobody wrote in between, so
    # that an older state never replaces a newer one.
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    # What the person was told about: overdue payment, end of the grace period, end of the trial.
    told_overdue_at = models.DateTimeField(null=True, blank=True)
    told_ended_at = models.DateTimeField(null=True, blank=True)
    told_trial_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        indexes = [
            models.Index(fields=["user", "status"], name="membership_of_person"),
            models.Index(fields=["status", "currency"], name="membership_running"),
            models.Index(
                fields=["trial_end"],
                name="membership_trials",
                condition=models.Q(trial_end__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.tier_id} {self.status}"


class PaymentPlan(models.Model):
    """A product that is paid in monthly instalments: a Stripe subscription with an end, mirrored.

    The product is open while the plan is paid, and for good once all of it is. It ends by itself:
    `cancel_at` is set at Stripe as soon as it has begun.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payment_plans"
    )
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="payment_plans")
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="payment_plans")
    stripe_id = models.CharField(max_length=255, unique=True)
    status = models.CharField(_("state"), max_length=18, choices=MembershipStatus.choices)
    instalments = models.PositiveSmallIntegerField(_("payments"))
    # Bills that were paid, as Stripe counts them.
    paid_count = models.PositiveSmallIntegerField(_("paid"), default=0)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    started_at = models.DateTimeField(_("since"))
    current_period_end = models.DateTimeField(_("next payment"), null=True, blank=True)
    cancel_at = models.DateTimeField(_("ends on"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # By our clock: the grace period counts from here (S3).
    past_due_since = models.DateTimeField(_("overdue since"), null=True, blank=True)
    paid_off_at = models.DateTimeField(_("paid off"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("payment plan")
        verbose_name_plural = _("payment plans")
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["user", "product"], name="plan_of_person")]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.paid_count}/{self.instalments} {self.status}"


class Instalment(models.Model):
    """One payment of a subscription or a payment plan, mirrored, with what came back of it."""

    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, null=True, blank=True, related_name="instalments"
    )
    plan = models.ForeignKey(
        PaymentPlan, on_delete=models.CASCADE, null=True, blank=True, related_name="payments"
    )
    stripe_payment_intent_id = models.CharField(max_length=255, unique=True)
    stripe_invoice_id = models.CharField(max_length=255, blank=True)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    amount_received = models.PositiveBigIntegerField(_("received"), default=0)
    refunded_amount = models.PositiveBigIntegerField(_("refunded"), default=0)
    dispute = models.CharField(
        _("dispute"), max_length=4, choices=DisputeState.choices, default=DisputeState.NONE
    )
    receipt_url = models.TextField(blank=True)
    error = models.TextField(_("error"), blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("subscription payment")
        verbose_name_plural = _("subscription payments")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["paid_at"], name="instalment_paid"),
            models.Index(fields=["-created_at", "-id"], name="instalment_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(membership__isnull=True, plan__isnull=False)
                | models.Q(membership__isnull=False, plan__isnull=True),
                name="instalment_of_a_membership_or_a_plan",
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_payment_intent_id

    @property
    def source(self) -> Membership | PaymentPlan:
        """What it is a payment of."""
        if self.membership is not None:
            return self.membership
        assert self.plan is not None  # noqa: S101 - the constraint above
        return self.plan

    @property
    def sold(self) -> Tier | Product:
        """What it paid for."""
        source = self.source
        return source.tier if isinstance(source, Membership) else source.product


class Seat(models.Model):
    """A place in somebody's group membership, for one address."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="seats")
    email = models.EmailField(_("e-mail address"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    state = models.CharField(
        _("state"), max_length=7, choices=SeatState.choices, default=SeatState.INVITED
    )
    invited_at = models.DateTimeField(_("invited"), auto_now_add=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "email"],
                condition=~models.Q(state="removed"),
                name="one_seat_per_address",
            ),
        ]

    def __str__(self) -> str:
        return self.email


class Order(models.Model):
    """One one-off payment, mirrored: a product, a gift or a tip."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders"
    )
    kind = models.CharField(_("kind"), max_length=7, choices=OrderKind.choices)
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="orders"
    )
    price = models.ForeignKey(Price, on_delete=models.PROTECT, null=True, blank=True)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    refunded_amount = models.PositiveBigIntegerField(_("refunded"), default=0)
    status = models.CharField(
        _("state"), max_length=9, choices=OrderStatus.choices, default=OrderStatus.PENDING
    )
    stripe_payment_intent_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    message = models.CharField(_("message"), max_length=500, blank=True)
    receipt_url = models.TextField(blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [
            models.Index(fields=["user", "status"], name="order_of_person"),
            models.Index(fields=["paid_at"], name="order_paid"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Gift(models.Model):
    """A membership bought for somebody else."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="gift")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+")
    months = models.PositiveSmallIntegerField(_("months"), default=12)
    recipient_email = models.EmailField(_("for"))
    recipient_name = models.CharField(_("name"), max_length=120, blank=True)
    message = models.CharField(_("message"), max_length=500, blank=True)
    deliver_at = models.DateTimeField(_("delivered on"))
    state = models.CharField(
        _("state"), max_length=9, choices=GiftState.choices, default=GiftState.UNPAID
    )
    # Only its hash is kept: the code itself is made when the recipient's mail is.
    code_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    redeemed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    redeemed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("gift")
        verbose_name_plural = _("gifts")
        indexes = [
            models.Index(
                fields=["deliver_at"], name="gift_due", condition=models.Q(state="waiting")
            )
        ]

    def __str__(self) -> str:
        return f"{self.months} months for {self.recipient_email}"
