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
    """Let SIGINT and SIGTERM wait until the block is done. In the main thread, as all handlers are.

    A handler that raises in the midst of `Popen` leaves a child running that no name holds, so
    that nobody ends it. A child's own handlers are the default ones again.
    """
    came: list[int] = []
    # Not by a mask of signals: the kernel would give them to another thread of this process.
    before = {each: signal.signal(each, lambda number, _: came.append(number)) for each in ENDING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if came:
            signal.raise_signal(came[0])


def die_with_parent() -> None:
    """Linux: end this child also where the parent is killed with -9. Elsewhere: nothing.

    For `preexec_fn`.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
