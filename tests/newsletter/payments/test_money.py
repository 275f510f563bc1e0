"""S11: amounts are typed, kept and shown right in currencies with 0, 2 and 3 decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.payments import money
from newsletter.payments.money import BadAmount, parse_amount, show_amount

LANGUAGES = ["en", "en-gb", "de", "de-ch", "fr", "nl", "pt-br", "ja", "hi", "pl", "ar", "tr", "sv"]
CURRENCIES = ["eur", "usd", "chf", "jpy", "krw", "kwd", "tnd", "isk", "ugx", "sek"]
calm = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def chargeable(minor: int, currency: str) -> int:
    """The nearest amount that Stripe charges."""
    if currency in money.THREE_DECIMAL:
        return minor - minor % 10
    return minor - minor % 100 if currency in money.TWO_DECIMAL_BY_HISTORY else minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("19.90", "EUR", 1990),
        ("0.5", "usd", 50),
        ("500", "JPY", 500),
        ("5.250", "KWD", 5250),
        ("1", "kwd", 1000),
        ("1200", "ISK", 120000),
        ("1E+3", "eur", 100000),
    ],
)
def test_s11_amounts_are_kept_in_the_minor_unit(amount, currency, minor):
    assert money.to_minor(Decimal(amount), currency) == minor
    assert money.to_decimal(minor, currency) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1.999", "EUR"),
        ("500.5", "JPY"),
        ("5.255", "KWD"),
        ("5.2500001", "KWD"),
        ("12.50", "ISK"),
        ("-1", "EUR"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("1E+30", "EUR"),
        ("0.00000000000000000000000000000000001", "EUR"),
    ],
)
def test_s11_what_stripe_does_not_charge_is_refused(amount, currency):
    with pytest.raises(BadAmount):
        money.to_minor(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("language", "typed", "currency", "minor"),
    [
        ("en", "19.90", "eur", 1990),
        ("en", "1,234.50", "eur", 123450),
        ("en", "1,234", "eur", 123400),
        ("en", "19,90", "eur", 1990),
        ("en", " € 5 ", "eur", 500),
        ("en", "5 EUR", "eur", 500),
        ("en", "$5.5", "usd", 550),
        ("en", ".5", "eur", 50),
        ("en", "5.", "eur", 500),
        ("en", "1,00,000", "inr", 10000000),
        ("en", "1.230", "kwd", 1230),
        ("en", "12,000", "jpy", 12000),
        ("de", "19,90", "eur", 1990),
        ("de", "19.90", "eur", 1990),
        ("de", "1.234,50", "eur", 123450),
        ("de", "1.234", "eur", 123400),
        ("de", "1,234.50", "eur", 123450),
        ("de", "12.000", "jpy", 12000),
        ("de", "1,230", "kwd", 1230),
        ("de", "0.500", "kwd", 500),
        ("fr", "1\u202f234,50 €", "eur", 123450),
        ("de-ch", "1\u2019234.50", "chf", 123450),
        ("ar", "\u0661\u0669\u066b\u0669\u0660", "eur", 1990),
    ],
)
def test_an_author_types_amounts_as_they_are_used_to(language, typed, currency, minor):
    with translation.override(language):
        assert parse_amount(typed, currency) == minor


@pytest.mark.parametrize(
    ("language", "typed", "currency"),
    [
        ("en", "", "eur"),
        ("en", "five", "eur"),
        ("en", "-5", "eur"),
        ("en", "1e3", "eur"),
        ("en", "1.2.3", "eur"),
        ("en", "1,23,4", "eur"),
        ("en", "1,,234", "eur"),
        ("en", "5 USD", "eur"),
        ("en", "1.234", "eur"),
        ("de", "1,234", "eur"),
        ("de", "1.230", "kwd"),
        ("en", "1,230", "kwd"),
        ("en", "12.50", "jpy"),
        ("en", "½", "eur"),
        ("en", "9" * 60, "eur"),
        ("en", "0." + "0" * 60 + "1", "eur"),
    ],
)
def test_what_is_no_amount_or_might_be_another_is_refused(language, typed, currency):
    with translation.override(language), pytest.raises(BadAmount) as caught:
        parse_amount(typed, currency)
    assert str(caught.value)


@pytest.mark.parametrize(
    ("language", "minor", "currency", "shown"),
    [
        ("en", 600, "eur", "€6"),
        ("en", 650, "eur", "€6.50"),
        ("en", 123450, "usd", "$1,234.50"),
        ("en", 12000, "jpy", "¥12,000"),
        ("en", 5250, "kwd", "5.250\u00a0KWD"),
        ("en", 1200000, "isk", "12,000\u00a0ISK"),
        ("en", 500, "chf", "CHF\u00a05"),
        ("en", -650, "eur", "-€6.50"),
        ("de", 650, "eur", "6,50\u00a0€"),
        ("de", 123450, "EUR", "1.234,50\u00a0€"),
        ("nl", 650, "eur", "€6,50"),
    ],
)
def test_amounts_are_shown_as_the_reader_writes_them(language, minor, currency, shown):
    with translation.override(language):
        assert show_amount(minor, currency) == shown


@calm
@given(
    minor=st.integers(0, money.MOST),
    currency=st.sampled_from(CURRENCIES),
    language=st.sampled_from(LANGUAGES),
)
def test_s11_what_is_shown_can_be_typed_again(minor, currency, language):
    minor = chargeable(minor, currency)
    with translation.override(language):
        shown = show_amount(minor, currency)
        try:
            assert parse_amount(shown, currency) == minor
        except BadAmount:
            # "1,234 KWD" might be 1.234: whoever types that is asked.
            assert currency in money.THREE_DECIMAL
            assert minor % 1000 == 0


@calm
@given(minor=st.integers(0, 10**15), currency=st.sampled_from(CURRENCIES))
def test_s11_there_and_back_again(minor, currency):
    minor = chargeable(minor, currency)
    assert money.to_minor(money.to_decimal(minor, currency), currency) == minor


@calm
@given(
    typed=st.text(st.sampled_from("0123456789., €'-eE٣½\u00a0"), max_size=12) | st.text(max_size=6),
    currency=st.sampled_from(CURRENCIES),
    language=st.sampled_from(LANGUAGES),
)
def test_anything_typed_is_an_amount_or_refused(typed, currency, language):
    with translation.override(language):
        try:
            minor = parse_amount(typed, currency)
        except BadAmount:
            return
    assert minor >= 0
    # The digits are those that were typed: nothing is scaled by what it was not.
    digits = "".join(str(int(c)) for c in typed if c.isdecimal())
    assert str(minor).rstrip("0").lstrip("0") == digits.rstrip("0").lstrip("0")


def test_s11_the_least_amounts_are_stripes():
    assert money.check_amount(50, "EUR") == 50
    assert money.check_amount(50, "jpy") == 50
    for minor, currency in [(49, "eur"), (29, "gbp"), (0, "kwd"), (100_000_000, "usd")]:
        with pytest.raises(BadAmount, match="charged"):
            money.check_amount(minor, currency)
