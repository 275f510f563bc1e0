"""Certificates: issued once a course is completed, revoked with a reason, issued anew.

A certificate says what was true when it was issued. Whatever changes later, in the course or in the
learner's name, leaves it as it is (K4).
"""

from __future__ import annotations

import secrets
import unicodedata
from datetime import datetime, timedelta

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.actions.common import IllegalMoveError, record, require_author
from courses.certificates.looks import look_for
from courses.enums import CourseState, MailChoice
from courses.models import Certificate, Course, Enrolment
from newsletter.accounts.models import User
from newsletter.outbox.actions import queue_late_email
from newsletter.publication.queries import get_publication

log = structlog.get_logger(__name__)
# Without letters and digits that are read for one another: 20 of these are 100 random bits.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MAX_NAME = 120
AT_ONCE = 200
_MAIL_KEPT_FOR = timedelta(days=7)


class NotCompletedError(Exception):
    """There is nothing to certify: not completed, no certificates there, or one was revoked."""


def make_serial() -> str:
    """`ABCDE-FGHJK-MNPQR-STVWX`, at random."""
    drawn = "".join(secrets.choice(_LETTERS) for _letter in range(20))
    return "-".join(drawn[start : start + 5] for start in range(0, 20, 5))


def issue_on_completion(*, enrolment: Enrolment, now: datetime) -> Certificate | None:
    """The certificate of somebody who has just completed a course, if it gives any.

    In the transaction that dates the completion. None where their name is not known: they say it
    themselves (`claim_certificate`).
    """
    name = tidy_name(enrolment.user.name)
    if not name or not enrolment.course.has_certificate:
        return None
    if enrolment.certificates.exists():
        return None
    return _issue(enrolment, name, now)


