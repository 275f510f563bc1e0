"""Buying in a real browser, against the demo's stand-in for Stripe: whole lives, act by act.

One server in this process and no worker: what a worker would do is done by the test, so that it
can also turn the clock.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from newsletter.accounts.models import User
from newsletter.memberships.access import get_reader
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.gateway import connect
from newsletter.payments.models import Coupon, Gift, Membership
from tests.browser.desk import sign_in
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory
from tests.factories.payments import Catalogue, make_catalogue, offer
from tests.newsletter.payments.shop import mailed_code

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
READER, FRIEND, NEIGHBOUR = "reader@example.org", "friend@example.org", "neighbour@example.org"
BELOW = "The part that is paid for."


class Walk:
    """A browser in the shop. Each screen that it stops at is looked at by axe, once."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.looked_at: set[str] = set()
        page.set_default_timeout(30_000)

    def go(self, path: str, heading: str) -> None:
        self.page.goto(self.site + path)
        self.expect(heading)

    def expect(self, heading: str) -> None:
        """A screen by its heading, without a fault that axe can find."""
        expect(self.page.locator("h1")).to_contain_text(heading)
        if heading not in self.looked_at:
            self.page.wait_for_load_state()
            found = Axe().run(self.page)
            assert found.violations_count == 0, f"{heading}: {found.generate_report()}"
            self.looked_at.add(heading)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def to_payment(self) -> None:
        self.press("Go to the payment page")
        self.page.wait_for_url("**/demo-payment/**")

    def pay(self, heading: str) -> None:
        self.press("Pay")
        self.page.wait_for_url("**/plans/success/**")
        self.expect(heading)

    def come_as(self, email: str) -> User:
        """Signed in. Doing so by hand is walked in test_payments.py."""
        user = User.objects.get(email=email)
        self.page.context.clear_cookies()
        sign_in(self.page.context, user, self.site)
        return user

    def says(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)


@pytest.fixture
def goods(settings: Any, live_server: Any, tmp_path: Path) -> Any:
    settings.DEBUG, settings.STRIPE_DEMO, settings.STRIPE_SECRET_KEY = True, True, ""
    settings.DATA_DIR, settings.SITE_URL = tmp_path, live_server.url
    connect._gateway.cache_clear()
    yield make_catalogue()
    connect._gateway.cache_clear()


@pytest.fixture
def walk(goods: Catalogue, page: Page, live_server: Any) -> Walk:
    return Walk(page, live_server.url)


def test_a_member_comes_by_an_offer_changes_and_leaves(walk: Walk, goods: Catalogue) -> None:
    coupon = Coupon(
        name="Winter", slug="winter", headline="A winter at half price", tier=goods.basic,
        kind="percent", percent=50,
    )  # fmt: skip
    actions.push_coupon(coupon=actions.save_coupon(actor=StaffFactory(), coupon=coupon))
    offer(goods.basic, 600, currency="usd")
    body = f"<p>The part for all.</p>{PAYWALL}<p>{BELOW}</p>"
    PublishedArticleFactory(slug="paid", body=body, access="tiers", tiers=[goods.basic])
    come_by_the_offer(walk)
    walk.come_as(READER)
    walk.go("/articles/paid/", "On asking")
    walk.says(BELOW)
    walk.go("/account/membership/", "Your membership")
    change_plan(walk, "Patron: €15 a month", "Change now and pay")
    walk.says("Your plan is changed, as of now.")
    change_plan(walk, "Reader: €5 a month", "Change on that day")
    walk.says("Your plan changes when the time you paid for is over.")
    walk.press("Keep the present plan")
    walk.says("Your plan stays as it is.")
    change_plan(walk, "Reader: €50 a year", "Change on that day")
    walk.press("Keep the present plan")
    leave_and_lose(walk)


def come_by_the_offer(walk: Walk) -> None:
    """Two cards that do not work, and then one that does."""
    walk.go("/articles/paid/", "On asking")
    expect(walk.page.locator("main")).not_to_contain_text(BELOW)
    walk.go("/plans/", "Plans")
    walk.follow("USD")
    walk.says("$6 a month")
    walk.go("/offers/winter/", "A winter at half price")
    walk.says("€2.50 for the first month, then €5 a month")
    walk.follow("Take it by the month")
    walk.expect("Reader")
    walk.page.get_by_label("Your e-mail address").fill(READER)
    walk.to_payment()
    walk.expect("Pay €2.50")
    walk.press("The card is declined")
    expect(walk.page.get_by_role("alert")).to_contain_text("declined")
    walk.press("The bank asks who it is")
    expect(walk.page.get_by_role("alert")).to_contain_text("did not answer")
    walk.pay("Welcome")
    assert walk.page.context.cookies() == []


