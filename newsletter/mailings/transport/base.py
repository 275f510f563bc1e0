"""The small interface behind which every way of handing over a mail looks alike."""

from __future__ import annotations

from typing import Protocol

from newsletter.mailings.outcomes import Outcome


class Transport(Protocol):
    """Hands over finished messages one by one, over one connection where there is such a thing.

    Nothing here raises for what the other side does: every fault is an `Outcome`.
    """

    def open(self) -> Outcome | None:
        """Get ready; None when ready. Costs nothing when it is so already."""

    def send(self, message: bytes, sender: str, recipient: str) -> Outcome:
        """Hand over one message to exactly one recipient. Opens by itself where needed."""

    def close(self) -> None:
        """Let go of the connection."""
