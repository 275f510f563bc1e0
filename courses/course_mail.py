"""The way out of a course's mail: one link for each learner, which ends all of it."""

from __future__ import annotations

from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse

from courses.models import Course, Enrolment
from newsletter.lib.signing import make_token, read_token
from newsletter.subscribers.models import Newsletter

PURPOSE = "course-mail"


def way_out(enrolment: Enrolment) -> str:
    """The address that ends a course's mail for one learner, without signing in."""
    token = make_token(PURPOSE, enrolment.pk)
    return absolute(reverse("courses:leave-mail", args=[token]))


def find_leaving(token: str) -> Enrolment | None:
    """Whose link it is; None where they are gone. Raises BadToken."""
    pk = read_token(PURPOSE, token)
    return Enrolment.objects.select_related("course", "user").filter(pk=pk).first()


def absolute(path: str) -> str:
    """A path of the site for a mail."""
    return urljoin(str(settings.SITE_URL), path)


def sender_of(course: Course) -> Newsletter | None:
    """The newsletter whose sender a course's mail has: its own, else the first open one."""
    if course.mail_newsletter is not None and not course.mail_newsletter.is_archived:
        return course.mail_newsletter
    return Newsletter.objects.filter(is_archived=False).order_by("position", "pk").first()
