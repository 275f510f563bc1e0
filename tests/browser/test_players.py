"""A recording at another site in a browser: nothing of it before the press, all of it after."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from courses.actions import save_course, save_lesson
from courses.enums import CourseAccess, LessonKind
from courses.models import Course, Lesson
from tests.browser.desk import sign_in, watch
from tests.factories.accounts import UserFactory
from tests.factories.courses import author, enrolled, lessons_of, make_course

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SRC = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1&rel=0"
PLAYER = "<!doctype html><html lang=en><title>Player</title><main><h1>Player</h1></main>"


@pytest.fixture
def course() -> Course:
    course = make_course(2, title="Saying no", access=CourseAccess.FREE)
    course.trailer_url = "https://youtu.be/dQw4w9WgXcQ"
    save_course(actor=author(), course=course)
    first = lessons_of(course)[0]
    first.kind, first.media_url = LessonKind.VIDEO, "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    first.transcript = "<p>What is said.</p>"
    save_lesson(actor=author(), lesson=first)
    return course


class Elsewhere:
    """Every other site: what it is asked for, by whom; it answers with an empty player."""

    def __init__(self, page: Page, site: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self.site = site
        page.context.route(lambda address: not address.startswith(site), self.answer)

    def answer(self, route: Route) -> None:
        self.asked.append((route.request.url, route.request.all_headers().get("referer", "")))
        route.fulfill(content_type="text/html", body=PLAYER)


def check(page: Page, where: str) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0, f"{where} is {wider} pixels too wide"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_lessons_recording_is_fetched_when_the_button_is_pressed(
    page: Page, live_server: Any, course: Course, width: int, scheme: Any
) -> None:
    learner = UserFactory()
    enrolled(course, learner)
    complaints, elsewhere = watch(page), Elsewhere(page, live_server.url)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    sign_in(page.context, learner, live_server.url)
    page.goto(f"{live_server.url}/courses/{course.slug}/{lessons_of(course)[0].slug}/")
    check(page, "before")
    button = page.get_by_role("button", name="Play here")
    expect(button).to_have_accessible_description(
        "The recording then comes from YouTube, which sees that you watch it."
    )
    place, below = page.locator("[data-player]"), page.locator(".embed a")
    link_at, place_at = below.bounding_box(), place.bounding_box()
    assert place_at is not None
    assert place_at["width"] / place_at["height"] == pytest.approx(16 / 9, rel=0.03)
    assert elsewhere.asked == []

    button.focus()
    page.keyboard.press("Enter")
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("src", SRC)
    expect(frame).to_have_attribute("title", f"Watch the recording: {lessons_of(course)[0].title}")
    expect(frame).to_have_attribute("referrerpolicy", "strict-origin-when-cross-origin")
    assert "fullscreen" in (frame.get_attribute("allow") or "")
    assert "allow-top-navigation" not in (frame.get_attribute("sandbox") or "allow-top-navigation")
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Player")
    expect(frame).to_be_focused()
    assert elsewhere.asked == [(SRC, f"{live_server.url}/")]
    assert (below.bounding_box(), place.bounding_box()) == (link_at, place_at)
    page.get_by_text("Transcript").click()
    expect(page.get_by_text("What is said.")).to_be_visible()
    check(page, "after")
    assert complaints == []


def test_a_visitor_watches_the_trailer_without_a_cookie(
    page: Page, live_server: Any, course: Course
) -> None:
    complaints, elsewhere = watch(page), Elsewhere(page, live_server.url)
    page.goto(f"{live_server.url}/courses/{course.slug}/")
    check(page, "offer")
    assert elsewhere.asked == []
    page.get_by_role("button", name="Play here").click()
    expect(page.locator("iframe")).to_have_attribute("title", "Watch the trailer: Saying no")
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Player")
    assert [address for address, _from in elsewhere.asked] == [SRC]
    assert page.context.cookies() == []
    assert complaints == []


def test_the_policy_lets_no_other_site_in(page: Page, live_server: Any, course: Course) -> None:
    elsewhere = Elsewhere(page, live_server.url)
    page.goto(f"{live_server.url}/courses/{course.slug}/")
    blocked = page.evaluate(
        """() => new Promise((resolve) => {
          const tell = (event) => resolve(event.effectiveDirective)
          document.addEventListener("securitypolicyviolation", tell)
          const frame = document.createElement("iframe")
          frame.src = "https://www.youtube.com/embed/dQw4w9WgXcQ"
          document.body.append(frame)
        })"""
    )
    assert blocked == "frame-src"
    assert elsewhere.asked == []


def test_without_javascript_it_is_the_link_that_it_was(
    browser: Browser, live_server: Any, course: Course
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    first: Lesson = lessons_of(course)[0]
    page.goto(f"{live_server.url}/courses/{course.slug}/{first.slug}/")
    expect(page.get_by_role("link", name="Watch the recording")).to_be_visible()
    expect(page.get_by_text("Play here")).to_be_hidden()
    context.close()
