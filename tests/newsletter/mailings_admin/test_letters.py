"""Writing a letter, looking at it, trying it out, sending it."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.lib.mailbox import address_of, message_names, message_path
from newsletter.mailings import actions
from newsletter.mailings.enums import MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing, MailingEvent
from newsletter.subscribers.models import Newsletter
from tests.factories.articles import ArticleFactory
from tests.factories.mailings import MailingFactory, prepared_mailing, subscribe
from tests.factories.subscribers import NewsletterFactory

pytestmark = pytest.mark.django_db
ADD = "/admin/newsletter/mailing/add/"


@pytest.fixture
def newsletter() -> Newsletter:
    return NewsletterFactory()


def typed(newsletter: Newsletter, **changes: Any) -> dict[str, Any]:
    return {
        "subject": "An open evening",
        "preheader": "",
        "newsletter": newsletter.pk,
        "audience": "all",
        "body_html": "<p>Come on Thursday.</p>",
        **changes,
    }


def url(mailing: Mailing, name: str = "change") -> str:
    return reverse(f"admin:newsletter_mailing_{name}", args=[mailing.pk])


def test_a_letter_is_written_and_changed(desk: Client, newsletter: Newsletter) -> None:
    assert desk.get(ADD).status_code == 200
    response = desk.post(ADD, typed(newsletter, body_html="<p>Hi</p><script>x</script>"))
    mailing = Mailing.objects.get()
    assert response["Location"] == url(mailing)
    assert (mailing.state, mailing.body_html) == (MailingState.DRAFT, "<p>Hi</p>")
    desk.post(url(mailing), typed(newsletter, subject="A\nclosed  evening"))
    mailing.refresh_from_db()
    assert mailing.subject == "A closed evening"


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    desk: Client, newsletter: Newsletter
) -> None:
    response = desk.post(ADD, typed(newsletter, subject="", body_html="<p>Kept</p>"))
    assert response.status_code == 422
    assert "Kept" in response.content.decode()
    assert not Mailing.objects.exists()


def test_a_letter_on_its_way_can_no_longer_be_changed(desk: Client, newsletter: Newsletter) -> None:
    mailing = MailingFactory(newsletter=newsletter)
    page = desk.post(url(mailing), typed(newsletter, subject="Too late"), follow=True)
    assert "can no longer be changed" in page.content.decode()
    mailing.refresh_from_db()
    assert mailing.subject == "What a no is worth"


@pytest.mark.parametrize(
    ("button", "leads_to"),
    [("_send", "/send/"), ("_preview", "/preview/mailing/"), ("_save", "/change/")],
)
def test_whatever_button_is_pressed_what_was_typed_is_stored(
    desk: Client, newsletter: Newsletter, button: str, leads_to: str
) -> None:
    response = desk.post(ADD, typed(newsletter, **{button: "1"}))
    assert leads_to in response["Location"]
    assert Mailing.objects.get().subject == "An open evening"


def test_m23_a_test_mail_goes_to_oneself_and_leaves_no_trace(
    desk: Client, author: User, newsletter: Newsletter
) -> None:
    subscribe(newsletter, 2)
    mailing = MailingFactory(newsletter=newsletter, state=MailingState.DRAFT)
    desk.post(url(mailing, "test"))
    desk.post(reverse("admin:newsletter_mailing_test_article", args=[ArticleFactory().pk]))
    names = message_names()
    assert [address_of(name) for name in names] == [author.email] * 2
    for name in names:
        path = message_path(name)
        assert path is not None
        raw = path.read_bytes()
        assert b"List-Unsubscribe" not in raw
        assert b"[Test]" in raw
    assert not Delivery.objects.exists()
    assert not Batch.objects.exists()
    assert not MailingEvent.objects.exists()
    mailing.refresh_from_db()
    assert (mailing.state, mailing.audience_count) == (MailingState.DRAFT, 0)


@pytest.mark.parametrize("part", ["", "?part=html", "?part=text"])
def test_m23_a_preview_holds_no_live_link_and_counts_nothing(desk: Client, part: str) -> None:
    article = ArticleFactory(newsletter=NewsletterFactory())
    subscribe(article.newsletter, 1)
    mailing = MailingFactory(state=MailingState.DRAFT)
    for path in (
        reverse("mailings:preview-mail", args=[article.pk]),
        reverse("mailings:preview-mailing", args=[mailing.pk]),
    ):
        response = desk.get(path + part)
        assert response.status_code == 200
        html = response.content.decode()
        assert "@@" not in html
        assert "/unsubscribe/" not in html
        assert response["X-Robots-Tag"] == "noindex"
    assert not Delivery.objects.exists()


def test_the_preview_shows_what_each_kind_of_reader_gets(desk: Client) -> None:
    article = ArticleFactory(access="paid", body="<p>Above.</p><hr data-paywall><p>zanzibar</p>")
    path = reverse("mailings:preview-mail", args=[article.pk])
    assert "zanzibar" not in desk.get(f"{path}?part=html&as=free").content.decode()
    assert "zanzibar" in desk.get(f"{path}?part=html&as=full").content.decode()
    page = desk.get(path).content.decode()
    assert "?as=free" in page
    assert "?as=full" in page


def test_m18_the_preview_of_what_was_sent_is_what_was_sent(desk: Client) -> None:
    mailing = prepared_mailing(body_html="<p>As sent.</p>")
    Mailing.objects.filter(pk=mailing.pk).update(body_html="<p>Changed.</p>")
    html = desk.get(reverse("mailings:preview-mailing", args=[mailing.pk]) + "?part=html")
    assert "As sent." in html.content.decode()


def test_the_mail_in_the_preview_is_framed_by_us_and_runs_nothing(desk: Client) -> None:
    mailing = MailingFactory(state=MailingState.DRAFT)
    response = desk.get(reverse("mailings:preview-mailing", args=[mailing.pk]) + "?part=html")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_the_send_page_says_to_how_many_and_one_press_does_it(
    desk: Client, newsletter: Newsletter
) -> None:
    subscribe(newsletter, 3)
    mailing = MailingFactory(newsletter=newsletter, state=MailingState.DRAFT, scheduled_at=None)
    page = desk.get(url(mailing, "send")).content.decode()
    assert "Send to 3 people now" in page
    response = desk.post(url(mailing, "send"), {"when": "now"})
    assert response["Location"] == url(mailing)
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SCHEDULED
    assert actions.due_mailings().filter(pk=mailing.pk).exists()


def test_m4_a_second_press_is_told_that_it_has_been_sent(
    desk: Client, newsletter: Newsletter
) -> None:
    subscribe(newsletter, 1)
    mailing = MailingFactory(newsletter=newsletter, state=MailingState.DRAFT)
    desk.post(url(mailing, "send"), {"when": "now"})
    response = desk.post(url(mailing, "send"), {"when": "now"})
    assert response.status_code == 409
    assert MailingEvent.objects.filter(mailing=mailing, what="scheduled").count() == 1


@time_machine.travel("2026-11-12 09:00 +0000", tick=False)
def test_it_is_scheduled_in_the_authors_own_time(desk: Client, newsletter: Newsletter) -> None:
    subscribe(newsletter, 1)
    mailing = MailingFactory(newsletter=newsletter, state=MailingState.DRAFT)
    later = {"when": "later", "day": "2026-11-13", "time": "07:30"}
    page = desk.post(url(mailing, "send"), later, follow=True).content.decode()
    mailing.refresh_from_db()
    assert mailing.scheduled_at.isoformat() == "2026-11-13T06:30:00+00:00"
    assert "13 November 2026, 07:30" in page
    past = {"when": "later", "day": "2026-11-12", "time": "07:30"}
    draft = MailingFactory(newsletter=newsletter, state=MailingState.DRAFT)
    response = desk.post(url(draft, "send"), past)
    assert response.status_code == 422
    assert "has passed" in response.content.decode()
    assert desk.post(url(draft, "send"), {"when": "later"}).status_code == 422


def test_what_must_be_put_right_is_said_before_it_can_be_sent(
    desk: Client, newsletter: Newsletter
) -> None:
    subscribe(newsletter, 1)
    mailing = MailingFactory(
        newsletter=newsletter, state=MailingState.DRAFT, body_html="<p>Hello @@SURNAME@@</p>"
    )
    page = desk.get(url(mailing, "send")).content.decode()
    assert "Must be put right" in page
    assert "@@SURNAME@@" in page
    assert "It cannot be sent like this." in page
    assert "Send to" not in page.partition("desk-question")[2].partition("It cannot")[0]


def test_an_empty_audience_is_said_and_offers_no_button(desk: Client) -> None:
    mailing = MailingFactory(state=MailingState.DRAFT)
    page = desk.get(url(mailing, "send")).content.decode()
    assert "There is nobody to send it to" in page
    assert 'value="now"' not in page
