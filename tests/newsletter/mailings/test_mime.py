"""The bytes of a mail: cut-up templates must give what a plain rendering gives."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.lib.addresses import is_plain_address
from newsletter.mailings.mime import (
    MessageTemplate,
    Recipient,
    format_address,
    single_line,
)
from newsletter.mailings.placeholders import FIRST_NAME, MANAGE_URL, UNSUBSCRIBE_URL

TOKENS = [FIRST_NAME, MANAGE_URL, UNSUBSCRIBE_URL]

# Everything a mail's text may hold; line ends in all three spellings, long and empty lines.
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=200)
lines = st.sampled_from(
    [
        *("", ".", "..", "=", "=3D", " ", "\t", "--", "From here", "\r\n", "\n", "\r"),
        *("x" * 75, "x" * 76, "x" * 77, "é" * 40, "a " * 60, "🎉" * 30),
    ]
)
pieces = st.lists(st.one_of(words, lines, st.sampled_from(TOKENS)), max_size=12).map("".join)
values = st.fixed_dictionaries({token: st.one_of(words, lines) for token in TOKENS})
names = st.text(st.characters(codec="utf-8"), max_size=120)


def parse(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return unix(found.get_content())


def shown_to(message: EmailMessage) -> tuple[str, list[str]]:
    """Address and words of the name as RFC 2047 has them read.

    `addresses` of the standard library keeps the white space between two encoded words (6.2 says
    to drop it), so the name is decoded by `email.header` and the address taken from the parser.
    """
    (address,) = message["To"].addresses
    raw = message_from_bytes(message.as_bytes(), policy=compat32)["To"]
    phrase = parseaddr(re.sub(r"\r?\n", "", raw))[0]
    return address.addr_spec, str(make_header(decode_header(phrase))).split()


def naive(content: str, own: dict[str, str]) -> str:
    """Replace tokens in one pass, as a template engine would."""
    content = unix(content)
    pattern = re.compile("|".join(map(re.escape, own)))
    return pattern.sub(lambda found: own[found[0]], content)


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(html=pieces, text=pieces, own=values)
def test_template_equals_plain_rendering(html: str, text: str, own: dict[str, str]) -> None:
    template = MessageTemplate(html=html, text=text, headers=[("From", "a@example.com")])
    raw = template.build(Recipient("b@example.com", values=own))
    message = parse(raw)
    assert part(message, "plain") == naive(text, {k: unix(v) for k, v in own.items()})
    escaped = {key: unix(escape(value)) for key, value in own.items()}
    assert part(message, "html") == naive(html, escaped)
    assert raw.isascii()
    assert all(len(line) <= 76 for line in raw.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")


@given(name=names)
def test_m22_any_name_makes_a_right_to_header_and_no_other(name: str) -> None:
    template = MessageTemplate(html="x", text="x", headers=[("From", "a@example.com")])
    raw = template.build(Recipient("b@example.com", name=name))
    message = parse(raw)
    assert message.keys() == ["From", "MIME-Version", "Content-Type", "To", "Date"]
    # Runs of white space may be folded into one.
    assert shown_to(message) == ("b@example.com", single_line(name).split())
    assert all(len(line) <= 78 for line in raw.split(b"\r\n\r\n", 1)[0].split(b"\r\n"))


@pytest.mark.parametrize(
    "name",
    [
        'Robert "Bob" O\'Neil',
        "Lovelace, Ada",
        "Ada\r\nBcc: everyone@example.com",
        "Ada\nX-Evil: 1",
        "عبد الله محمد",
        "Łukasz Żółć, Jr.",
        "🎉 Party 🎉",
        "a@b.example <c@d.example>",
        "\\",
        "=?utf-8?q?not_encoded?=",
        "",
        "x" * 120,
        "ü" * 120,
        "\u202eevil",
        UNSUBSCRIBE_URL,
    ],
)
def test_m22_names_that_broke_others(name: str) -> None:
    template = MessageTemplate(html="x", text="x", headers=[("From", "a@example.com")])
    message = parse(template.build(Recipient("b@example.com", name=name)))
    assert len(message.keys()) == 5
    assert shown_to(message) == ("b@example.com", single_line(name).split())


def test_value_that_looks_like_a_placeholder_is_left_alone() -> None:
    template = MessageTemplate(html=FIRST_NAME, text=FIRST_NAME, headers=[])
    own = {FIRST_NAME: UNSUBSCRIBE_URL, UNSUBSCRIBE_URL: "https://leave.example"}
    message = parse(template.build(Recipient("b@example.com", values=own)))
    assert part(message, "plain").strip() == UNSUBSCRIBE_URL


def test_html_values_are_escaped_and_text_values_are_not() -> None:
    template = MessageTemplate(html=FIRST_NAME, text=FIRST_NAME, headers=[])
    message = parse(template.build(Recipient("b@example.com", values={FIRST_NAME: "<b>&\"'"})))
    assert part(message, "plain").strip() == "<b>&\"'"
    assert part(message, "html").strip() == "&lt;b&gt;&amp;&quot;&#x27;"


def test_missing_value_is_an_error_and_not_an_empty_place() -> None:
    template = MessageTemplate(html=FIRST_NAME, text="x", headers=[])
    with pytest.raises(KeyError):
        template.build(Recipient("b@example.com"))


@pytest.mark.parametrize(
    "subject",
    ["Ünïcode and a very long subject " * 4, "One\r\nBcc: x@example.com", "🎉", "plain", " a  b "],
)
def test_subject_is_one_right_header(subject: str) -> None:
    template = MessageTemplate(html="x", text="x", headers=[("Subject", subject)])
    message = parse(template.build(Recipient("b@example.com")))
    assert str(message["Subject"]).split() == single_line(subject).split()
    assert "Bcc" not in message


@pytest.mark.parametrize(
    "subject",
    [
        # Folding by the standard library's newer policy lost a space in each of these.
        "für was geht wann Freie: das geht ist Freie: & 😀 was Maß &",
        "ist café café 😀 Nein wert Verhandeln café Nein wert ist Maß Freie: Nein wann &",
        "Verhandeln Nein Größe Verhandeln Größe das 交渉 Nein 日本語",
        # It put this one on a line of its own, beneath an empty "Subject:".
        "What a no is worth, what a yes costs, and when it is time to stop and walk on",
        "It says =?utf-8?q?this?= and means it",
    ],
)
def test_m22_a_long_subject_keeps_every_sign(subject: str) -> None:
    template = MessageTemplate(html="x", text="x", headers=[("Subject", subject)])
    raw = template.build(Recipient("b@example.com"))
    assert str(parse(raw)["Subject"]) == subject
    lines = raw.partition(b"\r\nMIME-Version")[0].split(b"\r\n")
    assert lines[0] != b"Subject:"
    assert max(map(len, lines)) <= 78


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no-at.example.com",
        "two@at@example.com",
        "with space@example.com",
        "line\r\nRCPT TO:<x@example.com>@example.com",
        "angle>@example.com",
        "ünï@example.com",
        "a@b",
        "a@exa mple.com",
        "a" * 250 + "@example.com",
    ],
)
def test_m11_malformed_address_is_refused_before_any_server_sees_it(address: str) -> None:
    assert not is_plain_address(address)
    with pytest.raises(ValueError, match=r"^"):
        format_address("Ada", address)


@pytest.mark.parametrize("address", ["a@b.example", "o'neil+tag_x@sub.example.co.uk"])
def test_usual_addresses_pass(address: str) -> None:
    assert is_plain_address(address)
