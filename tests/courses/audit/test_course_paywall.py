"""The paywall audit of courses: this site holds, and each leak that is planted is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from django.urls import path

from config import urls
from courses import access as course_access
from courses import files, lesson_owner, search
from courses.access import Classroom
from courses.audit.publishing import send_lessons
from courses.audit.sentinels import COURSES, LESSONS
from courses.models import Certificate, Course, Enrolment, LessonProgress, ReleaseNotice
from courses.views import certificates, learning
from newsletter.audit.registry import Stage
from newsletter.audit.report import Finding, Kind, Report
from newsletter.audit.run import run_audit
from newsletter.mailings.models import Mailing
from newsletter.memberships.access import Decision, Reason

in_python_alone = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the database plays no part; seen on SQLite"
)
OPEN_TO_ALL = Decision(True, Reason.OPEN)


def found(report: Report, **wanted: str) -> list[Finding]:
    assert report.exit_code == 1, report.as_text()
    return [
        each
        for each in report.findings
        if all(getattr(each, name) == value for name, value in wanted.items())
    ]


def holds(report: Report) -> bool:
    assert report.as_data()["findings"] == [], report.as_text()
    return report.exit_code == 0


def test_lessons_are_for_those_they_are_for(stage: Stage) -> None:
    people = ["first-tier", "buyer", "lapsed", "free", "visitor"]
    report = run_audit(stage, ["courses:read-lesson"], people)
    assert holds(report)
    assert report.looked_at["answers"] == len(people) * len(COURSES) * len(LESSONS)


def test_everything_else_of_courses_holds(stage: Stage) -> None:
    views = ["courses:[!r]*", "courses:re[!a]*", "unfilled"]
    assert holds(run_audit(stage, views, ["first-tier", "lapsed", "visitor"]))


def test_talk_files_sitemap_and_search_hold(stage: Stage) -> None:
    views = ["comments:show-*", "comments:*-atom", "media", "articles:show-sitemap*"]
    views += ["search", "articles:search-articles"]
    assert holds(run_audit(stage, views, ["free", "visitor"]))


def send_again() -> None:
    """The lessons' mails as though nobody had had one."""
    ReleaseNotice.objects.all().delete()
    # What they have looked into they are not mailed.
    LessonProgress.objects.filter(lesson__course__is_mail_series=True).delete()
    Mailing.objects.exclude(circle="").delete()
    Enrolment.objects.update(next_release_at="2020-01-01T00:00:00Z")
    send_lessons()


def test_mails_hold(stage: Stage) -> None:
    send_again()
    people = ["first-tier", "free", "lapsed", "revoked"]
    report = run_audit(stage, ["mail"], people)
    assert holds(report)
    assert ReleaseNotice.objects.filter(mailing__isnull=False).count() >= 2


@in_python_alone
def test_planted_a_lesson_for_everybody(stage: Stage, monkeypatch) -> None:
    def any_lesson(room: Classroom, lesson_id: int) -> Any:
        return room.course.lessons.filter(pk=lesson_id).first()

    monkeypatch.setattr(learning, "get_lesson_for", any_lesson)
    report = run_audit(stage, ["courses:read-lesson"], ["visitor"])
    owners = {each.owner for each in found(report, kind=Kind.LEAK)}
    assert "course paid: open lesson" in owners
    assert "course series: open lesson" in owners
    assert "course free: locked lesson" in owners


@in_python_alone
def test_planted_a_schedule_that_nobody_keeps(stage: Stage, monkeypatch) -> None:
    work_out = course_access.work_out

    def all_open(*given: Any) -> Mapping[int, Any]:
        return {pk: replace(each, is_open=True) for pk, each in work_out(*given).items()}

    monkeypatch.setattr(course_access, "work_out", all_open)
    report = run_audit(stage, ["courses:read-lesson"], ["first-tier"])
    owners = {each.owner for each in found(report, kind=Kind.LEAK)}
    assert owners >= {"course paid: locked lesson", "course tier: locked lesson"}
    assert not any("open lesson" in owner for owner in owners)


