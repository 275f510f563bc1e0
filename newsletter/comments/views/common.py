"""Finding what a request is about, and who sent it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from newsletter.accounts.queries import viewer
from newsletter.accounts.ratelimit import client_ip
from newsletter.comments.access import may_read
from newsletter.comments.actions import RefusedError, Sender
from newsletter.comments.actions.judging import NOWHERE
from newsletter.comments.models import Comment
from newsletter.comments.owners import Place, get_place


def sender_of(request: HttpRequest) -> Sender:
    """Where the request comes from."""
    return Sender(client_ip(request) or NOWHERE, request.headers.get("User-Agent", "")[:300])


def place_or_404(request: HttpRequest, kind: str, key: int) -> Place:
    """The thing with this name, as the viewer gets it."""
    place = get_place(kind, key, viewer(request), timezone.now())
    if place is None:
        raise Http404
    return place


def find_comment_or_404(pk: int) -> Comment:
    """A comment, whatever became of what it is under."""
    found = Comment.objects.select_related("thread", "user").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def comment_or_404(request: HttpRequest, pk: int) -> tuple[Comment, Place]:
    """A comment, and what it is under. Who may do what with it, the caller asks."""
    found = find_comment_or_404(pk)
    return found, place_or_404(request, found.thread.kind, found.thread.key)


def readable_comment_or_404(request: HttpRequest, pk: int) -> tuple[Comment, Place]:
    """A comment in a conversation that the viewer may read (C7)."""
    comment, place = comment_or_404(request, pk)
    if not may_read(place, comment.thread):
        raise Http404
    return comment, place


def to_the_wall(request: HttpRequest, place: Place) -> HttpResponse:
    """For who may not read what is said: a member who is signed out finds the way in there.

    What is not listed is not given away by its number.
    """
    if not place.is_listed:
        raise Http404
    return take_page_to(request, place.path)


def take_page_to(request: HttpRequest, path: str) -> HttpResponse:
    """To another page, also where htmx asked for a part of this one.

    A redirect it would follow, and put all of that page in the place of the part.
    """
    return HttpResponse(headers={"HX-Redirect": path}) if is_fragment(request) else redirect(path)


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page and not for the page."""
    return request.headers.get("HX-Request") == "true"


def show_refusal(request: HttpRequest, refused: RefusedError, comment: Comment) -> HttpResponse:
    """Say why something is not done with a comment."""
    context = {"words": refused.finding.words, "comment": comment}
    return render(request, "comments/refused.html", context, status=403)


def to_comment(comment: Comment) -> HttpResponse:
    """To the page on which it stands."""
    return redirect("comments:show-comment", comment.pk)
