"""The time zones a person may choose, under names that people know."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC = "UTC"


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every zone that may be chosen: one a place, as the tz database's own table lists them."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    names = {line.split("\t")[2] for line in table.splitlines() if line and line[0] != "#"}
    return frozenset(names | {UTC})


def find_zone(*names: str) -> ZoneInfo | None:
    """The first of these zones that there is; the tz database drops old names."""
    for name in filter(None, names):
        # ValueError: no name of a zone at all, such as one with dots.
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(name)
    return None


@lru_cache(maxsize=1)
def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices for a select, grouped by region: ("Europe", [("Europe/Vienna", "Vienna"), …])."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(zone_names() - {UTC}):
        region, _, place = name.partition("/")
        label = ", ".join(reversed(place.replace("_", " ").split("/")))
        groups.setdefault(region, []).append((name, label))
    return [
        (region, sorted(places, key=lambda choice: choice[1])) for region, places in groups.items()
    ]
