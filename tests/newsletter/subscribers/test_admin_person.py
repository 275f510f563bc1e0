"""One reader's page, adding by hand, bulk unsubscribe, who is left out."""

from __future__ import annotations

import pytest

from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.models import (
    ConsentEvent,
    Newsletter,
    Subscription,
    SubscriptionRequest,
    Suppression,
)
from tests.factories.accounts import StaffFactory, sign_in_staff
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.subscribers.helpers import answer_all, link_in

pytestmark = pytest.mark.django_db

LIST = "/admin/newsletter/subscription/"
OUT = "/admin/newsletter/suppression/"


@pytest.fixture
def author(client):
    return sign_in_staff(client)


def _page(row):
    return f"{LIST}{row.pk}/change/"


def test_the_page_shows_all_we_hold(client, author):
    row = SubscriptionFactory(newsletter__name="The Long View", consent_ip="203.0.113.9")
    SubscriptionFactory(user=row.user, newsletter__name="Field Notes", left=True)
    actions.unsubscribe(subscription=row, reason="Too often")
    page = client.get(_page(row)).content.decode()
    for piece in (row.user.email, "The Long View", "Field Notes", "203.0.113.9", "Too often"):
        assert piece in page
    assert client.get(f"{LIST}999999/change/").status_code == 404
    assert client.get(f"{LIST}x/change/").status_code == 404


def test_the_author_unsubscribes_a_reader_with_their_name_in_the_record(client, author):
    row = SubscriptionFactory()
    response = client.post(
        _page(row), {"act": "unsubscribe", "subscription": row.pk, "reason": "Asked by post"}
    )
    assert response.status_code == 302
    row.refresh_from_db()
    assert row.state == "unsubscribed"
    event = ConsentEvent.objects.get()
    assert (event.what, event.source, event.actor) == ("left", "admin", author)


def test_another_persons_subscription_cannot_be_reached_from_this_page(client, author):
    row, other = SubscriptionFactory(), SubscriptionFactory()
    data = {"act": "unsubscribe", "subscription": other.pk}
    assert client.post(_page(row), data).status_code == 404
    other.refresh_from_db()
    assert other.state == "active"


def test_who_left_comes_back_only_by_confirming(client, author):
    row = SubscriptionFactory(left=True)
    client.post(_page(row), {"act": "ask", "subscription": row.pk})
    row.refresh_from_db()
    assert row.state == "unsubscribed"
    (email,) = answer_all()
    client.post(link_in(email, "subscribe/confirm"))
    row.refresh_from_db()
    assert row.state == "active"


def test_leaving_an_address_out_and_lifting_it_are_kept_in_the_record(client, author):
    row = SubscriptionFactory()
    client.post(_page(row), {"act": "suppress", "reason": "manual", "detail": "Abuse"})
    out = Suppression.objects.get()
    assert (out.newsletter, out.user, out.created_by) == (None, row.user, author)
    assert "Left out of everything" in client.get(_page(row)).content.decode()
    client.post(_page(row), {"act": "lift", "suppression": out.pk, "detail": ""})
    assert Suppression.objects.exists()
    client.post(_page(row), {"act": "lift", "suppression": out.pk, "detail": "Settled"})
    assert not Suppression.objects.exists()
    told = ConsentEvent.objects.order_by("pk").values_list("what", "detail", "actor")
    assert list(told) == [
        ("suppressed", "By hand. Abuse", author.pk),
        ("lifted", "Settled", author.pk),
    ]


def test_adding_by_hand_asks_the_person(client, author):
    letter = NewsletterFactory()
    data = {"email": "Anna@Example.com", "newsletters": [letter.pk], "statement": "At the fair."}
    assert client.post(f"{LIST}add/", data).status_code == 302
    assert not Subscription.objects.exists()
    (email,) = answer_all()
    assert email.to == "anna@example.com"
    assert Subscription.objects.get().state == "pending"


def test_adding_by_hand_with_proof_mails_nobody(client, author):
    letter = NewsletterFactory()
    client.post(
        f"{LIST}add/",
        {
            "email": "anna@example.com",
            "name": "Anna",
            "newsletters": [letter.pk],
            "statement": "Signed the sheet on 4 May.",
            "agreed_already": "on",
        },
    )
    row = Subscription.objects.get()
    assert (row.state, row.consent_source, row.user.name) == ("active", "admin", "Anna")
    assert row.consent_detail == "Signed the sheet on 4 May."
    assert not SubscriptionRequest.objects.exists()
    assert not OutgoingEmail.objects.exists()


