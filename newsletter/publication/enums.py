"""Choices of the publication."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FontPairing(models.TextChoices):
    """The four pairings of system typefaces; no font file is ever loaded."""

    OLD_STYLE = "old-style", _("Old-style serif (Iowan, Palatino)")
    TRANSITIONAL = "transitional", _("Transitional serif (Charter, Sitka)")
    HUMANIST = "humanist", _("Humanist sans (Seravek, Gill)")
    NEUTRAL = "neutral", _("Neutral sans (the system's own)")
