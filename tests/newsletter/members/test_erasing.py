"""An account is erased: nothing of the person is left, every count is, and no crash leaves half."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.models import Ban, Comment, Like
from newsletter.mailings.actions import prepare_mailing
from newsletter.mailings.enums import DeliveryState
from newsletter.mailings.models import Delivery, Mailing
from newsletter.mailings.queries import mailing_counts
from newsletter.members import actions, tasks
from newsletter.members.enums import WhyNot
from newsletter.members.models import Erasure
from newsletter.members.personal_data import DataPart, _parts, register_part
from newsletter.members.queries import due_erasure_ids
from newsletter.memberships.models import AuditEntry, Grant
from newsletter.outbox.actions import deliver, queue_email
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments.actions.events import handle_event, store_event
from newsletter.payments.gateway.signature import read_event
from newsletter.payments.models import Customer, StripeEvent
from newsletter.subscribers.actions import suppress
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.models import Subscription, Suppression
from newsletter.subscribers.queries import unsubscribe_url
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import crowd, set_rules, thread_of
from tests.factories.mailings import MailingFactory, send_all
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.comments.truth import assert_consistent
from tests.newsletter.members.everything import (
    ADDRESS,
    NAME,
    columns_with,
    give_everything,
    somebody_with_everything,
)
from tests.newsletter.members.signing_in import sign_in
from tests.newsletter.subscribers.helpers import answer_all, link_in, post_form
from tests.newsletter.subscribers.imports import bring_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(db: None) -> User:
    return StaffFactory(email="author@example.com", name="Hanna")


@pytest.fixture
def person(shop, author: User) -> User:
    return somebody_with_everything(shop, author)


def erase(person: User, actor: User | None = None) -> Erasure:
    """Ask, and do what the worker does."""
    erasure = actions.request_erasure(actor=actor or person, person=person)
    assert actions.finish_erasure(erasure_id=erasure.pk)
    person.refresh_from_db()
    erasure.refresh_from_db()
    return erasure


def test_nothing_of_the_person_is_left_in_any_column(person: User) -> None:
    before = columns_with(ADDRESS, NAME)
    assert len(before) > 25, before
    assert "newsletter_stripeevent.payload" in before
    learnt = {
        *("answer.text", "assignmentsubmission.feedback", "assignmentsubmission.file_name"),
        *("assignmentsubmission.text", "certificate.name", "courseevent.detail"),
        *("courseletter.segment", "lessonprogress.notes", "releasenotice.reason"),
    }
    assert {f"courses_{column}" for column in learnt} <= set(before)
    erasure = erase(person)
    assert columns_with(ADDRESS, NAME) == []
    # Nor in a session, whose data are packed, nor in a file.
    assert ADDRESS not in str([session.get_decoded() for session in Session.objects.all()])
    for name in ("private", "courses"):
        folder = Path(settings.STORAGES[name]["OPTIONS"]["location"])
        assert [file for file in folder.rglob("*") if file.is_file()] == [], name
    assert (erasure.state, erasure.asked_by, person.is_active) == ("done", person, False)
    assert str(person) == f"Deleted reader {person.pk}"


def test_a_neighbour_whose_address_ends_alike_is_left_alone(shop, author: User) -> None:
    neighbour = UserFactory(email=f"my{ADDRESS}", name="Bo Bystander")
    give_everything(neighbour, author=author)
    tell("evt_1", neighbour.email, "cus_10")
    person = somebody_with_everything(shop, author)
    Customer.objects.create(user=person, stripe_id="cus_1")
    before = columns_with(neighbour.email)
    erase(person)
    assert columns_with(neighbour.email) == before
    assert columns_with(f" {ADDRESS}", f'"{ADDRESS}', f"<{ADDRESS}", NAME) == []


def tell(number: str, email: str, customer: str) -> StripeEvent | None:
    """Have Stripe tell of money that went back, with the payer's name and address in it."""
    about = {
        "id": "ch_1",
        "object": "charge",
        "customer": customer,
        "payment_intent": {"id": "pi_1", "receipt_email": email},
        "billing_details": {"email": email, "name": NAME if email == ADDRESS else "Bo"},
    }
    outer = {"id": number, "object": "event", "type": "charge.refunded", "created": 1}
    return store_event(read_event({**outer, "livemode": False, "data": {"object": about}}))


def test_twice_is_once(person: User, author: User) -> None:
    erasure = erase(person)
    events = AuditEntry.objects.count()
    again = User.objects.get(pk=person.pk)
    actions.erase_person(user=again)
    assert not actions.finish_erasure(erasure_id=erasure.pk)
    again.refresh_from_db()
    assert again.email == person.email
    assert AuditEntry.objects.count() == events
    assert Suppression.objects.filter(reason="erased").count() == 1
    with pytest.raises(actions.ErasureRefused) as refused:
        actions.request_erasure(actor=author, person=again)
    assert refused.value.why is WhyNot.GONE


