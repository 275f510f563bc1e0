"""What the staff wrote and did about somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from newsletter.accounts.models import User
from newsletter.lib.plain_rows import PlainRow, plain_rows
from newsletter.members.actions import erase_desk_rows_about
from newsletter.members.personal_data import DataPart, by_staff, data_parts, deleted, kept
from newsletter.members.queries import export_desk_rows_about

MEMBERS = DataPart(
    name="members",
    title=_("Kept by the staff"),
    files={
        "notes": _("Notes of the staff about you."),
        "support_visits": _("When the staff looked at the site as you see it, and why."),
        "copies": _("Copies of your data, like this one."),
        "deletions": _("When the deletion of your account was asked for."),
    },
    export=export_desk_rows_about,
    erase=erase_desk_rows_about,
    held=(
        *deleted("newsletter.MemberNote.user", file="notes"),
        *deleted("newsletter.SupportVisit.user", file="support_visits"),
        *deleted("newsletter.DataExport.user", file="copies"),
        *kept(
            "newsletter.Erasure.user",
            file="deletions",
            why="the proof that it was done, when, and at whose word",
        ),
        *by_staff(
            "newsletter.MemberNote.author",
            "newsletter.SupportVisit.actor",
            "newsletter.DataExport.asked_by",
            "newsletter.Erasure.asked_by",
        ),
    ),
    position=70,
)


def _entries_about(user: User) -> QuerySet[LogEntry]:
    """What the admin noted of somebody's rows: it keeps each under the name that it then had."""
    # As a whole: it may also be a part of somebody else's address.
    address = rf"(^|[^a-z0-9._+-]){re.escape(user.email)}($|[^a-z0-9.-])"
    about = Q(object_repr__iregex=address) | Q(change_message__iregex=address)
    about |= Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    for model, name in _ways_to_a_person():
        mine = model._default_manager.filter(**{name: user}).order_by()
        keys = mine.annotate(_key=Cast("pk", TextField())).values("_key")
        about |= Q(content_type=ContentType.objects.get_for_model(model), object_id__in=keys)
    return LogEntry.objects.filter(about)


def _ways_to_a_person() -> Iterator[tuple[type[Model], str]]:
    """Models that the admin shows, so that it notes their rows, with the key that says whose."""
    for held in (held for part in data_parts() for held in part.held if held.file):
        label, _dot, name = held.field.rpartition(".")
        model = apps.get_model(label)
        if model in admin.site._registry and model._meta.get_field(name).is_relation:
            yield model, name


def _erase_log(*, user: User) -> None:
    """Leave what the staff did and when, without what the rows were called."""
    _entries_about(user).update(object_repr="-", change_message="")


def _export_log(user: User) -> dict[str, list[PlainRow]]:
    entries = LogEntry.objects.filter(pk__in=_entries_about(user).values("pk")) | (
        LogEntry.objects.filter(user=user)
    )
    return {
        "desk_log": plain_rows(
            entries.order_by("pk"),
            at="action_time",
            # 1: made, 2: changed, 3: deleted.
            done="action_flag",
            kind="content_type__model",
            number="object_id",
        )
    }


DESK_LOG = DataPart(
    name="desk log",
    title=_("Done at the desk"),
    files={
        "desk_log": _(
            "Rows about you that the staff made (1), changed (2) or deleted (3) by hand; and what "
            "you did there yourself, if you belong to the staff."
        ),
    },
    export=_export_log,
    erase=_erase_log,
    held=kept(
        "admin.LogEntry.user",
        file="desk_log",
        why="what somebody did at the desk stays on record; what it was done to is named no more",
    ),
    # First: the rows still lead to their person.
    position=0,
)
