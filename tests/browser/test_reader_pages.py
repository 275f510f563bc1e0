"""The reader's site in a real browser: accessible, keyboard-usable, whole without JavaScript."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from newsletter.articles.actions import store_image
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory, TagFactory, picture_file
from tests.factories.publication import PublicationFactory
from tests.factories.subscribers import NewsletterFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BODY = """
<p>The first thing I bought was ballast.<span data-footnote>Four thousand tonnes.</span></p>
<h2>What the buyer fears</h2>
<blockquote data-pull><p>Price is only what they ask about.</p></blockquote>
<table><tbody><tr><th><p>Fear</p></th><th><p>Relief</p></th></tr>
<tr><td><p>Late</p></td><td><p>A date</p></td></tr></tbody></table>
<pre><code>floor = 8400</code></pre>
<figure data-embed><a href="https://example.com/film">A film</a></figure>
<p data-button><a href="https://example.com/">Read the sheet</a></p>
"""
PAGES = ["/", "/articles/", "/articles/chair/", "/articles/shut/", "/search/?q=ballast"]
PAGES += ["/about/", "/tags/rates/", "/authors/hanna/", "/nowhere/", "/subscribe/"]


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    """A small publication with one article of each kind; returns its address."""
    settings.DEBUG = False
    settings.SITE_URL = live_server.url
    PublicationFactory(about_html="<p>We write letters.</p><h2>How</h2><p>Slowly.</p>")
    NewsletterFactory()
    author = StaffFactory(author_slug="hanna", name="Hanna Verlinde", bio="Writes manuals.")
    cover = store_image(
        actor=author, file=picture_file(size=(1280, 800)), alt="A lamp", caption="Linocut."
    )
    tags = [TagFactory(name="Rates", slug="rates"), TagFactory(name="Paper", slug="paper")]
    PublishedArticleFactory(
        slug="chair", title="The Second Chair", author=author, tags=tags, cover=cover, body=BODY
    )
    PublishedArticleFactory(
        slug="shut",
        title="For those who pay",
        author=author,
        tags=tags,
        access="paid",
        body=f"<p>{'Open words here. ' * 60}</p>{PAYWALL}<p>Shut.</p>",
    )
    return live_server.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(site: str, browser: Browser, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for path in PAGES:
        page.goto(site + path)
        results = Axe().run(page)
        assert results.violations_count == 0, f"{path}: {results.generate_report()}"
    context.close()


def test_w4_pages_fit_a_phone_and_200_percent(site: str, browser: Browser) -> None:
    endless = "Donaudampfschifffahrtsgesellschaftskapitän" * 3
    PublishedArticleFactory(
        slug="endless", title=endless, dek=endless, body=f"<h2>{endless}</h2><p>{endless}</p>"
    )
    # 320 CSS pixels is what WCAG 1.4.10 asks; 640 is a laptop at 200 %.
    for width in (320, 390, 640):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        for path in [*PAGES, "/articles/endless/"]:
            page.goto(site + path)
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, (path, width)
        context.close()


def test_links_and_buttons_outside_sentences_are_large_enough(site: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{site}/articles/chair/")
    small = page.eval_on_selector_all(
        "header.site-head a, footer a, footer button:not([hidden]), .button, .tags a, form button",
        "found => found.filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML)",
    )
    assert small == []
    # And their words stand on one line: nothing beside them may squeeze them.
    page.goto(f"{site}/nowhere/")
    button = page.get_by_role("button", name="Search").bounding_box()
    assert button is not None
    assert button["height"] < 50
    context.close()


def test_keyboard_reaches_everything_in_order_with_a_visible_ring(site: str, page: Page) -> None:
    page.goto(f"{site}/articles/chair/")
    names = []
    for _ in range(9):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
        style = page.evaluate(
            "(s => [s.outlineStyle, s.outlineWidth, s.outlineOffset])"
            "(getComputedStyle(document.activeElement))"
        )
        assert style == ["solid", "2px", "2px"], names[-1]
    assert names[:7] == [
        "Skip to the text",
        "Good Terms",
        "Articles",
        "About",
        "Search",
        "Sign in",
        "Subscribe",
    ]
    page.goto(f"{site}/articles/chair/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_everything_works_without_javascript(site: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Words to look for").fill("ballast")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("heading", name="The Second Chair").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The Second Chair")
    # A switch that could do nothing is not shown.
    expect(page.locator("#theme-switch")).to_be_hidden()
    page.get_by_label("E-mail address").first.fill("new@example.com")
    page.get_by_role("button", name="Send me the letter").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert context.cookies() == []
    context.close()


def test_paper_switch_keeps_the_choice_without_a_cookie(site: str, browser: Browser) -> None:
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(f"{site}/articles/chair/")
    assert page.evaluate("localStorage.length") == 0
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark paper").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.goto(f"{site}/about/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    page.get_by_role("button", name="Light paper").click()
    assert page.evaluate("localStorage.length") == 0
    assert context.cookies() == []
    assert problems == []
    context.close()


def test_pages_ask_nobody_else_for_anything(site: str, page: Page) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    for path in PAGES:
        page.goto(site + path, wait_until="networkidle")
    assert hosts == {site.split("/")[2]}


def test_notes_stand_in_the_margin_or_under_their_paragraph(site: str, browser: Browser) -> None:
    def boxes(width: int) -> tuple[dict, dict]:
        context = browser.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        page.goto(f"{site}/articles/chair/")
        paragraph = page.locator(".prose p").first.bounding_box()
        note = page.locator(".footnote").first.bounding_box()
        context.close()
        assert paragraph is not None
        assert note is not None
        return paragraph, note

    paragraph, note = boxes(1280)
    assert note["x"] >= paragraph["x"] + paragraph["width"]
    paragraph, note = boxes(390)
    assert note["y"] >= paragraph["y"] + paragraph["height"]
    assert note["x"] == paragraph["x"]


def _has_typeface(name: str) -> bool:
    command = ["fc-list", name]
    return shutil.which("fc-list") is not None and bool(subprocess.check_output(command))


@pytest.mark.skipif(
    os.environ.get("CI") != "true" and not _has_typeface("P052"),
    reason="none of the typefaces that the site asks for is installed (fonts-urw-base35 has one)",
)
def test_the_measure_is_62_to_68_characters(site: str, page: Page) -> None:
    text = "It set out, quite fairly, why a careful buyer might prefer one of the others. " * 30
    PublishedArticleFactory(slug="long", body=f"<p>{text}</p>")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{site}/articles/long/")
    lines = page.evaluate(
        """() => {
            const node = document.querySelector(".prose p").firstChild, range = new Range();
            const tops = new Set();
            for (let i = 0; i < node.length; i++) {
                range.setStart(node, i); range.setEnd(node, i + 1);
                tops.add(Math.round(range.getBoundingClientRect().top));
            }
            return node.length / tops.size;
        }"""
    )
    assert 62 <= lines <= 68