@pytest.mark.parametrize("position", [5, 15, 45, 65, 95])
def test_a_crash_in_the_middle_is_finished_by_running_again(person: User, position: int) -> None:
    def fails(*, user: User) -> None:
        raise RuntimeError(f"{user.email} stumbled")

    register_part(DataPart("planted", "x", {}, lambda _user: {}, fails, (), position))
    try:
        erasure = actions.request_erasure(actor=person, person=person)
        assert not actions.finish_erasure(erasure_id=erasure.pk)
    finally:
        del _parts["planted"]
    erasure.refresh_from_db()
    # Closed at once; what went wrong is kept without the address that it quoted.
    assert not User.objects.get(pk=person.pk).is_active
    assert (erasure.state, erasure.error) == ("asked", "RuntimeError")
    assert columns_with(ADDRESS)
    assert due_erasure_ids(overdue_by=timedelta()) == []
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert due_erasure_ids(overdue_by=timedelta()) == [erasure.pk]
        assert actions.finish_erasure(erasure_id=erasure.pk)
    assert columns_with(ADDRESS, NAME) == []


def test_a_worker_that_was_killed_is_followed_by_another(person: User) -> None:
    def killed(*, user: User) -> None:
        raise KeyboardInterrupt

    register_part(DataPart("planted", "x", {}, lambda _user: {}, killed, (), 45))
    try:
        erasure = actions.request_erasure(actor=person, person=person)
        with pytest.raises(KeyboardInterrupt):
            actions.finish_erasure(erasure_id=erasure.pk)
    finally:
        del _parts["planted"]
    assert not actions.finish_erasure(erasure_id=erasure.pk)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert due_erasure_ids(overdue_by=timedelta()) == [erasure.pk]
        assert actions.finish_erasure(erasure_id=erasure.pk)
    assert columns_with(ADDRESS, NAME) == []


def test_two_workers_erase_once(person: User) -> None:
    """The second finds the claim of the first."""
    erasure = actions.request_erasure(actor=person, person=person)
    seen = []

    def looks(*, user: User) -> None:
        seen.append(actions.finish_erasure(erasure_id=erasure.pk))

    register_part(DataPart("planted", "x", {}, lambda _user: {}, looks, (), 45))
    try:
        assert actions.finish_erasure(erasure_id=erasure.pk)
    finally:
        del _parts["planted"]
    assert seen == [False]


def test_c8_500_comments_and_10000_likes(client: Client, author: User) -> None:
    set_rules()
    article: Article = PublishedArticleFactory(author=author)
    person = UserFactory(email=ADDRESS, name=NAME)
    own, others = crowd(article, 500), crowd(article, 100)
    crowd(article, 5, parent=own[0])
    Comment.objects.filter(pk__in=[row.pk for row in own]).update(user=person, name=NAME)
    Comment.objects.update(like_count=0)
    # As many as somebody can give: one to each of 10,000 comments.
    more = crowd(PublishedArticleFactory(author=author), 9_900)
    liked = [row.pk for row in (*others, *more)]
    Like.objects.bulk_create([Like(comment_id=pk, user=person) for pk in liked], batch_size=1000)
    Comment.objects.filter(pk__in=Like.objects.values("comment")).update(like_count=1)
    assert_consistent()

    erase(person)
    assert_consistent()
    assert not Comment.objects.filter(user=person).exists()
    assert Like.objects.count() == 10_000
    assert not Like.objects.exclude(user=None).exists()
    assert thread_of(article).approved_count == 605
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert "Deleted reader" in page
    assert "Number 0" in page
    assert NAME not in page
    assert columns_with(ADDRESS, NAME) == []


def test_c8_the_number_of_queries_does_not_grow(author: User) -> None:
    counts = []
    for size in (1, 40):
        person = UserFactory()
        give_everything(person, author=author)
        Ban.objects.all().delete()
        article = PublishedArticleFactory(author=author)
        said = crowd(article, size)
        Comment.objects.filter(pk__in=[row.pk for row in said]).update(user=person)
        for number in range(size):
            Like.objects.create(comment=said[number], user=person)
            Grant.objects.create(user=person, tier=person.grants.first().tier, source="comp")
            OutgoingEmail.objects.create(kind="x", to=person.email, subject="x")
        with CaptureQueriesContext(connection) as queries:
            actions.erase_person(user=person)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] < 150


def test_sessions_and_ways_in_end_at_once(client: Client) -> None:
    person = UserFactory(email=ADDRESS)
    phone = Client()
    sign_in(client, person)
    sign_in(phone, person)
    actions.request_erasure(actor=person, person=person)
    for browser in (client, phone):
        assert browser.get("/account/").status_code == 302
    assert Session.objects.count() == 0
    # Not even before the worker came.
    page = Client().post("/account/login/", {"email": ADDRESS})["Location"]
    assert Client().post(page, {"code": "BBB-BBB"}).status_code == 422
    assert OutgoingEmail.objects.latest("pk").kind == "sign_in"
    assert "closed" in OutgoingEmail.objects.latest("pk").text


