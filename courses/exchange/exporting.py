"""A course as the files it is exported as: what `reading` reads makes the same course of them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.db.models.fields.files import FieldFile

from courses.exchange import format as form
from courses.exchange.archive import MemorySource
from courses.exchange.comparing import course_id
from courses.exchange.front_matter import join
from courses.exchange.prose import to_markdown
from courses.exchange.reading import COURSE_FILE, MODULE_FILE, TRANSCRIPT
from courses.exchange.uploads import uploads_of
from courses.models import Assignment, Course, Lesson, LessonFile, Module, Question, Quiz
from newsletter.articles.content.files import folder_of
from newsletter.articles.models import ArticleImage
from newsletter.lib.slugs import make_slug


class ExportedCourse:
    """Texts in memory and stored files where they lie; a source like a folder or a ZIP."""

    def __init__(self, texts: Mapping[str, bytes], files: Mapping[str, FieldFile]) -> None:
        self._texts, self._files = MemorySource(texts), dict(files)

    def names(self) -> list[str]:
        return sorted([*self._texts.names(), *self._files])

    def size(self, name: str) -> int:
        return self._files[name].size if name in self._files else self._texts.size(name)

    def open(self, name: str) -> IO[bytes]:
        if name not in self._files:
            return self._texts.open(name)
        file = self._files[name]
        file.open("rb")
        return io.BufferedReader(_Raw(file))


class _Raw(io.RawIOBase):
    """A stored file that is closed with its reader."""

    def __init__(self, file: FieldFile) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def collect(course: Course) -> ExportedCourse:
    """The files of a course whose parts all have a key (actions.export_course sees to that)."""
    return _Exporter(course).collect()


class _Exporter:
    def __init__(self, course: Course) -> None:
        self.course = course
        self.texts: dict[str, bytes] = {}
        self.files: dict[str, FieldFile] = {}
        # By folder of the upload: texts name any of its renditions.
        self.uploads: dict[str, str] = {}

    def collect(self) -> ExportedCourse:
        for upload in uploads_of(self.course):
            top = "pictures" if isinstance(upload, ArticleImage) else "attachments"
            path = self.free(top, PurePosixPath(upload.file.name or "").name)
            self.files[path] = upload.file
            self.uploads[folder_of(upload.file.url)] = path
        self.text(COURSE_FILE, self.head_of_course(), self.course.body)
        for module in self.course.modules.select_related("prerequisite").order_by("position"):
            self.module(module)
        return ExportedCourse(self.texts, self.files)

    def free(self, top: str, name: str) -> str:
        path, number = f"{top}/{name}", 1
        stem, dot, ending = name.rpartition(".")
        while path in self.files:
            number += 1
            path = f"{top}/{stem or ending}-{number}{dot if stem else ''}{ending if stem else ''}"
        return path

    def text(self, path: str, values: Mapping[str, Any], body: str) -> None:
        self.texts[path] = join(values, to_markdown(body, self.name)).encode()

    def name(self, address: str) -> str:
        """What an upload is called in the archive; any other address stays."""
        return self.uploads.get(folder_of(address), address)

    def picture(self, image: ArticleImage | None) -> str | None:
        return self.name(image.file.url) if image is not None else None

    def head_of_course(self) -> dict[str, Any]:
        course, key = self.course, course_id(self.course)
        values = form.told(form.COURSE, course)
        values |= {
            "id": key,
            "slug": _unless(course.slug, key),
            "state": _unless(course.state, _default(form.COURSE, "state")),
            "tiers": _slugs(course.tiers.order_by("position", "pk")),
            "products": _slugs(course.products.order_by("position", "pk")),
            "newsletter": course.newsletter.slug if course.newsletter else None,
            "mail_newsletter": course.mail_newsletter.slug if course.mail_newsletter else None,
            "instructors": [
                person.author_slug
                for person in course.instructors.order_by("author_slug")
                if person.author_slug
            ]
            or None,
            "cover": self.picture(course.cover),
            "certificate_signature": self.picture(course.certificate_signature),
            # PostgreSQL gives the keys of what is stored in an order of its own.
            "faq": [{"question": each["question"], "answer": each["answer"]} for each in course.faq]
            or None,
        }
        return values

    def module(self, module: Module) -> None:
        folder = (
            f"{module.position:02}-{make_slug(module.import_key, max_length=60, fallback='module')}"
        )
        first = module.prerequisite
        self.text(
            f"{folder}/{MODULE_FILE}",
            {
                "id": module.import_key,
                "title": module.title,
                "summary": module.summary or None,
                "prerequisite": first.import_key if first else None,
            },
            "",
        )
        for lesson in module.lessons.select_related("poster").order_by("position"):
            name = make_slug(lesson.import_key, max_length=80, fallback="lesson")
            stem = f"{folder}/{lesson.position:02}-{name}"
            self.text(f"{stem}.md", self.head_of_lesson(lesson), lesson.body)
            if lesson.transcript:
                transcript = to_markdown(lesson.transcript, self.name)
                self.texts[f"{stem}{TRANSCRIPT}"] = f"{transcript}\n".encode()

    def head_of_lesson(self, lesson: Lesson) -> dict[str, Any]:
        values = form.told(form.LESSON, lesson)
        values |= {
            "id": lesson.import_key,
            "slug": _unless(lesson.slug, lesson.import_key),
            "state": _unless(lesson.state, _default(form.LESSON, "state")),
            "poster": self.picture(lesson.poster),
            "files": [self.file(file) for file in lesson.files.order_by("role", "position", "pk")]
            or None,
        }
        quiz = Quiz.objects.filter(lesson=lesson).first()
        if quiz is not None:
            asked = quiz.questions.filter(is_archived=False).order_by("position", "pk")
            values["quiz"] = form.told(form.QUIZ, quiz) | {
                "questions": [_question(each) for each in asked] or None
            }
        assignment = Assignment.objects.filter(lesson=lesson).first()
        if assignment is not None:
            # Every value: an empty table would be hard to notice.
            values["assignment"] = {
                each.key: getattr(assignment, each.attr) for each in form.ASSIGNMENT
            }
        return values

    def file(self, file: LessonFile) -> dict[str, Any]:
        path = self.free("files", file.name)
        self.files[path] = file.file
        return form.told(form.FILE, file) | {"path": path}


def _question(question: Question) -> dict[str, Any]:
    choices = [
        form.told(form.CHOICE, choice) for choice in question.choices.order_by("position", "pk")
    ]
    values = form.told(form.QUESTION, question) | {"id": question.import_key}
    # Always said: it is what a reader looks for first.
    return values | {"kind": str(question.kind), "choices": choices or None}


def _default(fields: Iterable[form.Field], key: str) -> Any:
    return next(field.default for field in fields if field.key == key)


def _unless(value: Any, default: Any) -> str | None:
    return None if str(value) == str(default) else str(value)


def _slugs(rows: Any) -> list[str] | None:
    return list(rows.values_list("slug", flat=True)) or None


def write_folder(source: ExportedCourse, folder: Path) -> int:
    """Write files below `folder`; returns how many. Texts of an earlier export go.

    Those of its modules, for these an import would read; whatever else lies there is not ours.
    """
    names = set(source.names())
    for module in list(folder.glob(f"*/{MODULE_FILE}")):
        for old in list(module.parent.glob("*.md")):
            if old.relative_to(folder).as_posix() not in names:
                old.unlink()
    for name in sorted(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with source.open(name) as file, path.open("wb") as out:
            while chunk := file.read(1024 * 1024):
                out.write(chunk)
    return len(names)
