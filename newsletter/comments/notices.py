"""The mails about comments, rendered as they go out: from what is true then, or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.comments.access import may_moderate, may_read
from newsletter.comments.actions.by_link import (
    WORKS_FOR,
    is_authors_to_decide,
    make_decision_token,
)
from newsletter.comments.actions.notifying import unsubscribe_path
from newsletter.comments.enums import CommentState, NewComments, NoticeKind
from newsletter.comments.models import Comment
from newsletter.comments.owners import Place, get_place, get_places
from newsletter.comments.queries import is_muted, muted_by, notice_choice_of
from newsletter.comments.queue import count_waiting
from newsletter.comments.text import plain_text, render_comment
from newsletter.lib.emails import RenderedEmail, render_email
from newsletter.outbox.late import register_late
from newsletter.publication.queries import get_publication

IN_A_DIGEST = 30


def register_notices() -> None:
    """Let the outbox render them."""
    register_late("comment_waiting", render_waiting)
    register_late("comment_new", render_new)
    register_late("comment_reply", render_reply)
    register_late("comment_digest", render_digest)


def render_waiting(about: dict[str, Any]) -> RenderedEmail | None:
    """To a moderator: what waits, why, and for its author the link that decides."""
    user, comment = _user(about), _comment(about)
    if user is None or comment is None or not comment.waits:
        return None
    if not may_moderate(user) or not notice_choice_of(user).waiting:
        return None
    place = _place(comment, user)
    if place is None:
        return None
    link = _url("admin:newsletter_comment_changelist")
    decides = is_authors_to_decide(comment, user)
    if decides:
        link = _url("comments:decide-by-link", make_decision_token(comment, user))
    changed = comment.pending_body if comment.is_visible else ""
    return _render(
        "comment_waiting",
        user,
        NoticeKind.WAITING,
        **_said(comment, place),
        link=link,
        decides=decides,
        days=WORKS_FOR.days,
        changed=plain_text(render_comment(changed)) if changed else "",
        reasons=[reason["words"] for reason in comment.reasons],
        others=max(count_waiting() - 1, 0),
        queue=_url("admin:newsletter_comment_changelist"),
    )


def render_new(about: dict[str, Any]) -> RenderedEmail | None:
    """To a moderator who chose a mail for each: what is read now."""
    user, comment = _user(about), _comment(about)
    if user is None or comment is None or not comment.is_visible or not may_moderate(user):
        return None
    place = _place(comment, user)
    if place is None or notice_choice_of(user).new_comments != NewComments.EACH:
        return None
    if is_muted(comment.thread, user):
        return None
    link = _url("comments:show-comment", comment.pk)
    return _render("comment_new", user, NoticeKind.NEW, **_said(comment, place), link=link)


def render_reply(about: dict[str, Any]) -> RenderedEmail | None:
    """To whoever is answered, while both stand and they want it and may read it (C7)."""
    user, comment = _user(about), _comment(about)
    if user is None or comment is None or not comment.is_visible:
        return None
    parent = comment.parent
    if parent is None or parent.user_id != user.pk or not parent.is_visible:
        return None
    place = _place(comment, user)
    if place is None or not may_read(place, comment.thread):
        return None
    if is_muted(comment.thread, user) or not notice_choice_of(user).replies:
        return None
    return _render(
        "comment_reply",
        user,
        NoticeKind.REPLY,
        **_said(comment, place),
        own=plain_text(parent.html),
        link=_url("comments:show-comment", comment.pk),
    )


def render_digest(about: dict[str, Any]) -> RenderedEmail | None:
    """To a moderator who chose one mail a day: what was said since the last, and what waits."""
    user = _user(about)
    if user is None or not may_moderate(user):
        return None
    if notice_choice_of(user).new_comments != NewComments.DAILY:
        return None
    since, until = (datetime.fromisoformat(about[name]) for name in ("since", "to"))
    new = Comment.objects.filter(
        state=CommentState.APPROVED, announced_at__gt=since, announced_at__lte=until
    ).exclude(Q(user=user) | Q(thread__in=muted_by(user)))
    newest = list(new.select_related("thread").order_by("-announced_at", "-pk")[:IN_A_DIGEST])
    if not newest:
        return None
    named = {(each.thread.kind, each.thread.key) for each in newest}
    places = get_places(named, user, timezone.now())
    talks: dict[Place, list[dict[str, Any]]] = {}
    for each in newest:
        place = places.get((each.thread.kind, each.thread.key))
        if place is not None:
            said = {**_said(each, place), "url": _url("comments:show-comment", each.pk)}
            talks.setdefault(place, []).append(said)
    if not talks:
        return None
    count = new.count()
    return _render(
        "comment_digest",
        user,
        NoticeKind.NEW,
        talks=[(place.title, said) for place, said in talks.items()],
        count=count,
        more=count - sum(map(len, talks.values())),
        waiting=count_waiting(),
        queue=_url("admin:newsletter_comment_changelist"),
    )


def _user(about: dict[str, Any]) -> User | None:
    found = User.objects.filter(pk=about["user"], is_active=True)
    return found.select_related("comment_notices").first()


def _comment(about: dict[str, Any]) -> Comment | None:
    found = Comment.objects.select_related("thread", "parent", "user")
    return found.filter(pk=about["comment"]).first()


def _place(comment: Comment, user: User) -> Place | None:
    return get_place(comment.thread.kind, comment.thread.key, user, timezone.now())


def _said(comment: Comment, place: Place) -> dict[str, Any]:
    return {
        "title": place.title,
        "name": comment.shown_name,
        "said": plain_text(comment.html),
        "at": comment.submitted_at,
    }


def _url(name: str, *args: Any) -> str:
    return str(urljoin(settings.SITE_URL, reverse(name, args=args)))


def _render(template: str, user: User, kind: NoticeKind, **context: Any) -> RenderedEmail:
    return render_email(
        template,
        {
            "publication": get_publication(),
            "user": user,
            "leave": urljoin(settings.SITE_URL, unsubscribe_path(user.pk, kind)),
            "choose": f"{_url('comments:list-own')}#mail",
            **context,
        },
    )
