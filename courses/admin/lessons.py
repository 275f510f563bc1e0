"""The lesson's place in the admin: its addresses. Lessons are listed by the outline alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from courses.admin import lesson_desk, lesson_files, lesson_revisions
from courses.admin.common import CHANGE, VIEW, may, require
from courses.models import Lesson
from newsletter.articles.admin.articles import BOTH, POST, SAFE, own_view


@admin.register(Lesson)
class LessonAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """A lesson is its course's: the right to the one is the right to the other."""

    _views: ClassVar[list[tuple[str, str, Callable[..., HttpResponse], Sequence[str]]]] = [
        ("<int:pk>/autosave/", "autosave", lesson_desk.autosave, POST),
        ("<int:pk>/files/", "files", lesson_files.add_file, POST),
        ("<int:pk>/files/<int:file_pk>/remove/", "remove_file", lesson_files.remove_file, POST),
        ("<int:pk>/preview/", "preview", lesson_desk.preview, BOTH),
        ("<int:pk>/revisions/", "revisions", lesson_revisions.list_revisions, SAFE),
        (
            "<int:pk>/revisions/<int:revision>/",
            "revision",
            lesson_revisions.show_revision,
            SAFE,
        ),
        (
            "<int:pk>/revisions/<int:revision>/restore/",
            "restore",
            lesson_revisions.restore,
            POST,
        ),
    ]

    def get_urls(self) -> list[URLPattern]:
        """The desk's own addresses before Django's catch-all."""
        ours = [
            path(route, own_view(self, view, methods), name=f"courses_lesson_{name}")
            for route, name, view, methods in self._views
        ]
        return ours + cast(list[URLPattern], super().get_urls())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """On to the courses."""
        require(request, VIEW)
        return redirect("admin:courses_course_changelist")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The desk instead of Django's form; a lesson is added on its course's outline."""
        if object_id is None:
            require(request, CHANGE)
            return redirect("admin:courses_course_changelist")
        return lesson_desk.edit_lesson(request, object_id)

    def has_view_permission(self, request: HttpRequest, obj: Lesson | None = None) -> bool:
        """See above."""
        return may(request, VIEW)

    def has_change_permission(self, request: HttpRequest, obj: Lesson | None = None) -> bool:
        """See above."""
        return may(request, CHANGE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On the outline."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Lesson | None = None) -> bool:
        """On the outline."""
        return False
