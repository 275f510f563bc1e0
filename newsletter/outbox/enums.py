"""States of one transactional mail."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EmailState(models.TextChoices):
    """queued -> sending -> sent | failed | unknown; queued -> expired (too late to be of use);
    unknown -> queued | sent (by decision).
    """

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    EXPIRED = "expired", _("Expired")
