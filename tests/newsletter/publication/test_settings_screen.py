"""The publication's settings in the admin: one row, opened directly."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from newsletter.publication.models import Publication
from tests.factories.accounts import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
SCREEN = "/admin/newsletter/publication/1/change/"


@pytest.fixture(autouse=True)
def _signed_in_is_enough(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(StaffFactory(), backend=BACKEND)
    return client


def filled(**changes: Any) -> dict[str, Any]:
    return {
        "name": "The Quiet Part",
        "language": "en",
        "time_zone": "Europe/Berlin",
        "accent": "#005a9c",
        "font_pairing": "humanist",
        "reader_count_threshold": 50,
        **changes,
    }


def test_the_list_leads_straight_to_it(desk: Client) -> None:
    assert desk.get("/admin/newsletter/publication/")["Location"] == SCREEN


def test_it_opens_before_anything_was_saved(desk: Client) -> None:
    page = desk.get(SCREEN).content.decode()
    assert "My publication" in page
    assert 'value="UTC" selected' in page
    assert not Publication.objects.exists()


def test_it_is_stored_and_shows_everywhere(desk: Client) -> None:
    assert desk.post(SCREEN, filled(tagline="Letters about asking")).status_code == 302
    publication = Publication.objects.get()
    assert (publication.pk, publication.accent) == (1, "#005a9c")
    assert publication.font_pairing == "humanist"
    assert "The Quiet Part" in desk.get("/").content.decode()
    assert "The Quiet Part" in desk.get("/admin/").content.decode()


def test_the_about_page_is_cleaned(desk: Client) -> None:
    desk.post(SCREEN, filled(about_html="<p>We.<script>alert(1)</script></p>"))
    assert Publication.objects.get().about_html == "<p>We.</p>"


@pytest.mark.parametrize(
    "wrong",
    [{"accent": "red"}, {"name": ""}, {"time_zone": "Mars/Base"}, {"font_pairing": "comic"}],
)
def test_what_is_wrong_is_not_stored(desk: Client, wrong: dict[str, str]) -> None:
    assert desk.post(SCREEN, filled(**wrong)).status_code == 200
    assert not Publication.objects.exists()


def test_there_is_no_second_and_no_deleting(desk: Client) -> None:
    assert desk.get("/admin/newsletter/publication/add/").status_code == 403
    assert desk.post("/admin/newsletter/publication/1/delete/").status_code == 403
    assert desk.get("/admin/newsletter/publication/2/change/").status_code == 302


def test_each_pairing_is_written_in_itself(desk: Client) -> None:
    page = desk.get(SCREEN).content.decode()
    assert page.count("The quiet part of a negotiation") == 4
    assert "font-family:Seravek" in page


@pytest.mark.parametrize("reader", [True, False])
def test_others_do_not_open_it(client: Client, reader: bool) -> None:
    user = UserFactory() if reader else StaffFactory(is_superuser=False)
    client.force_login(user, backend=BACKEND)
    assert client.get(SCREEN).status_code in {302, 403}
    assert client.post(SCREEN, filled()).status_code in {302, 403}
    assert not Publication.objects.exists()


def test_a_long_text_is_seen_whole_and_stays_one_paragraph(desk: Client) -> None:
    page = desk.get(SCREEN).content.decode()
    for name in ("footer_text", "signup_text", "paid_offer_text", "free_offer_text"):
        assert f'<textarea name="{name}"' in page
    typed = filled(signup_text="  A scene,\r\nand what can\n\nbe learned from it.  ")
    assert desk.post(SCREEN, typed).status_code == 302
    assert Publication.objects.get().signup_text == "A scene, and what can be learned from it."
