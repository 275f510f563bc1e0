"""A quiz by keyboard and without JavaScript, something handed in, a certificate: in a browser."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as project
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from courses.enums import CompletedBy, Feedback, QuestionKind
from courses.models import (
    AssignmentSubmission,
    Certificate,
    Lesson,
    LessonProgress,
    Question,
    QuizAttempt,
)
from newsletter.accounts.models import User
from tests.courses.test_assignments import make_assignment
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import lessons_of, make_course
from tests.factories.publication import PublicationFactory
from tests.factories.quizzes import add_question, make_quiz

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = [(1280, "light"), (390, "dark")]


@pytest.fixture(autouse=True)
def _site(live_server: Any, settings: Any) -> None:
    settings.DEBUG = False
    settings.SITE_URL = live_server.url
    settings.STAFF_SECOND_FACTOR = False
    PublicationFactory()


@pytest.fixture
def reader() -> User:
    user: User = UserFactory(name="Żaneta Őry")
    return user


def sign_in(context: BrowserContext, url: str, user: User) -> None:
    client = Client()
    client.force_login(user)
    value = client.cookies[project.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": project.SESSION_COOKIE_NAME, "value": value, "url": url}])


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def full_quiz(**settings: Any) -> Lesson:
    """The only lesson of a course with certificates, with a question of each kind."""
    lesson = lessons_of(make_course(1, has_certificate=True))[0]
    quiz = make_quiz(lesson, **settings)
    add_question(quiz, QuestionKind.SINGLE, "Maybe", "*No", "Later", prompt="Which is a no?")
    add_question(quiz, QuestionKind.MULTIPLE, "*Short", "*Kind", "Late", prompt="A good no is?")
    add_question(quiz, QuestionKind.TEXT, "Silence", prompt="What follows it?")
    add_question(quiz, QuestionKind.ORDERING, "Listen", "Say no", prompt="In which order?")
    return lesson


def page_of(live_server: Any, lesson: Lesson) -> str:
    return f"{live_server.url}/courses/{lesson.course.slug}/{lesson.slug}/"


def test_a_quiz_is_taken_by_keyboard_alone(
    page: Page, live_server: Any, context: BrowserContext, reader: User
) -> None:
    lesson = full_quiz()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    sign_in(context, live_server.url, reader)
    page.goto(page_of(live_server, lesson))
    press = page.keyboard.press
    begin = page.get_by_role("button", name="Begin the quiz")
    begin.focus()
    press("Enter")
    page.wait_for_url("**/quiz/")
    assert_accessible(page)

    page.get_by_label("Maybe").focus()
    press("ArrowDown")
    expect(page.get_by_label("No", exact=True)).to_be_checked()
    press("Tab")
    press("Space")
    expect(page.get_by_label("Short")).to_be_checked()
    press("Tab")
    press("Space")
    expect(page.get_by_label("Kind")).to_be_checked()
    press("Tab")
    press("Tab")
    expect(page.get_by_label("Your answer")).to_be_focused()
    page.keyboard.type("silence.")
    press("Tab")
    # The two are shown in the wrong order.
    for place in ("2", "1"):
        page.keyboard.type(place)
        press("Tab")
    expect(page.get_by_role("button", name="Hand in")).to_be_focused()
    press("Enter")
    page.wait_for_url("**/attempts/1/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Passed")
    assert_accessible(page)
    assert LessonProgress.objects.get(lesson=lesson).completed_at is not None
    assert QuizAttempt.objects.get().percent == 100
    assert not troubles


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_a_quiz_is_taken_without_javascript(
    browser: Browser, live_server: Any, reader: User, width: int, scheme: Any
) -> None:
    lesson = full_quiz(feedback=Feedback.AT_ONCE)
    context = browser.new_context(
        java_script_enabled=False,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
    )
    sign_in(context, live_server.url, reader)
    page = context.new_page()
    page.goto(page_of(live_server, lesson))
    page.get_by_role("button", name="Begin the quiz").click()
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("Not answered yet.")).to_be_visible()
    page.get_by_label("Maybe").check()
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("Not right")).to_be_visible()
    page.get_by_role("link", name="Next question").click()
    for right in ("Short", "Kind"):
        page.get_by_label(right).check()
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("link", name="Next question").click()
    page.get_by_label("Your answer").fill("SILENCE")
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("link", name="Next question").click()
    for first in ("Listen", "Say no"):
        page.get_by_label(first).select_option("1")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("a number of its own")).to_be_visible()
    page.get_by_label("Say no").select_option("2")
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("link", name="See how it went").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Passed")
    assert QuizAttempt.objects.get().percent == 75
    context.close()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_pages_of_a_quiz_are_for_everybody(
    browser: Browser, live_server: Any, reader: User, width: int, scheme: Any
) -> None:
    lesson = full_quiz()
    long = "Wordswithoutanybreakinthem" * 6
    add_question(lesson.quiz, QuestionKind.SINGLE, f"*{long}", "Wrong", prompt=long)
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    sign_in(context, live_server.url, reader)
    page = context.new_page()
    page.goto(page_of(live_server, lesson))
    assert_accessible(page)
    page.get_by_role("button", name="Begin the quiz").click()
    page.get_by_label("Maybe").check()
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("alert")).to_contain_text("4 questions have no answer yet")
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name="Hand in as it is").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not passed yet")
    assert_accessible(page)
    assert_fits(page)
    page.goto(page_of(live_server, lesson) + "quiz/")
    assert_accessible(page)
    context.close()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_something_is_handed_in_and_answered(
    browser: Browser, live_server: Any, reader: User, width: int, scheme: Any
) -> None:
    lesson = make_assignment(
        lessons_of(make_course(1))[0], completed_by=CompletedBy.APPROVAL
    ).lesson
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    sign_in(context, live_server.url, reader)
    page = context.new_page()
    page.goto(page_of(live_server, lesson))
    assert_accessible(page)
    page.get_by_label("Your text").fill("Dear landlord, no.")
    page.get_by_label("Your file").set_input_files(
        {"name": "run.exe", "mimeType": "application/x", "buffer": b"x"}
    )
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_text("cannot be handed in")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Your file").set_input_files(
        {"name": "Brief.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}
    )
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_text("It waits for the author")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    submission = AssignmentSubmission.objects.get()

    desk = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    sign_in(desk, live_server.url, StaffFactory())
    page_2 = desk.new_page()
    page_2.goto(f"{live_server.url}/admin/courses/assignmentsubmission/")
    page_2.get_by_role("link", name=reader.name).click()
    expect(page_2.get_by_text("Dear landlord, no.")).to_be_visible()
    assert_accessible(page_2)
    page_2.get_by_label("Your answer").fill("That will do.")
    page_2.get_by_role("button", name="Approve it").click()
    expect(page_2.get_by_text("on its way")).to_be_visible()
    submission.refresh_from_db()
    assert submission.state == "approved"

    page.reload()
    expect(page.get_by_text("That will do.")).to_be_visible()
    assert_accessible(page)
    for each in (context, desk):
        each.close()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_a_certificate_is_shown_checked_and_revoked(
    browser: Browser, live_server: Any, reader: User, width: int, scheme: Any
) -> None:
    lesson = full_quiz(pass_percent=0)
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    sign_in(context, live_server.url, reader)
    page = context.new_page()
    page.goto(page_of(live_server, lesson))
    page.get_by_role("button", name="Begin the quiz").click()
    page.get_by_role("button", name="Hand in").click()
    page.get_by_role("button", name="Hand in as it is").click()
    page.goto(f"{live_server.url}/courses/{lesson.course.slug}/")
    assert_accessible(page)
    page.get_by_role("link", name="Your certificate").click()
    expect(page.get_by_text("This certificate is valid")).to_be_visible()
    expect(page.get_by_text(reader.name)).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the PDF").click()
    assert reader.name in download.value.suggested_filename
    address = page.url

    desk = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    sign_in(desk, live_server.url, StaffFactory())
    page_2 = desk.new_page()
    certificate = Certificate.objects.get()
    page_2.goto(f"{live_server.url}/admin/courses/certificate/{certificate.pk}/change/")
    assert_accessible(page_2)
    page_2.get_by_label("Why").fill("Issued by mistake.")
    page_2.get_by_role("button", name="Revoke it").click()
    expect(page_2.get_by_text("It is revoked")).to_be_visible()

    stranger = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    seen = stranger.new_page()
    seen.goto(address)
    expect(seen.get_by_text("not valid any more")).to_be_visible()
    expect(seen.get_by_text("Issued by mistake.")).to_be_visible()
    assert_accessible(seen)
    for each in (context, desk, stranger):
        each.close()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_the_author_writes_a_quiz_on_one_page(
    browser: Browser, live_server: Any, width: int, scheme: Any
) -> None:
    lesson = lessons_of(make_course(1))[0]
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    sign_in(context, live_server.url, StaffFactory())
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/courses/quiz/of/{lesson.pk}/")
    assert_accessible(page)
    first = page.get_by_role("group", name="A new question").first
    first.get_by_label("Question", exact=True).fill("Which is a no?")
    first.get_by_label("Answers, one a line").fill("No\nMaybe")
    page.get_by_role("button", name="Save the quiz").click()
    expect(page.get_by_text("Put a star before the one answer that is right.")).to_be_visible()
    assert_accessible(page)
    assert not Question.objects.exists()
    page.get_by_label("Answers, one a line").first.fill("* No | Short.\nMaybe")
    page.get_by_role("button", name="Save the quiz").click()
    expect(page.get_by_role("group", name="Question 1")).to_be_visible()
    assert Question.objects.get().choices.count() == 2
    page.get_by_role("link", name="How the questions do").click()
    expect(page.get_by_text("Nobody has handed in an attempt yet.")).to_be_visible()
    assert_accessible(page)
    context.close()
