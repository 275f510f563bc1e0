"""Mail that is rendered at the moment it is handed over, from what is true then.

What a mail quotes may be taken away between queueing and sending, and a server that is down can
make that a day. Such a mail has no texts until it goes: a slice registers under its kind what
renders it, and says None where it has lost its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from newsletter.lib.emails import RenderedEmail

Render = Callable[[dict[str, Any]], RenderedEmail | None]

_renders: dict[str, Render] = {}


def register_late(kind: str, render: Render) -> None:
    """Let mails of this kind be rendered by `render(about)`; the same kind again replaces it."""
    _renders[kind] = render


def render_late(kind: str, about: dict[str, Any]) -> RenderedEmail | None:
    """The mail as it is now; None where it should not go any more."""
    return _renders[kind](about)
