"""What our mails say: once, in the right number, at the reader's own hour."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from newsletter.lib.emails import RenderedEmail, render_email
from newsletter.mailings.compose import FREE
from newsletter.mailings.models import Mailing
from newsletter.mailings.rendering import render_variant
from newsletter.publication.models import Publication
from tests.factories.articles import PublishedArticleFactory
from tests.factories.subscribers import NewsletterFactory

pytestmark = pytest.mark.django_db

SUMMER = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
LINK = "https://example.org/x/"
TEMPLATES: dict[str, dict[str, Any]] = {
    "sign_in": {"code": "KXF-TRW", "link": LINK, "minutes": 15, "address": "a@example.com"},
    "sign_in_unknown": {"address": "a@example.com"},
    "sign_in_closed": {"address": "a@example.com"},
    "security_notice": {
        "notice": "A passkey was added to your account.",
        "happened_at": SUMMER,
        "ip": "203.0.113.7",
        "link": LINK,
    },
    "confirm_subscription": {"confirm_url": LINK, "asked_at": SUMMER, "days": 7},
    "already_subscribed": {"manage_url": LINK, "asked_at": SUMMER},
    "begin_course": {
        "course": SimpleNamespace(title="Saying no", promise="Turn it down."),
        "letter": SimpleNamespace(name="Good Terms"),
        "confirm_url": LINK,
        "asked_at": SUMMER,
        "days": 7,
    },
}


@pytest.fixture
def good_terms() -> Publication:
    return Publication(
        name="Good Terms",
        postal_address="Good Terms, 9 Ropewalk, Ghent",
        contact_email="letters@example.com",
        time_zone="Europe/Brussels",
    )


def render(name: str, publication: Publication, **context: Any) -> RenderedEmail:
    return render_email(name, {"publication": publication, **TEMPLATES[name], **context})


def letters(*names: str) -> list[Any]:
    return [SimpleNamespace(name=name, cadence="every other Tuesday") for name in names]


def flat(text: str) -> str:
    return " ".join(re.sub(r"<(style|head)\b.*?</\1>|<[^>]+>", " ", text, flags=re.DOTALL).split())


def sentences(part: str) -> list[str]:
    apart = re.sub(r"</(?:p|li|td)>|\n\n", " ¶ ", part)
    return re.split(r"[.:] | ¶", flat(apart))


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_sentence_says_the_publications_name_twice(name: str, good_terms: Publication) -> None:
    mail = render(name, good_terms, newsletters=letters("Good Terms"))
    assert mail.subject.count("Good Terms") <= 1
    for sentence in sentences(mail.html) + sentences(mail.text):
        assert sentence.count("Good Terms") <= 1, sentence


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_left_open_in_a_mail(name: str, good_terms: Publication) -> None:
    mail = render(name, good_terms, newsletters=letters("Good Terms", "The Clause"))
    for part in (mail.subject, mail.html, mail.text):
        assert not re.search(r"\{[{%]|None|%\(", part)
    assert all(len(line) <= 72 or "http" in line for line in mail.text.splitlines())
    for link in re.findall(r"https?://[^\s<>\"]+", mail.text):
        assert f'href="{link}"' in mail.html


@pytest.mark.parametrize(
    ("names", "asked", "button"),
    [
        (("Good Terms",), "asked to get this letter at this address", "Yes, send me the letter"),
        (
            ("Good Terms", "The Clause"),
            "asked to get these letters at this address",
            "Yes, send me the letters",
        ),
    ],
)
def test_one_letter_or_several(
    names: tuple[str, ...], asked: str, button: str, good_terms: Publication
) -> None:
    mail = render("confirm_subscription", good_terms, newsletters=letters(*names))
    assert asked in flat(mail.html)
    assert asked in flat(mail.text)
    assert f">{button}<" in mail.html


def test_a_time_is_said_in_the_publications_zone(good_terms: Publication) -> None:
    mail = render("confirm_subscription", good_terms, newsletters=letters("Good Terms"))
    for part in (flat(mail.html), flat(mail.text)):
        assert "2 July 2026, 00:30 CEST" in part


def test_a_time_is_said_in_the_persons_own_zone(good_terms: Publication) -> None:
    person = SimpleNamespace(time_zone="Asia/Kolkata")
    mail = render("security_notice", good_terms, user=person)
    for part in (flat(mail.html), flat(mail.text)):
        assert "2 July 2026, 04:00 IST" in part
    good_terms.time_zone = "Gone/Nowhere"
    person.time_zone = "Also/Nowhere"
    assert "1 July 2026, 22:30 UTC" in render("security_notice", good_terms, user=person).text


def test_the_address_to_write_to_can_be_clicked(good_terms: Publication) -> None:
    assert 'href="mailto:letters@example.com"' in render("sign_in_closed", good_terms).html


@pytest.mark.parametrize(
    ("newsletter", "reason"),
    [
        ("Good Terms", "signed up for Good Terms."),
        ("good terms", "signed up for good terms."),
        ("Good Terms Weekly", "signed up for Good Terms Weekly."),
        ("The Clause", "signed up for The Clause at Good Terms."),
    ],
)
def test_the_footer_says_the_name_once(
    newsletter: str, reason: str, publication: Publication
) -> None:
    mailing = Mailing.objects.create(
        article=PublishedArticleFactory(),
        newsletter=NewsletterFactory(name=newsletter),
        subject="One",
    )
    mail = render_variant(mailing, FREE)
    assert f"You get this because you {reason}" in flat(mail.html)
    assert f"You get this because you {reason}" in flat(mail.text)


def test_the_words_with_a_gift_keep_their_lines(good_terms: Publication) -> None:
    gift = SimpleNamespace(
        recipient_name='Ada "שרה" <O\'Neil> 🎉',
        months=3,
        tier="Members",
        message="Dear Ada,\n\nhappy birthday & all that.\nBen",
    )
    context = {"publication": good_terms, "gift": gift, "giver": "Ben", "code": "X", "link": LINK}
    mail = render_email("gift", context)
    assert "\n    Dear Ada,\n\n    happy birthday & all that.\n    Ben\n\nYour code: X" in mail.text
    shown = re.sub(r" style=\"[^\"]*\"", "", mail.html)
    assert "<p>Dear Ada,</p>\n<p>happy birthday &amp; all that.<br>Ben</p>" in shown
    assert 'Dear Ada "שרה" <O\'Neil> 🎉,' in mail.text
