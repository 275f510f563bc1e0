"""Which column is what.

Knows the exports of Ghost, Substack, Mailchimp, listmonk, Buttondown, Kit, beehiiv and MailerLite.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

# Names as they stand in exports, lower case, with underscores for spaces and hyphens. Surest first.
EMAIL = (
    "email",
    "email_address",
    "e_mail",
    "e_mail_address",
    "subscriber_email",
    "mail",
    # Of a house, where there is one of the others.
    "address",
)
NAME = ("name", "full_name", "fullname", "display_name", "subscriber_name")
FIRST = ("first_name", "firstname", "given_name", "fname")
LAST = ("last_name", "lastname", "family_name", "surname", "lname")
DATE = (
    "subscribed_at",
    # Mailchimp writes the other only of those who were asked to confirm.
    "confirm_time",
    "optin_time",
    "created_at",
    "creation_date",
    "subscription_date",
    "date_subscribed",
    "start_date",
    "signup_date",
)
SUBSCRIBED = "subscribed"
# Says "yes" of those who get mail.
WANTS = (
    "status",
    "state",
    "subscription_status",
    "subscriber_type",
    "subscribed_to_emails",
    SUBSCRIBED,
    "active",
)
# Says "yes", or holds a date, of those who do not.
LEFT = (
    "email_disabled",
    "unsubscribed",
    "unsubscribed_at",
    "unsub_time",
    "unsubscribe_date",
    "unsubscription_date",
    "clean_time",
)
_DATE = re.compile(r"\d{1,4}[-/.]\d")


@dataclass(frozen=True)
class Columns:
    """Column numbers from nought; None where there is no such column."""

    email: int
    name: int | None = None
    first_name: int | None = None
    last_name: int | None = None
    subscribed_at: int | None = None
    state: int | None = None
    # The state column says "yes" of those who left.
    state_is_leaving: bool = False
    # A column besides that of the state, with "yes" or a date of those who left.
    left: int | None = None
    has_header: bool = True

    def as_json(self) -> dict[str, Any]:
        """For SubscriberImport.mapping."""
        return asdict(self)


def guess_columns(sample: list[list[str]]) -> Columns | None:
    """Guess from the first records; None where no column holds addresses."""
    if not sample:
        return None
    has_header = not any("@" in cell for cell in sample[0])
    names = [_plain(cell) for cell in sample[0]] if has_header else []
    email = _find(names, EMAIL)
    rows = sample[1:] if has_header else sample
    if email is None:
        email = _column_of_addresses(rows)
    if email is None:
        return None
    leaving = _find(names, LEFT)
    wanting, date = _state_and_date(names, rows, is_leaving=leaving is not None)
    full, first, last = _find(names, NAME), _find(names, FIRST), _find(names, LAST)
    if first is None and last is not None:
        # MailerLite: "Name" beside "Last name".
        full, first = None, full
    return Columns(
        email=email,
        name=full,
        first_name=first if full is None else None,
        last_name=last if full is None else None,
        subscribed_at=date,
        state=leaving if wanting is None else wanting,
        state_is_leaving=wanting is None and leaving is not None,
        left=None if wanting is None else leaving,
        has_header=has_header,
    )


def _state_and_date(
    names: list[str], rows: list[list[str]], *, is_leaving: bool
) -> tuple[int | None, int | None]:
    """The columns of the state and of signing up, which some call alike."""
    wanting, date = _find(names, WANTS), _find(names, DATE)
    if date is None and SUBSCRIBED in names and _holds_dates(rows, names.index(SUBSCRIBED)):
        # MailerLite says "Subscribed" of the moment.
        date = names.index(SUBSCRIBED)
    if wanting is not None and names[wanting] == SUBSCRIBED and _holds_dates(rows, wanting):
        wanting = _find(names, WANTS[WANTS.index(SUBSCRIBED) + 1 :])
    if wanting is None and is_leaving:
        # Buttondown's. By itself the word is too common to mean this.
        wanting = _find(names, ("type",))
    return wanting, date


def _holds_dates(rows: list[list[str]], column: int) -> bool:
    cells = [row[column].strip() for row in rows if column < len(row)]
    return any(cells) and all(_DATE.match(cell) for cell in cells if cell)


def is_leaving_column(header: str) -> bool:
    """Whether a column of this name says "yes" of those who left."""
    return _plain(header) in LEFT


def _plain(header: str) -> str:
    return "_".join(header.strip().lower().replace("-", " ").replace("_", " ").split())


def _find(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _column_of_addresses(rows: list[list[str]]) -> int | None:
    width = max((len(row) for row in rows), default=0)
    counts = [
        sum("@" in row[column] for row in rows if column < len(row)) for column in range(width)
    ]
    best = max(range(width), key=counts.__getitem__, default=None)
    return best if best is not None and counts[best] * 2 > len(rows) else None
