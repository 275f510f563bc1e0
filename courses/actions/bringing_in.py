"""Bring a parcel's course into the site, part by part, through the actions that authors use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import (
    InMemoryUploadedFile,
    TemporaryUploadedFile,
    UploadedFile,
)
from django.utils.translation import gettext as _

from courses.actions.arranging import (
    add_module,
    rename_module,
    reorder_outline,
    set_prerequisite,
)
from courses.actions.common import IllegalMoveError, StaleError, record
from courses.actions.examining import Draft, remove_question, save_question, save_quiz
from courses.actions.files import attach_file, detach_file
from courses.actions.offering import publish_course, save_course
from courses.actions.writing import add_lesson, publish_lesson, save_lesson
from courses.exchange import format as form
from courses.exchange.addresses import is_picture
from courses.exchange.archive import BadArchiveError, Source, hash_of, read_hashing
from courses.exchange.comparing import (
    Plan,
    changed_fields,
    choices_given,
    choices_of,
    course_fields,
    lesson_fields,
    module_fields,
    question_fields,
    same_file,
    stored_file,
    wants_publishing,
)
from courses.exchange.pages import LessonPage, ModulePage, Problem
from courses.models import Assignment, Course, Lesson, LessonFile, Module, Question, Quiz
from newsletter.accounts.models import User
from newsletter.articles.actions import store_attachment, store_image

_IN_MEMORY = 2_500_000


class NotBroughtInError(Exception):
    """The parcel cannot be brought in; `problems` say what is wrong, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


def bring_in_plan(*, actor: User, plan: Plan, folders: Iterable[str]) -> Course:
    """Make here what a plan says. Inside a transaction of the caller's. Raises NotBroughtInError.

    What is the same is not touched, what the archive does not have is left alone, and what is
    public is never taken back; so a second run changes nothing. What is stored lies in `folders`,
    one for each: a transaction that is rolled back leaves files, which are found by them.
    """
    if not plan.is_possible:
        raise NotBroughtInError(plan.parcel.errors)
    return _BringIn(actor, plan, folders).run()


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    """Say in which file it is."""
    try:
        yield
    except ValidationError as error:
        raise NotBroughtInError([Problem(path, 0, " ".join(error.messages))]) from error
    except BadArchiveError as error:
        raise NotBroughtInError([Problem(error.path or path, 0, str(error))]) from error
    except (StaleError, IllegalMoveError) as error:
        said = _("It was changed here meanwhile. Start again.")
        raise NotBroughtInError([Problem(path, 0, said)]) from error


