"""Publish, schedule, take back. Sending is only asked for here; mailings pull (M7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.actions.common import (
    IllegalMove,
    article_changed,
    record_revision,
    require_author,
)
from newsletter.articles.enums import ArticleState, MailAudience, SendChoice, Visibility
from newsletter.articles.models import Article

log = structlog.get_logger(__name__)


@transaction.atomic
def publish_article(
    *,
    actor: User,
    article: Article,
    send: str = SendChoice.NO,
    audience: str = MailAudience.ALL,
    now: datetime | None = None,
) -> Article:
    """Make the stored article public at once, and ask for it to be sent if `send` says so.

    Unsaved changes on `article` are dropped: save first. An article that was public before keeps
    its date. With SendChoice.ONLY it appears nowhere on the web. Raises IllegalMove when it is
    public already, ValidationError when it cannot go out as it is.
    """
    require_author(actor)
    now = now or timezone.now()
    article.refresh_from_db()
    _check_ready(article, send)
    published_before = article.published_at is not None and article.published_at <= now
    _move(
        article,
        to=ArticleState.PUBLISHED,
        published_at=article.published_at if published_before else now,
        **_sending(send, audience, requested_at=now),
    )
    reason = _("Published") if send == SendChoice.NO else _("Published and sent")
    record_revision(article, actor=actor, reason=reason)
    article_changed(article)
    return article


@transaction.atomic
def schedule_article(
    *,
    actor: User,
    article: Article,
    at: datetime,
    send: str = SendChoice.NO,
    audience: str = MailAudience.ALL,
    now: datetime | None = None,
) -> Article:
    """Have the stored article published at `at`, or change when a scheduled one is.

    `at` is a moment, not a wall-clock time: a form turns what the author typed into one in the
    author's zone, so a change to summer time between now and then moves nothing (W3).
    """
    require_author(actor)
    if timezone.is_naive(at):
        raise ValueError("A schedule is a moment: give it a time zone.")
    if at <= (now or timezone.now()):
        raise ValidationError(_("Choose a time in the future."), code="past")
    article.refresh_from_db()
    _check_ready(article, send)
    _move(
        article,
        to=ArticleState.SCHEDULED,
        published_at=at,
        **_sending(send, audience, requested_at=None),
    )
    record_revision(article, actor=actor, reason=_("Scheduled"))
    article_changed(article)
    return article


def publish_due_articles(now: datetime | None = None) -> list[int]:
    """Publish every scheduled article whose time has come; return the ids of those.

    Each is claimed by a conditional UPDATE, so of several workers one publishes it. It is dated
    with the time it was scheduled for, however late a worker looks. What fails is logged, does
    not stop the others, and is tried again at the next look.
    """
    now = now or timezone.now()
    due = Article.objects.filter(state=ArticleState.SCHEDULED, published_at__lte=now)
    published = []
    for article_id in due.order_by("published_at", "pk").values_list("pk", flat=True):
        try:
            if _publish_due(article_id, now):
                published.append(article_id)
        except Exception:
            log.exception("publishing_failed", article=article_id)
    return published


@transaction.atomic
def _publish_due(article_id: int, now: datetime) -> bool:
    due = Article.objects.filter(pk=article_id, state=ArticleState.SCHEDULED, published_at__lte=now)
    # The author may have taken it back or moved it since the list was read.
    if not due.update(state=ArticleState.PUBLISHED, updated_at=now):
        return False
    article = Article.objects.get(pk=article_id)
    # Asked for when it was due: what is a day late is not mailed without asking (M7).
    due_at = article.published_at
    sending = _sending(article.send_choice, article.mail_audience, requested_at=due_at)
    Article.objects.filter(pk=article_id).update(**sending)
    article.refresh_from_db()
    record_revision(article, actor=None, reason=_("Published on schedule"))
    article_changed(article)
    return True


@transaction.atomic
def unpublish_article(*, actor: User, article: Article) -> Article:
    """Make a scheduled, published or archived article a draft again. What was sent stays sent."""
    require_author(actor)
    article.refresh_from_db()
    was_scheduled = article.state == ArticleState.SCHEDULED
    # A date that never came is no publication date; one that did is kept for a second time.
    dates: dict[str, Any] = {"published_at": _last_published(article)} if was_scheduled else {}
    _move(article, to=ArticleState.DRAFT, send_requested_at=None, **dates)
    record_revision(article, actor=actor, reason=_("Taken back"))
    article_changed(article)
    return article


def _last_published(article: Article) -> datetime | None:
    """When an article was public before it was scheduled anew; None where it never was."""
    revisions = article.history.filter(state=ArticleState.PUBLISHED).order_by("-history_id")
    found: datetime | None = revisions.values_list("published_at", flat=True).first()
    return found


@transaction.atomic
def archive_article(*, actor: User, article: Article) -> Article:
    """Put an article away: off the site, out of the lists, kept."""
    require_author(actor)
    article.refresh_from_db()
    _move(article, to=ArticleState.ARCHIVED, send_requested_at=None)
    record_revision(article, actor=actor, reason=_("Archived"))
    article_changed(article)
    return article


@transaction.atomic
def request_send(
    *, actor: User, article: Article, audience: str = MailAudience.ALL, now: datetime | None = None
) -> Article:
    """Ask for an article that is already public to be sent. Whether it was before, mailings know.

    Raises IllegalMove when it is not public or a request is waiting already (a double click).
    """
    require_author(actor)
    article.refresh_from_db()
    _check_ready(article, SendChoice.YES)
    asked = Article.objects.filter(
        pk=article.pk, state=ArticleState.PUBLISHED, send_requested_at__isnull=True
    ).update(send_requested_at=now or timezone.now(), mail_audience=audience)
    if not asked:
        raise IllegalMove(article, ArticleState.PUBLISHED)
    article.refresh_from_db()
    record_revision(article, actor=actor, reason=_("Sent"))
    return article


def take_send_request(article_id: int) -> bool:
    """Claim the wish to send an article; True for exactly one of all who try.

    Call it in the transaction that makes the mailing, so that a crash in between undoes both.
    """
    return bool(
        Article.objects.filter(
            pk=article_id, state=ArticleState.PUBLISHED, send_requested_at__isnull=False
        ).update(send_requested_at=None)
    )


def _move(article: Article, *, to: str, **fields: Any) -> None:
    """Change the state with a conditional UPDATE; whoever comes second gets IllegalMove."""
    same = article.state == to == ArticleState.SCHEDULED
    if not same and not article.may_move_to(to):
        raise IllegalMove(article, to)
    moved = Article.objects.filter(pk=article.pk, state=article.state).update(
        state=to, updated_at=timezone.now(), **fields
    )
    if not moved:
        raise IllegalMove(article, to)
    article.refresh_from_db()


def _sending(send: str, audience: str, *, requested_at: datetime | None) -> dict[str, Any]:
    """What is stored of the author's choice. Asked for only at the moment of publishing."""
    fields: dict[str, Any] = {"send_choice": send, "mail_audience": audience}
    fields["send_requested_at"] = None if send == SendChoice.NO else requested_at
    if send == SendChoice.ONLY:
        fields["visibility"] = Visibility.EMAIL_ONLY
    return fields


def _check_ready(article: Article, send: str) -> None:
    if not article.title:
        raise ValidationError({"title": _("Give the article a title first.")})
    if not article.body:
        raise ValidationError({"body": _("There is no text yet.")})
    if send != SendChoice.NO and article.newsletter is None:
        raise ValidationError({"newsletter": _("Choose the newsletter to send it to.")})
    if send != SendChoice.NO and article.newsletter and article.newsletter.is_archived:
        raise ValidationError({"newsletter": _("Its newsletter is closed. Choose another.")})
    if article.access == "tiers" and not article.tiers.exists():
        raise ValidationError({"tiers": _("Choose the tiers whose members may read it.")})
