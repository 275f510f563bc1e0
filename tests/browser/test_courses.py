"""Courses in a real browser: a free one with an address, a paid one on a phone."""

from __future__ import annotations

import io
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from courses.actions import attach_file, record_position, save_lesson, save_notes
from courses.enums import CourseAccess, Drip, FileRole
from courses.models import Course, Enrolment, LessonProgress
from newsletter.accounts.models import User
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments.gateway import connect
from newsletter.subscribers.models import Subscription
from tests.browser.desk import sign_in, watch
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import (
    LessonFactory,
    ModuleFactory,
    ProductFactory,
    author,
    enrolled,
    lessons_of,
    make_course,
)
from tests.factories.payments import offer
from tests.factories.subscribers import NewsletterFactory
from tests.newsletter.subscribers.helpers import link_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
READER = "reader@example.org"


class Walk:
    """A browser among courses. Each screen that it stops at is looked at by axe, once."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.looked_at: set[str] = set()
        self.complaints = watch(page)
        page.set_default_timeout(30_000)

    def go(self, path: str, heading: str) -> None:
        self.page.goto(self.site + path)
        self.expect(heading)

    def expect(self, heading: str) -> None:
        """A screen by its heading: no fault that axe can find, nothing wider than the screen."""
        expect(self.page.locator("h1")).to_contain_text(heading)
        if heading not in self.looked_at:
            self.page.wait_for_load_state()
            found = Axe().run(self.page)
            assert found.violations_count == 0, f"{heading}: {found.generate_report()}"
            width = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert width <= 0, f"{heading} is {width} pixels too wide"
            self.looked_at.add(heading)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def says(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)


@pytest.fixture
def walk(page: Page, live_server: Any, settings: Any) -> Walk:
    settings.SITE_URL = live_server.url
    return Walk(page, live_server.url)


def free_course() -> Course:
    return make_course(
        2,
        1,
        title="Saying no",
        access=CourseAccess.ADDRESS,
        newsletter=NewsletterFactory(name="The Letter"),
        outcomes="Say no\nMean it",
        faq=[{"question": "How long?", "answer": "An hour."}],
        instructors=[StaffFactory(name="Ada Winter", bio="Negotiates.")],
        trailer_url="https://video.example.org/t",
    )


def test_a_free_course_from_the_catalogue_to_its_end(walk: Walk) -> None:
    lessons = lessons_of(free_course())
    walk.go("/about/", "About")
    walk.follow("Courses")
    walk.expect("Courses")
    walk.follow("Saying no")
    walk.expect("Saying no")
    walk.page.get_by_label("E-mail address").fill(READER)
    walk.page.get_by_label("Send me The Letter by mail too").check()
    # Nobody types an address in less.
    walk.page.wait_for_timeout(2_100)
    walk.press("Send me the way in")
    walk.expect("Look into your mail")
    assert walk.page.context.cookies() == []
    mail = OutgoingEmail.objects.get()
    walk.go(link_in(mail, "courses/-/begin"), "One press to go")
    assert not User.objects.filter(email=READER).exists()
    walk.press("Begin the course")
    walk.expect("Saying no")
    walk.says("0 % done")
    assert Subscription.objects.get().user.email == READER
    walk.looked_at.discard("Saying no")
    walk.expect("Saying no")
    walk.follow("Begin with the first lesson")
    walk.expect(lessons[0].title)
    walk.page.get_by_role("textbox", name="Your notes").fill("Stop talking.")
    expect(walk.page.locator("[data-notes-state]")).to_contain_text("on this device only")
    walk.page.reload()
    # A draft outlives a closed page.
    expect(walk.page.get_by_role("textbox", name="Your notes")).to_have_value("Stop talking.")
    walk.press("Keep my notes")
    walk.says("Your notes are kept.")
    walk.press("Done, on to the next")
    walk.expect(lessons[1].title)
    walk.press("Done, on to the next")
    walk.expect(lessons[2].title)
    walk.press("Done")
    walk.expect("Saying no")
    walk.says("you have completed the course")
    enrolment = Enrolment.objects.get()
    assert enrolment.completed_at
    assert LessonProgress.objects.get(notes="Stop talking.").lesson == lessons[0]
    walk.go("/account/", "Your account")
    walk.says("Your courses")
    assert walk.complaints == []


@pytest.fixture
def demo_payments(settings: Any, live_server: Any, tmp_path: Path) -> Any:
    settings.DEBUG, settings.STRIPE_DEMO, settings.STRIPE_SECRET_KEY = True, True, ""
    settings.DATA_DIR, settings.SITE_URL = tmp_path, live_server.url
    connect._gateway.cache_clear()
    yield
    connect._gateway.cache_clear()


def paid_course() -> Course:
    product = ProductFactory(name="Abundance")
    offer(product, 14_900, "once")
    course = make_course(
        2,
        title="Abundance",
        access=CourseAccess.PRODUCTS,
        products=[product],
        has_certificate=True,
    )
    second = ModuleFactory(course=course, title="Week of prices")
    for title in ("What it is worth", "Saying the number", "Silence"):
        LessonFactory(module=second, title=title, drip=Drip.DAYS, drip_days=7)
    preview = lessons_of(course)[0]
    preview.is_preview = True
    save_lesson(actor=author(), lesson=preview)
    return course


@pytest.mark.usefixtures("demo_payments")
def test_a_paid_course_bought_on_a_phone(walk: Walk) -> None:
    course = paid_course()
    lessons = lessons_of(course)
    walk.page.set_viewport_size({"width": 390, "height": 844})
    walk.go("/courses/", "Courses")
    walk.says("€149, once")
    walk.follow("Abundance")
    walk.expect("Abundance")
    walk.follow(lessons[0].title)
    walk.expect(lessons[0].title)
    walk.says("Say it once, and stop.")
    walk.follow("See the course")
    walk.follow("Buy it for €149, once")
    walk.expect("Abundance")
    walk.page.get_by_label("Your e-mail address").fill(READER)
    box = walk.page.get_by_role("checkbox")
    for number in range(box.count()):
        box.nth(number).check()
    walk.press("Go to the payment page")
    walk.page.wait_for_url("**/demo-payment/**")
    walk.press("Pay")
    walk.page.wait_for_url("**/plans/success/**")
    walk.says("Abundance is yours.")
    sign_in(walk.page.context, User.objects.get(email=READER), walk.site)
    walk.page.reload()
    walk.follow("Read on where you were")
    walk.expect("Abundance")
    walk.says("You have access")
    walk.press("Begin the course")
    walk.says("What opens when")
    walk.says("Week of prices")
    walk.looked_at.discard("Abundance")
    walk.expect("Abundance")
    with walk.page.expect_download() as download:
        walk.follow("Into your calendar")
    assert "BEGIN:VEVENT" in Path(download.value.path()).read_text()
    walk.follow("Saying the number")
    walk.expect("Saying the number")
    walk.says("This lesson opens later")
    walk.page.locator("summary", has_text="All lessons").click()
    walk.page.locator(".side-part summary", has_text="Week of prices").is_visible()
    walk.follow("Go on with")
    walk.expect(lessons[0].title)
    walk.press("Done, on to the next")
    walk.expect(lessons[1].title)
    continue_in_a_week(walk, course)
    assert walk.complaints == []


def continue_in_a_week(walk: Walk, course: Course) -> None:
    reader = User.objects.get(email=READER)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        walk.page.context.clear_cookies()
        sign_in(walk.page.context, reader, walk.site)
        walk.go(f"/courses/{course.slug}/", "Abundance")
        walk.follow("Go on where you left")
        walk.expect(lessons_of(course)[1].title)
        walk.press("Done, on to the next")
        walk.expect("What it is worth")
        walk.says("Say it once, and stop.")


def test_a_lesson_by_keyboard_and_in_the_dark(walk: Walk) -> None:
    course = free_course()
    learner = UserFactory(email=READER)
    enrolled(course, learner)
    walk.page.emulate_media(color_scheme="dark")
    sign_in(walk.page.context, learner, walk.site)
    lesson = lessons_of(course)[0]
    walk.go(f"/courses/{course.slug}/", "Saying no")
    walk.go(f"/courses/{course.slug}/{lesson.slug}/", lesson.title)
    walk.go(f"/courses/{course.slug}/-/settings/", "How you get it")
    walk.go(f"/courses/{course.slug}/{lesson.slug}/", lesson.title)
    for _press in range(80):
        walk.page.keyboard.press("Tab")
        if walk.page.evaluate("document.activeElement.textContent") == "Done, on to the next":
            break
    else:
        pytest.fail("The button cannot be reached with the Tab key.")
    walk.page.keyboard.press("Enter")
    walk.expect(lessons_of(course)[1].title)
    assert walk.complaints == []


def wave_file(seconds: int) -> SimpleUploadedFile:
    """Silence that every browser plays."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8_000)
        file.writeframes(b"\x80" * 8_000 * seconds)
    return SimpleUploadedFile("silence.wav", sound.getvalue(), "audio/wav")


