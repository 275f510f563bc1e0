"""The record of access and payments in plain words; why an account is not deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from newsletter.members.enums import WhyNot

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WORDS: dict[str, StrOrPromise] = {
    "access_given": _("Access was given"),
    "access_refused": _("Access was not given"),
    "access_changed": _("Access was changed"),
    "access_revoked": _("Access was taken"),
    "access_restored": _("Access was given back"),
    "comp_given": _("Access was given for nothing"),
    "comp_moved": _("The end of access given for nothing was moved"),
    "ending_announced": _("They were told by mail that access ends soon"),
    "subscription_begun": _("A subscription began"),
    "subscription_changed": _("The subscription changed"),
    "second_subscription": _("A second subscription began: they pay twice"),
    "change_asked_for": _("A change of plan was asked for"),
    "planned_change_dropped": _("The planned change was dropped"),
    "cancelled": _("The subscription was cancelled; it ends with its period"),
    "resumed": _("The cancellation was taken back"),
    "grace_ended": _("The days of grace are over; nothing was paid"),
    "instalment_changed": _("A payment of the subscription came, came back, or is disputed"),
    "plan_begun": _("A payment plan began"),
    "plan_changed": _("The payment plan changed: a payment came or failed, or its end was set"),
    "dispute_opened": _("A bank disputes a payment; access is suspended as the settings say"),
    "dispute_settled": _("The dispute is settled"),
    "order_changed": _("A single payment came, came back, or is disputed"),
    "withdrawn": _("They withdrew from what they bought"),
    "access_at_once_asked_for": _("They asked for access at once, knowing what that does"),
    "customer_deleted": _("Their customer was deleted at Stripe"),
    "gift_delivered": _("Their gift was delivered"),
    "gift_readdressed": _("The address of their gift was corrected before it was delivered"),
    "gift_sent_again": _("Their gift was sent again, with a new code"),
    "gift_redeemed": _("Their gift was redeemed"),
    "gift_link_made": _("They made a link that gives a piece away"),
    "gift_link_ended": _("A link that gave a piece away was ended"),
    "feed_renewed": _("Their own feed got a new address"),
    "seat_offered": _("A seat was offered"),
    "seat_taken": _("A seat was taken"),
    "seat_removed": _("A seat was taken back"),
    "visit_offered": _("A link to see the site as they do was made"),
    "visit_begun": _("The site was looked at as they see it"),
    "visit_ended": _("That look at the site ended"),
    "copy_asked_for": _("A copy of their data was asked for"),
    "copy_taken": _("A copy of their data was taken by the staff"),
    "deletion_asked_for": _("The account was closed, to be deleted"),
    "deleted": _("Everything about them was deleted"),
}

# To the person themself, and to somebody of the staff.
WHY_NOT_ME: dict[WhyNot, StrOrPromise] = {
    WhyNot.LAST_ADMINISTRATOR: _(
        "You are the only administrator: without you nobody could look after this site. Make "
        "somebody else an administrator first; they can then take your rights away."
    ),
    WhyNot.STAFF: _(
        "You belong to the staff. Ask an administrator to take your rights away; then you can "
        "delete your account here."
    ),
    WhyNot.AUTHOR: _(
        "Articles stand under your name. Ask the staff to put them under another one, or to "
        "delete them; then you can delete your account here."
    ),
    WhyNot.GONE: _("This account has been deleted."),
}
WHY_NOT_THEM: dict[WhyNot, StrOrPromise] = {
    WhyNot.LAST_ADMINISTRATOR: _("This is the only administrator. Make somebody else one first."),
    WhyNot.STAFF: _(
        "They belong to the staff. Take their rights away first, under Name and rights."
    ),
    WhyNot.AUTHOR: _(
        "Articles stand under their name. Put them under another one first, or delete them."
    ),
    WhyNot.GONE: _("This account has been deleted."),
}


def in_words(what: str) -> StrOrPromise:
    """What an entry's code says to people; the code itself where there are no words for it."""
    return WORDS.get(what, what.replace("_", " "))
