"""What one line of the file asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from newsletter.lib.addresses import is_plain_address, normalise_address
from newsletter.subscribers.importing.columns import Columns
from newsletter.subscribers.names import clean_name

YES = frozenset(
    [
        "yes",
        "y",
        "true",
        "t",
        "1",
        "x",
        "active",
        "enabled",
        "subscribed",
        "confirmed",
        "free",
        "paid",
        "premium",
        "regular",
        "comp",
        "gift",
        "trial",
        "founding",
        "author",
        "gifted",
        "past_due",
    ]
)
NO = frozenset(
    [
        "no",
        "n",
        "false",
        "f",
        "0",
        "inactive",
        "disabled",
        "unsubscribed",
        "blocklisted",
        "blacklisted",
        "bounced",
        "cleaned",
        "complained",
        "churned",
        "removed",
        "deleted",
        "spam",
        "cancelled",
        "canceled",
        "complaint",
        "junk",
        "blocked",
        "undeliverable",
        "invalid",
        "opted_out",
        "hard_bounced",
    ]
)
WAITING = frozenset(["pending", "unconfirmed", "unactivated", "unverified", "validating"])
# In a column of dates: none.
NOTHING = frozenset(["null", "none", "-", "0000_00_00_00:00:00"])
# Addresses of plain shape need not go through Django's whole validator, which is slow.
PLAIN_ADDRESS = re.compile(
    r"[a-z0-9_.+-]{1,60}@(?:[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?\.)+[a-z]{2,20}"
)
# Nobody signed up by mail before.
FIRST_YEAR = 1970
# Our own export puts one before cells that a spreadsheet would take for a formula.
FORMULA_GUARD = re.compile(r"^'(?=[=+\-@\t\r])")


class Wish(Enum):
    """What the state column says; without one everybody wants mail."""

    MAIL = "mail"
    NO_MAIL = "no mail"
    NEVER_CONFIRMED = "never confirmed"


@dataclass(frozen=True, slots=True)
class Line:
    """One record, read. `problem` says why it cannot be used; `note` is a lesser remark."""

    number: int
    address: str
    name: str = ""
    subscribed_at: datetime | None = None
    wish: Wish = Wish.MAIL
    problem: str = ""
    note: str = ""


def read_line(number: int, cells: list[str], columns: Columns, now: datetime) -> Line:
    """Read the record with this number in the file (the header is 1)."""
    typed = _cell(cells, columns.email)
    address = normalise_address(typed)
    if not typed:
        return Line(number, "", problem=_("There is no address in this line."))
    if not _is_address(address):
        return Line(number, typed[:320], problem=_("This is not an e-mail address."))
    said = _cell(cells, columns.state)
    wish = _wish(said, leaving=columns.state_is_leaving)
    if _wish(_cell(cells, columns.left), leaving=True) is Wish.NO_MAIL:
        wish = Wish.NO_MAIL
    if wish is None:
        problem = _("The state “%(state)s” is not known; nothing was assumed.") % {
            "state": said[:60]
        }
        return Line(number, address, problem=problem)
    moment, note = _moment(_cell(cells, columns.subscribed_at), now)
    return Line(number, address, _name(cells, columns), moment, wish, note=note)


def _cell(cells: list[str], column: int | None) -> str:
    if column is None or column >= len(cells):
        return ""
    cell = cells[column].strip().strip("\ufeff")
    return FORMULA_GUARD.sub("", cell) if cell.startswith("'") else cell


def _name(cells: list[str], columns: Columns) -> str:
    whole = _cell(cells, columns.name)
    parts = [_cell(cells, columns.first_name), _cell(cells, columns.last_name)]
    return clean_name(whole or " ".join(part for part in parts if part))


def _is_address(address: str) -> bool:
    if len(address) > 254:
        return False
    if PLAIN_ADDRESS.fullmatch(address) and ".." not in address:
        return not address.startswith(".") and ".@" not in address
    try:
        validate_email(address)
    except ValidationError:
        return False
    return is_plain_address(address)


def _wish(said: str, *, leaving: bool) -> Wish | None:
    plain = said.lower().replace(" ", "_").replace("-", "_")
    if leaving:
        is_empty = not plain or plain in NO or plain in NOTHING
        return Wish.MAIL if is_empty else Wish.NO_MAIL
    if not plain or plain in YES:
        return Wish.MAIL
    if plain in WAITING:
        return Wish.NEVER_CONFIRMED
    return Wish.NO_MAIL if plain in NO else None


def _moment(text: str, now: datetime) -> tuple[datetime | None, str]:
    """The date of signing up. Day and month in doubtful order are not guessed at."""
    if not text:
        return None, ""
    moment: datetime | None = None
    plain = _as_iso(text)
    try:
        moment = parse_datetime(plain)
        if moment is None and (day := parse_date(plain)):
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        moment = None
    # Programs write the first day of all for "never", and no zone west of Greenwich can show it.
    if moment is None or moment.year < FIRST_YEAR:
        return None, _("The date “%(date)s” was not read; the day of the import was taken.") % {
            "date": text[:40]
        }
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(moment, now), ""


def _as_iso(text: str) -> str:
    """Kit and beehiiv write "UTC" after the time; with full stops the day comes first."""
    text = re.sub(r" (?:UTC|GMT)$", "Z", text)
    return re.sub(r"^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b,?", r"\3-\2-\1", text)
