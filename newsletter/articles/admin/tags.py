"""Tags in the admin."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from newsletter.accounts.models import User
from newsletter.articles.actions import delete_tag, save_tag
from newsletter.articles.models import Tag


class TagForm(forms.ModelForm):  # type: ignore[type-arg]
    """A tag; its short name may be left to the site."""

    class Meta:
        model = Tag
        fields = ["name", "slug", "description", "position"]
        widgets = {"slug": UnfoldAdminTextInputWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        self.fields["slug"].help_text = _("The end of the address; left empty, the name gives it.")

    def clean_name(self) -> str:
        """One name, whatever its case."""
        name = " ".join(self.cleaned_data["name"].split())
        if Tag.objects.exclude(pk=self.instance.pk).filter(name__iexact=name).exists():
            raise forms.ValidationError(_("There is a tag with this name already."))
        return name


@admin.register(Tag)
class TagAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Subjects, in the author's order."""

    form = TagForm
    list_display = ("name", "slug", "articles_with_it", "position")
    search_fields = ("name", "slug")
    ordering = ("position", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        """With the number of articles, in the same query."""
        found: QuerySet[Tag] = super().get_queryset(request)
        return found.annotate(used=Count("articles"))

    @display(description=_("Articles"), ordering="used")
    def articles_with_it(self, tag: Tag) -> int:
        """How many articles carry it, drafts too."""
        return int(tag.used)  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        """Through the action."""
        save_tag(actor=cast(User, request.user), tag=obj)

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        """Through the action."""
        delete_tag(actor=cast(User, request.user), tag=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        """One by one, through the action."""
        for tag in queryset:
            delete_tag(actor=cast(User, request.user), tag=tag)
