"""From "it is due" to a frozen mailing: variants, audience and batches, whole or not at all."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.articles.actions import keep_files_open, take_send_request
from newsletter.articles.content.files import open_folders
from newsletter.articles.models import Article
from newsletter.mailings import conf
from newsletter.mailings.actions.common import move, note
from newsletter.mailings.actions.lifecycle import NoNewsletter, create_mailing_for_article
from newsletter.mailings.audience import audience_of, freeze_audience, suppressed_readers
from newsletter.mailings.entitlement import audience_requirement
from newsletter.mailings.enums import DeliveryState, EventKind, MailingState
from newsletter.mailings.models import Delivery, Mailing, Variant
from newsletter.mailings.preflight import Level, check_mail
from newsletter.mailings.rendering import RenderedVariant, obstacles, render_variants

logger = logging.getLogger(__name__)
# Rendering takes a second, fixing an audience of a million about half a minute.
_LEASE = timedelta(minutes=5)


class CannotPrepare(ValueError):
    """The mailing cannot be sent as it is; the message tells the author why."""


def collect_send_requests() -> int:
    """Make a mailing for every article that its author wants sent; return how many were made.

    The request is taken and the mailing made in one transaction, so a kill between them leaves
    both undone; and a request made twice makes one mailing (M4, M7).
    """
    made = 0
    wanted = Article.objects.filter(send_requested_at__isnull=False).select_related("newsletter")
    for article in wanted.order_by("send_requested_at"):
        with transaction.atomic():
            if not take_send_request(article.pk):
                continue
            try:
                _mailing, is_new = create_mailing_for_article(
                    article=article, requested_at=article.send_requested_at or timezone.now()
                )
                made += is_new
            except NoNewsletter:
                logger.error("Article %s is to be sent and there is no newsletter.", article.pk)
    return made


def ask_about_overdue() -> int:
    """Leave what is late or was interrupted by more than a day to the author (M7)."""
    now = timezone.now()
    limit = now - conf.OVERDUE_AFTER
    waiting = Delivery.objects.filter(mailing_id=OuterRef("pk"), state=DeliveryState.QUEUED)
    late = Mailing.objects.filter(
        Q(state=MailingState.SCHEDULED, scheduled_at__lt=limit)
        | Q(state=MailingState.PREPARING, lease_until__lte=now, active_at__lt=limit)
        | Q(Exists(waiting), state=MailingState.SENDING, active_at__lt=limit)
    )
    asked = 0
    for mailing in late:
        with transaction.atomic():
            state = MailingState(mailing.state)
            if move(mailing.pk, [state], MailingState.NEEDS_DECISION):
                since = mailing.active_at or mailing.scheduled_at
                note(mailing.pk, EventKind.OVERDUE, since.isoformat() if since else "")
                asked += 1
    return asked


def due_mailings() -> QuerySet[Mailing]:
    """Mailings whose preparation should begin, or begin afresh after a worker's end."""
    now = timezone.now()
    return Mailing.objects.filter(
        Q(
            state=MailingState.SCHEDULED,
            scheduled_at__lte=now,
            scheduled_at__gte=now - conf.OVERDUE_AFTER,
        )
        | Q(state=MailingState.PREPARING, lease_until__lte=now)
    ).order_by("scheduled_at", "pk")


def prepare_mailing(*, mailing_id: int) -> bool:
    """Freeze a due mailing and set it sending; False when it is not due or another has it.

    Whatever is wrong with the mailing itself ends in "failed" with words for the author. A
    database that is out of order leaves it to be prepared afresh when the lease runs out.
    """
    claim = secrets.token_hex(16)
    now = timezone.now()
    taken = due_mailings().filter(pk=mailing_id).order_by()
    if not taken.update(
        state=MailingState.PREPARING, claim=claim, lease_until=now + _LEASE, active_at=now
    ):
        return False
    mailing = Mailing.objects.select_related("newsletter", "article__author", "article__cover").get(
        pk=mailing_id
    )
    try:
        _freeze(mailing, claim, _render(mailing))
    except LostClaim:
        return False
    except DatabaseError:
        raise
    except CannotPrepare as error:
        return _fail(mailing, claim, str(error))
    except Exception as error:
        logger.exception("Mailing %s could not be prepared", mailing_id)
        _fail(mailing, claim, f"{type(error).__name__}: {error}")
        return False
    return True


def _render(mailing: Mailing) -> list[RenderedVariant]:
    """Compose each variant once and refuse what must not go out."""
    if found := obstacles(mailing):
        raise CannotPrepare(" ".join(finding.message for finding in found))
    rendered = render_variants(mailing)
    errors = {
        finding.message
        for variant in rendered
        for finding in check_mail(*variant.mail)
        if finding.level is Level.ERROR
    }
    if errors:
        raise CannotPrepare(" ".join(sorted(errors)))
    return rendered


def _freeze(mailing: Mailing, claim: str, rendered: list[RenderedVariant]) -> None:
    now = timezone.now()
    requirement = audience_requirement([(each.access, each.tier_ids) for each in rendered])
    audience = audience_of(mailing, requirement, now)
    suppressed = suppressed_readers(mailing, audience)
    with transaction.atomic():
        if mailing.article_id is not None:
            # Two newsletters that send one article at once: the second sees whom the first has.
            Article.objects.select_for_update().filter(pk=mailing.article_id).exists()
            audience = audience_of(mailing, requirement, now)
        for each in rendered:
            Variant.objects.update_or_create(
                mailing=mailing, key=each.key, defaults=_variant_fields(mailing, each)
            )
        # Later edits never reach the mail, so what it shows openly stays open (M18).
        keep_files_open(folders=set().union(*(open_folders(each.mail.html) for each in rendered)))
        count = freeze_audience(mailing, audience, suppressed, conf.batch_size())
        if count == 0:
            raise CannotPrepare(
                _("Nobody is in the audience: no active subscriber fits it who has not had it yet.")
            )
        # The marker comes last: without it nothing of all this counts (M6).
        ours = Mailing.objects.filter(pk=mailing.pk, claim=claim, state=MailingState.PREPARING)
        if not ours.update(
            state=MailingState.SENDING,
            claim="",
            lease_until=None,
            active_at=timezone.now(),
            started_at=timezone.now(),
            prepared_at=timezone.now(),
            audience_count=count,
            error="",
        ):
            # Cancelled meanwhile, or taken over after the lease: everything is rolled back.
            raise LostClaim(mailing.pk)
        detail = ngettext("%(n)d recipient", "%(n)d recipients", count) % {"n": count}
        note(mailing.pk, EventKind.PREPARED, detail)


class LostClaim(Exception):
    """Another worker prepares this mailing now, or it was cancelled."""


def _variant_fields(mailing: Mailing, rendered: RenderedVariant) -> dict[str, object]:
    return {
        "access": rendered.access,
        "tier_ids": rendered.tier_ids,
        "subject": rendered.mail.subject,
        "preheader": mailing.preheader,
        "html": rendered.mail.html,
        "text": rendered.mail.text,
    }


def _fail(mailing: Mailing, claim: str, error: str) -> bool:
    with transaction.atomic():
        ours = Mailing.objects.filter(pk=mailing.pk, claim=claim, state=MailingState.PREPARING)
        if ours.update(
            state=MailingState.FAILED,
            claim="",
            lease_until=None,
            finished_at=timezone.now(),
            error=error,
        ):
            note(mailing.pk, EventKind.FAILED, error)
    return False
