"""Index: every Celery task of the app, slice by slice."""

from newsletter.accounts.tasks import prune_sign_in
from newsletter.articles.tasks import publish_due, rebuild_search, sweep_search
from newsletter.comments.tasks import (
    purge_comments,
    run_comment_import,
    send_digests,
    sweep_akismet,
    sweep_comment_imports,
    work_with_akismet,
)
from newsletter.mailings.tasks import (
    prepare_mailing,
    send_batch,
    start_due_mailings,
    sweep_batches,
)
from newsletter.members.tasks import (
    erase_account,
    make_export,
    prune_exports,
    repeat_erasures,
    sweep_personal_data,
)
from newsletter.memberships.tasks import remind_of_ending
from newsletter.outbox.tasks import deliver_email, prune_outbox, sweep_outbox
from newsletter.payments.tasks import (
    deliver_due_gifts,
    end_grace_periods,
    handle_event,
    prune_events,
    push_catalogue,
    reconcile,
    reconcile_nightly,
    sweep_events,
)
from newsletter.subscribers.tasks import (
    answer_subscription_request,
    purge_subscription_requests,
    run_import,
    sweep_imports,
    sweep_subscription_requests,
)

__all__ = [
    "answer_subscription_request",
    "deliver_due_gifts",
    "deliver_email",
    "end_grace_periods",
    "erase_account",
    "handle_event",
    "make_export",
    "prepare_mailing",
    "prune_events",
    "prune_exports",
    "prune_outbox",
    "prune_sign_in",
    "publish_due",
    "purge_comments",
    "purge_subscription_requests",
    "push_catalogue",
    "rebuild_search",
    "reconcile",
    "reconcile_nightly",
    "remind_of_ending",
    "repeat_erasures",
    "run_comment_import",
    "run_import",
    "send_batch",
    "send_digests",
    "start_due_mailings",
    "sweep_akismet",
    "sweep_batches",
    "sweep_comment_imports",
    "sweep_events",
    "sweep_imports",
    "sweep_outbox",
    "sweep_personal_data",
    "sweep_search",
    "sweep_subscription_requests",
    "work_with_akismet",
]
