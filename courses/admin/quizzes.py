"""The author writes a quiz on one page, and sees how its questions do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from courses.actions.examining import (
    QuestionError,
    StaleQuizError,
    Written,
    quiz_for,
    restore_question,
    save_whole_quiz,
)
from courses.admin.common import (
    CHANGE,
    VIEW,
    actor_of,
    find_lesson,
    may,
    number_of,
    page_of,
    require,
)
from courses.comparing import compare_quizzes
from courses.models import Lesson, Question, Quiz
from courses.quiz_figures import ENOUGH, LATEST, count_figures
from courses.quiz_forms import (
    LAST_PLACE,
    QuestionForm,
    QuizForm,
    question_forms,
    stored_in,
    typed_in,
)
from newsletter.articles.admin.articles import BOTH, POST, SAFE, own_view
from newsletter.articles.diff import Comparison


def write_quiz(_model_admin: object, request: HttpRequest, lesson_pk: int) -> HttpResponse:
    """The whole quiz of a lesson: how it is asked, its questions, what is right."""
    lesson = find_lesson(request, lesson_pk, VIEW)
    quiz = quiz_for(lesson)
    if request.method != "POST":
        return _show(request, lesson, quiz, QuizForm(instance=quiz), question_forms(quiz))
    require(request, CHANGE)
    form, rows = QuizForm(request.POST, instance=quiz), question_forms(quiz, request.POST)
    problem = ""
    # Both, so that all that is wrong is said at once.
    is_valid = all([form.is_valid(), rows.is_valid()])
    if is_valid:
        try:
            _save(request, form, rows)
        except QuestionError as error:
            # By its words: what is wrong with a choice names a field that this form does not have.
            rows.forms[error.row].add_error(None, error.error.messages)
        except StaleQuizError:
            return _show_conflict(request, lesson, form, rows)
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            messages.success(request, _("Saved."))
            return redirect("admin:courses_lesson_quiz", lesson.pk)
    return _show(request, lesson, quiz, form, rows, problem=problem, status=422)


def _save(request: HttpRequest, form: QuizForm, rows: BaseFormSet[QuestionForm]) -> None:
    quiz = cast(Quiz, form.instance)
    known = {each.pk: each for each in quiz.questions.all()} if quiz.pk else {}
    written: list[tuple[int, Written]] = []
    removed: list[Question] = []
    for row, each in enumerate(rows.forms):
        if each.is_nothing:
            continue
        number = each.cleaned_data["pk"]
        question = known.get(number) or _new_question(quiz, number)
        if each.cleaned_data["remove"]:
            removed += [question] if question.pk else []
            continue
        # Another author may have put it away; who saves it asks it.
        question.is_archived = False
        place = each.cleaned_data["place"] or LAST_PLACE + row
        written.append((place, each.written(row, question)))
    written.sort(key=lambda pair: pair[0])
    with transaction.atomic():
        save_whole_quiz(
            actor=actor_of(request),
            quiz=quiz,
            expected_version=form.expected_version,
            written=[each for _place, each in written],
            removed=removed,
        )


def _new_question(quiz: Quiz, number: int | None) -> Question:
    """A question that is not stored, or no more: another author may have deleted it meanwhile."""
    if number and Question.objects.filter(pk=number).exists():
        # A question of another quiz is none of this one's.
        raise Http404
    return Question(quiz=quiz)


def _show_conflict(
    request: HttpRequest, lesson: Lesson, form: QuizForm, rows: BaseFormSet[QuestionForm]
) -> HttpResponse:
    """Two authors at once (W2): what was typed is kept, beside what it would change of theirs."""
    theirs = Quiz.objects.get(lesson=lesson)
    asked, typed = stored_in(theirs), typed_in(rows)
    known = {each.cleaned_data.get("pk") for each in rows.forms}
    # What they added is not in this form, and saving it takes nothing of that away.
    stays = [each for each in asked if each["pk"] not in known]
    mine = cast(Quiz, form.instance)
    comparison = compare_quizzes(theirs, mine, asked, [*typed, *stays])
    form.start_from(theirs.version)
    return _show(request, lesson, theirs, form, rows, comparison=comparison, status=409)


def _show(
    request: HttpRequest,
    lesson: Lesson,
    quiz: Quiz,
    form: QuizForm,
    rows: BaseFormSet[QuestionForm],
    *,
    problem: str = "",
    comparison: Comparison | None = None,
    status: int = 200,
) -> HttpResponse:
    archived = quiz.questions.filter(is_archived=True) if quiz.pk else []
    context = page_of(
        request,
        lesson.course,
        "outline",
        title=_("Questions of the quiz"),
        lesson=lesson,
        quiz=quiz,
        form=form,
        rows=rows,
        archived=archived,
        problem=problem,
        comparison=comparison,
        may_change=may(request, CHANGE),
    )
    return TemplateResponse(request, "admin/courses/exam/quiz.html", context, status=status)


def bring_back(
    _model_admin: object, request: HttpRequest, lesson_pk: int, question_pk: int
) -> HttpResponse:
    """Ask a question again that was put away."""
    lesson = find_lesson(request, lesson_pk, CHANGE)
    question = Question.objects.filter(pk=question_pk, quiz__lesson=lesson).first()
    if question is None:
        raise Http404
    restore_question(actor=actor_of(request), question=question)
    messages.success(request, _("It is asked again."))
    return redirect("admin:courses_lesson_quiz", lesson.pk)


def show_figures(_model_admin: object, request: HttpRequest, lesson_pk: int) -> HttpResponse:
    """How each question does."""
    lesson = find_lesson(request, lesson_pk, VIEW)
    quiz = Quiz.objects.filter(lesson=lesson).first()
    if quiz is None:
        raise Http404
    context = page_of(
        request,
        lesson.course,
        "figures",
        title=_("How the questions do"),
        lesson=lesson,
        figures=count_figures(quiz),
        latest=LATEST,
        enough=ENOUGH,
    )
    return TemplateResponse(request, "admin/courses/exam/figures.html", context)


@admin.register(Quiz)
class QuizAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """A quiz is its lesson's: it is reached from there, and the right to it is the course's."""

    _views: ClassVar[list[tuple[str, str, Callable[..., HttpResponse], Sequence[str]]]] = [
        ("of/<int:lesson_pk>/", "courses_lesson_quiz", write_quiz, BOTH),
        ("of/<int:lesson_pk>/figures/", "courses_lesson_quiz_figures", show_figures, SAFE),
        (
            "of/<int:lesson_pk>/ask-again/<int:question_pk>/",
            "courses_lesson_quiz_ask_again",
            bring_back,
            POST,
        ),
    ]

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        ours = [
            path(route, own_view(self, view, methods), name=name)
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
        """On to the page of its lesson."""
        require(request, VIEW)
        quiz = Quiz.objects.filter(pk=number_of(object_id or "")).first()
        if quiz is None:
            return redirect("admin:courses_course_changelist")
        return redirect("admin:courses_lesson_quiz", quiz.lesson_id)

    def has_view_permission(self, request: HttpRequest, obj: Quiz | None = None) -> bool:
        """See above."""
        return may(request, VIEW)

    def has_change_permission(self, request: HttpRequest, obj: Quiz | None = None) -> bool:
        """See above."""
        return may(request, CHANGE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On the lesson's page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Quiz | None = None) -> bool:
        """Answers were given to it."""
        return False
