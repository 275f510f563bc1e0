"""What a person's page is made of: each slice above this one adds its own part.

`register_panel` is called where a slice's admin is imported, so the order is theirs to say by
`position`. A panel that its viewer has no right to is neither shown nor read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.accounts.models import User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Panel:
    """One part of the page. `load` reads all that `template` shows, in a fixed number of queries;
    the viewer needs one of `permissions`."""

    name: str
    title: StrOrPromise
    template: str
    permissions: tuple[str, ...]
    load: Callable[[User], dict[str, Any]]
    position: int


@dataclass(frozen=True)
class LoadedPanel:
    """A part, read and ready to be shown."""

    panel: Panel
    shown: dict[str, Any]


_panels: dict[str, Panel] = {}


def register_panel(panel: Panel) -> None:
    """Add a part to every person's page; the same name again replaces it."""
    _panels[panel.name] = panel


def load_panels(*, actor: User, person: User) -> list[LoadedPanel]:
    """Read the parts that `actor` may see, in their order."""
    return [
        LoadedPanel(panel, panel.load(person))
        for panel in sorted(_panels.values(), key=lambda each: each.position)
        if any(actor.has_perm(permission) for permission in panel.permissions)
    ]