def claim_certificate(
    *, user: User, course: Course, name: str, now: datetime | None = None
) -> Certificate:
    """Issue the certificate of a course that `user` has completed, in the name they give.

    The one they have comes back as it is: the name is said once. Raises NotCompletedError where
    there is none to be had (also where it was revoked), ValidationError for what is no name.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = Enrolment.objects.select_for_update(no_key=True, of=("self",))
        enrolment = locked.select_related("course", "user").filter(user=user, course=course).first()
        if enrolment is None or enrolment.completed_at is None:
            raise NotCompletedError
        last = enrolment.certificates.first()
        if last is not None and last.revoked_at is None:
            return last
        if last is not None or not course.has_certificate:
            raise NotCompletedError
        return _issue(enrolment, _require_name(name), now)


def issue_missing_certificates(*, now: datetime | None = None, tells: bool = True) -> int:
    """Issue what is due and was not issued, and tell the learners (`tells`); returns how many.

    To those who had completed a course when it began to give certificates, and where a change of
    the course completed it for many at once. Whoever gets several is told of them in one mail. At
    most for `AT_ONCE` people at a time; whose certificate cannot be issued stands in nobody's way.
    """
    now = now or timezone.now()
    issued = people = last = 0
    while chunk := _whom_it_is_due(last):
        for last in chunk:
            count = _issue_to(last, now, tells)
            issued, people = issued + count, people + bool(count)
            if people == AT_ONCE:
                return issued
    return issued


def _due() -> QuerySet[Enrolment]:
    """Completed, with a certificate to be had and none issued yet, revoked ones included."""
    has_one = Certificate.objects.filter(enrolment=OuterRef("pk"))
    found = Enrolment.objects.filter(completed_at__isnull=False, course__has_certificate=True)
    return found.exclude(course__state=CourseState.DRAFT).filter(~Exists(has_one))


def _whom_it_is_due(after: int) -> list[int]:
    """The next people, by id. Among them is who has a name of which nothing can be seen."""
    due = _due().exclude(user__name="").filter(user_id__gt=after)
    return list(due.order_by("user_id").values_list("user_id", flat=True).distinct()[:AT_ONCE])


def _issue_to(user_id: int, now: datetime, tells: bool) -> int:
    """All that is due to one person, with the mail that tells of it; what fails is logged."""
    try:
        with transaction.atomic():
            # As a claim does: whoever comes second sees what the first one issued.
            locked = _due().filter(user_id=user_id).order_by("pk")
            locked = locked.select_for_update(no_key=True, of=("self",))
            due = locked.select_related("course", "course__certificate_signature", "user")
            # Looked for anew under the lock: who was waited for may have issued it.
            made = [issue_on_completion(enrolment=each, now=now) for each in list(due)]
            issued = [each for each in made if each is not None]
            if tells:
                _tell(issued)
            return len(issued)
    except Exception:  # one that cannot be issued must not keep others from theirs
        log.exception("certificate_not_issued", user=user_id)
        return 0


def _tell(issued: list[Certificate]) -> None:
    """Queue the mail to somebody who did nothing at this moment; it is rendered as it goes."""
    told = [each for each in issued if wants_to_hear(each.enrolment)]
    if not told:
        return
    with translation.override(get_publication().language):
        subject = issued_subject(told)
    queue_late_email(
        kind="certificates_issued",
        to=told[0].enrolment.user.email,
        about={"certificates": [each.pk for each in told]},
        subject=subject,
        expires_at=timezone.now() + _MAIL_KEPT_FOR,
    )


def wants_to_hear(enrolment: Enrolment) -> bool:
    """Whether a learner who is still in a course wants mail of it."""
    return enrolment.revoked_at is None and enrolment.mail_choice != MailChoice.NONE


def issued_subject(certificates: list[Certificate]) -> str:
    """What that mail is headed by."""
    if len(certificates) == 1:
        return _("Your certificate for “%(title)s”") % {"title": certificates[0].course_title}
    count = len(certificates)
    return ngettext("%d certificate of yours", "%d certificates of yours", count) % count


@transaction.atomic
def revoke_certificate(
    *, actor: User, certificate: Certificate, reason: str, now: datetime | None = None
) -> Certificate:
    """Take a certificate back; its page says so, with the reason.

    Raises IllegalMoveError where it is revoked already, ValidationError without a reason.
    """
    require_author(actor)
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise ValidationError({"reason": _("Say why: whoever checks the certificate reads it.")})
    in_force = Certificate.objects.filter(pk=certificate.pk, revoked_at__isnull=True)
    moved = in_force.update(
        revoked_at=now or timezone.now(), revoked_reason=reason, revoked_by=actor
    )
    if not moved:
        raise IllegalMoveError("revoked already")
    certificate.refresh_from_db()
    _note(certificate, "certificate_revoked", actor, reason)
    return certificate


@transaction.atomic
def reissue_certificate(
    *,
    actor: User,
    certificate: Certificate,
    name: str = "",
    reason: str = "",
    now: datetime | None = None,
) -> Certificate:
    """Issue a certificate anew: another number, the course's look of today, perhaps another name.

    The old one, if it is in force, is revoked with `reason`; the learner is told of the new one.
    Raises IllegalMoveError where another one of this learner is in force.
    """
    require_author(actor)
    now = now or timezone.now()
    enrolment = Enrolment.objects.select_for_update(no_key=True, of=("self",)).get(
        pk=certificate.enrolment_id
    )
    spelt = _require_name(name or certificate.name)
    certificate.refresh_from_db()
    if certificate.revoked_at is None:
        said = reason or _("Issued anew under another number.")
        revoke_certificate(actor=actor, certificate=certificate, reason=said, now=now)
    if enrolment.certificates.filter(revoked_at__isnull=True).exists():
        raise IllegalMoveError("another one is in force")
    issued = _issue(enrolment, spelt, now, actor=actor, completed_at=certificate.completed_at)
    _tell([issued])
    return issued


def _issue(
    enrolment: Enrolment,
    name: str,
    now: datetime,
    *,
    actor: User | None = None,
    completed_at: datetime | None = None,
) -> Certificate:
    course = enrolment.course
    certificate = Certificate.objects.create(
        serial=make_serial(),
        enrolment=enrolment,
        name=name,
        course_title=course.title,
        completed_at=completed_at or enrolment.completed_at or now,
        issued_at=now,
        look=look_for(course, enrolment, get_publication()),
    )
    _note(certificate, "certificate_issued", actor, certificate.serial)
    return certificate


def _note(certificate: Certificate, what: str, actor: User | None, detail: str) -> None:
    enrolment = certificate.enrolment
    record(course=enrolment.course, what=what, user=enrolment.user, actor=actor, detail=detail)


def tidy_name(name: str) -> str:
    """A name on one line, in one spelling, without what nobody sees."""
    spelt = unicodedata.normalize("NFC", name)
    seen = "".join(each if each.isprintable() else " " for each in spelt)
    return " ".join(seen.split())[:MAX_NAME].strip()


def _require_name(name: str) -> str:
    spelt = tidy_name(name)
    if not any(each.isalpha() for each in spelt):
        raise ValidationError({"name": _("Say the name that shall stand on it.")})
    return spelt
