"""A course that is open for a time is sold again when the time is over; never for nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from courses.access import get_classroom
from courses.actions import enrol, restore_enrolment, revoke_enrolment
from courses.enums import AccessLength, CourseAccess
from courses.models import Course, Enrolment
from newsletter.memberships.models import Product
from newsletter.payments.actions import AlreadyOwned, CheckoutRefused
from newsletter.payments.models import Checkout
from tests.factories.courses import author, make_course
from tests.newsletter.payments.shop import Shop, shop, soon
from tests.stripe_contract.fixtures import stripe

__all__ = ["shop", "stripe"]
pytestmark = pytest.mark.django_db


def sold_for_three_months(product: Product) -> Course:
    return make_course(
        2,
        access=CourseAccess.PRODUCTS,
        products=[product],
        access_length=AccessLength.MONTHS,
        access_months=3,
    )


def learn(shop: Shop, course: Course) -> Enrolment:
    shop.buy(shop.goods.course_price)
    shop.hear()
    return enrol(user=shop.reader, course=course)


def end(enrolment: Enrolment) -> None:
    """As if they had come in long ago, by what they hold still."""
    shift = timedelta(days=200)
    enrolment.expires_at -= shift  # type: ignore[operator]
    enrolment.enrolled_at -= shift
    enrolment.save()
    grant = enrolment.user.grants.get()
    grant.starts_at -= shift
    grant.save()


def is_in(course: Course, shop: Shop) -> bool:
    room = get_classroom(Course.objects.get(pk=course.pk), shop.reader, soon())
    return room is not None and room.entry.allowed


def test_whose_time_is_over_can_buy_it_again_once(shop: Shop) -> None:
    course = sold_for_three_months(shop.goods.course)
    end(learn(shop, course))
    assert not is_in(course, shop)
    shop.buy(shop.goods.course_price)
    shop.hear()
    assert is_in(course, shop)
    with pytest.raises(AlreadyOwned):
        shop.start(shop.goods.course_price)


def test_while_it_is_open_it_is_not_sold_again(shop: Shop) -> None:
    course = sold_for_three_months(shop.goods.course)
    shop.buy(shop.goods.course_price)
    shop.hear()
    with pytest.raises(AlreadyOwned):
        shop.start(shop.goods.course_price)
    enrol(user=shop.reader, course=course)
    with pytest.raises(AlreadyOwned):
        shop.start(shop.goods.course_price)


def test_of_a_bundle_one_course_that_is_over_is_enough(shop: Shop) -> None:
    course = sold_for_three_months(shop.goods.course)
    other = make_course(1, access=CourseAccess.PRODUCTS, products=[shop.goods.course])
    end(learn(shop, course))
    assert is_in(other, shop)
    shop.buy(shop.goods.course_price)
    shop.hear()
    assert is_in(course, shop)


def test_a_course_that_ended_on_a_day_is_not_sold_again(shop: Shop) -> None:
    """It would be over for whoever bought it, too."""
    course = make_course(
        1,
        access=CourseAccess.PRODUCTS,
        products=[shop.goods.course],
        access_length=AccessLength.UNTIL,
        access_until=soon().date() + timedelta(days=9),
    )
    learn(shop, course)
    Course.objects.update(access_until=soon().date() - timedelta(days=9))
    Enrolment.objects.update(expires_at=soon(days=-9))
    assert not is_in(course, shop)
    with pytest.raises(AlreadyOwned):
        shop.start(shop.goods.course_price)


def test_nobody_pays_for_a_course_that_the_author_closed_to_them(shop: Shop) -> None:
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[shop.goods.course])
    enrolment = learn(shop, course)
    revoke_enrolment(actor=author(), enrolment=enrolment, reason="Shared the files")
    shop.reader.grants.update(revoked_at=soon())
    pages = Checkout.objects.count()
    with pytest.raises(CheckoutRefused, match="closed to you"):
        shop.start(shop.goods.course_price)
    assert Checkout.objects.count() == pages
    restore_enrolment(actor=author(), enrolment=enrolment)
    shop.buy(shop.goods.course_price)
    shop.hear()
    assert is_in(course, shop)


def test_a_bundle_is_sold_for_what_of_it_is_not_closed_to_them(shop: Shop) -> None:
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[shop.goods.course])
    other = make_course(1, access=CourseAccess.PRODUCTS, products=[shop.goods.course])
    enrolment = learn(shop, course)
    revoke_enrolment(actor=author(), enrolment=enrolment, reason="Shared the files")
    shop.reader.grants.update(revoked_at=soon())
    shop.buy(shop.goods.course_price)
    shop.hear()
    assert is_in(other, shop)
    assert not is_in(course, shop)
