"""The course's place in the admin: its list, its addresses and who may open them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from courses.admin import calendar, course_revisions, desk, figures, moves, outline, preview
from courses.enums import CourseState
from courses.models import Course, Enrolment, Lesson
from newsletter.articles.admin.articles import BOTH, POST, SAFE, own_view

_COLOURS = {CourseState.PUBLISHED: "success", CourseState.ARCHIVED: "danger"}


def _counted(rows: QuerySet[Any]) -> Coalesce:
    number = (
        rows.filter(course=OuterRef("pk"))
        .order_by()
        .values("course")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return Coalesce(Subquery(number, output_field=IntegerField()), 0)


@admin.register(Course)
class CourseAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Each course opens as its outline; its page and rules are one form (desk.py)."""

    list_display = ("title_line", "state_label", "access", "lesson_count", "learner_count")
    list_display_links = None
    list_filter = ("state", "access")
    search_fields = ("title", "promise", "slug")
    search_help_text = _("Title, promise or address")
    ordering = ("position", "pk")
    actions = None
    list_per_page = 50
    list_filter_sheet = True
    list_before_template = "admin/courses/_bring_in.html"
    _views: ClassVar[list[tuple[str, str, Callable[..., HttpResponse], Sequence[str]]]] = [
        ("<int:pk>/outline/", "outline", outline.show_outline, BOTH),
        ("<int:pk>/calendar/", "calendar", calendar.show_calendar, SAFE),
        ("<int:pk>/preview/", "preview", preview.preview_course, SAFE),
        ("<int:pk>/figures/", "figures", figures.show_figures, SAFE),
        ("<int:pk>/revisions/", "revisions", course_revisions.list_revisions, SAFE),
        (
            "<int:pk>/revisions/<int:revision>/",
            "revision",
            course_revisions.show_revision,
            SAFE,
        ),
        (
            "<int:pk>/revisions/<int:revision>/restore/",
            "restore",
            course_revisions.restore,
            POST,
        ),
        ("<int:pk>/do/<slug:what>/", "act", moves.act, BOTH),
    ]

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        ours = [
            path(route, own_view(self, view, methods), name=f"courses_course_{name}")
            for route, name, view, methods in self._views
        ]
        return ours + cast(list[URLPattern], super().get_urls())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Our own form instead of Django's."""
        return desk.edit_course(request, object_id)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Through the action, on a page that asks once."""
        return moves.act(self, request, object_id, "delete")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        """With their counts and without the texts: one query for any number of rows."""
        found: QuerySet[Course] = super().get_queryset(request)
        return found.defer("body", "body_html").annotate(
            lessons_in=_counted(Lesson.objects.all()), learners_in=_counted(Enrolment.objects.all())
        )

    @display(description=_("Title"), ordering="title")
    def title_line(self, course: Course) -> SafeString:
        """Title and promise; leads to the outline."""
        return format_html(
            '<a class="desk-list-title" href="{}">{}</a><span class="desk-list-dek">{}</span>',
            reverse("admin:courses_course_outline", args=[course.pk]),
            course.title,
            course.promise,
        )

    @display(description=_("State"), ordering="state", label=_COLOURS)
    def state_label(self, course: Course) -> tuple[str, str]:
        """The state, as a label."""
        return course.state, course.get_state_display()

    @display(description=_("Lessons"))
    def lesson_count(self, course: Course) -> str:
        """Drafts too."""
        return intcomma(course.lessons_in)  # type: ignore[attr-defined]

    @display(description=_("Learners"))
    def learner_count(self, course: Course) -> SafeString:
        """Everybody who ever enrolled; leads to them."""
        return format_html(
            '<a class="underline" href="{}?course={}">{}</a>',
            reverse("admin:courses_enrolment_changelist"),
            course.pk,
            intcomma(course.learners_in),  # type: ignore[attr-defined]
        )
