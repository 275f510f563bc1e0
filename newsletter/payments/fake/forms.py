"""Stripe's form encoding: a[b][0]=c, read back into nested values. All leaves are texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

_PARTS = re.compile(r"\[([^\]]*)\]")


def decode(encoded: str) -> dict[str, Any]:
    """Return the nested parameters of a query string or body; lists where the keys are 0, 1, …"""
    return nest(parse_qsl(encoded, keep_blank_values=True))


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Put flat pairs together: [("a[b][0]", "c")] is {"a": {"b": ["c"]}}."""
    root: dict[str, Any] = {}
    for key, value in pairs:
        head, bracket, _rest = key.partition("[")
        path = [head, *_PARTS.findall(key)] if bracket else [head]
        node = root
        for part in path[:-1]:
            node = node.setdefault(part or str(len(node)), {})
        last = path[-1]
        node[last if last else str(len(node))] = value
    return {key: _lists(value) for key, value in root.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(each) for key, each in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner
