"""The site's search finds what is public of courses in the catalogue, and no word of a lesson."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.actions import (
    archive_course,
    delete_course,
    delete_lesson,
    publish_course,
    publish_lesson,
    rebuild_courses,
    save_course,
    save_lesson,
    unpublish_course,
    unpublish_lesson,
)
from courses.models import Course, Lesson
from courses.search import CourseFinder
from newsletter.articles import tasks
from newsletter.articles.search import search_others
from newsletter.publication.models import Publication
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.courses import CourseFactory, LessonFactory, ModuleFactory, author, make_course

pytestmark = pytest.mark.django_db

postgresql_alone = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite treats all languages alike"
)


def found(query: str) -> list[str]:
    return [hit.title for group in search_others(query) for hit in group.hits]


def page(query: str, client: Client | None = None, **more: str) -> str:
    return (client or Client()).get("/search/", {"q": query, **more}).content.decode()


def course_with(**lesson: Any) -> tuple[Course, Lesson]:
    course = make_course(1, title="Saying no")
    return course, LessonFactory(module=course.modules.get(), **lesson)


def save(row: Course | Lesson, **fields: Any) -> None:
    row.refresh_from_db()
    for name, value in fields.items():
        setattr(row, name, value)
    if isinstance(row, Course):
        save_course(actor=author(), course=row)
    else:
        save_lesson(actor=author(), lesson=row)


def test_everything_on_the_page_is_found_and_the_title_counts_most() -> None:
    for title, fields in {
        "By promise": {"promise": "Your salary."},
        "By text": {"body": "<p>About a salary and rent.</p>"},
        "By outcome": {"outcomes": "Refuse\nName a salary"},
        "By reader": {"for_whom": "People with a salary"},
        "By question": {"faq": [{"question": "Which salary?", "answer": "Any."}]},
        "A salary": {},
        "Another": {"body": "<p>Nothing.</p>"},
    }.items():
        make_course(1, **{"title": title, "promise": "", **fields})
    titles = found("salary")
    assert titles[0] == "A salary"
    by = {f"By {each}" for each in ("promise", "text", "outcome", "reader", "question")}
    assert set(titles) == {"A salary", *by}


def test_stems_and_accents_do_not_matter_and_the_rest_is_escaped() -> None:
    make_course(1, title="T", promise="", body="<p>Negotiating 1 &lt; 2 in a Café near here.</p>")
    for query in ("negotiate", "CAFÉ", "cafe"):
        assert found(query) == ["T"], query
    (group,) = search_others("negotiate")
    assert "<mark>Negotiating</mark>" in group.hits[0].snippet
    assert "1 &lt; 2" in group.hits[0].snippet


def test_the_page_shows_courses_with_articles() -> None:
    course = make_course(2, title="A pearl of a course", promise="Dive.")
    PublishedArticleFactory(title="Of a pearl", dek="", body="<p>pearl</p>")
    shown = page("pearl")
    assert f'href="/courses/{course.slug}/"' in shown
    for said in ("Course", "2 lessons", "1 course", "1 article", "Dive.", "Of a pearl"):
        assert said in shown
    # Where there are courses alone, nothing says that there is nothing.
    alone = page("course dive")
    assert "Nothing here has these words" not in alone
    assert "1 course" in alone
    assert "0 articles" not in alone
    # They stand on the first page.
    assert "A pearl of a course" not in page("pearl", page="2")


def test_no_word_of_a_lesson_is_found_but_a_previews_title() -> None:
    course, lesson = course_with(title="Closed", body="<p>treasure</p>", summary="jewel")
    save(lesson, transcript="<p>ruby</p>")
    _, preview = (
        course,
        LessonFactory(
            module=course.modules.get(), title="Opal", body="<p>emerald</p>", is_preview=True
        ),
    )
    draft = LessonFactory(module=course.modules.get(), title="Onyx", is_preview=True, state="draft")
    for hidden in ("treasure", "jewel", "ruby", "emerald", "Closed", "Onyx"):
        assert found(hidden) == [], hidden
    assert found("opal") == ["Saying no"]
    # Nor is a text known by what it lacks.
    assert found("saying -treasure") == ["Saying no"]
    publish_lesson(actor=author(), lesson=draft)
    assert found("onyx") == ["Saying no"]
    save(preview, title="Topaz")
    assert (found("opal"), found("topaz")) == ([], ["Saying no"])
    save(preview, is_preview=False)
    assert found("topaz") == []
    unpublish_lesson(actor=author(), lesson=draft)
    assert found("onyx") == []
    save(preview, is_preview=True)
    delete_lesson(actor=author(), lesson=preview)
    assert found("topaz") == []


def test_what_is_no_longer_said_is_no_longer_found() -> None:
    course = make_course(1, promise="A pearl.")
    save(course, promise="A diamond.")
    assert (found("pearl"), found("diamond")) == ([], [course.title])


@pytest.mark.parametrize("viewer", ["visitor", "staff"])
def test_drafts_unlisted_and_archived_courses_are_found_by_nobody(
    sign_in: Any, viewer: str
) -> None:
    client = Client() if viewer == "visitor" else sign_in(StaffFactory())
    course = make_course(1, title="Pearls", state="draft")
    assert "Pearls" not in page("pearls", client)
    publish_course(actor=author(), course=course)
    assert "Pearls" in page("pearls", client)
    save(course, is_listed=False)
    assert "Pearls" not in page("pearls", client)
    save(course, is_listed=True)
    archive_course(actor=author(), course=course)
    assert "Pearls" not in page("pearls", client)
    publish_course(actor=author(), course=course)
    assert "Pearls" in page("pearls", client)
    unpublish_course(actor=author(), course=course)
    assert "Pearls" not in page("pearls", client)


def test_what_is_left_in_the_index_is_not_shown_either() -> None:
    """A row that was changed past the actions: what may appear is asked again."""
    course = make_course(1, title="Pearls")
    for fields in ({"state": "draft"}, {"state": "archived"}, {"is_listed": False}):
        Course.objects.filter(pk=course.pk).update(**fields)
        assert found("pearls") == []
        Course.objects.filter(pk=course.pk).update(state="published", is_listed=True)
    assert found("pearls") == ["Pearls"]


def test_what_is_deleted_is_gone() -> None:
    course = make_course(1, title="Pearls")
    delete_course(actor=author(), course=course)
    assert found("pearls") == []


def test_the_number_of_queries_does_not_grow() -> None:
    counted = []
    for number in (1, 4):
        for _each in range(number):
            course = make_course(2, title="A pearl")
            LessonFactory(module=course.modules.get(), title="More", is_preview=True)
            PublishedArticleFactory(dek="", body="<p>pearl</p>")
        page("pearl")
        with CaptureQueriesContext(connection) as queries:
            page("pearl")
        counted.append(len(queries))
    assert counted[0] == counted[1]
    with CaptureQueriesContext(connection) as queries:
        assert len(found("pearl")) == 5
    assert len(queries) == 2


def test_what_there_was_before_there_was_an_index_is_found_after_a_sweep() -> None:
    from courses.search import _COURSES

    course = make_course(1, title="Pearls")
    make_course(1, title="A draft of pearls", state="draft")
    assert tasks.sweep_search() == 0
    _COURSES.clear()
    assert not CourseFinder().is_current()
    assert tasks.sweep_search() == 1
    assert found("pearls") == [course.title]
    assert tasks.sweep_search() == 0


def test_it_is_made_anew_by_the_command_and_with_the_texts(capsys: Any) -> None:
    make_course(1, title="Pearls")
    PublishedArticleFactory()
    call_command("rebuild_search")
    assert "2 entries" in capsys.readouterr().out
    assert found("pearls") == ["Pearls"]
    assert "Pearls" in list(rebuild_courses())
    assert found("pearls") == ["Pearls"]


@postgresql_alone
def test_it_knows_the_endings_of_the_publications_language() -> None:
    make_course(1, title="T", body="<p>Zwei alte Häuser am Fluss.</p>")
    assert not found("Haus")
    Publication.objects.update_or_create(pk=1, defaults={"language": "de"})
    assert not CourseFinder().is_current()
    assert tasks.sweep_search() == 1
    assert found("Haus") == ["T"]
    assert CourseFinder().is_current()


@pytest.mark.parametrize(
    "query", ["", '"', "-", "or", "a*", "(", "title:x", "\x00", "🎉", "x" * 999]
)
def test_no_question_is_an_error(query: str) -> None:
    CourseFactory()
    module = ModuleFactory(course=make_course(1, title="a b"))
    LessonFactory(module=module)
    assert len(found(query)) <= 1
