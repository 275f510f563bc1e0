"""What nobody knows the outcome of, decided at the desk in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from newsletter.outbox.enums import EmailState
from tests.browser.desk import sign_in, watch
from tests.factories.accounts import StaffFactory
from tests.factories.outbox import OutgoingEmailFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_it_is_read_decided_and_gone(
    page: Page, live_server: Any, settings: Any, scheme: Any, width: int
) -> None:
    settings.STAFF_SECOND_FACTOR, settings.SITE_URL = False, live_server.url
    mail = OutgoingEmailFactory(
        kind="order_paid", subject="Your order", state=EmailState.UNKNOWN, error="TimeoutError"
    )
    sign_in(page.context, StaffFactory(name="Ada Winter"), live_server.url)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    complaints = watch(page)
    page.goto(f"{live_server.url}/admin/newsletter/outgoingemail/{mail.pk}/change/")
    notice = page.locator(".outbox-unknown")
    expect(notice).to_contain_text("Nobody knows whether it arrived.")
    box = notice.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width
    button = page.get_by_role("button", name="Count as sent")
    assert button.evaluate("(each) => getComputedStyle(each).borderTopWidth") == "1px"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    button.click()
    expect(page.get_by_text("It counts as sent.")).to_be_visible()
    expect(notice).to_have_count(0)
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_many_are_decided_in_the_list(
    page: Page, live_server: Any, settings: Any, scheme: Any, width: int
) -> None:
    settings.STAFF_SECOND_FACTOR, settings.SITE_URL = False, live_server.url
    for number in range(2):
        OutgoingEmailFactory(subject=f"Your order {number}", state=EmailState.UNKNOWN)
    sign_in(page.context, StaffFactory(name="Ada Winter"), live_server.url)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    complaints = watch(page)
    page.goto(f"{live_server.url}/admin/newsletter/outgoingemail/?state__exact=unknown")
    for box in page.locator(".action-select").all():
        box.check()
    page.locator("select[name=action]").select_option("count_chosen_as_sent")
    # Its colours move for a moment when it appears.
    page.wait_for_timeout(500)
    found = Axe().run(page, context="#changelist-actions")
    assert found.violations_count == 0, found.generate_report()
    page.locator("button[name=index]").click()
    expect(page.get_by_text("2 mails count as sent.")).to_be_visible()
    assert complaints == []
