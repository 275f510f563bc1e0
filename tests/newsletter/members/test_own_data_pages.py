"""The pages on which somebody asks for a copy, and on which they go for good; the author's too."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.comments.models import Like
from newsletter.members import actions
from newsletter.members.models import DataExport, Erasure
from newsletter.memberships.models import AuditEntry
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import say, set_rules
from tests.factories.subscribers import SubscriptionFactory
from tests.newsletter.accounts.mails import code_in, last_mail
from tests.newsletter.members.conftest import staff_with
from tests.newsletter.members.signing_in import sign_in

pytestmark = pytest.mark.django_db

DATA, DELETE = "/account/data/", "/account/delete/"


def test_the_account_page_leads_there(client: Client, reader: User) -> None:
    client.force_login(reader)
    page = client.get("/account/").content.decode()
    assert f'href="{DATA}"' in page
    assert f'href="{DELETE}"' in page


def test_asking_for_a_copy_and_getting_it(client: Client, reader: User) -> None:
    client.force_login(reader)
    assert "Make a copy" in client.get(DATA).content.decode()
    page = client.post(DATA, follow=True).content.decode()
    assert "A copy is being made" in page
    assert "Make a new copy" not in page
    export = DataExport.objects.get(user=reader)
    assert actions.make_export(export_id=export.pk) is not None
    page = client.get(DATA).content.decode()
    assert f'href="/account/data/{export.pk}/"' in page
    assert "Make a new copy" in page
    assert b"".join(client.get(f"{DATA}{export.pk}/").streaming_content)[:2] == b"PK"


def test_too_many_copies(client: Client, reader: User) -> None:
    client.force_login(reader)
    with time_machine.travel(timezone.now().replace(hour=1), tick=False):
        for _copy in range(3):
            assert client.post(DATA).status_code == 302
            DataExport.objects.all().delete()
        assert client.post(DATA).status_code == 429


def test_visitors_are_sent_to_sign_in(client: Client) -> None:
    for path in (DATA, DELETE, f"{DATA}1/"):
        assert client.get(path).status_code == 302
    for path in (DATA, DELETE, "/account/prove/"):
        assert client.post(path).status_code == 302
    assert not DataExport.objects.exists()
    assert client.get("/account/deleted/").status_code == 200


def test_wrong_methods(client: Client, reader: User) -> None:
    client.force_login(reader)
    for path in (DATA, DELETE, f"{DATA}1/", "/account/deleted/"):
        assert client.put(path).status_code == 405
    assert client.get("/account/prove/").status_code == 405


def test_going_says_first_what_goes_and_stays(client: Client, reader: User) -> None:
    set_rules()
    article = PublishedArticleFactory()
    for number in range(2):
        say(article, reader, f"Said {number}, and meant it.")
    Like.objects.create(comment=say(article), user=reader)
    SubscriptionFactory(user=reader)
    sign_in(client, reader)
    page = client.get(DELETE).content.decode()
    assert "ada@example.com" in page
    assert "Your 2 comments, said by a “Deleted reader”" in page
    assert "Your like, as nobody" in page
    assert "Your newsletter: nothing is sent to you any more." in page
    assert "membership of yours is running" not in page
    assert "record of what was paid" not in page
    assert not Erasure.objects.exists()
    assert reader.is_active

    answer = client.post(DELETE)
    assert answer["Location"] == "/account/deleted/"
    gone = client.get("/account/deleted/").content.decode()
    assert "Your account is deleted" in gone
    assert "Sign in" in gone
    assert client.get("/account/").status_code == 302
    assert Erasure.objects.get(user=reader).is_own_wish


def test_an_old_session_needs_a_fresh_code(client: Client, reader: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(minutes=20)):
        sign_in(client, reader)
    page = client.get(DELETE).content.decode()
    assert "Mail me a code" in page
    assert "Delete my account" not in page
    assert client.post(DELETE).status_code == 403
    assert not Erasure.objects.exists()

    waiting = client.post("/account/prove/", {"next": DELETE})["Location"]
    assert client.post(waiting, {"code": "BBB-BBB"}).status_code == 422
    assert client.post(DELETE).status_code == 403
    answer = client.post(waiting, {"code": code_in(last_mail(reader.email))})
    assert answer["Location"] == DELETE
    assert "Delete my account" in client.get(DELETE).content.decode()
    assert client.post(DELETE).status_code == 302
    assert Erasure.objects.filter(user=reader).exists()


def test_a_fresh_code_of_somebody_else_proves_nothing(client: Client, reader: User) -> None:
    """Whoever signs in as another in this browser is that other from then on."""
    with time_machine.travel(timezone.now() - timedelta(minutes=20)):
        sign_in(client, reader)
    other = UserFactory()
    page = Client().post("/account/login/", {"email": other.email})["Location"]
    client.post(page, {"code": code_in(last_mail(other.email))})
    client.post(DELETE)
    assert [erasure.user for erasure in Erasure.objects.all()] == [other]


def test_codes_are_not_mailed_without_end(client: Client, reader: User) -> None:
    client.force_login(reader)
    answers = [client.post("/account/prove/", {"next": DELETE}).status_code for _ in range(7)]
    assert answers[0] == 302
    assert answers[-1] == 429
    assert OutgoingEmail.objects.filter(to=reader.email).count() <= 5


def test_staff_are_told_why_not(client: Client, author: User) -> None:
    page = client.get(DELETE).content.decode()
    assert "only administrator" in page
    assert "Delete my account" not in page
    assert client.post(DELETE).status_code == 409
    StaffFactory()
    assert "You belong to the staff" in client.get(DELETE).content.decode()
    author.refresh_from_db()
    assert author.is_active


def test_a_support_visit_neither_takes_nor_deletes(client: Client, author, reader) -> None:
    export = actions.request_export(actor=reader, person=reader)
    actions.make_export(export_id=export.pk)
    visit, token = actions.offer_visit(actor=author, person=reader, reason="Help")
    window = Client()
    window.post(f"/support-visit/{token}/")
    for path in (DATA, DELETE, f"{DATA}{export.pk}/"):
        assert window.get(path).status_code == 403
        assert window.post(path).status_code == 403
    assert visit


# At the desk.


def page_of(person: User) -> str:
    return reverse("admin:newsletter_user_member", args=[person.pk])


def deletion_of(person: User) -> str:
    return reverse("admin:newsletter_user_erase", args=[person.pk])


def test_the_author_makes_and_takes_a_copy_on_record(client: Client, author, reader) -> None:
    assert "Make a copy" in client.get(page_of(reader)).content.decode()
    assert client.post(page_of(reader), {"act": "copy"}).status_code == 302
    export = DataExport.objects.get(user=reader, asked_by=author)
    actions.make_export(export_id=export.pk)
    path = reverse("admin:newsletter_user_copy", args=[reader.pk, export.pk])
    assert f'href="{path}"' in client.get(page_of(reader)).content.decode()
    assert b"".join(client.get(path).streaming_content)[:2] == b"PK"
    kept = AuditEntry.objects.filter(user=reader).values_list("what", "actor")
    assert set(kept) == {("copy_asked_for", author.pk), ("copy_taken", author.pk)}
    other = UserFactory()
    wrong = reverse("admin:newsletter_user_copy", args=[other.pk, export.pk])
    assert client.get(wrong).status_code == 404
    assert client.post(path).status_code == 405


def test_the_author_deletes_an_account_after_the_numbers(client: Client, author, reader) -> None:
    set_rules()
    said = say(PublishedArticleFactory(), reader)
    assert deletion_of(reader) in client.get(page_of(reader)).content.decode()
    page = client.get(deletion_of(reader)).content.decode()
    assert "ada@example.com" in page
    assert "one comment by a “Deleted reader”" in page
    assert "cannot be undone" in page
    assert not Erasure.objects.exists()
    assert client.post(deletion_of(reader))["Location"] == page_of(reader)
    assert "is being deleted" in client.get(page_of(reader)).content.decode()
    erasure = Erasure.objects.get(user=reader)
    assert actions.finish_erasure(erasure_id=erasure.pk)
    page = client.get(page_of(reader)).content.decode()
    assert "Everything about this person was deleted" in page
    assert "ada@example.com" not in page
    for gone in ("Delete this account", "Keep the note", "Give access", "Make a copy", "@erased"):
        assert gone not in page, gone
    for act in ({"act": "note", "text": "It was Ada"}, {"act": "copy"}):
        assert client.post(page_of(reader), act).status_code == 403
    reader.refresh_from_db()
    with pytest.raises(PermissionDenied):
        actions.add_note(actor=author, person=reader, text="It was Ada")
    said.refresh_from_db()
    assert said.user is None
    # The list, the form and the log of the admin know nothing either.
    for path in ("/admin/newsletter/user/", f"/admin/newsletter/user/{reader.pk}/change/"):
        assert "ada@example.com" not in client.get(path).content.decode()
    change = f"/admin/newsletter/user/{reader.pk}/change/"
    assert client.post(change, {"email": "ada@example.com"}).status_code == 403
    assert client.post(deletion_of(reader)).status_code == 409


def test_a_failure_is_seen_at_the_desk(client: Client, author, reader) -> None:
    erasure = actions.request_erasure(actor=author, person=reader)
    Erasure.objects.filter(pk=erasure.pk).update(error="OperationalError", attempts=3)
    page = client.get(page_of(reader)).content.decode()
    assert "It did not succeed yet (OperationalError, 3 tries)" in page


def test_where_stripe_fails_the_desk_says_so(client: Client, author, shop) -> None:
    shop.join()
    assert "€5 a month" in client.get(deletion_of(shop.reader)).content.decode()
    shop.stripe.break_next(401)
    page = client.post(deletion_of(shop.reader))
    assert page.status_code == 503
    assert "not set up completely" in page.content.decode()
    assert not Erasure.objects.exists()


def test_only_with_the_rights(client: Client, reader: User) -> None:
    clerk = staff_with(client, "view_user")
    page = client.get(page_of(reader)).content.decode()
    assert "Their data" not in page
    assert client.post(page_of(reader), {"act": "copy"}).status_code == 403
    assert client.get(deletion_of(reader)).status_code == 403
    assert client.post(deletion_of(reader)).status_code == 403
    assert clerk.is_active
    allowed = Client()
    staff_with(allowed, "view_user", "add_dataexport", "add_erasure")
    page = allowed.get(page_of(reader)).content.decode()
    assert "Their data" in page
    assert allowed.post(page_of(reader), {"act": "copy"}).status_code == 302
    assert allowed.post(deletion_of(reader)).status_code == 302
    assert allowed.get("/admin/newsletter/user/987654/member/delete/").status_code == 404


def test_staff_and_authors_are_not_deleted_at_the_desk(client: Client, author) -> None:
    StaffFactory()
    for person in (StaffFactory(is_superuser=False), author):
        page = client.get(deletion_of(person)).content.decode()
        assert "They belong to the staff" in page
        assert client.post(deletion_of(person)).status_code == 409
    writer = UserFactory()
    article = PublishedArticleFactory()
    type(article).objects.filter(pk=article.pk).update(author=writer)
    assert "Articles stand under" in client.get(deletion_of(writer)).content.decode()


def test_the_queries_of_the_page_do_not_grow(client: Client, author, reader) -> None:
    def fill() -> None:
        set_rules()
        say(PublishedArticleFactory(), reader)
        SubscriptionFactory(user=reader)
        DataExport.objects.create(user=reader, asked_by=author)

    fill()
    client.get(deletion_of(reader))
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(deletion_of(reader))
        counts.append(len(queries))
        for _more in range(3):
            fill()
    assert counts[0] == counts[1]
