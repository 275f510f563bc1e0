"""Every change of conversations. One function each; views, admin, tasks and commands call these."""

from __future__ import annotations

from newsletter.comments.actions.akismet import due_cases, purge_akismet_cases, work_on_case
from newsletter.comments.actions.common import (
    IllegalMoveError,
    RefusedError,
    StaleCommentError,
    ensure_thread,
)
from newsletter.comments.actions.deciding import (
    approve_comment,
    mark_as_spam,
    pin_comment,
    reject_comment,
    remove_comment,
    undo_decision,
    unpin_comment,
)
from newsletter.comments.actions.erasing import erase_comments_of, export_comments_of
from newsletter.comments.actions.filtering import (
    export_classifier,
    import_classifier,
    reset_classifier,
)
from newsletter.comments.actions.governing import (
    ban_person,
    close_thread,
    lift_ban,
    reopen_thread,
    save_comment_settings,
    save_thread_rules,
    set_mute,
)
from newsletter.comments.actions.import_jobs import (
    cancel_comments,
    check_comments,
    purge_comment_imports,
    resume_comments,
    start_comments,
    upload_comments,
)
from newsletter.comments.actions.importing import Imported, import_comments
from newsletter.comments.actions.judging import Sender
from newsletter.comments.actions.many import (
    Decided,
    decide_many,
    mark_flood_as_spam,
    release_from_spam,
)
from newsletter.comments.actions.notifying import (
    NOTICE_PURPOSE,
    choose_notices,
    leave_notices,
    send_due_digests,
    unsubscribe_path,
)
from newsletter.comments.actions.own import (
    delete_own_comment,
    edit_comment,
    report_comment,
    set_like,
)
from newsletter.comments.actions.submitting import (
    CONFIRM_PURPOSE,
    CONFIRM_WITHIN,
    Submitted,
    Written,
    confirm_comment,
    purge_unconfirmed_comments,
    submit_comment,
)

__all__ = [
    "CONFIRM_PURPOSE",
    "CONFIRM_WITHIN",
    "NOTICE_PURPOSE",
    "Decided",
    "IllegalMoveError",
    "Imported",
    "RefusedError",
    "Sender",
    "StaleCommentError",
    "Submitted",
    "Written",
    "approve_comment",
    "ban_person",
    "cancel_comments",
    "check_comments",
    "choose_notices",
    "close_thread",
    "confirm_comment",
    "decide_many",
    "delete_own_comment",
    "due_cases",
    "edit_comment",
    "ensure_thread",
    "erase_comments_of",
    "export_classifier",
    "export_comments_of",
    "import_classifier",
    "import_comments",
    "leave_notices",
    "lift_ban",
    "mark_as_spam",
    "mark_flood_as_spam",
    "pin_comment",
    "purge_akismet_cases",
    "purge_comment_imports",
    "purge_unconfirmed_comments",
    "reject_comment",
    "release_from_spam",
    "remove_comment",
    "reopen_thread",
    "report_comment",
    "reset_classifier",
    "resume_comments",
    "save_comment_settings",
    "save_thread_rules",
    "send_due_digests",
    "set_like",
    "set_mute",
    "start_comments",
    "submit_comment",
    "undo_decision",
    "unpin_comment",
    "unsubscribe_path",
    "upload_comments",
    "work_on_case",
]
