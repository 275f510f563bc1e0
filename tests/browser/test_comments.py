"""Talking under an article in a real browser: with and without JavaScript, light and dark."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as project
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import pin_comment, remove_comment
from newsletter.comments.models import Comment
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import crowd, say, set_rules
from tests.factories.publication import PublicationFactory
from tests.factories.subscribers import NewsletterFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def article(live_server: Any, settings: Any) -> Article:
    settings.DEBUG = False
    settings.SITE_URL = live_server.url
    PublicationFactory()
    NewsletterFactory()
    set_rules(asks_for_work=True)
    author = StaffFactory(name="Hanna Verlinde")
    return PublishedArticleFactory(slug="chair", title="The Second Chair", author=author)


@pytest.fixture
def address(live_server: Any, article: Article) -> str:
    return f"{live_server.url}/articles/chair/"


def sign_in(context: BrowserContext, url: str, user: User) -> None:
    """A session as any sign-in makes it."""
    client = Client()
    client.force_login(user)
    value = client.cookies[project.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": project.SESSION_COOKIE_NAME, "value": value, "url": url}])


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def link_in(mail: OutgoingEmail) -> str:
    found = re.search(r"/comments/confirm/\S+", mail.text)
    assert found
    return found[0]


def test_a_visitor_writes_with_javascript(
    page: Page, live_server: Any, address: str, article: Article
) -> None:
    say(article, body="Somebody was here before.")
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.goto(address)
    form = page.locator("form[data-talk-form]")
    form.get_by_label("Comment").fill("A draft that must not be lost")
    page.reload()
    expect(form.get_by_label("Comment")).to_have_value("A draft that must not be lost")
    form.get_by_label("Comment").fill("A *thought* of mine")
    # The puzzle is solved while they write; what is sent within two seconds would be held.
    expect(form.locator("[name=altcha]")).not_to_have_value("", timeout=30_000)
    page.wait_for_timeout(2_100)
    form.get_by_role("button", name="Preview").click()
    expect(page.locator(".talk-preview em")).to_have_text("thought")
    # What was solved for the preview is not lost by it.
    assert form.locator("[name=altcha]").input_value()
    form.get_by_label("Name").fill("Vera Visitor")
    form.get_by_label("Remember me").check()
    form.get_by_role("button", name="Send the comment").click()
    expect(page.locator(".error")).to_contain_text("Enter your e-mail address")
    expect(form.get_by_label("Comment")).to_have_value("A *thought* of mine")
    form.get_by_label("Email").fill("vera@example.org")
    form.get_by_role("button", name="Send the comment").click()
    expect(page.get_by_role("status").filter(has_text="look into your mail")).to_be_visible()
    assert page.context.cookies() == []
    assert Comment.objects.get(guest_email="vera@example.org").reasons == []
    page.goto(live_server.url + link_in(OutgoingEmail.objects.get()))
    assert_accessible(page)
    page.get_by_role("button", name="Yes, this is mine").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your comment stands")
    page.goto(address)
    expect(page.locator(".comment em")).to_have_text("thought")
    expect(form.get_by_label("Name")).to_have_value("Vera Visitor")
    expect(form.get_by_label("Comment")).to_have_value("")
    assert troubles == []


def test_answers_open_in_place_when_the_form_is_used_before_the_page_has_loaded(
    page: Page, address: str, article: Article
) -> None:
    say(article, body="Somebody was here before.")
    pictures: list[Any] = []
    page.route("**/slow.png", lambda route: pictures.append(route))
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => "
        "document.body.append(Object.assign(new Image(), { src: '/slow.png' })))"
    )
    page.goto(address, wait_until="domcontentloaded")
    page.locator("form[data-talk-form]").get_by_label("Comment").focus()
    page.wait_for_timeout(1000)
    pictures[0].fulfill(status=404)
    page.wait_for_load_state("load")
    page.wait_for_timeout(1500)
    page.locator(".comment-acts").get_by_role("link", name="Answer").click()
    expect(page.locator(".slot textarea")).to_be_focused()


def test_everything_works_without_javascript(
    browser: Browser, live_server: Any, address: str, article: Article
) -> None:
    crowd(article, 23)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("link", name="Show 3 more comments").click()
    expect(page.locator(".comments > li")).to_have_count(3)
    page.get_by_role("link", name="Answer Somebody").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your answer")
    page.get_by_label("Comment").fill("Plainly put")
    page.get_by_label("Name").fill("Paul Plain")
    page.get_by_label("Email").fill("paul@example.org")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("look into your mail")
    assert context.cookies() == []
    page.goto(live_server.url + link_in(OutgoingEmail.objects.get()))
    page.get_by_role("button", name="Yes, this is mine").click()
    # Held, for no browser without JavaScript solves the puzzle.
    expect(page.locator("main")).to_contain_text("The author looks at your comment")
    assert Comment.objects.get(name="Paul Plain").reasons[0]["check"] in {"work", "time"}
    context.close()


def test_a_member_answers_edits_likes_and_reports(
    browser: Browser, live_server: Any, address: str, article: Article
) -> None:
    reader = UserFactory(name="Mia Member")
    root = say(article, body="Worth an answer.")
    context = browser.new_context(viewport={"width": 390, "height": 844})
    sign_in(context, live_server.url, reader)
    page = context.new_page()
    page.goto(address)
    first = page.locator(f"#comment-{root.pk}")
    first.scroll_into_view_if_needed()
    page.wait_for_function("window.htmx")
    first.get_by_role("button", name="Like").click()
    expect(first.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
    first.get_by_role("link", name="Answer").click()
    answer = first.locator("form[data-talk-form]")
    expect(answer.get_by_label("Comment")).to_be_focused()
    answer.get_by_label("Comment").fill("Here is one")
    page.wait_for_timeout(2100)
    answer.get_by_role("button", name="Send the answer").click()
    said = first.locator(".talk-said")
    expect(said).to_contain_text("Here is one")
    expect(said).to_be_focused()
    assert Comment.objects.get(parent=root).user == reader
    page.reload()
    page.get_by_role("link", name="Change").click()
    page.get_by_label("Comment").fill("Here is a better one")
    page.get_by_role("button", name="Save the change").click()
    expect(page.locator(".is-linked")).to_contain_text("Here is a better one")
    assert_accessible(page)
    page.goto(address)
    first.get_by_role("link", name="Report").first.click()
    assert_accessible(page)
    page.get_by_role("button", name="Send the report").click()
    expect(page.locator(".error")).to_have_text("Choose what comes closest.")
    page.get_by_label("It attacks somebody").check()
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("status").first).to_contain_text("Somebody will look at it")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_conversation(
    browser: Browser, live_server: Any, address: str, article: Article, scheme: Any
) -> None:
    moderator = StaffFactory(name="Hanna Two")
    root = say(article, article.author, "> Quoted\n\nand `code` and https://a.example")
    reply = say(article, parent=root)
    say(article, parent=reply)
    gone = say(article)
    say(article, parent=gone)
    remove_comment(actor=moderator, comment=gone)
    pin_comment(actor=moderator, comment=root)
    reader = UserFactory(name="Mia Member")
    set_rules(moderation="before")
    say(article, reader, "Waits for a look.")
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for user in (None, reader):
        if user is not None:
            sign_in(context, live_server.url, user)
        for path in ("/articles/chair/", f"/comments/{reply.pk}/", "/account/comments/"):
            page.goto(live_server.url + path)
            assert_accessible(page)
    context.close()