@pytest.fixture
def half_heard(walk: Walk) -> str:
    """The address of a lesson whose recording a learner left at 30 seconds of 60."""
    course = make_course(1)
    lesson = lessons_of(course)[0]
    attach_file(actor=author(), lesson=lesson, file=wave_file(60), role=FileRole.MEDIA)
    learner = UserFactory(email=READER)
    enrolled(course, learner)
    record_position(user=learner, lesson=lesson, seconds=30)
    sign_in(walk.page.context, learner, walk.site)
    return f"{walk.site}/courses/{course.slug}/{lesson.slug}/"


def test_a_recording_goes_on_where_it_was_left(walk: Walk, half_heard: str) -> None:
    walk.page.goto(half_heard)
    player = walk.page.locator("audio")
    expect(player).to_have_js_property("currentTime", 30)
    with walk.page.expect_response("**/position/") as told:
        player.evaluate("(it) => { it.currentTime = 47; it.dispatchEvent(new Event('pause')); }")
    assert told.value.status == 204
    assert LessonProgress.objects.get().media_position == 47
    assert walk.complaints == []


def test_a_recording_that_is_there_before_its_script_goes_on_too(
    walk: Walk, half_heard: str
) -> None:
    def late(route: Route) -> None:
        walk.page.evaluate(
            """() => new Promise((known) => {
                const player = document.querySelector("audio");
                if (player.readyState) known();
                else player.addEventListener("loadedmetadata", () => known());
            })"""
        )
        route.continue_()

    walk.page.route("**/courses*.js*", late)
    walk.page.goto(half_heard)
    expect(walk.page.locator("audio")).to_have_js_property("currentTime", 30)


