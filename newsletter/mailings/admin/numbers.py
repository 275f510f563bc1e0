"""The numbers of a mailing as the author reads them: parts of the bar, speed, time left."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from newsletter.mailings.models import Mailing
from newsletter.mailings.queries import Counts

_LABELS = {
    "accepted": gettext_lazy("Accepted"),
    "failed": gettext_lazy("Failed"),
    "unknown": gettext_lazy("Unknown"),
    "suppressed": gettext_lazy("Left out"),
    "cancelled": gettext_lazy("Not reached"),
    "sending": gettext_lazy("In hand"),
    "queued": gettext_lazy("Waiting"),
}
_WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """One state's share of the audience."""

    name: str
    label: str
    count: int
    percent: str


def all_parts(counts: Counts) -> list[Part]:
    """Every state, also the empty ones; together they are the audience."""
    whole = counts.audience or 1
    return [
        Part(name, str(label), getattr(counts, name), f"{100 * getattr(counts, name) / whole:.3f}")
        for name, label in _LABELS.items()
    ]


def bar_parts(counts: Counts) -> list[Part]:
    """What is drawn: the states that somebody is in, but for those still waiting."""
    return [part for part in all_parts(counts) if part.count and part.name != "queued"]


def percent(part: int, whole: int) -> str:
    """A share in words; "100 %" only of all, "0 %" only of none."""
    if not whole:
        return ""
    share = 100 * part / whole
    rounded = math.floor(share * 10) / 10 if share > 50 else math.ceil(share * 10) / 10
    return f"{rounded:g} %"


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast it goes, over the last minute in which somebody looked."""

    per_second: float
    seconds_left: float

    @property
    def words(self) -> str:
        """`12 a second` or `40 a minute`."""
        if self.per_second >= 1:
            return _("%(n)s a second") % {"n": round(self.per_second)}
        return _("%(n)s a minute") % {"n": max(1, round(self.per_second * 60))}

    @property
    def time_left(self) -> str:
        """A duration as one would say it."""
        return _duration(timedelta(seconds=self.seconds_left))


def measure_speed(mailing: Mailing, counts: Counts, now: float | None = None) -> Speed | None:
    """Speed from what the counts were at earlier looks; None until there are two.

    Each look leaves its count in the cache. Asking the deliveries themselves for their times
    would read every row of a large mailing every two seconds.
    """
    now = time.time() if now is None else now
    key = f"mailing-looks-{mailing.pk}"
    looks: list[tuple[float, int]] = [
        look for look in cache.get(key, []) if now - _WINDOW <= look[0] <= now
    ]
    # A retry or a decision makes people wait again: what came before says nothing of the speed.
    if looks and looks[-1][1] > counts.settled:
        looks = []
    if not looks or now - looks[-1][0] >= 1:
        cache.set(key, [*looks, (now, counts.settled)], timeout=2 * _WINDOW)
    if not looks:
        return None
    earliest, settled_then = looks[0]
    done, seconds = counts.settled - settled_then, now - earliest
    if done <= 0 or seconds < 1:
        return None
    per_second = done / seconds
    return Speed(per_second, (counts.queued + counts.sending) / per_second)


def _duration(left: timedelta) -> str:
    seconds = max(0, round(left.total_seconds()))
    if seconds < 60:
        return _("less than a minute")
    minutes = round(seconds / 60)
    if minutes < 60:
        return ngettext("about %(n)d minute", "about %(n)d minutes", minutes) % {"n": minutes}
    hours, minutes = divmod(minutes, 60)
    said = ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    if minutes:
        said += " " + ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    return _("about %(duration)s") % {"duration": said}
