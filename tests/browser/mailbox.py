"""The demo's mailbox as somebody who waits for a mail reads it."""

from __future__ import annotations

from urllib.parse import urlencode

from playwright.sync_api import Page

# A worker brings it, and the demo's list may be mailed meanwhile: thousands of messages on a
# machine that is busy with other tests.
PATIENCE_SECONDS = 120


def open_mail(page: Page, site: str, to: str, subject: str) -> None:
    """Open the newest mail to `to` whose subject contains `subject`, once it is there.

    Other mail may come before it or after it.
    """
    for _ in range(PATIENCE_SECONDS):
        page.goto(f"{site}/dev/mail/?{urlencode({'q': to})}")
        found = page.locator(".mailbox-lines a").filter(has_text=to).filter(has_text=subject)
        if found.count():
            found.first.click()
            page.locator("main iframe, main pre").first.wait_for()
            return
        page.wait_for_timeout(1000)
    raise AssertionError(f"No mail “{subject}” came to {to}.")


def text_of_mail(page: Page) -> str:
    """What the opened mail says."""
    return page.frame_locator("iframe").first.locator("body").inner_text()
