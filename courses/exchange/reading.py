"""An archive as data, and everything that is wrong with it by file and line. Asks no database."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from courses.exchange import format as form
from courses.exchange.archive import (
    MAX_TEXTS,
    BadArchiveError,
    Source,
    check_path,
    read_bytes,
)
from courses.exchange.format import Field
from courses.exchange.front_matter import BadHeadError, Head, split
from courses.exchange.prose import addresses_in, to_html
from newsletter.lib.slugs import make_slug

COURSE_FILE = "course.md"
MODULE_FILE = "module.md"
TRANSCRIPT = ".transcript.md"
PICTURES, ATTACHMENTS = "pictures/", "attachments/"
_NUMBER = re.compile(r"^\d+[-_. ]+")
_LOOKS_OWN = re.compile(r"(?:\.\./)*(?:pictures|attachments)/")


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


def read_parcel(source: Source) -> Parcel:
    """Read everything. Never raises for what a file says: that is a problem of the parcel."""
    reader = _Reader(source)
    reader.read()
    reader.parcel.problems.sort(key=lambda each: (each.path, each.line))
    return reader.parcel


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source, self.names = source, set(source.names())
        self.parcel = Parcel(source)

    def tell(self, path: str, line: int, message: str, *, is_warning: bool = False) -> None:
        self.parcel.problems.append(Problem(path, line, message, is_warning))

    def read(self) -> None:
        texts = sum(self.source.size(name) for name in self.names if name.endswith(".md"))
        if texts > MAX_TEXTS:
            self.tell("", 0, _("Its texts are longer than 64 MB together."))
            return
        if COURSE_FILE not in self.names:
            self.tell("", 0, _("There is no course.md at the top of it."))
            return
        page = self.page(COURSE_FILE, form.COURSE, {"faq"})
        if page is None:
            return
        if not page.values["id"]:
            page.values["id"] = page.values["slug"] or make_slug(
                page.values["title"], max_length=120
            )
        page.values["slug"] = page.values["slug"] or page.values["id"]
        course = CoursePage(page.path, page.head, page.values, page.text)
        course.faq = self.tables(page, "faq", form.QUESTION_AND_ANSWER)
        self.parcel.course = course
        folders = sorted({name.split("/")[0] for name in self.names if name.count("/") == 1})
        for folder in folders:
            if f"{folder}/" not in {"files/", PICTURES, ATTACHMENTS}:
                self.module(course, folder)
        self.unique(course.modules)
        self.unique(course.lessons)
        self.prerequisites(course)
        self.addresses(course)

    def module(self, course: CoursePage, folder: str) -> None:
        path = f"{folder}/{MODULE_FILE}"
        texts = sorted(
            name
            for name in self.names
            if name.startswith(f"{folder}/") and name.endswith(".md") and name.count("/") == 1
        )
        if path not in self.names:
            if texts:
                self.tell(folder, 0, _("There is no module.md in this folder."))
            return
        page = self.page(path, form.MODULE)
        if page is None:
            return
        page.values["id"] = page.values["id"] or _NUMBER.sub("", folder)
        module = ModulePage(page.path, page.head, page.values, page.text)
        for name in texts:
            if name != path and not name.endswith(TRANSCRIPT):
                lesson = self.lesson(name)
                if lesson is not None:
                    module.lessons.append(lesson)
        course.modules.append(module)

    def lesson(self, path: str) -> LessonPage | None:
        page = self.page(path, form.LESSON, {"files", "quiz", "assignment"})
        if page is None:
            return None
        page.values["id"] = page.values["id"] or _NUMBER.sub("", PurePosixPath(path).stem)
        page.values["slug"] = page.values["slug"] or page.values["id"]
        lesson = LessonPage(page.path, page.head, page.values, page.text)
        beside = path.removesuffix(".md") + TRANSCRIPT
        if beside in self.names:
            lesson.transcript = self.text(beside) or ""
        lesson.files = self.tables(page, "files", form.FILE)
        for place, file in enumerate(lesson.files):
            line = page.head.line_of("path", "files", place)
            file["path"] = self.own(path, line, file["path"], is_file=True)
        self.quiz(page, lesson)
        self.assignment(page, lesson)
        if lesson.values["drip"] == "date" and lesson.values["drip_date"] is None:
            self.tell(path, page.head.line_of("drip"), _("Say on which day: drip_date is missing."))
        return lesson

    def quiz(self, page: Page, lesson: LessonPage) -> None:
        given = self.table(page, "quiz")
        if given is None:
            return
        lesson.quiz = self.fields(page, given, form.QUIZ, {"questions"}, "quiz")
        questions = self.maps(page, given.get("questions", []), "quiz.questions")
        choices_before = 0
        for place, raw in enumerate(questions):
            where = ("quiz.questions", place)
            question = self.fields(page, raw, form.QUESTION, {"choices"}, *where)
            question["id"] = question["id"] or make_slug(question["prompt"], max_length=60)
            choices = self.maps(page, raw.get("choices", []), "quiz.questions.choices")
            question["choices"] = [
                self.fields(
                    page, choice, form.CHOICE, (), "quiz.questions.choices", choices_before + at
                )
                for at, choice in enumerate(choices)
            ]
            choices_before += len(choices)
            self.question(page, question, *where)
            lesson.questions.append(question)
        keys = [question["id"] for question in lesson.questions]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                line = page.head.line_of("id", "quiz.questions", place)
                self.tell(page.path, line, _("Another question has the id “%s”.") % key)

    def question(self, page: Page, question: dict[str, Any], table: str, place: int) -> None:
        line, kind, choices = (
            page.head.line_of("kind", table, place),
            question["kind"],
            question["choices"],
        )
        right = sum(choice["correct"] for choice in choices)
        if kind == "text":
            if not question["right"]:
                self.tell(page.path, line, _("Say in “right” what counts as right."))
        elif len(choices) < 2:
            self.tell(page.path, line, _("Give at least two choices."))
        elif kind == "single" and right != 1:
            self.tell(page.path, line, _("Exactly one choice must be correct."))
        elif kind == "multiple" and not right:
            self.tell(page.path, line, _("At least one choice must be correct."))

    def assignment(self, page: Page, lesson: LessonPage) -> None:
        given = self.table(page, "assignment")
        if given is not None:
            lesson.assignment = self.fields(page, given, form.ASSIGNMENT, (), "assignment")

    # ── Files and their heads ─────────────────────────────────────────────────────────────────

    def text(self, path: str) -> str | None:
        try:
            return read_bytes(self.source, path).decode()
        except UnicodeDecodeError:
            self.tell(path, 0, _("The file is not in UTF-8."))
        except BadArchiveError as error:
            self.tell(path, 0, str(error))
        return None

    def page(self, path: str, fields: tuple[Field, ...], tables: Iterable[str] = ()) -> Page | None:
        whole = self.text(path)
        if whole is None:
            return None
        try:
            head, text = split(whole)
        except BadHeadError as error:
            self.tell(path, error.line, str(error))
            return None
        page = Page(path, head, {}, text)
        page.values = self.fields(page, head.values, fields, tables)
        return page

    def table(self, page: Page, name: str) -> dict[str, Any] | None:
        given = page.head.values.get(name)
        if given is None or isinstance(given, dict):
            return given
        self.tell(page.path, page.head.line_of(name), _("“%s” must be a table.") % name)
        return None

    def tables(self, page: Page, name: str, fields: tuple[Field, ...]) -> list[dict[str, Any]]:
        rows = self.maps(page, page.head.values.get(name, []), name)
        return [self.fields(page, row, fields, (), name, at) for at, row in enumerate(rows)]

    def maps(self, page: Page, given: Any, name: str) -> list[dict[str, Any]]:
        if isinstance(given, list) and all(isinstance(each, dict) for each in given):
            return given
        line = page.head.line_of(name.rpartition(".")[2])
        self.tell(page.path, line, _("“%s” must be a list of tables.") % name)
        return []

    def fields(
        self,
        page: Page,
        given: dict[str, Any],
        fields: tuple[Field, ...],
        tables: Iterable[str] = (),
        table: str = "",
        place: int = 0,
    ) -> dict[str, Any]:
        """Every field of a table, checked; what is missing or wrong is as by default."""
        known = {each.key for each in fields} | set(tables)
        for key in given:
            if key not in known:
                line = page.head.line_of(key, table, place)
                self.tell(page.path, line, _("“%s” is not known here.") % key)
        values: dict[str, Any] = {}
        for each in fields:
            values[each.key] = each.default
            if each.key not in given:
                if each.is_required:
                    line = page.head.line_of("", table, place)
                    self.tell(page.path, line, _("“%s” is missing.") % each.key)
                continue
            wrong = form.what_is_wrong(each, given[each.key])
            if wrong:
                line = page.head.line_of(each.key, table, place)
                self.tell(page.path, line, f"“{each.key}”: {wrong}")
            else:
                values[each.key] = form.tidied(each, given[each.key])
        return values

    # ── What concerns several files ───────────────────────────────────────────────────────────

    def unique(self, pages: Iterable[Page]) -> None:
        found: defaultdict[tuple[str, str], list[Page]] = defaultdict(list)
        for page in pages:
            found["id", page.key].append(page)
            if "slug" in page.values:
                found["slug", page.values["slug"]].append(page)
        for (name, value), same in found.items():
            for page in same[1:]:
                message = _("%(path)s has the same %(name)s, “%(value)s”.") % {
                    "path": same[0].path,
                    "name": name,
                    "value": value,
                }
                self.tell(page.path, page.head.line_of(name), message)

    def prerequisites(self, course: CoursePage) -> None:
        keys = {module.key for module in course.modules}
        for module in course.modules:
            wanted = module.values["prerequisite"]
            if wanted and (wanted not in keys or wanted == module.key):
                line = module.head.line_of("prerequisite")
                self.tell(module.path, line, _("No other module has the id “%s”.") % wanted)

    def addresses(self, course: CoursePage) -> None:
        """Pictures and files that texts name must be there."""
        for page in (course, *course.lessons):
            for key in ("cover", "certificate_signature", "poster"):
                if page.values.get(key):
                    self.own(page.path, page.head.line_of(key), page.values[key])
            texts = page.text + (page.transcript if isinstance(page, LessonPage) else "")
            offset = page.head.source.count("\n") + 3
            for address in _named(texts):
                at = page.text.find(address)
                line = offset + page.text[:at].count("\n") + 1 if at >= 0 else 0
                self.own(page.path, line, address)

    def own(self, path: str, line: int, address: str, *, is_file: bool = False) -> str:
        """Tell of a file that is not there; returns its name in the archive.

        Unless it `is_file`, an address elsewhere will do.
        """
        if re.match(r"[a-z]+:", address) and not is_file:
            return address
        try:
            inside = check_path(address)
        except BadArchiveError as error:
            self.tell(path, line, f"“{address}”: {error}")
            return address
        if inside not in self.names:
            self.tell(path, line, _("There is no file “%s” in the archive.") % address)
        return inside


def _named(text: str) -> list[str]:
    """The pictures and files of the archive that a Markdown text names."""
    found: list[str] = []

    def take(address: str) -> str:
        if _LOOKS_OWN.match(address):
            found.append(address)
            return f"/{address}"
        return address

    list(addresses_in(to_html(text, take)))
    return list(dict.fromkeys(found))
