"""Courses, made through the same actions as the author's own."""

from __future__ import annotations

from typing import Any

import factory
from django.utils import timezone

from courses.actions import (
    add_lesson,
    add_module,
    archive_course,
    enrol,
    publish_course,
    publish_lesson,
    save_course,
    save_lesson,
)
from courses.enums import CourseState, LessonState
from courses.models import Course, Enrolment, Lesson, Module
from newsletter.memberships.models import Product
from tests.factories.articles import AuthorFactory

AUTHOR = "teacher@example.com"


def author() -> Any:
    """The one author of all courses in a test."""
    from newsletter.accounts.models import User

    return User.objects.filter(email=AUTHOR).first() or AuthorFactory(email=AUTHOR)


class ProductFactory(factory.django.DjangoModelFactory[Product]):
    """Something that is sold once."""

    class Meta:
        model = Product

    name = factory.Sequence(lambda n: f"Product {n}")
    slug = factory.Sequence(lambda n: f"product-{n}")


class CourseFactory(factory.django.DjangoModelFactory[Course]):
    """A draft without lessons. `tiers`, `products` and `instructors` are set with it."""

    class Meta:
        model = Course
        skip_postgeneration_save = True

    title = factory.Sequence(lambda n: f"Saying no, part {n}")
    promise = "Turn down what you do not want without losing who asked."

    @classmethod
    def _create(cls, model_class: type[Course], *args: Any, **kwargs: Any) -> Course:
        chosen = {name: kwargs.pop(name, None) for name in ("tiers", "products", "instructors")}
        return save_course(actor=author(), course=model_class(**kwargs), **chosen)


class ModuleFactory(factory.django.DjangoModelFactory[Module]):
    """A module at the end of its course."""

    class Meta:
        model = Module

    course = factory.SubFactory(CourseFactory)
    title = factory.Sequence(lambda n: f"Week {n}")

    @classmethod
    def _create(cls, model_class: type[Module], *args: Any, **kwargs: Any) -> Module:
        return add_module(actor=author(), **kwargs)


class LessonFactory(factory.django.DjangoModelFactory[Lesson]):
    """A published lesson at the end of its module; `state=` a draft."""

    class Meta:
        model = Lesson

    module = factory.SubFactory(ModuleFactory)
    title = factory.Sequence(lambda n: f"Lesson {n}")
    body = "<p>Say it once, and stop.</p>"

    @classmethod
    def _create(cls, model_class: type[Lesson], *args: Any, **kwargs: Any) -> Lesson:
        state = kwargs.pop("state", LessonState.PUBLISHED)
        published_at = kwargs.pop("published_at", None)
        lesson = add_lesson(actor=author(), module=kwargs.pop("module"), title=kwargs.pop("title"))
        for name, value in kwargs.items():
            setattr(lesson, name, value)
        save_lesson(actor=author(), lesson=lesson)
        if state == LessonState.PUBLISHED:
            publish_lesson(actor=author(), lesson=lesson, now=published_at)
        return lesson


def make_course(*modules: int, state: str = CourseState.PUBLISHED, **fields: Any) -> Course:
    """A published course with so many plain lessons in each module (one with two lessons)."""
    course = CourseFactory(**fields)
    for number in modules or (2,):
        module = ModuleFactory(course=course)
        for _lesson in range(number):
            LessonFactory(module=module)
    if state != CourseState.DRAFT:
        publish_course(actor=author(), course=course)
    if state == CourseState.ARCHIVED:
        archive_course(actor=author(), course=course)
    return course


def lessons_of(course: Course) -> list[Lesson]:
    """A course's lessons in order."""
    return list(course.lessons.order_by("module__position", "position"))


def fill_course(course: Course, *, modules: int, lessons: int) -> None:
    """Many published lessons at once, for counting queries and measuring."""
    now, first = timezone.now(), course.modules.count()
    made = Module.objects.bulk_create(
        Module(course=course, title=f"Module {number}", position=number)
        for number in range(first + 1, first + modules + 1)
    )
    Lesson.objects.bulk_create(
        Lesson(
            course=course,
            module=module,
            position=number,
            title=f"Lesson {module.position}.{number}",
            slug=f"lesson-{module.position}-{number}",
            body="<p>Text.</p>",
            body_html="<p>Text.</p>",
            state=LessonState.PUBLISHED,
            published_at=now,
        )
        for module in made
        for number in range(1, lessons // modules + 1)
    )


def enrolled(course: Course, user: Any, **facts: Any) -> Enrolment:
    """`user` in `course`, which must be open to them."""
    return enrol(user=user, course=course, **facts)
