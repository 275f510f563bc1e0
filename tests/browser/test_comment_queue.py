"""The author looks after the talk: from the mail, and in the queue by keys and without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Browser, Page, expect

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import report_comment
from newsletter.comments.enums import ReportReason
from newsletter.comments.models import Comment
from newsletter.outbox.actions import deliver
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail
from tests.browser.test_comments import address, article, assert_accessible, link_in, sign_in
from tests.factories.accounts import UserFactory
from tests.factories.comments import place_for, say, set_rules

__all__ = ["address", "article"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def send_all() -> None:
    for row in OutgoingEmail.objects.filter(state=EmailState.QUEUED).order_by("pk"):
        deliver(email_id=row.pk)


def test_a_visitors_comment_is_approved_from_the_mail(
    browser: Browser, page: Page, live_server: Any, address: str, article: Article
) -> None:
    set_rules(hold_first_timers=True)
    page.goto(address)
    form = page.locator("form[data-talk-form]")
    form.get_by_label("Comment").fill("A *thought* of mine")
    form.get_by_label("Name").fill("Vera Visitor")
    form.get_by_label("Email").fill("vera@example.org")
    page.wait_for_timeout(2100)
    form.get_by_role("button", name="Send the comment").click()
    expect(page.get_by_role("status").filter(has_text="look into your mail")).to_be_visible()
    page.goto(live_server.url + link_in(OutgoingEmail.objects.get()))
    page.get_by_role("button", name="Yes, this is mine").click()
    expect(page.locator("main")).to_contain_text("The author looks at your comment")
    send_all()
    found = re.search(r"/comments/decide/\S+", str(mail.outbox[-1].body))
    assert found
    # Another device, on which nobody has signed in.
    author = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    phone = author.new_page()
    phone.goto(live_server.url + found[0])
    expect(phone.locator(".comment em")).to_have_text("thought")
    assert_accessible(phone)
    phone.get_by_role("button", name="Approve").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Approved")
    assert author.cookies() == []
    phone.goto(live_server.url + found[0])
    expect(phone.get_by_role("heading", level=1)).to_contain_text("decides nothing any more")
    author.close()
    page.goto(address)
    expect(page.locator(".comment em")).to_have_text("thought")


def states() -> list[str]:
    return list(Comment.objects.order_by("-pk").values_list("state", flat=True))


def test_the_queue_by_keys(
    browser: Browser, live_server: Any, settings: Any, article: Article
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    author: User = article.author
    set_rules(hold_first_timers=True)
    for number in range(4):
        say(article, body=f"Thought number {number}")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, live_server.url, author)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(f"{live_server.url}/admin/newsletter/comment/")
    rows = page.locator("[data-row]")
    expect(rows).to_have_count(4)
    assert_accessible(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("a")
    expect(rows.nth(0)).to_contain_text("Approved.")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("s")
    expect(rows.nth(1)).to_contain_text("Marked as spam.")
    expect(rows.nth(2)).to_be_focused()
    page.keyboard.press("r")
    expect(rows.nth(2)).to_contain_text("Rejected.")
    assert states() == ["approved", "spam", "rejected", "pending"]
    expect(page.locator('[data-count="pending"]')).to_have_text("1")
    page.keyboard.press("u")
    expect(rows.nth(2)).to_be_focused()
    expect(rows.nth(2)).to_contain_text("Thought number 1")
    assert states() == ["approved", "spam", "pending", "pending"]
    # A key held down decides once: the next row has not been read.
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.down("r")
    expect(rows.nth(2)).to_contain_text("Rejected.")
    expect(rows.nth(3)).to_be_focused()
    page.keyboard.down("r")
    page.keyboard.up("r")
    page.keyboard.press("u")
    expect(rows.nth(2)).to_contain_text("Thought number 1")
    assert states() == ["approved", "spam", "pending", "pending"]
    # Decided on elsewhere meanwhile: the row says so and stays.
    Comment.objects.filter(state="pending").update(version=7)
    page.keyboard.press("a")
    expect(rows.nth(2).locator(".desk-problem")).to_contain_text("in the meantime")
    # Letters typed into the search are letters.
    page.get_by_label("Words, a name or an address").press_sequentially("jars")
    assert states() == ["approved", "spam", "pending", "pending"]
    assert troubles == []
    context.close()


def test_what_was_taken_back_is_decided_on_again(
    browser: Browser, live_server: Any, settings: Any, article: Article
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    comment, reader = say(article, body="Some say that this is rude"), UserFactory()
    place = place_for(article, reader)
    report_comment(actor=reader, comment=comment, place=place, reason=ReportReason.RUDE)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, live_server.url, article.author)
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/newsletter/comment/?tab=reported")
    row = page.locator("[data-row]")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(row).to_contain_text("Approved.")
    page.keyboard.press("u")
    expect(row).to_contain_text("Some say that this is rude")
    page.keyboard.press("r")
    expect(row).to_contain_text("Removed.")
    assert states() == ["removed"]
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_queue_on_a_phone_without_scripts(
    browser: Browser, live_server: Any, settings: Any, article: Article, scheme: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    set_rules(hold_first_timers=True)
    for number in range(3):
        say(article, body=f"Thought number {number} https://a.example/{'long' * 40}")
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 844}, color_scheme=scheme
    )
    sign_in(context, live_server.url, article.author)
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/newsletter/comment/")
    box = page.locator(".queue").bounding_box()
    assert box
    assert box["x"] + box["width"] <= 390
    page.locator("[data-row]").nth(0).get_by_role("button", name="Approve").click()
    expect(page.locator("[data-row]")).to_have_count(2)
    assert sorted(states()) == ["approved", "pending", "pending"]
    page.get_by_role("button", name="Take back").click()
    expect(page.locator("[data-row]")).to_have_count(3)
    for tick in page.get_by_role("checkbox").all()[:2]:
        tick.check()
    page.locator("#queue-many").get_by_role("button", name="Spam").click()
    assert sorted(states()) == ["pending", "spam", "spam"]
    context.close()
