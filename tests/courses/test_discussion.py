"""Conversations under lessons: for those who may open the lesson, and off where the course says."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.access import get_classroom
from courses.actions import enrol, save_course, unpublish_course, unpublish_lesson
from courses.enums import CourseAccess, Drip
from courses.models import Course, Lesson
from newsletter.accounts.models import User
from newsletter.comments.actions import Written, submit_comment
from newsletter.comments.models import CommentSettings, Thread
from newsletter.comments.owners import Place, get_place, get_places
from newsletter.comments.reading import Looking, read_page
from newsletter.comments.rules import rules_for
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import LessonFactory, ProductFactory, author, lessons_of, make_course
from tests.factories.memberships import GrantFactory

pytestmark = pytest.mark.django_db


def place(lesson: Lesson, viewer: User | None) -> Place | None:
    return get_place("lesson", lesson.pk, viewer, timezone.now())


@pytest.fixture
def sold() -> tuple[Course, User]:
    """A course that is sold, and who bought it."""
    product = ProductFactory()
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[product])
    user = UserFactory()
    GrantFactory(user=user, tier=None, product=product)
    return course, user


def test_those_who_may_open_the_lesson_read_what_is_said_there(sold) -> None:
    course, user = sold
    (lesson,) = lessons_of(course)
    mine, theirs, nobodys = (place(lesson, each) for each in (user, UserFactory(), None))
    assert mine is not None
    assert theirs is not None
    assert nobodys is not None
    assert (mine.is_readable, theirs.is_readable, nobodys.is_readable) == (True, False, False)
    assert not mine.is_public
    assert mine.path == f"/courses/{course.slug}/{lesson.slug}/"


def test_a_conversation_opens_with_its_lesson() -> None:
    course, user = make_course(1), UserFactory()
    later = LessonFactory(module=course.modules.get(), drip=Drip.DAYS, drip_days=1)
    enrol(user=user, course=course)
    (first, _later) = lessons_of(course)
    shown = [place(each, user) for each in (first, later)]
    assert [each.is_readable for each in shown if each] == [True, False]
    # Feeds show what anyone may open, and nothing that opens to some.
    assert [each.is_public for each in shown if each] == [True, False]


def test_there_is_none_where_the_course_says_so_or_is_taken_back(sold) -> None:
    course, user = sold
    (lesson,) = lessons_of(course)
    course.has_discussion = False
    save_course(actor=author(), course=course)
    assert place(lesson, user) is None
    course.has_discussion = True
    save_course(actor=author(), course=course)
    unpublish_lesson(actor=author(), lesson=lesson)
    assert place(lesson, user) is None
    assert place(lesson, StaffFactory()) is None
    open_course = make_course(1)
    unpublish_course(actor=author(), course=open_course)
    assert place(lessons_of(open_course)[0], user) is None


def test_an_archived_course_is_public_to_nobody() -> None:
    course, user = make_course(1), UserFactory()
    enrol(user=user, course=course)
    Course.objects.update(state="archived")
    mine = place(lessons_of(course)[0], user)
    assert mine is not None
    assert (mine.is_readable, mine.is_public) == (True, False)


def test_the_instructor_has_a_badge(sold, client) -> None:
    course, user = sold
    teacher = StaffFactory()
    course.instructors.add(teacher)
    (lesson,) = lessons_of(course)
    for person in (teacher, user):
        spot = place(lesson, person)
        assert spot is not None
        submit_comment(place=spot, viewer=person, written=Written("I agree.", "", ""))
    thread = Thread.objects.get(kind="lesson", key=lesson.pk)
    thread.comments.update(state="approved")
    spot = place(lesson, user)
    assert spot is not None
    rules = rules_for(spot, thread, CommentSettings())
    looking = Looking(spot, rules, user, timezone.now())
    badges = {each.comment.user: each.badge for each in read_page(thread, looking).shown}
    assert badges[teacher] == "instructor"
    assert badges[user] != "instructor"


def test_many_lessons_cost_what_one_does(django_assert_num_queries, sold) -> None:
    course, user = sold
    now = timezone.now()
    (lesson,) = lessons_of(course)
    with CaptureQueriesContext(connection) as one:
        get_places([("lesson", lesson.pk)], user, now)
    for _number in range(2):
        make_course(2, 1)
    everything = [("lesson", each.pk) for each in Lesson.objects.all()]
    with django_assert_num_queries(len(one)):
        assert len(get_places(everything, user, now)) == 7
    with django_assert_num_queries(1):
        assert get_places([("lesson", 10**6)], user, now) == {}


def test_asking_for_a_visitor_is_asking_for_anybody(sold) -> None:
    course, _user = sold
    anonymous = AnonymousUser()
    room = get_classroom(course, anonymous, timezone.now())  # type: ignore[arg-type]
    assert room is not None
    assert not room.entry.allowed
