"""What was bought, as Stripe has it: subscriptions, their payments, orders, gifts."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.accounts.models import User
from newsletter.lib.moments import moment_column
from newsletter.payments import actions
from newsletter.payments.admin.common import ReadOnly
from newsletter.payments.enums import GiftState
from newsletter.payments.models import Gift, Instalment, Membership, Order
from newsletter.payments.money import show_amount
from newsletter.payments.offering import price_in_words

_PAID = moment_column("paid_at", _("paid"))
_CREATED = moment_column("created_at", _("begun"))
_WITHDRAWN = moment_column("withdrawn_at", _("withdrawn"))
_SINCE = moment_column("started_at", _("since"))
_PERIOD_END = moment_column("current_period_end", _("paid until"))
_TRIAL_END = moment_column("trial_end", _("trial until"))
_CANCEL_AT = moment_column("cancel_at", _("ends on"))
_ENDED = moment_column("ended_at", _("ended"))
_OVERDUE = moment_column("past_due_since", _("overdue since"))
_SUSPENDED = moment_column("suspended_at", _("suspended by a dispute"))
_SYNCED = moment_column("synced_at", _("read at Stripe"))
GIFT_COLOURS = {"waiting": "info", "delivered": "warning", "redeemed": "success", "refunded": ""}


@admin.register(Membership)
class MembershipAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Subscriptions as Stripe has them."""

    list_display = ["user", "tier", "pays", "status", "current_period_end", "cancel_at_period_end"]
    list_filter = ["status", "tier", "cancel_at_period_end"]
    list_select_related = ["user", "tier", "price"]
    search_fields = ["user__email", "user__name", "stripe_id"]
    show_full_result_count = False
    fields: Any = [
        ("user", "tier"),
        ("pays", "quantity"),
        "status",
        (_SINCE, _PERIOD_END),
        _TRIAL_END,
        "then_pays",
        (_CANCEL_AT, "cancel_reason"),
        (_ENDED, _OVERDUE),
        _SUSPENDED,
        ("stripe_id", _SYNCED),
    ]
    readonly_fields = flatten(fields)

    @display(description=_("pays"))
    def pays(self, membership: Membership) -> str:
        """What one period costs them."""
        amount = show_amount(membership.amount, membership.currency)
        return f"{amount} · {membership.price.get_interval_display()}"

    @display(description=_("pays after that"))
    def then_pays(self, membership: Membership) -> str:
        """A change that waits for the period's end; nothing where none does."""
        price = membership.next_price
        if price is None:
            return "\u2013"
        seats = f" \u00d7 {membership.next_quantity}" if (membership.next_quantity or 1) > 1 else ""
        return f"{price.tier}: {price_in_words(price)}{seats}"


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """One-off payments: products, gifts, tips."""

    list_display = ["user", "kind", "product", "paid", "status", "paid_at"]
    list_filter = ["kind", "status"]
    list_select_related = ["user", "product"]
    search_fields = ["user__email", "user__name", "stripe_payment_intent_id"]
    show_full_result_count = False
    fields: Any = [
        ("user", "kind"),
        ("product", "message"),
        ("paid", "given_back"),
        "status",
        (_CREATED, _PAID),
        _WITHDRAWN,
        ("stripe_payment_intent_id", "receipt_url"),
    ]
    readonly_fields = flatten(fields)

    @display(description=_("amount"))
    def paid(self, order: Order) -> str:
        """As it was charged."""
        return show_amount(order.amount, order.currency)

    @display(description=_("refunded"))
    def given_back(self, order: Order) -> str:
        """What was given back of it."""
        return show_amount(order.refunded_amount, order.currency)


