"""Whoever has bought a course is told which, and led to it, in both parts of the mail."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.functional import Promise

from courses.bought import opened_courses
from courses.enums import CourseAccess
from courses.models import Course
from newsletter.outbox.models import OutgoingEmail
from tests.factories.courses import make_course
from tests.factories.payments import offer
from tests.newsletter.payments.shop import Shop, shop
from tests.stripe_contract.fixtures import stripe

__all__ = ["shop", "stripe"]
pytestmark = pytest.mark.django_db

BUTTON = re.compile(r'class="button-face"[^>]*>\s*<a[^>]*href="([^"]+)"[^>]*>([^<]+)</a>')


def mail(kind: str) -> OutgoingEmail:
    return OutgoingEmail.objects.get(kind=kind)


def buttons(html: str) -> list[tuple[str, str]]:
    """Where the buttons of a mail lead, and what they say."""
    return BUTTON.findall(re.sub(r"\s+style='[^']*'|\s+style=\"[^\"]*\"", "", html))


def sold(shop: Shop, title: str, **fields: object) -> Course:
    fields = {"access": CourseAccess.PRODUCTS, "products": [shop.goods.course], **fields}
    return make_course(1, title=title, **fields)


def address(course: Course) -> str:
    return f"http://localhost:8000/courses/{course.slug}/"


@pytest.fixture(autouse=True)
def _address(settings: object) -> None:
    settings.SITE_URL = "http://localhost:8000"  # type: ignore[attr-defined]


def test_the_receipt_names_the_course_and_leads_to_it(shop: Shop) -> None:
    course = sold(shop, "Saying no & yes")
    shop.buy(shop.goods.course_price)
    shop.hear()
    told = mail("order_paid")
    assert "The course “Saying no & yes” is open to you." in told.text
    assert address(course) in told.text
    assert "The course “Saying no &amp; yes” is open to you." in told.html
    assert buttons(told.html) == [(address(course), "Begin the course")]
    # The bill is still there.
    for part in (told.text, told.html):
        assert "http://localhost:8000/account/membership/" in part
        assert str(shop.goods.course) in part
    # And there the buyer may begin.
    client = Client()
    client.force_login(shop.reader, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/courses/{course.slug}/").content.decode()
    assert "Begin the course" in page


def test_a_bundle_names_each_course_and_begins_with_the_first(shop: Shop) -> None:
    second = sold(shop, "The second", position=2)
    first = sold(shop, "The first", position=1)
    archived = sold(shop, "The archived", position=3, state="archived")
    draft = sold(shop, "The draft", position=4, state="draft")
    other = make_course(1, title="Another")
    shop.buy(shop.goods.course_price)
    shop.hear()
    told = mail("order_paid")
    for course in (first, second, archived):
        assert course.title in told.text
        assert address(course) in told.text
        assert address(course) in told.html
    for course in (draft, other):
        assert course.title not in told.text + told.html
    assert buttons(told.html) == [(address(first), "Begin with “The first”")]
    places = [told.text.index(each.title) for each in (first, second, archived)]
    assert places == sorted(places)


def test_a_plan_that_begins_does_so_too(shop: Shop) -> None:
    course = sold(shop, "Saying no")
    shop.buy(offer(shop.goods.course, 1500, "plan", instalments=3))
    shop.hear()
    told = mail("plan_started")
    assert "The course “Saying no” is open to you." in told.text
    assert address(course) in told.text
    assert buttons(told.html) == [(address(course), "Begin the course")]


def test_what_is_no_course_is_confirmed_as_before(shop: Shop) -> None:
    make_course(1, title="Another")
    shop.buy(shop.goods.course_price)
    shop.hear()
    told = mail("order_paid")
    assert buttons(told.html) == [
        ("http://localhost:8000/account/membership/", "See your purchases")
    ]
    assert "is open to you" not in told.text
    assert "and open to you." in told.text


def test_it_is_put_into_words_when_the_mail_is_rendered_not_when_it_is_looked_up(
    shop: Shop,
) -> None:
    """The worker has a language of its own; the mail is in the publication's."""
    sold(shop, "Saying no")
    (found,) = opened_courses(shop.goods.course)
    assert isinstance(found.says, Promise)
    assert isinstance(found.button, Promise)


def test_it_takes_one_query(shop: Shop, django_assert_num_queries) -> None:
    for number in range(3):
        sold(shop, f"Course {number}")
    with django_assert_num_queries(1):
        assert len(opened_courses(shop.goods.course)) == 3
