"""One lesson opened, saved by hand and by itself, and what two authors did at once."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from courses.actions import (
    IllegalMoveError,
    StaleError,
    keep_lesson_revision,
    publish_lesson,
    restore_lesson,
    save_lesson,
    unpublish_lesson,
)
from courses.admin.common import (
    CHANGE,
    actor_of,
    find_lesson,
    may,
    nudge_settling,
    page_of,
    reason_of,
    short_moment,
    who_was_faster,
)
from courses.admin.preview import preview_lesson
from courses.admin_forms import FileForm, LessonForm
from courses.comparing import compare_lessons
from courses.enums import LessonState
from courses.models import Lesson
from newsletter.lib.desk_words import desk_words
from newsletter.lib.prose import desk_media


def edit_lesson(request: HttpRequest, pk: object) -> HttpResponse:
    """Show the desk, or save what was typed and do what the pressed button says besides."""
    lesson = find_lesson(request, pk)
    if request.method != "POST":
        return show_desk(request, LessonForm(instance=lesson))
    if not may(request, CHANGE):
        raise PermissionDenied
    form = LessonForm(request.POST, instance=lesson)
    if not form.is_valid():
        return show_desk(request, form, status=422)
    if "_go_on" in request.POST:
        return show_desk(request, form)
    try:
        if "_keep_theirs" in request.POST:
            return _keep_theirs(request, form)
        with transaction.atomic():
            # Taken back first: a draft need not be ready.
            if "_unpublish" in request.POST:
                unpublish_lesson(actor=actor_of(request), lesson=Lesson.objects.get(pk=lesson.pk))
            store(request, form)
    except StaleError as stale:
        return show_conflict(request, form, stale)
    except IllegalMoveError as error:
        messages.error(request, reason_of(error))
        return redirect("admin:courses_lesson_change", lesson.pk)
    except ValidationError as error:
        form.add_error(None, error.messages)
        return show_desk(request, form, status=422)
    return _go_on(request, form)


def store(request: HttpRequest, form: LessonForm, *, is_autosave: bool = False) -> Lesson:
    """Hand a valid form to the action. Raises StaleError where someone was faster."""
    return save_lesson(
        actor=actor_of(request),
        lesson=form.instance,
        expected_version=form.cleaned_data["version"],
        autosave=is_autosave,
    )


def _go_on(request: HttpRequest, form: LessonForm) -> HttpResponse:
    lesson = form.instance
    nudge_settling(lesson.course_id)
    if "_publish" in request.POST:
        try:
            publish_lesson(actor=actor_of(request), lesson=lesson)
        except (IllegalMoveError, ValidationError) as error:
            messages.error(request, _("It is saved, and still a draft: ") + reason_of(error))
        else:
            nudge_settling(lesson.course_id)
            messages.success(request, _("“%(title)s” is published.") % {"title": lesson.title})
    elif lesson.state == LessonState.PUBLISHED:
        messages.success(request, _("Learners see the new text."))
    return redirect("admin:courses_lesson_change", lesson.pk)


def _keep_theirs(request: HttpRequest, form: LessonForm) -> HttpResponse:
    """Store mine and bring theirs back on top, in one step: learners never see mine."""
    theirs = form.instance.history.order_by("-history_id").first()
    with transaction.atomic():
        mine = store(request, form)
        restore_lesson(actor=actor_of(request), lesson=mine, revision_id=theirs.history_id)
    messages.success(request, _("Their text stands. Yours is among the revisions."))
    return redirect("admin:courses_lesson_change", form.instance.pk)


def show_desk(
    request: HttpRequest,
    form: LessonForm,
    *,
    file_form: FileForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form with all that belongs to a lesson."""
    lesson = form.instance
    may_change = may(request, CHANGE)
    if not may_change:
        for each in form.fields.values():
            each.disabled = True
    files = list(lesson.files.all())
    context = page_of(
        request,
        lesson.course,
        "",
        title=lesson.title,
        form=form,
        lesson=lesson,
        may_change=may_change,
        state_line=state_line(lesson),
        files=files,
        file_form=file_form or FileForm(auto_id="file-%s"),
        old_slugs=[each.old_slug for each in lesson.redirects.order_by("-created_at")[:5]],
        site_address=f"{settings.SITE_URL.partition('//')[2]}/courses/{lesson.course.slug}",
        exam_pages=_exam_pages(lesson),
        desk_words=desk_words(),
        desk_media=desk_media(request.csp_nonce),  # type: ignore[attr-defined]
    )
    template = "admin/courses/lesson/change_form.html"
    return TemplateResponse(request, template, context, status=status)


