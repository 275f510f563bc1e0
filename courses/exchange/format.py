"""What the front matter of each kind of file may say, and which field of ours it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _

from courses.drip import MOST_DAYS
from courses.enums import (
    Accepts,
    AccessLength,
    CertificateStyle,
    CompletedBy,
    CourseAccess,
    CourseState,
    Drip,
    Feedback,
    FileRole,
    LessonKind,
    LessonMail,
    LessonState,
    QuestionKind,
)


class Kind(Enum):
    """What a value is. LINES: a list of texts that the field holds one per line."""

    TEXT = "text"
    LINES = "list of texts"
    LIST = "list of words"
    FLAG = "true or false"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Field:
    """One key. `attr` is the model's field; empty: it is handled by name."""

    key: str
    attr: str = ""
    kind: Kind = Kind.TEXT
    default: Any = ""
    choices: tuple[str, ...] = ()
    most: int = 0
    is_required: bool = False
    # Of a page of the web.
    is_address: bool = False


def _flag(key: str, attr: str, default: bool) -> Field:
    return Field(key, attr, Kind.FLAG, default)


def _number(key: str, attr: str, default: int | None, most: int) -> Field:
    return Field(key, attr, Kind.NUMBER, default, most=most)


def _one_of(key: str, attr: str, default: str, choices: list[str]) -> Field:
    return Field(key, attr, Kind.TEXT, str(default), tuple(map(str, choices)))


_ID = Field("id", most=200)
COURSE = (
    Field("id", most=120),
    Field("title", "title", most=200, is_required=True),
    Field("slug", most=200),
    Field("promise", "promise", most=300),
    Field("for_whom", "for_whom", Kind.LINES),
    Field("outcomes", "outcomes", Kind.LINES),
    _one_of("state", "", CourseState.DRAFT, CourseState.values),
    _flag("listed", "is_listed", True),
    _number("position", "position", 0, 32_767),
    _one_of("access", "access", CourseAccess.FREE, CourseAccess.values),
    Field("tiers", "", Kind.LIST, ()),
    Field("products", "", Kind.LIST, ()),
    Field("newsletter"),
    _one_of("access_length", "access_length", AccessLength.LIFETIME, AccessLength.values),
    _number("access_months", "access_months", None, 1200),
    Field("access_until", "access_until", Kind.DATE, None),
    Field("time_zone", "time_zone", default="UTC", most=64),
    _number("release_hour", "release_hour", 8, 23),
    _one_of("default_drip", "default_drip", Drip.NONE, Drip.values),
    _number("default_drip_days", "default_drip_days", 0, MOST_DAYS),
    _flag("sequential", "is_sequential", False),
    _flag("discussion", "has_discussion", True),
    _flag("mail_series", "is_mail_series", False),
    Field("mail_newsletter"),
    _flag("certificate", "has_certificate", False),
    _one_of(
        "certificate_style",
        "certificate_style",
        CertificateStyle.CLASSIC,
        CertificateStyle.values,
    ),
    Field("certificate_heading", "certificate_heading", most=120),
    Field("certificate_text", "certificate_text", most=400),
    Field("certificate_signatory", "certificate_signatory", most=120),
    Field("certificate_signature"),
    Field("instructors", "", Kind.LIST, ()),
    Field("cover"),
    Field("trailer_url", "trailer_url", most=200, is_address=True),
    Field("seo_title", "seo_title", most=200),
    Field("seo_description", "seo_description", most=300),
)
QUESTION_AND_ANSWER = (
    Field("question", most=500, is_required=True),
    Field("answer", most=5000, is_required=True),
)
MODULE = (
    _ID,
    Field("title", most=200, is_required=True),
    Field("summary", most=300),
    Field("prerequisite", most=200),
)
LESSON = (
    _ID,
    Field("title", "title", most=200, is_required=True),
    Field("slug", most=200),
    _one_of("kind", "kind", LessonKind.TEXT, LessonKind.values),
    Field("summary", "summary", most=300),
    _one_of("state", "", LessonState.PUBLISHED, LessonState.values),
    _number("minutes", "estimated_minutes", None, 32_767),
    _flag("required", "is_required", True),
    _flag("preview", "is_preview", False),
    Field("media_url", "media_url", most=500, is_address=True),
    _number("media_seconds", "media_seconds", None, 1_000_000),
    Field("poster"),
    _one_of("drip", "drip", Drip.NONE, Drip.values),
    _number("drip_days", "drip_days", 0, MOST_DAYS),
    Field("drip_date", "drip_date", Kind.DATE, None),
    _one_of("mail", "mail", LessonMail.FULL, LessonMail.values),
    Field("mail_subject", "mail_subject", most=200),
    Field("mail_preheader", "mail_preheader", most=200),
)
FILE = (
    Field("path", most=300, is_required=True),
    _one_of("role", "role", FileRole.DOWNLOAD, FileRole.values),
    Field("title", "title", most=200),
    Field("language", "language", most=20),
)
QUIZ = (
    _number("pass_percent", "pass_percent", 70, 100),
    _number("max_attempts", "max_attempts", None, 1000),
    _flag("shuffles_questions", "shuffles_questions", False),
    _flag("shuffles_choices", "shuffles_choices", True),
    _number("sample_size", "sample_size", None, 1000),
    _one_of("feedback", "feedback", Feedback.AT_END, Feedback.values),
)
QUESTION = (
    _ID,
    _one_of("kind", "kind", QuestionKind.SINGLE, QuestionKind.values),
    Field("prompt", "prompt", most=2000, is_required=True),
    Field("right", "accepted", Kind.LIST, ()),
    _flag("case_sensitive", "is_case_sensitive", False),
    _number("points", "points", 1, 1000),
    Field("feedback_right", "feedback_right", most=2000),
    Field("feedback_wrong", "feedback_wrong", most=2000),
)
CHOICE = (
    Field("text", "text", most=500, is_required=True),
    _flag("correct", "is_correct", False),
    Field("feedback", "feedback", most=500),
)
ASSIGNMENT = (
    _one_of("accepts", "accepts", Accepts.EITHER, Accepts.values),
    _one_of("completed_by", "completed_by", CompletedBy.HANDING_IN, CompletedBy.values),
    _number("max_megabytes", "max_megabytes", 20, 500),
)