@admin.register(Gift)
class GiftAdmin(ModelAdmin):  # type: ignore[misc]
    """Gifts as they stand. A mistyped address is corrected, and what was lost is sent again."""

    list_display = ["recipient_email", "tier", "months", "giver", "standing", "deliver_at"]
    list_filter = ["state", "tier"]
    list_select_related = ["order__user", "tier", "redeemed_by"]
    search_fields = ["recipient_email", "order__user__email"]
    show_full_result_count = False
    actions = ["send_again"]
    fields: Any = [
        "recipient_email",
        "recipient_name",
        "message",
        ("tier", "months"),
        ("giver", "paid"),
        "state",
        ("deliver_at", "delivered_at"),
        ("redeemed_by", "redeemed_at"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gift]:
        """Those that somebody paid for."""
        found: QuerySet[Gift] = super().get_queryset(request)
        return found.exclude(state=GiftState.UNPAID)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are bought."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are the record of a payment."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Gift | None = None) -> bool:
        """While it can still be delivered."""
        is_over = obj is not None and obj.state not in {GiftState.WAITING, GiftState.DELIVERED}
        return not is_over and bool(super().has_change_permission(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Gift | None = None) -> list[str]:
        """Everything but the address."""
        return [name for name in flatten(self.fields) if name != "recipient_email"]

    @display(description=_("from"))
    def giver(self, gift: Gift) -> str:
        """Whoever paid."""
        return gift.order.user.email

    @display(description=_("paid"))
    def paid(self, gift: Gift) -> str:
        """What it cost, and how the payment stands."""
        amount = show_amount(gift.order.amount, gift.order.currency)
        return f"{amount} · {gift.order.get_status_display()}"

    @display(description=_("state"), label=GIFT_COLOURS)
    def standing(self, gift: Gift) -> tuple[str, str]:
        """In words, with a colour."""
        return gift.state, gift.get_state_display()

    def save_model(self, request: HttpRequest, obj: Gift, form: Any, change: bool) -> None:
        """Another address: one that was sent already goes out again, with a new code."""
        if "recipient_email" in form.changed_data:
            self._readdress(request, obj, form.cleaned_data["recipient_email"])

    def _readdress(self, request: HttpRequest, gift: Gift, address: str) -> None:
        actor = cast(User, request.user)
        try:
            if actions.readdress_gift(actor=actor, gift=gift, recipient_email=address):
                return
            if actions.deliver_again(actor=actor, gift=gift, recipient_email=address):
                messages.info(request, _("It was sent again, with a new code."))
            else:
                messages.error(request, _("It was redeemed or given back meanwhile."))
        except actions.GiftRefused as error:
            messages.error(request, str(error))

    @admin.action(description=_("Send the chosen ones again"), permissions=["change"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Gift]) -> None:
        """To the same address with a new code; what was not delivered yet, or is taken, stays."""
        actor, count = cast(User, request.user), 0
        for gift in chosen.filter(state=GiftState.DELIVERED).select_related("order__user", "tier"):
            count += actions.deliver_again(actor=actor, gift=gift) is not None
        said = ngettext("%(count)s gift was sent again.", "%(count)s gifts were sent again.", count)
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, said % {"count": count}, level)


@admin.register(Instalment)
class InstalmentAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Payments of subscriptions and plans, with what came back of them."""

    list_display = ["person", "received", "refunded", "dispute", _PAID]
    list_filter = ["dispute"]
    list_select_related = ["membership__user", "plan__user"]
    search_fields = [
        "membership__user__email",
        "plan__user__email",
        "stripe_payment_intent_id",
    ]
    show_full_result_count = False
    fields: Any = [
        ("person", "what_for"),
        ("received", "refunded"),
        ("dispute", "error"),
        (_CREATED, _PAID),
        ("stripe_payment_intent_id", "receipt_url"),
    ]
    readonly_fields = flatten(fields)

    @display(description=_("person"))
    def person(self, payment: Instalment) -> str:
        """Who paid."""
        return str(payment.source.user)

    @display(description=_("what for"))
    def what_for(self, payment: Instalment) -> str:
        """The tier, or the product that is paid in parts."""
        return str(payment.sold)

    @display(description=_("received"))
    def received(self, payment: Instalment) -> str:
        """As it came."""
        return show_amount(payment.amount_received, payment.currency)

    @display(description=_("refunded"))
    def refunded(self, payment: Instalment) -> str:
        """What was given back of it."""
        return show_amount(payment.refunded_amount, payment.currency)
