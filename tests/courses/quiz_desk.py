"""The page on which a quiz is written: its address, and its form as a browser sends it."""

from __future__ import annotations

from typing import Any


def page_of(lesson: Any, rest: str = "") -> str:
    return f"/admin/courses/quiz/of/{lesson.pk}/{rest}"


def typed(*questions: dict[str, Any], version: int = 1, **settings: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    data: dict[str, Any] = {
        "pass_percent": 70,
        "feedback": "at_end",
        "version": version,
        **settings,
        "questions-TOTAL_FORMS": len(questions),
        "questions-INITIAL_FORMS": sum("pk" in each for each in questions),
    }
    for row, question in enumerate(questions):
        defaults = {"kind": "single", "points": 1}
        for name, value in (defaults | question).items():
            data[f"questions-{row}-{name}"] = value
    return data
