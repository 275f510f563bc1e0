"""A course that is really bought: at once or in instalments, refunded, and in a tier besides."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from courses.access import get_classroom
from courses.actions import complete_lesson
from courses.enums import CourseAccess
from courses.models import Course, Enrolment
from newsletter.payments.models import Instalment, Membership, PaymentPlan
from tests.factories.courses import lessons_of, make_course
from tests.factories.payments import offer
from tests.newsletter.payments.shop import Shop, shop, soon
from tests.stripe_contract.fixtures import stripe

__all__ = ["shop", "stripe"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def course(shop: Shop) -> Course:
    """Sold as a product, and in a tier."""
    return make_course(
        2,
        access=CourseAccess.TIERS,
        tiers=[shop.goods.basic],
        products=[shop.goods.course],
    )


def is_in(course: Course, shop: Shop, now: datetime | None = None) -> bool:
    room = get_classroom(course, shop.reader, now or soon())
    return room is not None and room.entry.allowed


def test_a_course_is_open_while_its_plan_is_paid_and_stays_when_it_is_paid_off(
    shop: Shop, course: Course
) -> None:
    price = offer(shop.goods.course, 1500, "plan", instalments=3)
    shop.stripe.take_events()
    assert not is_in(course, shop)
    shop.buy(price)
    shop.hear()
    plan = PaymentPlan.objects.get()
    assert is_in(course, shop)
    # Unpaid, it closes with the grace, and what was done is kept.
    complete_lesson(user=shop.reader, lesson=lessons_of(course)[0], now=soon())
    assert not is_in(course, shop, plan.started_at + timedelta(days=60))
    for _month in range(2):
        shop.stripe.advance(timedelta(days=31, hours=1))
        shop.hear()
    assert is_in(course, shop, plan.started_at + timedelta(days=9_999))
    room = get_classroom(course, shop.reader, soon())
    assert room is not None
    assert room.percent == 50


def test_k3_one_instalment_given_back_leaves_the_course_all_of_them_take_it(
    shop: Shop, course: Course
) -> None:
    shop.buy(offer(shop.goods.course, 1500, "plan", instalments=3))
    shop.hear()
    shop.stripe.advance(timedelta(days=31, hours=1))
    shop.hear()
    first, second = Instalment.objects.order_by("pk")
    shop.stripe.refund(second.stripe_payment_intent_id)
    shop.hear()
    assert is_in(course, shop)
    shop.stripe.refund(first.stripe_payment_intent_id)
    shop.hear()
    assert not is_in(course, shop)


def test_k3_with_real_money_the_tier_and_the_purchase_stand_by_themselves(
    shop: Shop, course: Course
) -> None:
    shop.join()
    membership = Membership.objects.get()
    complete_lesson(user=shop.reader, lesson=lessons_of(course)[0], now=soon())
    shop.buy(shop.goods.course_price)
    shop.hear()
    shop.stripe.cancel_now(membership.stripe_id)
    shop.hear()
    assert is_in(course, shop)
    shop.stripe.refund(shop.order().stripe_payment_intent_id)
    shop.hear()
    assert not is_in(course, shop)
    shop.buy()
    shop.hear()
    assert is_in(course, shop)
    assert Enrolment.objects.get().progress.filter(completed_at__isnull=False).count() == 1
