"""People who learn in the demo's courses, with a past: straight into the tables.

The actions live in the present and send mail. When a lesson opened for somebody is asked of the
same pure functions as ever, so nobody here has done what was not open to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from courses.actions.certifying import issue_missing_certificates
from courses.curriculum import rules_of
from courses.demo.handing_in import hand_in
from courses.drip import Learning, next_opening, time_of
from courses.enums import EnrolmentSource, MailChoice, NoticeState
from courses.models import Course, Enrolment, Lesson, LessonProgress, ReleaseNotice
from courses.outline import load_outline
from courses.terms import zone_of
from newsletter.accounts.models import User
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import Grant, Product
from newsletter.payments.enums import OrderKind, OrderStatus, PriceState
from newsletter.payments.models import Order, Price

FREE_LEARNERS, PAID_LEARNERS = 38, 22
# Far from those who speak under the articles.
_FIRST, _STEP = 53, 53
_ZONES = ("Europe/Brussels", "Europe/Brussels", "Europe/Lisbon", "America/New_York", "Asia/Kolkata")


def write_learners(
    free: Course,
    paid: Course,
    product: Product,
    people: Mapping[str, User],
    now: datetime,
) -> None:
    """Sixty of the demo's readers, and the two whom one can sign in as."""
    found = User.objects.filter(is_staff=False, is_active=True, email_confirmed_at__isnull=False)
    crowd = list(
        found.exclude(pk__in=[each.pk for each in people.values()])
        .exclude(name="")
        .order_by("pk")[: _FIRST + _STEP * (FREE_LEARNERS + PAID_LEARNERS)]
    )
    chosen = crowd[_FIRST::_STEP][: FREE_LEARNERS + PAID_LEARNERS]
    rng = Random(7)  # noqa: S311 - made-up lives, not secrets
    free_class = _Classroom(free, rng, now)
    for user in chosen[:FREE_LEARNERS]:
        free_class.add(user, days_ago=rng.randint(2, 95), persistence=rng.uniform(0.72, 0.99))
    free_class.add(people["reader"], days_ago=9, persistence=1.0, lessons=4)
    free_class.write()
    paid_class = _Classroom(paid, rng, now)
    for user in chosen[FREE_LEARNERS:]:
        days = rng.randint(3, 90)
        _buy(user, product, now - timedelta(days=days, minutes=4))
        paid_class.add(user, days_ago=days, persistence=rng.uniform(0.78, 1.0))
    member = people["member"]
    _buy(member, product, now - timedelta(days=15, minutes=3))
    paid_class.add(member, days_ago=15, persistence=1.0, lessons=7, mail_choice=MailChoice.LESSONS)
    paid_class.write()
    issue_missing_certificates(now=now, tells=False)


def _buy(user: User, product: Product, at: datetime) -> None:
    """A paid order and what it opens, as the shop leaves them."""
    price = Price.objects.get(product=product, currency="eur", state=PriceState.ACTIVE)
    order = Order.objects.create(
        user=user,
        kind=OrderKind.PRODUCT,
        product=product,
        price=price,
        amount=price.amount,
        currency=price.currency,
        status=OrderStatus.PAID,
        paid_at=at,
        synced_at=at,
    )
    Order.objects.filter(pk=order.pk).update(created_at=at)
    Grant.objects.create(
        user=user,
        product=product,
        source=GrantSource.ORDER,
        source_id=str(order.pk),
        starts_at=at,
    )


class _Classroom:
    """One course's learners: enrolled, as far as each came, and told of what has opened."""

    def __init__(self, course: Course, rng: Random, now: datetime) -> None:
        self.course, self.rng, self.now = course, rng, now
        outline = load_outline(course)
        self.rules = rules_of(outline.curriculum)
        self.lessons: list[Lesson] = outline.published
        self.enrolments: list[Enrolment] = []
        self.progress: list[LessonProgress] = []
        self.notices: list[ReleaseNotice] = []

    def add(
        self,
        user: User,
        *,
        days_ago: int,
        persistence: float,
        lessons: int | None = None,
        mail_choice: str = MailChoice.NONE,
    ) -> None:
        """`persistence`: how likely they are to go on after each lesson."""
        begun = self.now - timedelta(days=days_ago, minutes=self.rng.randint(0, 600))
        name = self.rng.choice(_ZONES)
        zone = zone_of(name)
        learning = Learning(zone, begun.astimezone(zone).date(), begun)
        done = self._learn(learning, persistence, lessons)
        learning = replace(learning, done={lesson.pk: at for lesson, at in done})
        last = done[-1] if done else None
        finished = len(done) == len(self.lessons)
        coming = next_opening(self.rules, learning, self.now)
        enrolment = Enrolment(
            user=user,
            course=self.course,
            source=EnrolmentSource.SELF,
            time_zone=name,
            anchor_date=learning.anchor_date,
            enrolled_at=begun,
            started_at=done[0][1] if done else None,
            completed_at=done[-1][1] if finished else None,
            last_activity_at=last[1] if last else None,
            last_lesson=last[0] if last else None,
            # Made-up people are mailed nothing by a clock; letters reach those who are through.
            mail_choice=MailChoice.LESSONS if coming is None else mail_choice,
            next_release_at=coming,
        )
        self.enrolments.append(enrolment)
        for lesson, at in done:
            self.progress.append(
                LessonProgress(
                    enrolment=enrolment,
                    lesson=lesson,
                    opened_at=at - timedelta(minutes=lesson.minutes),
                    last_opened_at=at,
                    completed_at=at,
                )
            )
        for lesson in self.lessons:
            opens = time_of(self.rules[lesson.pk], learning)
            if opens is not None and opens <= self.now:
                self.notices.append(
                    ReleaseNotice(
                        enrolment=enrolment,
                        lesson=lesson,
                        state=NoticeState.SENT,
                        released_at=opens,
                        created_at=opens,
                    )
                )

    def _learn(
        self, learning: Learning, persistence: float, most: int | None
    ) -> list[tuple[Lesson, datetime]]:
        """What they completed, and when: never before it was open."""
        done: dict[int, datetime] = {}
        at = learning.enrolled_at
        found: list[tuple[Lesson, datetime]] = []
        for lesson in self.lessons[:most]:
            opens = time_of(self.rules[lesson.pk], replace(learning, done=done))
            if opens is None or (found and self.rng.random() > persistence):
                break
            pause = timedelta(minutes=self.rng.expovariate(1 / 900) + lesson.minutes)
            at = max(at, opens) + (pause if most is None else timedelta(minutes=30))
            if at >= self.now:
                break
            done[lesson.pk] = at
            found.append((lesson, at))
        return found

    def write(self) -> None:
        """A statement for each kind of row, and what was handed in."""
        Enrolment.objects.bulk_create(self.enrolments)
        LessonProgress.objects.bulk_create(self.progress)
        ReleaseNotice.objects.bulk_create(self.notices)
        hand_in(self.course, self.progress, self.rng)
