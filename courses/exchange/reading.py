"""An archive as data, and everything that is wrong with it by file and line. Asks no database."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.exchange import format as form
from courses.exchange.addresses import (
    ATTACHMENTS,
    FILES,
    PICTURES,
    addresses_of,
    foreign_marks,
    is_own,
    is_text,
    order_of,
    path_of,
)
from courses.exchange.archive import (
    MAX_TEXTS,
    BadArchiveError,
    Source,
    check_path,
    read_bytes,
)
from courses.exchange.format import Field
from courses.exchange.front_matter import BadHeadError, split
from courses.exchange.pages import CoursePage, LessonPage, ModulePage, Page, Parcel, Problem
from newsletter.lib.slugs import make_slug

COURSE_FILE = "course.md"
MODULE_FILE = "module.md"
TRANSCRIPT = ".transcript.md"
_NUMBER = re.compile(r"^\d+[-_. ]+")
_LEFT_OUT_SHOWN = 20
_LOOKS_OWN = re.compile(r"(?:\.\./)*(?:pictures|attachments)/")


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
        # What the course is made of; the rest is told of.
        self.used: set[str] = set()

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
        folders = sorted({name.split("/")[0] for name in self.names if "/" in name}, key=order_of)
        for folder in folders:
            if f"{folder}/" not in {FILES, PICTURES, ATTACHMENTS}:
                self.module(course, folder)
        self.unique(course.modules)
        self.unique(course.lessons)
        self.prerequisites(course)
        self.addresses(course)
        self.left_out()

    def module(self, course: CoursePage, folder: str) -> None:
        path = f"{folder}/{MODULE_FILE}"
        names = (name for name in self.names if name.startswith(f"{folder}/"))
        texts = [name for name in names if name.endswith(".md") and name.count("/") == 1]
        texts.sort(key=order_of)
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
            self.used.add(path)
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
                    line = page.head.line_of(key)
                    page.values[key] = self.own(page.path, line, page.values[key])
            texts = page.text + (page.transcript if isinstance(page, LessonPage) else "")
            for address in addresses_of(texts):
                if is_own(address) or path_of(address, page.path, self.names):
                    self.named(page, address)
            for line, mark in foreign_marks(page.text):
                said = _("“%s” is not Markdown; it stays as it is written.") % mark
                self.tell(page.path, page.first_line + line, said, is_warning=True)

    def named(self, page: Page, address: str) -> None:
        """A file that a text names."""
        path = path_of(address, page.path, self.names)
        plain = unquote(address)
        at = max(page.text.find(address), page.text.find(plain))
        line = page.first_line + page.text[:at].count("\n") if at >= 0 else 0
        if not path:
            said = _("There is no file “%s” in the archive.") % plain
            self.tell(page.path, line, said, is_warning=not _LOOKS_OWN.match(address))
        elif is_text(path):
            said = _("“%s” is another text: a link to it leads nowhere on the site.") % plain
            self.tell(page.path, line, said, is_warning=True)
        self.used.add(path)

    def own(self, path: str, line: int, address: str, *, is_file: bool = False) -> str:
        """Tell of a file that is not there; returns its name in the archive.

        Unless it `is_file`, an address elsewhere will do.
        """
        if re.match(r"[a-z]+:", address) and not is_file:
            return address
        inside = path_of(address, path, self.names)
        if not inside:
            try:
                inside = check_path(address)
            except BadArchiveError as error:
                self.tell(path, line, f"“{address}”: {error}")
                return address
            if inside not in self.names:
                self.tell(path, line, _("There is no file “%s” in the archive.") % address)
        self.used.add(inside)
        return inside

    def left_out(self) -> None:
        """Nothing is left behind without a word, once everything can be read."""
        rest = [] if self.parcel.errors else sorted(self.names - self.used)
        for path in rest[:_LEFT_OUT_SHOWN]:
            said = (
                _("This text is left out: a lesson is an .md file in the folder of a module.")
                if is_text(path)
                else _("This file is left out, for no text names it.")
            )
            self.tell(path, 0, said, is_warning=True)
        more = len(rest) - _LEFT_OUT_SHOWN
        if more > 0:
            said = ngettext(
                "%(number)s more file is left out.", "%(number)s more files are left out.", more
            )
            self.tell("", 0, said % {"number": more}, is_warning=True)
