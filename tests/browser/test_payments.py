"""Visitor -> plans -> demo checkout -> reads the paid part; a declined card; leaving again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.mailbox import open_mail, text_of_mail
from tests.running_site import running_site

# Without this it would start a browser among the other tests, on both databases.
pytestmark = pytest.mark.browser

PAID = "/articles/reading-a-contract-with-a-pencil/"
READER = "payer@example.org"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_site(tmp_path_factory.mktemp("payments")) as address:
        yield address


def assert_accessible(page: Page) -> None:
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_load_state()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def sign_in(page: Page, site: str) -> None:
    """With the code from the mail; the page to go on to is kept."""
    page.get_by_label("E-mail address").fill(READER)
    page.locator("main form button").first.click()
    waiting = page.url
    mail = page.context.new_page()
    open_mail(mail, site, READER, "Sign in")
    code = re.search(r"[A-Z]{3}-[A-Z]{3}", text_of_mail(mail))
    assert code
    mail.close()
    assert page.url == waiting
    page.locator("input[autocomplete='one-time-code']").fill(code[0])
    page.locator("main form button").first.click()


def test_a_visitor_buys_reads_and_leaves(page: Page, site: str) -> None:
    page.goto(f"{site}{PAID}")
    expect(page.locator(".paywall")).to_contain_text("€6 a month")
    page.locator(".paywall a.button").click()
    assert_accessible(page)
    page.get_by_role("link", name="Take Patron").click()
    assert_accessible(page)
    page.get_by_label("Your e-mail address").fill(READER)
    page.get_by_role("button", name="Go to the payment page").click()
    page.wait_for_url("**/demo-payment/**")
    expect(page.locator(".demo-note")).to_contain_text("No money moves")
    assert_accessible(page)

    page.get_by_role("button", name="The card is declined").click()
    expect(page.get_by_role("alert")).to_contain_text("declined")
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_url("**/plans/success/**")
    expect(page.locator("h1")).to_have_text("Welcome")
    assert page.context.cookies() == []
    assert_accessible(page)

    page.get_by_role("link", name="Sign in and read on").click()
    sign_in(page, site)
    page.wait_for_url(f"**{PAID}")
    expect(page.locator(".paywall")).to_have_count(0)

    page.goto(f"{site}/account/membership/")
    expect(page.locator("main")).to_contain_text("Renews on")
    assert_accessible(page)
    page.locator("summary", has_text="Cancel").click()
    page.get_by_role("button", name="Cancel my membership").click()
    expect(page.locator("main")).to_contain_text("Ends on")
    page.goto(f"{site}{PAID}")
    expect(page.locator(".paywall")).to_have_count(0)
