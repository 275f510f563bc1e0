"""Steps that several tests of this slice take."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions
from newsletter.subscribers.enums import RequestAnswer
from newsletter.subscribers.human_check import opened_now
from newsletter.subscribers.models import Newsletter, SubscriptionRequest


def opened_before(seconds: float = 30) -> str:
    """The token of a form that was opened so long ago."""
    with time_machine.travel(timezone.now() - timedelta(seconds=seconds), tick=False):
        return opened_now()


def post_form(client: Client, email: str, *newsletters: Newsletter, **fields: Any) -> Any:
    """Send the subscribe form as a person would."""
    extra = {key: fields.pop(key) for key in ("headers", "REMOTE_ADDR") if key in fields}
    data = {
        "email": email,
        "newsletters": [row.slug for row in newsletters],
        "opened": opened_before(),
        "page": "/",
        **fields,
    }
    return client.post("/subscribe/", data, **extra)


def answer_all() -> list[OutgoingEmail]:
    """Do what the worker does with the requests that wait."""
    waiting = SubscriptionRequest.objects.filter(answer=RequestAnswer.WAITING).order_by("pk")
    made = [actions.answer_request(request_id=row.pk) for row in waiting]
    return [email for email in made if email is not None]


def link_in(email: OutgoingEmail, part: str) -> str:
    """The path of the link in the mail's text that holds `part`."""
    found = re.search(rf"https?://[^/\s]+(/{part}/\S+)", email.text)
    assert found, email.text
    return found[1]
