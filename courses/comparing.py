"""What changed between two states of a lesson or a course, in words."""

from __future__ import annotations

from typing import Any

from django.utils.html import escape

from courses.models import Course, Lesson, Quiz
from newsletter.articles.diff import (
    Comparison,
    Setting,
    compare_settings,
    compare_texts,
    compare_words,
    fold,
)

_LESSON_SETTINGS = (
    "kind",
    "slug",
    "media_url",
    "media_seconds",
    "estimated_minutes",
    "is_required",
    "is_preview",
    "drip",
    "drip_days",
    "drip_date",
    "mail",
    "mail_subject",
    "mail_preheader",
)
_COURSE_SETTINGS = (
    "slug",
    "trailer_url",
    "is_listed",
    "access",
    "access_length",
    "access_months",
    "access_until",
    "time_zone",
    "release_hour",
    "default_drip",
    "default_drip_days",
    "is_sequential",
    "has_discussion",
    "is_mail_series",
    "has_certificate",
    "certificate_style",
    "certificate_heading",
    "certificate_text",
    "certificate_signatory",
    "seo_title",
    "seo_description",
)
# How a quiz is asked, in the order of its form.
QUIZ_SETTINGS = (
    "pass_percent",
    "max_attempts",
    "sample_size",
    "feedback",
    "shuffles_questions",
    "shuffles_choices",
)


def compare_lessons(before: Any, after: Any) -> Comparison:
    """Compare two lessons, or revisions of them: text, then transcript."""
    text = fold(compare_texts(before.body, after.body))
    transcript = fold(compare_texts(before.transcript, after.transcript))
    return Comparison(
        title=compare_words(before.title, after.title),
        dek=compare_words(before.summary, after.summary),
        text=(*text, *transcript),
        settings=tuple(compare_settings(Lesson, _LESSON_SETTINGS, before, after)),
    )


def compare_courses(before: Any, after: Any) -> Comparison:
    """Compare two courses, or revisions of one: the page, then the rules."""
    lines = fold(compare_texts(_as_text(before), _as_text(after)))
    settings: tuple[Setting, ...] = tuple(compare_settings(Course, _COURSE_SETTINGS, before, after))
    return Comparison(
        title=compare_words(before.title, after.title),
        dek=compare_words(before.promise, after.promise),
        text=tuple(lines),
        settings=settings,
    )


def compare_quizzes(
    before: Quiz, after: Quiz, asked: list[dict[str, Any]], to_be_asked: list[dict[str, Any]]
) -> Comparison:
    """Compare two states of a quiz: how it is asked, and each question with itself."""
    nothing = compare_words("", "")
    old = {each["pk"]: _question_as_text(each) for each in asked}
    lines = [
        compare_words(old.pop(each["pk"], ""), _question_as_text(each)) for each in to_be_asked
    ]
    lines += [compare_words(gone, "") for gone in old.values()]
    return Comparison(
        title=nothing,
        dek=nothing,
        text=tuple(fold(lines)),
        settings=tuple(compare_settings(Quiz, QUIZ_SETTINGS, before, after)),
    )


def _question_as_text(typed: dict[str, Any]) -> str:
    said = (typed["feedback_right"], typed["feedback_wrong"])
    lines = [typed["prompt"], *typed["answers"].splitlines(), *said]
    return " / ".join(line.strip() for line in lines if line.strip())


def _as_text(course: Any) -> str:
    """All that is written on a course's page, one paragraph a line."""
    asked = [f"{each['question']} {each['answer']}" for each in course.faq]
    lines = [*course.for_whom.splitlines(), *course.outcomes.splitlines(), *asked]
    return str(course.body) + "".join(f"<p>{escape(line)}</p>" for line in lines if line.strip())
