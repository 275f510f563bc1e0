"""A moment as people read it, in the zone of whoever looks, and exactly for everything else."""

from __future__ import annotations

import calendar
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils import formats, timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

IN_FULL = "j F Y, H:i"
IN_A_LIST = "j M Y, H:i"


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time so many months later; the month's last day where it is shorter."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def moment_html(at: datetime | None, shape: str = IN_FULL) -> SafeString:
    """`<time>` with `at` as Django's date format `shape` writes it; nothing for nothing."""
    if at is None:
        return SafeString("")
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        formats.date_format(local, shape),
    )


def with_moment(words: StrOrPromise, at: datetime | None, shape: str = IN_FULL) -> SafeString:
    """A sentence of ours with `%(when)s` in it, ready for a page."""
    return mark_safe(escape(words) % {"when": moment_html(at, shape)})


def moment_column(field: str, description: StrOrPromise) -> Any:
    """A column or a fixed field of the admin that shows the moment in `field` of its row.

    A function, which django-stubs does not take where it wants names of fields.
    """

    def shown(row: Any) -> SafeString:
        return moment_html(getattr(row, field), IN_A_LIST)

    shown.__name__ = field
    return admin.display(description=description, ordering=field)(shown)