def test_a_lesson_left_before_its_recording_has_come_keeps_the_place(
    walk: Walk, half_heard: str
) -> None:
    walk.page.route("**/silence.wav", lambda route: route.abort())
    told: list[str] = []
    walk.page.on("request", lambda it: told.append(it.url) if "/position/" in it.url else None)
    walk.page.goto(half_heard)
    walk.page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { get: () => true });
            document.dispatchEvent(new Event("visibilitychange"));
            document.querySelector("audio").dispatchEvent(new Event("pause"));
        }"""
    )
    walk.page.wait_for_load_state("networkidle")
    assert told == []
    assert LessonProgress.objects.get().media_position == 30


def test_the_side_is_unfolded_on_a_wide_screen_and_folded_on_a_phone(walk: Walk) -> None:
    course = free_course()
    lesson = lessons_of(course)[0]
    learner = UserFactory(email=READER)
    enrolled(course, learner)
    sign_in(walk.page.context, learner, walk.site)
    outline = walk.page.locator(".side-outline nav")
    walk.go(f"/courses/{course.slug}/{lesson.slug}/", lesson.title)
    expect(outline).to_be_visible()
    walk.page.set_viewport_size({"width": 390, "height": 844})
    expect(outline).not_to_be_visible()
    walk.page.locator("summary", has_text="All lessons").click()
    expect(outline).to_be_visible()


def test_notes_that_are_kept_are_no_draft_any_more(walk: Walk) -> None:
    """Whatever blank lines were typed after them, which are not kept: or what is written on
    another device later would be hidden by them here."""
    lesson = lessons_of(free_course())[0]
    learner = enrolled(lesson.course, UserFactory()).user
    sign_in(walk.page.context, learner, walk.site)
    walk.page.goto(f"{walk.site}/courses/{lesson.course.slug}/{lesson.slug}/")
    notes = walk.page.get_by_role("textbox", name="Your notes")
    notes.fill("Stop talking.\n\n")
    walk.press("Keep my notes")
    walk.says("Your notes are kept.")
    expect(walk.page.locator("[data-notes-state]")).to_have_text("")
    save_notes(user=learner, lesson=lesson, text="Said elsewhere.")
    walk.page.reload()
    expect(notes).to_have_value("Said elsewhere.")
