"""Where lessons' files lie: apart from everything that has a public address.

Named by migrations, so these functions keep their dotted path for ever.
"""

from __future__ import annotations

import secrets
from pathlib import PurePosixPath
from typing import Any, cast

from django.core.files.storage import Storage, storages
from django.core.signals import setting_changed
from django.utils.functional import LazyObject, empty


class _CourseStorage(LazyObject):
    """Looked up when it is used, as Django's default storage is, so that tests can have another."""

    def _setup(self) -> None:
        self._wrapped = storages["courses"]


_storage = _CourseStorage()


def course_storage() -> Storage:
    """The storage named `courses` in the settings; nothing of it is served by its address."""
    return cast(Storage, _storage)


def _forget(*, setting: str, **_more: Any) -> None:
    if setting == "STORAGES":
        _storage._wrapped = empty  # type: ignore[assignment]  # as Django does it


setting_changed.connect(_forget, dispatch_uid="courses.storage")


def lesson_file_path(_instance: Any, filename: str, folder: str = "") -> str:
    """`lessons/<random>/<name>`."""
    return f"lessons/{folder or secrets.token_urlsafe(18)}/{PurePosixPath(filename).name}"


def submission_path(_instance: Any, filename: str) -> str:
    """`submissions/<random>/<name>`: what a learner handed in."""
    return f"submissions/{secrets.token_urlsafe(18)}/{PurePosixPath(filename).name}"


def course_import_path(_instance: Any, filename: str) -> str:
    """`imports/<random>/<name>`: an archive of a course."""
    return f"imports/{secrets.token_urlsafe(18)}/{PurePosixPath(filename).name}"
