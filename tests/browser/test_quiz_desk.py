"""Writing a quiz in a browser: how it will look is shown while its lines are typed."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from courses.choice_lines import read_lines
from courses.models import Lesson, Quiz
from tests.browser.desk import sign_in, watch
from tests.factories.accounts import StaffFactory
from tests.factories.courses import lessons_of, make_course

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LINES = r"""* Say no | Short, and <b>enough</b>.
Say maybe \| later

\* Literally
 a   b | c | d"""
SHOWN = """(list) => [...list.children].map((line) => [
  line.querySelector(".exam-option").textContent,
  line.querySelector("input").checked,
  line.querySelector(".exam-said")?.textContent ?? "",
])"""


@pytest.fixture
def lesson(db: None) -> Lesson:
    return lessons_of(make_course(1))[0]


def look(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_question_is_shown_as_learners_get_it(
    page: Page, live_server: Any, settings: Any, lesson: Lesson, width: int, scheme: Any
) -> None:
    settings.STAFF_SECOND_FACTOR, settings.SITE_URL = False, live_server.url
    sign_in(page.context, StaffFactory(name="Ada Winter"), live_server.url)
    complaints = watch(page)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{live_server.url}/admin/courses/quiz/of/{lesson.pk}/")
    expect(page.get_by_text("How answers are written")).to_be_visible()
    question = page.locator("#question-1")
    preview = question.locator(".exam-preview")
    expect(preview).to_be_hidden()
    question.get_by_label("Question", exact=True).fill("What do you say?")
    question.get_by_label("Answers, one a line").fill(LINES)
    expect(preview.get_by_text("What do you say?")).to_be_visible()
    # The script reads the lines as the server does.
    drafts = read_lines(LINES, "single")
    assert preview.locator("ul").evaluate(SHOWN) == [
        [draft.text, draft.is_correct, draft.feedback] for draft in drafts
    ]
    expect(preview.get_by_text("right", exact=True)).to_have_count(1)
    look(page)
    question.get_by_label("Kind").select_option("ordering")
    expect(preview.locator("ol > li").first).to_have_text("* Say noShort, and <b>enough</b>.")
    expect(question.get_by_text("The lines as they belong.")).to_be_visible()
    question.get_by_label("Kind").select_option("multiple")
    expect(preview.get_by_text("Choose all that are right.")).to_be_visible()

    second = page.locator("#question-2")
    second.get_by_label("Question", exact=True).fill("And then?")
    second.get_by_label("Answers, one a line").fill("Yes\nYes")
    page.get_by_role("button", name="Save the quiz").click()
    expect(page.get_by_text("Line 2 says the same as line 1.")).to_be_visible()
    expect(question.get_by_label("Answers, one a line")).to_have_value(LINES)
    look(page)
    page.get_by_role("link", name="Question 2").click()
    second.get_by_label("Answers, one a line").fill("* Yes\nNo")
    page.get_by_role("button", name="Save the quiz").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert Quiz.objects.get().questions.count() == 2
    # Only what the server refuses may be on the console: a 422 is answered to a form.
    assert [each for each in complaints if "422" not in each] == []
