"""Whether the `make` that started this process has been told to end.

Ctrl-C in a terminal reaches everybody. A SIGINT for make alone (a supervisor, a script) does not:
make stops catching the signal, tells nobody, and waits for its children. On Linux that can be seen;
elsewhere, and without make, nothing is noticed.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

_SIGINT_BIT = 1 << (signal.SIGINT - 1)


class Maker:
    """The parent process, where it is make."""

    def __init__(self) -> None:
        self._pid = os.getppid()
        status = _status_of(self._pid)
        self._is_make = status.get("Name") in {"make", "gmake"} and _catches_interrupt(status)

    def is_ending(self) -> bool:
        """Whether make is gone, or waits for us to go."""
        if not self._is_make:
            return False
        return os.getppid() != self._pid or not _catches_interrupt(_status_of(self._pid))


def _status_of(pid: int) -> dict[str, str]:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return {}


def _catches_interrupt(status: dict[str, str]) -> bool:
    return bool(int(status.get("SigCgt", "0"), 16) & _SIGINT_BIT)
