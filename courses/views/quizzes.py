"""A learner takes a quiz.

Every attempt is found by who is signed in. A number from a form only says which of their own they
had before them, so that an old tab does not answer for a new attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from courses.access import Classroom
from courses.actions import NotOpenError
from courses.actions.answering import (
    AnsweredError,
    HandedInError,
    NoAttemptLeftError,
    NothingAskedError,
    NotOwnAttemptError,
    answer_question,
    hand_in_attempt,
    start_attempt,
)
from courses.addresses import lesson_path
from courses.enums import AttemptState, Feedback, QuestionKind
from courses.marking import Given
from courses.models import Lesson, Question, QuizAttempt
from courses.quizzes import (
    Asked,
    Paper,
    QuizFacts,
    find_quiz,
    load_paper,
    look_at_quiz,
    may_review,
)
from courses.views.finding import learner_of, lesson_or_404, room_or_404
from newsletter.lib.opens_to import Opens, opens_to


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_safe
def take_quiz(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """What is to be answered now: the open attempt, else what there is to begin."""
    room, found, facts = _look(request, course, lesson)
    if not room.decide(found.pk).allowed:
        return redirect(lesson_path(room.course, found))
    if facts.open_attempt is None:
        return render(request, "courses/quiz.html", _frame(room, found, facts))
    paper = load_paper(_with_quiz(facts.open_attempt, facts))
    return _show_attempt(request, room, found, facts, paper)


@opens_to(Opens.SIGNED_IN)
@require_POST
def start_quiz(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """Begin an attempt, or go on with the one that is open."""
    room = room_or_404(request, course)
    found = lesson_or_404(room, lesson)
    try:
        start_attempt(user=learner_of(request), lesson=found)
    except NotOpenError:
        return redirect(lesson_path(room.course, found))
    except NothingAskedError as error:
        raise Http404 from error
    except NoAttemptLeftError:
        messages.error(request, _("You have used all the attempts that there are."))
    return redirect("courses:take-quiz", course, lesson)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def answer_quiz(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """Take one answer of a quiz that says at once what was right, and say it."""
    room, found, facts = _look(request, course, lesson)
    question_id = _number(request.POST.get("question", ""))
    attempt_id = _number(request.POST.get("attempt", ""))
    # Somebody else's is refused below, whatever was answered.
    mine = next((each for each in facts.attempts if each.pk == attempt_id), None)
    shown = load_paper(_with_quiz(mine, facts)).shown.get(question_id, ()) if mine else ()
    given = _given(request.POST, question_id, shown)
    if mine and given.is_empty:
        return _ask_again(request, room, found, facts)
    try:
        attempt = answer_question(
            user=learner_of(request),
            lesson=found,
            attempt_id=attempt_id,
            question_id=question_id,
            given=given,
        )
    except AnsweredError:
        return redirect("courses:take-quiz", course, lesson)
    except _REFUSALS as refusal:
        return _refuse(room, found, refusal)
    paper = load_paper(_with_quiz(attempt, facts))
    question = paper.questions[question_id]
    context = {
        **_frame(room, found, facts),
        "attempt": attempt,
        "asked": paper.ask(question, with_review=True),
        "total": len(paper.order()),
        "is_last": attempt.state == AttemptState.SUBMITTED,
    }
    return render(request, "courses/quiz_answered.html", context)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def hand_in_quiz(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """Judge all answers at once. Where some are missing, ask once whether that is meant."""
    room, found, facts = _look(request, course, lesson)
    attempt = facts.open_attempt
    attempt_id = _number(request.POST.get("attempt", ""))
    is_meant = "as_it_is" in request.POST
    if attempt is not None and attempt.pk == attempt_id:
        paper = load_paper(_with_quiz(attempt, facts))
        given = {
            each.pk: _given(request.POST, each.pk, paper.shown[each.pk], each)
            for each in paper.unanswered
        }
        is_missing = any(each.is_empty for each in given.values())
        if is_missing and not is_meant and room.decide(found.pk).allowed:
            return _show_attempt(request, room, found, facts, paper, request.POST)
    else:
        given = {}
    try:
        attempt = hand_in_attempt(
            user=learner_of(request), lesson=found, attempt_id=attempt_id, given=given
        )
    except _REFUSALS as refusal:
        return _refuse(room, found, refusal)
    return redirect("courses:show-attempt", course, lesson, attempt.number)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_safe
def show_attempt(request: HttpRequest, course: str, lesson: str, number: int) -> HttpResponse:
    """How an attempt of one's own went, as far as the quiz tells."""
    room, found, facts = _look(request, course, lesson)
    if not room.decide(found.pk).allowed:
        return redirect(lesson_path(room.course, found))
    attempt = next((each for each in facts.handed_in if each.number == number), None)
    if attempt is None:
        raise Http404
    paper = load_paper(_with_quiz(attempt, facts))
    is_open = may_review(facts.quiz, attempt, is_passed=facts.is_passed)
    context = {
        **_frame(room, found, facts),
        "attempt": attempt,
        "questions": [paper.ask(each, with_review=True) for each in paper.order()]
        if is_open
        else [],
        "shows_later": facts.quiz.feedback == Feedback.WHEN_PASSED and not facts.is_passed,
    }
    return render(request, "courses/quiz_result.html", context)


