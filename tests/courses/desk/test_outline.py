"""The outline: adding, naming, moving, copying, publishing, and two authors at once (W2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courses.access import get_classroom
from courses.actions import move_lesson, open_lesson, rename_module, save_lesson
from courses.models import Course, CourseEvent, Lesson, Module
from newsletter.accounts.models import User
from tests.courses.desk.conftest import outline_of, staff_with
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import (
    CourseFactory,
    LessonFactory,
    ModuleFactory,
    enrolled,
    fill_course,
    lessons_of,
    make_course,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    """Two modules, "One" with A and B, "Two" with C."""
    course = CourseFactory(title="Saying no")
    one, two = (ModuleFactory(course=course, title=title) for title in ("One", "Two"))
    for module, title in ((one, "A"), (one, "B"), (two, "C")):
        LessonFactory(module=module, title=title)
    course.refresh_from_db()
    return course


def url(course: Course) -> str:
    return reverse("admin:courses_course_outline", args=[course.pk])


def act(desk: Client, course: Course, what: str, row: Any = 0, **data: Any) -> Any:
    """Press a button of a page that shows the outline as it is now."""
    course.refresh_from_db()
    pk = row.pk if hasattr(row, "pk") else row
    posted = {"act": f"{what}:{pk}", "version": course.curriculum_version, **data}
    return desk.post(url(course), posted)


def lesson(title: str) -> Lesson:
    return Lesson.objects.get(title=title)


def module(title: str) -> Module:
    return Module.objects.get(title=title)


def test_a_course_is_begun_with_a_module_and_a_lesson(desk: Client) -> None:
    course = CourseFactory()
    assert "Begin with the name of the first module" in desk.get(url(course)).content.decode()
    answer = act(desk, course, "add:module", title=" Week  one ")
    first = course.modules.get()
    # Whoever has named a module goes on with its first lesson.
    assert f"at=add-module-{first.pk}-title" in answer["Location"]
    act(desk, course, "add:lesson", first, title="Hello", kind="video")
    act(desk, course, "add:lesson", first, title="And on", kind="text")
    assert outline_of(course) == [("Week one", ["Hello", "And on"])]
    made = lesson("Hello")
    assert (made.kind, made.state, made.slug) == ("video", "draft", "hello")


def test_without_a_title_nothing_is_added(desk: Client, course: Course) -> None:
    answer = act(desk, course, "add:lesson", module("One"), title=" ", kind="text")
    assert answer.status_code == 422
    assert "Give the lesson a title first." in answer.content.decode()
    assert act(desk, course, "add:module", title="").status_code == 409
    assert outline_of(course) == [("One", ["A", "B"]), ("Two", ["C"])]


@pytest.mark.parametrize(
    ("what", "title", "becomes"),
    [
        ("up", "B", [("One", ["B", "A"]), ("Two", ["C"])]),
        ("down", "A", [("One", ["B", "A"]), ("Two", ["C"])]),
        # Beyond its module it goes on into the next one.
        ("down", "B", [("One", ["A"]), ("Two", ["B", "C"])]),
        ("up", "C", [("One", ["A", "B", "C"]), ("Two", [])]),
        # There is nothing above the first and below the last.
        ("up", "A", [("One", ["A", "B"]), ("Two", ["C"])]),
        ("down", "C", [("One", ["A", "B"]), ("Two", ["C"])]),
    ],
)
def test_a_lesson_steps(
    desk: Client, course: Course, what: str, title: str, becomes: list[Any]
) -> None:
    answer = act(desk, course, f"{what}:lesson", lesson(title))
    assert outline_of(course) == becomes
    # The button that was pressed has the focus again.
    assert f"at={what}-lesson-{lesson(title).pk}" in answer["Location"]
    page = desk.get(answer["Location"]).content.decode()
    assert "is lesson" in page


def test_a_lesson_is_put_where_it_was_dropped(desk: Client, course: Course) -> None:
    act(desk, course, "place:lesson", lesson("C"), to=module("One").pk, position=2)
    assert outline_of(course) == [("One", ["A", "C", "B"]), ("Two", [])]
    act(desk, course, "place:lesson", lesson("A"), to=module("Two").pk)
    assert outline_of(course) == [("One", ["C", "B"]), ("Two", ["A"])]


def test_modules_move(desk: Client, course: Course) -> None:
    act(desk, course, "up:module", module("Two"))
    assert outline_of(course) == [("Two", ["C"]), ("One", ["A", "B"])]
    act(desk, course, "down:module", module("Two"))
    assert outline_of(course) == [("One", ["A", "B"]), ("Two", ["C"])]
    act(desk, course, "place:module", module("Two"), position=1)
    assert outline_of(course) == [("Two", ["C"]), ("One", ["A", "B"])]


def test_lessons_and_modules_are_copied(desk: Client, course: Course) -> None:
    act(desk, course, "duplicate:lesson", lesson("A"))
    act(desk, course, "duplicate:module", module("Two"))
    assert outline_of(course) == [
        ("One", ["A", "A (copy)", "B"]),
        ("Two", ["C"]),
        ("Two (copy)", ["C"]),
    ]
    assert lesson("A (copy)").state == "draft"


def test_what_nobody_has_begun_can_be_deleted(desk: Client, course: Course) -> None:
    act(desk, course, "delete:lesson", lesson("A"))
    act(desk, course, "delete:module", module("Two"))
    assert outline_of(course) == [("One", ["B"])]


def test_what_somebody_has_begun_stays(desk: Client) -> None:
    course = make_course(1)
    user, begun = UserFactory(), lessons_of(course)[0]
    enrolled(course, user)
    room = get_classroom(course, user, timezone.now())
    assert room is not None
    open_lesson(user=user, room=room, lesson=begun)
    answer = act(desk, course, "delete:lesson", begun)
    assert answer.status_code == 409
    assert "Learners have begun this." in answer.content.decode()
    assert Lesson.objects.filter(pk=begun.pk).exists()


def test_lessons_are_published_and_taken_back(desk: Client, course: Course) -> None:
    act(desk, course, "unpublish:lesson", lesson("A"))
    assert lesson("A").state == "draft"
    act(desk, course, "publish:lesson", lesson("A"))
    assert lesson("A").state == "published"


def test_a_module_is_published_as_far_as_it_is_ready(desk: Client, course: Course) -> None:
    one = module("One")
    act(desk, course, "add:lesson", one, title="Empty", kind="text")
    act(desk, course, "unpublish:lesson", lesson("A"))
    answer = act(desk, course, "publish:module", one)
    assert lesson("A").state == "published"
    assert lesson("Empty").state == "draft"
    page = desk.get(answer["Location"]).content.decode()
    assert "1 lesson is published." in page
    assert "“Empty”: There is no text yet." in page


def test_a_line_opens_for_changes(desk: Client, course: Course) -> None:
    one = lesson("A")
    page = desk.get(f"{url(course)}?open=lesson-{one.pk}").content.decode()
    assert f'id="lesson-{one.pk}-title"' in page
    data = {
        "title": "Another A",
        "estimated_minutes": "7",
        "drip": "days",
        "drip_days": "3",
        "drip_date": "",
        "is_preview": "on",
    }
    answer = act(desk, course, "save:lesson", one, **{**data, "version": one.version})
    assert answer.status_code == 302
    one.refresh_from_db()
    assert (one.title, one.minutes, one.drip, one.drip_days) == ("Another A", 7, "days", 3)
    assert (one.is_preview, one.is_required) == (True, False)
    # The text is not on the line, and not lost by it.
    assert one.body == "<p>Say it once, and stop.</p>"
    page = desk.get(url(course)).content.decode()
    assert "opens 3 days after enrolment" in page


def test_a_date_is_needed_where_a_lesson_opens_on_one(desk: Client, course: Course) -> None:
    one = lesson("A")
    data = {"title": "A", "drip": "date", "drip_days": "0", "version": one.version}
    answer = act(desk, course, "save:lesson", one, **data)
    assert answer.status_code == 422
    assert "Say on which day." in answer.content.decode()


def test_a_module_is_renamed_and_made_to_wait(desk: Client, course: Course) -> None:
    two = module("Two")
    data = {"title": "Second", "summary": "What follows", "prerequisite": module("One").pk}
    act(desk, course, "save:module", two, **data, expected="Two")
    two.refresh_from_db()
    assert (two.title, two.summary, two.prerequisite) == ("Second", "What follows", module("One"))
    assert "only after “One”" in desk.get(url(course)).content.decode()


def test_modules_that_would_wait_for_one_another_are_refused(desk: Client, course: Course) -> None:
    one, two = module("One"), module("Two")
    act(desk, course, "save:module", two, title="Two", prerequisite=one.pk, expected="Two")
    answer = act(desk, course, "save:module", one, title="Uno", prerequisite=two.pk, expected="One")
    assert answer.status_code == 422
    assert "nobody could ever open them" in answer.content.decode()
    one.refresh_from_db()
    # Half of it is not stored either.
    assert (one.title, one.prerequisite) == ("One", None)


# ── W2 ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("up:lesson", {}),
        ("down:lesson", {}),
        ("place:lesson", {"position": 1}),
        ("delete:lesson", {}),
    ],
)
def test_w2_an_order_that_changed_meanwhile_is_shown_first(
    desk: Client, course: Course, what: str, data: dict[str, Any]
) -> None:
    seen = course.curriculum_version
    other = StaffFactory(name="Bo Marsh")
    move_lesson(actor=other, lesson=lesson("C"), module=module("One"), position=1)
    stands = outline_of(course)
    posted = {"act": f"{what}:{lesson('B').pk}", "version": seen, "to": module("One").pk, **data}
    answer = desk.post(url(course), posted)
    assert answer.status_code == 409
    assert outline_of(course) == stands
    page = answer.content.decode()
    assert "Bo Marsh changed this course at" in page
    assert "Nothing was changed." in page
    # The page shows it as it is now, and the next press counts.
    course.refresh_from_db()
    assert f'name="version" value="{course.curriculum_version}"' in page


def test_w2_two_authors_name_a_lesson(desk: Client, course: Course) -> None:
    one = lesson("A")
    seen = one.version
    theirs = Lesson.objects.get(pk=one.pk)
    theirs.title = "Theirs"
    save_lesson(actor=StaffFactory(name="Bo Marsh"), lesson=theirs)
    data = {"title": "Mine", "drip": "none", "drip_days": "0", "is_required": "on"}
    answer = act(desk, course, "save:lesson", one, **data, version=seen)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Bo Marsh saved this lesson at" in page
    assert "Theirs" in page
    assert 'value="Mine"' in page
    one.refresh_from_db()
    assert one.title == "Theirs"
    # Pressing again is a decision; theirs stays among the revisions.
    assert f'name="version" value="{one.version}"' in page
    act(desk, course, "save:lesson", one, **data, version=one.version)
    one.refresh_from_db()
    assert one.title == "Mine"
    assert "Theirs" in one.history.values_list("title", flat=True)


def test_w2_two_authors_name_a_module(desk: Client, course: Course) -> None:
    one = module("One")
    rename_module(actor=StaffFactory(), module=Module.objects.get(pk=one.pk), title="Theirs")
    answer = act(desk, course, "save:module", one, title="Mine", expected="One")
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Now it is called “Theirs”." in page
    assert 'value="Mine"' in page
    one.refresh_from_db()
    assert one.title == "Theirs"
    act(desk, course, "save:module", one, title="Mine", expected="Theirs")
    one.refresh_from_db()
    assert one.title == "Mine"


# ── Who may ───────────────────────────────────────────────────────────────────────────────────


def test_who_may_look_may_not_touch(course: Course) -> None:
    looking = staff_with("view_course")
    page = looking.get(url(course))
    assert page.status_code == 200
    assert "Move “A” up" not in page.content.decode()
    assert act(looking, course, "up:lesson", lesson("B")).status_code == 403
    assert outline_of(course) == [("One", ["A", "B"]), ("Two", ["C"])]
    assert not CourseEvent.objects.filter(what="lesson_moved").exists()


def test_staff_without_the_right_see_nothing(course: Course) -> None:
    nobody = staff_with("view_article", "change_enrolment")
    assert nobody.get(url(course)).status_code == 403
    assert act(nobody, course, "add:module", title="X").status_code == 403


def test_nothing_is_deleted_without_that_right(course: Course) -> None:
    writing = staff_with("change_course")
    page = writing.get(f"{url(course)}?open=lesson-{lesson('A').pk}").content.decode()
    assert "delete:lesson" not in page
    assert act(writing, course, "delete:lesson", lesson("A")).status_code == 403
    assert act(writing, course, "delete:module", module("One")).status_code == 403
    assert outline_of(course) == [("One", ["A", "B"]), ("Two", ["C"])]


def test_a_line_of_another_course_is_not_there(desk: Client, course: Course) -> None:
    other = make_course(1)
    stranger = lessons_of(other)[0]
    assert act(desk, course, "up:lesson", stranger).status_code == 404
    assert act(desk, course, "save:lesson", stranger, title="X").status_code == 404
    foreign = other.modules.get()
    moved = act(desk, course, "place:lesson", lesson("A"), to=foreign.pk, position=1)
    assert moved.status_code == 404
    assert act(desk, course, "nonsense:lesson", lesson("A")).status_code == 404


# ── How much it takes ─────────────────────────────────────────────────────────────────────────


def test_the_number_of_queries_does_not_grow(desk: Client, teacher: User) -> None:
    small, large = CourseFactory(), CourseFactory()
    fill_course(small, modules=1, lessons=1)
    fill_course(large, modules=10, lessons=200)
    desk.get(url(small))
    counted = []
    for course in (small, large):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = desk.get(url(course))
        assert page.status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert page.content.decode().count('class="teach-lesson"') == 200
