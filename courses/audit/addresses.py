"""The addresses of the readers' views of courses, filled from the sentinels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from courses.audit.publishing import CERTIFICATE, CERTIFIED, made, publish_courses
from courses.audit.sentinels import (
    COURSES,
    DRAFT,
    FILE,
    LESSONS,
    LOCKED,
    OPEN,
    QUIZ,
    SUMMARY,
    TALK,
    TEXT,
    TRANSCRIPT,
    Course,
    Rule,
    marks_of,
    promise_of,
)
from courses.course_mail import PURPOSE as MAIL_PURPOSE
from courses.enums import CourseState
from courses.files import file_link
from courses.lesson_owner import KIND
from courses.models import Enrolment, LessonFile
from newsletter.accounts.models import User
from newsletter.audit.fillers import unsigned
from newsletter.audit.marks import Mark, Medium, Where
from newsletter.audit.people import Persona
from newsletter.audit.registry import (
    NO_TOKEN,
    STRANGERS,
    Ask,
    Contribution,
    Filler,
    Stage,
    contribute,
)
from newsletter.comments.models import Comment
from newsletter.lib.signing import make_token

_WEB = Where(Medium.WEB)


def _shown(stage: Stage, spec: Course, lesson: str, *parts: str) -> Callable[[Persona], list[Mark]]:
    marks = [mark for part, mark in marks_of(stage, spec, lesson).items() if part in parts]
    return lambda persona: [mark for mark in marks if mark.may_read(persona, _WEB)]


def _there(spec: Course) -> Callable[[Persona], int]:
    return lambda persona: 200 if spec.is_there_for(persona) else 404


def _promises(stage: Stage, *specs: Course) -> Callable[[Persona], list[Mark]]:
    return lambda _persona: [promise_of(stage, spec) for spec in specs]


def _named() -> list[Course]:
    return [spec for spec in COURSES if spec.is_named]


def _catalogue(stage: Stage) -> Iterable[Ask]:
    return [Ask(status=200, shows=_promises(stage, *_named()))]


def _searches(stage: Stage) -> Iterable[Ask]:
    """Each course that may be named by its promise; and all of them by a word of their titles."""
    for spec in _named():
        word = promise_of(stage, spec).word
        yield Ask(query=f"q={word}", shows=_promises(stage, spec), status=200)
    yield Ask(query="q=audit+course", shows=_promises(stage, *_named()), status=200)


def _courses(stage: Stage) -> Iterable[Ask]:
    for spec in COURSES:
        for query, shows in (("", _none), ("about", _promised_there(stage, spec))):
            yield Ask({"course": spec.slug}, query, status=_there(spec), shows=shows)


def _promised_there(stage: Stage, spec: Course) -> Callable[[Persona], list[Mark]]:
    mark = promise_of(stage, spec)
    return lambda persona: [mark] if spec.is_there_for(persona) else []


def _lessons(stage: Stage) -> Iterable[Ask]:
    for spec in COURSES:
        for key in LESSONS:
            yield Ask(
                {"course": spec.slug, "lesson": key},
                shows=_shown(stage, spec, key, TEXT, TRANSCRIPT, SUMMARY),
                status=_status_of(spec, key),
            )


def _status_of(spec: Course, lesson: str) -> Callable[[Persona], int]:
    """A closed lesson says why, and when it opens; one that is not there is not there."""
    if lesson != DRAFT:
        return _there(spec)
    return lambda persona: 200 if persona.is_staff else 404


def _acts(_stage: Stage) -> Iterable[Ask]:
    """What takes a POST shows nothing: whoever has nothing and whoever has most ask."""
    for spec in COURSES:
        for key in (OPEN, LOCKED):
            yield Ask({"course": spec.slug, "lesson": key}, askers=STRANGERS)


def _quizzes(**more: object) -> Filler:
    return lambda _stage: [Ask({"course": spec.slug, "lesson": QUIZ, **more}) for spec in COURSES]


def _each_course(_stage: Stage) -> Iterable[Ask]:
    return [Ask({"course": spec.slug}) for spec in COURSES]


def _files(stage: Stage) -> Iterable[Ask]:
    """Each file by the link that its own lesson's reader would have, and by that of another."""
    for spec in COURSES:
        for key, pk in made(spec).files.items():
            file = LessonFile.objects.get(pk=pk)
            rule = Rule(spec, key, FILE)
            mark = marks_of(stage, spec, key)[FILE]
            for holder in ("first-tier", "free", "lapsed", "visitor"):
                persona = stage.people[holder]
                user = User.objects.filter(pk=persona.user_id or 0).first()
                may = rule.may_open(persona)
                yield Ask(
                    path=file_link(file, user),
                    shows=_content(mark, may),
                    holder=holder,
                    opens=frozenset({mark.owner}) if may else frozenset(),
                    askers=STRANGERS,
                )
    yield Ask({"token": NO_TOKEN, "name": "open.txt"}, status=404)


