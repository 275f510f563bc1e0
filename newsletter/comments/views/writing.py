"""Writing: the form, the puzzle for a visitor's browser, and the link in the mail that confirms."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.accounts.actions import update_profile
from newsletter.accounts.queries import viewer
from newsletter.comments import actions
from newsletter.comments.actions import RefusedError, StaleCommentError, Submitted
from newsletter.comments.enums import CommentState
from newsletter.comments.forms import CommentForm
from newsletter.comments.models import Comment
from newsletter.comments.owners import get_place
from newsletter.comments.proof_of_work import make_challenge
from newsletter.comments.reading import read_one
from newsletter.comments.screens import Conversation
from newsletter.comments.text import render_comment
from newsletter.comments.views.common import (
    is_fragment,
    place_or_404,
    sender_of,
    to_comment,
    to_the_wall,
)
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.lib.signing import BadToken, read_token
from newsletter.outbox.tasks import deliver_email
from newsletter.subscribers.address_policy import mask_address


@never_cache
@same_origin_post
@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def write_comment(request: HttpRequest, kind: str, key: int) -> HttpResponseBase:
    """The form by itself (for an answer, with what it answers), and where every form is sent.

    Sets no cookie. What was typed comes back with every error.
    """
    talk = Conversation(place_or_404(request, kind, key), viewer(request))
    if not talk.is_readable:
        return _give_back(request, talk)
    if request.method != "POST":
        answer = _answered(talk, request.GET.get("answer", ""))
        form = CommentForm(viewer=talk.viewer, answer=answer.pk if answer else None)
        return _show_form(request, talk, form)
    sent = request.POST.get("answer", "")
    number = int(sent) if sent.isdecimal() and len(sent) < 18 else None
    form = CommentForm(request.POST, viewer=talk.viewer, answer=number)
    if "preview" in request.POST:
        form.full_clean()
        form.errors.clear()
        body = form.cleaned_data.get("body", "")
        return _show_form(request, talk, form, preview=render_comment(body) if body else "")
    if not form.is_valid():
        return _show_form(request, talk, form, status=422)
    try:
        submitted = actions.submit_comment(
            place=talk.place, viewer=talk.viewer, written=form.written(), sender=sender_of(request)
        )
    except RefusedError as refused:
        # What it answered has gone (C2): the same text as a comment of its own.
        number = None if refused.finding.check == "parent" else number
        form = _once_more(request, talk, number)
        form.add_error(None, refused.finding.words)
        return _show_form(request, talk, form, status=422)
    return _say_thanks(request, talk, form, submitted)


def _give_back(request: HttpRequest, talk: Conversation) -> HttpResponse:
    """To the wall; with what was typed, and without what it answers. htmx's form has its draft."""
    wall = to_the_wall(request, talk.place)
    if request.method != "POST" or is_fragment(request):
        return wall
    context = {"talk": talk, "form": CommentForm(request.POST, viewer=talk.viewer)}
    return render(request, "comments/write.html", context, status=403)


def _once_more(request: HttpRequest, talk: Conversation, answer: int | None) -> CommentForm:
    """The same text, with a puzzle to be solved anew: the answer that came with it is used up."""
    data = request.POST.copy()
    data["answer"], data["altcha"] = str(answer or ""), ""
    form = CommentForm(data, viewer=talk.viewer, answer=answer)
    form.full_clean()
    return form


def _answered(talk: Conversation, sent: str) -> Comment | None:
    if not sent.isdecimal() or len(sent) > 17 or talk.thread is None:
        return None
    found = Comment.objects.filter(pk=int(sent), thread=talk.thread, state=CommentState.APPROVED)
    return found.first()


def _show_form(
    request: HttpRequest,
    talk: Conversation,
    form: CommentForm,
    *,
    preview: str = "",
    status: int = 200,
) -> HttpResponse:
    answer = _answered(talk, str(form["answer"].value() or ""))
    context = {"talk": talk, "form": form, "preview": preview, "answer": answer}
    if is_fragment(request):
        # htmx leaves the page as it is on an error's status; the form must come back all the same.
        return render(request, "comments/_form.html", context)
    return render(request, "comments/write.html", context, status=status)


def _say_thanks(
    request: HttpRequest, talk: Conversation, form: CommentForm, submitted: Submitted
) -> HttpResponse:
    if submitted.mail is not None:
        deliver_email.delay_on_commit(submitted.mail.pk)
    comment, user = submitted.comment, talk.viewer
    name = form.cleaned_data.get("name", "")
    if user is not None and name:
        # Asked for once: from now on they are called so.
        update_profile(actor=user, user=user, name=name, time_zone=user.time_zone)
    if is_fragment(request):
        shown = read_one(comment.pk, talk.looking) if comment.is_visible else None
        context = {"talk": talk, "comment": comment, "shown": shown}
        return render(request, "comments/_thanks.html", context)
    if user is None:
        return redirect("comments:show-sent", talk.place.kind, talk.place.key)
    return to_comment(comment)


@never_cache
@opens_to(Opens.EVERYONE)
@require_safe
def show_sent(request: HttpRequest, kind: str, key: int) -> HttpResponse:
    """What happens next, the same for every visitor and every address."""
    place = place_or_404(request, kind, key)
    if not (place.is_readable or place.is_listed):
        raise Http404
    return render(request, "comments/sent.html", {"place": place})


@never_cache
@opens_to(Opens.EVERYONE)
@require_safe
def make_puzzle(request: HttpRequest) -> HttpResponse:
    """A fresh puzzle for a visitor's browser. Not part of the page, for that is kept."""
    return JsonResponse(make_challenge())


@never_cache
@same_origin_post
@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_comment(request: HttpRequest, token: str) -> HttpResponseBase:
    """The link in the mail: the text and one button. Only the button changes anything (M15)."""
    try:
        pk = int(read_token(actions.CONFIRM_PURPOSE, token))
    except BadToken:
        return render(request, "comments/link_dead.html", status=404)
    comment = Comment.objects.select_related("thread").filter(pk=pk).first()
    if comment is None or comment.is_gone:
        return render(request, "comments/link_dead.html", status=410)
    thread = comment.thread
    place = get_place(thread.kind, thread.key, viewer(request), timezone.now())
    if place is None:
        return render(request, "comments/link_dead.html", status=410)
    masked, words = mask_address(comment.guest_email), ""
    if request.method == "POST":
        try:
            comment = actions.confirm_comment(
                comment=comment, place=place, sender=sender_of(request)
            )
        except RefusedError as refused:
            words = refused.finding.words
        except (Comment.DoesNotExist, StaleCommentError):
            # Forgotten or decided on at this very moment.
            return render(request, "comments/link_dead.html", status=410)
    context = {
        "comment": comment,
        "place": place,
        "words": words,
        "is_open": comment.state == CommentState.UNCONFIRMED,
        "masked": masked,
    }
    return render(request, "comments/confirm.html", context)
