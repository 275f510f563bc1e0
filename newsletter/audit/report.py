"""What an audit found, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

_SHOWN_PER_GROUP = 5


class Kind(StrEnum):
    """What is wrong."""

    LEAK = "leak"
    MISSING = "missing"
    STATUS = "status"
    ORACLE = "oracle"
    UNFILLED = "unfilled"
    ERROR = "error"


_TITLES = {
    Kind.LEAK: "Shown to somebody who must not see it",
    Kind.MISSING: "Not shown to somebody who must see it",
    Kind.STATUS: "Answered otherwise than it must be",
    Kind.ORACLE: "Search tells whether a word stands in what is not public",
    Kind.UNFILLED: "Not audited: no filler knows what this address shows",
    Kind.ERROR: "Failed while it was asked",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in one place, for one persona.

    `check` is the name of the view, or of the check ("mail", "search", "cache", "links").
    `spot` is where in the answer it stands: a header, an element, a part of a mail.
    """

    kind: Kind
    check: str
    url: str = ""
    persona: str = ""
    owner: str = ""
    part: str = ""
    spot: str = ""
    excerpt: str = ""
    detail: str = ""


@dataclass
class Report:
    """All findings, and how much was looked at."""

    findings: list[Finding] = field(default_factory=list)
    looked_at: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    _known: set[Finding] = field(default_factory=set, repr=False)

    def add(self, found: Iterable[Finding]) -> None:
        """Take each finding once: one spot is asked in several ways and may hold a word twice."""
        for finding in found:
            name = replace(finding, excerpt="")
            if name not in self._known:
                self._known.add(name)
                self.findings.append(finding)

    @property
    def exit_code(self) -> int:
        """1 where anything is wrong."""
        return 1 if self.findings else 0

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "ok": not self.findings,
            "looked_at": dict(sorted(self.looked_at.items())),
            "notes": self.notes,
            "findings": [asdict(finding) for finding in self.findings],
        }

    def as_text(self) -> str:
        """For a terminal: what is wrong, the same thing for several personas together."""
        lines: list[str] = []
        for kind, title in _TITLES.items():
            of_kind = [finding for finding in self.findings if finding.kind is kind]
            if of_kind:
                lines += [f"{title}: {len(of_kind)}", ""]
                lines += _groups(of_kind)
        lines += self.notes
        looked = ", ".join(f"{count} {what}" for what, count in sorted(self.looked_at.items()))
        verdict = "The paywall does not hold." if self.findings else "The paywall holds."
        return "\n".join([*lines, f"Looked at {looked}.", verdict])


def _groups(findings: list[Finding]) -> list[str]:
    grouped: dict[tuple[str, ...], list[Finding]] = {}
    for each in findings:
        key = (each.check, each.owner, each.part, each.spot, each.detail)
        grouped.setdefault(key, []).append(each)
    lines: list[str] = []
    for (check, owner, part, spot, detail), group in grouped.items():
        what = f" of {owner}" if owner else ""
        lines.append(f"  {check}: {part or detail}{what}" + (f" in {spot}" if spot else ""))
        if part and detail:
            lines.append(f"    {detail}")
        personas = list(dict.fromkeys(each.persona for each in group if each.persona))
        if personas:
            lines.append(f"    as {', '.join(personas)}")
        urls = list(dict.fromkeys(each.url for each in group if each.url))
        lines += [f"    {url}" for url in urls[:_SHOWN_PER_GROUP]]
        if len(urls) > _SHOWN_PER_GROUP:
            lines.append(f"    and {len(urls) - _SHOWN_PER_GROUP} more")
        if group[0].excerpt:
            lines.append(f"    … {group[0].excerpt} …")
        lines.append("")
    return lines
