"""Lessons and courses answer for the pictures and files of the library that they show."""

from __future__ import annotations

from datetime import datetime

from courses.access import decide_lessons
from courses.enums import CourseState
from courses.models import UploadUse
from newsletter.accounts.models import User
from newsletter.articles.file_owners import Seen

NAME = "courses"


class CourseUploads:
    """What a course's own page shows is everyone's once it is out; the rest is the lesson's."""

    def who_sees(self, folder: str, viewer: User | None, now: datetime) -> Seen:
        """See FileOwner."""
        uses = UploadUse.objects.filter(folder=folder)
        if uses.filter(lesson=None).exclude(course__state=CourseState.DRAFT).exists():
            return Seen.BY_EVERYONE
        lessons = set(uses.exclude(lesson=None).values_list("lesson", flat=True))
        decisions = decide_lessons(lessons, viewer, now) if lessons else {}
        if any(decision.allowed for decision in decisions.values()):
            return Seen.BY_VIEWER
        return Seen.BY_NOBODY

    def is_used(self, folder: str) -> bool:
        """See FileOwner."""
        return UploadUse.objects.filter(folder=folder).exists()
