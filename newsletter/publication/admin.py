"""The publication's settings: one row, opened directly."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from js_asset import Media
from unfold.admin import ModelAdmin

from newsletter.lib.background import nudge_on_commit
from newsletter.lib.desk_words import desk_words
from newsletter.publication.actions import save_publication
from newsletter.publication.forms import PublicationForm
from newsletter.publication.models import Publication
from newsletter.publication.queries import get_publication


@admin.register(Publication)
class PublicationAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """There is always exactly one, whether or not anything was saved yet."""

    form = PublicationForm
    change_form_template = "publication/admin/change_form.html"
    fieldsets: ClassVar[list[Any]] = [
        (_("Name"), {"fields": ["name", "tagline", ("language", "time_zone"), "contact_email"]}),
        (_("Look"), {"fields": ["accent", "font_pairing", "logo", "favicon"]}),
        (_("About"), {"fields": ["about_html", "footer_text", "postal_address"]}),
        (
            _("Sign-up"),
            {
                "fields": [
                    "signup_title",
                    "signup_text",
                    "reader_count_threshold",
                    "block_disposable_addresses",
                ]
            },
        ),
        (
            _("Offers under each article"),
            {
                "fields": [
                    ("paid_offer_title", "paid_offer_price"),
                    "paid_offer_text",
                    "paid_offer_url",
                    "free_offer_title",
                    "free_offer_text",
                    "free_offer_url",
                ]
            },
        ),
        (_("Plans page"), {"fields": ["free_offer_benefits", "plans_answers"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is no second."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is no site without."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list of one is no use to anybody."""
        return redirect("admin:newsletter_publication_change", Publication.SINGLETON_ID)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Publication | None:
        """The settings, or what holds until they are saved for the first time."""
        return get_publication() if object_id == str(Publication.SINGLETON_ID) else None

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Give the import map the nonce of this answer."""
        media = Media.from_media(context["media"], nonce=request.csp_nonce)  # type: ignore[attr-defined]
        context = {
            **context,
            "media": media,
            "desk_words": desk_words(),
            "show_save_and_continue": False,
        }
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: Publication, form: Any, change: bool) -> None:
        """Through the action, which also shows it at once on every page."""
        save_publication(actor=request.user, publication=obj)
        if "language" in form.changed_data:
            nudge_on_commit("newsletter.articles.tasks.rebuild_search")
