"""`/dev/mail/`: what the embedded default "sends", as a mailbox. Exists only with DEBUG."""

from __future__ import annotations

from typing import Any

from csp.decorators import csp_replace
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from newsletter.lib.mailbox import empty_mailbox
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.pages.dev_mailbox import (
    PER_PAGE,
    FullMessage,
    find_keys,
    newest_key_to,
    read_message,
    summary_of,
)

PARTS = ("html", "text", "headers", "raw")
_FRAME_POLICY: dict[str, list[str]] = {
    "default-src": ["'none'"],
    "img-src": ["*", "data:"],
    "style-src": ["'unsafe-inline'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
    # A link opens the whole window; nothing else of the mail reaches out of its frame.
    "sandbox": ["allow-top-navigation-by-user-activation", "allow-popups"],
}


@opens_to(Opens.DEVELOPER)
@require_safe
def list_dev_mail(request: HttpRequest) -> HttpResponse:
    """The newest messages; `?to=` goes straight to the newest one to that address (or 404)."""
    if to := request.GET.get("to", ""):
        key = newest_key_to(to)
        if key is None:
            raise Http404(f"No mail to {to}")
        return redirect("pages:show-dev-mail", key)
    return render(request, "pages/dev_mail/mailbox.html", _list_context(request))


@opens_to(Opens.DEVELOPER)
@require_safe
def show_dev_mail(request: HttpRequest, key: str) -> HttpResponse:
    """One message: as HTML, text, headers or raw."""
    message = _message(key)
    part = request.GET.get("part", "")
    if part not in PARTS:
        part = "html" if message.html else "text"
    context = {**_list_context(request), "message": message, "part": part, "parts": PARTS}
    if part == "raw":
        context["raw"] = message.raw.decode("utf-8", "replace")
    return render(request, "pages/dev_mail/mailbox.html", context)


@opens_to(Opens.DEVELOPER)
@require_safe
@xframe_options_sameorigin
@csp_replace(_FRAME_POLICY)  # type: ignore[arg-type]  # typed for views without arguments
def show_dev_mail_html(request: HttpRequest, key: str) -> HttpResponse:
    """The HTML part by itself, for the frame: scripts never run, links leave the frame."""
    html = _message(key).html
    return HttpResponse(html.replace("<head>", '<head><base target="_top">', 1))


@opens_to(Opens.DEVELOPER)
@require_safe
def download_dev_mail(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """A file that came with a message."""
    for attachment in _message(key).attachments:
        if attachment.number == number:
            response = HttpResponse(attachment.data, content_type="application/octet-stream")
            response.headers["Content-Disposition"] = _disposition(attachment.name)
            return response
    raise Http404


@opens_to(Opens.DEVELOPER)
@require_POST
@same_origin_post
def empty_dev_mail(request: HttpRequest) -> HttpResponse:
    """Delete every message."""
    empty_mailbox()
    return redirect("pages:list-dev-mail")


def _message(key: str) -> FullMessage:
    message = read_message(key)
    if message is None:
        raise Http404
    return message


def _disposition(name: str) -> str:
    plain = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "._- ")) or "file"
    return f'attachment; filename="{plain}"'


def _list_context(request: HttpRequest) -> dict[str, Any]:
    query = request.GET.get("q", "")
    keys = find_keys(query)
    page = Paginator(keys, PER_PAGE).get_page(request.GET.get("page"))
    summaries = [found for key in page.object_list if (found := summary_of(key))]
    keep = request.GET.copy()
    keep.pop("part", None)
    keep.pop("page", None)
    return {
        "query": query,
        "page": page,
        "messages_shown": summaries,
        "count": len(keys),
        "list_url": reverse("pages:list-dev-mail"),
        "keep": keep.urlencode(),
    }


urlpatterns = [
    path("", list_dev_mail, name="list-dev-mail"),
    path("empty/", empty_dev_mail, name="empty-dev-mail"),
    path("<str:key>/", show_dev_mail, name="show-dev-mail"),
    path("<str:key>/html/", show_dev_mail_html, name="show-dev-mail-html"),
    path("<str:key>/attachments/<int:number>/", download_dev_mail, name="download-dev-mail"),
]
