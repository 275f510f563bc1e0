"""The parts that the slices below this one hold on a person; later ones register their own."""

from newsletter.members.data_parts.desk import DESK_LOG, MEMBERS
from newsletter.members.data_parts.mail import MAILINGS, OUTBOX, SUBSCRIBERS
from newsletter.members.data_parts.money import MEMBERSHIPS, PAYMENTS
from newsletter.members.data_parts.people import ACCOUNTS
from newsletter.members.data_parts.texts import ARTICLES, COMMENTS
from newsletter.members.personal_data import register_part


def register_all() -> None:
    """State what is always there, in the order in which a copy tells of it."""
    for part in (
        ACCOUNTS,
        SUBSCRIBERS,
        MAILINGS,
        OUTBOX,
        ARTICLES,
        COMMENTS,
        MEMBERSHIPS,
        PAYMENTS,
        MEMBERS,
        DESK_LOG,
    ):
        register_part(part)
