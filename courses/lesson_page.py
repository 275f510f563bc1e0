"""An open lesson as its reader gets it: recording, notes, and what completes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.utils.safestring import SafeString

from courses.access import Classroom
from courses.enums import FileRole, LessonKind
from courses.models import Enrolment, Lesson, LessonFile, LessonProgress
from newsletter.accounts.models import User
from newsletter.articles.content.addresses import host_of
from newsletter.lib.players import Player, player_of

_TESTED = {LessonKind.QUIZ: "quiz", LessonKind.ASSIGNMENT: "assignment"}


@dataclass
class LessonPage:
    """One lesson that `access` has opened to its reader. Without an enrolment nothing is kept."""

    room: Classroom
    lesson: Lesson
    enrolment: Enrolment | None
    viewer: User | None

    @cached_property
    def progress(self) -> LessonProgress | None:
        """How far they are with it. One query, none without an enrolment."""
        if self.enrolment is None:
            return None
        found = LessonProgress.objects.filter(enrolment=self.enrolment, lesson=self.lesson)
        return found.first()

    @property
    def is_kept(self) -> bool:
        """Whether what they do here is written down: not when access is over."""
        return self.enrolment is not None and self.room.entry.allowed

    @property
    def notes(self) -> str:
        """What they noted."""
        return self.progress.notes if self.progress else ""

    @property
    def position(self) -> int:
        """Where they left the recording, in seconds; 0 once the lesson is done."""
        progress = self.progress
        if progress is None or progress.completed_at is not None:
            return 0
        return progress.media_position

    @property
    def has_button(self) -> bool:
        """Whether a button completes it: a quiz is passed, an assignment handed in."""
        tested = _TESTED.get(LessonKind(self.lesson.kind))
        return tested is None or not hasattr(self.lesson, tested)

    @property
    def body(self) -> SafeString:
        """The lesson's text, rendered from a sanitised body when it was saved."""
        return SafeString(self.lesson.body_html)

    @property
    def transcript(self) -> SafeString:
        """What is said in the recording, rendered from a sanitised body when it was saved."""
        return SafeString(self.lesson.transcript_html)

    @cached_property
    def played(self) -> list[LessonFile]:
        """The lesson's own recording and its captions. One query."""
        return list(self.lesson.files.exclude(role=FileRole.DOWNLOAD))

    @cached_property
    def player(self) -> Player | None:
        """What plays the recording at another site; a file of the lesson goes before it."""
        if any(each.role == FileRole.MEDIA for each in self.played):
            return None
        return player_of(self.lesson.media_url)

    @property
    def media_host(self) -> str:
        """The site where the recording lies, where it is not one of ours."""
        return host_of(self.lesson.media_url)