_REFUSALS = (NotOpenError, NotOwnAttemptError, HandedInError)


def _refuse(room: Classroom, lesson: Lesson, refusal: Exception) -> HttpResponse:
    """Somebody else's attempt is not there; one handed in already shows how it went."""
    if isinstance(refusal, NotOpenError):
        return redirect(lesson_path(room.course, lesson))
    if isinstance(refusal, HandedInError):
        number = refusal.attempt.number
        return redirect("courses:show-attempt", room.course.slug, lesson.slug, number)
    raise Http404 from refusal


def _look(request: HttpRequest, course: str, lesson: str) -> tuple[Classroom, Lesson, QuizFacts]:
    room = room_or_404(request, course)
    found = lesson_or_404(room, lesson)
    quiz = find_quiz(found)
    if quiz is None:
        raise Http404
    return room, found, look_at_quiz(quiz, room.enrolment)


def _with_quiz(attempt: QuizAttempt, facts: QuizFacts) -> QuizAttempt:
    attempt.quiz = facts.quiz
    return attempt


def _frame(room: Classroom, lesson: Lesson, facts: QuizFacts) -> dict[str, Any]:
    """What every page of a quiz shows."""
    return {
        "course": room.course,
        "lesson": lesson,
        "lesson_url": lesson_path(room.course, lesson),
        "facts": facts,
        "quiz": facts.quiz,
    }


def _show_attempt(
    request: HttpRequest,
    room: Classroom,
    lesson: Lesson,
    facts: QuizFacts,
    paper: Paper,
    typed: QueryDict | None = None,
) -> HttpResponse:
    """The questions: one after the other where each is answered at once, else all of them.

    `typed` is what was sent and not taken: it is shown again, with what is missing.
    """
    is_stepwise = facts.quiz.feedback == Feedback.AT_ONCE
    to_ask = paper.unanswered[:1] if is_stepwise else paper.order()
    asked = [_ask(paper, question, typed) for question in to_ask]
    missing = sum(bool(each.error) for each in asked)
    context = {
        **_frame(room, lesson, facts),
        "attempt": paper.attempt,
        "questions": asked,
        "total": len(paper.order()),
        "is_stepwise": is_stepwise,
        "missing": missing,
    }
    return render(request, "courses/quiz_attempt.html", context, status=422 if missing else 200)


def _ask(paper: Paper, question: Question, typed: QueryDict | None) -> Asked:
    if typed is None:
        return paper.ask(question)
    shown = paper.shown[question.pk]
    given = _given(typed, question.pk, shown, question)
    error = ""
    if given.is_empty and question.kind == QuestionKind.ORDERING:
        error = _("Give each of these a number of its own.")
    elif given.is_empty:
        error = _("Not answered yet.")
    return paper.ask(question, given=given, places=_places(typed, question.pk, shown), error=error)


def _ask_again(
    request: HttpRequest, room: Classroom, lesson: Lesson, facts: QuizFacts
) -> HttpResponse:
    """The same question, with what is wrong with having said nothing."""
    attempt = facts.open_attempt
    if attempt is None or not room.decide(lesson.pk).allowed:
        return redirect("courses:take-quiz", room.course.slug, lesson.slug)
    paper = load_paper(_with_quiz(attempt, facts))
    return _show_attempt(request, room, lesson, facts, paper, request.POST)


def _given(
    data: QueryDict, pk: int, shown: Sequence[int], question: Question | None = None
) -> Given:
    """What a form says to one question: what was ticked, typed, or put in order.

    A form knows choices by where they stand among those `shown`, and not by their ids. An order in
    which two have the same number, or one has none, is no answer.
    """
    places = _places(data, pk, shown)
    if places:
        is_whole = sorted(places.values()) == list(range(1, len(places) + 1))
        return (
            Given(tuple(sorted(places, key=lambda choice: places[choice]))) if is_whole else Given()
        )
    values = [value for value in data.getlist(f"q{pk}") if value.strip()]
    text = values[0] if values else ""
    if question is not None and question.kind == QuestionKind.TEXT:
        return Given(text=text)
    return Given(tuple(choice for value in values if (choice := _choice(value, shown))), text)


def _places(data: QueryDict, pk: int, shown: Sequence[int]) -> dict[int, int]:
    """Of things to be put in order, the place of each (`q1-3=2`: the third shown is the second)."""
    name = f"q{pk}-"
    return {
        choice: _number(str(value))
        for field, value in data.items()
        if field.startswith(name) and (choice := _choice(field.removeprefix(name), shown))
    }


def _choice(text: str, shown: Sequence[int]) -> int:
    """The choice that stands at a number; 0 for none."""
    number = _number(text)
    return shown[number - 1] if 0 < number <= len(shown) else 0


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0
