"""Whoever gets their access back is told of what opened meanwhile, as long as it is news."""

from __future__ import annotations

import pytest
from django.utils import timezone

from courses.enums import CourseAccess, NoticeState
from courses.models import Enrolment, ReleaseNotice
from newsletter.memberships.models import Grant
from tests.courses.releasing.worker import Clock, dripped, work
from tests.factories.accounts import UserFactory
from tests.factories.courses import ProductFactory, enrolled
from tests.factories.memberships import GrantFactory

pytestmark = pytest.mark.django_db


def somebody_who_pays() -> Enrolment:
    product = ProductFactory()
    course, _lessons = dripped(2, access=CourseAccess.PRODUCTS, products=[product])
    user = UserFactory(time_zone="Europe/Vienna")
    GrantFactory(user=user, tier=None, product=product)
    return enrolled(course, user)


def test_an_instalment_that_is_paid_late_brings_the_notice_late(clock: Clock) -> None:
    """The last lesson opened while it was unpaid: nothing else would have the worker look again."""
    somebody_who_pays()
    work()
    clock.go_on(hours=1)
    Grant.objects.update(ends_at=timezone.now())
    clock.go_on(days=2)
    assert work() == []
    clock.go_on(days=2)
    assert work() == []
    Grant.objects.update(ends_at=None)
    clock.go_on(hours=6)
    assert len(work()) == 1
    clock.go_on(days=1)
    assert work() == []
    assert [row.state for row in ReleaseNotice.objects.all()] == [NoticeState.SENT]


def test_when_it_is_no_news_any_more_nobody_is_looked_at(clock: Clock) -> None:
    enrolment = somebody_who_pays()
    work()
    clock.go_on(hours=1)
    Grant.objects.update(ends_at=timezone.now())
    clock.go_on(days=8)
    work()
    enrolment.refresh_from_db()
    assert enrolment.next_release_at is not None
    clock.go_on(days=2)
    work()
    enrolment.refresh_from_db()
    assert enrolment.next_release_at is None
    Grant.objects.update(ends_at=None)
    clock.go_on(days=1)
    assert work() == []