@in_python_alone
def test_planted_a_draft_that_is_there(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(course_access, "_is_there", lambda *_given: True)
    report = run_audit(stage, ["courses:read-lesson", "courses:show-course"], ["visitor"])
    assert found(report, kind=Kind.LEAK, owner="course draft: preview lesson")
    assert found(report, kind=Kind.STATUS, url="/courses/audit-course-archived/")


@in_python_alone
def test_planted_files_without_a_decision(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(
        files, "decide_lessons", lambda ids, *_rest: dict.fromkeys(ids, OPEN_TO_ALL)
    )
    report = run_audit(stage, ["courses:send-file"], ["visitor"])
    leaks = found(report, kind=Kind.LEAK, part="file")
    assert {"course paid: open lesson", "course draft: preview lesson"} <= {e.owner for e in leaks}


@in_python_alone
def test_planted_answers_in_the_page(stage: Stage, template: Any) -> None:
    template(
        "courses/_quiz_facts.html",
        "{% for each in lesson.quiz.questions.all %}<!-- {{ each.accepted }} "
        "{{ each.feedback_right }} -->{% endfor %}",
    )
    report = run_audit(stage, ["courses:read-lesson", "courses:take-quiz"], ["first-tier"])
    parts = {each.part for each in found(report, kind=Kind.LEAK)}
    assert {"right answer", "said to right"} <= parts


@in_python_alone
def test_planted_a_talk_for_everybody(stage: Stage, monkeypatch) -> None:
    place_of = lesson_owner._place_of

    def open_place(*given: Any) -> Any:
        return replace(place_of(*given), is_readable=True)

    monkeypatch.setattr(lesson_owner, "_place_of", open_place)
    report = run_audit(stage, ["comments:show-thread"], ["visitor"])
    assert found(report, kind=Kind.LEAK, owner="course paid: open lesson", part="comment")


@in_python_alone
def test_planted_a_certificate_that_any_number_finds(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(
        certificates, "find_certificate", lambda _serial: Certificate.objects.first()
    )
    report = run_audit(stage, ["courses:verify-certificate"], ["visitor"])
    assert found(report, kind=Kind.LEAK, owner="course certificate")


@in_python_alone
def test_planted_a_lesson_mailed_to_whoever_was_in_once(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(Classroom, "decide", lambda *_given: OPEN_TO_ALL)
    monkeypatch.setattr(Classroom, "entry", property(lambda _room: OPEN_TO_ALL))
    send_again()
    report = run_audit(stage, ["mail"], ["lapsed"])
    leaks = found(report, kind=Kind.LEAK, owner="course series: open lesson", part="text")
    assert {each.spot for each in leaks} >= {"the text part"}
    monkeypatch.undo()
    send_again()


def rebuilt_with(stage: Stage, monkeypatch: Any, name: str, planted: Any) -> Report:
    """What the audit says of search while `name` in it is something else."""
    with monkeypatch.context() as patch:
        patch.setattr(search, name, planted)
        search.CourseFinder().rebuild()
        try:
            return run_audit(stage, ["search", "articles:search-articles"], ["visitor"])
        finally:
            patch.undo()
            search.CourseFinder().rebuild()


def test_planted_lessons_in_the_search(stage: Stage, monkeypatch) -> None:
    def everything(course: Course) -> str:
        return "\n".join(course.lessons.values_list("body", flat=True))

    report = rebuilt_with(stage, monkeypatch, "sales_text", everything)
    told = {each.owner for each in found(report, kind=Kind.ORACLE, part="text")}
    assert {"course paid: open lesson", "course free: draft lesson"} <= told
    assert "course paid: preview lesson" not in told
    # The snippet beside the word shows its neighbours.
    assert found(report, kind=Kind.LEAK, owner="course paid: open lesson", part="text")


def test_planted_courses_that_are_not_in_the_catalogue(stage: Stage, monkeypatch) -> None:
    report = rebuilt_with(stage, monkeypatch, "listed", Course.objects.all)
    told = {each.owner for each in found(report, kind=Kind.ORACLE, check="search")}
    assert told == {f"course {key}: its page" for key in ("unlisted", "draft", "archived")}
    assert found(report, kind=Kind.LEAK, owner="course draft: its page")


@in_python_alone
def test_planted_a_search_without_courses(stage: Stage, monkeypatch) -> None:
    nowhere = Course.objects.filter(slug="nowhere")
    report = rebuilt_with(stage, monkeypatch, "listed", lambda: nowhere)
    missing = {each.owner for each in found(report, kind=Kind.MISSING)}
    assert {"course free: its page", "course series: its page"} <= missing


@in_python_alone
def test_planted_a_route_that_nobody_fills(stage: Stage, settings) -> None:
    module = ModuleType("planted")
    module.urlpatterns = [  # type: ignore[attr-defined]
        path("x/<str:course>/<str:lesson>/", learning.read_lesson, name="planted"),
        *urls.urlpatterns,
    ]
    settings.ROOT_URLCONF = module
    report = run_audit(stage, ["unfilled"], ["visitor"])
    assert found(report, kind=Kind.UNFILLED, check="planted")
