"""The mails as the engine really sends them, read from the mailbox of the throw-away place."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from newsletter.articles.actions import request_send
from newsletter.articles.enums import MailAudience
from newsletter.audit.articles import marks_of
from newsletter.audit.crawl import Audit
from newsletter.audit.judge import excerpt_of, spot_in
from newsletter.audit.marks import Mark, Medium, Where
from newsletter.audit.people import Persona
from newsletter.audit.registry import Stage
from newsletter.audit.report import Finding, Kind, Report
from newsletter.audit.specs import SPECS, Part, Spec
from newsletter.lib.mailbox import empty_mailbox, message_names
from newsletter.mailings import actions
from newsletter.mailings.enums import MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing

MAIL = "mail"
_BOX = "newsletter.lib.mailbox.LocalMailboxBackend"
_IN_MAIL = Where(Medium.MAIL)
_ROUNDS = 20


class RealMailError(Exception):
    """Mail would leave the machine."""


def send_letters(stage: Stage, report: Report) -> None:
    """Send every published sentinel through the mail engine, afresh, into the local mailbox."""
    if settings.EMAIL_BACKEND != _BOX:
        raise RealMailError(
            f"The audit sends into the local mailbox only, not {settings.EMAIL_BACKEND}."
        )
    empty_mailbox()
    Mailing.objects.filter(article__in=stage.articles.values()).delete()
    _send_again(Mailing.objects.exclude(circle=""))
    for spec in SPECS:
        if spec.is_mailed:
            article = stage.articles[spec.key]
            request_send(actor=stage.author, article=article, audience=spec.audience)
    actions.collect_send_requests()
    for key in list(actions.due_mailings().values_list("pk", flat=True)):
        actions.prepare_mailing(mailing_id=key)
    for _round in range(_ROUNDS):
        batches = actions.sweep()
        for key in batches:
            actions.send_batches(batch_id=key)
        if not batches:
            break
    for mailing in Mailing.objects.exclude(state=MailingState.SENT):
        detail = f"The mailing “{mailing.subject}” is “{mailing.state}”. {mailing.error}"
        report.add([Finding(Kind.ERROR, MAIL, detail=detail)])


def has_letters(stage: Stage) -> bool:
    """Whether the sentinels have been sent."""
    return Mailing.objects.filter(article__in=stage.articles.values()).exists()


def _send_again(mailings: QuerySet[Mailing]) -> None:
    """Set what apps above have mailed back to its beginning: by itself it goes out once."""
    Delivery.objects.filter(mailing__in=mailings).delete()
    Batch.objects.filter(mailing__in=mailings).delete()
    mailings.update(
        state=MailingState.SCHEDULED,
        scheduled_at=timezone.now(),
        prepared_at=None,
        started_at=None,
        finished_at=None,
    )


def check_mail(audit: Audit) -> None:
    """Look into every mail of every persona; remember where their links lead."""
    if not audit.wants(MAIL):
        return
    for persona in audit.people:
        letters = list(_letters_of(persona))
        audit.report.looked_at["mails"] += len(letters)
        for letter in letters:
            audit.report.add(_leaks(audit, persona, letter))
            audit.note_links(_part(letter, "html"), "/", persona.key)
        for spec in SPECS:
            audit.report.add(_missing(audit.stage, persona, spec, letters))


def _letters_of(persona: Persona) -> Iterator[EmailMessage]:
    if not persona.address:
        return
    for name in message_names(to=persona.address):
        raw = (Path(settings.MAILBOX_DIR) / name).read_bytes()
        yield email.message_from_bytes(raw, policy=email.policy.default)


def _part(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _texts(letter: EmailMessage) -> Iterator[tuple[str, str]]:
    """Every text in a mail, and what to call it."""
    for name, value in letter.items():
        yield f"the header {name}", str(value)
    yield "the text part", _part(letter, "plain")
    yield "", _part(letter, "html")


def _leaks(audit: Audit, persona: Persona, letter: EmailMessage) -> Iterator[Finding]:
    subject = str(letter["Subject"])
    if not persona.gets_mail:
        detail = "This persona must get no mail at all."
        yield Finding(Kind.LEAK, MAIL, subject, persona.key, detail=detail)
    for spot, text in _texts(letter):
        for mark, start in audit.finder.find(text):
            if not mark.may_read(persona, _IN_MAIL):
                yield Finding(
                    Kind.LEAK,
                    MAIL,
                    subject,
                    persona.key,
                    mark.owner,
                    mark.part,
                    spot or _spot_in_html(text, start),
                    excerpt_of(text, start),
                )


def _spot_in_html(html: str, start: int) -> str:
    opened = html.rfind('class="preheader"', 0, start)
    if opened != -1 and "</div>" not in html[opened:start]:
        return "the preheader"
    return f"the HTML part, {spot_in(html, start)}"


def _missing(
    stage: Stage, persona: Persona, spec: Spec, letters: list[EmailMessage]
) -> Iterator[Finding]:
    if not (spec.is_mailed and persona.gets_mail):
        return
    if spec.audience == MailAudience.PAID and not _pays_for(spec, persona):
        return
    marks = marks_of(stage, spec.key)
    title = marks[Part.TITLE].word
    letter = next((each for each in letters if title in str(each["Subject"])), None)
    if letter is None:
        detail = "No mail came."
        yield Finding(Kind.MISSING, MAIL, "", persona.key, f"article {spec.key}", detail=detail)
        return
    for mark in marks.values():
        if mark.may_read(persona, _IN_MAIL):
            yield from _missing_in(letter, persona, mark)


def _pays_for(spec: Spec, persona: Persona) -> bool:
    # An author reads everything on the site; the audience counts grants alone.
    return bool(persona.tiers & set(spec.tiers))


def _missing_in(letter: EmailMessage, persona: Persona, mark: Mark) -> Iterator[Finding]:
    for kind, spot in (("html", "the HTML part"), ("plain", "the text part")):
        is_seen_alone = kind == "plain" and mark.part == Part.SHUT_PICTURE
        if mark.word not in _part(letter, kind) and not is_seen_alone:
            subject = str(letter["Subject"])
            yield Finding(Kind.MISSING, MAIL, subject, persona.key, mark.owner, mark.part, spot)
