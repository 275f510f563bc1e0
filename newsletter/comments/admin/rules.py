"""The rules of the site and of single conversations."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from newsletter.accounts.models import User
from newsletter.comments import actions
from newsletter.comments.admin.filter import filter_urls
from newsletter.comments.admin_forms import CommentSettingsForm, ThreadForm
from newsletter.comments.gateway import is_known_key
from newsletter.comments.models import CommentSettings, Thread
from newsletter.comments.owners import get_places
from newsletter.comments.queries import get_comment_settings, trail_of_rules
from newsletter.lib.moments import IN_A_LIST, moment_html

TRAIL = "comments/admin/rules_trail.html"


@admin.register(CommentSettings)
class CommentSettingsAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """There is always exactly one, whether or not anything was saved yet."""

    form = CommentSettingsForm
    change_form_outer_after_template = TRAIL
    fieldsets: ClassVar[list[Any]] = [
        (_("Who and when"), {"fields": ["who_writes", "close_after_days", "edit_minutes"]}),
        (_("What you look at first"), {"fields": ["moderation", "hold_first_timers", "max_links"]}),
        (_("Words"), {"fields": ["held_words", "refused_words"]}),
        (_("Against machines"), {"fields": ["asks_for_work", "akismet_key"]}),
        (_("Reports"), {"fields": ["reports_to_hide"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        """The pages of the classifier before Django's catch-all."""
        return [*filter_urls(self), *cast("list[URLPattern]", super().get_urls())]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is no second."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There are always some."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list of one is no use to anybody."""
        return redirect("admin:newsletter_commentsettings_change", CommentSettings.SINGLETON_ID)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> CommentSettings | None:
        """The rules, or what holds until they are saved for the first time."""
        is_it = object_id == str(CommentSettings.SINGLETON_ID)
        return get_comment_settings() if is_it else None

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """One button: there is nothing to go on to."""
        context = {**context, "show_save_and_continue": False, "trail": trail_of_rules(None)}
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Try a new key for Akismet first: not in the transaction, or all writers would wait."""
        if request.method == "POST" and self.has_change_permission(request):
            key = request.POST.get("akismet_key", "").strip()
            if key and key != get_comment_settings().akismet_key:
                request.tried_keys = {key: is_known_key(key)}  # type: ignore[attr-defined]
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A class of this request's own, which knows what was said to the key."""
        form = super().get_form(request, *args, **kwargs)
        form.tried_keys = getattr(request, "tried_keys", {})
        return form

    def save_model(
        self, request: HttpRequest, obj: CommentSettings, form: Any, change: bool
    ) -> None:
        """Through the action, which also shows it at once on every page."""
        actions.save_comment_settings(actor=cast("User", request.user), settings=obj)
        if form.key_is_untried:
            said = _("Akismet could not be reached: its key is stored, but has not been tried.")
            messages.warning(request, said)


@admin.register(Thread)
class ThreadAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Conversations with rules of their own, and how much is said in each."""

    form = ThreadForm
    change_form_outer_after_template = TRAIL
    list_display = ("what", "approved_count", "pending_count", "state")
    search_fields = ("article__title",)
    search_help_text = _("Title of the article")
    ordering = ("-pending_count", "-approved_count", "-pk")
    actions = ("close_chosen", "reopen_chosen")
    list_select_related = ("article",)
    autocomplete_fields = ("article",)
    list_per_page = 50

    def get_fields(self, request: HttpRequest, obj: Thread | None = None) -> list[str]:
        """The article is chosen once; what belongs to something else has none."""
        fields = list(ThreadForm.Meta.fields)
        return fields if obj is None else fields[1:]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What readers said goes comment by comment, or with the article."""
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With who changed its rules, and who closed it."""
        thread = self.get_object(request, object_id)
        extra = {**(extra_context or {}), "trail": trail_of_rules(thread) if thread else []}
        response: HttpResponse = super().change_view(request, object_id, form_url, extra)
        return response

    def save_model(self, request: HttpRequest, obj: Thread, form: Any, change: bool) -> None:
        """Through the action."""
        actions.save_thread_rules(actor=cast("User", request.user), thread=obj)

    @display(description=_("Conversation"), ordering="article__title")
    def what(self, thread: Thread) -> SafeString:
        """What it is about."""
        return format_html('<span class="desk-list-title">{}</span>', str(thread))

    @display(description=_("Closed"), ordering="closed_at")
    def state(self, thread: Thread) -> SafeString | str:
        """When a moderator closed it."""
        return moment_html(thread.closed_at, IN_A_LIST)

    @action(description=_("Close"), permissions=["change"])
    def close_chosen(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        """Nothing new is said in these."""
        self._each(request, queryset, actions.close_thread)

    @action(description=_("Open again"), permissions=["change"])
    def reopen_chosen(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        """These go on."""
        self._each(request, queryset, actions.reopen_thread)

    def _each(self, request: HttpRequest, threads: QuerySet[Thread], act: Any) -> None:
        actor = cast("User", request.user)
        named = [(thread.kind, thread.key) for thread in threads]
        for place in get_places(named, actor, timezone.now()).values():
            act(actor=actor, place=place)
        messages.success(request, _("Done."))
