"""The stand-in keeps Stripe's rules, is shared by processes, and tells what happened."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import stripe as sdk

from newsletter.payments.fake import FakeHTTPClient, FakeStripe
from newsletter.payments.fake.world import after


@pytest.fixture
def client(stripe) -> sdk.StripeClient:
    return sdk.StripeClient("sk_test_1", http_client=stripe.checked)


def test_the_same_key_gives_the_same_answer_for_a_day(client, stripe):
    first = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k"})
    again = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k"})
    assert first.id == again.id
    with pytest.raises(sdk.IdempotencyError):
        client.v1.customers.create({"email": "b@example.com"}, {"idempotency_key": "k"})
    stripe.advance(timedelta(hours=25))
    later = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k"})
    assert later.id != first.id


def test_a_refused_request_may_come_again_with_its_key(client):
    with pytest.raises(sdk.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": "pi_none"}, {"idempotency_key": "k"})
    client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k"})


def test_lists_come_in_pages_both_ways(client):
    made = [client.v1.customers.create({"email": f"{n}@example.com"}).id for n in range(5)]
    newest_first = made[::-1]
    page = client.v1.customers.list({"limit": 2})
    assert [each.id for each in page.data] == newest_first[:2]
    assert page.has_more
    page = client.v1.customers.list({"limit": 10, "starting_after": newest_first[1]})
    assert [each.id for each in page.data] == newest_first[2:]
    assert not page.has_more
    page = client.v1.customers.list({"limit": 2, "ending_before": newest_first[3]})
    assert [each.id for each in page.data] == newest_first[1:3]
    assert page.has_more
    with pytest.raises(sdk.InvalidRequestError):
        client.v1.customers.list({"starting_after": "cus_none"})
    with pytest.raises(sdk.InvalidRequestError):
        client.v1.customers.list({"limit": 101})


def test_what_cannot_be_expanded_is_refused(client, account):
    subscription = account.subscribe()
    found = client.v1.subscriptions.retrieve(subscription.id, {"expand": ["customer"]})
    assert not isinstance(found.customer, str)
    with pytest.raises(sdk.InvalidRequestError):
        client.v1.subscriptions.retrieve(subscription.id, {"expand": ["payer"]})


def test_metadata_is_added_to_and_taken_from(client):
    customer = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    client.v1.customers.update(customer.id, {"metadata": {"b": "", "c": "3"}})
    assert client.v1.customers.retrieve(customer.id).metadata.to_dict() == {"a": "1", "c": "3"}


def test_a_schedule_steers_alone(client, account):
    subscription = account.subscribe()
    account.gateway.schedule_change(subscription.id, key="d", price_id=account.year.id)
    with pytest.raises(sdk.InvalidRequestError, match="managed by the subscription schedule"):
        client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})


def test_an_unknown_path_is_no_endpoint(stripe):
    status, body = stripe.request("get", "https://api.stripe.com/v1/nothing", {}, "")
    assert status == 404
    assert body["error"]["type"] == "invalid_request_error"


# ── events ────────────────────────────────────────────────────────────────────────────────────
def kinds(events) -> list[str]:
    return [each.type for each in events]


def test_a_purchase_tells_its_story_in_order(account, stripe):
    stripe.take_events()
    account.subscribe()
    told = kinds(stripe.take_events())
    assert told[-1] == "checkout.session.completed"
    assert {"customer.subscription.created", "invoice.paid", "charge.succeeded"} <= set(told)
    assert stripe.take_events() == []


@pytest.mark.parametrize(
    ("drive", "expected"),
    [
        (lambda s, sub: s.renew(sub), {"customer.subscription.updated", "invoice.paid"}),
        (lambda s, sub: s.fail_payment(sub), {"invoice.payment_failed"}),
        (
            lambda s, sub: s.fail_payment(sub, "needs_authentication"),
            {"invoice.payment_action_required", "payment_intent.requires_action"},
        ),
        (lambda s, sub: s.cancel_now(sub), {"customer.subscription.deleted"}),
        (lambda s, sub: s.pause(sub), {"customer.subscription.paused"}),
        (lambda s, sub: s.unpause(sub), {"customer.subscription.resumed"}),
        (lambda s, sub: s.refund(sub), {"charge.refunded", "refund.created", "refund.updated"}),
        (lambda s, sub: s.dispute(sub), {"charge.dispute.created"}),
        (lambda s, sub: s.dispute(sub, "won"), {"charge.dispute.closed"}),
    ],
)
def test_each_driver_tells_what_stripe_tells(account, stripe, drive, expected):
    subscription = account.subscribe()
    stripe.take_events()
    drive(stripe, subscription.id)
    assert expected <= set(kinds(stripe.take_events()))


def test_people_change_and_go(account, stripe):
    account.subscribe()
    stripe.take_events()
    stripe.change_address(account.customer.id, "new@example.com")
    stripe.delete_customer(account.customer.id)
    told = kinds(stripe.take_events())
    assert told[0] == "customer.updated"
    assert {"customer.subscription.deleted", "customer.deleted"} <= set(told)


@pytest.mark.parametrize("outcome", ["delayed", "declined", "needs_authentication"])
def test_s9_the_page_tells_how_it_ended(account, stripe, outcome):
    session = account.checkout(account.once)
    stripe.take_events()
    stripe.complete_checkout(session.id, outcome)
    told = kinds(stripe.take_events())
    assert ("checkout.session.completed" in told) is (outcome == "delayed")
    if outcome == "delayed":
        stripe.settle_delayed(session.id)
        told = kinds(stripe.take_events())
        assert told[-1] == "checkout.session.async_payment_succeeded"


def test_events_come_in_any_order_twice_or_not_at_all(account, stripe):
    def story(**how) -> list[str]:
        stripe.renew(subscription.id)
        return kinds(stripe.take_events(**how))

    subscription = account.subscribe()
    stripe.take_events()
    plain = story()
    assert story(order="reversed") == plain[::-1]
    assert story(order="doubled") == [each for each in plain for _twice in range(2)]
    shuffled = story(order="shuffled", seed=3)
    assert sorted(shuffled) == sorted(plain)
    assert shuffled != plain
    assert story(drop=1.0) == []
    assert 0 < len(story(drop=0.5, seed=1)) < len(plain)


def test_events_reach_a_sink_at_once_and_those_that_it_causes(account, stripe):
    heard: list[str] = []

    def sink(payload: bytes, header: str) -> None:
        event = account.gateway.verify_event(payload, header)
        heard.append(event.type)
        if event.type == "checkout.session.completed":
            account.gateway.cancel_at_period_end(event.subscription_id, key="c")

    stripe.take_events()
    stripe.sink = sink
    account.subscribe()
    assert heard.index("checkout.session.completed") < heard.index("customer.subscription.updated")
    assert stripe.take_events() == []


def test_an_old_event_comes_again_with_a_fresh_signature(account, stripe):
    account.subscribe()
    event = stripe.take_events()[0]
    replayed = stripe.signed(event.id)
    assert replayed.payload == event.payload
    assert account.gateway.verify_event(replayed.payload, replayed.header).id == event.id


# ── the clock ─────────────────────────────────────────────────────────────────────────────────
def test_months_end_where_they_end():
    day = 86_400
    january = 1_801_396_800  # 2027-01-31
    assert (after(january, "month") - january) // day == 28
    assert (after(after(january, "month"), "month", anchor=january) - january) // day == 59
    assert (after(january, "year") - january) // day == 365
    assert after(january, "week", 2) - january == 14 * day
    assert after(january, "month", 3) - january == 89 * day


# ── processes ─────────────────────────────────────────────────────────────────────────────────
OTHER_PROCESS = """
import sys
from pathlib import Path
import stripe
from newsletter.payments.fake.http import FakeHTTPClient
from newsletter.payments.fake.stand_in import FakeStripe
client = stripe.StripeClient("sk", http_client=FakeHTTPClient(FakeStripe(Path(sys.argv[1]))))
for number in range(40):
    client.v1.customers.create({"email": f"{sys.argv[2]}-{number}@example.com"})
"""


def test_web_and_worker_share_one_account(tmp_path):
    path = tmp_path / "demo-stripe.sqlite3"
    root = Path(__file__).resolve().parents[3]
    others = [
        subprocess.Popen([sys.executable, "-c", OTHER_PROCESS, str(path), name], cwd=root)
        for name in ("web", "worker")
    ]
    assert [other.wait(timeout=60) for other in others] == [0, 0]
    fake = FakeStripe(path)
    emails = [each["email"] for each in fake.all("customer")]
    assert len(emails) == len(set(emails)) == 80
    assert len(fake.take_events()) == 80
    assert FakeStripe(path).take_events() == []
    assert FakeStripe(path).webhook_secret == fake.webhook_secret


def test_a_request_that_fails_half_way_changes_nothing(tmp_path, monkeypatch):
    fake = FakeStripe(tmp_path / "demo.sqlite3")
    client = sdk.StripeClient("sk", http_client=FakeHTTPClient(fake))
    monkeypatch.setattr(fake.world, "emit", lambda *_a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        client.v1.customers.create({"email": "a@example.com"})
    assert fake.all("customer") == []