def test_adding_needs_a_statement_and_keeps_what_was_typed(client, author):
    letter = NewsletterFactory()
    response = client.post(f"{LIST}add/", {"email": "anna@example.com", "newsletters": [letter.pk]})
    assert response.status_code == 422
    assert "you may not mail them" in response.content.decode()
    assert 'value="anna@example.com"' in response.content.decode()


def test_adding_somebody_barred_or_gone_does_not_bring_them_back(client, author):
    letter = NewsletterFactory()
    barred = SubscriptionFactory(newsletter=letter, left=True)
    actions.suppress(address=barred.user.email, reason=SuppressionReason.MANUAL)
    data = {
        "email": barred.user.email,
        "newsletters": [letter.pk],
        "statement": "x",
        "agreed_already": "on",
    }
    client.post(f"{LIST}add/", data)
    barred.refresh_from_db()
    assert barred.state == "unsubscribed"


def test_bulk_unsubscribe_asks_first(client, author):
    rows = SubscriptionFactory.create_batch(3)
    data = {"action": "unsubscribe", "_selected_action": [row.pk for row in rows[:2]]}
    page = client.post(LIST, data)
    assert "End 2 subscriptions?" in page.content.decode()
    assert Subscription.objects.filter(state="active").count() == 3
    client.post(LIST, {**data, "confirmed": "1"})
    assert Subscription.objects.filter(state="active").count() == 1


def test_the_list_of_those_left_out_is_searched_by_whole_address(client, author):
    actions.suppress(address="gone@example.com", reason=SuppressionReason.ERASED)
    actions.suppress(address="other@example.com", reason=SuppressionReason.MANUAL)
    found = client.get(OUT, {"q": " Gone@EXAMPLE.com "})
    assert found.context["cl"].result_count == 1
    page = found.content.decode()
    assert "gone@example.com" not in page.replace('value=" Gone@EXAMPLE.com "', "").replace(
        "Gone@EXAMPLE.com", ""
    )
    assert client.get(OUT, {"q": "gone"}).context["cl"].result_count == 0


def test_leaving_out_an_unknown_address_and_lifting_it(client, author):
    letter = NewsletterFactory()
    data = {"email": "x@example.com", "newsletter": letter.pk, "reason": "manual"}
    assert client.post(f"{OUT}add/", data).status_code == 302
    row = Suppression.objects.get()
    assert (row.newsletter, row.user) == (letter, None)
    for path in (f"{OUT}{row.pk}/lift/", f"{OUT}{row.pk}/change/"):
        assert client.get(path).status_code == 200
    assert client.post(f"{OUT}{row.pk}/lift/", {"detail": ""}).status_code == 422
    assert client.post(f"{OUT}{row.pk}/lift/", {"detail": "They asked"}).status_code == 302
    assert not Suppression.objects.exists()


def test_newsletters_are_saved_closed_and_never_deleted(client, author):
    path = "/admin/newsletter/newsletter/"
    data = {
        "name": "Field  Notes",
        "slug": "field-notes",
        "sender_name": "The\tAuthor",
        "sender_address": "Letters@Example.com",
        "position": 0,
    }
    assert client.post(f"{path}add/", data).status_code == 302
    letter = Newsletter.objects.get()
    assert (letter.name, letter.sender_name) == ("Field Notes", "The Author")
    assert letter.sender_address == "letters@example.com"
    assert client.post(f"{path}{letter.pk}/delete/").status_code == 403
    assert client.get(path).status_code == 200


def test_the_snippet_for_other_sites_posts_to_us(client, author):
    letter = NewsletterFactory(slug="field-notes")
    page = client.get(f"/admin/newsletter/newsletter/{letter.pk}/embed/").content.decode()
    assert "action=&quot;http://localhost" in page
    assert "/subscribe/embed/field-notes/" in page


def test_readers_and_staff_without_the_right_cannot_act(client):
    staff = StaffFactory(is_superuser=False)
    sign_in_staff(client, staff)
    row = SubscriptionFactory()
    data = {"act": "unsubscribe", "subscription": row.pk}
    assert client.post(_page(row), data).status_code == 403
    assert client.post(f"{OUT}add/", {"email": "x@example.com"}).status_code == 403
    row.refresh_from_db()
    assert row.state == "active"


@pytest.mark.parametrize("field", ["sender_address", "reply_to"])
def test_a_sender_that_no_header_can_carry_is_refused(client, author, field):
    data = {
        "name": "Notes",
        "slug": "notes",
        "sender_address": "notes@example.com",
        "position": "1",
        field: "notes@localhost",
    }
    response = client.post("/admin/newsletter/newsletter/add/", data)
    assert response.status_code == 200
    assert "does not look like" in response.content.decode()
    assert not Newsletter.objects.filter(slug="notes").exists()
