"""Write to a part of a course's learners."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from courses.actions.common import record, require_author
from courses.course_mail import sender_of
from courses.letters import CIRCLE, receivers_of
from courses.models import Course, CourseLetter
from courses.segments import Segment, describe
from newsletter.accounts.models import User
from newsletter.articles.content.split import make_whole
from newsletter.articles.editor import sanitise_body
from newsletter.mailings.actions import create_circle_mailing, send_test
from newsletter.mailings.actions.common import require_right
from newsletter.mailings.models import Mailing
from newsletter.mailings.outcomes import Outcome
from newsletter.subscribers.models import Newsletter


def send_letter(
    *, actor: User, course: Course, segment: Segment, subject: str, body: str, key: str = ""
) -> CourseLetter:
    """Send a letter to the learners whom `segment` means, at once; the caller nudges the engine.

    Whoever wants no mail of the course is left out, now and when their batch is claimed. The same
    `key` (that of the form) sends it once, however often it is pressed. Raises ValidationError,
    BadSegmentError, and PermissionDenied for whoever may not send mail.
    """
    _require(actor)
    subject, body = _tidied(subject, body)
    count = receivers_of(course, segment).count()
    if count == 0:
        raise ValidationError(_("Nobody would get it."))
    newsletter = _sender(course)
    dedupe = f"course-letter:{course.pk}:{key}"[:80] if key else None
    try:
        with transaction.atomic():
            mailing = create_circle_mailing(
                circle=f"{CIRCLE}:{course.pk}",
                newsletter=newsletter,
                subject=subject,
                body_html=body,
                actor=actor,
                dedupe_key=dedupe,
            )
            letter = CourseLetter.objects.create(
                course=course,
                segment=segment.as_dict(),
                recipients=count,
                subject=subject,
                body=body,
                mailing=mailing,
                created_by=actor,
            )
            said = " · ".join(describe(course, segment))
            record(
                course=course, what="letter_sent", actor=actor, detail=f"{subject} ({count}) {said}"
            )
            return letter
    except IntegrityError:
        # Two clicks: the other one was first.
        return CourseLetter.objects.get(mailing__dedupe_key=dedupe)


def test_letter(*, actor: User, course: Course, subject: str, body: str) -> Outcome:
    """Send the letter to its author alone: no row, no count, no link that ends anything."""
    _require(actor)
    subject, body = _tidied(subject, body)
    mailing = Mailing(
        circle=f"{CIRCLE}:{course.pk}",
        newsletter=_sender(course),
        subject=subject,
        body_html=body,
        created_by=actor,
    )
    return send_test(actor=actor, mailing=mailing, to=actor.email)


def _require(actor: User) -> None:
    require_author(actor)
    require_right(actor)


def _sender(course: Course) -> Newsletter:
    newsletter = sender_of(course)
    if newsletter is None:
        raise ValidationError(_("There is no newsletter whose sender it could have."))
    return newsletter


def _tidied(subject: str, body: str) -> tuple[str, str]:
    # It goes whole to everybody whom it is for.
    subject, body = " ".join(subject.split())[:200], make_whole(sanitise_body(body))
    if not subject:
        raise ValidationError({"subject": _("Give it a subject.")})
    if not body:
        raise ValidationError({"body": _("There is no text yet.")})
    return subject, body
