"""The form on other sites."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.subscribers.models import SubscriptionRequest
from tests.factories.subscribers import NewsletterFactory
from tests.newsletter.subscribers.helpers import answer_all, opened_before

pytestmark = pytest.mark.django_db

ELSEWHERE = {"Origin": "https://blog.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def letter():
    return NewsletterFactory(slug="field-notes")


@pytest.fixture
def path(letter):
    return "/subscribe/embed/field-notes/"


def test_the_frame_may_be_shown_anywhere_and_other_pages_nowhere(client, path):
    framed, page = client.get(path), client.get("/subscribe/")
    assert "frame-ancestors *" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed
    assert not framed.cookies
    assert "default-src 'self'" in framed["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"


def test_a_post_from_another_site_asks_for_confirmation_and_nothing_else(path, letter):
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(path, {"email": "anna@example.com"}, headers=ELSEWHERE)
    assert response.status_code == 302
    assert "anna@example.com" in strict.get(response["Location"]).content.decode()
    asked = SubscriptionRequest.objects.get()
    assert (asked.source, asked.newsletter_ids) == ("embed", [letter.pk])
    assert asked.detail.startswith("blog.example: ")
    assert [email.to for email in answer_all()] == ["anna@example.com"]


def test_it_joins_its_own_newsletter_only(client, path, letter):
    other = NewsletterFactory()
    client.post(path, {"email": "a@example.com", "newsletters": [other.slug]}, headers=ELSEWHERE)
    assert SubscriptionRequest.objects.get().newsletter_ids == [letter.pk]


def test_the_frame_answers_in_the_frame(client, path):
    data = {"email": "anna@example.com", "framed": "1", "opened": opened_before()}
    response = client.post(path, data)
    assert response.status_code == 200
    assert "frame-ancestors *" in response["Content-Security-Policy"]
    assert "anna@example.com" in response.content.decode()
    quick = client.post(path, {**data, "opened": ""})
    assert "once more" in quick.content.decode()
    assert SubscriptionRequest.objects.count() == 1


def test_errors_keep_what_was_typed(client, path):
    framed = client.post(path, {"email": "anna at x", "framed": "1"})
    assert framed.status_code == 422
    assert 'value="anna at x"' in framed.content.decode()
    plain = client.post(path, {"email": "anna at x"}, headers=ELSEWHERE)
    assert plain.status_code == 422
    assert 'action="/subscribe/"' in plain.content.decode()
    assert 'value="anna at x"' in plain.content.decode()


def test_the_trap_works_here_too(client, path):
    response = client.post(path, {"email": "r@example.com", "homepage": "x"}, headers=ELSEWHERE)
    assert response.status_code == 302
    assert answer_all() == []


def test_a_closed_or_unknown_newsletter_has_no_form(client, path, letter):
    letter.is_archived = True
    letter.save()
    assert client.get(path).status_code == 404
    assert client.post(path, {"email": "a@example.com"}).status_code == 404
    assert client.get("/subscribe/embed/none/").status_code == 404


@pytest.mark.parametrize("header", ["Origin", "Referer"])
def test_a_place_that_is_no_address_is_not_recorded(client, path, header):
    response = client.post(path, {"email": "anna@example.com"}, headers={header: "http://[foo"})
    assert response.status_code == 302
    assert SubscriptionRequest.objects.get().detail.startswith(path)
