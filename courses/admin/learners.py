"""Learners' place in the admin: the roster of each course, and each of them on a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from courses.admin import learner, roster
from courses.admin.common import CHANGE_LEARNERS, VIEW_LEARNERS, may
from courses.models import Enrolment
from courses.panel import load_courses
from newsletter.articles.admin.articles import BOTH, SAFE, own_view
from newsletter.members.panels import Panel, register_panel

register_panel(
    Panel(
        "courses",
        _("Courses"),
        "admin/courses/_panel.html",
        (VIEW_LEARNERS, CHANGE_LEARNERS),
        load_courses,
        15,
    )
)


@admin.register(Enrolment)
class EnrolmentAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Nothing is edited as a row: people are enrolled, extended, restarted, revoked by actions."""

    _views: ClassVar[list[tuple[str, str, Callable[..., HttpResponse], Sequence[str]]]] = [
        ("export/<int:course_pk>.csv", "export", roster.export, SAFE),
        ("enrol/<int:course_pk>/", "enrol", roster.enrol, BOTH),
    ]

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        ours = [
            path(route, own_view(self, view, methods), name=f"courses_enrolment_{name}")
            for route, name, view, methods in self._views
        ]
        return ours + cast(list[URLPattern], super().get_urls())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The roster of one course, or the courses to choose from."""
        return roster.show_roster(request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One learner in one course."""
        return learner.show_learner(request, object_id)

    def has_view_permission(self, request: HttpRequest, obj: Enrolment | None = None) -> bool:
        """Whoever may see or look after learners."""
        return may(request, VIEW_LEARNERS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On a course's page to enrol people."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Enrolment | None = None) -> bool:
        """Nobody may: access is revoked, and what somebody did is kept."""
        return False
