"""Nobody learns from the forms whether an address is known."""

from __future__ import annotations

import re
import time
from statistics import median

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.models import ConsentEvent, Subscription, Suppression
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.subscribers.helpers import answer_all, link_in, post_form

pytestmark = pytest.mark.django_db

KINDS = ["unknown", "reader", "active", "pending", "left", "bounced", "barred", "staff", "erased"]


@pytest.fixture
def letter():
    return NewsletterFactory()


def _address(kind, letter):
    """An address of that kind; all of one length, so that pages can be compared."""
    address = f"{kind:x<8}@example.com"
    if kind == "reader":
        UserFactory(email=address)
    elif kind == "staff":
        StaffFactory(email=address)
    elif kind in {"active", "pending", "left"}:
        traits = {} if kind == "active" else {kind: True}
        SubscriptionFactory(user__email=address, newsletter=letter, **traits)
    elif kind in {"bounced", "barred", "erased"}:
        reason = {"bounced": "HARD_BOUNCE", "barred": "MANUAL", "erased": "ERASED"}[kind]
        actions.suppress(address=address, reason=SuppressionReason[reason])
    return address


def _neutral(page, address):
    return re.sub(r"/subscribe/sent/[^/]+/", "", page.replace(address, "ADDRESS"))


def test_every_address_gets_the_same_page_the_same_work_and_one_mail(client, letter):
    seen = set()
    for kind in KINDS:
        address = _address(kind, letter)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = post_form(client, address, letter)
        page = client.get(response["Location"]).content.decode()
        statements = tuple(re.sub(r"'[^']*'|\d+", "?", q["sql"])[:60] for q in queries)
        seen.add((response.status_code, _neutral(page, address), statements))
        assert [email.to for email in answer_all()] == [address], kind
    assert len(seen) == 1
    assert OutgoingEmail.objects.count() == len(KINDS)


def test_the_speed_does_not_tell_either(client, letter, settings):
    """The web does one INSERT for everybody; anything else would show in the median."""
    taken = {}
    known, unknown = _address("active", letter), _address("unknown", letter)
    for address in [known, unknown] * 8:
        start = time.perf_counter()
        post_form(client, address, letter)
        taken.setdefault(address, []).append(time.perf_counter() - start)
    assert median(taken[known]) < 3 * median(taken[unknown])
    assert median(taken[unknown]) < 3 * median(taken[known])


def test_who_is_subscribed_is_told_so_by_mail_alone(client, letter):
    address = _address("active", letter)
    before = Subscription.objects.values().get()
    post_form(client, address, letter)
    (email,) = answer_all()
    assert email.kind == "already-subscribed"
    assert "/account/newsletters/" in email.text
    assert letter.name in email.html
    assert Subscription.objects.values().get() == before


def test_a_mixed_request_confirms_only_what_is_missing(client, letter):
    other = NewsletterFactory(name="The Other Letter")
    address = _address("active", letter)
    post_form(client, address, letter, other)
    (email,) = answer_all()
    assert email.kind == "confirm-subscription"
    assert "The Other Letter" in email.text
    assert letter.name not in email.text


@pytest.mark.parametrize("kind", ["bounced", "erased"])
def test_the_reader_lifts_a_bounce_by_confirming_anew(client, letter, kind):
    post_form(client, _address(kind, letter), letter)
    (email,) = answer_all()
    assert Suppression.objects.exists()
    client.post(link_in(email, "subscribe/confirm"))
    assert not Suppression.objects.exists()
    assert Subscription.objects.get().state == "active"
    assert ConsentEvent.objects.filter(what="lifted").count() == 1


def test_whom_the_author_has_barred_cannot_come_back_by_confirming(client, letter):
    post_form(client, _address("barred", letter), letter)
    (email,) = answer_all()
    page = client.post(link_in(email, "subscribe/confirm")).content.decode()
    assert "We do not write to this address" in page
    assert Suppression.objects.exists()
    assert Subscription.objects.get().state == "pending"


def test_barred_from_one_letter_still_joins_another(client, letter):
    other = NewsletterFactory()
    actions.suppress(address="anna@example.com", reason=SuppressionReason.MANUAL, newsletter=letter)
    post_form(client, "anna@example.com", letter, other)
    (email,) = answer_all()
    client.post(link_in(email, "subscribe/confirm"))
    states = dict(Subscription.objects.values_list("newsletter_id", "state"))
    assert states == {letter.pk: "pending", other.pk: "active"}
