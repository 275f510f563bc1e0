"""Tell learners of lessons that have opened: by a notice, or the lesson itself, once.

Lessons open by the clock (drip.py), whatever becomes of this. The worker looks at enrolments whose
`next_release_at` has come; it decides nothing, and whatever it would say is asked of `access` at
that moment and again when the mail goes out. The row in ReleaseNotice and the mail are written in
one transaction, so nobody is told twice, whoever runs this and however often.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import groupby

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone, translation
from django.utils.translation import ngettext

from courses.access import Classroom, get_classrooms_of
from courses.actions.common import record
from courses.course_mail import sender_of, way_out
from courses.enums import LessonMail, LessonState, MailChoice, NoticeState
from courses.lesson_mail import CIRCLE, lesson_mail_body, lesson_mail_subject
from courses.models import Course, Enrolment, Lesson, ReleaseNotice
from courses.releases import Opening, find_openings
from newsletter.mailings.actions import create_circle_mailing
from newsletter.mailings.enums import ACCEPTED_STATES, DeliveryState, MailingState
from newsletter.mailings.models import Delivery
from newsletter.outbox.actions import queue_late_email
from newsletter.outbox.enums import EmailState
from newsletter.publication.queries import get_publication

log = structlog.get_logger(__name__)
CHUNK = 100
# So many a run; the next takes over.
MOST = 2_000
# What opened longer ago is no news: the worker stood still, or they had no access meanwhile.
NEWS_FOR = timedelta(days=7)
_MAIL_KEPT_FOR = timedelta(days=2)
# Of a course that is taken back nothing opens, nor to whoever has no access; either may come back.
_LOOK_AGAIN = timedelta(hours=6)
_AGAIN_AFTER_FAILURE = timedelta(minutes=10)
# A lesson's mailing is made within a minute of its notices.
_COLLECTED_WITHIN = timedelta(days=2)
_OVER = (MailingState.SENT, MailingState.CANCELLED)


def release_due(*, now: datetime | None = None) -> list[int]:
    """Look at everybody for whom something may have opened; returns ids of mails to nudge."""
    now = now or timezone.now()
    due = Enrolment.objects.filter(next_release_at__lte=now, revoked_at__isnull=True)
    found = list(due.order_by("course_id", "pk").values_list("course_id", "pk")[:MOST])
    emails: list[int] = []
    for course_id, rows in groupby(found, key=lambda row: row[0]):
        ids = [pk for _course, pk in rows]
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            try:
                emails += _release(course_id, chunk, now)
            except Exception:  # what is wrong with one course holds up no other
                log.exception("release_failed", course=course_id)
                still_due = Enrolment.objects.filter(pk__in=chunk, next_release_at__lte=now)
                still_due.update(next_release_at=now + _AGAIN_AFTER_FAILURE)
    return emails


@transaction.atomic
def _release(course_id: int, ids: list[int], now: datetime) -> list[int]:
    """One chunk of one course's learners; those whom another worker has in hand are its own."""
    locked = Enrolment.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    learners = list(
        locked.select_related("user").filter(
            pk__in=ids, next_release_at__lte=now, revoked_at__isnull=True
        )
    )
    course = Course.objects.select_related("mail_newsletter").get(pk=course_id)
    rooms = get_classrooms_of(course, learners, now)
    told: defaultdict[int, set[int]] = defaultdict(set)
    known = ReleaseNotice.objects.filter(enrolment__in=learners)
    for enrolment_id, lesson_id in known.values_list("enrolment_id", "lesson_id"):
        told[enrolment_id].add(lesson_id)
    desk = _Desk(course, now)
    for enrolment in learners:
        room = rooms.get(enrolment.pk)
        if room is None:
            enrolment.next_release_at = now + _LOOK_AGAIN
            continue
        desk.tell(enrolment, room, told[enrolment.pk])
        enrolment.next_release_at = _next_look(room, told[enrolment.pk])
    ReleaseNotice.objects.bulk_create(desk.rows)
    Enrolment.objects.bulk_update(learners, ["next_release_at"])
    return desk.emails


