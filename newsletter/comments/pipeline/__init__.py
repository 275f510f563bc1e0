"""The pipeline: ordered pure checks, each of which says what it thinks and why.

`judge(draft)` asks them in order. A refusal ends it: nothing is stored and the writer is told.
Everything else is collected, so that whoever decides reads every reason and not only the first.
"""

from __future__ import annotations

from newsletter.comments.enums import Verdict
from newsletter.comments.pipeline.content import (
    check_akismet,
    check_classifier,
    check_duplicate,
    check_held_words,
    check_links,
    check_refused_words,
)
from newsletter.comments.pipeline.draft import (
    GOOD_FORM,
    NO_BAR,
    NO_HISTORY,
    Check,
    Draft,
    Finding,
    FormFacts,
    Outcome,
)
from newsletter.comments.pipeline.form import check_time, check_trap, check_work
from newsletter.comments.pipeline.person import (
    check_bar,
    check_first_timer,
    check_premoderation,
    check_rate,
)

__all__ = [
    "CHECKS",
    "FORM_CHECKS",
    "GOOD_FORM",
    "NO_BAR",
    "NO_HISTORY",
    "Draft",
    "Finding",
    "FormFacts",
    "Outcome",
    "judge",
]

CHECKS: tuple[Check, ...] = (
    check_bar,
    check_rate,
    check_trap,
    check_time,
    check_duplicate,
    check_links,
    check_refused_words,
    check_held_words,
    check_work,
    check_classifier,
    check_akismet,
    check_premoderation,
    check_first_timer,
)
# What these found is about the form that was sent; it is kept when a text is judged again.
FORM_CHECKS = frozenset({"trap", "time", "work"})

_SEVERITY = [Verdict.PASS, Verdict.HOLD, Verdict.SPAM, Verdict.REFUSE]


def judge(draft: Draft, *, kept: tuple[Finding, ...] = ()) -> Outcome:
    """Ask every check about `draft`; `kept` are earlier findings that still count. Pure."""
    findings = list(kept)
    for check in CHECKS:
        finding = check(draft)
        if finding is None:
            continue
        if finding.verdict == Verdict.REFUSE:
            return Outcome(Verdict.REFUSE, (finding,))
        findings.append(finding)
    worst = max((_SEVERITY.index(found.verdict) for found in findings), default=0)
    return Outcome(_SEVERITY[worst], tuple(findings))
