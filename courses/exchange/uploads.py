"""Pictures and offered files of an archive, and which of them are here already.

What is uploaded is encoded anew and stored under a random name, so neither name nor content tell
whether it is the same. Earlier imports of the course remember what they brought; besides, what was
exported from here is the stored file itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Q

from courses.content import course_folders, lesson_folders
from courses.exchange.addresses import path_of
from courses.exchange.archive import Source, hash_of
from courses.models import Course, CourseImport
from newsletter.articles.models import ArticleImage, Attachment

Upload = ArticleImage | Attachment


@dataclass
class Uploads:
    """By path in the archive (or by a name that whoever imports has given, such as `demo:x`)."""

    source: Source
    here: dict[str, Upload] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def address(self, path: str) -> str:
        """The address of an upload; of one that is yet to come, one that nothing has."""
        found = self.here.get(path)
        if found is not None:
            return str(found.file.url)
        return f"/{path}" if path in self.missing else path

    def named_in(self, page: str) -> Callable[[str], str]:
        """What `address` says of the addresses in the text `page`."""
        names = set(self.source.names())
        return lambda address: self.address(path_of(address, page, names) or address)

    def image(self, path: str) -> ArticleImage | None:
        """The picture, if it is here."""
        found = self.here.get(path)
        return found if isinstance(found, ArticleImage) else None


def find_uploads(
    source: Source,
    paths: Iterable[str],
    course: Course | None,
    known: Mapping[str, ArticleImage] | None = None,
) -> Uploads:
    """Which of the uploads at `paths` the course has, and which are yet to come."""
    uploads = Uploads(source, dict(known or {}))
    wanted = [path for path in dict.fromkeys(paths) if path not in uploads.here]
    by_hash = _stored(course) if course is not None and wanted else {}
    names = set(source.names())
    for path in wanted:
        if path not in names:
            continue
        found = by_hash.get(hash_of(source, path)) if by_hash else None
        if found is None:
            uploads.missing.append(path)
        else:
            uploads.here[path] = found
    return uploads


def _stored(course: Course) -> dict[str, Upload]:
    """The course's uploads by the hash of what was brought and of what is stored."""
    found: dict[str, Upload] = {}
    everything = uploads_of(course)
    by_pk = {(type(each).__name__, each.pk): each for each in everything}
    for each in everything:
        try:
            with each.file.open("rb") as file:
                found[hashlib.file_digest(file, "sha256").hexdigest()] = each
        except OSError:
            continue
    for report in CourseImport.objects.filter(course=course).values_list("report", flat=True):
        for digest, (kind, pk) in report.get("uploads", {}).items():
            if (kind, pk) in by_pk:
                found[digest] = by_pk[kind, pk]
    return found


def uploads_of(course: Course) -> list[Upload]:
    """Every picture and offered file that the course and its lessons show."""
    folders = course_folders(course)
    if course.certificate_signature is not None:
        folders |= {re.sub(r"/[^/]*$", "", course.certificate_signature.file.name)}
    for lesson in course.lessons.select_related("poster"):
        folders |= lesson_folders(lesson)
    named = Q(pk__in=[])
    for folder in folders:
        named |= Q(file__startswith=f"{folder}/")
    return [
        *ArticleImage.objects.filter(named).order_by("pk"),
        *Attachment.objects.filter(named).order_by("pk"),
    ]
