"""A paying reader takes a copy of everything along, and deletes the account for good."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.mailbox import PATIENCE_SECONDS, open_mail, text_of_mail
from tests.running_site import DEMO_PASSWORD, running_site

# Somebody of the demo who has written comments.
READER, NAME = "reader@example.com", "Tomasz Wrona"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_site(tmp_path_factory.mktemp("own-data")) as address:
        yield address


def assert_accessible(page: Page) -> None:
    """In both colours; buttons take a moment to change theirs."""
    expect(page.locator("h1")).to_be_visible()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(300)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"


def mailed(page: Page, site: str, subject: str) -> str:
    """The text of the mail of this subject to the reader, once it has come."""
    mail = page.context.new_page()
    open_mail(mail, site, READER, subject)
    text = text_of_mail(mail)
    mail.close()
    return text


def sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/account/login/")
    page.get_by_label("E-mail address").fill(READER)
    page.locator("main form button").first.click()
    code = re.search(r"[A-Z]{3}-[A-Z]{3}", mailed(page, site, "Sign in"))
    assert code
    page.locator("input[autocomplete='one-time-code']").fill(code[0])
    page.locator("main form button").first.click()
    page.wait_for_url("**/account/")


def join(page: Page, site: str) -> None:
    page.goto(f"{site}/plans/")
    page.get_by_role("link", name="Take Patron").click()
    page.get_by_role("button", name="Go to the payment page").click()
    page.wait_for_url("**/demo-payment/**")
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_url("**/plans/success/**")


def commented(site: str, browser: Browser) -> str:
    """An article under which the reader has said something, as the desk knows it."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site}/admin/login/?next=/admin/newsletter/user/%3Fq={READER}")
    page.locator("input[type=password]").fill(DEMO_PASSWORD)
    page.locator("input[name=username], input[name=login]").fill("author@example.com")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Their page").click()
    said = page.locator("section[aria-labelledby='member-comments'] a[href*='/admin/']")
    title = said.filter(has_not_text="Bar them").first.inner_text()
    context.close()
    return title


def test_a_reader_takes_a_copy_and_goes_for_good(
    page: Page, browser: Browser, site: str, tmp_path: Any
) -> None:
    title = commented(site, browser)
    page.set_viewport_size({"width": 390, "height": 800})
    sign_in(page, site)
    join(page, site)

    # The copy.
    page.goto(f"{site}/account/")
    page.get_by_role("link", name="A copy of everything we hold on you").click()
    assert_accessible(page)
    page.get_by_role("button", name="Make a copy").click()
    expect(page.locator("main")).to_contain_text("is being made")
    assert_accessible(page)
    assert "is ready" in mailed(page, site, "The copy of your data")
    page.reload()
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Download")).click()
    download.value.save_as(tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        data = json.loads(archive.read("data.json"))
        assert data["account"][0]["address"] == READER
        assert data["comments"]
        assert data["memberships"][0]["state"] == "active"
        assert "README.txt" in archive.namelist()

    # Going.
    page.get_by_role("link", name="Delete your account").click()
    expect(page.locator("main")).to_contain_text("Patron: €")
    expect(page.locator("main")).to_contain_text("said by a “Deleted reader”")
    assert_accessible(page)
    page.get_by_role("button", name="End my membership and delete my account").click()
    page.wait_for_url("**/account/deleted/")
    expect(page.locator("h1")).to_have_text("Your account is deleted")
    assert_accessible(page)
    page.goto(f"{site}/account/")
    page.wait_for_url("**/account/login/**")

    # What is left: the words, said by nobody.
    page.goto(f"{site}/articles/")
    page.get_by_role("link", name=title).first.click()
    talk = page.locator("#comments")
    for _ in range(PATIENCE_SECONDS):
        if "Deleted reader" in talk.inner_text():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(talk).to_contain_text("Deleted reader")
    expect(talk).not_to_contain_text(NAME)
