"""The author's desk: prices, coupons, events."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.html import escape

from newsletter.accounts.models import User
from newsletter.memberships.models import Grant, Product, Tier, UnlockCode
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions, tasks
from newsletter.payments.fake import objects
from newsletter.payments.gateway import get_gateway
from newsletter.payments.models import Coupon, Instalment, Price, Reconciliation, StripeEvent
from tests.factories.accounts import UserFactory, sign_in_staff
from tests.factories.memberships import TierFactory
from tests.factories.payments import ProductFactory, offer
from tests.newsletter.payments.shop import Shop, give

pytestmark = pytest.mark.django_db
ADOPT = "/admin/newsletter/tier/adopt/"


@pytest.fixture
def desk(client: Client) -> Client:
    sign_in_staff(client)
    return client


def url(model: str, act: str, *args: object) -> str:
    return reverse(f"admin:newsletter_{model}_{act}", args=args)


def tier_data(**changes: object) -> dict[str, object]:
    return {
        "name": "Gold",
        "slug": "gold",
        "description": "",
        "benefits": "",
        "trial_days": 0,
        "position": 0,
        "is_listed": "on",
        "currency": "EUR",
        **changes,
    }


def test_a_new_price_archives_the_old_one(shop, desk: Client) -> None:
    answer = desk.post(url("tier", "add"), tier_data(price_month="6.50"))
    assert answer.status_code == 302, answer.context["errors"]
    tier = Tier.objects.get(slug="gold")
    assert tier.prices.get().amount == 650

    desk.post(url("tier", "change", tier.pk), tier_data(price_month="7", price_year="70"))
    states = set(tier.prices.values_list("amount", "interval", "state"))
    assert states == {
        (650, "month", "archived"),
        (700, "month", "active"),
        (7000, "year", "active"),
    }
    page = desk.get(url("tier", "change", tier.pk)).content.decode()
    assert "€6.50" in page


def test_an_emptied_price_is_offered_no_more(shop, desk: Client) -> None:
    desk.post(url("tier", "add"), tier_data(price_month="6"))
    tier = Tier.objects.get(slug="gold")
    desk.post(url("tier", "change", tier.pk), tier_data())
    assert tier.prices.get().state == "archived"


@pytest.mark.django_db(transaction=True)
def test_no_transaction_waits_for_stripe(shop, desk: Client, monkeypatch) -> None:
    """A slow Stripe must not hold rows that others wait for."""
    shop_asked, inside = shop.stripe.checked.request, []

    def noted(*args, **kwargs):
        inside.append(connection.in_atomic_block)
        return shop_asked(*args, **kwargs)

    monkeypatch.setattr(shop.stripe.checked, "request", noted)
    change = url("tier", "change", shop.goods.basic.pk)
    data = tier_data(name="Basic", slug="basic", price_year="61")
    desk.post(change, data)
    desk.post(change, {**data, "price_year": "62", "newsletter_tier_push_again": "1"})
    assert inside
    assert not any(inside)
    assert not get_gateway().fetch_price(shop.goods.basic_month.stripe_id).is_active


def test_an_amount_that_cannot_be_charged_is_refused(shop, desk: Client) -> None:
    answer = desk.post(url("tier", "add"), tier_data(price_month="6.505"))
    assert answer.status_code == 200
    assert not Tier.objects.filter(slug="gold").exists()


def test_a_product_gets_its_price(shop, desk: Client) -> None:
    data = tier_data(price_once="49")
    assert desk.post(url("product", "add"), data).status_code == 302
    assert Product.objects.get(slug="gold").prices.get().amount == 4900


def test_a_coupon_is_made_and_ended(shop, desk: Client) -> None:
    data = {"name": "Spring", "code": "spring", "kind": "percent", "percent": 20}
    answer = desk.post(url("coupon", "add"), {**data, "duration": "once"})
    assert answer.status_code == 302, answer.context["errors"]
    coupon = Coupon.objects.get()
    assert coupon.percent == 20
    desk.post(url("coupon", "changelist"), {"action": "end", "_selected_action": [coupon.pk]})
    coupon.refresh_from_db()
    assert coupon.is_archived


def test_a_coupon_without_its_percent_is_refused(shop, desk: Client) -> None:
    data = {"name": "Spring", "code": "spring", "kind": "percent", "duration": "once"}
    assert desk.post(url("coupon", "add"), data).status_code == 200
    assert not Coupon.objects.exists()


@pytest.mark.parametrize(("kind", "kept"), [("percent", (20, None)), ("amount", (None, 500))])
def test_a_coupon_takes_what_its_kind_says(shop, desk: Client, kind: str, kept: tuple) -> None:
    """Both fields filled in: the chosen kind counts."""
    data = {"name": "Spring", "code": "spring", "kind": kind, "duration": "once"}
    both = {**data, "percent": 20, "off": "5", "currency": "EUR"}
    assert desk.post(url("coupon", "add"), both).status_code == 302
    coupon = Coupon.objects.get()
    assert (coupon.percent, coupon.amount) == kept


def test_a_failed_event_is_tried_again(shop, desk: Client) -> None:
    event = StripeEvent.objects.create(stripe_id="evt_1", type="x.y", state="failed")
    page = desk.post(
        url("stripeevent", "changelist"),
        {"action": "retry", "_selected_action": [event.pk]},
        follow=True,
    )
    assert "handled again" in page.content.decode()
    event.refresh_from_db()
    assert event.next_attempt_at is not None


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [("0.10", "EUR", "€0.50"), ("5", "CZK", "15"), ("10000000", "EUR", "€999,999.9")],
)
def test_a_price_that_stripe_never_charges_is_refused(
    shop, desk: Client, amount: str, currency: str, said: str
) -> None:
    before = Price.objects.count()
    answer = desk.post(url("tier", "add"), tier_data(price_month=amount, currency=currency))
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert Price.objects.count() == before


def test_a_price_that_was_taken_over_stays_whatever_it_is(shop, desk: Client) -> None:
    offer(shop.goods.basic, 10)
    page = url("tier", "change", shop.goods.basic.pk)
    assert desk.post(page, tier_data(price_month="0.10", price_year="50")).status_code == 302
    assert shop.goods.basic.prices.get(state="active", interval="month").amount == 10


def test_a_comparison_is_asked_for_with_the_right_to_see_them(shop, client: Client) -> None:
    author = sign_in_staff(client)
    User.objects.filter(pk=author.pk).update(is_superuser=False)
    assert client.get(url("reconciliation", "add")).status_code == 403
    assert client.post(url("reconciliation", "add")).status_code == 403
    assert not Reconciliation.objects.exists()


def test_a_comparison_is_run_by_a_post(shop, desk: Client) -> None:
    page = desk.get(url("reconciliation", "add")).content.decode()
    assert "Nobody is charged by it" in page
    assert "Compare now" in page
    assert not Reconciliation.objects.exists()
    desk.post(url("reconciliation", "add"))
    assert Reconciliation.objects.count() == 1


@pytest.mark.parametrize("model", ["membership", "order", "stripeevent"])
def test_mirrors_are_looked_at_only(shop, desk: Client, model: str) -> None:
    shop.join()
    shop.buy(shop.goods.course_price)
    shop.hear()
    assert desk.get(url(model, "changelist")).status_code == 200
    assert desk.get(url(model, "add")).status_code == 403
    found = {"membership": shop.membership(), "order": shop.order()}.get(model)
    row = found or StripeEvent.objects.first()
    assert desk.get(url(model, "change", row.pk)).status_code == 200
    assert desk.get(url(model, "delete", row.pk)).status_code == 403


def test_prices_in_several_currencies_stand_side_by_side(shop, desk: Client) -> None:
    desk.post(url("tier", "add"), tier_data(price_month="6"))
    tier = Tier.objects.get(slug="gold")
    change = url("tier", "change", tier.pk)
    new = {"price_month_new": "7", "price_year_new": "70", "currency_new": "usd"}
    assert desk.post(change, tier_data(price_month="6", **new)).status_code == 302
    assert offered(tier) == {("eur", "month", 600), ("usd", "month", 700), ("usd", "year", 7000)}
    page = desk.get(change).content.decode()
    assert 'name="price_month_usd" value="7' in page
    # Emptying one ends that one alone.
    desk.post(change, tier_data(price_month="6", price_month_usd="7"))
    assert offered(tier) == {("eur", "month", 600), ("usd", "month", 700)}


def offered(tier: Tier) -> set[tuple[str, str, int]]:
    active = tier.prices.filter(state="active")
    return set(active.values_list("currency", "interval", "amount"))


@pytest.mark.parametrize("code", ["", "12x", "eur"])
def test_a_new_price_needs_a_currency_of_its_own(shop, desk: Client, code: str) -> None:
    data = tier_data(price_month="6", price_month_new="7", currency_new=code)
    assert desk.post(url("tier", "add"), data).status_code == 200
    assert not Tier.objects.filter(slug="gold").exists()


def test_what_stripe_refused_is_shown_and_pushed_again(shop, desk: Client) -> None:
    shop.stripe.break_next(400)
    tier = TierFactory(name="Gold", slug="gold")
    price = offer(tier, 700)
    assert price.sync_state == "failed"
    assert "Stripe refused" in desk.get(url("tier", "changelist")).content.decode()
    change = url("tier", "change", tier.pk)
    assert escape(price.sync_error[:20]) in desk.get(change).content.decode()
    again = tier_data(name="Gold", price_month="7", newsletter_tier_push_again="1")
    page = desk.post(change, again, follow=True).content.decode()
    assert "Stripe has it as it is here" in page
    price.refresh_from_db()
    assert (price.sync_state, len(shop.stripe.all("price", unit_amount=700))) == ("synced", 1)


def test_a_renamed_tier_is_told_to_stripe(shop, desk: Client) -> None:
    tier = shop.goods.basic
    data = tier_data(name="Insider", slug=tier.slug, price_month="5", price_year="50")
    assert desk.post(url("tier", "change", tier.pk), data).status_code == 302
    tier.refresh_from_db()
    assert tier.stripe_product_id
    tasks.push_catalogue()
    tier.refresh_from_db()
    assert shop.stripe.read(tier.stripe_product_id)["name"] == "Insider"
    assert tier.sync_state == "synced"


def test_products_of_stripe_are_taken_over_on_a_screen(shop, desk: Client) -> None:
    gateway = get_gateway()
    made = gateway.push_product(key="k1", product_id=None, name="Old club")
    for number, interval in enumerate(("month", None)):
        gateway.push_price(
            key=f"p{number}", product_id=made.id, amount=400, currency="eur", interval=interval
        )
    page = desk.get(ADOPT).content.decode()
    assert "Old club" in page
    assert "€4 · Monthly" in page
    assert not Tier.objects.filter(name="Old club").exists()
    desk.post(ADOPT, {"product": made.id, "kind": "product"})
    product = Product.objects.get(name="Old club")
    assert [price.interval for price in product.prices.all()] == ["once"]
    assert not product.is_listed
    tasks.push_catalogue()
    assert shop.stripe.read(made.id)["metadata"]["product"] == str(product.pk)
    assert "Take it over" not in desk.get(ADOPT).content.decode()
    # Once it is known it stays what it is.
    desk.post(ADOPT, {"product": made.id, "kind": "tier"})
    assert not Tier.objects.filter(name="Old club").exists()


def test_taking_over_says_when_stripe_is_away_or_asked_for_nonsense(shop, desk: Client) -> None:
    shop.stripe.break_next(*["time-out"] * 3)
    assert 'role="alert"' in desk.get(ADOPT).content.decode()
    answer = desk.post(ADOPT, {"product": "prod_none"})
    assert 'role="alert"' in answer.content.decode()
    # It has no price that could be mirrored, and says so.
    weekly = objects.price(
        shop.stripe.world,
        {"currency": "eur", "unit_amount": 300, "recurring": {"interval": "week"}},
        get_gateway().push_product(key="k2", product_id=None, name="Weekly club").id,
    )
    shop.stripe.world.put(weekly)
    assert "1 more price cannot be taken over" in desk.get(ADOPT).content.decode()


def test_an_offer_gets_its_page_and_may_do_without_a_code(shop, desk: Client) -> None:
    data = {"name": "Spring", "kind": "percent", "percent": 20, "duration": "once"}
    page = {"slug": "spring", "headline": "Read through the spring", "pitch": "A fifth off."}
    answer = desk.post(url("coupon", "add"), {**data, **page})
    assert answer.status_code == 302, answer.context["errors"]
    coupon = Coupon.objects.get()
    assert len(coupon.code) == 12
    change = url("coupon", "change", coupon.pk)
    assert "/offers/spring/" in desk.get(change).content.decode()
    desk.post(change, {**page, "name": "Spring", "headline": "Until the end of May"})
    coupon.refresh_from_db()
    assert (coupon.headline, coupon.percent) == ("Until the end of May", 20)
    # The same address again; and neither a code nor a page.
    assert desk.post(url("coupon", "add"), {**data, "slug": "spring"}).status_code == 200
    assert desk.post(url("coupon", "add"), data).status_code == 200
    assert Coupon.objects.count() == 1


def test_a_mistyped_address_of_a_gift_is_corrected(shop, desk: Client) -> None:
    gift = give(shop)
    change = url("gift", "change", gift.pk)
    desk.post(change, {"recipient_email": "right@example.com"})
    gift.refresh_from_db()
    assert (gift.recipient_email, gift.state) == ("right@example.com", "waiting")
    actions.deliver_due_gifts()
    desk.post(change, {"recipient_email": "third@example.com"})
    desk.post(url("gift", "changelist"), {"action": "send_again", "_selected_action": [gift.pk]})
    sent = OutgoingEmail.objects.filter(kind="gift").order_by("pk").values_list("to", flat=True)
    assert list(sent) == ["right@example.com", "third@example.com", "third@example.com"]
    assert "Delivered" in desk.get(url("gift", "changelist")).content.decode()


def test_an_unlock_code_is_made_and_ended(shop, desk: Client) -> None:
    data = {"code": "", "tier": shop.goods.basic.pk, "max_uses": 30, "note": "Book fair"}
    answer = desk.post(url("unlockcode", "add"), data)
    assert answer.status_code == 302, answer.context["errors"]
    code = UnlockCode.objects.get()
    assert len(code.code) == 12
    page = desk.get(url("unlockcode", "change", code.pk)).content.decode()
    assert f"/unlock/?code={code.code}" in page
    desk.post(url("unlockcode", "changelist"), {"action": "end", "_selected_action": [code.pk]})
    code.refresh_from_db()
    assert code.is_archived
    both = {**data, "product": shop.goods.course.pk}
    assert desk.post(url("unlockcode", "add"), both).status_code == 200


def test_lists_cost_the_same_for_any_number(
    shop, desk: Client, django_assert_max_num_queries
) -> None:
    def one_more() -> None:
        offer(TierFactory(), 700)
        offer(ProductFactory(), 900, "once")
        Coupon.objects.create(name="C", code=get_random_string(8), kind="percent", percent=5)
        give(shop)

    one_more()
    few = {}
    for model in ("tier", "product", "coupon", "gift"):
        with CaptureQueriesContext(connection) as queries:
            desk.get(url(model, "changelist"))
        few[model] = len(queries)
    one_more()
    one_more()
    for model, count in few.items():
        with django_assert_max_num_queries(count):
            desk.get(url(model, "changelist"))


def test_readers_do_not_reach_prices(shop, client: Client) -> None:
    client.force_login(UserFactory())
    before = Price.objects.count()
    assert client.post(url("tier", "add"), tier_data(price_month="6")).status_code in {302, 403}
    assert Price.objects.count() == before


def test_amounts_of_what_was_bought_are_read_as_money(shop: Shop, desk: Client) -> None:
    membership = shop.join()
    shop.buy(shop.goods.course_price)
    shop.hear()
    payment, order = Instalment.objects.get(), shop.order()
    for model, pk, amount in (
        ("membership", membership.pk, "€5"),
        ("instalment", payment.pk, "€5"),
        ("order", order.pk, "€49"),
    ):
        page = desk.get(url(model, "change", pk)).content.decode()
        assert amount in page
        assert not re.search(r">\s*(500|4900)\s*<", page)


def test_the_form_of_a_coupon_says_what_it_does_not_count_for(shop: Shop, desk: Client) -> None:
    page = desk.get(url("coupon", "add")).content.decode()
    assert "Nothing is taken off products that are paid in instalments." in page
    plan = offer(shop.goods.course, 1500, "plan", instalments=4)
    order = Client().get(reverse("payments:start-checkout", args=[plan.pk])).content.decode()
    assert "not in instalments" in order


@pytest.mark.parametrize("model", [Grant, Instalment])
def test_the_lists_of_grants_and_payments_are_ordered_by_an_index(model) -> None:
    """They open on their newest rows, whatever the number of the others."""
    assert model._meta.ordering == ["-created_at", "-pk"]
    assert ["-created_at", "-id"] in [index.fields for index in model._meta.indexes]
