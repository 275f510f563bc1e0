"""W4: words run in their own direction, whatever the publication's language is."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.desk import sign_in
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PublishedArticleFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# How far the words stand from either end of their line.
GAPS = """(selector) => {
    const element = document.querySelector(selector)
    const words = document.createRange()
    words.selectNodeContents(element)
    const line = element.getBoundingClientRect()
    const box = words.getClientRects()[0]
    return { left: Math.round(box.left - line.left), right: Math.round(line.right - box.right) }
}"""


@pytest.mark.parametrize(
    ("title", "starts_at", "ends_at"), [("שִׂיחָה", "right", "left"), ("A talk", "left", "right")]
)
def test_w4_an_article_begins_where_its_script_does(
    page: Page, live_server: Any, title: str, starts_at: str, ends_at: str
) -> None:
    PublishedArticleFactory(
        slug="one", title=title, dek=title, body=f"<h2>{title}</h2><p>{title}.</p>"
    )
    page.goto(f"{live_server.url}/articles/one/")
    for selector in (".article-head .dek", ".prose h2", ".prose p"):
        gaps = page.evaluate(GAPS, selector)
        assert gaps[starts_at] <= 1
        assert gaps[ends_at] > 50


def test_w4_the_desk_writes_in_the_direction_of_the_words(
    page: Page, live_server: Any, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    sign_in(page.context, StaffFactory(), live_server.url)
    page.goto(f"{live_server.url}/admin/newsletter/article/add/")
    title = page.get_by_label("Title", exact=True)
    for words, direction in (("שִׂיחָה", "rtl"), ("A talk", "ltr")):
        title.fill(words)
        assert title.evaluate("(field) => field.matches(':dir(rtl)')") is (direction == "rtl")
