"""What was done to a course and its learners, and when lessons open, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import formats
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from courses.enums import Drip, EnrolmentSource
from courses.models import CourseEvent, Lesson

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WORDS: dict[str, StrOrPromise] = {
    "created": _("The course was made"),
    "saved": _("The course's page or rules were changed"),
    "published": _("The course was published"),
    "unpublished": _("The course was made a draft again"),
    "archived": _("The course was closed to newcomers"),
    "module_added": _("A module was added"),
    "module_renamed": _("A module got another title or summary"),
    "module_moved": _("A module was moved"),
    "module_deleted": _("A module was deleted"),
    "prerequisite_set": _("What a module waits for was changed"),
    "lesson_added": _("A lesson was added"),
    "lesson_saved": _("A lesson was changed"),
    "lesson_published": _("A lesson was published"),
    "lesson_unpublished": _("A lesson was made a draft again"),
    "lesson_moved": _("A lesson was moved"),
    "lesson_deleted": _("A lesson was deleted"),
    "reordered": _("The outline was put in another order"),
    "enrolled": _("They came into the course"),
    "completed": _("They completed the course"),
    "schedule_restarted": _("Their schedule was begun anew"),
    "time_zone_changed": _("Their lessons open by another time zone"),
    "access_extended": _("Their access was extended"),
    "revoked": _("They were put out of the course"),
    "restored": _("They were let into the course again"),
    "copied": _("The course was made as a copy"),
    "price_set": _("A price was set"),
    "file_added": _("A file was added"),
    "file_removed": _("A file was removed"),
    "quiz_saved": _("A quiz was saved"),
    "question_saved": _("A question was saved"),
    "question_restored": _("A question is asked again"),
    "question_archived": _("A question is no longer asked"),
    "question_deleted": _("A question was deleted"),
    "certificate_issued": _("A certificate was issued"),
    "certificate_revoked": _("A certificate was revoked"),
    "assignment_saved": _("What is to be handed in was saved"),
    "submission_approved": _("What they handed in was approved"),
    "submission_returned": _("What they handed in was given back"),
    "imported": _("Brought in from an archive"),
    "exported": _("Written into an archive"),
    "letter_sent": _("A letter to learners was sent"),
    "mail_left": _("Wants no more mail of the course"),
}


def in_words(what: str) -> StrOrPromise:
    """What an entry's code says to people; the code itself where there are no words for it."""
    return WORDS.get(what, what.replace("_", " "))


def detail_of(event: CourseEvent) -> str:
    """An event's detail, without our own codes."""
    if event.what == "enrolled" and event.detail in EnrolmentSource.values:
        return str(EnrolmentSource(event.detail).label)
    return event.detail


def opening_words(lesson: Lesson, previous_module: str = "") -> str:
    """When a lesson opens, as its schedule says it; `previous_module` is the title of the one
    before its own, empty for the first."""
    days = lesson.drip_days
    match lesson.drip:
        case Drip.DAYS if days:
            return ngettext("%(n)d day after enrolment", "%(n)d days after enrolment", days) % {
                "n": days
            }
        case Drip.DATE if lesson.drip_date:
            return _g("on %(day)s") % {"day": formats.date_format(lesson.drip_date, "j M Y")}
        case Drip.AFTER_MODULE:
            what = {"n": days, "title": previous_module}
            if not previous_module:
                return _g("at once")
            if not days:
                return _g("after “%(title)s”") % what
            return (
                ngettext("%(n)d day after “%(title)s”", "%(n)d days after “%(title)s”", days) % what
            )
    return _g("at once")
