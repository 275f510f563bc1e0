"""The queue: what waits, with all that helps to decide, and what was decided."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from unfold.admin import ModelAdmin

from newsletter.accounts.models import User
from newsletter.comments.access import may_moderate
from newsletter.comments.admin.deciding import decide
from newsletter.comments.admin.person import show_person
from newsletter.comments.admin_forms import QueueForm
from newsletter.comments.models import Comment, Thread
from newsletter.comments.queries import trail_of
from newsletter.comments.queue import (
    BadPlaceError,
    Tab,
    Wanted,
    count_tab,
    load_rows,
    read_queue,
    words_for,
)
from newsletter.subscribers.admin.views import actor_of, context_of, number_of, own_path

TITLES = {
    Tab.PENDING: gettext_lazy("Pending"),
    Tab.REPORTED: gettext_lazy("Reported"),
    Tab.SPAM: gettext_lazy("Spam"),
    Tab.APPROVED: gettext_lazy("Approved"),
    Tab.REMOVED: gettext_lazy("Removed"),
}

# What queue.js listens to.
KEYS = (
    ("j", gettext_lazy("Next comment")),
    ("k", gettext_lazy("The one before")),
    ("a", gettext_lazy("Approve")),
    ("r", gettext_lazy("Reject or remove")),
    ("s", gettext_lazy("Spam")),
    ("u", gettext_lazy("Take the last one back")),
    ("x", gettext_lazy("Tick")),
    ("?", gettext_lazy("This help")),
)


@admin.register(Comment)
class CommentAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """The list is the queue, a comment's page is its trail; nothing is typed in here."""

    search_fields = ("body",)

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        ours = [
            own_path(self, "decide/", "decide", require_POST(decide)),
            own_path(
                self,
                "person/<int:user_id>/",
                "person",
                require_http_methods(["GET", "HEAD", "POST"])(self.show_person),
            ),
        ]
        return [*ours, *cast(list[URLPattern], super().get_urls())]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who decide; the queue shows addresses and what was never public."""
        return may_moderate(actor_of(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The same people."""
        return may_moderate(actor_of(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Comments are written under what they are about."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is removed can be put back; its writer alone deletes it."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The queue."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        form = QueueForm(request.GET)
        form.is_valid()
        wanted = _wanted(request, form)
        try:
            page = read_queue(wanted, actor)
        except BadPlaceError as error:
            raise Http404 from error
        context = context_of(
            self,
            request,
            title=_("Comments to review"),
            wanted=wanted,
            page=page,
            form=form,
            tabs=[(tab, TITLES[tab], words_for(count_tab(tab)), _address(tab=tab)) for tab in Tab],
            chips=_chips(wanted),
            keys=KEYS,
            here=request.GET.urlencode(),
            next_page=_address(**_filters(wanted), cursor=page.next_cursor),
            done=_numbers(request.GET.get("done", "")),
        )
        return TemplateResponse(request, "comments/admin/queue.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One comment with everything that happened to it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = load_rows([number_of(object_id)], actor_of(request))
        if not rows:
            raise Http404
        context = context_of(
            self,
            request,
            title=_("One comment"),
            row=rows[0],
            trail=trail_of(rows[0].comment),
            here="",
        )
        return TemplateResponse(request, "comments/admin/comment.html", context)

    def show_person(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """What is known of one person, and barring them."""
        return show_person(self, request, user_id)


def _wanted(request: HttpRequest, form: QueueForm) -> Wanted:
    tab = request.GET.get("tab", Tab.PENDING)
    if tab not in list(Tab):
        raise Http404
    said = {name: form.cleaned_data.get(name) or "" for name in ("network", "reason", "words")}
    return Wanted(
        tab=Tab(tab),
        thread=form.cleaned_data.get("thread"),
        person=form.cleaned_data.get("person"),
        cursor=request.GET.get("cursor", ""),
        **said,
    )


def _filters(wanted: Wanted) -> dict[str, Any]:
    names = ("tab", "thread", "person", "network", "reason", "words")
    return {name: getattr(wanted, name) for name in names}


def _address(**query: Any) -> str:
    """The queue with these filters; empty ones are left out."""
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse('admin:newsletter_comment_changelist')}?{said}"


def _chips(wanted: Wanted) -> list[tuple[str, str]]:
    """Each filter that no field of the form shows, in words, with the address without it."""
    chips = []
    for name, words in (
        ("thread", _thread_words(wanted.thread)),
        ("person", _person_words(wanted.person)),
        ("network", _("From one network") if wanted.network else ""),
    ):
        if words:
            chips.append((words, _address(**{**_filters(wanted), name: ""})))
    return chips


def _thread_words(pk: int | None) -> str:
    thread = Thread.objects.select_related("article").filter(pk=pk).first() if pk else None
    return _("On “%s”") % thread if thread else ""


def _person_words(pk: int | None) -> str:
    person = User.objects.filter(pk=pk).first() if pk else None
    return _("By %s") % person if person else ""


def _numbers(text: str) -> str:
    """The ids of decisions that can be taken back, as they came; empty for anything else."""
    return text if text and all(part.isdecimal() for part in text.split(",")) else ""
