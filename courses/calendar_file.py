"""What opens when, as a file for calendar programs (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from courses.addresses import course_path, lesson_path
from courses.screens import CourseScreen
from newsletter.articles.cards import absolute

CONTENT_TYPE = "text/calendar; charset=utf-8"
_LENGTH = timedelta(minutes=30)
_OCTETS = 75


def calendar_text(screen: CourseScreen) -> str:
    """One event for each moment at which something opens."""
    course, now = screen.room.course, screen.room.now
    host = absolute("/").split("/")[2]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{_escape(host)}//courses//"]
    lines.append(f"X-WR-CALNAME:{_escape(course.title)}")
    for opening in screen.calendar:
        titles = ", ".join(lesson.title for lesson in opening.lessons)
        one = opening.lessons[0]
        url = lesson_path(course, one) if len(opening.lessons) == 1 else course_path(course)
        lines += [
            "BEGIN:VEVENT",
            # The same lesson keeps its entry when its day changes.
            f"UID:lesson-{one.pk}@{host}",
            f"DTSTAMP:{_stamp(now)}",
            f"DTSTART:{_stamp(opening.at)}",
            f"DTEND:{_stamp(opening.at + _LENGTH)}",
            f"SUMMARY:{_escape(f'{course.title}: {titles}')}",
            f"URL:{absolute(url)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "\r\n".join(_fold(line) for line in lines) + "\r\n"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escape(text: str) -> str:
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _fold(line: str) -> str:
    """Lines of at most 75 octets; the next begins with a space and breaks no character."""
    parts, current = [], ""
    for character in line:
        if len((current + character).encode()) > _OCTETS - 1:
            parts.append(current)
            current = ""
        current += character
    return "\r\n ".join([*parts, current])