def what_is_wrong(each: Field, value: Any) -> str:
    """Why `value` is none for this field; empty where it is one."""
    match each.kind:
        case Kind.FLAG:
            return "" if isinstance(value, bool) else _("must be true or false.")
        case Kind.NUMBER:
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                return _("must be a whole number.")
            return _("must be at most %s.") % each.most if value > each.most else ""
        case Kind.DATE:
            is_day = isinstance(value, date) and not isinstance(value, datetime)
            return "" if is_day else _("must be a date, such as 2027-03-01 (without quotes).")
        case Kind.LIST | Kind.LINES:
            is_list = isinstance(value, list) and all(
                isinstance(item, str) and "\x00" not in item for item in value
            )
            return "" if is_list else _("must be a list of texts in quotes.")
    if not isinstance(value, str):
        return _("must be a text in quotes.")
    if "\x00" in value:
        return _("holds a character that no text has.")
    if each.is_address and value and not re.match(r"https?://[^\s/]", value):
        return _("must be an address that begins with https://.")
    if each.choices and value not in each.choices:
        return _("must be one of %s.") % ", ".join(each.choices)
    if each.is_required and not value.strip():
        return _("must not be empty.")
    return _("is longer than %s characters.") % each.most if 0 < each.most < len(value) else ""


def tidied(each: Field, value: Any) -> Any:
    """A value as it is kept."""
    if each.kind in {Kind.LIST, Kind.LINES}:
        return tuple(" ".join(item.split()) for item in value if item.strip())
    return value.strip() if isinstance(value, str) else value


def stored(fields: tuple[Field, ...], values: dict[str, Any]) -> dict[str, Any]:
    """What of read `values` goes into the model's fields of the same table."""
    return {
        field.attr: "\n".join(values[field.key])
        if field.kind is Kind.LINES
        else list(values[field.key])
        if field.kind is Kind.LIST
        else values[field.key]
        for field in fields
        if field.attr
    }


def told(fields: tuple[Field, ...], row: object) -> dict[str, Any]:
    """What a row says in front matter; what is as it would be anyway is left out."""
    values: dict[str, Any] = {}
    for field in fields:
        if not field.attr:
            # Its place in the order; whoever writes the file fills it in.
            values[field.key] = None
            continue
        value = getattr(row, field.attr)
        if field.kind is Kind.LINES:
            value = [line for line in value.split("\n") if line.strip()]
        if isinstance(value, list):
            values[field.key] = value or None
        else:
            values[field.key] = None if value == field.default else _plain(value)
    return values


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | date) else str(value)
