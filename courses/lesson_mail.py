"""A lesson as a mailing of its own, to the learners for whom it has opened: the whole text goes to
those who may read it, and that is asked again when each batch is claimed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext as _

from courses.access import decide_lessons, get_classrooms_of
from courses.addresses import course_path, lesson_path
from courses.course_mail import absolute, way_out
from courses.enums import FileRole, LessonKind, LessonMail, MailChoice
from courses.models import Enrolment, Lesson
from newsletter.accounts.models import User
from newsletter.mailings.circles import Frame, key_of
from newsletter.mailings.models import Mailing

CIRCLE = "lesson"


def lesson_mail_subject(lesson: Lesson) -> str:
    """The author's, else the lesson's title and what it is a part of."""
    return lesson.mail_subject or f"{lesson.title} · {lesson.course.title}"[:200]


def lesson_mail_body(lesson: Lesson) -> str:
    """The text of the mail: the whole lesson, or what it is about, and the way to its page."""
    url = absolute(lesson_path(lesson.course, lesson))
    parts = []
    if lesson.mail == LessonMail.FULL:
        parts.append(lesson.body)
    elif lesson.summary:
        parts.append(format_html("<p>{}</p>", lesson.summary))
    if lesson.mail == LessonMail.FULL and (there := _what_is_there(lesson)):
        parts.append(format_html("<p><em>{}</em></p>", there))
    label = _("Open the lesson")
    parts.append(format_html('<p data-button=""><a href="{}">{}</a></p>', url, label))
    return "".join(parts)


def _what_is_there(lesson: Lesson) -> str:
    """What a mail cannot hold."""
    kind = LessonKind(lesson.kind)
    if kind == LessonKind.QUIZ:
        return _("The questions are on the lesson's page.")
    if kind == LessonKind.ASSIGNMENT:
        return _("You hand it in on the lesson's page.")
    roles = set(lesson.files.values_list("role", flat=True))
    if lesson.media_url or FileRole.MEDIA in roles:
        return _("The recording is on the lesson's page.")
    return _("The files are on the lesson's page.") if FileRole.DOWNLOAD in roles else ""


class LessonCircle:
    """The learners whose notices name the mailing."""

    def audience(self, mailing: Mailing, now: datetime) -> QuerySet[Any]:
        """Each learner once: a notice is one for each lesson and learner."""
        return Enrolment.objects.filter(
            notices__mailing=mailing, user__is_active=True, revoked_at__isnull=True
        )

    def ways_out(
        self, mailing: Mailing, user_ids: Collection[int], now: datetime
    ) -> Mapping[int, str]:
        """Those who may open the lesson at this moment and still want it."""
        lesson = _lesson_of(mailing)
        if lesson is None:
            return {}
        learners = self.audience(mailing, now).filter(
            user_id__in=user_ids, mail_choice=MailChoice.LESSONS
        )
        found = list(learners.select_related("user"))
        rooms = get_classrooms_of(lesson.course, found, now)
        return {
            each.user_id: way_out(each)
            for each in found
            if (room := rooms.get(each.pk)) is not None
            and room.entry.allowed
            and lesson.pk in room.rules
            and room.decide(lesson.pk).allowed
        }

    def may_read(self, mailing: Mailing, user: User | None, now: datetime) -> bool:
        """Whoever may open the lesson now."""
        lesson = _lesson_of(mailing)
        if lesson is None or user is None:
            return False
        decision = decide_lessons([lesson.pk], user, now).get(lesson.pk)
        return decision is not None and decision.allowed

    def frame(self, mailing: Any) -> Frame:
        """Part of a course; the lesson's own page asks who comes."""
        lesson = _lesson_of(mailing)
        if lesson is None:
            return Frame(mailing.subject, "", "course", _("You are in a course."))
        course = lesson.course
        return Frame(
            title=lesson.title,
            name=course.title,
            list_key=f"course-{course.pk}",
            reason=_("You get this because you are in the course “%(title)s”.")
            % {"title": course.title},
            web_url=absolute(lesson_path(course, lesson)),
            manage_url=absolute(f"{course_path(course)}-/settings/"),
        )


def _lesson_of(mailing: Any) -> Lesson | None:
    return Lesson.objects.select_related("course").filter(pk=key_of(mailing)).first()
