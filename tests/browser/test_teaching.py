"""The desk of courses in a real browser: by keyboard alone, by mouse, without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from courses.models import Course, Lesson
from newsletter.accounts.models import User
from tests.browser.desk import html_of, sign_in, watch
from tests.courses.desk.conftest import outline_of
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import (
    CourseFactory,
    LessonFactory,
    ModuleFactory,
    enrolled,
    make_course,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def teacher(settings: Any) -> User:
    settings.STAFF_SECOND_FACTOR = False
    return StaffFactory(name="Ada Winter")


@pytest.fixture
def desk(page: Page, live_server: Any, settings: Any, teacher: User) -> Page:
    settings.SITE_URL = live_server.url
    sign_in(page.context, teacher, live_server.url)
    return page


@pytest.fixture
def course(db: None) -> Course:
    course = CourseFactory(title="Saying no")
    one, two = (ModuleFactory(course=course, title=title) for title in ("One", "Two"))
    for module, title in ((one, "A"), (one, "B"), (two, "C")):
        LessonFactory(module=module, title=title)
    return course


def outline_url(live_server: Any, course: Course) -> str:
    return f"{live_server.url}/admin/courses/course/{course.pk}/outline/"


def focus_of(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def tab_to(page: Page, wanted: str, *, back: bool = False, most: int = 120) -> None:
    """Press Tab until the element with that id has the focus."""
    for _each in range(most):
        if focus_of(page) == wanted:
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{wanted} cannot be reached by Tab; the focus is on {focus_of(page)!r}")


def test_a_course_of_three_lessons_is_built_by_keyboard_alone(desk: Page, live_server: Any) -> None:
    complaints = watch(desk)
    keys = desk.keyboard
    desk.goto(f"{live_server.url}/admin/courses/course/add/")
    expect(desk.locator(".desk-toolbar")).to_be_visible()
    tab_to(desk, "id_title")
    keys.type("The quiet no")
    tab_to(desk, "id_dek")
    keys.type("Turn down what you do not want.")
    # Enter in a line goes on to the text; the button that saves is reached backwards.
    for _each in range(60):
        if desk.evaluate("document.activeElement.name") == "_save_draft":
            break
        keys.press("Shift+Tab")
    keys.press("Enter")
    expect(desk.get_by_text("The course is made.")).to_be_visible()

    # Two modules and three lessons, each by typing and Enter.
    tab_to(desk, "add-module-title")
    keys.type("Before")
    keys.press("Enter")
    expect(desk.get_by_role("heading", name="Before")).to_be_visible()
    first = Course.objects.get().modules.get()
    expect(desk.locator(f"#add-module-{first.pk}-title")).to_be_focused()
    for title in ("Wait", "Listen", "Answer"):
        keys.type(title)
        keys.press("Enter")
        expect(desk.get_by_role("link", name=title, exact=True)).to_be_visible()
        expect(desk.locator(f"#add-module-{first.pk}-title")).to_be_focused()
    tab_to(desk, "add-module-title")
    keys.type("After")
    keys.press("Enter")
    expect(desk.get_by_role("heading", name="After")).to_be_visible()

    # The last lesson goes to the top, then down and on into the next module.
    answer = Lesson.objects.get(title="Answer")
    tab_to(desk, f"title-lesson-{answer.pk}", back=True)
    course = Course.objects.get()
    for stands in (["Wait", "Answer", "Listen"], ["Answer", "Wait", "Listen"]):
        keys.press("Alt+ArrowUp")
        expect(desk.locator(".teach-name > a").nth(stands.index("Answer"))).to_have_text("Answer")
        assert outline_of(course)[0] == ("Before", stands)
    expect(desk.locator("body > [role=status]")).to_contain_text("is lesson 1 of 3")
    for place in (1, 2):
        keys.press("Alt+ArrowDown")
        expect(desk.locator(".teach-name > a").nth(place)).to_have_text("Answer")
    keys.press("Alt+ArrowDown")
    expect(desk.locator("body > [role=status]")).to_contain_text("of 1 in “After”")
    assert outline_of(course) == [("Before", ["Wait", "Listen"]), ("After", ["Answer"])]

    # A lesson is renamed in place: F2, typing, Enter.
    wait = Lesson.objects.get(title="Wait")
    tab_to(desk, f"title-lesson-{wait.pk}", back=True)
    keys.press("F2")
    expect(desk.locator(f"#lesson-{wait.pk}-title")).to_be_focused()
    keys.press("Control+a")
    keys.type("Wait four seconds")
    keys.press("Enter")
    expect(desk.get_by_role("link", name="Wait four seconds", exact=True)).to_be_visible()
    expect(desk.locator(f"#edit-lesson-{wait.pk}")).to_be_focused()

    # Each gets a text and is published from its own page.
    for lesson in Lesson.objects.order_by("module__position", "position"):
        desk.goto(outline_url(live_server, course))
        tab_to(desk, f"title-lesson-{lesson.pk}")
        keys.press("Enter")
        expect(desk.locator(".desk-toolbar").last).to_be_visible()
        tab_to(desk, "id_body_text")
        keys.type("Say it once, and stop.")
        for _each in range(60):
            if desk.evaluate("document.activeElement.name") == "_publish":
                break
            keys.press("Shift+Tab")
        keys.press("Enter")
        expect(desk.get_by_text("is published.")).to_be_visible()
    assert not Lesson.objects.exclude(state="published").exists()

    # The course itself asks once.
    desk.goto(outline_url(live_server, course))
    for name in ("Publish the course…", "Publish the course"):
        for _each in range(80):
            if desk.evaluate("document.activeElement.textContent.trim()") == name:
                break
            keys.press("Tab")
        with desk.expect_navigation():
            keys.press("Enter")
    expect(desk.get_by_text("The course is public.")).to_be_visible()
    course.refresh_from_db()
    assert course.state == "published"
    assert outline_of(course) == [
        ("Before", ["Wait four seconds", "Listen"]),
        ("After", ["Answer"]),
    ]
    assert not complaints


def test_lines_are_dragged(desk: Page, live_server: Any, course: Course) -> None:
    # High enough that nothing scrolls between the press of the mouse and the first move.
    desk.set_viewport_size({"width": 1280, "height": 1600})
    desk.goto(outline_url(live_server, course))
    a, c = (Lesson.objects.get(title=title) for title in "AC")
    handle = desk.locator(f"#lesson-{c.pk} .teach-handle")
    handle.drag_to(desk.locator(f"#lesson-{a.pk}"), target_position={"x": 200, "y": 4})
    expect(desk.locator("body > [role=status]")).to_contain_text("“C” is lesson 1 of 3 in “One”")
    assert outline_of(course) == [("One", ["C", "A", "B"]), ("Two", [])]
    # Into a module that has no lesson left.
    two = course.modules.get(title="Two")
    desk.locator(f"#lesson-{a.pk} .teach-handle").drag_to(desk.locator(f"#module-{two.pk}"))
    expect(desk.locator("body > [role=status]")).to_contain_text("in “Two”")
    assert outline_of(course) == [("One", ["C", "B"]), ("Two", ["A"])]
    # And a module by its own.
    one = course.modules.get(title="One")
    desk.locator(f"#module-{two.pk} .teach-line-module .teach-handle").drag_to(
        desk.locator(f"#module-{one.pk}"), target_position={"x": 200, "y": 4}
    )
    expect(desk.locator("body > [role=status]")).to_contain_text("“Two” is module 1 now.")
    assert outline_of(course) == [("Two", ["A"]), ("One", ["C", "B"])]


def test_w2_the_outline_that_changed_meanwhile_is_shown(
    desk: Page, live_server: Any, course: Course
) -> None:
    from courses.actions import move_lesson

    desk.goto(outline_url(live_server, course))
    c = Lesson.objects.get(title="C")
    move_lesson(
        actor=StaffFactory(name="Bo Marsh"),
        lesson=c,
        module=course.modules.get(title="One"),
        position=1,
    )
    b = Lesson.objects.get(title="B")
    desk.locator(f"#up-lesson-{b.pk}").click()
    expect(desk.get_by_role("alert")).to_contain_text("Bo Marsh changed this course")
    expect(desk.locator(".teach-name > a").first).to_have_text("C")
    assert outline_of(course) == [("One", ["C", "A", "B"]), ("Two", [])]
    desk.locator(f"#up-lesson-{b.pk}").click()
    expect(desk.locator("body > [role=status]")).to_contain_text("“B” is lesson 2 of 3")


def test_a_lesson_saves_itself_and_shows_what_its_kind_asks_for(
    desk: Page, live_server: Any
) -> None:
    lesson = LessonFactory(state="draft", title="Listen", body="<p>Hear it.</p>")
    complaints = watch(desk)
    desk.goto(f"{live_server.url}/admin/courses/lesson/{lesson.pk}/change/")
    expect(desk.get_by_role("heading", name="Recording")).to_be_hidden()
    desk.get_by_label("Kind", exact=True).select_option("audio")
    expect(desk.get_by_role("heading", name="Recording")).to_be_visible()
    desk.get_by_label("Address of the recording").fill("https://audio.example/1")
    expect(desk.locator("#desk-saved")).to_contain_text("Draft saved", timeout=10_000)
    desk.locator("summary", has_text="Transcript").click()
    desk.locator("#id_transcript_text").click()
    desk.keyboard.type("Hello.")
    expect(desk.locator("#desk-saved")).to_contain_text("Not saved yet", timeout=10_000)
    expect(desk.locator("#desk-saved")).to_contain_text("Draft saved", timeout=10_000)
    lesson.refresh_from_db()
    assert (lesson.kind, lesson.media_url) == ("audio", "https://audio.example/1")
    assert lesson.transcript == html_of(desk, "id_transcript") == "<p>Hello.</p>"
    # Two editors on one page, each with a bar of its own.
    assert desk.locator("#id_body_text").count() == desk.locator("#id_transcript_text").count() == 1
    assert not complaints


def test_it_works_without_javascript(
    browser: Browser, live_server: Any, settings: Any, teacher: User, course: Course
) -> None:
    settings.SITE_URL = live_server.url
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, teacher, live_server.url)
    page = context.new_page()
    page.goto(outline_url(live_server, course))
    b = Lesson.objects.get(title="B")
    page.get_by_role("button", name="Move “B” up").click()
    assert outline_of(course) == [("One", ["B", "A"]), ("Two", ["C"])]
    expect(page.get_by_text("“B” is lesson 1 of 2 in “One” now.")).to_be_visible()
    page.get_by_role("link", name="Rename or change “B”").click()
    page.get_by_label("Title", exact=True).fill("Bee")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Bee", exact=True)).to_be_visible()
    page.goto(f"{live_server.url}/admin/courses/lesson/{b.pk}/change/")
    page.get_by_label("Text", exact=True).fill("<p>HTML by hand.</p>")
    page.get_by_role("button", name="Update the lesson").click()
    b.refresh_from_db()
    assert (b.title, b.body) == ("Bee", "<p>HTML by hand.</p>")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(
    browser: Browser, live_server: Any, settings: Any, teacher: User, scheme: Any, width: int
) -> None:
    settings.SITE_URL = live_server.url
    course = make_course(2, 1)
    for number in range(3):
        learner = enrolled(course, UserFactory(name=f"Learner {number}"))
    lesson = course.lessons.order_by("pk").first()
    revision = lesson.history.latest().history_id
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    sign_in(context, teacher, live_server.url)
    page = context.new_page()
    complaints = watch(page)
    one, each = f"/admin/courses/course/{course.pk}", f"/admin/courses/lesson/{lesson.pk}"
    for path in (
        *(f"{one}/outline/?open=lesson-{lesson.pk}", f"{one}/change/", f"{one}/calendar/"),
        *(f"{one}/figures/", f"{one}/do/archive/", f"{one}/preview/?as=learner&day=3"),
        *(f"{one}/preview/?as=visitor&lesson={lesson.pk}", f"{each}/change/"),
        *(f"{each}/revisions/", f"{each}/revisions/{revision}/"),
        *(f"{one}/revisions/", f"{one}/revisions/{course.history.latest().history_id}/"),
        f"/admin/courses/enrolment/?course={course.pk}&state=not_begun",
        *(f"/admin/courses/enrolment/enrol/{course.pk}/", "/admin/courses/enrolment/"),
        f"/admin/courses/enrolment/{learner.pk}/change/",
    ):
        page.goto(f"{live_server.url}{path}")
        if path.endswith("/change/") and "enrolment" not in path:
            expect(page.locator(".desk-toolbar").last).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, f"{path} is wider than the screen"
    assert not complaints
    context.close()
