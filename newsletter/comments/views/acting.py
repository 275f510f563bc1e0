"""What people do with comments that stand: change, delete, like, report, and look after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from newsletter.accounts.models import User
from newsletter.comments import actions
from newsletter.comments.access import is_own, may_delete, may_edit
from newsletter.comments.actions import IllegalMoveError, RefusedError, StaleCommentError
from newsletter.comments.forms import EditForm, ReportForm
from newsletter.comments.models import Comment
from newsletter.comments.owners import Place, get_place
from newsletter.comments.screens import Conversation
from newsletter.comments.text import render_comment
from newsletter.comments.views.common import (
    comment_or_404,
    find_comment_or_404,
    is_fragment,
    place_or_404,
    readable_comment_or_404,
    sender_of,
    show_refusal,
    take_page_to,
    to_comment,
)
from newsletter.lib.opens_to import Opens, opens_to


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one's own text. What is held is shown with the old text beside it."""
    user = cast("User", request.user)
    comment, place = comment_or_404(request, pk)
    rules = Conversation(place, user).rules
    if not may_edit(comment, user, rules, timezone.now()):
        return _cannot_edit(request, comment, user)
    form = EditForm(request.POST or None, initial={"body": comment.pending_body or comment.body})
    preview = ""
    if request.method == "POST" and form.is_valid():
        body = form.cleaned_data["body"]
        if "preview" in request.POST:
            preview = render_comment(body)
        else:
            try:
                changed = actions.edit_comment(
                    actor=user, comment=comment, place=place, body=body, sender=sender_of(request)
                )
            except RefusedError as refused:
                form.add_error(None, refused.finding.words)
            except StaleCommentError:
                form.add_error(
                    None, _("Somebody decided on this comment meanwhile. Send it once more.")
                )
            else:
                return _edited(request, changed)
    context = {"form": form, "comment": comment, "place": place, "preview": preview}
    return render(request, "comments/edit.html", context, status=422 if form.errors else 200)


def _cannot_edit(request: HttpRequest, comment: Comment, user: User) -> HttpResponse:
    if not is_own(comment, user):
        raise PermissionDenied
    context = {"comment": comment, "typed": request.POST.get("body", "")}
    return render(request, "comments/edit_closed.html", context, status=403)


def _edited(request: HttpRequest, comment: Comment) -> HttpResponse:
    if not comment.is_visible:
        messages.success(request, _("Changed. It is looked at before others see it."))
    elif comment.pending_body:
        messages.success(
            request, _("Changed. It is looked at first; until then the old text stays.")
        )
    else:
        messages.success(request, _("Changed."))
    return to_comment(comment)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def delete_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one's own comment: asked once, and possible when what it is under has gone."""
    user = cast("User", request.user)
    comment = find_comment_or_404(pk)
    if not may_delete(comment, user):
        raise PermissionDenied
    place = get_place(comment.thread.kind, comment.thread.key, user, timezone.now())
    back = f"{place.path}#comments" if place else reverse("comments:list-own")
    if request.method != "POST":
        context = {"comment": comment, "place": place, "back": back}
        return render(request, "comments/delete.html", context)
    actions.delete_own_comment(actor=user, comment=comment)
    messages.success(request, _("Your comment is deleted."))
    return redirect(back)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def like_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Like a comment, or no longer: the button says which."""
    comment, place = readable_comment_or_404(request, pk)
    likes = request.POST.get("likes") != "0"
    user = cast("User", request.user)
    try:
        count = actions.set_like(actor=user, comment=comment, place=place, likes=likes)
    except RefusedError as refused:
        if not is_fragment(request):
            return show_refusal(request, refused, comment)
        messages.warning(request, refused.finding.words)
        return take_page_to(request, reverse("comments:show-comment", args=[comment.pk]))
    except IllegalMoveError:
        return _gone(request, place)
    if is_fragment(request):
        line = {"like_url": request.path, "likes": count, "is_liked": likes}
        return render(request, "comments/_like.html", {"line": line})
    return to_comment(comment)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def report_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell the author that something should not stand there."""
    comment, place = readable_comment_or_404(request, pk)
    if not comment.is_visible:
        # What waits or was spam is nobody's to read, by its number neither.
        return _gone(request, place)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.report_comment(
                actor=cast("User", request.user),
                comment=comment,
                place=place,
                reason=form.cleaned_data["reason"],
                note_text=form.cleaned_data["note"],
            )
        except RefusedError as refused:
            return show_refusal(request, refused, comment)
        except IllegalMoveError:
            return _gone(request, place)
        messages.success(request, _("Thank you. Somebody will look at it."))
        comment.refresh_from_db(fields=["state"])
        return to_comment(comment) if comment.is_visible else redirect(place.path)
    context = {"form": form, "comment": comment, "place": place}
    return render(request, "comments/report.html", context, status=422 if form.errors else 200)


_DECISIONS: dict[str, Callable[..., object]] = {
    "remove": actions.remove_comment,
    "spam": actions.mark_as_spam,
    "pin": actions.pin_comment,
    "unpin": actions.unpin_comment,
}


@never_cache
@opens_to(Opens.STAFF)
@require_POST
def moderate_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """What a moderator does in passing; the queue at the desk has the rest."""
    comment, place = comment_or_404(request, pk)
    act = _DECISIONS.get(request.POST.get("act", ""))
    if act is None:
        return HttpResponseBadRequest()
    try:
        act(actor=cast("User", request.user), comment=comment)
    except (IllegalMoveError, StaleCommentError):
        return _gone(request, place)
    messages.success(request, _("Done."))
    return redirect(place.path)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_POST
def mute_thread(request: HttpRequest, kind: str, key: int) -> HttpResponse:
    """Have no more notices of one conversation, or have them again."""
    user = cast("User", request.user)
    talk = Conversation(place_or_404(request, kind, key), user)
    if not talk.is_readable:
        raise PermissionDenied
    actions.set_mute(actor=user, place=talk.place, muted=request.POST.get("muted") != "0")
    return redirect(f"{talk.place.path}#comments")


@never_cache
@opens_to(Opens.STAFF)
@require_POST
def govern_thread(request: HttpRequest, kind: str, key: int) -> HttpResponse:
    """Close the conversation, or open it again."""
    place = place_or_404(request, kind, key)
    act = {"close": actions.close_thread, "reopen": actions.reopen_thread}.get(
        request.POST.get("act", "")
    )
    if act is None:
        return HttpResponseBadRequest()
    act(actor=cast("User", request.user), place=place)
    return redirect(f"{place.path}#comments")


def _gone(request: HttpRequest, place: Place) -> HttpResponse:
    messages.warning(request, _("That comment has gone or was decided on in the meantime."))
    return take_page_to(request, place.path)
