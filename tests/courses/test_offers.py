"""What it costs to get into a course, where it is bought, and what is said when a bill is open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from courses.enums import CourseAccess
from courses.models import Course
from newsletter.memberships.models import Grant
from newsletter.payments.enums import MembershipStatus
from newsletter.payments.models import Membership, PaymentPlan
from tests.factories.accounts import UserFactory
from tests.factories.courses import enrolled, make_course
from tests.factories.memberships import GrantFactory
from tests.factories.payments import offer
from tests.newsletter.payments.shop import shop
from tests.stripe_contract.fixtures import stripe

__all__ = ["shop", "stripe"]

pytestmark = pytest.mark.django_db


def page(course: Course, client: Client | None = None) -> str:
    return (client or Client()).get(f"/courses/{course.slug}/").content.decode()


def test_a_product_is_bought_at_once_or_in_instalments_and_leads_back(shop: Any) -> None:
    goods = shop.goods
    plan = offer(goods.course, 1_500, "plan", instalments=4)
    course = make_course(access=CourseAccess.PRODUCTS, products=[goods.course])
    shown = page(course)
    back = f"?next=%2Fcourses%2F{course.slug}%2F"
    assert "Buy it for €49, once" in shown
    assert f'href="/plans/buy/{goods.course_price.pk}/{back}"' in shown
    assert "4 monthly payments of €15" in shown
    assert f'href="/plans/buy/{plan.pk}/{back}"' in shown
    assert '"price":"49","priceCurrency":"EUR"' in shown.replace("49.00", "49")


def test_a_tier_and_a_product_are_two_ways(shop: Any) -> None:
    goods = shop.goods
    course = make_course(access=CourseAccess.TIERS, tiers=[goods.patron], products=[goods.course])
    shown = page(course)
    assert "With Patron, or €49, once" in shown
    assert "€15 a month" in shown
    assert "€5 a month" not in shown
    assert f"/plans/?next=%2Fcourses%2F{course.slug}%2F" in shown


def test_any_membership_is_from_the_cheapest(shop: Any) -> None:
    shown = page(make_course(access=CourseAccess.PAID))
    assert "For paying members" in shown
    assert "from €5 a month" in shown


def test_the_catalogue_says_prices_in_as_many_queries_for_seven_courses(
    shop: Any, django_assert_max_num_queries: Any
) -> None:
    goods = shop.goods

    def count() -> int:
        with django_assert_max_num_queries(60) as seen:
            assert b"once" in Client().get("/courses/").content
        return len(seen)

    make_course(access=CourseAccess.PRODUCTS, products=[goods.course])
    before = count()
    for _more in range(6):
        make_course(access=CourseAccess.TIERS, tiers=[goods.basic], products=[goods.course])
    assert count() == before


@pytest.mark.parametrize("is_theirs", [True, False])
def test_an_open_bill_is_named_where_it_is_the_reason(
    shop: Any, sign_in: Any, is_theirs: bool
) -> None:
    """An unpaid membership that has nothing to do with the course is not."""
    goods = shop.goods
    course = make_course(access=CourseAccess.TIERS, tiers=[goods.patron])
    grant = GrantFactory(tier=goods.patron, starts_at=timezone.now() - timedelta(days=9))
    enrolled(course, grant.user)
    Grant.objects.update(ends_at=timezone.now() - timedelta(hours=1))
    tier = goods.patron if is_theirs else goods.basic
    price = goods.patron_month if is_theirs else goods.basic_month
    Membership.objects.create(
        user=grant.user,
        tier=tier,
        price=price,
        stripe_id="sub_1",
        status=MembershipStatus.PAST_DUE,
        started_at=timezone.now() - timedelta(days=40),
    )
    shown = page(course, sign_in(grant.user))
    assert ("Put the payment right" in shown) == is_theirs
    assert ("You no longer have access to this course" in shown) == (not is_theirs)


def test_an_open_instalment_is_named(shop: Any, sign_in: Any) -> None:
    goods = shop.goods
    plan = offer(goods.course, 1_500, "plan", instalments=4)
    course = make_course(access=CourseAccess.PRODUCTS, products=[goods.course])
    learner = UserFactory()
    grant = GrantFactory(
        user=learner, tier=None, product=goods.course, starts_at=timezone.now() - timedelta(days=9)
    )
    enrolled(course, learner)
    grant.ends_at = timezone.now() - timedelta(hours=1)
    grant.save()
    PaymentPlan.objects.create(
        user=learner,
        product=goods.course,
        price=plan,
        stripe_id="sub_2",
        status=MembershipStatus.PAST_DUE,
        instalments=4,
        amount=1_500,
        currency="eur",
        started_at=timezone.now() - timedelta(days=40),
    )
    shown = page(course, sign_in(learner))
    assert "Your last payment has not arrived" in shown
    assert "/account/membership/" in shown
