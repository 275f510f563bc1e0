"""Who may open which address of a mailing, and what merely looking at it changes (nothing)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.mailings.models import Delivery, Mailing, MailingEvent
from tests.factories.accounts import UserFactory
from tests.factories.articles import ArticleFactory
from tests.newsletter.mailings_admin.conftest import BACKEND, mailing_in, staff_with

pytestmark = pytest.mark.django_db

READS = ["change", "progress", "deliveries"]
ACTS = ["pause", "resume", "unschedule", "cancel", "retry", "send-again", "count-as-sent"]


def addresses(mailing: Mailing) -> dict[str, str]:
    """Every address that acts."""
    found = {
        what: reverse("admin:newsletter_mailing_act", args=[mailing.pk, what]) for what in ACTS
    }
    for name in ("send", "test"):
        found[name] = reverse(f"admin:newsletter_mailing_{name}", args=[mailing.pk])
    return found


def snapshot(mailing: Mailing) -> tuple[object, ...]:
    return (
        Mailing.objects.filter(pk=mailing.pk).values().get(),
        list(Delivery.objects.filter(mailing=mailing).order_by("pk").values()),
        MailingEvent.objects.count(),
    )


@pytest.fixture
def mailing() -> Mailing:
    return mailing_in(accepted=1, failed=1, unknown=1)


def test_a_visitor_is_asked_to_sign_in_and_a_reader_is_refused(
    client: Client, mailing: Mailing
) -> None:
    for name in READS:
        path = reverse(f"admin:newsletter_mailing_{name}", args=[mailing.pk])
        assert client.get(path).status_code == 302
    client.force_login(UserFactory(), backend=BACKEND)
    for name in READS:
        path = reverse(f"admin:newsletter_mailing_{name}", args=[mailing.pk])
        assert client.get(path).status_code in {302, 403}
    assert client.get(reverse("mailings:preview-mailing", args=[mailing.pk])).status_code == 403


def test_staff_without_the_permission_see_nothing(client: Client, mailing: Mailing) -> None:
    client.force_login(staff_with("change_article"), backend=BACKEND)
    for name in READS:
        path = reverse(f"admin:newsletter_mailing_{name}", args=[mailing.pk])
        assert client.get(path).status_code == 403
    assert client.get(reverse("admin:newsletter_mailing_changelist")).status_code == 403
    assert client.get(reverse("mailings:preview-mailing", args=[mailing.pk])).status_code == 403
    article = ArticleFactory()
    assert client.get(reverse("mailings:preview-mail", args=[article.pk])).status_code == 403
    path = reverse("admin:newsletter_mailing_test_article", args=[article.pk])
    assert client.post(path).status_code == 403


def test_who_may_only_look_can_do_nothing(client: Client, mailing: Mailing) -> None:
    client.force_login(staff_with("view_mailing"), backend=BACKEND)
    before = snapshot(mailing)
    for name in READS:
        path = reverse(f"admin:newsletter_mailing_{name}", args=[mailing.pk])
        assert client.get(path).status_code == 200
    page = client.get(reverse("admin:newsletter_mailing_change", args=[mailing.pk]))
    assert "Cancel…" not in page.content.decode()
    for path in addresses(mailing).values():
        assert client.get(path).status_code in {403, 405}
        assert client.post(path, {"when": "now"}).status_code == 403
    assert client.get(reverse("admin:newsletter_mailing_add")).status_code == 403
    assert snapshot(mailing) == before


def test_m15_looking_at_any_page_changes_nothing(desk: Client, mailing: Mailing) -> None:
    before = snapshot(mailing)
    for name in READS:
        desk.get(reverse(f"admin:newsletter_mailing_{name}", args=[mailing.pk]))
    for name, path in addresses(mailing).items():
        assert desk.get(path).status_code == (405 if name == "test" else 200), name
    desk.get(reverse("mailings:preview-mailing", args=[mailing.pk]))
    assert snapshot(mailing) == before


def test_what_does_not_exist_is_not_found(desk: Client) -> None:
    for name in READS:
        assert desk.get(reverse(f"admin:newsletter_mailing_{name}", args=[999])).status_code == 404
    assert desk.get(reverse("mailings:preview-mailing", args=[999])).status_code == 404
    assert desk.get("/admin/newsletter/mailing/x/change/").status_code == 404


def test_an_unknown_act_is_not_found(desk: Client, mailing: Mailing) -> None:
    path = reverse("admin:newsletter_mailing_act", args=[mailing.pk, "explode"])
    assert desk.post(path).status_code == 404


def test_a_form_from_elsewhere_is_refused(mailing: Mailing, author) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(author, backend=BACKEND)
    for path in addresses(mailing).values():
        assert strict.post(path, {"when": "now"}).status_code == 403


def test_nobody_deletes_the_record_of_what_was_sent(desk: Client, mailing: Mailing) -> None:
    path = reverse("admin:newsletter_mailing_delete", args=[mailing.pk])
    assert desk.post(path, {"post": "yes"}).status_code == 403
    assert Mailing.objects.filter(pk=mailing.pk).exists()
