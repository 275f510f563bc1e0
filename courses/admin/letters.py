"""The form in which an author writes to some of a course's learners."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_prose_editor.fields import ProseEditorFormField
from unfold.admin import ModelAdmin

from courses.actions.letters import send_letter, test_letter
from courses.admin.common import (
    VIEW_LEARNERS,
    actor_of,
    find_course,
    may,
    number_of,
    page_of,
    reason_of,
    require,
)
from courses.letters import meant_by, receivers_of
from courses.models import Course, CourseLetter
from courses.segments import BadSegmentError, Segment, describe
from newsletter.articles.editor import WHOLE_TEXT_EXTENSIONS, sanitise_body
from newsletter.lib.prose import ProseWidget
from newsletter.mailings.outcomes import Result
from newsletter.mailings.tasks import start_due_mailings

WRITE = "courses.add_courseletter"
SEND = "newsletter.change_mailing"


class LetterForm(forms.Form):
    """Subject and text; to whom it goes was chosen on the roster."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200)
    body = ProseEditorFormField(
        label=gettext_lazy("Text"),
        extensions=WHOLE_TEXT_EXTENSIONS,
        sanitize=sanitise_body,
        widget=ProseWidget,
    )
    # Of this form: pressing it twice sends one letter (M4).
    key = forms.CharField(widget=forms.HiddenInput, max_length=40)


@admin.register(CourseLetter)
class CourseLetterAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Letters are written from the roster; what became of one is its mailing's page."""

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Write, try out, send."""
        return write_letter(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Each course's letters stand on the page where one is written."""
        return redirect("admin:courses_enrolment_changelist")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Its mailing's page."""
        require(request, VIEW_LEARNERS)
        letter = CourseLetter.objects.filter(pk=number_of(object_id)).first()
        if letter is None or letter.mailing_id is None:
            return redirect("admin:courses_enrolment_changelist")
        return redirect("admin:newsletter_mailing_change", letter.mailing_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may see learners and send mail."""
        return may(request, WRITE) and may(request, VIEW_LEARNERS) and may(request, SEND)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was sent to whom is kept."""
        return False


def write_letter(request: HttpRequest) -> HttpResponse:
    """The form says to how many it goes before anything does; a test goes to oneself."""
    for right in (WRITE, VIEW_LEARNERS, SEND):
        if not may(request, right):
            raise PermissionDenied
    course = find_course(request, request.GET.get("course", ""), VIEW_LEARNERS)
    try:
        segment = Segment.read(request.GET)
        people = receivers_of(course, segment).count()
    except BadSegmentError:
        messages.error(request, _("There is no such filter any more. Choose again."))
        return redirect(_roster(course))
    initial = {"key": secrets.token_urlsafe(12)}
    form = LetterForm(request.POST or None, initial=initial)
    problem = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            if "_test" in request.POST:
                _test(request, course, given)
            else:
                return _send(request, course, segment, given)
        except ValidationError as error:
            problem = reason_of(error)
    context = page_of(
        request,
        course,
        "learners",
        title=_("A letter to learners"),
        form=form,
        problem=problem,
        people=people,
        unwilling=meant_by(course, segment).count() - people,
        said=describe(course, segment),
        back=f"{_roster(course)}&{urlencode(segment.as_dict())}",
        earlier=course.letters.select_related("mailing", "created_by")[:10],
        editor_media=form.media.with_nonce(request.csp_nonce),  # type: ignore[attr-defined]
    )
    status = 422 if form.errors or problem else 200
    return TemplateResponse(request, "admin/courses/letter.html", context, status=status)


def _roster(course: Course) -> str:
    return f"{reverse('admin:courses_enrolment_changelist')}?course={course.pk}"


def _test(request: HttpRequest, course: Course, given: dict[str, Any]) -> None:
    actor = actor_of(request)
    outcome = test_letter(actor=actor, course=course, subject=given["subject"], body=given["body"])
    if outcome.result is Result.ACCEPTED:
        messages.success(request, _("A test is on its way to %(to)s.") % {"to": actor.email})
        return
    reason = {"to": actor.email, "reason": outcome.error}
    messages.error(request, _("The test to %(to)s was not taken: %(reason)s") % reason)


def _send(
    request: HttpRequest, course: Course, segment: Segment, given: dict[str, Any]
) -> HttpResponse:
    letter = send_letter(
        actor=actor_of(request),
        course=course,
        segment=segment,
        subject=given["subject"],
        body=given["body"],
        key=given["key"],
    )
    start_due_mailings.delay_on_commit()
    messages.success(request, _("It starts within seconds."))
    return redirect("admin:newsletter_mailing_change", letter.mailing_id)
