"""What Outlook, Gmail and Apple Mail need of a mail's HTML (M21, M25)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from newsletter.lib.emails import render_email
from newsletter.lib.html_tree import parse, serialise
from newsletter.lib.mail_look import mail_look
from newsletter.mailings.compose import FREE, FULL
from newsletter.mailings.mail_body import mail_html_of
from newsletter.mailings.models import Mailing
from newsletter.mailings.preflight import GMAIL_LIMIT, mail_size
from newsletter.mailings.rendering import preflight, render_variant
from newsletter.publication.models import Publication
from tests.factories.subscribers import NewsletterFactory
from tests.newsletter.mail_design.linter import problems_of

pytestmark = pytest.mark.django_db

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "emails"
ALL_MAILS = sorted(path.parent.name for path in TEMPLATES.glob("*/subject.txt"))


@pytest.mark.parametrize("variant", [FREE, FULL])
def test_m25_a_letter_with_every_node_holds_in_outlook(mailing: Mailing, variant: str) -> None:
    assert problems_of(render_variant(mailing, variant).html) == []


@pytest.mark.parametrize("name", ALL_MAILS)
def test_m25_every_mail_of_the_site_holds_in_outlook(name: str, publication: Publication) -> None:
    url = "https://example.com/courses/less/one/"
    context: dict[str, Any] = {
        key: f"https://example.com/{key}/"
        for key in ("link", "confirm_url", "manage_url", "url", "choose", "leave", "queue")
    }
    context |= {
        "publication": publication,
        "newsletters": [NewsletterFactory.build()],
        "asked_at": timezone.now(),
        "happened_at": timezone.now(),
        "code": "481 516",
        "minutes": 15,
        "days": 7,
        "count": 5,
        "more": 2,
        "waiting": 4,
        "others": 2,
        "address": "o'neill@example.com",
        "notice": "It's changed.",
        "mail_subject": "Two lessons have opened",
        "course": {"title": "Say “less”"},
        "opened": [
            {"title": "Say “less”", "says": "“It's” open.", "button": "Begin", "url": url},
            {"title": "Say no", "says": "So is this.", "button": "Begin", "url": url},
        ],
        "certificates": [
            {"title": "Say “less”", "url": url, "choose": url},
            {"title": "Say no", "url": url, "choose": url},
        ],
        "lessons": [
            {"lesson": {"title": "One", "summary": "It's first.", "minutes": 4}, "url": url},
            {"lesson": {"title": "Two", "summary": "", "minutes": 1}, "url": url},
        ],
    }
    mail = render_email(name, context)
    assert problems_of(mail.html) == []
    assert mail.subject
    assert publication.name in mail.text
    assert "<" not in mail.text.replace("<b>", "")


def test_the_rules_find_what_they_forbid() -> None:
    bad = (
        '<a href="/x"><table><tr><td style="float:left"></td></tr></table></a>'
        '<img src="/a.png" style="height:auto">&apos;<p>x</p>'
    )
    found = " ".join(problems_of(bad))
    for part in (
        "table inside",
        "Outlook does not know",
        "without alt",
        "automatic size",
        "no stated width",
        "absolute address",
        "leads nowhere",
        "&apos;",
        "dark mode",
        "margin",
        "language",
    ):
        assert part in found, part


def test_a_link_around_a_picture_and_text_is_moved_inside_of_them(mailing: Mailing) -> None:
    html = '<a href="https://x.example/">Before<blockquote><p>inside</p></blockquote>after</a>'
    rebuilt = mail_html_of(parse(html), mail_look(Publication()))
    tree = parse(rebuilt)
    assert not [t for a in tree.walk() if a.tag == "a" for t in a.walk() if t.tag == "table"]
    assert sorted(a.text() for a in tree.walk() if a.tag == "a") == ["Before", "after", "inside"]
    assert serialise(tree.children) == rebuilt


def test_m21_an_essay_of_1500_words_stays_far_below_what_gmail_cuts(mailing: Mailing) -> None:
    mailing.article.body = "".join(
        f"<p>{'twelve words that stand for a line of text here ' * 10}</p>" for _ in range(15)
    )
    mail = render_variant(mailing, FULL)
    assert mail_size(mail.html) < GMAIL_LIMIT / 3
    assert [finding.code for finding in preflight(mailing) if finding.code == "size"] == []


def test_m21_the_author_is_warned_of_a_mail_that_gmail_would_cut(mailing: Mailing) -> None:
    mailing.article.body = f"<p>{'word ' * 30_000}</p>"
    assert "size" in [finding.code for finding in preflight(mailing)]


def test_a_right_to_left_publication_is_set_from_the_right(
    publication: Publication, mailing: Mailing
) -> None:
    publication.language = "ar"
    publication.save()
    html = render_variant(mailing, FULL).html
    assert problems_of(html) == []
    assert '<html lang="ar" dir="rtl"' in html
    assert "text-align:right" in html
    assert "padding-right:18px" in html
    assert "border-right:3px" in html


def test_works_with_pictures_off(mailing: Mailing) -> None:
    html = render_variant(mailing, FULL).html
    picture = html.partition('alt="A bridge"')[0].rpartition("<img")[2]
    after = html.partition('alt="A bridge"')[2].partition(">")[0]
    assert "font-style:italic" in picture + after
    assert 'width="536"' in picture + after
