"""What the checks look at, and how they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from newsletter.comments.access import MayWrite
from newsletter.comments.classifier import SpamOpinion
from newsletter.comments.enums import Verdict
from newsletter.comments.rules import Rules
from newsletter.comments.standing import Standing


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What the form said beside the text. A form of ours within our own code is a good one."""

    is_trapped: bool = False
    # Opened too shortly before, or with no time that we signed.
    is_too_quick: bool = False
    is_timed: bool = True
    has_worked: bool = True


NO_HISTORY, NO_BAR, GOOD_FORM = Standing(), MayWrite(), FormFacts()


@dataclass(frozen=True, slots=True)
class Draft:
    """A text with every fact about it and its writer, gathered beforehand (actions/judging.py)."""

    body: str
    links: tuple[str, ...]
    name: str
    rules: Rules
    # The body as it is read, without its marks.
    shown: str = ""
    standing: Standing = NO_HISTORY
    bar: MayWrite = NO_BAR
    form: FormFacts = GOOD_FORM
    is_edit: bool = False
    is_visitor: bool = False
    is_staff: bool = False
    # Who has sent too much: "person", "network" or nobody.
    over_limit: str = ""
    is_duplicate: bool = False
    opinion: SpamOpinion | None = None
    # Whether the author has a key, and this is one to ask about.
    asks_akismet: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in words for whoever decides (or, refused, for the writer)."""

    check: str
    verdict: Verdict
    words: str
    data: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "check": self.check,
            "verdict": self.verdict.value,
            "words": self.words,
            "data": self.data,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Finding:
        """From what was stored."""
        return cls(
            stored["check"], Verdict(stored["verdict"]), stored["words"], stored.get("data", {})
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all checks together say."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> list[dict[str, Any]]:
        """As it is stored in `Comment.reasons`."""
        return [finding.as_json() for finding in self.findings]


Check = Callable[[Draft], Finding | None]
