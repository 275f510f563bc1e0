"""The file that somebody gets who asks what is held on them: a ZIP of JSON, CSV and plain words."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from newsletter.lib.emails import render_mail_template, wrap_text
from newsletter.lib.plain_rows import PlainRow
from newsletter.members.personal_data import Attached
from newsletter.publication.models import Publication
from newsletter.subscribers.exports import write_csv

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the copy, and what it holds in words."""

    name: str
    words: StrOrPromise
    rows: list[PlainRow]


@dataclass(frozen=True, slots=True)
class Chapter:
    """What belongs together, under one heading of the README."""

    title: StrOrPromise
    tables: list[Table]


def write_archive(
    target: IO[bytes],
    chapters: Sequence[Chapter],
    publication: Publication,
    made_at: datetime,
    attached: Iterable[Attached] = (),
) -> None:
    """Write the ZIP. `data.json` has everything; each table with rows is a CSV besides.

    Files that somebody handed over are copied piece by piece, however large they are.
    """
    tables = [table for chapter in chapters for table in chapter.tables]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _readme(chapters, publication, made_at))
        archive.writestr("data.json", _as_json({table.name: table.rows for table in tables}))
        for table in tables:
            if table.rows:
                archive.writestr(f"csv/{table.name}.csv", _as_csv(table.rows))
        for each in attached:
            _attach(archive, each)


def _attach(archive: zipfile.ZipFile, attached: Attached) -> None:
    try:
        source = attached.open()
    except FileNotFoundError:
        # Said where it would lie: a copy that only leaves it out looks whole.
        said = _("This file is not in our storage any more.")
        archive.writestr(f"{attached.path}.missing.txt", f"{said}\r\n")
        return
    with source, archive.open(attached.path, "w", force_zip64=True) as out:
        shutil.copyfileobj(source, out, _PIECE)


def _readme(chapters: Sequence[Chapter], publication: Publication, made_at: datetime) -> str:
    context = {
        "publication": publication,
        "site_url": settings.SITE_URL,
        "made_at": made_at,
        "chapters": chapters,
    }
    text = wrap_text(render_mail_template("members/copy/readme.txt", context))
    # Notepad on Windows showed a bare line feed as nothing for thirty years.
    return text.replace("\n", "\r\n")


def _as_json(tables: dict[str, list[PlainRow]]) -> str:
    return json.dumps(tables, ensure_ascii=False, indent=2, cls=DjangoJSONEncoder) + "\n"


def _as_csv(rows: list[PlainRow]) -> str:
    cells = ([_cell(value) for value in row.values()] for row in rows)
    return "".join(write_csv([list(rows[0]), *cells]))


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder) if value else ""
    return value
