"""Comments from elsewhere on their way in."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from newsletter.articles.models import Article
from newsletter.comments.enums import ImportOutcome
from newsletter.subscribers.models import ImportJob


class CommentImport(ImportJob):
    """One uploaded export. `done_lines` are comments: a resumed run passes over so many."""

    # Empty while there was only the dry run.
    started_at = models.DateTimeField(_("started"), null=True, blank=True)

    class Meta(ImportJob.Meta):
        abstract = False
        verbose_name = _("import of comments")
        verbose_name_plural = _("imports of comments")


class ImportedPiece(models.Model):
    """A page of the old site that has comments in an export, and the article that they go to."""

    job = models.ForeignKey(CommentImport, on_delete=models.CASCADE, related_name="pieces")
    # Host and path of its address; the slug alone where the export has no address.
    place = models.CharField(_("where it stood"), max_length=500)
    title = models.CharField(_("title"), max_length=300, blank=True)
    number = models.PositiveIntegerField(_("comments"), default=0)
    # Empty: they stay out.
    article = models.ForeignKey(
        Article, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Whether the author has said where they go; otherwise it was found by the slug.
    is_chosen = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "place"], name="one_piece_per_import"),
        ]

    def __str__(self) -> str:
        return self.title or self.place


class CommentImportLine(models.Model):
    """What a run says of one comment that is not simply brought in."""

    job = models.ForeignKey(CommentImport, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("by"), max_length=120, blank=True)
    words = models.CharField(_("begins"), max_length=120, blank=True)
    place = models.CharField(_("where it stood"), max_length=500, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=ImportOutcome.choices)
    message = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="one_line_per_comment"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
