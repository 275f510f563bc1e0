"""Every change to who wants mail. Each function holds its permission, transaction and record."""

from newsletter.subscribers.actions.erasing import erase_subscriber, export_subscriber
from newsletter.subscribers.actions.import_jobs import WrongStepError
from newsletter.subscribers.actions.importing import (
    cancel_import,
    check_import,
    purge_imports,
    resume_import,
    start_import,
    upload_import,
)
from newsletter.subscribers.actions.joining import (
    Confirmation,
    add_subscriber,
    choose_newsletters,
    confirm_request,
    confirm_subscriptions,
)
from newsletter.subscribers.actions.leaving import (
    take_back_unsubscribe,
    unsubscribe,
    unsubscribe_from_all,
)
from newsletter.subscribers.actions.newsletters import save_newsletter
from newsletter.subscribers.actions.subscribing import (
    answer_request,
    purge_unconfirmed,
    request_again,
    request_subscription,
)
from newsletter.subscribers.actions.suppressing import (
    lift_suppression,
    rekey_suppressions,
    suppress,
)

__all__ = [
    "Confirmation",
    "WrongStepError",
    "add_subscriber",
    "answer_request",
    "cancel_import",
    "check_import",
    "choose_newsletters",
    "confirm_request",
    "confirm_subscriptions",
    "erase_subscriber",
    "export_subscriber",
    "lift_suppression",
    "purge_imports",
    "purge_unconfirmed",
    "rekey_suppressions",
    "request_again",
    "request_subscription",
    "resume_import",
    "save_newsletter",
    "start_import",
    "suppress",
    "take_back_unsubscribe",
    "unsubscribe",
    "unsubscribe_from_all",
    "upload_import",
]
