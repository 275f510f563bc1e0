"""The author says what is to be handed in, and answers what was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from courses.actions import IllegalMoveError
from courses.actions.handing_in import (
    approve_submission,
    return_submission,
    save_assignment,
)
from courses.admin.common import (
    CHANGE,
    CHANGE_LEARNERS,
    VIEW,
    VIEW_LEARNERS,
    actor_of,
    find_lesson,
    may,
    number_of,
    page_of,
    require,
)
from courses.enums import SubmissionState
from courses.models import Assignment, AssignmentSubmission
from courses.quiz_forms import AssignmentForm, FeedbackForm
from newsletter.articles.admin.articles import BOTH, own_view
from newsletter.lib.moments import IN_FULL, moment_column, moment_html
from newsletter.outbox.models import OutgoingEmail
from newsletter.outbox.tasks import deliver_email

_HANDED_IN = moment_column("submitted_at", _("handed in"))
_ACTS: dict[str, Callable[..., OutgoingEmail]] = {
    "approve": approve_submission,
    "return": return_submission,
}


def write_assignment(_model_admin: object, request: HttpRequest, lesson_pk: int) -> HttpResponse:
    """What is handed in for a lesson, and what completes it."""
    lesson = find_lesson(request, lesson_pk, VIEW)
    assignment = Assignment.objects.filter(lesson=lesson).first() or Assignment(lesson=lesson)
    form = AssignmentForm(request.POST or None, instance=assignment)
    if request.method == "POST":
        require(request, CHANGE)
        if form.is_valid():
            try:
                save_assignment(actor=actor_of(request), assignment=form.instance)
            except ValidationError as error:
                form.add_error(None, error.messages[0])
            else:
                messages.success(request, _("Saved."))
                return redirect("admin:courses_lesson_assignment", lesson.pk)
    waiting = AssignmentSubmission.objects.filter(
        assignment__lesson=lesson, state=SubmissionState.SUBMITTED
    )
    context = page_of(
        request,
        lesson.course,
        "outline",
        title=_("What is to be handed in"),
        lesson=lesson,
        form=form,
        waiting=waiting.count(),
        may_change=may(request, CHANGE),
    )
    status = 422 if form.errors else 200
    return TemplateResponse(request, "admin/courses/exam/assignment.html", context, status=status)


class WaitingFilter(admin.SimpleListFilter):
    """What waits is shown first: nobody looks for the rest every day."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The states, and all."""
        return [(str(value), label) for value, label in SubmissionState.choices] + [
            ("all", _("All"))
        ]

    def choices(self, changelist: Any) -> Any:
        """Without Django's own word for all, for there is one."""
        for value, label in self.lookup_choices:
            yield {
                "selected": (self.value() or SubmissionState.SUBMITTED) == str(value),
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AssignmentSubmission]
    ) -> QuerySet[AssignmentSubmission]:
        """Those in the chosen state."""
        value = self.value() or SubmissionState.SUBMITTED
        return queryset if value == "all" else queryset.filter(state=value)


@admin.register(AssignmentSubmission)
class SubmissionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """What was handed in, the longest waiting first. Each is answered on a page of its own."""

    list_display = ("learner", "of_lesson", "number", "state", _HANDED_IN)
    list_filter = (WaitingFilter, "assignment__lesson__course")
    list_select_related = ("enrolment__user", "assignment__lesson__course")
    search_fields = ("enrolment__user__email", "enrolment__user__name", "assignment__lesson__title")
    ordering = ("submitted_at", "pk")
    actions = None
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssignmentSubmission]:
        """Without the texts."""
        found = cast(QuerySet[AssignmentSubmission], super().get_queryset(request))
        return found.defer(
            "text",
            "feedback",
            "assignment__lesson__body",
            "assignment__lesson__body_html",
            "assignment__lesson__transcript",
            "assignment__lesson__transcript_html",
            "assignment__lesson__course__body",
            "assignment__lesson__course__body_html",
        )

    @display(description=_("Learner"), ordering="enrolment__user__name")
    def learner(self, submission: AssignmentSubmission) -> str:
        """Who handed it in."""
        return str(submission.enrolment.user)

    @display(description=_("For"))
    def of_lesson(self, submission: AssignmentSubmission) -> str:
        """The course and the lesson."""
        lesson = submission.assignment.lesson
        return f"{lesson.course.title}: {lesson.title}"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What was handed in, and the answer to it."""
        return answer_submission(request, object_id)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see or look after learners."""
        return may(request, VIEW_LEARNERS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever looks after learners."""
        return may(request, CHANGE_LEARNERS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Learners hand in."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is theirs."""
        return False


def answer_submission(request: HttpRequest, object_id: object) -> HttpResponse:
    """Show what was handed in; approve it or give it back, with words."""
    require(request, VIEW_LEARNERS)
    found = AssignmentSubmission.objects.select_related(
        "enrolment__user", "assignment__lesson__course", "feedback_by"
    )
    submission = found.filter(pk=number_of(object_id)).first()
    if submission is None:
        raise Http404
    form = FeedbackForm(request.POST or None)
    if request.method == "POST":
        require(request, CHANGE_LEARNERS)
        if form.is_valid() and _answer(request, submission, form):
            return redirect("admin:courses_assignmentsubmission_changelist")
    others = AssignmentSubmission.objects.filter(
        enrolment=submission.enrolment, assignment=submission.assignment
    )
    context = page_of(
        request,
        submission.assignment.lesson.course,
        "learners",
        title=_("Handed in"),
        submission=submission,
        submitted_at=moment_html(submission.submitted_at, IN_FULL),
        read_at=submission.submitted_at.isoformat(),
        earlier=others.exclude(pk=submission.pk).order_by("-number"),
        form=form,
        may_answer=may(request, CHANGE_LEARNERS),
    )
    status = 422 if form.errors else 200
    return TemplateResponse(request, "admin/courses/exam/submission.html", context, status=status)


def _answer(request: HttpRequest, submission: AssignmentSubmission, form: FeedbackForm) -> bool:
    """Do what the button says; False with the reason in the form where that was not possible."""
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    # What was read is what is answered: a change since then is looked at first.
    read_at = parse_datetime(request.POST.get("read_at", ""))
    seen = AssignmentSubmission(pk=submission.pk, submitted_at=read_at or submission.submitted_at)
    words = form.cleaned_data["feedback"]
    try:
        mail = act(actor=actor_of(request), submission=seen, words=words)
    except IllegalMoveError:
        form.add_error(None, _("It was changed or answered meanwhile. This is how it stands now."))
    except ValidationError as error:
        form.add_error("feedback", error.messages[0])
    else:
        deliver_email.delay_on_commit(mail.pk)
        messages.success(request, _("Your answer is on its way."))
        return True
    return False


@admin.register(Assignment)
class AssignmentAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """An assignment is its lesson's, and reached from there."""

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        view = own_view(self, write_assignment, BOTH)
        ours = [path("of/<int:lesson_pk>/", view, name="courses_lesson_assignment")]
        return ours + cast(list[URLPattern], super().get_urls())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """On to what was handed in."""
        require(request, VIEW_LEARNERS)
        return redirect("admin:courses_assignmentsubmission_changelist")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """On to the page of its lesson."""
        require(request, VIEW)
        found = Assignment.objects.filter(pk=number_of(object_id or "")).first()
        if found is None:
            raise Http404
        return redirect("admin:courses_lesson_assignment", found.lesson_id)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The right to the course."""
        return may(request, VIEW)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The right to the course."""
        return may(request, CHANGE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On the lesson's page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Something was handed in for it."""
        return False
