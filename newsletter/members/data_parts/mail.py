"""What somebody wants to be sent, and what they were sent."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from newsletter.accounts.models import User
from newsletter.mailings.actions import erase_deliveries_to, export_deliveries_to
from newsletter.members.personal_data import DataPart, by_staff, cut, deleted, kept, nobodys
from newsletter.outbox.actions import erase_mail_to
from newsletter.outbox.queries import export_mail_to
from newsletter.subscribers.actions import erase_subscriber, export_subscriber

SUBSCRIBERS = DataPart(
    name="subscribers",
    title=_("Newsletters and consent"),
    files={
        "subscriptions": _("The newsletters that you get or got, and how you agreed to them."),
        "consent": _("The record of your consent: each time you agreed or left, and how."),
        "subscription_requests": _("Forms on which somebody asked for newsletters for you."),
        "barred_from_mail": _("What is not mailed to you, and why."),
        "import_lines": _("Lines of uploaded lists that you were in."),
    },
    export=export_subscriber,
    erase=erase_subscriber,
    held=(
        *kept(
            "newsletter.Subscription.user",
            file="subscriptions",
            why="the counts of who came and left, by day and by source, follow from these rows",
        ),
        *cut(
            "newsletter.Subscription.request_ip",
            "newsletter.Subscription.consent_ip",
            file="subscriptions",
        ),
        *cut("newsletter.ConsentEvent.user", "newsletter.ConsentEvent.ip", file="consent"),
        *deleted(
            "newsletter.SubscriptionRequest.address",
            "newsletter.SubscriptionRequest.user",
            "newsletter.SubscriptionRequest.ip",
            "newsletter.SubscriptionRequest.confirmed_ip",
            file="subscription_requests",
        ),
        *cut("newsletter.Suppression.user", file="barred_from_mail"),
        *cut("newsletter.ImportLine.address", file="import_lines"),
        *by_staff(
            "newsletter.ConsentEvent.actor",
            "newsletter.Suppression.created_by",
            "newsletter.SubscriberImport.created_by",
        ),
        *nobodys(
            "newsletter.Newsletter.sender_address",
            "newsletter.Newsletter.reply_to",
            "newsletter.Publication.contact_email",
            why="an address of the publication's own, which it prints",
        ),
    ),
    position=10,
)

MAILINGS = DataPart(
    name="mailings",
    title=_("Letters"),
    files={
        "letters": _("The newsletters that were sent to you, when, and what became of each."),
    },
    export=export_deliveries_to,
    erase=erase_deliveries_to,
    held=(
        *cut("newsletter.Delivery.user", "newsletter.Delivery.address", file="letters"),
        *by_staff("newsletter.Mailing.created_by", "newsletter.MailingEvent.actor"),
    ),
    position=20,
)


def _erase_single_mail(*, user: User) -> None:
    erase_mail_to(address=user.email)


OUTBOX = DataPart(
    name="outbox",
    title=_("Mail to you alone"),
    files={
        "single_mails": _(
            "Codes, confirmations and notices of the last weeks; their texts are not kept once "
            "they are sent."
        ),
    },
    export=lambda user: export_mail_to(user.email),
    erase=_erase_single_mail,
    held=deleted("newsletter.OutgoingEmail.to", file="single_mails"),
    # Late: what the other parts' acts had mailed goes with it.
    position=90,
)
