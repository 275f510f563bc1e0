"""The main job, from end to end, on the site as `make run` starts it: real server, real worker.

A visitor subscribes and confirms from the mail; the author writes, publishes and sends; the mail
arrives; the reader opens the article from it, and leaves with one click.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.mailbox import PATIENCE_SECONDS, open_mail
from tests.running_site import DEMO_PASSWORD, running_site

READER = "walker@example.org"
TITLE = "The Walk to the Post"
FIRST_WORDS = "It was a wet morning, and the letter was late."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_site(tmp_path_factory.mktemp("walk")) as address:
        yield address


def link_in_mail(page: Page, words: str) -> str:
    """Where the first link of these words in the opened mail leads."""
    mail = page.frame_locator("iframe")
    href = mail.get_by_role("link", name=words, exact=True).first.get_attribute("href")
    assert href
    return href


def sign_in_as_author(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/")
    page.get_by_label("E-mail address").fill("author@example.com")
    page.locator("input[type=password]").fill(DEMO_PASSWORD)
    page.locator("input[type=password]").press("Enter")
    page.wait_for_url(f"{site}/admin/")


def subscribe(page: Page, site: str) -> None:
    page.goto(f"{site}/subscribe/")
    page.get_by_label("E-mail address").fill(READER)
    page.wait_for_timeout(2500)  # nobody types an address in less
    page.get_by_role("button", name="Send me the letter").click()
    expect(page.locator("h1")).to_contain_text("Look into your mail")
    assert page.context.cookies() == []


def confirm(page: Page, site: str) -> None:
    open_mail(page, site, READER, "Confirm")
    page.goto(link_in_mail(page, "Yes, send me the letter"))
    page.get_by_role("button", name="Yes, send me the letter").click()
    expect(page.locator("h1")).to_contain_text("You are on the list")


def write_and_send(page: Page, site: str) -> None:
    sign_in_as_author(page, site)
    page.goto(f"{site}/admin/newsletter/article/add/")
    page.locator("textarea[name=title]").fill(TITLE)
    page.locator("#id_body_text").click()
    page.keyboard.type(FIRST_WORDS)
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("button", name=re.compile(r"Publish and send to [\d,]+")).click()
    expect(page.locator("main")).to_contain_text("Published")


def watch(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/newsletter/mailing/")
    for _ in range(30):
        if page.get_by_role("link", name=re.compile(TITLE)).count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    page.get_by_role("link", name=re.compile(TITLE)).first.click()
    # The page renews itself until all is sent.
    expect(page.get_by_text(re.compile(r"([\d,]+) of \1 accepted"))).to_be_visible(
        timeout=PATIENCE_SECONDS * 1000
    )


@pytest.mark.browser
@pytest.mark.worker
def test_from_subscribing_to_leaving(page: Page, site: str) -> None:
    page.set_default_timeout(30_000)
    subscribe(page, site)
    confirm(page, site)
    author = page.context.browser.new_page()  # type: ignore[union-attr]
    author.set_default_timeout(30_000)
    write_and_send(author, site)
    watch(author, site)
    author.close()

    open_mail(page, site, READER, TITLE)
    leave = link_in_mail(page, "Unsubscribe")
    page.goto(link_in_mail(page, TITLE))
    expect(page.locator("h1")).to_have_text(TITLE)
    expect(page.locator("main")).to_contain_text(FIRST_WORDS)

    page.goto(leave)
    page.get_by_role("button", name=re.compile("^(Leave|Unsubscribe)")).first.click()
    expect(page.locator("main")).to_contain_text("You have left")
    assert page.context.cookies() == []


@pytest.mark.browser
@pytest.mark.worker
def test_a_second_start_keeps_the_data(tmp_path: Path, page: Page) -> None:
    with running_site(tmp_path, "--no-demo") as address:
        page.goto(address)
        assert page.locator("main").is_visible()
    key = (tmp_path / "secret-key").read_text()
    with running_site(tmp_path, "--no-demo") as address:
        page.goto(address)
        assert page.locator("main").is_visible()
    assert (tmp_path / "secret-key").read_text() == key
