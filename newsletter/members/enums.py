"""States of copies of somebody's data, and of erasures; and why somebody cannot be erased."""

from __future__ import annotations

from enum import Enum

from django.db import models
from django.utils.translation import gettext_lazy as _


class ExportState(models.TextChoices):
    """asked -> ready; asked -> failed after several attempts. When its days are over it is gone."""

    ASKED = "asked", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Could not be made")


class ErasureState(models.TextChoices):
    """asked -> done, however often it has to be taken up again. There is no way back."""

    ASKED = "asked", _("Under way")
    DONE = "done", _("Done")


class WhyNot(Enum):
    """Why an account is not erased."""

    LAST_ADMINISTRATOR = "last administrator"
    STAFF = "staff"
    AUTHOR = "author"
    GONE = "gone"