def _exam_pages(lesson: Lesson) -> list[tuple[str, str]]:
    """Where the questions of its quiz and what is to be handed in are written."""
    pages = [
        ("courses_lesson_quiz", _("Questions of the quiz")),
        ("courses_lesson_assignment", _("What is to be handed in")),
    ]
    found = []
    for name, label in pages:
        try:
            found.append((reverse(f"admin:{name}", args=[lesson.pk]), label))
        except NoReverseMatch:
            continue
    return found


def state_line(lesson: Lesson) -> str:
    """Where it stands, in words: for the line beside the state."""
    words = _("Draft saved %(when)s") if lesson.state == LessonState.DRAFT else _("Saved %(when)s")
    return words % {"when": short_moment(lesson.updated_at)}


def autosave(_model_admin: object, request: HttpRequest, pk: object) -> HttpResponse:
    """Save a draft by itself. What learners see is never saved this way."""
    lesson = find_lesson(request, pk)
    if not may(request, CHANGE):
        return JsonResponse({"error": _("You may not change this lesson.")}, status=403)
    only_drafts = JsonResponse({"error": _("Only drafts save themselves.")}, status=400)
    if lesson.state != LessonState.DRAFT:
        return only_drafts
    form = LessonForm(request.POST, instance=lesson)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        label = form.fields[name].label if name in form.fields else ""
        return JsonResponse({"error": f"{label}: {errors[0]}"}, status=422)
    try:
        saved = store(request, form, is_autosave=True)
    except StaleError as stale:
        error = who_was_faster(lesson.course, cast(Lesson, stale.current))
        return JsonResponse({"error": error}, status=409)
    except IllegalMoveError:
        return only_drafts
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    return JsonResponse(
        {
            "pk": saved.pk,
            "version": saved.version,
            "slug": saved.slug,
            "message": state_line(saved),
        }
    )


def preview(_model_admin: object, request: HttpRequest, pk: object) -> HttpResponse:
    """The lesson as somebody would have it: as stored, or with what is in the form posted here."""
    lesson = find_lesson(request, pk)
    posted = None
    if request.method == "POST":
        form = LessonForm(request.POST, instance=lesson)
        form.is_valid()
        posted = form.instance
    return preview_lesson(request, lesson.course, lesson, posted)


def show_conflict(request: HttpRequest, form: LessonForm, stale: StaleError) -> HttpResponse:
    """Both texts side by side, and three ways on. Mine is not stored, theirs a revision (W2)."""
    current = cast(Lesson, stale.current)
    keep_lesson_revision(actor=actor_of(request), lesson=current)
    context = page_of(
        request,
        current.course,
        "",
        title=_("Two of you changed this"),
        lesson=current,
        mine=stale.refused,
        sentence=who_was_faster(current.course, current),
        comparison=compare_lessons(current, stale.refused),
        posted=posted_fields(request),
        button="_publish" if "_publish" in request.POST else "_save_draft",
    )
    template = "admin/courses/lesson/conflict.html"
    return TemplateResponse(request, template, context, status=409)


def posted_fields(request: HttpRequest) -> list[tuple[str, Any]]:
    """What was typed, to be posted again."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in {"csrfmiddlewaretoken", "version"} and not name.startswith("_")
    ]
