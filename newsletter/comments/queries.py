"""Finding conversations, comments and what is known of people. Pages of them are in reading.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.comments.classifier import Counts
from newsletter.comments.enums import CommentState, EventKind, ReportState
from newsletter.comments.models import (
    Ban,
    Comment,
    CommentSettings,
    ModerationEvent,
    NoticeChoice,
    Report,
    Thread,
    ThreadMute,
    WordCount,
)
from newsletter.comments.owners import Place
from newsletter.comments.standing import Standing

# Saying the same again within this time is a slip; a day later it may be meant.
SAME_WITHIN = timedelta(days=1)
ALL_TEXTS = ""


def get_comment_settings() -> CommentSettings:
    """The site's rules, or the defaults (unsaved) before the author has saved any."""
    return CommentSettings.objects.filter(
        pk=CommentSettings.SINGLETON_ID
    ).first() or CommentSettings(pk=CommentSettings.SINGLETON_ID)


def find_thread(place: Place) -> Thread | None:
    """The conversation on this thing; None while nobody has said anything."""
    return Thread.objects.filter(kind=place.kind, key=place.key).first()


def find_ban(user: User | None, now: datetime) -> Ban | None:
    """What bars somebody now."""
    return Ban.objects.in_force(now).filter(user=user).first() if user is not None else None


def standing_of(user: User | None) -> Standing:
    """What somebody's history says, in two queries; an empty one for a visitor."""
    return standings_of([user])[user.pk] if user is not None else Standing()


def standings_of(users: Iterable[User]) -> dict[int, Standing]:
    """What the histories of all of these say, in two queries."""
    people = {user.pk: user for user in users}
    if not people:
        return {}
    said = _by_state(Comment.objects.filter(user__in=people))
    reported = _by_state(Report.objects.filter(user__in=people))
    return {
        pk: Standing(
            is_confirmed=user.email_confirmed_at is not None,
            approved=said.get((pk, CommentState.APPROVED), 0),
            rejected=said.get((pk, CommentState.REJECTED), 0),
            spam=said.get((pk, CommentState.SPAM), 0),
            reports_upheld=reported.get((pk, ReportState.UPHELD), 0),
            reports_dismissed=reported.get((pk, ReportState.DISMISSED), 0),
        )
        for pk, user in people.items()
    }


def _by_state(rows: QuerySet[Any]) -> dict[tuple[int, str], int]:
    counted = rows.order_by().values_list("user", "state").annotate(number=Count("pk"))
    return {(user_id, state): number for user_id, state, number in counted}


def find_same(
    *, thread: Thread | None, user: User | None, email: str, parent_id: int | None, body: str
) -> Comment | None:
    """What this person has said in these very words at this very place in the last day."""
    if thread is None:
        return None
    whose = Q(user=user) if user is not None else Q(user=None, guest_email=email)
    since = timezone.now() - SAME_WITHIN
    same = Comment.objects.filter(
        whose, thread=thread, parent_id=parent_id, submitted_at__gte=since
    )
    return same.filter(body=body).exclude(state=CommentState.REMOVED).first()


def word_counts(tokens: Iterable[str]) -> tuple[dict[str, Counts], Counts]:
    """What the classifier has seen of these tokens, and how many texts in all. One query."""
    rows = WordCount.objects.filter(token__in=[ALL_TEXTS, *tokens])
    seen = {row.token: Counts(row.ham, row.spam) for row in rows}
    return seen, seen.pop(ALL_TEXTS, Counts())


def own_waiting(thread: Thread | None, user: User | None) -> list[Comment]:
    """What somebody wrote here that others do not see yet, the newest first; at most ten."""
    if thread is None or user is None:
        return []
    waiting = Comment.objects.filter(thread=thread, user=user, state=CommentState.PENDING)
    return list(waiting.order_by("-pk")[:10])


def is_muted(thread: Thread | None, user: User | None) -> bool:
    """Whether somebody wants no notices of this conversation."""
    if thread is None or user is None:
        return False
    return ThreadMute.objects.filter(thread=thread, user=user).exists()


def muted_by(user: User) -> QuerySet[Thread]:
    """The conversations of which somebody wants no notices, for use in another query."""
    return Thread.objects.filter(mutes__user=user)


def counts_on_articles(article_ids: Iterable[int]) -> dict[int, int]:
    """How many comments stand under each of these articles; those without are left out."""
    found = Thread.objects.filter(article__in=list(article_ids), approved_count__gt=0)
    return dict(found.values_list("article_id", "approved_count"))


def newest_public(limit: int) -> QuerySet[Comment]:
    """The newest approved comments, whatever they are under: see feeds.py for who may read."""
    return (
        Comment.objects.filter(state=CommentState.APPROVED)
        .select_related("thread")
        .order_by("-submitted_at", "-pk")[:limit]
    )


def comments_of(user: User) -> QuerySet[Comment]:
    """Everything somebody wrote that still exists, the newest first."""
    return (
        Comment.objects.filter(user=user)
        .exclude(state=CommentState.REMOVED, body="")
        .select_related("thread")
        .order_by("-submitted_at", "-pk")
    )


def find_moderators() -> list[User]:
    """Everybody who looks after comments, with what they chose about mail. One query."""
    right = Q(codename="change_comment", content_type__app_label="newsletter")
    rights = Permission.objects.filter(right).values("pk")
    own = User.user_permissions.through.objects.filter(permission__in=rights)
    by_group = User.groups.through.objects.filter(group__permissions__in=rights)
    # No joins to be made distinct: for those PostgreSQL plans, and compiles, for a second.
    may = Q(is_superuser=True) | Q(pk__in=own.values("user")) | Q(pk__in=by_group.values("user"))
    staff = User.objects.filter(may, is_staff=True, is_active=True)
    return list(staff.select_related("comment_notices").order_by("pk"))


def notice_choice_of(user: User) -> NoticeChoice:
    """Which mails about comments somebody wants, or the defaults (unsaved)."""
    found = getattr(user, "comment_notices", None)
    return found if found is not None else NoticeChoice(user=user)


def trail_of(comment: Comment, limit: int = 100) -> list[ModerationEvent]:
    """What happened to one comment, the newest first. One query."""
    events = ModerationEvent.objects.filter(comment=comment).select_related("actor", "user")
    return list(events[:limit])


def trail_of_rules(thread: Thread | None, limit: int = 50) -> list[ModerationEvent]:
    """What happened to one conversation as such, or (None) to the site's rules. One query."""
    events = ModerationEvent.objects.filter(thread=thread, comment=None)
    if thread is None:
        events = events.filter(kind=EventKind.RULES)
    return list(events.select_related("actor", "user")[:limit])


def trail_of_person(user: User, limit: int = 100) -> list[ModerationEvent]:
    """What happened to somebody and to what they wrote, the newest first. One query."""
    events = ModerationEvent.objects.filter(user=user).select_related(
        "actor", "user", "comment__thread__article"
    )
    return list(events[:limit])


def bans_of(user: User) -> list[Ban]:
    """Every bar there was, the newest first."""
    return list(Ban.objects.filter(user=user).select_related("by").order_by("-pk")[:50])
