"""The editor of a letter to learners: it goes whole to each, so it offers no parts for some."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from courses.enums import CourseAccess
from courses.models import Course
from newsletter.articles.editor import sanitise_body
from tests.browser.desk import html_of, sign_in, watch
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import enrolled, make_course
from tests.factories.subscribers import NewsletterFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PARTS = (
    "<section data-audience='members'><p>For members.</p></section>"
    "<hr data-paywall><p>Below.</p><section data-audience='web'><p>For the web.</p></section>"
)


@pytest.fixture
def course() -> Course:
    NewsletterFactory(sender_address="hanna@example.com")
    course = make_course(1, title="Saying no", access=CourseAccess.FREE)
    enrolled(course, UserFactory())
    return course


def test_a_letter_offers_no_sections_and_no_paywall(
    page: Page, live_server: Any, settings: Any, course: Course
) -> None:
    settings.STAFF_SECOND_FACTOR, settings.SITE_URL = False, live_server.url
    sign_in(page.context, StaffFactory(name="Ada Winter"), live_server.url)
    complaints = watch(page)
    page.goto(f"{live_server.url}/admin/courses/courseletter/add/?course={course.pk}")
    page.locator(".desk-text").click()
    page.keyboard.type("First.")
    for keys in ("Control+Alt+m", "Control+Alt+p"):
        page.keyboard.press(keys)
    toolbar = page.get_by_role("toolbar")
    expect(toolbar.get_by_role("button", name="Paywall")).to_have_count(0)
    toolbar.get_by_role("button", name="Insert").click()
    expect(page.get_by_role("menuitem", name="Pull quote")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Section")).to_have_count(0)
    page.keyboard.press("Escape")
    # What is pasted from an article keeps its words; of the paywall a plain rule is left.
    page.evaluate(
        """(html) => {
          const editor = document.getElementById("id_body").proseEditor
          editor.commands.insertContentAt(editor.state.doc.content.size, html)
        }""",
        PARTS,
    )
    written = html_of(page)
    assert written == ("<p>First.</p><p>For members.</p><hr><p>Below.</p><p>For the web.</p>")
    assert sanitise_body(written) == written
    assert complaints == []
