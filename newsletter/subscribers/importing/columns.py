"""Which column is what.

Knows the exports of Ghost, Substack, Mailchimp, listmonk and Buttondown.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

# Names as they stand in exports, lower case, with spaces and hyphens as underscores.
EMAIL = {
    "email",
    "email_address",
    "e_mail",
    "e_mail_address",
    "mail",
    "address",
    "subscriber_email",
}
NAME = {"name", "full_name", "fullname", "display_name", "subscriber_name"}
FIRST = {"first_name", "firstname", "given_name", "fname"}
LAST = {"last_name", "lastname", "family_name", "surname", "lname"}
DATE = {
    "subscribed_at",
    "created_at",
    "confirm_time",
    "optin_time",
    "creation_date",
    "subscription_date",
    "date_subscribed",
    "start_date",
    "signup_date",
}
# Says "yes" of those who get mail.
WANTS = {
    "state",
    "status",
    "subscribed",
    "subscribed_to_emails",
    "subscription_status",
    "subscriber_type",
    "active",
}
# Says "yes", or holds a date, of those who do not.
LEFT = {
    "email_disabled",
    "unsubscribed",
    "unsubscribed_at",
    "unsub_time",
    "unsubscribe_date",
    "unsubscription_date",
    "clean_time",
}


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
    wanting = _find(names, WANTS)
    full = _find(names, NAME)
    return Columns(
        email=email,
        name=full,
        first_name=_find(names, FIRST) if full is None else None,
        last_name=_find(names, LAST) if full is None else None,
        subscribed_at=_find(names, DATE),
        state=leaving if leaving is not None else wanting,
        state_is_leaving=leaving is not None,
        has_header=has_header,
    )


def is_leaving_column(header: str) -> bool:
    """Whether a column of this name says "yes" of those who left."""
    return _plain(header) in LEFT


def _plain(header: str) -> str:
    return "_".join(header.strip().lower().replace("-", " ").replace("_", " ").split())


def _find(names: list[str], wanted: set[str]) -> int | None:
    return next((number for number, name in enumerate(names) if name in wanted), None)


def _column_of_addresses(rows: list[list[str]]) -> int | None:
    width = max((len(row) for row in rows), default=0)
    counts = [
        sum("@" in row[column] for row in rows if column < len(row)) for column in range(width)
    ]
    best = max(range(width), key=counts.__getitem__, default=None)
    return best if best is not None and counts[best] * 2 > len(rows) else None