def _content(mark: Mark, may: bool) -> Callable[[Persona], list[Mark]]:
    return lambda _persona: [mark] if may else []


def _ways_around(_stage: Stage) -> Iterable[Ask]:
    """The storage has no address: nothing of it is found below /media/."""
    for spec in COURSES[:3]:
        for pk in made(spec).files.values():
            stored = LessonFile.objects.get(pk=pk).file.name
            for up in ("", "..%2f", "courses/", "%2e%2e/courses/"):
                yield Ask(path=f"/media/{up}{stored}", status=404)


def _certificates(stage: Stage) -> Iterable[Ask]:
    serial = stage.tokens[CERTIFICATE]
    yield Ask({"serial": serial}, status=200, opens=frozenset({CERTIFICATE}))
    yield Ask({"serial": "AAAAA-AAAAA-AAAAA-AAAAA"}, status=404)


def _certificate_files(stage: Stage) -> Iterable[Ask]:
    serial = stage.tokens[CERTIFICATE]

    def status(persona: Persona) -> int:
        if not persona.is_known:
            return 302
        return 200 if persona.is_staff or persona.key == CERTIFIED else 404

    yield Ask({"serial": serial}, status=status)


def _talks(stage: Stage) -> Iterable[Ask]:
    for spec in COURSES:
        for key, pk in made(spec).lessons.items():
            shows = _shown(stage, spec, key, TALK)
            yield Ask({"kind": KIND, "key": pk}, shows=shows if _has_talk(spec, key) else _none)


def _none(_persona: Persona) -> list[Mark]:
    return []


def _has_talk(spec: Course, lesson: str) -> bool:
    return spec.state != CourseState.DRAFT and lesson != DRAFT


def _each_talk(_stage: Stage) -> Iterable[Ask]:
    for spec in COURSES:
        lessons = made(spec).lessons
        for key in (OPEN, LOCKED):
            yield Ask({"kind": KIND, "key": lessons[key]})


def _comments(stage: Stage) -> Iterable[Ask]:
    for spec in COURSES:
        for key, pk in made(spec).lessons.items():
            for comment in Comment.objects.filter(thread__kind=KIND, thread__key=pk):
                yield Ask({"pk": comment.pk}, shows=_shown(stage, spec, key, TALK))


def _comment_acts(_stage: Stage) -> Iterable[Ask]:
    for spec in COURSES:
        lessons = made(spec).lessons
        said = Comment.objects.filter(thread__kind=KIND, thread__key__in=lessons.values())
        for comment in said.order_by("pk")[:2]:
            yield Ask({"pk": comment.pk}, askers=STRANGERS)


def _ways_out(_stage: Stage) -> Iterable[Ask]:
    enrolment = Enrolment.objects.order_by("pk").first()
    token = make_token(MAIL_PURPOSE, enrolment.pk if enrolment else 0)
    return [Ask({"token": token}), Ask({"token": NO_TOKEN}, status=404)]


_TALK_VIEWS: dict[str, Filler] = {
    "comments:show-thread": _talks,
    "comments:write-comment": _each_talk,
    "comments:show-sent": _each_talk,
    "comments:thread-atom": _each_talk,
    "comments:show-comment": _comments,
    "comments:show-replies": _comment_acts,
    "comments:edit-comment": _comment_acts,
    "comments:delete-comment": _comment_acts,
    "comments:like-comment": _comment_acts,
    "comments:report-comment": _comment_acts,
}
_FILLERS: dict[str, Any] = {
    "articles:search-articles": _searches,
    "courses:list-courses": _catalogue,
    "courses:show-course": _courses,
    "courses:begin-course": _each_course,
    "courses:change-settings": _each_course,
    "courses:restart-schedule": _each_course,
    "courses:download-calendar": _each_course,
    "courses:claim-certificate": _each_course,
    "courses:read-lesson": _lessons,
    "courses:complete-lesson": _acts,
    "courses:save-notes": _acts,
    "courses:record-position": _acts,
    "courses:hand-in-assignment": _acts,
    "courses:take-quiz": _quizzes(),
    "courses:start-quiz": _quizzes(),
    "courses:answer-quiz": _quizzes(),
    "courses:hand-in-quiz": _quizzes(),
    "courses:show-attempt": _quizzes(number=1),
    "courses:send-file": _files,
    "courses:send-submission": unsigned(pk=1, name="x.txt"),
    "courses:verify-certificate": _certificates,
    "courses:download-certificate": _certificate_files,
    "courses:show-asked": unsigned(token=NO_TOKEN),
    "courses:confirm-beginning": unsigned(token=NO_TOKEN),
    "courses:leave-mail": _ways_out,
    "media": _ways_around,
    **_TALK_VIEWS,
}

contribute(Contribution("courses", publish_courses, _FILLERS))
