"""Access for nothing: to many at once, counted first; moved; told of before it ends."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships import actions
from newsletter.memberships.forms import end_of_day
from newsletter.memberships.models import AuditEntry, Grant, Tier
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers.actions import suppress
from newsletter.subscribers.enums import SuppressionReason
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.factories.memberships import GrantFactory, TierFactory
from tests.factories.subscribers import SubscriptionFactory
from tests.newsletter.members.conftest import staff_with

pytestmark = pytest.mark.django_db
MANY = "/admin/newsletter/grant/many/"


@pytest.fixture
def tier() -> Tier:
    return TierFactory(name="Patron")


@pytest.fixture
def desk(client: Client) -> Client:
    sign_in_staff(client)
    return client


def form(tier: Tier, **changes: object) -> dict[str, object]:
    return {"what": f"tier:{tier.pk}", "ends_on": "", "reason": "Press", "addresses": "", **changes}


def test_a_list_is_counted_before_it_is_given(desk: Client, tier: Tier) -> None:
    known = UserFactory(email="known@example.com")
    GrantFactory(user=UserFactory(email="has@example.com"), tier=tier)
    typed = "Known@Example.com, new@example.com\nhas@example.com; new@example.com not-an-address"
    page = desk.post(MANY, form(tier, addresses=typed))
    plan = page.context["plan"]
    assert (plan.to_give, plan.already, plan.unknown) == (2, 1, 1)
    assert plan.bad_addresses == ["not-an-address"]
    assert Grant.objects.count() == 1
    assert not User.objects.filter(email="new@example.com").exists()

    page = desk.post(MANY, form(tier, addresses="\n".join(plan.addresses), confirmed="yes"))
    assert page.status_code == 302
    assert set(Grant.objects.values_list("user__email", "tier")) == {
        (address, tier.pk)
        for address in ("known@example.com", "new@example.com", "has@example.com")
    }
    entry = AuditEntry.objects.get(user=known)
    assert (entry.what, entry.actor is not None) == ("comp_given", True)
    assert not OutgoingEmail.objects.exists()
    # A second click, or the same list pasted again, gives nothing.
    desk.post(MANY, form(tier, addresses=typed, confirmed="yes"))
    assert Grant.objects.count() == 3


def test_a_file_and_a_newsletter_name_people_too(desk: Client, tier: Tier) -> None:
    subscribed = SubscriptionFactory(state="active")
    left = SubscriptionFactory(newsletter=subscribed.newsletter, state="unsubscribed")
    file = SimpleUploadedFile("people.csv", '\ufeffName,Mail\n"Ada","ada@example.com"\n'.encode())
    data = form(tier, newsletter=subscribed.newsletter.pk, file=file)
    plan = desk.post(MANY, data).context["plan"]
    assert plan.addresses == ["ada@example.com", subscribed.user.email]
    assert left.user.email not in plan.addresses


def test_chosen_subscribers_are_brought_along(desk: Client) -> None:
    first, second = SubscriptionFactory(), SubscriptionFactory()
    answer = desk.post(
        "/admin/newsletter/subscription/",
        {"action": "give_access", "_selected_action": [first.pk, second.pk]},
    )
    page = desk.get(answer["Location"])
    assert set(page.context["form"]["addresses"].value().split()) == {
        first.user.email,
        second.user.email,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Name somebody"),
        ({"addresses": "a@example.com", "ends_on": "2001-01-01"}, "Choose today or a later day."),
        ({"addresses": "a@example.com", "what": "tier:0"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_kept(desk: Client, tier: Tier, changes, said: str) -> None:
    page = desk.post(MANY, form(tier, reason="Kept words", **{"confirmed": "yes", **changes}))
    assert page.status_code == 422
    assert said in page.content.decode()
    assert "Kept words" in page.content.decode()
    assert not Grant.objects.exists()


def test_too_many_at_once_are_refused(tier: Tier, monkeypatch) -> None:
    monkeypatch.setattr("newsletter.memberships.actions.comps.MOST_AT_ONCE", 2)
    with pytest.raises(ValidationError):
        actions.grant_comps(
            actor=StaffFactory(), addresses=[f"a{n}@example.com" for n in range(3)], tier=tier
        )
    assert not Grant.objects.exists()


def test_a_longer_comp_is_given_beside_a_shorter_one(tier: Tier) -> None:
    author, now = StaffFactory(), timezone.now()
    soon, later = now + timedelta(days=10), now + timedelta(days=20)
    for end, count in ((soon, 1), (soon, 1), (later, 2), (soon, 2), (None, 3), (later, 3)):
        actions.grant_comps(actor=author, addresses=["a@example.com"], tier=tier, ends_at=end)
        assert Grant.objects.count() == count


def test_the_statements_do_not_grow_with_the_people(tier: Tier, django_assert_num_queries) -> None:
    author = StaffFactory()
    addresses = [user.email for user in UserFactory.create_batch(40)]
    with django_assert_num_queries(7):
        actions.grant_comps(actor=author, addresses=addresses[:1], tier=tier)
    with django_assert_num_queries(7):
        actions.grant_comps(actor=author, addresses=addresses, tier=tier)
    assert Grant.objects.count() == 40


def test_nor_with_those_whom_nobody_knew(tier: Tier, django_assert_num_queries) -> None:
    author = StaffFactory()
    new = [f"new{number}@example.com" for number in range(60)]
    with django_assert_num_queries(8):
        actions.grant_comps(actor=author, addresses=new[:1], tier=tier)
    with django_assert_num_queries(8):
        actions.grant_comps(actor=author, addresses=[*new, "NEW1@example.com"], tier=tier)
    made = User.objects.filter(email__in=new)
    assert made.count() == Grant.objects.count() == 60
    assert not made.exclude(email_confirmed_at=None).exists()
    assert not any(user.has_usable_password() for user in made)


def test_an_end_is_moved_only_while_it_runs(tier: Tier) -> None:
    author, later = StaffFactory(), timezone.now() + timedelta(days=9)
    grant = GrantFactory(tier=tier, reminded_at=timezone.now())
    assert actions.move_comp_end(actor=author, grant=grant, ends_at=later)
    assert (grant.ends_at, grant.reminded_at) == (later, None)
    with pytest.raises(ValidationError):
        actions.move_comp_end(actor=author, grant=grant, ends_at=timezone.now())
    with pytest.raises(PermissionDenied):
        actions.move_comp_end(actor=UserFactory(), grant=grant, ends_at=None)
    paid = GrantFactory(tier=tier, source="subscription", source_id="sub_1")
    assert not actions.move_comp_end(actor=author, grant=paid, ends_at=later)
    actions.revoke_grant(actor=author, grant=grant)
    assert not actions.move_comp_end(actor=author, grant=grant, ends_at=None)


def test_who_is_left_out_of_all_mail_is_not_reminded(tier: Tier) -> None:
    ends = timezone.now() + timedelta(days=3)
    barred, other = GrantFactory(tier=tier, ends_at=ends), GrantFactory(tier=tier, ends_at=ends)
    suppress(
        address=barred.user.email, reason=SuppressionReason.COMPLAINT, newsletter=None, detail=""
    )
    mails = actions.remind_of_ending()
    assert [mail.to for mail in mails] == [other.user.email]
    assert actions.remind_of_ending() == []


def test_who_may_give_to_many(client: Client, tier: Tier) -> None:
    assert client.get(MANY).status_code == 302
    client.force_login(UserFactory())
    assert (
        client.post(MANY, form(tier, addresses="a@example.com", confirmed="x")).status_code == 403
    )
    staff = Client()
    staff_with(staff, "view_grant", "view_subscription")
    assert staff.get(MANY).status_code == 403
    assert staff.post(MANY, form(tier, addresses="a@example.com", confirmed="x")).status_code == 403
    assert "Give access to many" not in staff.get("/admin/newsletter/grant/").content.decode()
    allowed = Client()
    staff_with(allowed, "view_grant", "add_grant")
    assert allowed.get(MANY).status_code == 200
    assert allowed.put(MANY).status_code == 405
    assert not Grant.objects.exists()


def test_the_end_of_the_calendar_is_for_good() -> None:
    assert end_of_day(date(9999, 12, 31)) is None
    assert end_of_day(None) is None
    # Told as that day, and not as the one after it.
    last = timezone.make_aware(datetime(2026, 12, 31, 23, 59, 59))
    assert end_of_day(date(2026, 12, 31)) == last
