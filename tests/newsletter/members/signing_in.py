"""Signing in as readers do, so that the session says when."""

from __future__ import annotations

from django.test import Client

from newsletter.accounts.models import User
from tests.newsletter.accounts.mails import code_in, last_mail


def sign_in(client: Client, user: User) -> None:
    """With the code from the mail."""
    page = client.post("/account/login/", {"email": user.email})["Location"]
    answer = client.post(page, {"code": code_in(last_mail(user.email))})
    assert answer.status_code == 302
