"""Everything that changes a mailing. The author's acts raise IllegalMove or PermissionDenied."""

from newsletter.mailings.actions.claiming import claim_batch, expire_claims, release_batch
from newsletter.mailings.actions.common import IllegalMove
from newsletter.mailings.actions.decisions import decide_unknown, finish_mailings, retry_failed
from newsletter.mailings.actions.erasing import erase_deliveries_to, export_deliveries_to
from newsletter.mailings.actions.lifecycle import (
    NoNewsletter,
    cancel_mailing,
    create_circle_mailing,
    create_free_mailing,
    create_mailing_for_article,
    edit_free_mailing,
    pause_mailing,
    resume_mailing,
    start_mailing,
    unschedule_mailing,
)
from newsletter.mailings.actions.preparing import (
    ask_about_overdue,
    collect_send_requests,
    due_mailings,
    prepare_mailing,
)
from newsletter.mailings.actions.sending import send_batches
from newsletter.mailings.actions.sweeping import sweep
from newsletter.mailings.actions.trial import send_test

__all__ = [
    "IllegalMove",
    "NoNewsletter",
    "ask_about_overdue",
    "cancel_mailing",
    "claim_batch",
    "collect_send_requests",
    "create_circle_mailing",
    "create_free_mailing",
    "create_mailing_for_article",
    "decide_unknown",
    "due_mailings",
    "edit_free_mailing",
    "erase_deliveries_to",
    "expire_claims",
    "export_deliveries_to",
    "finish_mailings",
    "pause_mailing",
    "prepare_mailing",
    "release_batch",
    "resume_mailing",
    "retry_failed",
    "send_batches",
    "send_test",
    "start_mailing",
    "sweep",
    "unschedule_mailing",
]
