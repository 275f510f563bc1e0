"""Give one article to people who may not read it; open what was given; end it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.enums import GiftStanding
from newsletter.articles.giving import links_left, live_links, may_give, standing_of
from newsletter.articles.models import Article, GiftLink, GiftOpening
from newsletter.memberships.actions import record


class NoMoreGifts(Exception):
    """The giver has made as many links as one may in 30 days."""


class GiftShut(Exception):
    """The link opens nothing (any more); `standing` says why."""

    def __init__(self, standing: GiftStanding) -> None:
        super().__init__(standing)
        self.standing = standing


@transaction.atomic
def make_gift_link(*, actor: User, article: Article, now: datetime | None = None) -> GiftLink:
    """Return a link that opens `article` for others; one that still does is returned again.

    Raises PermissionDenied where the article is not the giver's to read (or nobody pays for it),
    NoMoreGifts where there were too many. Staff give as many as they like.
    """
    now = now or timezone.now()
    # Two clicks at once, and two of them at the limit: the second waits and sees the first.
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    if not may_give(actor, article, now):
        raise PermissionDenied(_("This piece is not yours to give."))
    if live := live_links(actor, article, now):
        return live[0]
    if not actor.is_staff and not links_left(actor, now):
        raise NoMoreGifts
    link = GiftLink.objects.create(
        article=article,
        giver=actor,
        max_openings=settings.GIFT_LINK_OPENINGS,
        created_at=now,
        expires_at=now + timedelta(days=settings.GIFT_LINK_DAYS),
    )
    record(user=actor, what="gift_link_made", detail=article.title, actor=actor)
    return link


def open_gift(*, link: GiftLink, ticket: str, now: datetime | None = None) -> GiftOpening:
    """Count one opening and return it; the same `ticket` again is the same opening.

    Raises GiftShut when the link opens nothing (any more). Two readers at the last opening: one
    conditional UPDATE lets one of them in.
    """
    now = now or timezone.now()
    before = link.opened.filter(ticket=ticket).first()
    standing = standing_of(link, now)
    if before is not None and standing in {GiftStanding.OPENS, GiftStanding.USED_UP}:
        return before
    if standing != GiftStanding.OPENS:
        raise GiftShut(standing)
    try:
        with transaction.atomic():
            opening = GiftOpening.objects.create(link=link, ticket=ticket, opened_at=now)
            left = GiftLink.objects.filter(
                pk=link.pk, revoked_at=None, openings__lt=F("max_openings")
            )
            if not left.update(openings=F("openings") + 1):
                raise GiftShut(GiftStanding.USED_UP)
    except IntegrityError:
        # The same button, pressed twice in the same moment.
        return link.opened.get(ticket=ticket)
    return opening


def revoke_gift_link(*, actor: User, link: GiftLink, now: datetime | None = None) -> bool:
    """End a link, whoever is reading; False where it had ended. For its giver and for staff."""
    if actor.pk != link.giver_id and not actor.is_staff:
        raise PermissionDenied(_("This link is not yours."))
    with transaction.atomic():
        open_one = GiftLink.objects.filter(pk=link.pk, revoked_at=None)
        if not open_one.update(revoked_at=now or timezone.now()):
            return False
        record(user=link.giver, what="gift_link_ended", detail=link.article.title, actor=actor)
    return True
