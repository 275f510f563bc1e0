"""Mails to learners that are rendered as they go out, from what is true then."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from courses.access import get_classrooms_of
from courses.actions.certifying import issued_subject, wants_to_hear
from courses.actions.releasing import release_subject
from courses.addresses import course_path, lesson_path
from courses.course_mail import absolute, way_out
from courses.enums import MailChoice
from courses.models import Certificate, Enrolment
from newsletter.lib.emails import RenderedEmail, render_email
from newsletter.outbox.late import register_late
from newsletter.publication.queries import get_publication


def register_notices() -> None:
    """Let the outbox render them."""
    register_late("lesson_release", render_release)
    register_late("certificates_issued", render_certificates)


def render_release(about: dict[str, Any]) -> RenderedEmail | None:
    """To a learner: what has opened, as far as it is open to them still and they want to know."""
    found = Enrolment.objects.select_related("user", "course")
    enrolment = found.filter(pk=about["enrolment"], revoked_at__isnull=True).first()
    if enrolment is None or enrolment.mail_choice == MailChoice.NONE:
        return None
    course = enrolment.course
    room = get_classrooms_of(course, [enrolment], timezone.now()).get(enrolment.pk)
    if room is None or not room.entry.allowed:
        return None
    lessons = [
        lesson
        for lesson in room.outline.published
        if lesson.pk in about["lessons"] and room.decide(lesson.pk).allowed
    ]
    if not lessons:
        return None
    return render_email(
        "lesson_release",
        {
            "publication": get_publication(),
            "user": enrolment.user,
            "course": course,
            "mail_subject": release_subject(course, lessons),
            "lessons": [
                {"lesson": each, "url": absolute(lesson_path(course, each))} for each in lessons
            ],
            "link": absolute(lesson_path(course, lessons[0])),
            "choose": absolute(f"{course_path(course)}-/settings/"),
            "leave": way_out(enrolment),
            "percent": room.percent,
        },
    )


def render_certificates(about: dict[str, Any]) -> RenderedEmail | None:
    """To a learner: the certificates that were issued to them, as far as they are in force."""
    found = Certificate.objects.filter(pk__in=about["certificates"], revoked_at__isnull=True)
    found = found.select_related("enrolment__user", "enrolment__course").order_by("pk")
    certificates = [each for each in found if wants_to_hear(each.enrolment)]
    if not certificates:
        return None
    places = [
        {
            "title": each.course_title,
            "serial": each.serial,
            "url": absolute(reverse("courses:verify-certificate", args=[each.serial])),
            "choose": absolute(f"{course_path(each.enrolment.course)}-/settings/"),
        }
        for each in certificates
    ]
    return render_email(
        "certificates_issued",
        {
            "publication": get_publication(),
            "user": certificates[0].enrolment.user,
            "mail_subject": issued_subject(certificates),
            "certificates": places,
            "is_anew": len(certificates) == 1 and _replaces_one(certificates[0]),
            "link": places[0]["url"],
        },
    )


def _replaces_one(certificate: Certificate) -> bool:
    """Whether the learner had another one before."""
    before = Certificate.objects.filter(enrolment=certificate.enrolment_id, pk__lt=certificate.pk)
    return before.exists()
