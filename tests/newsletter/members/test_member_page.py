"""One person's page: who sees what, what can be done, and how many queries it takes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import newsletter
from newsletter.members import panels
from newsletter.members.models import MemberNote
from newsletter.members.panels import Panel
from newsletter.members.words import WORDS
from newsletter.memberships.actions import grant_comp
from newsletter.memberships.models import AuditEntry, Grant
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments.models import Gift, Order
from tests.factories.accounts import UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import say
from tests.factories.memberships import GrantFactory, TierFactory
from tests.newsletter.members.conftest import staff_with

pytestmark = pytest.mark.django_db


QUERIES = 33


def url(person) -> str:
    return reverse("admin:newsletter_user_member", args=[person.pk])


def act(client: Client, person, act: str, **data: object):
    return client.post(url(person), {"act": act, **data})


def test_the_page_says_what_is_open_and_why(client: Client, author, reader) -> None:
    tier = TierFactory(name="Patron")
    grant_comp(actor=author, user=reader, tier=tier, reason="A friend of the house")
    GrantFactory(user=reader, tier=TierFactory(name="Old"), revoked_at=timezone.now())
    OutgoingEmail.objects.create(kind="x", to=reader.email, subject="Your code", state="sent")
    order = Order.objects.create(user=reader, kind="gift", amount=500, currency="eur")
    Gift.objects.create(
        order=order,
        tier=tier,
        recipient_email="friend@example.com",
        deliver_at=timezone.now(),
        state="waiting",
    )
    page = client.get(url(reader)).content.decode()
    assert "ada@example.com" in page
    assert "A friend of the house" in page
    assert "Revoked" in page
    assert "Access was given for nothing" in page
    assert "Your code" in page
    assert "friend@example.com" in page


def test_money_leads_to_stripe(client: Client, author, shop) -> None:
    membership = shop.join()
    shop.buy(shop.goods.course_price)
    shop.hear()
    page = client.get(url(shop.reader)).content.decode()
    customer = shop.reader.customers.get().stripe_id
    assert f"https://dashboard.stripe.com/test/customers/{customer}" in page
    assert f"https://dashboard.stripe.com/test/subscriptions/{membership.stripe_id}" in page
    assert "A course" in page
    assert "€49" in page
    assert "A subscription began" in page


def test_the_queries_do_not_grow(client: Client, author, reader, django_assert_num_queries) -> None:
    def fill() -> None:
        tier = TierFactory()
        grant_comp(actor=author, user=reader, tier=tier)
        MemberNote.objects.create(user=reader, author=author, text="x")
        OutgoingEmail.objects.create(kind="x", to=reader.email, subject="x", state="sent")
        say(PublishedArticleFactory(), reader)

    fill()
    client.get(url(reader))
    with django_assert_num_queries(QUERIES):
        client.get(url(reader))
    for _again in range(3):
        fill()
    with django_assert_num_queries(QUERIES):
        client.get(url(reader))


def test_giving_moving_and_taking(client: Client, author, reader) -> None:
    tier = TierFactory(name="Patron")
    until = timezone.localdate() + timedelta(days=30)
    answer = act(
        client, reader, "give", what=f"tier:{tier.pk}", ends_on=until.isoformat(), reason="Press"
    )
    assert answer.status_code == 302
    grant = Grant.objects.get(user=reader)
    assert (grant.tier, grant.reason, grant.created_by) == (tier, "Press", author)
    # To the end of that day.
    assert timezone.localtime(grant.ends_at).date() == until

    # The same again, as by a second click, gives nothing.
    again = {"what": f"tier:{tier.pk}", "ends_on": until.isoformat(), "reason": "Press"}
    assert act(client, reader, "give", **again).status_code == 302
    assert Grant.objects.count() == 1

    Grant.objects.update(reminded_at=timezone.now())
    later = until + timedelta(days=30)
    act(client, reader, "move", grant=grant.pk, ends_on=later.isoformat())
    grant.refresh_from_db()
    assert timezone.localtime(grant.ends_at).date() == later
    assert grant.reminded_at is None

    act(client, reader, "move", grant=grant.pk, ends_on="")
    grant.refresh_from_db()
    assert grant.ends_at is None

    act(client, reader, "revoke", grant=grant.pk, reason="It was a mistake")
    grant.refresh_from_db()
    assert grant.revoked_by == author
    done = list(AuditEntry.objects.filter(user=reader).values_list("what", "actor"))
    assert done == [
        ("access_revoked", author.pk),
        ("comp_moved", author.pk),
        ("comp_moved", author.pk),
        ("comp_given", author.pk),
    ]
    act(client, reader, "revoke", grant=grant.pk, reason="Again")
    assert AuditEntry.objects.filter(user=reader).count() == 4


@pytest.mark.parametrize("what", ["give", "move"])
def test_a_day_that_is_over_is_refused_and_kept(client: Client, author, reader, what: str) -> None:
    grant = GrantFactory(user=reader)
    data = {"what": f"tier:{grant.tier_id}", "reason": "Kept words", "grant": grant.pk}
    answer = act(client, reader, what, ends_on="2001-01-01", **data)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Choose today or a later day." in page
    assert "2001-01-01" in page
    grant.refresh_from_db()
    assert (grant.ends_at, Grant.objects.count()) == (None, 1)


def test_a_grant_of_somebody_else_is_not_touched(client: Client, author, reader) -> None:
    grant = GrantFactory(user=UserFactory())
    assert act(client, reader, "revoke", grant=grant.pk).status_code == 404
    assert act(client, reader, "revoke", grant="x").status_code == 404
    grant.refresh_from_db()
    assert grant.revoked_at is None


def test_notes_are_written_changed_and_deleted(client: Client, author, reader) -> None:
    assert act(client, reader, "note", text="  ").status_code == 422
    act(client, reader, "note", text="Asked for an <b>invoice</b>.")
    note = MemberNote.objects.get()
    assert (note.author, note.edited_at) == (author, None)
    assert "&lt;b&gt;invoice" in client.get(url(reader)).content.decode()
    act(client, reader, "edit-note", note=note.pk, text="Got it.")
    note.refresh_from_db()
    assert (note.text, note.edited_at is not None) == ("Got it.", True)
    act(client, reader, "delete-note", note=note.pk)
    assert not MemberNote.objects.exists()
    assert act(client, reader, "delete-note", note=note.pk).status_code == 404


def test_a_note_is_changed_by_its_author_alone(client: Client, author, reader) -> None:
    note = MemberNote.objects.create(user=reader, author=author, text="Mine")
    other = Client()
    staff_with(other, "view_user", "add_membernote")
    assert act(other, reader, "edit-note", note=note.pk, text="Theirs").status_code == 403
    assert act(other, reader, "delete-note", note=note.pk).status_code == 403
    assert "Change or delete" not in other.get(url(reader)).content.decode()
    note.refresh_from_db()
    assert note.text == "Mine"


def test_who_may_open_it(client: Client, reader) -> None:
    assert client.get(url(reader)).status_code == 302
    client.force_login(reader)
    assert client.get(url(reader)).status_code == 403
    assert act(client, reader, "note", text="x").status_code == 403
    bare = Client()
    staff_with(bare)
    assert bare.get(url(reader)).status_code == 403


def test_staff_see_and_do_what_they_have_the_right_to(client: Client, reader) -> None:
    staff_with(client, "view_user", "view_subscription")
    tier = TierFactory()
    page = client.get(url(reader)).content.decode()
    assert "Newsletters and consent" in page
    assert "Subscriptions and payments" not in page
    assert "Give access for nothing" not in page
    for what in ("give", "revoke", "move", "note", "visit"):
        data = {"what": f"tier:{tier.pk}", "reason": "x", "text": "x", "grant": 1}
        assert act(client, reader, what, **data).status_code == 403, what
    assert not Grant.objects.exists()
    assert not MemberNote.objects.exists()


def test_notes_are_for_those_who_may_read_or_write_them(client: Client, author, reader) -> None:
    MemberNote.objects.create(user=reader, author=author, text="Owes me a favour")
    for right, sees in (("view_user", False), ("view_membernote", True), ("add_membernote", True)):
        other = Client()
        staff_with(other, "view_user", right)
        assert ("Owes me a favour" in other.get(url(reader)).content.decode()) == sees, right


def test_a_note_that_is_too_long_is_kept_as_typed(client: Client, author, reader) -> None:
    note = MemberNote.objects.create(user=reader, author=author, text="Short")
    answer = act(client, reader, "edit-note", note=note.pk, text="long " * 801)
    assert answer.status_code == 422
    assert "long " * 801 in answer.content.decode()


def test_wrong_method_and_missing_things(client: Client, author, reader) -> None:
    assert client.put(url(reader)).status_code == 405
    assert client.get("/admin/newsletter/user/999999/member/").status_code == 404
    assert act(client, reader, "explode").status_code == 404


def test_a_later_slice_adds_its_part(client: Client, author, reader, monkeypatch) -> None:
    panel = Panel(
        "comments",
        "What they said",
        "members/panels/record.html",
        ("newsletter.view_user",),
        lambda _person: {"entries": []},
        60,
    )
    # Put back afterwards: there is a part of this name.
    monkeypatch.setattr(panels, "_panels", dict(panels._panels))
    panels.register_panel(panel)
    assert "What they said" in client.get(url(reader)).content.decode()


def test_every_entry_has_words() -> None:
    """Whatever is noted about a person can be read by people."""
    root = Path(newsletter.__file__).parent
    text = "".join(
        path.read_text()
        for slice_name in ("articles", "memberships", "payments", "members")
        for path in (root / slice_name).rglob("*.py")
    )
    literal = set(re.findall(r'what\s*=\s*"([a-z_]+)"', text))
    after = set(re.findall(r'_after\(actor, membership, "([a-z_]+)"\)', text))
    chosen = set(re.findall(r'what = "([a-z_]+)" if .*? else "([a-z_]+)"', text))
    codes = literal | after | {code for pair in chosen for code in pair}
    assert len(codes) > 20
    assert codes <= set(WORDS)
