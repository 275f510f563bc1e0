"""What the author fills in to bring in comments from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from newsletter.articles.models import Article
from newsletter.comments.actions.importing import find_article
from newsletter.comments.importing.items import slug_in
from newsletter.comments.models import ImportedPiece

MAX_BYTES = 500 * 1024 * 1024
# The list of suggestions that all fields of PiecesForm share.
SUGGESTIONS = "known-articles"


class UploadForm(forms.Form):
    """An export to bring in."""

    file = forms.FileField(
        label=_("The export"),
        help_text=_(
            "The XML file that WordPress writes under Tools → Export, or the one that Disqus mails"
            " you, unpacked; at most 500 MB. Nobody is mailed by an import."
        ),
        widget=forms.FileInput(attrs={"accept": ".xml,text/xml,application/xml"}),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty.")},
    )

    def clean_file(self) -> UploadedFile:
        """No larger than it may be."""
        upload: UploadedFile = self.cleaned_data["file"]
        if (upload.size or 0) > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 500 MB. Export it in parts."))
        return upload


class PiecesForm(forms.Form):
    """For each page of the old site the article that its comments go to; empty: none."""

    def __init__(self, pieces: Iterable[ImportedPiece], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pieces = list(pieces)
        for piece in self.pieces:
            self.fields[_name(piece)] = ArticleField(
                label=_("Goes to, from %(piece)s") % {"piece": piece.title or piece.place},
                initial=piece.article.slug if piece.article else "",
            )

    @property
    def rows(self) -> list[tuple[ImportedPiece, forms.BoundField]]:
        """Each page with its field."""
        return [(piece, self[_name(piece)]) for piece in self.pieces]

    def chosen(self) -> dict[int, Article | None]:
        """What a valid form says, by the id of the piece."""
        return {piece.pk: self.cleaned_data[_name(piece)] for piece in self.pieces}


class ArticleField(forms.CharField):
    """An article by its address or the last part of it."""

    def __init__(self, **kwargs: Any) -> None:
        hints = {"list": SUGGESTIONS, "spellcheck": "false", "autocapitalize": "off"}
        super().__init__(required=False, widget=forms.TextInput(attrs=hints), **kwargs)

    def clean(self, value: Any) -> Any:
        """The article; None where nothing was typed."""
        text = super().clean(value)
        if not text:
            return None
        article = find_article(slug_in(text)) or find_article(text)
        if article is None:
            raise forms.ValidationError(
                _("There is no such piece here. Type its address, or leave this empty.")
            )
        return article


def _name(piece: ImportedPiece) -> str:
    return f"piece-{piece.pk}"