def test_counts_of_a_mailing_stay(author: User) -> None:
    letter = NewsletterFactory()
    people = [UserFactory() for _ in range(3)]
    for user in people:
        SubscriptionFactory(user=user, newsletter=letter)
    mailing: Mailing = MailingFactory(newsletter=letter)
    prepare_mailing(mailing_id=mailing.pk)
    erase(people[0])
    send_all()
    mailing.refresh_from_db()
    counts = mailing_counts(mailing)
    assert (counts.total, counts.accepted, counts.suppressed) == (3, 2, 1)
    erase(people[1])
    assert mailing_counts(mailing) == counts
    left = Delivery.objects.exclude(user=people[2])
    assert set(left.values_list("suppressed_because", flat=True)) == {"", "erased"}
    assert not left.filter(address__contains="example.com").exists()


def test_a_later_import_and_mailing_do_not_reach_them(author: User) -> None:
    person = UserFactory(email=ADDRESS, name=NAME)
    letter = NewsletterFactory()
    SubscriptionFactory(user=person, newsletter=letter)
    erase(person)
    job = bring_in(author, letter, f"email\n{ADDRESS.upper()}\nbo@example.com\n")
    assert (job.counts["suppressed"], job.counts["new"]) == (1, 1)
    assert not User.objects.filter(email=ADDRESS).exists()
    mailing = MailingFactory(newsletter=letter)
    prepare_mailing(mailing_id=mailing.pk)
    assert list(Delivery.objects.values_list("address", flat=True)) == ["bo@example.com"]
    row = Subscription.objects.get(user=person)
    assert (row.state, row.consent_at is not None) == (SubscriptionState.UNSUBSCRIBED, True)


def test_what_the_author_barred_stays_barred_by_the_author(author: User) -> None:
    person = UserFactory()
    suppress(address=person.email, reason="manual", detail="Threatened us", actor=author)
    erase(person)
    row = Suppression.objects.get()
    assert (row.reason, row.user, row.detail) == ("manual", None, "")


def test_they_can_come_back_as_somebody_new(client: Client) -> None:
    person = UserFactory(email=ADDRESS)
    letter = NewsletterFactory()
    SubscriptionFactory(user=person, newsletter=letter)
    erase(person)
    post_form(client, ADDRESS, letter)
    (email,) = answer_all()
    client.post(link_in(email, "subscribe/confirm"))
    again = User.objects.get(email=ADDRESS)
    assert again.pk != person.pk
    assert again.subscriptions.get().state == SubscriptionState.ACTIVE
    assert not Suppression.objects.exists()


def test_an_old_mails_link_tells_and_changes_nothing(client: Client) -> None:
    person = UserFactory(email=ADDRESS)
    subscription = SubscriptionFactory(user=person)
    path = unsubscribe_url(subscription.pk).removeprefix(settings.SITE_URL)
    erase(person)
    answer = client.get(path)
    assert answer.status_code == 410
    assert "erased" not in answer.content.decode()
    said = client.post(path, {"human": "1", "reason": "Ada was here"})
    assert said.status_code == 200
    subscription.refresh_from_db()
    assert subscription.unsubscribe_reason == ""


def test_no_mail_goes_to_the_stand_in(author: User, mailoutbox) -> None:
    person = UserFactory()
    erase(person)
    mail = queue_email(
        kind="x", to=person.email, template="membership_ended", context={"user": person}
    )
    assert deliver(email_id=mail.pk) == "expired"
    assert mailoutbox == []


def test_nobody_can_take_the_stand_in_beforehand(author: User) -> None:
    """Somebody may subscribe with any address, one of this shape too."""
    person = UserFactory()
    UserFactory(email=f"erased-{person.pk}@erased.invalid")
    erase(person)
    assert person.is_erased


def test_what_comes_in_afterwards_is_blanked_by_the_next_run(shop, author: User) -> None:
    person = somebody_with_everything(shop, author)
    waiting = Delivery.objects.get(user=person, state=DeliveryState.QUEUED)
    customer = person.customers.exclude(stripe_id__startswith="cus_of").get().stripe_id
    erase(person)
    # The worker that had it in hand writes down what the server said.
    Delivery.objects.filter(pk=waiting.pk).update(state="failed", error=f"550 <{ADDRESS}>")
    late = tell("evt_late", ADDRESS, customer)
    assert late is not None
    assert len(columns_with(ADDRESS)) == 2
    assert actions.repeat_recent_erasures() == 1
    assert columns_with(ADDRESS, NAME) == []
    waiting.refresh_from_db()
    assert (waiting.user, waiting.state) == (None, "failed")
    # What is left of it says enough to be handled.
    facts = read_event(StripeEvent.objects.get(pk=late.pk).payload)
    assert (facts.object_id, facts.payment_intent_id) == ("ch_1", "pi_1")
    assert handle_event(event_id=late.pk) in {"handled", "ignored", "failed"}
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert actions.repeat_recent_erasures() == 0


def test_the_task_and_the_sweep(person: User) -> None:
    erasure = actions.request_erasure(actor=person, person=person)
    tasks.erase_account(erasure.pk)
    erasure.refresh_from_db()
    assert erasure.state == "done"
    tasks.erase_account(erasure.pk)
    tasks.erase_account(987_654)
    tasks.repeat_erasures()
    tasks.sweep_personal_data()
    assert due_erasure_ids(overdue_by=timedelta()) == []
