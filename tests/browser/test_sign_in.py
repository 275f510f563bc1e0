"""Signing in as people do it: with a mail, with an app, with a passkey."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from newsletter.accounts.models import User
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import PASSWORD, StaffFactory, UserFactory, app_code

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _second_factor_is_asked_for(settings) -> None:
    settings.STAFF_SECOND_FACTOR = True
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True


def newest_mail(address: str) -> str:
    return OutgoingEmail.objects.filter(to=address).latest("pk").text


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("with_script", [True, False], ids=["script", "no script"])
def test_a_reader_signs_in_with_the_code(browser, live_server, with_script: bool) -> None:
    UserFactory(email="ada@example.com", time_zone="")
    context = browser.new_context(java_script_enabled=with_script, timezone_id="Asia/Kolkata")
    page = context.new_page()
    page.goto(f"{live_server.url}/account/login/?next=/account/")
    if with_script:
        assert_accessible(page)
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_role("button", name="Mail me a code").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    if with_script:
        assert_accessible(page)
    assert not context.cookies()
    code = re.search(r"[A-Z]{3}-[A-Z]{3}", newest_mail("ada@example.com"))
    assert code
    page.get_by_label("Code").fill(code[0].lower())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    if with_script:
        assert_accessible(page)
    # The device's zone is offered, and kept only when the person saves.
    assert User.objects.get().time_zone == ""
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert User.objects.get().time_zone == ("Asia/Kolkata" if with_script else "")
    context.close()


def test_m15_the_link_waits_for_the_button(browser, live_server) -> None:
    UserFactory(email="ada@example.com")
    desk, phone = browser.new_context(), browser.new_context()
    page = desk.new_page()
    page.goto(f"{live_server.url}/account/login/")
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_role("button", name="Mail me a code").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    path = re.search(r"/account/login/link/\S+", newest_mail("ada@example.com"))
    assert path
    reader = phone.new_page()
    reader.goto(live_server.url + path[0])
    assert not phone.cookies()
    assert_accessible(reader)
    reader.get_by_role("button", name="Sign in").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Your account")
    assert not desk.cookies()


def staff_page(page: Page, live_server) -> Page:
    """Signed in with the password, on the page that asks for a second factor."""
    StaffFactory(email="author@example.com")
    page.goto(f"{live_server.url}/admin/newsletter/user/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to write")
    assert_accessible(page)
    page.get_by_label("E-mail address").fill("author@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    assert_accessible(page)
    return page


def confirm_password(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Is it you?")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_an_author_sets_up_an_app_and_enters(page: Page, live_server) -> None:
    staff_page(page, live_server)
    page.get_by_role("link", name="Add an authenticator app").click()
    confirm_password(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Add an authenticator app")
    assert_accessible(page)
    page.get_by_text("Cannot scan it?").click()
    secret = page.locator("details code").inner_text()
    page.get_by_label("Authenticator code").fill(app_code(secret))
    page.get_by_role("button", name="Add the app").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    assert_accessible(page)
    page.goto(f"{live_server.url}/admin/newsletter/user/")
    assert page.url == f"{live_server.url}/admin/newsletter/user/"


def test_an_author_adds_a_passkey_and_signs_in_with_it_alone(page: Page, live_server) -> None:
    staff_page(page, live_server)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.get_by_role("link", name="Add a passkey").click()
    confirm_password(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a passkey")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.context.clear_cookies()
    page.goto(f"{live_server.url}/admin/newsletter/user/")
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url(f"{live_server.url}/admin/newsletter/user/")
    page.context.clear_cookies()
    page.goto(f"{live_server.url}/account/login/password/?next=/admin/newsletter/user/")
    page.get_by_label("E-mail address").fill("author@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Now your second factor")
    assert_accessible(page)
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url(f"{live_server.url}/admin/newsletter/user/")
