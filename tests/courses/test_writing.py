"""Saving courses and lessons: two authors, addresses, revisions, uploads, publishing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command

from courses.access import get_classroom, get_lesson_for
from courses.actions import (
    IllegalMoveError,
    StaleError,
    archive_course,
    delete_course,
    enrol,
    keep_lesson_revision,
    publish_course,
    publish_lesson,
    restore_lesson,
    save_course,
    save_lesson,
    unpublish_course,
    unpublish_lesson,
)
from courses.content import lesson_mail_html
from courses.enums import CourseAccess, CourseState, Drip, LessonKind, LessonState
from courses.models import Course, CourseSlug, Lesson, LessonFile, LessonSlug, UploadUse
from courses.queries import find_moved_course, find_moved_lesson, list_catalogue
from newsletter.articles.actions import store_image
from tests.factories.accounts import UserFactory
from tests.factories.articles import picture_file
from tests.factories.courses import CourseFactory, LessonFactory, author, lessons_of, make_course

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def test_what_is_stored_is_clean_and_ready_to_show() -> None:
    lesson = LessonFactory(
        title="  On   no ",
        body="<p onclick='x()'>One two three.</p><script>x()</script><h2>Why</h2>",
        transcript="<p>Spoken.</p>",
    )
    lesson.refresh_from_db()
    assert lesson.title == "On no"
    assert "onclick" not in lesson.body_html
    assert "script" not in lesson.body_html
    assert 'id="s-why"' in lesson.body_html
    assert lesson.transcript_html == "<p>Spoken.</p>"
    assert lesson.word_count == 4
    assert lesson.minutes == 1
    lesson.media_seconds = 601
    assert lesson.minutes == 11
    lesson.estimated_minutes = 7
    assert lesson.minutes == 7


def test_the_divider_and_sections_hide_nothing_from_those_who_may_open_the_lesson() -> None:
    lesson = LessonFactory(
        body="<p>Above.</p><hr data-paywall><p>Below.</p>"
        '<section data-audience="members"><p>Members.</p></section>'
        '<section data-audience="email"><p>Mailed.</p></section>'
        '<section data-audience="web"><p>Web.</p></section>'
    )
    for word in ("Above.", "Below.", "Members.", "Web."):
        assert word in lesson.body_html
    assert "Mailed." not in lesson.body_html
    mailed = lesson_mail_html(lesson, "https://example.com/courses/a/b/")
    for word in ("Above.", "Below.", "Members.", "Mailed."):
        assert word in mailed
    assert "Web." not in mailed


def test_w2_the_second_author_is_told_and_nothing_is_lost() -> None:
    course = make_course(1)
    mine, theirs = lessons_of(course)[0], lessons_of(course)[0]
    theirs.body = "<p>Theirs.</p>"
    save_lesson(actor=author(), lesson=theirs)
    mine.body = "<p>Mine.</p>"
    with pytest.raises(StaleError) as error:
        save_lesson(actor=author(), lesson=mine)
    assert isinstance(error.value.refused, Lesson)
    assert (error.value.refused.body, error.value.current.body) == (
        "<p>Mine.</p>",
        "<p>Theirs.</p>",
    )
    save_lesson(actor=author(), lesson=mine, expected_version=error.value.current.version)
    first, second = Course.objects.get(pk=course.pk), Course.objects.get(pk=course.pk)
    save_course(actor=author(), course=first)
    with pytest.raises(StaleError):
        save_course(actor=author(), course=second)


def test_drafts_save_themselves_and_published_lessons_do_not() -> None:
    draft = LessonFactory(state=LessonState.DRAFT)
    kept = draft.history.count()
    for number in range(3):
        draft.body = f"<p>{number}</p>"
        save_lesson(actor=author(), lesson=draft, autosave=True)
    assert draft.history.count() == kept
    assert keep_lesson_revision(actor=author(), lesson=draft)
    assert not keep_lesson_revision(actor=author(), lesson=draft)
    publish_lesson(actor=author(), lesson=draft)
    with pytest.raises(IllegalMoveError):
        save_lesson(actor=author(), lesson=draft, autosave=True)


def test_an_old_text_comes_back_and_the_address_stays() -> None:
    lesson = LessonFactory(body="<p>First.</p>")
    first = lesson.history.order_by("history_id").filter(body="<p>First.</p>").first()
    lesson.body, lesson.slug = "<p>Second.</p>", "elsewhere"
    save_lesson(actor=author(), lesson=lesson)
    restore_lesson(actor=author(), lesson=lesson, revision_id=first.history_id)
    lesson.refresh_from_db()
    assert (lesson.body_html, lesson.slug) == ("<p>First.</p>", "elsewhere")
    with pytest.raises(Lesson.DoesNotExist):
        restore_lesson(actor=author(), lesson=LessonFactory(), revision_id=first.history_id)


def test_w1_former_addresses_lead_on() -> None:
    course = make_course(1, slug="first")
    lesson = lessons_of(course)[0]
    old_lesson = lesson.slug
    course.slug = "second"
    save_course(actor=author(), course=course)
    lesson.slug = "renamed"
    save_lesson(actor=author(), lesson=lesson)
    assert find_moved_course("first") == course
    assert find_moved_lesson(course, old_lesson) == lesson
    # Renamed back: no loop, and the other way leads on now.
    course.slug, lesson.slug = "first", old_lesson
    save_course(actor=author(), course=course)
    save_lesson(actor=author(), lesson=lesson)
    assert find_moved_course("first") is None
    assert find_moved_course("second") == course
    assert find_moved_lesson(course, "renamed") == lesson
    # What was never public was nobody's to follow.
    draft = LessonFactory(state=LessonState.DRAFT, slug="hidden")
    draft.slug = "shown"
    save_lesson(actor=author(), lesson=draft)
    assert not LessonSlug.objects.filter(old_slug="hidden").exists()
    assert not CourseSlug.objects.filter(course=draft.course).exists()


def test_two_of_one_name() -> None:
    first, second = CourseFactory(title="No"), CourseFactory(title="No")
    assert (first.slug, second.slug) == ("no", "no-2")
    second.slug = "no"
    with pytest.raises(ValidationError):
        save_course(actor=author(), course=second)
    course = make_course(2)
    one, two = lessons_of(course)
    two.slug = one.slug
    with pytest.raises(ValidationError):
        save_lesson(actor=author(), lesson=two)
    # Another course may use it.
    LessonFactory(slug=one.slug)


def test_which_uploads_are_shown_where_is_known(settings) -> None:
    picture = store_image(actor=author(), file=picture_file(), alt="A desk")
    image = f'<p>Look.</p><figure><img src="{picture.file.url}" alt="A desk"></figure>'
    folder = picture.file.name.rpartition("/")[0]
    course = make_course(1, body=image)
    lesson = lessons_of(course)[0]
    lesson.transcript = image
    save_lesson(actor=author(), lesson=lesson)
    uses = UploadUse.objects.filter(course=course)
    assert {(use.folder, use.lesson_id) for use in uses} == {(folder, None), (folder, lesson.pk)}
    lesson.transcript = ""
    save_lesson(actor=author(), lesson=lesson)
    assert [use.lesson_id for use in uses.all()] == [None]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (LessonKind.TEXT, "body"),
        (LessonKind.VIDEO, "media_url"),
        (LessonKind.AUDIO, "media_url"),
        (LessonKind.DOWNLOAD, ""),
        (LessonKind.QUIZ, ""),
        (LessonKind.ASSIGNMENT, ""),
    ],
)
def test_nothing_empty_is_published(kind: str, field: str) -> None:
    lesson = LessonFactory(kind=kind, body="", state=LessonState.DRAFT)
    with pytest.raises(ValidationError) as error:
        publish_lesson(actor=author(), lesson=lesson)
    assert not field or field in error.value.message_dict
    lesson.refresh_from_db()
    assert lesson.state == LessonState.DRAFT


def test_a_recording_may_be_a_file() -> None:
    lesson = LessonFactory(kind=LessonKind.VIDEO, body="", state=LessonState.DRAFT)
    LessonFile.objects.create(
        lesson=lesson, role="media", file="x", name="x.mp4", size=1, content_type="video/mp4"
    )
    publish_lesson(actor=author(), lesson=lesson)
    with pytest.raises(IllegalMoveError):
        publish_lesson(actor=author(), lesson=lesson)
    unpublish_lesson(actor=author(), lesson=lesson)
    with pytest.raises(IllegalMoveError):
        unpublish_lesson(actor=author(), lesson=lesson)


def test_a_course_goes_out_whole_or_not_at_all() -> None:
    course = make_course(1, state=CourseState.DRAFT, access=CourseAccess.PRODUCTS)
    with pytest.raises(ValidationError):
        publish_course(actor=author(), course=course)
    course.access = CourseAccess.TIERS
    save_course(actor=author(), course=course)
    with pytest.raises(ValidationError):
        publish_course(actor=author(), course=course)
    course.access = CourseAccess.FREE
    save_course(actor=author(), course=course)
    publish_course(actor=author(), course=course, now=NOW)
    assert list(list_catalogue()) == [course]
    with pytest.raises(IllegalMoveError):
        publish_course(actor=author(), course=course)
    archive_course(actor=author(), course=course)
    assert not list_catalogue()
    publish_course(actor=author(), course=course)
    assert course.published_at == NOW
    unpublish_course(actor=author(), course=course)
    with pytest.raises(ValidationError):
        publish_course(actor=author(), course=CourseFactory())


@pytest.mark.parametrize(
    "fields",
    [
        {"title": " "},
        {"time_zone": "Atlantis/Capital"},
        {"release_hour": 24},
        {"access_length": "months"},
        {"access_length": "until"},
        {"faq": "Why?"},
    ],
)
def test_rules_that_mean_nothing_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CourseFactory(**fields)
    assert not Course.objects.exists()


def test_a_lesson_on_a_date_has_one() -> None:
    lesson = LessonFactory()
    lesson.drip = Drip.DATE
    with pytest.raises(ValidationError):
        save_lesson(actor=author(), lesson=lesson)
    lesson.drip_date = date(2027, 1, 1)
    save_lesson(actor=author(), lesson=lesson)


def test_questions_are_tidied() -> None:
    course = CourseFactory(
        faq=[{"question": " Why? ", "answer": "So. "}, {"question": "", "answer": "x"}, 3]
    )
    assert course.faq == [{"question": "Why?", "answer": "So."}]


def test_a_course_with_people_in_it_is_not_deleted() -> None:
    course = make_course(1)
    enrol(user=UserFactory(), course=course)
    with pytest.raises(ValidationError):
        delete_course(actor=author(), course=course)
    delete_course(actor=author(), course=make_course(1))
    assert Course.objects.get() == course


def test_readers_write_nothing() -> None:
    course, reader = make_course(1), UserFactory()
    lesson = lessons_of(course)[0]
    for act, what in (
        (save_course, {"course": course}),
        (publish_course, {"course": course}),
        (unpublish_course, {"course": course}),
        (archive_course, {"course": course}),
        (delete_course, {"course": course}),
        (save_lesson, {"lesson": lesson}),
        (publish_lesson, {"lesson": lesson}),
        (unpublish_lesson, {"lesson": lesson}),
        (keep_lesson_revision, {"lesson": lesson}),
        (restore_lesson, {"lesson": lesson, "revision_id": 1}),
    ):
        with pytest.raises(PermissionDenied):
            act(actor=reader, **what)  # type: ignore[operator]


def test_texts_are_made_anew_on_demand() -> None:
    course = make_course(1, body="<p>About it.</p>")
    Course.objects.update(body_html="old")
    Lesson.objects.update(body_html="old")
    call_command("rebuild_courses", verbosity=0)
    course.refresh_from_db()
    assert course.body_html == "<p>About it.</p>"
    room = get_classroom(course, None, NOW)
    assert room is not None
    found = get_lesson_for(room, lessons_of(course)[0].pk)
    assert found is not None
    assert found.body_html == "<p>Say it once, and stop.</p>"
