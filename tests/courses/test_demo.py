"""The demo's courses: whole, worth reading, and learned in by people who could have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from courses.access import get_classrooms_of
from courses.actions.importing import plan_import
from courses.actions.releasing import collect_lesson_mailings, release_due
from courses.demo.loader import FREE, HERE, PAID
from courses.enums import CourseAccess, CourseState, Drip, LessonKind
from courses.exchange.archive import FolderSource
from courses.exchange.prose import to_html
from courses.exchange.reading import read_parcel
from courses.models import (
    Certificate,
    Course,
    Enrolment,
    LessonProgress,
    QuizAttempt,
)
from newsletter.accounts.models import User
from newsletter.articles.models import ArticleImage
from newsletter.demo.loader import load_demo
from newsletter.lib.html_tree import parse
from newsletter.memberships.models import Product
from newsletter.payments.models import Order

PAGES = [
    lesson
    for name in (FREE, PAID)
    for lesson in read_parcel(FolderSource(HERE / name)).course.lessons  # type: ignore[union-attr]
]


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[None]:
    """The demo, loaded once for all tests of this file and rolled back after the last."""
    folder: Path = tmp_path_factory.mktemp("demo")
    patch = pytest.MonkeyPatch()
    patch.setattr(django_settings, "DEBUG", True)
    patch.setattr(django_settings, "DEMO_PASSWORD", "negotiate-well")
    patch.setattr(django_settings, "MEDIA_ROOT", str(folder))
    with django_db_blocker.unblock(), transaction.atomic():
        load_demo(size=(160, 100))
        yield
        transaction.set_rollback(True)
    patch.undo()


@pytest.fixture
def demo(loaded: None, db: None) -> dict[str, Course]:
    return {course.slug: course for course in Course.objects.all()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.key)
def test_every_lesson_is_worth_a_sitting(page: Any) -> None:
    words = len(re.findall(r"\w+", parse(to_html(page.text)).text()))
    most, least = 800, 100 if page.values["kind"] == LessonKind.QUIZ else 250
    assert least <= words <= most, words
    assert page.values["summary"]
    assert not re.search(r"lorem|TODO|\bvery unique\b|!", page.text, re.IGNORECASE)


def test_one_is_free_and_one_is_sold(demo: dict[str, Course]) -> None:
    free, paid = demo[FREE], demo[PAID]
    assert (free.modules.count(), free.lessons.count()) == (3, 9)
    assert (paid.modules.count(), paid.lessons.count()) == (5, 20)
    assert {free.state, paid.state} == {CourseState.PUBLISHED}
    assert free.access == CourseAccess.ADDRESS
    assert free.newsletter is not None
    assert paid.access == CourseAccess.PRODUCTS
    product = Product.objects.get(slug=PAID)
    assert list(paid.products.all()) == [product]
    assert {price.currency for price in product.prices.all()} == {"eur", "usd"}
    assert free.cover
    assert paid.cover
    assert free.has_certificate
    assert paid.has_certificate


def test_the_paid_one_has_everything(demo: dict[str, Course]) -> None:
    lessons = demo[PAID].lessons.all()
    assert lessons.filter(is_preview=True).count() == 2
    assert lessons.filter(drip=Drip.DAYS).count() >= 10
    assert lessons.filter(drip=Drip.AFTER_MODULE).count() == 4
    assert lessons.filter(kind=LessonKind.QUIZ, quiz__questions__isnull=False).exists()
    assert lessons.filter(kind=LessonKind.DOWNLOAD, files__isnull=False).exists()
    assert lessons.filter(kind=LessonKind.ASSIGNMENT, assignment__isnull=False).count() == 2
    assert demo[PAID].is_mail_series
    for lesson in lessons:
        assert "demo:" not in lesson.body


def test_sixty_learn_and_nobody_has_done_what_was_closed(demo: dict[str, Course]) -> None:
    assert Enrolment.objects.count() == 62
    now = timezone.now()
    for course in demo.values():
        learners = list(course.enrolments.select_related("user"))
        rooms = get_classrooms_of(course, learners, now)
        assert len(rooms) == len(learners)
        for enrolment in learners:
            room = rooms[enrolment.pk]
            assert room.entry.allowed
            for lesson_id, at in room.learning.done.items():
                standing = room.standings[lesson_id]
                assert standing.opens_at is None or standing.opens_at <= at <= now
            assert (enrolment.completed_at is not None) == (room.percent == 100)
    assert QuizAttempt.objects.filter(passed=True).count() == QuizAttempt.objects.count() > 10
    assert Certificate.objects.count() == Enrolment.objects.exclude(completed_at=None).count() > 5
    assert Order.objects.filter(product__slug=PAID).count() == 23
    assert LessonProgress.objects.count() > 200


def test_the_worker_finds_nothing_to_make_up_for(demo: dict[str, Course]) -> None:
    assert release_due() == []
    assert collect_lesson_mailings() == 0


def test_bringing_them_in_again_would_change_nothing(demo: dict[str, Course]) -> None:
    pictures = {
        f"demo:{image.file.name.split('/')[-1].split('.')[0]}": image
        for image in ArticleImage.objects.all()
    }
    author = User.objects.get(email="author@example.com")
    for name in (FREE, PAID):
        plan = plan_import(actor=author, source=FolderSource(HERE / name), known=pictures)
        assert plan.changes == 0, [step for step in plan.steps if step.what != "same"]


def test_a_visitor_finds_them(demo: dict[str, Course]) -> None:
    page = Client().get("/courses/").content.decode()
    assert "First Terms" in page
    assert "A Year on Your Own Terms" in page
    lesson = Client().get(f"/courses/{FREE}/the-price-you-already-have/")
    assert "You have a price already" in lesson.content.decode()
    closed = Client().get(f"/courses/{PAID}/the-sheet/")
    assert "Working, without the chair" not in closed.content.decode()
