"""Screens that show mail, in a real browser: the mailbox, the preview, the progress page."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from newsletter.mailings.models import Mailing
from tests.factories.accounts import StaffFactory
from tests.factories.mailings import prepared_mailing

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk(page: Page, live_server: Any, settings: Any) -> Page:
    """Chromium with an author signed in."""
    settings.STAFF_SECOND_FACTOR = False
    client = Client()
    author = StaffFactory(time_zone="UTC")
    client.force_login(author, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    cookie = {"name": django_settings.SESSION_COOKIE_NAME, "value": session}
    page.context.add_cookies([{**cookie, "url": live_server.url}])
    return page


def change(mailing: Mailing) -> str:
    return reverse("admin:newsletter_mailing_change", args=[mailing.pk])


def test_the_progress_page_brings_itself_up_to_date(desk: Page, live_server: Any) -> None:
    mailing = prepared_mailing(readers=6)
    desk.goto(live_server.url + change(mailing))
    expect(desk.locator("#mailing-numbers")).to_contain_text("0 of 6 accepted.")
    desk.evaluate("window.same = true")
    mailing.deliveries.filter(pk__in=mailing.deliveries.values("pk")[:4]).update(state="accepted")
    expect(desk.locator("#mailing-numbers")).to_contain_text("4 of 6 accepted.")
    assert desk.evaluate("window.same") is True
    # Another state needs other buttons: the page loads itself anew.
    Mailing.objects.filter(pk=mailing.pk).update(state="paused")
    expect(desk.get_by_role("link", name="Resume…")).to_be_visible()
    assert desk.evaluate("window.same") is None


def test_an_author_pauses_and_resumes(desk: Page, live_server: Any) -> None:
    mailing = prepared_mailing(readers=3)
    desk.goto(live_server.url + change(mailing))
    desk.get_by_role("button", name="Pause").click()
    expect(desk.get_by_text("Paused.", exact=True)).to_be_visible()
    desk.get_by_role("link", name="Resume…").click()
    desk.get_by_role("button", name="Send to the other 3 people").click()
    expect(desk.get_by_text("It goes on.")).to_be_visible()


def test_the_progress_page_is_accessible(desk: Page, live_server: Any) -> None:
    mailing = prepared_mailing(readers=3)
    mailing.deliveries.filter(pk=mailing.deliveries.first().pk).update(state="unknown")
    for path in (
        change(mailing),
        reverse("admin:newsletter_mailing_deliveries", args=[mailing.pk]),
    ):
        desk.goto(live_server.url + path)
        found = Axe().run(desk, context="#content").response["violations"]
        assert [violation["id"] for violation in found] == []


def test_a_link_in_a_mail_opens_the_whole_window(page: Page, live_server: Any) -> None:
    message = EmailMultiAlternatives("Hello", "x", "a@example.com", ["ada@example.com"])
    link = f'<html><head></head><body><a href="{live_server.url}/about/">About</a></body></html>'
    message.attach_alternative(link, "text/html")
    get_connection("newsletter.lib.mailbox.LocalMailboxBackend").send_messages([message])
    page.goto(f"{live_server.url}/dev/mail/?to=ada@example.com")
    found = Axe().run(page, options={"iframes": False}).response["violations"]
    assert [violation["id"] for violation in found] == []
    page.frame_locator("iframe.mail-frame").get_by_role("link", name="About").click()
    page.wait_for_url(f"{live_server.url}/about/")


@pytest.mark.parametrize("width", [600, 390])
def test_a_mail_fits_its_window(desk: Page, live_server: Any, width: int) -> None:
    long = "x" * 200
    mailing = prepared_mailing(body_html=f"<p>{long}</p><pre><code>{long}</code></pre>")
    desk.set_viewport_size({"width": width, "height": 900})
    path = reverse("mailings:preview-mailing", args=[mailing.pk])
    desk.goto(f"{live_server.url}{path}?part=html")
    assert desk.evaluate("document.documentElement.scrollWidth") <= width


def test_a_mail_is_dark_where_its_reader_likes_it_dark(desk: Page, live_server: Any) -> None:
    mailing = prepared_mailing()
    desk.emulate_media(color_scheme="dark")
    path = reverse("mailings:preview-mailing", args=[mailing.pk])
    desk.goto(f"{live_server.url}{path}?part=html")
    paper = desk.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = desk.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert paper == "rgb(25, 23, 20)"
    assert ink == "rgb(233, 228, 220)"
