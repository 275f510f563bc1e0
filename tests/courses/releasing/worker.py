"""What the tests of release mails share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from courses.actions.releasing import collect_lesson_mailings, release_due, settle_notices
from courses.enums import Drip
from courses.models import Course, Enrolment, Lesson
from newsletter.mailings import actions as engine
from newsletter.outbox.actions import deliver
from newsletter.outbox.queries import due_email_ids
from tests.factories.accounts import UserFactory
from tests.factories.courses import LessonFactory, ModuleFactory, enrolled, make_course
from tests.factories.mailings import send_all


class Clock:
    """The hands of every clock in a test."""

    def __init__(self, traveller: Any) -> None:
        self._traveller = traveller

    def set(self, moment: datetime) -> None:
        """To a moment."""
        self._traveller.move_to(moment, tick=False)

    def go_on(self, **time: float) -> None:
        """By so many hours, days …"""
        self._traveller.shift(timedelta(**time))


def dripped(*days: int, **fields: Any) -> tuple[Course, list[Lesson]]:
    """A published course whose lessons open so many days after enrolment."""
    course = make_course(1, **fields)
    first = course.lessons.get()
    module = ModuleFactory(course=course)
    lessons = [
        LessonFactory(
            module=module,
            title=f"Day {number}",
            summary=f"What day {number} is for.",
            body=f"<p>The text of day {number}.</p>",
            drip=Drip.DAYS,
            drip_days=number,
        )
        for number in days
    ]
    course.refresh_from_db()
    return course, [first, *lessons]


def learner(course: Course, zone: str = "Europe/Vienna", **fields: Any) -> Enrolment:
    """Somebody new who comes in now."""
    return enrolled(course, UserFactory(time_zone=zone, **fields))


def work() -> list[EmailMultiAlternatives]:
    """One round of everything that beat would nudge; returns the notices that went out."""
    before = len(mail.outbox)
    release_due()
    collect_lesson_mailings()
    for email_id in due_email_ids(overdue_by=timedelta(0), limit=1000):
        deliver(email_id=email_id)
    settle_notices()
    return mail.outbox[before:]  # type: ignore[return-value]


def drain() -> None:
    """Let the mail engine send all that is due."""
    for mailing_id in engine.due_mailings().values_list("pk", flat=True):
        engine.prepare_mailing(mailing_id=mailing_id)
    send_all()
    settle_notices()
