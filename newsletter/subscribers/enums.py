"""States and reasons of subscriptions, suppressions and imports."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SubscriptionState(models.TextChoices):
    """pending -> active -> unsubscribed; back to pending only by the reader's own act."""

    PENDING = "pending", _("Waiting for confirmation")
    ACTIVE = "active", _("Active")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")


class ConsentSource(models.TextChoices):
    """Where consent was given."""

    FORM = "form", _("Subscribe form")
    EMBED = "embed", _("Form on another site")
    ACCOUNT = "account", _("Account or preference page")
    IMPORT = "import", _("Import, with the author's statement")
    ADMIN = "admin", _("Added by the author")
    # Where people leave; nobody joins by these two.
    LINK = "link", _("Link in a mail")
    ONE_CLICK = "one_click", _("Button of the mail program")


class RequestAnswer(models.TextChoices):
    """What became of a request to subscribe. Only the owner of the mailbox ever learns it."""

    WAITING = "waiting", _("Not answered yet")
    CONFIRM = "confirm", _("Confirmation sent")
    ALREADY = "already", _("Told that they are subscribed")
    TOO_MANY = "too_many", _("Not mailed: this address was asked too often")
    BOT = "bot", _("Not mailed: filled in by a program")
    CLOSED = "closed", _("Not mailed: the newsletter was closed")


class ConsentEventKind(models.TextChoices):
    """Lines of the consent record."""

    REQUESTED = "requested", _("Asked to subscribe")
    CONFIRMED = "confirmed", _("Confirmed")
    ADDED = "added", _("Added by the author")
    LEFT = "left", _("Unsubscribed")
    RETURNED = "returned", _("Took back the unsubscribe")
    SUPPRESSED = "suppressed", _("Suppressed")
    LIFTED = "lifted", _("Suppression lifted")


class SuppressionReason(models.TextChoices):
    """Why an address is not mailed, whatever lists it stands on.

    The reader lifts all but MANUAL by confirming anew: whoever presses the button in a mail that
    arrived has a mailbox that works and wants it.
    """

    HARD_BOUNCE = "hard_bounce", _("The address does not exist")
    COMPLAINT = "complaint", _("Marked as spam")
    MANUAL = "manual", _("By hand")
    ERASED = "erased", _("Erased at their request")


class ImportState(models.TextChoices):
    """uploaded -> checking -> checked -> importing -> done; any of them -> failed | cancelled.

    A killed run stays `checking` or `importing` with a lease that runs out; the sweep goes on.
    """

    UPLOADED = "uploaded", _("Uploaded")
    CHECKING = "checking", _("Trial run under way")
    CHECKED = "checked", _("Trial run done")
    IMPORTING = "importing", _("Importing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class LineOutcome(models.TextChoices):
    """What a line of an import becomes."""

    NEW = "new", _("New subscriber")
    UPDATED = "updated", _("Already known; details added")
    UNCHANGED = "unchanged", _("Already subscribed")
    KEPT_UNSUBSCRIBED = "kept_unsubscribed", _("Unsubscribed before; left so")
    SUPPRESSED = "suppressed", _("Suppressed; not added")
    DUPLICATE = "duplicate", _("Twice in this file")
    LEFT = "left", _("Unsubscribed in the file; kept so")
    UNCONFIRMED = "unconfirmed", _("Never confirmed; not added")
    INVALID = "invalid", _("Cannot be read")
