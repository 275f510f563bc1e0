"""The author's rules for all conversations of the site: one row."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from newsletter.comments.enums import Moderation, WhoWrites


class CommentSettings(models.Model):
    """The one row (primary key 1). A conversation's own rules go before these."""

    SINGLETON_ID = 1

    who_writes = models.CharField(
        _("who may comment"),
        max_length=8,
        choices=WhoWrites.choices,
        default=WhoWrites.EVERYONE,
        help_text=_("Each article can say otherwise."),
    )
    moderation = models.CharField(
        _("looked at"),
        max_length=6,
        choices=Moderation.choices,
        default=Moderation.AFTER,
        help_text=_("“Before” holds every comment but those of the desk."),
    )
    hold_first_timers = models.BooleanField(
        _("hold first comments"),
        default=True,
        help_text=_("Until one comment of theirs has been approved."),
    )
    max_links = models.PositiveSmallIntegerField(
        _("links without a look"),
        default=2,
        help_text=_("A comment with more links than this is held."),
    )
    close_after_days = models.PositiveSmallIntegerField(
        _("close after days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Counted from the day of publication. Empty: never."),
    )
    edit_minutes = models.PositiveIntegerField(
        _("minutes for changes"),
        default=30,
        validators=[MaxValueValidator(60 * 24 * 365)],
        help_text=_("How long people may change what they wrote. 0: not at all."),
    )
    held_words = models.TextField(
        _("words that hold"),
        blank=True,
        help_text=_("One a line; * stands for any letters. A comment with one of them is held."),
    )
    refused_words = models.TextField(
        _("words that refuse"),
        blank=True,
        help_text=_("One a line; * stands for any letters. Such a comment is not taken at all."),
    )
    asks_for_work = models.BooleanField(
        _("a puzzle for browsers"),
        default=True,
        help_text=_(
            "While a visitor writes, their browser solves a small puzzle. "
            "Where it cannot, the comment is held."
        ),
    )
    akismet_key = models.CharField(
        _("Akismet key"),
        max_length=64,
        blank=True,
        help_text=_(
            "With a key, Akismet is shown comments and the addresses they came from, and told "
            "where it was wrong; the addresses are forgotten after a month. Without one, nobody "
            "is asked."
        ),
    )
    reports_to_hide = models.PositiveSmallIntegerField(
        _("reports that hide"),
        default=3,
        validators=[MinValueValidator(1)],
        help_text=_("So many reports by trusted readers hide a comment until you have looked."),
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("rules for comments")
        verbose_name_plural = _("rules for comments")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pk=1), name="comment_settings_are_a_single_row"
            ),
        ]

    def __str__(self) -> str:
        return str(_("Rules for comments"))
