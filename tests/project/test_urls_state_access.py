"""Guard: every address says who may open it (house rule 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from newsletter.accounts.models import User
from newsletter.lib.opens_to import Opens

# Views of other packages, by the namespace or name prefix under which they are mounted, with what
# stands in front of them.
THIRD_PARTY = {
    "account_": "allauth: each view states it by its own mixin; tested in accounts",
    "mfa_": "allauth: signed in",
    "usersessions_": "allauth: signed in",
}


def walk(
    patterns: list[URLPattern | URLResolver], prefix: str = "", namespace: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace or namespace
            yield from walk(pattern.url_patterns, route, inner)
        else:
            yield route, namespace, pattern


def states_access(pattern: URLPattern) -> bool:
    return isinstance(getattr(pattern.callback, "opens_to", None), Opens)


def is_behind_the_desk(namespace: str) -> bool:
    """An address of the admin; the last test below opens each as a visitor and as a reader."""
    return namespace == "admin"


def is_third_party(namespace: str, pattern: URLPattern) -> bool:
    module = getattr(pattern.callback, "__module__", "")
    ours = module.startswith(("newsletter.", "courses.", "config."))
    name = pattern.name or ""
    return not ours and (namespace in THIRD_PARTY or name.startswith(tuple(THIRD_PARTY)))


def test_every_address_states_who_may_open_it() -> None:
    silent = [
        route
        for route, namespace, pattern in walk(get_resolver().url_patterns)
        if not states_access(pattern)
        and not is_third_party(namespace, pattern)
        and not is_behind_the_desk(namespace)
        and not route.startswith(("static/", "^static/"))
    ]
    assert not silent, f"These addresses do not say who may open them (@opens_to): {silent}"


def test_the_guard_sees_a_silent_view() -> None:
    def view(request: object) -> None: ...

    from django.urls import path

    pattern = path("planted/", view)
    assert not states_access(pattern)
    assert not is_third_party("", pattern)


def admin_paths() -> list[str]:
    """Every address of the admin, with 1 for each number and "x" for each text."""
    routes = [
        route
        for route, namespace, _ in walk(get_resolver().url_patterns)
        if namespace == "admin" and "(?P" not in route
    ]
    return ["/" + re.sub(r"<(?:path|int):\w+>", "1", re.sub(r"<str:\w+>", "x", r)) for r in routes]


# Where a visitor signs in and out, and words for scripts: nothing of anybody's.
OPEN_IN_THE_ADMIN = ("/admin/login/", "/admin/logout/", "/admin/jsi18n/")


@pytest.mark.django_db
@pytest.mark.parametrize("as_reader", [False, True])
def test_nobody_but_staff_opens_any_address_of_the_admin(as_reader: bool) -> None:
    client = Client()
    if as_reader:
        client.force_login(User.objects.create_user("reader@example.com"))
    paths = [path for path in admin_paths() if not path.startswith(OPEN_IN_THE_ADMIN)]
    assert len(paths) > 50
    for path in paths:
        for response in (client.get(path), client.post(path)):
            sent_away = response.status_code == 302 and "/login/" in response["Location"]
            assert sent_away or response.status_code in {403, 404, 405}, (
                path,
                response.status_code,
                response.get("Location"),
            )
