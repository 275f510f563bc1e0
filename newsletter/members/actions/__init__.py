"""What is done about one person: notes, visits, copies of their data, erasure."""

from newsletter.members.actions.copying import (
    KEEP_COPY,
    delete_old_exports,
    download_export,
    make_export,
    request_export,
)
from newsletter.members.actions.desk import (
    LINK_LIFE,
    VISIT_LIFE,
    VISITS_AN_HOUR,
    add_note,
    begin_visit,
    delete_note,
    edit_note,
    end_visit,
    offer_visit,
)
from newsletter.members.actions.erasing import (
    ErasureRefused,
    erase_desk_rows_about,
    erase_person,
    finish_erasure,
    repeat_recent_erasures,
    request_erasure,
)

__all__ = [
    "KEEP_COPY",
    "LINK_LIFE",
    "VISITS_AN_HOUR",
    "VISIT_LIFE",
    "ErasureRefused",
    "add_note",
    "begin_visit",
    "delete_note",
    "delete_old_exports",
    "download_export",
    "edit_note",
    "end_visit",
    "erase_desk_rows_about",
    "erase_person",
    "finish_erasure",
    "make_export",
    "offer_visit",
    "repeat_recent_erasures",
    "request_erasure",
    "request_export",
]
