"""One mailbox has one spelling, whatever was typed."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.lib.addresses import is_address, normalise_address, readable_address

# Text that looks like an address, so that hypothesis spends its time where the code is.
ADDRESS_LIKE = st.builds("{}@{}".format, st.text(), st.text())
DOMAINS = ["bücher.example", "BÜCHER.example", "bu\u0308cher.example", "xn--bcher-kva.example"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_spellings_of_one_domain_are_one_address(domain: str) -> None:
    assert normalise_address(f"ada@{domain}") == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("ada@example.com", "ada@example.com"),
        ("xn--bcher-kva@example.com", "xn--bcher-kva@example.com"),
        ("ada@xn--\u00fc.example", "ada@xn--\u00fc.example"),
        ("ada@xn--99zzz9.example", "ada@xn--99zzz9.example"),
        ("", ""),
    ],
)
def test_people_are_shown_the_spelling_they_know(stored: str, shown: str) -> None:
    assert readable_address(stored) == shown


@given(ADDRESS_LIKE)
@example("ada@bücher.example")
def test_what_is_shown_leads_back_to_what_is_stored(typed: str) -> None:
    stored = normalise_address(typed)
    assert normalise_address(readable_address(stored)) == stored


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Ada@Example.COM \n", "ada@example.com"),
        ("ada@example.com.", "ada@example.com"),
        ("\u200bada@example.com\ufeff", "ada@example.com"),
        ("ada@example.com", "ada@example.com"),
        ("ada.l+news@example.com", "ada.l+news@example.com"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@点看。example", "ada@xn--3pxu8k.example"),
        ("no address", "no address"),
        ("ada@", "ada@"),
        ("ada@exa mple.com", "ada@exa mple.com"),
        (f"ada@{'ü' * 70}.example", f"ada@{'ü' * 70}.example"),
    ],
)
def test_typed_and_stored(typed: str, stored: str) -> None:
    assert normalise_address(typed) == stored


@given(st.one_of(st.text(), ADDRESS_LIKE))
@example("İ@İ.com")
@example("a@b .")
@example("a@\u0130\u0307.\u200d")
@example("\u1e9e@\u1e9e")
@settings(max_examples=400, deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise_address(text)
    assert normalise_address(once) == once


def test_every_code_point_settles() -> None:
    for code in [*range(0xD800), *range(0xE000, 0x110000)]:
        once = normalise_address(f"a{chr(code)}b@example.com")
        assert normalise_address(once) == once, hex(code)


@given(st.text(), st.sampled_from(DOMAINS))
@settings(deadline=None)
def test_case_never_makes_two_people_of_ascii_letters(local: str, domain: str) -> None:
    ascii_local = "".join(c for c in local if c.isascii() and c.isalnum()) or "a"
    assert normalise_address(f"{ascii_local.upper()}@{domain}") == normalise_address(
        f"{ascii_local.lower()}@{domain}"
    )


@pytest.mark.parametrize(
    "wrong", ["", "ada", "ada@", "@example.com", "ada@exa mple.com", "a\nb@example.com"]
)
def test_what_is_no_address(wrong: str) -> None:
    assert not is_address(normalise_address(wrong))


def test_an_address_that_the_table_cannot_hold_is_none() -> None:
    assert is_address("a" * 60 + "@" + "b" * 60 + ".example")
    assert not is_address("a" * 64 + "@" + ".".join(["b" * 60] * 4) + ".example")
