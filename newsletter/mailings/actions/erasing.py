"""Export and erasure of what one person was sent."""

from __future__ import annotations

from django.db import transaction

from newsletter.accounts.models import User
from newsletter.lib.addresses import erased_address
from newsletter.lib.plain_rows import PlainRow, plain_rows
from newsletter.mailings.enums import OPEN_STATES
from newsletter.mailings.models import Delivery


@transaction.atomic
def erase_deliveries_to(*, user: User) -> None:
    """Take the address out of every delivery to a person; the rows stay, and so every count.

    What a worker may have in hand keeps its claim and its person until it is settled: nobody is
    sent to whose account is closed, and the next run finds the row again. The caller (account
    erasure) has the permission. Safe to repeat.
    """
    own = Delivery.objects.filter(user=user)
    # A server's words and its number for the mail both lead to the address.
    own.update(address=erased_address(user.pk), error="", provider_id="")
    own.exclude(state__in=OPEN_STATES).update(user=None, subscription_id=None)


def export_deliveries_to(user: User) -> dict[str, list[PlainRow]]:
    """Every newsletter that was sent to a person, as plain data; their texts are on the site."""
    return {
        "letters": plain_rows(
            Delivery.objects.filter(user=user).order_by("pk"),
            subject="mailing__subject",
            newsletter="mailing__newsletter__name",
            sent_from="mailing__started_at",
            address="address",
            state="state",
            left_out_because="suppressed_because",
            attempts="attempts",
            error="error",
            number_at_provider="provider_id",
            changed_at="changed_at",
        )
    }
