"""What the author is told before a mailing goes out."""

from __future__ import annotations

from functools import partial

import pytest

from newsletter.mailings.placeholders import MANAGE_URL, UNSUBSCRIBE_URL
from newsletter.mailings.preflight import (
    GMAIL_LIMIT,
    Finding,
    Level,
    check_mail,
    mail_size,
    sender_findings,
    txt_records,
)
from newsletter.mailings.rendering import preflight
from newsletter.memberships.enums import Access
from tests.factories.mailings import MailingFactory, SentArticleFactory

HTML = f'<p>Hello</p><a href="{UNSUBSCRIBE_URL}">Leave</a> <a href="{MANAGE_URL}">Choose</a>'
TEXT = f"Hello\n\nLeave: {UNSUBSCRIBE_URL}"


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.level.value) for finding in findings]


def test_good_mail_has_no_findings() -> None:
    assert check_mail("A subject", HTML, TEXT) == []


@pytest.mark.parametrize(
    ("subject", "html", "text", "expected"),
    [
        ("s", HTML + "@@NAME@@", TEXT, ("placeholder", "error")),
        ("s", HTML, TEXT + "@@NAME@@", ("placeholder", "error")),
        ("Hello @@NAME@@", HTML, TEXT, ("placeholder", "error")),
        ("Hello @@FIRST_NAME@@", HTML, TEXT, ("placeholder", "error")),
        ("s", "<p>no link</p>", TEXT, ("unsubscribe", "error")),
        ("s", HTML, "no link", ("unsubscribe", "error")),
        (" ", HTML, TEXT, ("subject", "error")),
        ("s", HTML + '<img src="a.png">', TEXT, ("alt", "warning")),
        ("s", HTML + '<a href="https://site.example/nowhere/at/all/">x</a>', TEXT,
         ("dead-link", "warning")),
        ("s", HTML + '<a href="#">x</a>', TEXT, ("empty-link", "warning")),
        ("s", HTML + "<a>x</a>", TEXT, ("empty-link", "warning")),
    ],
)  # fmt: skip
def test_finding(subject: str, html: str, text: str, expected: tuple[str, str], settings) -> None:
    settings.SITE_URL = "https://site.example"
    assert codes(check_mail(subject, html, text)) == [expected]


def test_empty_text_part_is_an_error() -> None:
    assert ("text", "error") in codes(check_mail("s", HTML, " \n"))


@pytest.mark.parametrize(
    "html",
    [
        '<img src="a.png" alt="">',
        '<a href="https://elsewhere.example/whatever">x</a>',
        '<a href="https://site.example/unsubscribe/x/">x</a>',
        '<a href="https://site.example/media/images/a.png">x</a>',
        '<a href="mailto:me@site.example">x</a>',
    ],
)
def test_no_finding(html: str, settings) -> None:
    settings.SITE_URL = "https://site.example"
    assert check_mail("s", HTML + html, TEXT) == []


def test_m21_more_than_gmail_shows_is_a_warning_counted_after_the_links_are_put_in() -> None:
    room = GMAIL_LIMIT - mail_size(HTML)
    fits = HTML + "x" * room
    assert check_mail("s", fits, TEXT) == []
    (finding,) = check_mail("s", fits + "x", TEXT)
    assert (finding.code, finding.level) == ("size", Level.WARNING)
    assert "103 KB" in finding.message
    # The raw size would not have shown it: a link is longer than its placeholder.
    assert len(fits + "x") < GMAIL_LIMIT


def test_m21_size_is_counted_in_bytes() -> None:
    assert mail_size("é" * 10) == 20


@pytest.mark.django_db
def test_preflight_looks_at_every_variant_and_says_each_thing_once() -> None:
    article = SentArticleFactory(
        access=Access.PAID, body="<p>@@A@@</p><hr data-paywall><p>@@B@@</p>"
    )
    mailing = MailingFactory(article=article, newsletter=article.newsletter)
    messages = [f.message for f in preflight(mailing) if f.level is Level.ERROR]
    assert messages == [
        "These placeholders would be left: @@A@@, @@B@@.",
        "These placeholders would be left: @@A@@.",
    ]


@pytest.mark.django_db
def test_preflight_of_an_ordinary_article_finds_no_error() -> None:
    article = SentArticleFactory()
    mailing = MailingFactory(article=article, newsletter=article.newsletter)
    assert [f for f in preflight(mailing) if f.level is Level.ERROR] == []


def test_sender_without_spf_and_dmarc_is_warned_about() -> None:
    assert codes(sender_findings("x.example", lambda name: [])) == [
        ("spf", "warning"),
        ("dmarc", "warning"),
    ]


def test_sender_with_both_is_not() -> None:
    records = {"x.example": ["v=spf1 -all"], "_dmarc.x.example": ["V=DMARC1; p=none"]}
    assert sender_findings("x.example", lambda name: records[name]) == []


def test_without_a_network_nothing_is_said() -> None:
    def offline(_name: str) -> list[str]:
        raise OSError("no network")

    assert sender_findings("x.example", offline) == []


def test_real_lookup_without_a_network_ends_soon_and_says_nothing(monkeypatch) -> None:
    from dns import resolver

    nowhere = resolver.Resolver(configure=False)
    nowhere.nameservers, nowhere.port = ["127.0.0.1"], 1
    monkeypatch.setattr(resolver, "default_resolver", nowhere)
    assert sender_findings("x.example", partial(txt_records, seconds=0.2)) == []