def _next_look(room: Classroom, told: set[int]) -> datetime | None:
    """When something opens next. Sooner for whoever has no access now, while what has opened would
    be news to them: they may get it back, and nothing tells of that here.
    """
    coming, now = room.next_opening, room.now
    if room.entry.allowed:
        return coming
    known = told | room.learning.opened.keys() | room.learning.done.keys()
    is_news = any(
        standing.is_open
        and standing.opens_at is not None
        and now - NEWS_FOR <= standing.opens_at <= now
        for lesson, standing in room.standings.items()
        if lesson not in known
    )
    again = now + _LOOK_AGAIN if is_news else None
    return min(filter(None, (coming, again)), default=None)


class _Desk:
    """Who of one course's learners is told of what, and how."""

    def __init__(self, course: Course, now: datetime) -> None:
        self.course, self.now = course, now
        self.language = get_publication().language
        self.rows: list[ReleaseNotice] = []
        self.emails: list[int] = []
        self.is_series = course.is_mail_series and sender_of(course) is not None
        self.mailed: dict[int, str] = (
            dict(Lesson.objects.filter(course=course).values_list("pk", "mail"))
            if self.is_series
            else {}
        )

    def tell(self, enrolment: Enrolment, room: Classroom, told: set[int]) -> None:
        """Write the rows for one learner, and the mail of a notice."""
        openings = list(find_openings(room, told))
        if self.is_series and enrolment.mail_choice == MailChoice.LESSONS:
            has_begun = bool(told or room.learning.opened or room.learning.done)
            for opening in openings:
                has_begun |= self._send_lesson(enrolment, opening, has_begun)
            return
        by_themselves = [each for each in openings if each.is_by_itself]
        news = [each for each in by_themselves if self._is_news(each)]
        for each in by_themselves:
            if each not in news:
                self._note(enrolment, each, NoticeState.SKIPPED, "late")
        if enrolment.mail_choice == MailChoice.NONE:
            for each in news:
                self._note(enrolment, each, NoticeState.SKIPPED, "unwanted")
        elif news:
            email_id = self._queue(enrolment, news)
            for each in news:
                self._note(enrolment, each, NoticeState.CLAIMED, email_id=email_id)

    def _send_lesson(self, enrolment: Enrolment, opening: Opening, has_begun: bool) -> bool:
        """Of what is open when somebody comes in, the first that is mailed comes: one at a time.

        Whether this one comes.
        """
        if not self._is_news(opening):
            self._note(enrolment, opening, NoticeState.SKIPPED, "late")
        elif self.mailed.get(opening.lesson.pk) == LessonMail.NONE:
            self._note(enrolment, opening, NoticeState.SKIPPED, "not mailed")
        elif opening.is_from_start and has_begun:
            self._note(enrolment, opening, NoticeState.SKIPPED, "open from the start")
        else:
            self._note(enrolment, opening, NoticeState.CLAIMED)
            return True
        return False

    def _is_news(self, opening: Opening) -> bool:
        return self.now - opening.at <= NEWS_FOR

    def _note(
        self,
        enrolment: Enrolment,
        opening: Opening,
        state: str,
        reason: str = "",
        email_id: int | None = None,
    ) -> None:
        self.rows.append(
            ReleaseNotice(
                enrolment=enrolment,
                lesson=opening.lesson,
                state=state,
                reason=reason,
                released_at=opening.at,
                created_at=self.now,
                email_id=email_id,
            )
        )

    def _queue(self, enrolment: Enrolment, news: list[Opening]) -> int:
        with translation.override(self.language):
            subject = release_subject(self.course, [each.lesson for each in news])
        email = queue_late_email(
            kind="lesson_release",
            to=enrolment.user.email,
            about={"enrolment": enrolment.pk, "lessons": [each.lesson.pk for each in news]},
            subject=subject,
            headers={
                "List-Unsubscribe": f"<{way_out(enrolment)}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            expires_at=timezone.now() + _MAIL_KEPT_FOR,
        )
        self.emails.append(email.pk)
        return email.pk


def release_subject(course: Course, lessons: list[Lesson]) -> str:
    """What a notice is headed by."""
    if len(lessons) == 1:
        return f"{lessons[0].title} · {course.title}"
    said = ngettext("%(count)d lesson has opened", "%(count)d lessons have opened", len(lessons))
    return f"{said % {'count': len(lessons)}} · {course.title}"


# ── Lessons by mail ───────────────────────────────────────────────────────────────────────────


def collect_lesson_mailings(*, now: datetime | None = None) -> int:
    """Make one mailing of each lesson for those whom it opened for since; returns how many.

    The mailing and its place in the notices are written at once: whatever runs twice finds nothing
    left. The engine takes it from there, and asks for access again when a batch is claimed.
    """
    now = now or timezone.now()
    made = 0
    for lesson_id in sorted(set(_uncollected(now).values_list("lesson_id", flat=True))):
        try:
            made += _collect(lesson_id, now)
        except Exception:  # what is wrong with one lesson holds up no other
            log.exception("lesson_not_mailed", lesson=lesson_id)
    return made


def _uncollected(now: datetime) -> QuerySet[ReleaseNotice]:
    return ReleaseNotice.objects.filter(
        state=NoticeState.CLAIMED,
        email__isnull=True,
        mailing__isnull=True,
        created_at__gt=now - _COLLECTED_WITHIN,
    ).order_by()


@transaction.atomic
def _collect(lesson_id: int, now: datetime) -> bool:
    found = Lesson.objects.select_for_update(no_key=True, of=("self",))
    lesson = found.select_related("course__mail_newsletter").get(pk=lesson_id)
    rows = list(_uncollected(now).filter(lesson=lesson).values_list("pk", flat=True))
    newsletter = sender_of(lesson.course)
    if not rows or newsletter is None or lesson.state != LessonState.PUBLISHED:
        ReleaseNotice.objects.filter(pk__in=rows).update(
            state=NoticeState.SKIPPED, reason="not there any more"
        )
        return False
    with translation.override(get_publication().language):
        mailing = create_circle_mailing(
            circle=f"{CIRCLE}:{lesson.pk}",
            newsletter=newsletter,
            subject=lesson_mail_subject(lesson),
            preheader=lesson.mail_preheader or lesson.summary[:200],
            body_html=lesson_mail_body(lesson),
        )
    for start in range(0, len(rows), 500):
        ReleaseNotice.objects.filter(pk__in=rows[start : start + 500]).update(mailing=mailing)
    return True


# ── What became of it ─────────────────────────────────────────────────────────────────────────


def settle_notices() -> int:
    """Write down which notices went out and which did not; returns how many are settled."""
    claimed = ReleaseNotice.objects.filter(state=NoticeState.CLAIMED)
    done = _settle(claimed.filter(email__state=EmailState.SENT), NoticeState.SENT)
    dropped = [EmailState.EXPIRED, EmailState.FAILED, EmailState.UNKNOWN]
    done += _settle(claimed.filter(email__state__in=dropped), NoticeState.SKIPPED, "not sent")
    theirs = Delivery.objects.filter(
        mailing=OuterRef("mailing"), user=OuterRef("enrolment__user_id")
    )
    mailed = claimed.filter(mailing__isnull=False)
    went = Exists(theirs.filter(state__in=ACCEPTED_STATES))
    done += _settle(mailed.filter(went), NoticeState.SENT)
    out = (DeliveryState.SUPPRESSED, DeliveryState.FAILED, DeliveryState.CANCELLED)
    done += _settle(
        mailed.filter(Exists(theirs.filter(state__in=out))), NoticeState.SKIPPED, "not sent"
    )
    over = mailed.filter(~Exists(theirs), mailing__state__in=_OVER)
    return done + _settle(over, NoticeState.SKIPPED, "not sent")


def _settle(rows: QuerySet[ReleaseNotice], state: str, reason: str = "") -> int:
    ids = list(rows.values_list("pk", flat=True)[:5_000])
    return ReleaseNotice.objects.filter(pk__in=ids).update(state=state, reason=reason)


def leave_course_mail(*, enrolment: Enrolment) -> None:
    """No more mail of a course to one learner, by the link in any of its mails."""
    with transaction.atomic():
        wanted = Enrolment.objects.filter(pk=enrolment.pk).exclude(mail_choice=MailChoice.NONE)
        if wanted.update(mail_choice=MailChoice.NONE):
            record(course=enrolment.course, what="mail_left", user=enrolment.user)
