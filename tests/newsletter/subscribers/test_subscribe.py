"""Asking to join: the form, its errors, and what happens next."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.outbox.models import OutgoingEmail
from newsletter.publication.models import Publication
from newsletter.subscribers import actions
from newsletter.subscribers.enums import RequestAnswer, SubscriptionState
from newsletter.subscribers.human_check import opened_now
from newsletter.subscribers.models import ConsentEvent, Subscription, SubscriptionRequest
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.subscribers.helpers import answer_all, link_in, opened_before, post_form

pytestmark = pytest.mark.django_db


def test_asking_and_confirming_makes_a_subscriber_with_a_record(client):
    letter, other = NewsletterFactory(), NewsletterFactory()
    response = post_form(client, " Anna@Example.COM ", letter, other, name="Anna", page="/about/")
    assert response.status_code == 302
    page = client.get(response["Location"]).content.decode()
    assert "anna@example.com" in page
    assert "hello@localhost" in page

    (email,) = answer_all()
    assert (email.to, email.kind) == ("anna@example.com", "confirm-subscription")
    assert {row.state for row in Subscription.objects.all()} == {SubscriptionState.PENDING}
    user = User.objects.get(email="anna@example.com")
    assert (user.name, user.email_confirmed_at) == ("", None)

    path = link_in(email, "subscribe/confirm")
    response = client.post(path, REMOTE_ADDR="203.0.113.9")
    assert response.status_code == 200
    assert "You are on the list" in response.content.decode()
    user.refresh_from_db()
    assert user.name == "Anna"
    assert user.email_confirmed_at
    for row in Subscription.objects.all():
        assert row.state == SubscriptionState.ACTIVE
        assert row.consent_at
        assert "/about/" in row.consent_detail
        assert "link to leave" in row.consent_detail
        assert (row.request_ip, row.consent_ip) == ("127.0.0.1", "203.0.113.9")
    kinds = sorted(ConsentEvent.objects.values_list("what", flat=True))
    assert kinds == ["confirmed", "confirmed", "requested", "requested"]


def test_w5_forms_set_no_cookie_and_refuse_other_sites(client):
    letter = NewsletterFactory()
    assert not client.get("/subscribe/").cookies
    response = post_form(client, "a@example.com", letter)
    assert not response.cookies
    assert not client.get(response["Location"]).cookies
    (email,) = answer_all()
    path = link_in(email, "subscribe/confirm")
    for page in ("/subscribe/", path, response["Location"]):
        refused = client.post(page, headers={"Sec-Fetch-Site": "cross-site"})
        assert refused.status_code == 403, page
        assert not refused.cookies
    assert not client.post(path, headers={"Sec-Fetch-Site": "same-origin"}).cookies
    assert Subscription.objects.get().state == SubscriptionState.ACTIVE


def test_errors_keep_what_was_typed(client):
    letter, other = NewsletterFactory(), NewsletterFactory()
    response = post_form(client, "anna at example", other, name="Anna Ō'Neill")
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="anna at example"' in page
    assert "Anna Ō&#x27;Neill" in page
    assert f'value="{other.slug}" id="id_newsletters_1" checked' in page.replace(
        ' aria-describedby="id_newsletters_error"', ""
    )
    assert f'value="{letter.slug}" id="id_newsletters_0">' in page
    assert "looks like anna@example.com" in page
    assert not SubscriptionRequest.objects.exists()


def test_nothing_chosen_and_closed_newsletters_are_refused(client):
    letter = NewsletterFactory()
    closed = NewsletterFactory(is_archived=True)
    NewsletterFactory()
    assert "Choose at least one" in post_form(client, "a@example.com").content.decode()
    assert post_form(client, "a@example.com", closed).status_code == 422
    assert post_form(client, "a@example.com", letter).status_code == 302


def test_the_only_newsletter_need_not_be_named(client):
    letter = NewsletterFactory()
    assert post_form(client, "a@example.com").status_code == 302
    assert SubscriptionRequest.objects.get().newsletter_ids == [letter.pk]


def test_throw_away_addresses_are_refused_while_the_author_says_so(client):
    letter = NewsletterFactory()
    for address in ("x@mailinator.com", "x@sub.mailinator.com"):
        page = post_form(client, address, letter)
        assert page.status_code == 422
        assert "throw-away address" in page.content.decode()
    Publication.objects.create(pk=1, block_disposable_addresses=False)
    assert post_form(client, "x@mailinator.com", letter).status_code == 302


def test_a_slip_in_the_domain_is_asked_about_and_both_answers_work(client):
    letter = NewsletterFactory()
    response = post_form(client, "anna@gnail.com", letter)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Did you mean anna@gmail.com?" in page
    post_form(client, "anna@gnail.com", letter, certain="anna@gnail.com", use="anna@gmail.com")
    post_form(client, "anna@gnail.com", letter, certain="anna@gnail.com")
    asked = list(SubscriptionRequest.objects.order_by("pk").values_list("address", flat=True))
    assert asked == ["anna@gmail.com", "anna@gnail.com"]


def test_a_form_sent_too_fast_is_asked_again_and_then_taken(client):
    letter = NewsletterFactory()
    with time_machine.travel("2026-11-12 09:00:00Z", tick=False) as clock:
        token = opened_now()
        quick = post_form(client, "anna@example.com", letter, opened=token)
        page = quick.content.decode()
        assert quick.status_code == 200
        assert "press the button once more" in page
        assert 'value="anna@example.com"' in page
        assert f'value="{token}"' in page
        assert not SubscriptionRequest.objects.exists()
        clock.shift(timedelta(seconds=3))
        assert post_form(client, "anna@example.com", letter, opened=token).status_code == 302


@pytest.mark.parametrize("opened", ["", "forged", "a~b~c"])
def test_a_form_without_its_time_is_asked_again(client, opened):
    letter = NewsletterFactory()
    assert post_form(client, "a@example.com", letter, opened=opened).status_code == 200
    assert not SubscriptionRequest.objects.exists()


def test_a_form_opened_yesterday_is_taken(client):
    letter = NewsletterFactory()
    assert (
        post_form(client, "a@example.com", letter, opened=opened_before(86_400)).status_code == 302
    )


def test_a_program_sees_the_same_page_and_nothing_is_mailed(client):
    letter = NewsletterFactory()
    person = post_form(client, "person@example.com", letter)
    program = post_form(client, "robot@example.com", letter, homepage="http://spam.example")
    assert person.status_code == program.status_code == 302
    first = client.get(person["Location"]).content.decode()
    second = client.get(program["Location"]).content.decode()
    assert first.replace("person@", "x@") == second.replace("robot@", "x@")
    assert [email.to for email in answer_all()] == ["person@example.com"]
    assert SubscriptionRequest.objects.get(address="robot@example.com").answer == RequestAnswer.BOT


def test_sending_again_waits_a_minute_and_asks_anew(client):
    letter = NewsletterFactory()
    where = post_form(client, "anna@example.com", letter)["Location"]
    answer_all()
    early = client.post(where)
    assert "Give it a minute" in early.content.decode()
    SubscriptionRequest.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    again = client.post(where)
    assert again.status_code == 302
    assert "once more" in client.get(again["Location"]).content.decode()
    assert len(answer_all()) == 1
    assert OutgoingEmail.objects.count() == 2


def test_the_sent_page_opens_for_its_holder_alone(client):
    assert client.get("/subscribe/sent/1~abc/")["Location"] == "/subscribe/"
    where = post_form(client, "anna@example.com", NewsletterFactory())["Location"]
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert client.get(where)["Location"] == "/subscribe/"


def test_m22_names_are_kept_but_harmless(client):
    letter = NewsletterFactory()
    name = "Zoë “Z”, O'Neil\r\nBcc: all@example.com \u202e עברית 👩‍🚀"
    post_form(client, "zoe@example.com", letter, name=name)
    (email,) = answer_all()
    client.post(link_in(email, "subscribe/confirm"))
    kept = User.objects.get(email="zoe@example.com").name
    assert kept == "Zoë “Z”, O'Neil Bcc: all@example.com עברית 👩‍🚀"
    assert "\n" not in email.subject


def test_a_strangers_request_changes_nothing_of_a_known_person(client):
    letter, other = NewsletterFactory(), NewsletterFactory()
    known = SubscriptionFactory(newsletter=letter, user__name="Anna")
    left = SubscriptionFactory(newsletter=other, user=known.user, left=True)
    post_form(client, known.user.email, letter, other, name="Mallory")
    answer_all()
    known.refresh_from_db()
    left.refresh_from_db()
    known.user.refresh_from_db()
    assert (known.state, left.state) == ("active", "unsubscribed")
    assert known.user.name == "Anna"


def test_people_who_never_confirm_are_forgotten(client):
    letter = NewsletterFactory()
    kept = SubscriptionFactory(newsletter=NewsletterFactory())
    for address in ("stranger@example.com", kept.user.email, "robot@example.com"):
        trap = "x" if address.startswith("robot") else ""
        post_form(client, address, letter, homepage=trap)
    answer_all()
    assert actions.purge_unconfirmed() == 0
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert actions.purge_unconfirmed() == 3
    assert not SubscriptionRequest.objects.exists()
    assert list(User.objects.all()) == [kept.user]
    assert list(Subscription.objects.all()) == [kept]


@pytest.mark.parametrize("address", ['"a@b"@example.com', "a@[::1]", "a@localhost"])
def test_an_address_that_no_letter_can_be_sent_to_is_not_taken(client, address):
    """It would be confirmed, and then each issue would fail for it."""
    response = post_form(client, address, NewsletterFactory())
    assert response.status_code == 422
    assert "does not look like" in response.content.decode()
    assert not SubscriptionRequest.objects.exists()


@pytest.mark.parametrize("origin", ["http://[foo", "null", "//"])
def test_an_origin_that_is_no_address_is_not_ours(client, origin):
    response = post_form(
        client, "anna@example.com", NewsletterFactory(), headers={"Origin": origin}
    )
    assert response.status_code == 403
