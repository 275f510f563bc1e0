"""C5: a page full of hostile comments in a real browser, with the site's own defences switched off.

The content security policy would stop most scripts; it is left out here, so that what is tested is
the comment's HTML alone.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from newsletter.comments import reading
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import say, set_rules
from tests.factories.publication import PublicationFactory
from tests.newsletter.comments.vectors import VECTORS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_WATCH = """
window.__ran = [];
window.ran = what => window.__ran.push(String(what));
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = window.ran;
"""
_TOUCH = """() => {
  const all = document.querySelectorAll(".comment-body, .comment-body *, .comment-name");
  const names = ["mouseover", "mouseenter", "pointerover", "focus", "focusin", "click", "wheel",
                 "animationstart", "animationend", "toggle", "beforeinput", "touchstart", "load",
                 "error", "begin"];
  for (const each of all)
    for (const name of names)
      each.dispatchEvent(new Event(name, {bubbles: true, cancelable: true}));
  return all.length;
}"""
_LINKS = """() => [...document.querySelectorAll(".comment-body a")].map(a => a.protocol)"""
_FOUND = """() => [...document.querySelectorAll(".comment-body *")].map(e => e.localName)"""


def test_c5_no_script_runs_and_nothing_leaves(
    browser: Browser, live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = False
    settings.SITE_URL = live_server.url
    PublicationFactory()
    set_rules()
    author = StaffFactory(name="Hanna Verlinde")
    article = PublishedArticleFactory(slug="hostile", author=author)
    for vector in VECTORS:
        # As the name too: whoever signs in chooses their own.
        author.name = vector[:80]
        say(article, author, vector)
    # All of them on one page.
    monkeypatch.setattr(reading, "ROOTS", len(VECTORS))
    context = browser.new_context(bypass_csp=True)
    context.add_init_script(_WATCH)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(f"{live_server.url}/conversations/article/{article.pk}/", wait_until="load")
    shown = page.locator(".comments > li").count()
    assert shown >= len(VECTORS) - 20
    # Links are followed nowhere: the page itself must not go away under the test.
    page.evaluate("() => addEventListener('click', event => event.preventDefault(), true)")
    assert page.evaluate(_TOUCH) > shown
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.__ran") == []
    assert [url for url in asked if not url.startswith(live_server.url)] == []
    assert not [url for url in asked if "evil" in url]
    # ":" is what a browser says of an address that leads nowhere at all.
    assert set(page.evaluate(_LINKS)) <= {"http:", "https:", "mailto:", ":"}
    allowed = {"p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
    assert set(page.evaluate(_FOUND)) <= allowed
    assert page.url.startswith(live_server.url)
    context.close()
