"""Every address of the site, found in the URLconf, and what the sentinels fill into it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin
from django.urls import Resolver404, get_resolver, resolve, reverse
from django.urls.resolvers import URLPattern, URLResolver

from newsletter.audit.marks import Medium
from newsletter.audit.registry import Ask, Stage, fillers
from newsletter.lib.opens_to import Opens

_PARAMETER = re.compile(r"<(?:(\w+):)?\w+>")
_NUMBERED = frozenset({"int", "path"})


@dataclass(frozen=True, slots=True)
class Route:
    """One pattern of the URLconf, with those around it."""

    name: str
    pattern: str
    parameters: frozenset[str]
    opens: Opens | None
    is_admin: bool

    @property
    def label(self) -> str:
        """What reports call it."""
        return self.name or f"/{self.pattern}"

    @property
    def medium(self) -> Medium:
        """Whether it is a page for readers or one for staff."""
        is_desk = self.is_admin or self.opens is Opens.STAFF
        return Medium.DESK if is_desk else Medium.WEB


@dataclass(frozen=True, slots=True)
class Place:
    """One address to ask for."""

    route: Route
    ask: Ask
    path: str

    @property
    def medium(self) -> Medium:
        """What it is judged as."""
        return self.ask.medium or self.route.medium


def find_routes() -> list[Route]:
    """Everything that the URLconf leads to, in its order."""
    return list(_walk(get_resolver().url_patterns, "", (), frozenset()))


def _walk(
    patterns: list[URLPattern | URLResolver],
    prefix: str,
    namespaces: tuple[str, ...],
    parameters: frozenset[str],
) -> Iterator[Route]:
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        inner = parameters | frozenset(pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            deeper = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from _walk(pattern.url_patterns, route, deeper, inner)
            continue
        name = ":".join((*namespaces, pattern.name)) if pattern.name else ""
        opens = getattr(pattern.callback, "opens_to", None)
        yield Route(name, route, inner, opens, is_admin="admin" in namespaces)


def places_of(route: Route, stage: Stage) -> list[Place] | None:
    """The addresses to ask for; None where it is a reader's and nobody knows how to fill it."""
    filler = fillers().get(route.name) if route.name else None
    if filler is not None:
        return [Place(route, ask, _path(route, ask)) for ask in filler(stage)]
    if route.is_admin or route.opens is Opens.DEVELOPER:
        # Nothing of the desk is for readers, whatever object is asked for.
        return [Place(route, Ask(), _filled_anyhow(route))]
    if route.parameters:
        return None
    path = reverse(route.name) if route.name else f"/{route.pattern}"
    return [Place(route, Ask(), path)]


def _path(route: Route, ask: Ask) -> str:
    if ask.path:
        return ask.path
    path = reverse(route.name, kwargs=dict(ask.kwargs))
    return f"{path}?{ask.query}" if ask.query else path


def _filled_anyhow(route: Route) -> str:
    """An address of the desk, its numbers those of the first object of that kind."""
    if "(?P" in route.pattern:
        return "/admin/nothing-of-this-name/"
    number = _first_object(route.pattern)
    return "/" + _PARAMETER.sub(
        lambda found: number if found[1] in _NUMBERED else "x", route.pattern
    )


def _first_object(pattern: str) -> str:
    for model in admin.site._registry:
        label, name = model._meta.app_label, model._meta.model_name
        if pattern.startswith(f"admin/{label}/{name}/"):
            first = model._default_manager.order_by("pk").values_list("pk", flat=True).first()
            return str(first or 1)
    return "1"


def route_at(path: str) -> Route | None:
    """The route that answers at an address of this site; None for what no view answers."""
    try:
        match = resolve(urlsplit(path).path)
    except Resolver404:
        return None
    return Route(
        name=match.view_name if match.url_name else "",
        pattern=match.route,
        parameters=frozenset(match.kwargs),
        opens=getattr(match.func, "opens_to", None),
        is_admin="admin" in match.namespaces,
    )


def is_skipped(route: Route) -> bool:
    """What developers alone have, where there are such: their mailbox shows every mail."""
    return route.opens is Opens.DEVELOPER and settings.DEBUG