def change_plan(walk: Walk, plan: str, button: str) -> None:
    walk.page.locator("summary", has_text="Change the plan").click()
    walk.follow(plan)
    walk.expect("Change to")
    walk.says("Charged today")
    walk.page.get_by_role("button", name=re.compile(f"^{button}")).click()
    walk.expect("Your membership")


def leave_and_lose(walk: Walk) -> None:
    """Cancelled with a reason, open until the period's end, closed a second later."""
    walk.page.locator("summary", has_text="Cancel").click()
    walk.page.get_by_label("Why do you leave?").select_option("unused")
    walk.press("Cancel my membership")
    walk.says("Until then you read everything.")
    walk.page.goto(f"{walk.site}/articles/paid/")
    walk.says("The part for all.")
    membership = Membership.objects.get()
    assert membership.cancel_at
    assert "unused" in membership.cancel_reason
    assert get_reader(membership.user, membership.cancel_at - timedelta(seconds=1)).tier_ids
    with time_machine.travel(membership.cancel_at + timedelta(seconds=1)):
        walk.come_as(READER)
        walk.page.goto(f"{walk.site}/articles/paid/")
        expect(walk.page.locator(".paywall")).to_be_visible()
        expect(walk.page.locator("main")).not_to_contain_text(BELOW)


def test_what_is_bought_once_given_and_shared(walk: Walk, goods: Catalogue) -> None:
    UserFactory(email=READER, name="Rea")
    walk.come_as(READER)
    buy_a_course_by_bank(walk, goods)
    give_and_redeem(walk, goods)
    share_seats(walk, goods)


def buy_a_course_by_bank(walk: Walk, goods: Catalogue) -> None:
    """A payment that takes days: nothing is open before it has come."""
    walk.go("/plans/", "Plans")
    walk.follow("Buy A course")
    walk.to_payment()
    walk.press("The payment takes days")
    walk.expect("Your payment is under way")
    reader = User.objects.get(email=READER)
    assert not get_reader(reader).product_ids
    session_id = walk.page.url.split("session_id=")[1]
    walk.page.request.post(f"{walk.site}/demo-payment/{session_id}/settle/")
    walk.page.reload()
    walk.expect("Welcome")
    assert get_reader(reader).product_ids == {goods.course.pk}


def give_and_redeem(walk: Walk, goods: Catalogue) -> None:
    walk.go("/gifts/", "Give a membership")
    walk.page.get_by_label("Their e-mail address").fill(FRIEND)
    walk.page.get_by_label("Your words to them").fill("Read slowly.")
    walk.to_payment()
    walk.pay("Your gift is paid")
    actions.deliver_due_gifts()
    walk.go("/account/membership/", "Your membership")
    walk.follow("Look, or send again")
    walk.expect("Your gift")
    walk.press("Send it again")
    walk.says("with a new code")
    walk.page.context.clear_cookies()
    walk.go(f"/gifts/redeem/?code={mailed_code()}", "A gift for you")
    walk.says("Read slowly.")
    walk.press("Take the gift")
    walk.expect("This gift has been taken")
    assert walk.page.context.cookies() == []
    friend = walk.come_as(FRIEND)
    assert get_reader(friend).tier_ids
    assert Gift.objects.get().redeemed_by == friend
    walk.go("/account/membership/", "Your membership")
    walk.says("Gift")


def share_seats(walk: Walk, goods: Catalogue) -> None:
    walk.come_as(READER)
    walk.go("/plans/", "Plans")
    walk.follow("Take Reader")
    walk.page.locator("summary", has_text="Several seats").click()
    walk.page.get_by_label("Seats").fill("2")
    walk.to_payment()
    walk.pay("Welcome")
    walk.go("/account/membership/", "Your membership")
    walk.follow("Who has the seats")
    walk.expect("Seats")
    walk.page.get_by_label("E-mail address").fill(NEIGHBOUR)
    walk.press("Send the invitation")
    walk.says("has not answered")
    walk.page.get_by_label("Seats, your own included").fill("3")
    walk.press("See what it would cost")
    walk.expect("3 seats")
    walk.says("€5")
    walk.page.get_by_role("button", name=re.compile("^Change now and pay")).click()
    walk.expect("Your membership")

    walk.page.context.clear_cookies()
    mail = OutgoingEmail.objects.filter(kind="seat_invitation").latest("pk")
    link = re.search(r"/seats/\S+/", mail.text)
    assert link
    walk.go(link[0], "A seat for you")
    walk.press("Take the seat")
    walk.expect("The seat is yours")
    assert get_reader(User.objects.get(email=NEIGHBOUR)).tier_ids == {goods.basic.pk}
    walk.go("/unlock/", "Enter a code")
    walk.go("/tip/", "Leave a tip")
    assert Membership.objects.get().quantity == 3
    assert timezone.now() < Membership.objects.get().current_period_end  # type: ignore[operator]
