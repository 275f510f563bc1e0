"""What mails about comments lead to: deciding as the author, and wanting no more of them."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from newsletter.accounts.models import User
from newsletter.comments import actions
from newsletter.comments.actions.by_link import (
    DECIDES,
    DeadLinkError,
    decide_by_link,
    find_decidable,
)
from newsletter.comments.enums import NoticeKind
from newsletter.comments.forms import NoticeForm
from newsletter.comments.queries import notice_choice_of
from newsletter.comments.queue import load_rows
from newsletter.lib.one_click import is_from_our_page
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.lib.signing import BadToken, read_token


@never_cache
@same_origin_post
@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
def decide_by_mail(request: HttpRequest, token: str) -> HttpResponseBase:
    """The comment with three buttons. Opening the link changes nothing (M15); a button does."""
    try:
        if request.method == "POST":
            what = request.POST.get("act", "")
            if what not in DECIDES:
                return HttpResponseBadRequest()
            comment, event = decide_by_link(token=token, what=what)
            context = {"comment": comment, "event": event}
            return render(request, "comments/decided.html", context)
        found = find_decidable(token)
    except (DeadLinkError, actions.IllegalMoveError, actions.StaleCommentError):
        return render(request, "comments/decision_dead.html", status=410)
    rows = load_rows([found.comment.pk], found.author)
    return render(request, "comments/decide.html", {"row": rows[0], "comment": found.comment})


@never_cache
@csrf_exempt
@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
def leave_notices(request: HttpRequest, token: str) -> HttpResponseBase:
    """End one kind of mail.

    RFC 8058: a POST from anywhere is the act itself, answered 200 however often it comes. GET
    never changes anything.
    """
    try:
        user_id, kind = read_token(actions.NOTICE_PURPOSE, token).split(".")
    except BadToken:
        return render(request, "subscribers/link_broken.html", {"leaving": True}, status=404)
    chosen = NoticeKind(kind)
    user = User.objects.select_related("comment_notices").filter(pk=user_id).first()
    if request.method == "POST":
        if user is not None:
            actions.leave_notices(user=user, kind=chosen)
        if not is_from_our_page(request):
            return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
    context = {"kind": chosen, "left": request.method == "POST" or user is None}
    return render(request, "comments/leave_notices.html", context)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def choose_notices(request: HttpRequest) -> HttpResponse:
    """Store which mails about comments the reader wants."""
    user = cast("User", request.user)
    form = NoticeForm(request.POST, instance=notice_choice_of(user), viewer=user)
    if not form.is_valid():
        return HttpResponseBadRequest()
    actions.choose_notices(actor=user, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("comments:list-own")
