"""Helpers for tests at the author's desk in a real browser."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import BrowserContext, Page

from newsletter.accounts.models import User


def sign_in(context: BrowserContext, user: User, site: str) -> None:
    """Give this browser a session. Signing in by hand is tested in accounts."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": str(session.session_key), "url": site}]
    )


def watch(page: Page) -> list[str]:
    """Collect what a browser complains of: scripts that fail, policies broken, files missing."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))

    def on_console(message: Any) -> None:
        missing_icon = "favicon.ico" in (message.location or {}).get("url", "")
        if message.type in {"error", "warning"} and not missing_icon:
            complaints.append(f"{message.type}: {message.text}")

    page.on("console", on_console)
    return complaints


def html_of(page: Page, field: str = "id_body") -> str:
    """What the editor would send."""
    return str(page.evaluate("(id) => document.getElementById(id).value", field))
