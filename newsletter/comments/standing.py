"""What somebody's history says of them. Derived each time, stored nowhere."""

from __future__ import annotations

from dataclasses import dataclass

# So many approved comments, and few others, before links are let through unseen.
TRUSTED_FROM = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts of one person's comments by what became of them, and of their reports."""

    is_confirmed: bool = False
    approved: int = 0
    rejected: int = 0
    spam: int = 0
    reports_upheld: int = 0
    reports_dismissed: int = 0

    @property
    def is_known(self) -> bool:
        """Whether a comment of theirs, from a confirmed address, was good enough before."""
        return self.is_confirmed and self.approved > 0

    @property
    def is_trusted(self) -> bool:
        """Whether they have earned that less is asked of them."""
        bad = self.rejected + 2 * self.spam
        return self.is_known and self.approved >= TRUSTED_FROM and self.approved >= 5 * bad

    @property
    def reports_count(self) -> bool:
        """Whether their reports count towards hiding: not those of who reports what others keep."""
        wrong = self.reports_dismissed
        return self.is_confirmed and not (wrong >= 3 and wrong > 2 * self.reports_upheld)
