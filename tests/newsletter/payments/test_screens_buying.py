"""Plans, the order page, and the page after paying."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.lib.local_paths import sign_in_url
from newsletter.payments import actions
from newsletter.payments.models import Checkout, Coupon, Membership
from newsletter.payments.views import demo, plans
from newsletter.publication.actions import save_publication
from newsletter.publication.queries import get_publication
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.memberships import GrantFactory, TierFactory
from tests.factories.payments import offer

pytestmark = pytest.mark.django_db


def order_url(price) -> str:
    return reverse("payments:start-checkout", args=[price.pk])


def test_plans_show_real_prices_and_set_no_cookie(shop, client: Client) -> None:
    answer = client.get("/plans/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "€5 a month" in page
    assert "€15 a month" in page
    assert "€49, once" in page
    assert "€50 a year" not in page
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_the_yearly_page_says_what_a_year_saves(shop, client: Client) -> None:
    page = client.get("/plans/yearly/").content.decode()
    assert "€50 a year" in page
    assert "saves €10 a year" in page


def test_one_chooses_a_currency_and_keeps_it(shop, client: Client) -> None:
    offer(shop.goods.basic, 700, currency="usd")
    price = offer(shop.goods.basic, 7000, "year", currency="usd")
    page = client.get("/plans/").content.decode()
    assert "€5 a month" in page
    assert "?currency=usd" in page
    page = client.get("/plans/", {"currency": "usd"}).content.decode()
    assert "$7 a month" in page
    assert "/plans/yearly/?currency=usd" in page
    page = client.get("/plans/yearly/", {"currency": "usd"}).content.decode()
    assert order_url(price) in page
    assert "3 months: $21" in client.get("/gifts/", {"currency": "usd"}).content.decode()


def test_a_trial_is_announced_to_those_who_would_get_it(shop, client: Client) -> None:
    """Stripe is asked for none where somebody had a membership: no page may promise it."""
    basic = shop.goods.basic
    basic.trial_days = 14
    basic.save()
    code = Coupon(name="Winter", slug="winter", kind="percent", percent=50, tier=basic)
    actions.push_coupon(coupon=actions.save_coupon(actor=StaffFactory(), coupon=code))
    pages = "/plans/", "/offers/winter/", order_url(shop.goods.basic_month)
    for reader in (None, UserFactory(), shop.reader):
        if reader == shop.reader:
            shop.stripe.cancel_now(shop.join(shop.goods.patron_month).stripe_id)
            shop.hear()
        if reader is not None:
            client.force_login(reader)
        for page in pages:
            text = client.get(page).content.decode()
            assert ("14 days are free" in text) == (reader != shop.reader), (reader, page)
            assert ("Try Reader" in text) == (page == "/plans/" and reader != shop.reader)


def test_the_author_writes_the_answers_and_what_is_free(shop, client: Client) -> None:
    assert "Can I leave?" in client.get("/plans/").content.decode()
    publication = get_publication()
    publication.plans_answers = "Is there a print edition?\r\nTwice a year.\r\nBy post.\r\n\r\nWho?"
    publication.free_offer_benefits = "The Tuesday letter\n\nComments"
    save_publication(actor=StaffFactory(is_superuser=True), publication=publication)
    page = client.get("/plans/").content.decode()
    assert "Can I leave?" not in page
    assert "<dt>Is there a print edition?</dt>" in page
    assert "Twice a year.<br>By post." in page
    assert "<dt>Who?</dt>" in page
    assert "<li>The Tuesday letter</li><li>Comments</li>" in page


def test_a_hidden_or_closed_tier_is_not_shown(shop, client: Client) -> None:
    for fault in ({"is_listed": False}, {"is_archived": True}):
        offer(TierFactory(name=f"Secret {fault}", **fault), 700)
    assert "Secret" not in client.get("/plans/").content.decode()


def test_without_payments_the_plans_page_says_so(client: Client, settings, db: None) -> None:
    settings.STRIPE_DEMO, settings.STRIPE_SECRET_KEY = False, ""
    answer = client.get("/plans/")
    assert answer.status_code == 200
    assert b"Nothing is for sale" in answer.content


def test_plans_cost_the_same_for_any_number(
    shop, client: Client, django_assert_num_queries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/plans/")
    for number in range(3):
        offer(TierFactory(name=f"More {number}"), 700 + number)
    with django_assert_num_queries(len(few)):
        client.get("/plans/")


def test_a_visitor_pays_with_an_address_alone(shop, client: Client) -> None:
    url = order_url(shop.goods.basic_month)
    answer = client.post(url, {"email": "New@Example.com ", "next": "/articles/x/"})
    assert answer.status_code == 200
    checkout = Checkout.objects.get()
    assert checkout.user.email == "new@example.com"
    assert checkout.user.email_confirmed_at is None
    assert f'content="0; url={checkout.url}"' in answer.content.decode()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not answer.cookies

    shop.stripe.complete_checkout(checkout.stripe_session_id)
    page = client.get("/plans/success/", {"session_id": checkout.stripe_session_id})
    assert page.status_code == 200
    assert "/articles/x/" in page.content.decode().replace("%2F", "/")
    assert shop.access(user=checkout.user).tier_ids == {shop.goods.basic.pk}


def test_a_bad_address_is_asked_for_again(shop, client: Client) -> None:
    answer = client.post(order_url(shop.goods.basic_month), {"email": "nobody"})
    assert answer.status_code == 422
    assert not User.objects.filter(email="nobody").exists()


@pytest.mark.parametrize("how", ["given", "under way"])
def test_what_an_address_has_is_said_to_its_owner_alone(shop, client: Client, how: str) -> None:
    page = order_url(shop.goods.course_price)
    if how == "given":
        GrantFactory(user=shop.reader, tier=None, product=shop.goods.course, ends_at=None)
    else:
        shop.buy(shop.goods.course_price, "delayed")
    answer = client.post(page, {"email": shop.reader.email})
    assert (answer.status_code, answer.headers["Location"]) == (302, sign_in_url(page))
    client.force_login(shop.reader)
    answer = client.post(page, {})
    assert answer.status_code == 422
    said = "You have this already" if how == "given" else "is under way"
    assert said in answer.content.decode()


def test_what_was_typed_outlives_the_signing_in(shop, client: Client) -> None:
    shop.join()
    half = Coupon(name="Half", code="HALF50", kind="percent", percent=50)
    actions.push_coupon(coupon=actions.save_coupon(actor=StaffFactory(), coupon=half))
    page = order_url(shop.goods.basic_month)
    typed = {"email": shop.reader.email, "code": "half 50", "quantity": "3", "next": "/about/"}
    answer = client.post(page, typed)
    onward = parse_qs(urlsplit(answer.headers["Location"]).query)["next"][0]
    shop.stripe.cancel_now(shop.membership().stripe_id)
    shop.hear()
    client.force_login(shop.reader)
    text = client.get(onward).content.decode()
    for kept in ('value="HALF50"', 'name="quantity" value="3"', 'value="/about/"'):
        assert kept in text
    assert text.count("<details open") == 2
    assert "<details open" not in client.get(page).content.decode()


def test_whoever_has_paid_before_signs_in_first(shop, client: Client) -> None:
    """A card of theirs may be shown on the payment page: an address alone does not lead there."""
    shop.join()
    answer = client.post(order_url(shop.goods.course_price), {"email": shop.reader.email})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))
    assert Checkout.objects.count() == 1


def test_s05_a_member_is_led_to_changing_instead_of_a_second_purchase(shop, client) -> None:
    membership = shop.join()
    client.force_login(shop.reader)
    answer = client.post(order_url(shop.goods.patron_month), {})
    assert answer.headers["Location"] == reverse(
        "payments:change-plan", args=[membership.pk, shop.goods.patron_month.pk]
    )
    assert Membership.objects.count() == 1


def test_another_site_cannot_order(shop, client: Client) -> None:
    answer = client.post(
        order_url(shop.goods.basic_month),
        {"email": "new@example.com"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
    assert not Checkout.objects.exists()


def test_looking_at_the_order_page_buys_nothing(shop, client: Client) -> None:
    assert client.get(order_url(shop.goods.basic_month)).status_code == 200
    assert not Checkout.objects.exists()


def test_an_outward_next_is_dropped(shop, client: Client) -> None:
    client.post(
        order_url(shop.goods.basic_month),
        {"email": "new@example.com", "next": "https://evil.example/"},
    )
    assert Checkout.objects.get().next_path == ""


def test_stripe_away_is_told_and_nothing_is_lost(shop, client: Client) -> None:
    client.force_login(shop.reader)
    shop.stripe.break_next(*["time-out"] * 12)
    answer = client.post(order_url(shop.goods.basic_month), {})
    assert answer.status_code == 422
    assert "cannot be reached" in answer.content.decode()


def test_s09_a_payment_under_way_opens_nothing_and_says_so(shop, client: Client) -> None:
    session_id = shop.buy(outcome="delayed")
    page = client.get("/plans/success/", {"session_id": session_id}).content.decode()
    assert "under way" in page
    assert not shop.has(shop.goods.basic)


def test_the_success_page_of_an_unpaid_order_leads_back(shop, client: Client) -> None:
    checkout = shop.start()
    page = client.get("/plans/success/", {"session_id": checkout.stripe_session_id})
    assert "Nothing was paid" in page.content.decode()


@pytest.mark.parametrize("session_id", ["", "cs_test_none", "x" * 400])
def test_an_unknown_order_is_not_found(shop, client: Client, session_id: str) -> None:
    assert client.get("/plans/success/", {"session_id": session_id}).status_code == 404


def test_stripe_is_not_asked_about_made_up_orders_without_end(
    shop, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "UNKNOWN_PER_NETWORK", 2)
    mine = shop.buy()
    before = len(shop.stripe.requests)
    for number in range(5):
        answer = client.get("/plans/success/", {"session_id": f"cs_test_{number}"})
        assert answer.status_code == 404
    assert len(shop.stripe.requests) == before + 2
    # Whoever has paid is shown so, whatever others of their network do.
    assert client.get("/plans/success/", {"session_id": mine}).status_code == 200


def test_somebody_elses_order_is_not_shown(shop, client: Client) -> None:
    session_id = shop.buy()
    client.force_login(UserFactory())
    assert client.get("/plans/success/", {"session_id": session_id}).status_code == 403


@pytest.mark.parametrize("path", ["cs_test_x/", "portal/x/", "invoices/x/", "receipts/x/"])
@pytest.mark.parametrize(("debug", "demo"), [(False, True), (True, False)])
def test_demo_pages_are_gone_where_money_is_real(
    client: Client, settings, path: str, debug: bool, demo: bool
) -> None:
    settings.DEBUG, settings.STRIPE_DEMO = debug, demo
    assert client.get(f"/demo-payment/{path}").status_code == 404


def test_the_demo_page_says_what_is_bought(shop, client: Client, settings, monkeypatch) -> None:
    settings.DEBUG = True
    monkeypatch.setattr(demo, "is_demo", lambda: True)
    monkeypatch.setattr(demo, "_fake", lambda: shop.stripe)
    checkout = shop.start(shop.goods.basic_month)
    page = client.get(f"/demo-payment/{checkout.stripe_session_id}/").content.decode()
    assert f"<li>{shop.goods.basic.name} · €5 every month</li>" in page
    once = shop.start(shop.goods.course_price)
    page = client.get(f"/demo-payment/{once.stripe_session_id}/").content.decode()
    assert "€49</li>" in page


@pytest.mark.parametrize(("outcome", "said"), [("paid", "Welcome"), ("failed", "Nothing was paid")])
def test_in_the_demo_a_payment_that_takes_days_comes_at_the_press_of_a_button(
    shop, client: Client, settings, monkeypatch, outcome: str, said: str
) -> None:
    session_id = shop.buy(shop.goods.course_price, "delayed")
    success = f"/plans/success/?session_id={session_id}"
    settle = f"/demo-payment/{session_id}/settle/"
    assert settle not in client.get(success).content.decode()
    settings.DEBUG = True
    for module in (demo, plans):
        monkeypatch.setattr(module, "is_demo", lambda: True)
    monkeypatch.setattr(demo, "_fake", lambda: shop.stripe)
    assert settle in client.get(success).content.decode()
    for _press in range(2):
        answer = client.post(settle, {"outcome": outcome}, follow=True)
        assert said in answer.content.decode()
    assert settle not in answer.content.decode()
    assert shop.access().product_ids == ({shop.goods.course.pk} if outcome == "paid" else set())


def test_the_plans_page_says_what_somebody_has_without_paying(shop, client: Client) -> None:
    GrantFactory(user=shop.reader, tier=shop.goods.basic, ends_at=None)
    client.force_login(shop.reader)
    page = client.get("/plans/").content.decode()
    assert page.count("Open to you already, without paying") == 1
    assert "What you have now" not in page
    membership = client.get("/account/membership/").content.decode()
    assert "Open to you</h2>" in membership
    assert "Also open to you" not in membership


def test_every_page_leads_visitors_to_the_plans_where_there_are_any(shop, client, settings) -> None:
    assert client.get("/about/").content.decode().count('href="/plans/"') == 2
    settings.STRIPE_DEMO, settings.STRIPE_SECRET_KEY = False, ""
    assert 'href="/plans/"' not in client.get("/about/").content.decode()
