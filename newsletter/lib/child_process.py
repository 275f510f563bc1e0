"""What a process that this site starts is told before it begins."""

from __future__ import annotations

import contextlib
import ctypes
import signal
from collections.abc import Iterator

PR_SET_PDEATHSIG = 1
ENDING = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def held_back_endings() -> Iterator[None]:
    """Let SIGINT and SIGTERM wait until the block is done.

    A handler that raises in the midst of `Popen` leaves a child running that no name holds, so
    that nobody ends it. A child inherits what is held back: `hear_endings` in its `preexec_fn`.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hear_endings() -> None:
    """Undo in a child what `held_back_endings` did in its parent. For `preexec_fn`."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def die_with_parent() -> None:
    """Linux: end this child also where the parent is killed with -9. Elsewhere: nothing.

    For `preexec_fn`.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