class _BringIn:
    def __init__(self, actor: User, plan: Plan, folders: Iterable[str]) -> None:
        self.actor, self.plan, self.folders = actor, plan, iter(folders)
        self.source: Source = plan.parcel.source

    def run(self) -> Course:
        page = self.plan.page
        self.uploads()
        with _blaming(page.path):
            course = self.course()
        for module in page.modules:
            with _blaming(module.path):
                self.module(course, module)
            for lesson in module.lessons:
                with _blaming(lesson.path):
                    self.lesson(self.plan.modules[module.key], lesson)
        with _blaming(page.path):
            self.order(course)
            self.prerequisites()
        for lesson in page.lessons:
            with _blaming(lesson.path):
                row = self.plan.lessons[lesson.key]
                if wants_publishing(row, lesson):
                    publish_lesson(actor=self.actor, lesson=row)
        with _blaming(page.path):
            course.refresh_from_db()
            if wants_publishing(course, page):
                publish_course(actor=self.actor, course=course)
        return course

    def uploads(self) -> None:
        for path in self.plan.uploads.missing:
            with _blaming(path), _uploaded(self.source, path) as file:
                store = store_image if is_picture(path) else store_attachment
                self.plan.uploads.here[path] = store(
                    actor=self.actor, file=file, folder=next(self.folders)
                )
        self.plan.uploads.missing.clear()

    def course(self) -> Course:
        plan, found = self.plan, self.plan.references
        wanted = course_fields(plan)
        changed = changed_fields(plan.course, wanted)
        course = plan.course or Course()
        chosen: dict[str, Any] = {
            name: rows
            for name, rows in (
                ("tiers", found.tiers),
                ("products", found.products),
                ("instructors", found.instructors),
            )
            if plan.course is None
            or {row.pk for row in rows} != set(getattr(course, name).values_list("pk", flat=True))
        }
        if plan.course is None or changed or chosen:
            for name in changed:
                setattr(course, name, wanted[name])
            save_course(actor=self.actor, course=course, **chosen)
        plan.course = course
        return course

    def module(self, course: Course, page: ModulePage) -> None:
        row, wanted = self.plan.modules.get(page.key), module_fields(page)
        if row is None:
            row = add_module(actor=self.actor, course=course, **wanted)
        elif changed_fields(row, wanted):
            rename_module(actor=self.actor, module=row, **wanted)
        if row.import_key != page.key:
            Module.objects.filter(pk=row.pk).update(import_key=page.key)
        self.plan.modules[page.key] = row

    def lesson(self, module: Module, page: LessonPage) -> None:
        row = self.plan.lessons.get(page.key)
        is_new = row is None
        if row is None:
            row = add_lesson(actor=self.actor, module=module, title=page.values["title"])
        if row.import_key != page.key:
            Lesson.objects.filter(pk=row.pk).update(import_key=page.key)
        for place, given in enumerate(page.files, 1):
            self.file(row, given, place)
        if page.quiz is not None:
            self.quiz(row, page)
        if page.assignment is not None:
            self.assignment(row, page.assignment)
        wanted = lesson_fields(self.plan, page)
        row = Lesson.objects.get(pk=row.pk)
        changed = changed_fields(row, wanted)
        if changed or is_new:
            for name in changed:
                setattr(row, name, wanted[name])
            row = save_lesson(actor=self.actor, lesson=row, reason=_("Brought in"))
        self.plan.lessons[page.key] = row

    def file(self, lesson: Lesson, given: Mapping[str, Any], place: int) -> None:
        old = stored_file(lesson, given)
        if old is None or not same_file(self.plan, old, given):
            with _uploaded(self.source, given["path"]) as file:
                new = attach_file(
                    actor=self.actor,
                    lesson=lesson,
                    file=file,
                    role=given["role"],
                    title=given["title"],
                    language=given["language"],
                    sha256=hash_of(self.source, given["path"]),
                    folder=next(self.folders),
                )
            if old is not None and LessonFile.objects.filter(pk=old.pk).exists():
                detach_file(actor=self.actor, file=old)
            old = new
        wanted = {"title": given["title"], "language": given["language"], "position": place}
        if changed_fields(old, wanted):
            LessonFile.objects.filter(pk=old.pk).update(**wanted)

    def quiz(self, lesson: Lesson, page: LessonPage) -> None:
        quiz = Quiz.objects.filter(lesson=lesson).first()
        wanted = form.stored(form.QUIZ, page.quiz or {})
        if quiz is None or changed_fields(quiz, wanted):
            quiz = quiz or Quiz(lesson=lesson)
            for name, value in wanted.items():
                setattr(quiz, name, value)
            save_quiz(actor=self.actor, quiz=quiz)
        rows = list(quiz.questions.all())
        keyed = {row.import_key: row for row in rows if row.import_key}
        asked = {row.prompt: row for row in rows if not row.import_key}
        for place, given in enumerate(page.questions, 1):
            row = keyed.get(given["id"]) or asked.get(given["prompt"])
            self.question(quiz, row, given, place)
        given_ids = {given["id"] for given in page.questions}
        for key, row in keyed.items():
            if key not in given_ids and not row.is_archived:
                remove_question(actor=self.actor, question=row)

    def question(
        self, quiz: Quiz, row: Question | None, given: Mapping[str, Any], place: int
    ) -> None:
        wanted = question_fields(given, place) | {"import_key": given["id"], "is_archived": False}
        choices = choices_given(given)
        changed = changed_fields(row, wanted)
        if row is not None and not changed and choices_of(row) == choices:
            return
        row = row or Question(quiz=quiz)
        for name in changed:
            setattr(row, name, wanted[name])
        save_question(actor=self.actor, question=row, choices=[Draft(*each) for each in choices])

    def assignment(self, lesson: Lesson, given: dict[str, Any]) -> None:
        row = Assignment.objects.filter(lesson=lesson).first()
        wanted = form.stored(form.ASSIGNMENT, given)
        if row is not None and not changed_fields(row, wanted):
            return
        Assignment.objects.update_or_create(lesson=lesson, defaults=wanted)
        record(course=lesson.course, what="assignment_saved", actor=self.actor, lesson=lesson)

    def order(self, course: Course) -> None:
        """The archive's order; what only the site has stays in its module, after the others."""
        now = [
            (module.pk, list(module.lessons.order_by("position").values_list("pk", flat=True)))
            for module in course.modules.order_by("position")
        ]
        wanted = [
            (
                self.plan.modules[module.key].pk,
                [self.plan.lessons[lesson.key].pk for lesson in module.lessons],
            )
            for module in self.plan.page.modules
        ]
        placed = {lesson for _module, lessons in wanted for lesson in lessons}
        order = dict(wanted)
        for module_pk, lessons in now:
            order.setdefault(module_pk, []).extend(pk for pk in lessons if pk not in placed)
        if list(order.items()) != now:
            reorder_outline(actor=self.actor, course=course, order=list(order.items()))

    def prerequisites(self) -> None:
        for page in self.plan.page.modules:
            row = Module.objects.get(pk=self.plan.modules[page.key].pk)
            key = page.values["prerequisite"]
            first = self.plan.modules[key] if key else None
            if row.prerequisite_id != (first.pk if first else None):
                set_prerequisite(actor=self.actor, module=row, prerequisite=first)


@contextmanager
def _uploaded(source: Source, path: str) -> Iterator[UploadedFile]:
    """A file of the archive as though it had been uploaded; a large one lies on the disk.

    Its hash is known from then on.
    """
    name, size = path.rpartition("/")[2], source.size(path)
    if size <= _IN_MEMORY:
        content = BytesIO(b"".join(read_hashing(source, path)))
        yield InMemoryUploadedFile(content, None, name, "", size, None)
        return
    with TemporaryUploadedFile(name, "application/octet-stream", size, None) as on_disk:
        for chunk in read_hashing(source, path):
            on_disk.write(chunk)
        on_disk.seek(0)
        yield on_disk


def upload_record(plan: Plan) -> dict[str, list[Any]]:
    """Which upload came of which content, for the next import: hash -> kind and id."""
    names = set(plan.parcel.source.names())
    return {
        hash_of(plan.parcel.source, path): [type(row).__name__, row.pk]
        for path, row in plan.uploads.here.items()
        if path in names
    }
