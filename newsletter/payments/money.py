"""Amounts of money: integers in the currency's minor unit, typed and shown in the reader's way."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

# https://docs.stripe.com/currencies: charged in whole units …
ZERO_DECIMAL = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf"}
    | {"xof", "xpf"}
)
# … and in thousandths, of which Stripe takes the last digit as 0 only.
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
# Stripe keeps two decimals for these for the sake of old integrations; they have none in use.
TWO_DECIMAL_BY_HISTORY = frozenset({"isk", "ugx"})
SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥", "chf": "CHF ", "krw": "₩", "inr": "₹"}
# The least that Stripe charges, in minor units. Others have a least amount too, near to these;
# Stripe says so itself.
LEAST = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
# Eight digits in most currencies: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
MOST = 99_999_999
# Languages that write a decimal comma and yet put the symbol first.
SYMBOL_FIRST = frozenset({"nl", "pt-br", "tr", "id"})
ARABIC_MARKS = {"\u066b": ".", "\u066c": ","}
NO_BREAK_SPACE = "\u00a0"
_SPACES = re.compile(r"[\s\u00a0\u202f'\u2019]+")


class BadAmount(ValueError):
    """The amount cannot be charged in this currency; the message says why."""


def decimals(currency: str) -> int:
    """How many decimal places an amount of `currency` has at Stripe."""
    code = currency.lower()
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def to_minor(amount: Decimal, currency: str) -> int:
    """Return `amount` (19.90) in minor units (1990). Raises BadAmount for too many decimals."""
    if not amount.is_finite():
        raise BadAmount(_("This is not an amount."))
    code, places = currency.upper(), decimals(currency)
    # By the exponent and not by multiplying, which rounds what is longer than 28 digits.
    if amount.normalize().adjusted() > 20 or amount < 0:
        raise BadAmount(_("An amount must be positive and of a sensible size."))
    scaled = amount.scaleb(places)
    if scaled != scaled.to_integral_value():
        raise BadAmount(
            _("%(currency)s has %(places)d decimal places.") % {"currency": code, "places": places}
        )
    minor = int(scaled)
    if minor % smallest_step(currency) and places == 3:
        raise BadAmount(_("Stripe charges %(currency)s in steps of 0.010.") % {"currency": code})
    if minor % smallest_step(currency):
        raise BadAmount(_("Stripe charges %(currency)s in whole units.") % {"currency": code})
    return minor


def smallest_step(currency: str) -> int:
    """Stripe moves multiples of so many minor units alone: charges, and refunds, too."""
    code = currency.lower()
    return 10 if code in THREE_DECIMAL else 100 if code in TWO_DECIMAL_BY_HISTORY else 1


def to_decimal(minor: int, currency: str) -> Decimal:
    """Return an amount in minor units as a decimal number of the currency's unit."""
    return Decimal(minor).scaleb(-decimals(currency))


def least_amount(currency: str) -> int:
    """The least that can be charged, in minor units."""
    return LEAST.get(currency.lower(), 1)


def check_amount(minor: int, currency: str) -> int:
    """Return `minor` if Stripe charges that much, or raise BadAmount."""
    least = least_amount(currency)
    if minor < least:
        raise BadAmount(
            _("The least that can be charged is %(amount)s.")
            % {"amount": show_amount(least, currency)}
        )
    if minor > MOST:
        raise BadAmount(
            _("The most that can be charged is %(amount)s.")
            % {"amount": show_amount(MOST - MOST % 10, currency)}
        )
    return minor


def parse_amount(text: str, currency: str) -> int:
    """Return what was typed ("19,90", "1.234,50", "€ 5") in minor units, or raise BadAmount.

    Read as the active language writes numbers; a point or a comma that it does not use like that
    is still understood where it can mean only one thing ("19.90" in German), and refused where it
    might mean another ("1.230" Kuwaiti dinars): no amount is ever a thousand times too large.
    """
    typed = _SPACES.sub("", text)
    for mark in (currency.upper(), currency.lower(), SYMBOLS.get(currency.lower(), "").strip()):
        typed = typed.removeprefix(mark).removesuffix(mark) if mark else typed
    typed = "".join(_plain(character) for character in typed)
    if not re.fullmatch(r"\d[\d.,]*|[.,]\d+", typed, re.ASCII):
        raise BadAmount(_("“%(text)s” is not an amount.") % {"text": text.strip()[:40]})
    whole, fraction = _split(typed, currency)
    return to_minor(Decimal(f"{whole or 0}.{fraction or 0}"), currency)


def _plain(character: str) -> str:
    """A digit of any script as 0-9, the Arabic separators as ours."""
    if character in ARABIC_MARKS:
        return ARABIC_MARKS[character]
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _split(typed: str, currency: str) -> tuple[str, str]:
    """Return the digits before and after the decimal separator."""
    marks = {mark for mark in ".," if mark in typed}
    if not marks:
        return typed, ""
    last = max(marks, key=typed.rfind)
    whole, _mark, fraction = typed.rpartition(last)
    if len(marks) == 2:
        # Both: the last one is the decimal separator, the other one groups.
        return _ungrouped(whole, "," if last == "." else "."), fraction
    if typed.count(last) > 1:
        return _ungrouped(typed, last), ""
    is_decimal = last == str(formats.get_format("DECIMAL_SEPARATOR"))[:1]
    looks_grouped = len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    if is_decimal or not looks_grouped:
        return whole, fraction
    if decimals(currency) == 3:
        raise BadAmount(_("Is this a thousand or a decimal? Please write it without separators."))
    return whole + fraction, ""


def _ungrouped(digits: str, mark: str) -> str:
    """Take out the marks between groups of three (of two, in India, but for the last)."""
    groups = digits.split(mark)
    right = (
        all(groups)
        and (len(groups) == 1 or len(groups[-1]) == 3)
        and all(2 <= len(group) <= 3 for group in groups[1:-1])
        and (len(groups) == 1 or len(groups[0]) <= 3)
        and digits.replace(mark, "").isdigit()
    )
    if not right:
        raise BadAmount(_("“%(text)s” is not an amount.") % {"text": digits[:40]})
    return "".join(groups)


def show_amount(minor: int, currency: str) -> str:
    """Return "€6", "€6.50", "6,50 €" or "12,000 ISK" as the active language writes it."""
    code, places = currency.lower(), decimals(currency)
    if code in TWO_DECIMAL_BY_HISTORY or minor % 10**places == 0:
        places = 0
    number = formats.number_format(to_decimal(abs(minor), code), places, force_grouping=True)
    symbol = SYMBOLS.get(code)
    if symbol is None:
        shown = f"{number}{NO_BREAK_SPACE}{code.upper()}"
    elif _symbol_follows():
        shown = f"{number}{NO_BREAK_SPACE}{symbol.strip()}"
    else:
        shown = f"{symbol.replace(' ', NO_BREAK_SPACE)}{number}"
    return f"-{shown}" if minor < 0 else shown


def _symbol_follows() -> bool:
    language = (get_language() or "en").lower()
    return (
        formats.get_format("DECIMAL_SEPARATOR") == ","
        and language not in SYMBOL_FIRST
        and language.split("-")[0] not in SYMBOL_FIRST
    )
