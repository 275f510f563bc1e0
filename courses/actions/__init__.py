"""Every change of data in courses. Each is keyword-only and holds its permission and its audit."""

from courses.actions.arranging import (
    add_module,
    delete_lesson,
    delete_module,
    move_lesson,
    move_module,
    rename_module,
    reorder_outline,
    set_prerequisite,
)
from courses.actions.common import (
    IllegalMoveError,
    NotDoneError,
    NotOpenError,
    StaleError,
    record,
    require_author,
)
from courses.actions.copying import duplicate_course, duplicate_lesson, duplicate_module
from courses.actions.enrolling import (
    enrol,
    enrol_learner,
    extend_access,
    restart_schedule,
    restore_enrolment,
    revoke_enrolment,
    set_mail_choice,
    set_time_zone,
)
from courses.actions.files import attach_file, detach_file
from courses.actions.inviting import Invited, enrol_addresses
from courses.actions.keeping import changing_curriculum
from courses.actions.learning import (
    Completed,
    complete_lesson,
    open_lesson,
    record_position,
    save_notes,
    settle_completion,
    uncomplete_lesson,
)
from courses.actions.offering import (
    archive_course,
    delete_course,
    publish_course,
    restore_course,
    save_course,
    unpublish_course,
)
from courses.actions.rebuilding import rebuild_courses
from courses.actions.seen import as_seen
from courses.actions.selling import sell_course
from courses.actions.writing import (
    add_lesson,
    keep_lesson_revision,
    publish_lesson,
    restore_lesson,
    save_lesson,
    unpublish_lesson,
)

__all__ = [
    "Completed",
    "IllegalMoveError",
    "Invited",
    "NotDoneError",
    "NotOpenError",
    "StaleError",
    "add_lesson",
    "add_module",
    "archive_course",
    "as_seen",
    "attach_file",
    "changing_curriculum",
    "complete_lesson",
    "delete_course",
    "delete_lesson",
    "delete_module",
    "detach_file",
    "duplicate_course",
    "duplicate_lesson",
    "duplicate_module",
    "enrol",
    "enrol_addresses",
    "enrol_learner",
    "extend_access",
    "keep_lesson_revision",
    "move_lesson",
    "move_module",
    "open_lesson",
    "publish_course",
    "publish_lesson",
    "rebuild_courses",
    "record",
    "record_position",
    "rename_module",
    "reorder_outline",
    "require_author",
    "restart_schedule",
    "restore_course",
    "restore_enrolment",
    "restore_lesson",
    "revoke_enrolment",
    "save_course",
    "save_lesson",
    "save_notes",
    "sell_course",
    "set_mail_choice",
    "set_prerequisite",
    "set_time_zone",
    "settle_completion",
    "uncomplete_lesson",
    "unpublish_course",
    "unpublish_lesson",
]
