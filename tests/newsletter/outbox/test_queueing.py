"""A mail is a row first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from newsletter.outbox.actions import queue_email
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail
from newsletter.publication.models import Publication

pytestmark = pytest.mark.django_db

CONTEXT = {
    "code": "BCD-FGH",
    "link": "https://example.com/x/",
    "address": "a@example.com",
    "minutes": 15,
}


def queue(**fields: object) -> OutgoingEmail:
    return queue_email(
        kind="sign_in",
        to="a@example.com",
        template="sign_in",
        context={**CONTEXT, **fields.pop("context", {})},  # type: ignore[dict-item]
        **fields,  # type: ignore[arg-type]
    )


def test_it_is_rendered_with_the_publication() -> None:
    Publication.objects.create(pk=1, name="The Quiet Quarterly")
    mail = queue()
    assert mail.state == EmailState.QUEUED
    assert "The Quiet Quarterly" in mail.subject
    assert "BCD-FGH" in mail.text
    assert "BCD-FGH" in mail.html
    assert mail.next_attempt_at <= timezone.now()


def test_automatic_mail_says_so_and_takes_further_headers() -> None:
    mail = queue(headers={"List-Unsubscribe": "<https://example.com/u/>"})
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert mail.headers["List-Unsubscribe"] == "<https://example.com/u/>"


def test_m22_a_publications_name_breaks_no_subject() -> None:
    Publication.objects.create(pk=1, name="Quiet\r\nBcc: all@example.com")
    assert "\n" not in queue().subject
    assert "\r" not in queue().subject


def test_a_name_is_escaped_in_html_and_plain_in_text() -> None:
    Publication.objects.create(pk=1, name="Wit & <b>Work</b>")
    mail = queue()
    assert "Wit &amp; &lt;b&gt;Work" in mail.html
    assert "Wit & <b>Work</b>" in mail.text


def test_m7_a_rolled_back_request_mails_nobody() -> None:
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert not OutgoingEmail.objects.exists()


def test_expiry_is_kept() -> None:
    at = timezone.now() + timedelta(minutes=15)
    assert queue(expires_at=at).expires_at == at
