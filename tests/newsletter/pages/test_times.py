"""Every time on the account, at the desk and in the mailbox is the viewer's own, and exact."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from newsletter.accounts.models import User
from newsletter.articles.enums import ArticleState
from newsletter.lib.moments import moment_html, with_moment
from newsletter.mailings.actions import start_mailing
from newsletter.mailings.models import Mailing
from newsletter.memberships.actions import grant_comp
from newsletter.outbox.actions import queue_email
from newsletter.subscribers.actions import suppress
from newsletter.subscribers.enums import SuppressionReason
from tests.factories.accounts import PASSWORD, StaffFactory
from tests.factories.articles import ArticleFactory, PublishedArticleFactory
from tests.factories.mailings import MailingFactory, prepared_mailing, send_all
from tests.factories.memberships import TierFactory
from tests.factories.subscribers import SubscriptionFactory
from tests.newsletter.subscribers.imports import upload

pytestmark = pytest.mark.django_db
KOLKATA = ZoneInfo("Asia/Kolkata")
CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b|\b\d{1,2}(?::\d\d)? [ap]\.m\.|\b(?:noon|midnight)\b")
TIME = re.compile(r'<time datetime="([^"]+)">([^<]+)</time>')


@pytest.fixture
def author(settings: Any) -> User:
    settings.STAFF_SECOND_FACTOR = False
    settings.DEBUG = True
    settings.EMAIL_BACKEND = "newsletter.lib.mailbox.LocalMailboxBackend"
    author = StaffFactory(name="Ada Winter", time_zone="Asia/Kolkata", last_login=timezone.now())
    Authenticator.objects.create(user=author, type=Authenticator.Type.RECOVERY_CODES, data={})
    return author


@pytest.fixture
def desk(client: Client, author: User) -> Client:
    client.post("/account/login/password/", {"login": author.email, "password": PASSWORD})
    client.force_login(author, backend="django.contrib.auth.backends.ModelBackend")
    return client


def list_of(name: str) -> str:
    return reverse(f"admin:newsletter_{name}_changelist")


def change(row: Any) -> str:
    return reverse(f"admin:newsletter_{row._meta.model_name}_change", args=[row.pk])


def the_front(author: User) -> list[str]:
    tomorrow = timezone.now() + timedelta(days=1)
    ArticleFactory(author=author, state=ArticleState.SCHEDULED, published_at=tomorrow)
    ArticleFactory(author=author)
    prepared_mailing()
    Mailing.objects.update(started_at=timezone.now())
    return ["/admin/"]


def articles(author: User) -> list[str]:
    published = PublishedArticleFactory(author=author)
    draft = ArticleFactory(author=author, newsletter=SubscriptionFactory().newsletter)
    revision = published.history.first()
    assert revision is not None
    return [
        list_of("article"),
        change(published),
        reverse("admin:newsletter_article_publish", args=[draft.pk]),
        reverse("admin:newsletter_article_revisions", args=[published.pk]),
        reverse("admin:newsletter_article_revision", args=[published.pk, revision.history_id]),
    ]


def mailings(author: User) -> list[str]:
    sent = prepared_mailing()
    send_all()
    later = MailingFactory(state="draft", scheduled_at=None)
    start_mailing(actor=author, mailing=later, at=timezone.now() + timedelta(days=2))
    draft = MailingFactory(state="draft", scheduled_at=None, newsletter=sent.newsletter)
    return [
        list_of("mailing"),
        change(sent),
        change(later),
        reverse("admin:newsletter_mailing_deliveries", args=[sent.pk]),
        reverse("admin:newsletter_mailing_send", args=[draft.pk]),
    ]


def audience(author: User) -> list[str]:
    row = SubscriptionFactory(left=True)
    suppression = suppress(
        address=row.user.email,
        reason=SuppressionReason.MANUAL,
        newsletter=row.newsletter,
        actor=author,
    )
    job = upload(author, row.newsletter, "email\na@example.com\n")
    return [
        list_of("subscription"),
        change(row),
        list_of("suppression"),
        change(suppression),
        list_of("subscriberimport"),
        change(job),
    ]


def people(author: User) -> list[str]:
    grant = grant_comp(
        actor=author,
        user=SubscriptionFactory().user,
        tier=TierFactory(),
        ends_at=timezone.now() + timedelta(days=30),
        reason="A gift",
    )
    return [list_of("user"), change(author), list_of("grant"), change(grant)]


def mail(author: User) -> list[str]:
    queued = queue_email(
        kind="sign_in",
        to=author.email,
        template="sign_in_unknown",
        context={"address": author.email},
        expires_at=timezone.now() + timedelta(hours=1),
    )
    message = EmailMultiAlternatives("Hello", "x", "a@example.com", [author.email])
    get_connection("newsletter.lib.mailbox.LocalMailboxBackend").send_messages([message])
    return [list_of("outgoingemail"), change(queued), f"/dev/mail/?to={author.email}"]


def account(_author: User) -> list[str]:
    return [reverse("accounts:list-sessions")]


@pytest.mark.parametrize(
    "pages",
    [the_front, articles, mailings, audience, people, mail, account],
    ids=lambda f: f.__name__,
)
def test_times_are_the_viewers_own(
    desk: Client, author: User, pages: Callable[[User], list[str]]
) -> None:
    for path in pages(author):
        response = desk.get(path, follow=True)
        assert response.status_code == 200, path
        html = re.sub(
            r"<(script|style|option|textarea)\b.*?</\1>|<input\b[^>]*>",
            "",
            response.content.decode(),
            flags=re.DOTALL,
        )
        times = TIME.findall(html)
        assert times, path
        for exact, shown in times:
            at = parse_datetime(exact)
            assert at is not None
            assert at.utcoffset() == timedelta(hours=5, minutes=30), f"{path}: {exact}"
            clock = re.search(r"\d\d:\d\d", shown)
            assert clock is None or clock[0] == f"{at:%H:%M}"
        beside = re.sub(r"<[^>]*>", " ", TIME.sub("", html))
        assert CLOCK.findall(beside) == [], path


def test_no_template_writes_a_clock_by_itself() -> None:
    """`{% moment %}` does. Mails are no pages: nothing there reads `datetime`."""
    wrong = []
    for file in Path(django_settings.BASE_DIR, "templates").rglob("*.html"):
        if "emails" in file.parts:
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if re.search(r"""\|time\b|\|date:["'][^"']*[aAgGhHifPr]""", line):
                wrong.append(f"{file}:{number}")
    assert wrong == []


def test_a_moment_is_read_and_exact() -> None:
    at = datetime(2026, 7, 1, 22, 30, 15, 7, tzinfo=UTC)
    with timezone.override(KOLKATA):
        exact = '<time datetime="2026-07-02T04:00:15+05:30">'
        assert moment_html(at) == f"{exact}2 July 2026, 04:00</time>"
        assert moment_html(at, "j M") == f"{exact}2 Jul</time>"
        assert (
            with_moment("It's <on> %(when)s", at, "H:i")
            == f"It&#x27;s &lt;on&gt; {exact}04:00</time>"
        )
    assert moment_html(None) == ""
