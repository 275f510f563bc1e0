"""Around the text: saving by itself, copies in the browser, two authors, preview, publishing."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from newsletter.accounts.models import User
from newsletter.articles.actions import save_article
from newsletter.articles.models import Article
from tests.browser.desk import html_of, sign_in, watch
from tests.browser.test_editor_nodes import NODES, open_desk
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PAYWALL, ArticleFactory, PublishedArticleFactory, TagFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def author(settings: Any) -> User:
    settings.STAFF_SECOND_FACTOR = False
    return StaffFactory(name="Ada Winter")


@pytest.fixture
def desk(page: Page, live_server: Any, settings: Any, author: User) -> Page:
    settings.SITE_URL = live_server.url
    sign_in(page.context, author, live_server.url)
    return page


def test_a_draft_saves_itself_from_the_first_title_on(desk: Page, live_server: Any) -> None:
    desk.goto(f"{live_server.url}/admin/newsletter/article/add/")
    desk.locator(".desk-text").click()
    desk.keyboard.type("Words before a title.")
    expect(desk.locator("#desk-saved")).to_contain_text("Give it a title", timeout=10_000)
    assert not Article.objects.exists()
    desk.get_by_label("Title", exact=True).fill("Über Preise")
    expect(desk.locator("#desk-saved")).to_contain_text("Draft saved", timeout=10_000)
    article = Article.objects.get()
    assert (article.title, article.slug) == ("Über Preise", "über-preise")
    assert article.body == "<p>Words before a title.</p>"
    assert desk.url.endswith(f"/article/{article.pk}/change/")
    # The address follows the title until the author writes one.
    desk.get_by_label("Title", exact=True).fill("Ohne Preise")
    expect(desk.locator("#desk-slug")).to_have_text("ohne-preise")
    desk.get_by_label("Address", exact=True).fill("mine")
    desk.get_by_label("Title", exact=True).fill("Noch anders")
    expect(desk.locator("#desk-saved")).to_contain_text("Not saved yet")
    expect(desk.locator("#desk-saved")).to_contain_text("Draft saved", timeout=10_000)
    article.refresh_from_db()
    assert (article.title, article.slug) == ("Noch anders", "mine")


def test_a_title_that_was_used_before_saves_itself_too(desk: Page, live_server: Any) -> None:
    ArticleFactory(title="Same words", slug="same-words")
    desk.goto(f"{live_server.url}/admin/newsletter/article/add/")
    desk.get_by_label("Title", exact=True).fill("Same words")
    expect(desk.locator("#desk-saved")).to_contain_text("Draft saved", timeout=10_000)
    expect(desk.locator("#desk-slug")).to_have_text("same-words-2")
    assert Article.objects.filter(slug="same-words-2").exists()


def test_w4_a_hundred_thousand_words_can_be_written_in(
    desk: Page, live_server: Any, author: User
) -> None:
    words = "Say the number, then stop talking and count to four. " * 10
    article = ArticleFactory(author=author, body=f"<p>{words}</p>" * 1000)
    open_desk(desk, live_server, article)
    desk.get_by_role("textbox", name="Text").locator("p").first.click()
    took = desk.evaluate(
        """() => {
          const editor = document.getElementById("id_body").proseEditor
          const start = performance.now()
          for (let n = 0; n < 10; n++) editor.commands.insertContent("x")
          return (performance.now() - start) / 10
        }"""
    )
    # A key has to appear before the next one is struck; on a busy machine it takes a tenth of it.
    assert took < 1000
    expect(desk.locator("#desk-saved")).to_contain_text("Not saved yet", timeout=10_000)
    expect(desk.locator("#desk-saved")).to_contain_text("Draft saved", timeout=30_000)
    expect(desk.locator("#desk-word-count")).to_contain_text("100,")


def test_a_lost_connection_loses_nothing(desk: Page, live_server: Any, author: User) -> None:
    article = ArticleFactory(author=author, body="<p>Stored.</p>")
    open_desk(desk, live_server, article)
    desk.route("**/autosave/", lambda route: route.abort())
    desk.locator(".desk-text").click()
    desk.keyboard.press("Control+End")
    desk.keyboard.type(" And more.")
    line = desk.locator("#desk-saved")
    expect(line).to_contain_text("cannot be reached", timeout=10_000)
    expect(line).to_contain_text("kept in this browser")
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.unroute("**/autosave/")
    open_desk(desk, live_server, article)
    expect(desk.locator("#desk-kept")).to_contain_text("was not saved")
    desk.get_by_role("button", name="Bring it back").click()
    expect(desk.get_by_role("textbox", name="Text")).to_contain_text("And more.")
    expect(line).to_contain_text("Not saved yet")
    expect(line).to_contain_text("Draft saved", timeout=10_000)
    article.refresh_from_db()
    assert article.body == "<p>Stored. And more.</p>"


def test_what_is_public_stays_as_it_is_until_the_author_says_so(
    desk: Page, live_server: Any, author: User
) -> None:
    article = PublishedArticleFactory(author=author, body="<p>Public.</p>")
    open_desk(desk, live_server, article)
    expect(desk.get_by_text("This is public.")).to_be_visible()
    desk.locator(".desk-text").click()
    desk.keyboard.press("Control+End")
    desk.keyboard.type(" Half a sen")
    expect(desk.locator("#desk-saved")).to_contain_text("kept in this browser")
    desk.wait_for_timeout(3500)
    article.refresh_from_db()
    assert article.body == "<p>Public.</p>"
    desk.keyboard.type("tence.")
    desk.get_by_role("button", name="Update the page").click()
    desk.wait_for_load_state()
    article.refresh_from_db()
    assert article.full_html.strip() == "<p>Public. Half a sentence.</p>"
    # What was stored is no longer offered.
    expect(desk.locator("#desk-kept")).to_be_hidden()


def test_w2_two_authors_at_once(desk: Page, live_server: Any, author: User) -> None:
    article = ArticleFactory(author=author, body="<p>Both begin here.</p>")
    open_desk(desk, live_server, article)
    other = Article.objects.get(pk=article.pk)
    other.body = "<p>Both begin here. Bo goes on.</p>"
    save_article(actor=StaffFactory(name="Bo Marsh"), article=other)
    desk.locator(".desk-text").click()
    desk.keyboard.press("Control+End")
    desk.keyboard.type(" Ada goes on.")
    kept = desk.locator("#desk-kept")
    expect(kept).to_contain_text("Bo Marsh saved this article", timeout=10_000)
    kept.get_by_role("button", name="Compare the two texts").click()
    expect(desk.locator("del", has_text="Bo")).to_be_visible()
    expect(desk.locator("ins", has_text="Ada")).to_be_visible()
    desk.get_by_role("button", name="Go on writing in mine").click()
    expect(desk.get_by_role("textbox", name="Text")).to_contain_text("Ada goes on.")
    desk.get_by_role("button", name="Save draft").click()
    desk.wait_for_load_state()
    article.refresh_from_db()
    assert article.body == "<p>Both begin here. Ada goes on.</p>"
    assert other.body in article.history.values_list("body", flat=True)


def test_preview_is_one_key_away_and_shows_what_is_typed(
    desk: Page, live_server: Any, author: User
) -> None:
    body = f"<p>Open.</p>{PAYWALL}<p>Shut.</p>"
    article = PublishedArticleFactory(author=author, access="paid", body=body)
    open_desk(desk, live_server, article)
    desk.get_by_text("Open.", exact=True).click()
    desk.keyboard.press("End")
    desk.keyboard.type(" Typed.")
    with desk.context.expect_page() as opened:
        desk.keyboard.press("Control+Alt+v")
    preview = opened.value
    complaints = watch(preview)
    expect(preview.get_by_text("Open. Typed.")).to_be_visible()
    expect(preview.get_by_text("Shut.")).to_have_count(0)
    preview.get_by_role("button", name="A paying member").click()
    expect(preview.get_by_text("Shut.")).to_be_visible()
    expect(preview.get_by_text("Open. Typed.")).to_be_visible()
    assert not complaints
    article.refresh_from_db()
    assert "Typed" not in article.body


def test_from_an_empty_page_to_published_and_sent(desk: Page, live_server: Any) -> None:
    letter = NewsletterFactory(name="The Sunday letter")
    SubscriptionFactory.create_batch(3, newsletter=letter)
    TagFactory(name="Rates", slug="rates")
    complaints = watch(desk)
    desk.goto(f"{live_server.url}/admin/newsletter/article/add/")
    desk.get_by_label("Title", exact=True).fill("The whole way")
    desk.locator(".desk-text").click()
    desk.keyboard.type("It is said in one line.")
    desk.get_by_label("Tags", exact=True).fill("Rates")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Remove Rates")).to_be_visible()
    desk.get_by_role("button", name="Publish…").click()
    expect(desk.get_by_role("heading", name="Publish")).to_be_visible()
    expect(desk.get_by_text("The Sunday letter")).to_be_visible()
    desk.get_by_role("button", name="Publish and send to 3").click()
    expect(desk.get_by_text("The mail starts within seconds.")).to_be_visible()
    article = Article.objects.get()
    assert (article.state, article.newsletter) == ("published", letter)
    assert article.send_requested_at is not None
    assert [tag.name for tag in article.tags.all()] == ["Rates"]
    desk.goto(f"{live_server.url}/articles/the-whole-way/")
    expect(desk.get_by_text("It is said in one line.")).to_be_visible()
    assert not complaints


def test_the_cards_show_what_others_will(desk: Page, live_server: Any, author: User) -> None:
    body = f"<p>Open beginning.</p>{PAYWALL}<p>Shut secret.</p>"
    article = ArticleFactory(author=author, title="Plain title", dek="", access="paid", body=body)
    open_desk(desk, live_server, article)
    desk.get_by_text("Search and sharing").click()
    card = desk.locator(".desk-search-card")
    expect(card).to_contain_text("Plain title")
    expect(card).to_contain_text("Open beginning.")
    expect(card).not_to_contain_text("secret")
    desk.get_by_label("Title for search engines").fill("Found title")
    expect(card).to_contain_text("Found title")
    expect(desk.get_by_text("11 of 60 characters")).to_be_visible()


def test_it_works_without_javascript(
    browser: Browser, live_server: Any, settings: Any, author: User
) -> None:
    settings.SITE_URL = live_server.url
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, author, live_server.url)
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/newsletter/article/add/")
    page.get_by_label("Title", exact=True).fill("By hand")
    page.get_by_label("Text", exact=True).fill("<p>HTML by hand.</p>")
    page.get_by_label("Tags").fill("One, Two")
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("button", name="Publish only").click()
    article = Article.objects.get()
    assert (article.state, article.body) == ("published", "<p>HTML by hand.</p>")
    assert article.tags.count() == 2
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    browser: Browser, live_server: Any, settings: Any, author: User, scheme: Any
) -> None:
    settings.SITE_URL = live_server.url
    article = ArticleFactory(
        author=author,
        newsletter=NewsletterFactory(),
        body="".join(NODES[name] for name in NODES if name not in {"picture"}),
    )
    context = browser.new_context(color_scheme=scheme)
    sign_in(context, author, live_server.url)
    page = context.new_page()
    complaints = watch(page)
    one = f"/admin/newsletter/article/{article.pk}"
    revision = article.history.latest().history_id
    for path in (
        *(f"{one}/change/", f"{one}/publish/", f"{one}/schedule/", f"{one}/archive/"),
        *(f"{one}/revisions/", f"{one}/revisions/{revision}/", f"{one}/preview/", "/admin/"),
    ):
        page.goto(f"{live_server.url}{path}")
        if path.endswith("/change/"):
            expect(page.locator(".desk-toolbar")).to_be_visible()
            page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
    assert not complaints
    context.close()


def test_the_text_is_what_the_reader_will_see(desk: Page, live_server: Any, author: User) -> None:
    article = PublishedArticleFactory(author=author, body="<p>The measure.</p>")
    open_desk(desk, live_server, article)
    style = "(e) => { const s = getComputedStyle(e); return [s.fontFamily, s.fontSize, s.color] }"
    writing = desk.locator(".desk-text p").evaluate(style)
    desk.goto(f"{live_server.url}/articles/{article.slug}/")
    assert desk.locator(".prose p").evaluate(style) == writing


def test_settings_fold_away_and_stay_so(desk: Page, live_server: Any, author: User) -> None:
    article = ArticleFactory(author=author)
    open_desk(desk, live_server, article)
    panel = desk.get_by_role("complementary", name="Settings of the article")
    expect(panel).to_be_visible()
    desk.get_by_role("button", name="Settings").click()
    expect(panel).to_be_hidden()
    desk.reload()
    expect(desk.locator(".desk-text")).to_be_visible()
    expect(panel).to_be_hidden()
    assert html_of(desk) == article.body


# Where the top of a sign comes to lie in the first line of the title's field; not above it.
ROOM_ABOVE = """sign => {
  const field = document.getElementById("id_title"), style = getComputedStyle(field)
  const pen = document.createElement("canvas").getContext("2d")
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`
  const line = pen.measureText(sign), size = parseFloat(style.fontSize)
  const leading = 1.08 * size - line.fontBoundingBoxAscent - line.fontBoundingBoxDescent
  const baseline = parseFloat(style.paddingTop) + leading / 2 + line.fontBoundingBoxAscent
  return baseline - line.actualBoundingBoxAscent
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_a_title_shows_the_accents_of_its_capitals(
    desk: Page, live_server: Any, author: User, width: int
) -> None:
    desk.set_viewport_size({"width": width, "height": 844})
    open_desk(desk, live_server, ArticleFactory(author=author, title="Über Ängste"))
    assert desk.evaluate(ROOM_ABOVE, "Ü") >= 0
    assert desk.evaluate(ROOM_ABOVE, "Ế") >= 0


def test_the_list_of_revisions_fits_a_phone(desk: Page, live_server: Any, author: User) -> None:
    article = ArticleFactory(author=author)
    article.history.update(history_user=author, history_change_reason="Published and sent")
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.goto(f"{live_server.url}/admin/newsletter/article/{article.pk}/revisions/")
    assert desk.evaluate("document.documentElement.scrollWidth") == 390
