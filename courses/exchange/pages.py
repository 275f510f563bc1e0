"""What an archive holds, as data: pages with their front matter, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from courses.exchange.archive import Source
from courses.exchange.front_matter import Head


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file. A warning stops nothing. `line` 0: of the file as a whole."""

    path: str
    line: int
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.message}" if where else self.message


@dataclass(slots=True)
class Page:
    """A file with front matter: `values` by key, whole (what was not written is as by default)."""

    path: str
    head: Head
    values: dict[str, Any]
    text: str = ""

    @property
    def key(self) -> str:
        """What it is known by, here and in any other place."""
        return str(self.values["id"])

    @property
    def first_line(self) -> int:
        """Of the text, in the file."""
        return self.head.source.count("\n") + 4


@dataclass(slots=True)
class LessonPage(Page):
    """A lesson, with its transcript, files, quiz and assignment."""

    transcript: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)
    quiz: dict[str, Any] | None = None
    questions: list[dict[str, Any]] = field(default_factory=list)
    assignment: dict[str, Any] | None = None


@dataclass(slots=True)
class ModulePage(Page):
    """A module and its lessons in order."""

    lessons: list[LessonPage] = field(default_factory=list)


@dataclass(slots=True)
class CoursePage(Page):
    """A course, its questions and answers, and its modules in order."""

    faq: list[dict[str, str]] = field(default_factory=list)
    modules: list[ModulePage] = field(default_factory=list)

    @property
    def lessons(self) -> list[LessonPage]:
        """All of them, in order."""
        return [lesson for module in self.modules for lesson in module.lessons]


@dataclass(slots=True)
class Parcel:
    """What was read. `course` is None where there is nothing to begin with."""

    source: Source
    course: CoursePage | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """What must be put right first."""
        return [problem for problem in self.problems if not problem.is_warning]
