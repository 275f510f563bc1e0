"""Courses in and out: an archive is uploaded, looked through, and brought in on one press."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display

from courses import tasks
from courses.actions.archives import upload_course
from courses.actions.common import IllegalMoveError
from courses.actions.exporting import export_course
from courses.actions.importing import start_import
from courses.admin.common import (
    ADD,
    CHANGE,
    actor_of,
    find_course,
    may,
    number_of,
    page_of,
    reason_of,
    require,
)
from courses.enums import ImportState
from courses.exchange.archive import write_zip
from courses.models import CourseImport
from newsletter.articles.admin.articles import own_view

_POST = ("POST",)
_COLOURS = {ImportState.DONE: "success", ImportState.FAILED: "danger", ImportState.RUNNING: "info"}


class UploadForm(forms.Form):
    """A ZIP of Markdown."""

    file = forms.FileField(
        label=gettext_lazy("ZIP file"),
        help_text=gettext_lazy(
            "A folder of Markdown as “Export” gives it. It is looked through first; nothing is "
            "written before you say so."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
    )


@admin.register(CourseImport)
class CourseImportAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Every archive that was uploaded, with what it would do or did."""

    list_display = ("name", "state_label", "course", "created_by", "created_at")
    list_select_related = ("course", "created_by")
    ordering = ("-created_at",)
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        views: list[tuple[str, str, Callable[..., Any], Sequence[str]]] = [
            ("<int:pk>/bring-in/", "start", bring_in, _POST),
            ("export/<int:course_pk>.zip", "export", export, _POST),
        ]
        ours = [
            path(route, own_view(self, view, methods), name=f"courses_courseimport_{name}")
            for route, name, view, methods in views
        ]
        return ours + cast(list[URLPattern], super().get_urls())

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Upload."""
        return upload(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The report."""
        return show_report(request, object_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may change courses."""
        return bool(request.user.has_perm(CHANGE))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change courses."""
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It tells what came from where."""
        return False

    @display(description=gettext_lazy("State"), ordering="state", label=_COLOURS)
    def state_label(self, row: CourseImport) -> tuple[str, str]:
        """The state, as a label."""
        return row.state, row.get_state_display()


def upload(request: HttpRequest) -> HttpResponse:
    """Take an archive in; the worker looks it through."""
    require(request, CHANGE)
    form = UploadForm(request.POST or None, request.FILES or None)
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            row = upload_course(actor=actor_of(request), file=form.cleaned_data["file"])
        except ValidationError as error:
            problem = reason_of(error)
        else:
            tasks.look_through_import.delay_on_commit(row.pk)
            return redirect("admin:courses_courseimport_change", row.pk)
    context = page_of(request, None, "", title=_("Bring in a course"), form=form, problem=problem)
    status = 422 if form.errors or problem else 200
    return TemplateResponse(request, "admin/courses/import.html", context, status=status)


def show_report(request: HttpRequest, pk: object) -> HttpResponse:
    """What an archive holds, what would become of it, what became of it."""
    require(request, CHANGE)
    row = _find(pk)
    report = row.report
    words = {"new": _("new"), "changed": _("changed"), "same": _("the same"), "kept": _("kept")}
    steps = [{**step, "word": words[step["what"]]} for step in report.get("steps", [])]
    context = page_of(
        request,
        None,
        "",
        title=report.get("title") or row.name,
        row=row,
        report=report,
        steps=steps,
        problems=report.get("problems", []),
        may_start=row.state == ImportState.CHECKED
        and (not report.get("is_new") or may(request, ADD)),
    )
    return TemplateResponse(request, "admin/courses/import_report.html", context)


def bring_in(_model_admin: object, request: HttpRequest, pk: int) -> HttpResponse:
    """Start it; the worker does the rest."""
    require(request, CHANGE)
    row = _find(pk)
    if row.report.get("is_new"):
        require(request, ADD)
    try:
        start_import(actor=actor_of(request), course_import=row)
    except IllegalMoveError as error:
        messages.error(request, reason_of(error))
    else:
        tasks.run_import.delay_on_commit(row.pk)
        messages.success(request, _("It is being brought in. Load the page again in a moment."))
    return redirect("admin:courses_courseimport_change", row.pk)


def export(_model_admin: object, request: HttpRequest, course_pk: int) -> HttpResponseBase:
    """A course as a ZIP of Markdown. By POST: its parts are given ids where they have none."""
    course = find_course(request, course_pk, CHANGE)
    exported = export_course(actor=actor_of(request), course=course)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    write_zip(exported, file)
    file.seek(0)
    return FileResponse(
        file, as_attachment=True, filename=f"{course.slug}.zip", content_type="application/zip"
    )


def _find(pk: object) -> CourseImport:
    found = CourseImport.objects.select_related("course", "created_by")
    row = found.filter(pk=number_of(pk)).first()
    if row is None:
        raise Http404
    return row
