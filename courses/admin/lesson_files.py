"""Files of a lesson: taken in and removed, each by a form of its own."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.actions import attach_file, detach_file
from courses.admin.common import CHANGE, actor_of, find_lesson, reason_of
from courses.admin.lesson_desk import show_desk
from courses.admin_forms import FileForm, LessonForm


def add_file(_model_admin: object, request: HttpRequest, pk: object) -> HttpResponse:
    """Take in one file."""
    lesson = find_lesson(request, pk, CHANGE)
    form = FileForm(request.POST, request.FILES, auto_id="file-%s")
    if form.is_valid():
        said = form.cleaned_data
        try:
            added = attach_file(
                actor=actor_of(request),
                lesson=lesson,
                file=cast(UploadedFile, said["file"]),
                role=said["role"],
                title=said["title"],
                language=said["language"],
            )
        except ValidationError as error:
            for name, problems in error.message_dict.items():
                form.add_error(name, problems)
        else:
            messages.success(request, _("“%(name)s” was added.") % {"name": added.name})
            return redirect(_files_of(lesson.pk))
    return show_desk(request, LessonForm(instance=lesson), file_form=form, status=422)


def remove_file(
    _model_admin: object, request: HttpRequest, pk: object, file_pk: int
) -> HttpResponse:
    """Remove one file."""
    lesson = find_lesson(request, pk, CHANGE)
    file = get_object_or_404(lesson.files.select_related("lesson__course"), pk=file_pk)
    try:
        detach_file(actor=actor_of(request), file=file)
    except ValidationError as error:
        messages.error(request, reason_of(error))
    else:
        messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    return redirect(_files_of(lesson.pk))


def _files_of(pk: int) -> str:
    return reverse("admin:courses_lesson_change", args=[pk]) + "#lesson-files"
