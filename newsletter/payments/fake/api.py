"""The HTTP side: which path does what, idempotency keys, expanding, pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from newsletter.payments.fake.forms import decode
from newsletter.payments.fake.objects import whole_list
from newsletter.payments.fake.store import Json
from newsletter.payments.fake.world import Refusal, World

Handler = Callable[..., Json]
_ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []
KEEP_ANSWERS_SECONDS = 24 * 3600


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Let a function answer `path`; {id} in it is handed over as the argument of that name."""

    def keep(handler: Handler) -> Handler:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        _ROUTES.append((method, re.compile(pattern + r"\Z"), handler))
        return handler

    return keep


def answer(
    world: World, method: str, url: str, headers: Mapping[str, str], body: str
) -> tuple[int, Json]:
    """Answer one request as Stripe does: (status, body)."""
    parts = urlsplit(url)
    params = decode(body if method == "post" else parts.query)
    key = headers.get("Idempotency-Key", "") if method == "post" else ""
    request = f"{method} {parts.path} {json.dumps(params, sort_keys=True)}"
    with world.store.transaction():
        known = world.store.answer(key, world.now - KEEP_ANSWERS_SECONDS) if key else None
        if known is not None:
            if known[0] != request:
                clash = Refusal(
                    "Keys for idempotent requests can only be used with the same parameters they"
                    f" were first used with. Try using a key other than '{key}'.",
                    kind="idempotency_error",
                )
                return clash.status, clash.body
            return known[1], json.loads(known[2])
        try:
            status, found = 200, _handle(world, method, parts.path, params)
        except Refusal as refusal:
            status, found = refusal.status, refusal.body
        # Stripe keeps no answer of a request that its checks refused: nothing had begun.
        if key and status in {200, 402}:
            world.store.remember(key, request, status, json.dumps(found), world.now)
        return status, found


def _handle(world: World, method: str, path: str, params: Json) -> Json:
    for verb, pattern, handler in _ROUTES:
        match = pattern.match(path) if verb == method else None
        if match:
            wanted = params.pop("expand", [])
            found = handler(world, params, **match.groupdict())
            for each in wanted if isinstance(wanted, list) else [wanted]:
                expand(world, found, each.split("."))
            return found
    raise Refusal(f"Unrecognized request URL ({method.upper()}: {path}).", status=404)


def expand(world: World, node: Any, path: list[str]) -> None:
    """Put whole objects in the place of their ids along `path`."""
    if isinstance(node, list):
        for each in node:
            expand(world, each, path)
        return
    if not isinstance(node, dict) or not path:
        return
    head, rest = path[0], path[1:]
    if head not in node:
        raise Refusal(f"This property cannot be expanded ({head}).", param="expand")
    value = node[head]
    if isinstance(value, str):
        node[head] = value = _whole(world, value, head)
    elif isinstance(value, list):
        node[head] = value = [
            _whole(world, each, head) if isinstance(each, str) else each for each in value
        ]
    expand(world, value, rest)


def _whole(world: World, object_id: str, name: str) -> Json:
    found = world.store.get(object_id)
    if found is None:
        raise Refusal(f"This property cannot be expanded ({name}).", param="expand")
    return found


def page(found: list[Json], params: Json, url: str) -> Json:
    """One page of what was found, newest first."""
    limit = int(params.get("limit", 10))
    if not 1 <= limit <= 100:
        raise Refusal("Invalid integer: limit", code="parameter_invalid_integer", param="limit")
    found = [each for each in found if _in_range(each["created"], params.get("created"))]
    ids = [each["id"] for each in found]
    for name in ("starting_after", "ending_before"):
        if name in params and params[name] not in ids:
            raise Refusal(f"No such object: '{params[name]}'", code="resource_missing", param=name)
    if "ending_before" in params:
        head = found[: ids.index(params["ending_before"])]
        return whole_list(head[-limit:], url, has_more=len(head) > limit)
    begin = ids.index(params["starting_after"]) + 1 if "starting_after" in params else 0
    rest = found[begin:]
    return whole_list(rest[:limit], url, has_more=len(rest) > limit)


def _in_range(created: int, wanted: Any) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return created == int(wanted)
    compare: dict[str, Callable[[int, int], bool]] = {
        "gt": int.__gt__,
        "gte": int.__ge__,
        "lt": int.__lt__,
        "lte": int.__le__,
    }
    return all(compare[name](created, int(value)) for name, value in wanted.items())


def merged(old: Json, new: Any) -> Json:
    """Metadata after an update: keys are added or replaced, "" removes one or all."""
    if new is None:
        return old
    if new == "":
        return {}
    return {key: value for key, value in {**old, **new}.items() if value != ""}


def flag(value: Any) -> bool:
    return value in (True, "true")
