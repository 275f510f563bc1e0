"""Akismet: the only file that talks to it, and only where the author has entered a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import requests
import structlog
from django.conf import settings

from newsletter.comments.enums import Label

log = structlog.get_logger(__name__)

API_BASE = "https://rest.akismet.com"
# For the connection, and for each part of the answer.
TIMEOUT_SECONDS = 3
_LABELS = {"true": Label.SPAM, "false": Label.HAM}
_KEYS = {"valid": True, "invalid": False}
_LESSONS = {Label.SPAM: "submit-spam", Label.HAM: "submit-ham"}


@dataclass(frozen=True, slots=True)
class Question:
    """What Akismet is told of a comment: never the mail address of who wrote it."""

    body: str
    name: str
    ip: str
    user_agent: str
    page: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What it takes a comment for, or why it said nothing. `is_final`: asking again is no use."""

    label: str = ""
    problem: str = ""
    is_final: bool = False


def ask_akismet(key: str, question: Question) -> Answer:
    """Whether it takes this for spam."""
    response = _post("comment-check", _fields(key, question))
    if isinstance(response, Answer):
        return response
    label = _LABELS.get(response.text.strip())
    return Answer(label=label) if label else _refusal(response)


def tell_akismet(key: str, question: Question, label: Label) -> Answer:
    """Say what a comment was, where it had taken it for something else."""
    response = _post(_LESSONS[label], _fields(key, question))
    if isinstance(response, Answer):
        return response
    # "Thanks for making the web a better place."
    return Answer(label=label) if response.text.startswith("Thanks") else _refusal(response)


def is_known_key(key: str) -> bool | None:
    """Whether Akismet takes this key for our site; None where it said neither yes nor no."""
    response = _post("verify-key", {"key": key, "blog": settings.SITE_URL})
    if isinstance(response, Answer):
        return None
    known = _KEYS.get(response.text.strip())
    if not known:
        _refusal(response)
    return known


def _fields(key: str, question: Question) -> dict[str, str]:
    return {
        "api_key": key,
        "blog": settings.SITE_URL,
        "user_ip": question.ip,
        "user_agent": question.user_agent,
        "permalink": question.page,
        "comment_type": "comment",
        "comment_author": question.name,
        "comment_content": question.body,
        "comment_date_gmt": question.at.isoformat(timespec="seconds"),
    }


def _post(path: str, fields: Mapping[str, str]) -> requests.Response | Answer:
    try:
        response = requests.post(
            f"{API_BASE}/1.1/{path}", data=fields, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        log.warning("akismet_not_reached", path=path, error=type(error).__name__)
        return Answer(problem=type(error).__name__)
    if response.status_code == 200:
        return response
    log.warning("akismet_refused", path=path, status=response.status_code)
    is_theirs = response.status_code >= 500 or response.status_code == 429
    return Answer(problem=f"HTTP {response.status_code}", is_final=not is_theirs)


def _refusal(response: requests.Response) -> Answer:
    """It answered, and not what it was asked: a wrong key, most of the time."""
    words = response.headers.get("X-akismet-debug-help", "") or response.text.strip()
    log.warning("akismet_refused", help=words[:200])
    return Answer(problem=words[:200], is_final=True)
