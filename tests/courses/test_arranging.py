"""Building the outline: places stay whole, copies are whole, only authors do it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from courses.actions import (
    add_lesson,
    add_module,
    delete_course,
    delete_lesson,
    delete_module,
    duplicate_lesson,
    duplicate_module,
    move_lesson,
    move_module,
    rename_module,
    reorder_outline,
    set_prerequisite,
)
from courses.enums import Drip, FileRole, LessonState, QuestionKind
from courses.models import (
    Assignment,
    AssignmentSubmission,
    Choice,
    Course,
    CourseEvent,
    Lesson,
    LessonFile,
    Module,
    Question,
    Quiz,
    QuizAttempt,
)
from tests.factories.accounts import UserFactory
from tests.factories.courses import (
    CourseFactory,
    LessonFactory,
    ModuleFactory,
    author,
    enrolled,
    make_course,
)
from tests.factories.quizzes import attach, make_quiz

pytestmark = pytest.mark.django_db


def shape(course: Course) -> list[tuple[str, list[str]]]:
    """Titles of modules and lessons in order; every place must be as it should."""
    found = []
    modules = list(course.modules.order_by("position"))
    assert [module.position for module in modules] == list(range(1, len(modules) + 1))
    for module in modules:
        lessons = list(module.lessons.order_by("position"))
        assert [lesson.position for lesson in lessons] == list(range(1, len(lessons) + 1))
        found.append((module.title, [lesson.title for lesson in lessons]))
    return found


@pytest.fixture
def course() -> Course:
    """Two modules, One with a, b and c, Two with d."""
    course = CourseFactory()
    for title, lessons in (("One", "abc"), ("Two", "d")):
        module = ModuleFactory(course=course, title=title)
        for lesson in lessons:
            LessonFactory(module=module, title=lesson)
    return course


def module(title: str) -> Module:
    return Module.objects.get(title=title)


def lesson(title: str) -> Lesson:
    return Lesson.objects.get(title=title)


def test_a_new_lesson_is_a_draft_at_its_place_and_opens_as_new_ones_do(course: Course) -> None:
    Course.objects.filter(pk=course.pk).update(default_drip=Drip.DAYS, default_drip_days=7)
    new = add_lesson(actor=author(), module=module("One"), title="  New   one ", position=2)
    add_lesson(actor=author(), module=module("Two"), title="Last")
    assert shape(course) == [("One", ["a", "New one", "b", "c"]), ("Two", ["d", "Last"])]
    assert (new.state, new.drip, new.drip_days) == (LessonState.DRAFT, Drip.DAYS, 7)
    assert new.slug == "new-one"
    assert new.history.count() == 1


@pytest.mark.parametrize(
    ("moving", "to", "position", "expected"),
    [
        ("a", None, 3, [("One", ["b", "c", "a"]), ("Two", ["d"])]),
        ("c", None, 1, [("One", ["c", "a", "b"]), ("Two", ["d"])]),
        ("b", None, 2, [("One", ["a", "b", "c"]), ("Two", ["d"])]),
        ("b", None, 99, [("One", ["a", "c", "b"]), ("Two", ["d"])]),
        ("b", "Two", 1, [("One", ["a", "c"]), ("Two", ["b", "d"])]),
        ("a", "Two", 99, [("One", ["b", "c"]), ("Two", ["d", "a"])]),
        ("d", "One", -4, [("One", ["d", "a", "b", "c"]), ("Two", [])]),
    ],
)
def test_a_lesson_goes_where_it_is_put(
    course: Course, moving: str, to: str | None, position: int, expected: object
) -> None:
    target = module(to) if to else None
    move_lesson(actor=author(), lesson=lesson(moving), position=position, module=target)
    assert shape(course) == expected


def test_a_module_goes_where_it_is_put(course: Course) -> None:
    move_module(actor=author(), module=module("Two"), position=1)
    assert [title for title, _lessons in shape(course)] == ["Two", "One"]
    move_module(actor=author(), module=module("Two"), position=9)
    assert [title for title, _lessons in shape(course)] == ["One", "Two"]


def test_everything_at_once(course: Course) -> None:
    ids = {each.title: each.pk for each in Lesson.objects.all()}
    order = [
        (module("Two").pk, [ids["c"], ids["a"]]),
        (module("One").pk, [ids["d"], ids["b"]]),
    ]
    reorder_outline(actor=author(), course=course, order=order)
    assert shape(course) == [("Two", ["c", "a"]), ("One", ["d", "b"])]


@pytest.mark.parametrize("fault", ["missing", "twice", "foreign", "module"])
def test_an_order_of_something_else_changes_nothing(course: Course, fault: str) -> None:
    """Another author added or deleted something since the page was loaded."""
    before = shape(course)
    first, second = (each.pk for each in course.modules.order_by("position"))
    a, b, c, d = (lesson(title).pk for title in "abcd")
    order = {
        "missing": [(first, [a, b]), (second, [d])],
        "twice": [(first, [a, b, c, a]), (second, [])],
        "foreign": [(first, [a, b, c]), (second, [LessonFactory().pk])],
        "module": [(first, [a, b, c, d])],
    }[fault]
    with pytest.raises(ValidationError, match="changed meanwhile"):
        reorder_outline(actor=author(), course=course, order=order)
    assert shape(course) == before


def test_deleting_closes_the_gap(course: Course) -> None:
    delete_lesson(actor=author(), lesson=lesson("a"))
    assert shape(course) == [("One", ["b", "c"]), ("Two", ["d"])]
    delete_module(actor=author(), module=module("One"))
    assert shape(course) == [("Two", ["d"])]


@pytest.mark.parametrize("what", ["lesson", "module", "course"])
def test_what_is_deleted_leaves_no_file_unless_a_copy_has_it(
    course: Course, what: str, django_capture_on_commit_callbacks: Any
) -> None:
    own, shared = (attach(lesson("d"), name, FileRole.DOWNLOAD) for name in ("a.pdf", "b.pdf"))
    other = LessonFactory(module=ModuleFactory(course=CourseFactory(), title="Other"))
    LessonFile.objects.create(lesson=other, name="b.pdf", size=1, file=shared.file.name)
    storage = own.file.storage
    with django_capture_on_commit_callbacks(execute=True):
        if what == "lesson":
            delete_lesson(actor=author(), lesson=lesson("d"))
        elif what == "module":
            delete_module(actor=author(), module=module("Two"))
        else:
            delete_course(actor=author(), course=course)
        assert storage.exists(own.file.name)
    assert not storage.exists(own.file.name)
    assert storage.exists(shared.file.name)


def test_answers_and_what_was_handed_in_keep_a_lesson(course: Course) -> None:
    Course.objects.update(state="published")
    enrolment = enrolled(course, UserFactory())
    quiz, task = make_quiz(lesson("a")), Assignment.objects.create(lesson=lesson("b"))
    QuizAttempt.objects.create(enrolment=enrolment, quiz=quiz, number=1)
    AssignmentSubmission.objects.create(enrolment=enrolment, assignment=task, number=1, text="x")
    for title in ("a", "b"):
        with pytest.raises(ValidationError):
            delete_lesson(actor=author(), lesson=lesson(title))
    with pytest.raises(ValidationError):
        delete_module(actor=author(), module=module("One"))


def test_a_copy_has_everything_and_is_nobodys_yet(course: Course) -> None:
    original = lesson("b")
    LessonFile.objects.create(
        lesson=original,
        file="lessons/x/a.pdf",
        name="a.pdf",
        size=3,
        content_type="application/pdf",
    )
    Assignment.objects.create(lesson=original, accepts="file")
    quiz = Quiz.objects.create(lesson=original, pass_percent=55)
    question = Question.objects.create(quiz=quiz, prompt="Why?", kind=QuestionKind.SINGLE)
    Question.objects.create(quiz=quiz, prompt="Old", is_archived=True)
    Choice.objects.create(question=question, text="Because", is_correct=True)
    copy = duplicate_lesson(actor=author(), lesson=original)
    assert shape(course)[0] == ("One", ["a", "b", "b (copy)", "c"])
    assert (copy.state, copy.body_html, copy.published_at) == ("draft", original.body_html, None)
    assert copy.slug == "b-copy"
    assert copy.files.get().file.name == "lessons/x/a.pdf"
    assert copy.assignment.accepts == "file"
    assert copy.quiz.pass_percent == 55
    assert [each.prompt for each in copy.quiz.questions.all()] == ["Why?"]
    assert copy.quiz.questions.get().choices.get().is_correct
    # Nothing was taken from the original.
    assert lesson("b").quiz.questions.count() == 2
    assert lesson("b").files.count() == 1
    assert lesson("b").assignment.accepts == "file"


def test_a_copied_module_comes_last(course: Course) -> None:
    copy = duplicate_module(actor=author(), module=module("One"))
    assert shape(course)[2] == ("One (copy)", ["a", "b", "c"])
    assert set(copy.lessons.values_list("state", flat=True)) == {"draft"}
    assert Lesson.objects.values("slug").distinct().count() == 7


def test_modules_and_prerequisites_stay_in_their_course(course: Course) -> None:
    other = ModuleFactory()
    with pytest.raises(ValidationError):
        set_prerequisite(actor=author(), module=module("One"), prerequisite=other)
    with pytest.raises(ValidationError):
        set_prerequisite(actor=author(), module=module("One"), prerequisite=module("One"))
    with pytest.raises(ValidationError):
        move_lesson(actor=author(), lesson=lesson("a"), position=1, module=other)
    with pytest.raises(ValidationError):
        add_module(actor=author(), course=course, title="  ")


def test_readers_build_nothing(course: Course) -> None:
    reader, first = UserFactory(), module("One")
    acts = [
        lambda: add_module(actor=reader, course=course, title="X"),
        lambda: rename_module(actor=reader, module=first, title="X"),
        lambda: move_module(actor=reader, module=first, position=2),
        lambda: set_prerequisite(actor=reader, module=first, prerequisite=None),
        lambda: delete_module(actor=reader, module=first),
        lambda: duplicate_module(actor=reader, module=first),
        lambda: add_lesson(actor=reader, module=first, title="X"),
        lambda: move_lesson(actor=reader, lesson=lesson("a"), position=2),
        lambda: duplicate_lesson(actor=reader, lesson=lesson("a")),
        lambda: delete_lesson(actor=reader, lesson=lesson("a")),
        lambda: reorder_outline(actor=reader, course=course, order=[]),
    ]
    before, told = shape(course), CourseEvent.objects.count()
    for act in acts:
        with pytest.raises(PermissionDenied):
            act()
    assert shape(course) == before
    assert CourseEvent.objects.count() == told


def test_every_change_is_recorded_and_counts_as_one(course: Course) -> None:
    course.refresh_from_db()
    before, told = course.curriculum_version, CourseEvent.objects.count()
    rename_module(actor=author(), module=module("One"), title="First")
    move_lesson(actor=author(), lesson=lesson("a"), position=2)
    course.refresh_from_db()
    assert course.curriculum_version == before + 1
    assert CourseEvent.objects.count() == told + 2
    assert set(CourseEvent.objects.values_list("actor", flat=True)) == {author().pk}


def test_a_long_course_is_put_in_order_in_a_few_statements(
    django_assert_max_num_queries,
) -> None:
    small = make_course(2)
    big = make_course(12)
    for each in (small, big):
        first = each.lessons.order_by("position").first()
        assert first is not None
        with django_assert_max_num_queries(16):
            move_lesson(actor=author(), lesson=first, position=99)
