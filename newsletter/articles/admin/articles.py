"""The article's place in the admin: its list, its addresses and who may open them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from newsletter.accounts.models import User
from newsletter.articles.actions import IllegalMove, archive_article, delete_article
from newsletter.articles.admin import desk, going_out, preview, revisions
from newsletter.articles.enums import ArticleState
from newsletter.articles.models import Article
from newsletter.lib.moments import IN_A_LIST, moment_html
from newsletter.lib.opens_to import Opens, opens_to

_COLOURS = {
    ArticleState.PUBLISHED: "success",
    ArticleState.SCHEDULED: "warning",
    ArticleState.ARCHIVED: "danger",
}


SAFE, POST, BOTH = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST")


def own_view(
    model_admin: Any, view: Callable[..., HttpResponse], methods: Sequence[str]
) -> Callable[..., HttpResponse]:
    """A view of ours inside the admin: for staff, as the admin guards it, by these methods."""
    bound = update_wrapper(partial(view, model_admin), view)
    guarded = model_admin.admin_site.admin_view(require_http_methods(list(methods))(bound))
    return cast("Callable[..., HttpResponse]", opens_to(Opens.STAFF)(guarded))


@admin.register(Article)
class ArticleAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Everything about one article happens on its desk (desk.py)."""

    list_display = ("title_line", "state_label", "access", "published_on", "mail_state")
    list_filter = ("state", "access", "visibility", "tags", "author")
    search_fields = ("title", "dek", "slug")
    search_help_text = _("Title, standfirst or address")
    ordering = ("-updated_at",)
    actions = ("archive_chosen",)
    list_per_page = 50
    list_filter_sheet = True
    compressed_fields = False
    warn_unsaved_form = False
    _views: ClassVar[list[tuple[str, str, Callable[..., HttpResponse], Sequence[str]]]] = [
        ("autosave/", "autosave_new", desk.autosave, POST),
        ("<int:pk>/autosave/", "autosave", desk.autosave, POST),
        ("<int:pk>/preview/", "preview", preview.preview_article, BOTH),
        ("<int:pk>/publish/", "publish", going_out.publish, BOTH),
        ("<int:pk>/schedule/", "schedule", going_out.schedule, BOTH),
        ("<int:pk>/unpublish/", "unpublish", going_out.unpublish, BOTH),
        ("<int:pk>/archive/", "archive", going_out.archive, BOTH),
        ("<int:pk>/revisions/", "revisions", revisions.list_revisions, SAFE),
        ("<int:pk>/revisions/<int:revision>/", "revision", revisions.show_revision, SAFE),
        ("<int:pk>/revisions/<int:revision>/restore/", "restore", revisions.restore, POST),
    ]

    def get_urls(self) -> list[URLPattern]:
        """The desk's own addresses before Django's catch-all."""
        ours = [
            path(route, own_view(self, view, methods), name=f"newsletter_article_{name}")
            for route, name, view, methods in self._views
        ]
        return ours + cast(list[URLPattern], super().get_urls())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The desk instead of Django's form."""
        return desk.edit_article(self, request, object_id)

    def may_publish(self, request: HttpRequest) -> bool:
        """Whoever may change an article may also let it out."""
        return bool(self.has_change_permission(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        """Without the texts: two queries for any number of rows."""
        found: QuerySet[Article] = super().get_queryset(request)
        return (
            found.select_related("newsletter")
            .prefetch_related("mailings")
            .defer("body", "public_html", "members_html", "full_html")
        )

    def delete_model(self, request: HttpRequest, obj: Article) -> None:
        """Through the action, so that search and pages follow."""
        delete_article(actor=cast(User, request.user), article=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """One by one, each through the action."""
        for article in queryset:
            delete_article(actor=cast(User, request.user), article=article)

    @display(description=_("Title"), ordering="title")
    def title_line(self, article: Article) -> SafeString:
        """Title and standfirst."""
        return format_html(
            '<span class="desk-list-title">{}</span><span class="desk-list-dek">{}</span>',
            article.title or _("Without a title"),
            article.dek,
        )

    @display(description=_("State"), ordering="state", label=_COLOURS)
    def state_label(self, article: Article) -> tuple[str, str]:
        """The state, as a label."""
        return article.state, article.get_state_display()

    @display(description=_("Published"), ordering="published_at")
    def published_on(self, article: Article) -> SafeString | str:
        """When it came or will come out, in the author's zone."""
        return moment_html(article.published_at, IN_A_LIST)

    @display(description=_("Mail"))
    def mail_state(self, article: Article) -> str:
        """What became of its mail; the mail engine's own words."""
        if article.send_requested_at:
            return str(_("Starts within seconds"))
        sent = list(article.mailings.all())
        if sent:
            newest = max(sent, key=lambda mailing: mailing.pk)
            return str(newest.get_state_display())
        if article.state == ArticleState.SCHEDULED and article.send_choice != "no":
            return str(_("Goes out with it"))
        return ""

    @action(description=_("Archive"), permissions=["change"])
    def archive_chosen(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """Put away what can be; say what cannot."""
        done, refused = 0, []
        for article in queryset:
            try:
                archive_article(actor=cast(User, request.user), article=article)
                done += 1
            except IllegalMove:
                refused.append(article.title)
        if done:
            text = ngettext("%(n)d article archived.", "%(n)d articles archived.", done)
            messages.success(request, text % {"n": done})
        if refused:
            why = _("Left as they are, because only drafts and published ones can be archived: ")
            messages.warning(request, str(why) + ", ".join(refused))
