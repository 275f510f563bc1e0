"""Newsletters: what they are called, who sends them, and the form for other sites."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.subscribers import actions
from newsletter.subscribers.admin.views import actor_of, context_of, own_path
from newsletter.subscribers.admin_forms import NewsletterForm
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.forms import CONSENT_WORDS
from newsletter.subscribers.models import Newsletter
from newsletter.subscribers.queries import count_subscriptions


@admin.register(Newsletter)
class NewsletterAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Newsletters are closed, never deleted: subscriptions and mailings name them."""

    form = NewsletterForm
    list_display = ("name", "cadence", "readers", "is_archived", "subscribe_on_signup", "embedding")
    list_display_links = ("name",)
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("position", "pk")
    actions = None
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", "cadence")}),
        (_("Sender"), {"fields": ("sender_name", "sender_address", "reply_to")}),
        (_("Sign-up"), {"fields": ("subscribe_on_signup", "position", "is_archived")}),
    )

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        page = own_path(self, "<int:pk>/embed/", "embed", self.embed)
        return [page, *cast(list[URLPattern], super().get_urls())]

    @display(description=_("Readers"))
    def readers(self, newsletter: Newsletter) -> SafeString:
        """How many are active, with the way to them."""
        count = count_subscriptions().get((newsletter.pk, SubscriptionState.ACTIVE), 0)
        url = reverse("admin:newsletter_subscription_changelist")
        return format_html(
            '<a href="{}?newsletter={}&state=active">{}</a>', url, newsletter.pk, f"{count:,}"
        )

    @display(description=_("Form for other sites"))
    def embedding(self, newsletter: Newsletter) -> SafeString:
        """Where the HTML to copy is."""
        url = reverse("admin:newsletter_newsletter_embed", args=[newsletter.pk])
        return format_html('<a href="{}">{}</a>', url, _("HTML to copy"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never; see above."""
        return False

    def save_model(
        self, request: HttpRequest, obj: Newsletter, form: ModelForm[Newsletter], change: bool
    ) -> None:
        """Leave it to the action."""
        actions.save_newsletter(actor=actor_of(request), newsletter=obj)

    def embed(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The form for other sites: as plain HTML and as a frame, to copy."""
        newsletter = Newsletter.objects.filter(pk=pk).first()
        if newsletter is None or not self.has_view_permission(request):
            raise Http404
        url = settings.SITE_URL + reverse("subscribers:embed", args=[newsletter.slug])
        snippet = {"newsletter": newsletter, "url": url, "consent_words": CONSENT_WORDS}
        context = context_of(
            self,
            request,
            title=_("Form for other sites"),
            newsletter=newsletter,
            url=url,
            html=render_to_string("subscribers/admin/_embed_snippet.html", snippet).strip(),
            frame=render_to_string("subscribers/admin/_embed_frame.html", snippet).strip(),
        )
        return TemplateResponse(request, "subscribers/admin/embed.html", context)
