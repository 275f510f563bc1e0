"""What we mend of the admin's frame: cards of a list on a phone, and plain file fields."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from courses.models import Lesson
from tests.browser.desk import sign_in, watch
from tests.factories.accounts import StaffFactory
from tests.factories.articles import TagFactory
from tests.factories.courses import lessons_of, make_course

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LINES = """() => [...document.querySelectorAll("input[type=text], input:not([type])")]
  .map((each) => each.value)"""
CHOSEN = "(field) => field.files.length"
LABEL = "(cell) => getComputedStyle(cell, '::before').content"


@pytest.fixture
def desk(page: Page, live_server: Any, settings: Any) -> Page:
    settings.STAFF_SECOND_FACTOR, settings.SITE_URL = False, live_server.url
    sign_in(page.context, StaffFactory(name="Ada Winter"), live_server.url)
    return page


@pytest.fixture
def lesson(db: None) -> Lesson:
    course = make_course(1, title="A year on your own terms", promise="Twenty lessons for a year")
    return lessons_of(course)[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_list_without_choices_speaks_of_none_on_a_phone(
    desk: Page, live_server: Any, lesson: Lesson, scheme: Any
) -> None:
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.emulate_media(color_scheme=scheme)
    desk.goto(f"{live_server.url}/admin/courses/course/")
    cell = desk.locator(".data-row > :first-child")
    assert cell.evaluate(LABEL) == "none"
    title = cell.get_by_role("link", name="A year on your own terms")
    promise = cell.get_by_text("Twenty lessons for a year")
    above, below = title.bounding_box(), promise.bounding_box()
    assert above is not None
    assert below is not None
    # One under the other on the same edge, in a line each.
    assert above["x"] == below["x"]
    assert above["y"] + above["height"] <= below["y"] + 1
    assert above["height"] < 30
    assert desk.locator(".data-row > :nth-child(2)").evaluate(LABEL) != "none"
    found = Axe().run(desk)
    assert found.violations_count == 0, found.generate_report()


def test_a_list_with_choices_keeps_its_words(desk: Page, live_server: Any) -> None:
    TagFactory()
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.goto(f"{live_server.url}/admin/newsletter/tag/")
    first = desk.locator(".data-row > :first-child")
    expect(first.get_by_role("checkbox")).to_be_visible()
    assert "elect" in first.evaluate(LABEL)


@pytest.mark.parametrize("screen", ["import", "lesson"])
def test_choosing_a_file_in_a_plain_field_touches_nothing_else(
    desk: Page, live_server: Any, lesson: Lesson, screen: str
) -> None:
    complaints = watch(desk)
    address = "courseimport/add" if screen == "import" else f"lesson/{lesson.pk}/change"
    desk.goto(f"{live_server.url}/admin/courses/{address}/")
    desk.wait_for_load_state("load")
    if screen == "lesson":
        desk.get_by_text("Add a file", exact=True).click()
    before = desk.evaluate(LINES)
    desk.locator("input[type=file]").last.set_input_files(
        {"name": "a.zip", "mimeType": "application/zip", "buffer": b"PK"}
    )
    assert desk.locator("input[type=file]").last.evaluate(CHOSEN) == 1
    assert desk.evaluate(LINES) == before
    assert complaints == []


def test_the_admins_own_file_field_still_shows_the_name(desk: Page, live_server: Any) -> None:
    complaints = watch(desk)
    desk.goto(f"{live_server.url}/admin/newsletter/publication/")
    desk.wait_for_load_state("load")
    shown = desk.locator("label > input[type=text][disabled]").first
    desk.locator("input[type=file]").first.set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": b"x"}
    )
    expect(shown).to_have_value("logo.png")
    assert complaints == []
