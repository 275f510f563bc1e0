"""The revenue page: figures of one currency, the rows behind them, CSV, and who may see it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.payments import actions, revenue
from newsletter.payments.enums import MovementKind
from newsletter.payments.models import Bill, Instalment, Membership, Movement, Order
from tests.factories.accounts import UserFactory, sign_in_staff
from tests.factories.payments import offer
from tests.newsletter.members.conftest import staff_with

pytestmark = pytest.mark.django_db
PAGE = "/admin/newsletter/movement/revenue/"
QUERIES = 21


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    sign_in_staff(client)
    return client


def move(membership: Membership, at: datetime, kind: str, before: int, after: int) -> Movement:
    return Movement.objects.create(
        user=membership.user,
        membership=membership,
        tier=membership.tier,
        at=at,
        kind=kind,
        currency=membership.currency,
        before=before,
        after=after,
    )


def test_the_figures_lead_to_their_rows(shop, desk: Client) -> None:
    membership = shop.join()
    page = desk.get(PAGE)
    shown = page.content.decode()
    assert (page.context["now_amount"], page.context["now_year"]) == ("€5", "€60")
    assert page.context["people"] == 1
    this_month = page.context["movements"][0]
    cell = this_month["cells"][list(MovementKind).index(MovementKind.NEW)]
    assert (cell["amount"], cell["people"]) == ("€5", 1)
    rows = desk.get(cell["url"]).content.decode()
    assert str(membership.user) in rows
    other = this_month["cells"][list(MovementKind).index(MovementKind.CHURN)]
    assert str(membership.user) not in desk.get(other["url"]).content.decode()
    assert "A yearly price counts as a twelfth a month." in shown
    line = page.context["money"][0]
    assert (line["amounts"][0], line["amounts"][-1]) == ("€5", "€5")
    for link in (line["instalments_url"], line["orders_url"]):
        assert desk.get(link).status_code == 200


def test_a_site_without_payments_says_so(desk: Client) -> None:
    page = desk.get(PAGE)
    assert page.status_code == 200
    assert "Nobody pays a subscription in this currency yet." in page.content.decode()
    assert page.context["lifetime_value"] == ""


def test_who_owes_what_since_when(shop, desk: Client) -> None:
    membership = shop.join()
    shop.stripe.fail_payment(membership.stripe_id)
    shop.hear()
    page = desk.get(PAGE)
    assert (page.context["failed_count"], page.context["failed_sum"]) == (1, "€5")
    shown = page.content.decode()
    assert Bill.objects.get(status="open").hosted_url in shown
    assert reverse("admin:newsletter_user_member", args=[membership.user_id]) in shown
    shop.stripe.recover(membership.stripe_id)
    shop.hear()
    assert desk.get(PAGE).context["failed_count"] == 0


def test_money_that_came_back_stands_in_the_month_of_its_payment(shop, desk: Client) -> None:
    membership = shop.join()
    shop.buy(shop.goods.course_price)
    tip = actions.start_tip(user=shop.reader, amount=700, currency="eur")
    shop.stripe.complete_checkout(tip.stripe_session_id)
    shop.hear()
    shop.stripe.refund(membership.stripe_id, 200)
    order = Order.objects.get(kind="product")
    shop.stripe.dispute(order.stripe_payment_intent_id)
    shop.hear()
    page = desk.get(PAGE)
    assert (page.context["disputed_count"], page.context["disputed_sum"]) == (1, "€49")
    assert page.context["money"][0]["amounts"] == ["€5", "€49", "€0", "€7", "€2", "€0", "€59"]
    shop.stripe.dispute(order.stripe_payment_intent_id, "lost")
    shop.hear()
    amounts = desk.get(PAGE).context["money"][0]["amounts"]
    assert amounts == ["€5", "€49", "€0", "€7", "€2", "€49", "€10"]


def test_months_are_the_viewers_and_add_up(shop) -> None:
    membership = shop.join()
    Movement.objects.all().delete()
    zone = ZoneInfo("Pacific/Kiritimati")
    with time_machine.travel("2026-03-15 12:00:00+00:00"), timezone.override(zone):
        months = revenue.last_months()
        assert [f"{month.start:%Y-%m-%d}" for month in months[-2:]] == ["2026-02-01", "2026-03-01"]
        # The first of March there is still February in Greenwich.
        edge = months[-1].start
        move(membership, edge - timedelta(seconds=1), "new", 0, 6000)
        move(membership, edge, "expansion", 6000, 18000)
        move(membership, edge + timedelta(days=1), "churn", 18000, 0)
        lines = revenue.movements_by_month("eur", months)
    february, march = lines[-2:]
    assert (february.opening, february.closing, february.people_at_end) == (0, 6000, 1)
    assert (march.opening, march.closing, march.people_at_end) == (6000, 0, 0)
    assert march.changes[MovementKind.EXPANSION] == 12000
    assert (march.churn_rate, february.churn_rate) == (1, None)
    assert revenue.average_churn(lines) == 1


def test_what_was_before_the_first_month_is_its_beginning(shop) -> None:
    membership = shop.join()
    Movement.objects.all().delete()
    move(membership, timezone.now() - timedelta(days=800), "new", 0, 6000)
    lines = revenue.movements_by_month("eur", revenue.last_months())
    assert {(line.opening, line.closing, line.people_at_start) for line in lines} == {
        (6000, 6000, 1)
    }


def test_s11_whole_and_thousandth_currencies_are_shown_right() -> None:
    assert revenue.show_month(10_800, "jpy") == "¥900"
    assert revenue.show_month(12_000, "kwd") == "1\u00a0KWD"
    assert revenue.show_month(15_000, "kwd") == "1.250\u00a0KWD"
    # A twelfth of fifty euros is no whole number of cents: rounded when it is shown, only then.
    assert revenue.show_month(5000, "eur") == "€4.17"
    assert revenue.show_month(-6, "eur") == "-€0.01"


def test_what_one_person_brings_in_all() -> None:
    assert revenue.lifetime_value(12_000, 2, None) is None
    assert revenue.lifetime_value(0, 0, None) is None
    rate = revenue.Decimal("0.05")
    assert revenue.lifetime_value(12_000, 2, rate) == 10_000


def test_trials_and_how_many_were_paid_for(shop) -> None:
    membership = shop.join()
    now = timezone.now()
    Membership.objects.filter(pk=membership.pk).update(trial_end=now - timedelta(minutes=1))
    months = revenue.last_months()
    found = revenue.trials_by_month("eur", months, now)[-1]
    if timezone.localtime(now - timedelta(minutes=1)).month == timezone.localtime(now).month:
        assert (found.ended, found.converted) == (1, 1)
    Bill.objects.update(counts_from=None)
    assert sum(line.converted for line in revenue.trials_by_month("eur", months, now)) == 0


def test_currencies_stand_apart(shop, desk: Client) -> None:
    shop.join()
    Order.objects.create(
        user=UserFactory(), kind="tip", amount=900, currency="jpy", status="paid",
        paid_at=timezone.now(),
    )  # fmt: skip
    assert desk.get(PAGE).context["currencies"] == ["eur", "jpy"]
    in_yen = desk.get(f"{PAGE}?currency=jpy")
    assert in_yen.context["money"][0]["amounts"][3] == "¥900"
    assert in_yen.context["people"] == 0
    assert desk.get(f"{PAGE}?currency=xxx").status_code == 404


def test_csv_holds_the_same_figures(shop, desk: Client) -> None:
    membership = shop.join()
    months = desk.get("/admin/newsletter/movement/revenue/months.csv")
    lines = b"".join(months.streaming_content).decode().splitlines()
    assert len(lines) == 13
    assert lines[-1].split(",")[1:9] == [
        "EUR",
        "0.00",
        "5.00",
        "0.00",
        "0.00",
        "0.00",
        "0.00",
        "5.00",
    ]
    moves = desk.get("/admin/newsletter/movement/revenue/movements.csv")
    rows = b"".join(moves.streaming_content).decode().splitlines()
    assert rows[1].split(",")[1:] == [
        membership.user.email, "new", membership.tier.name, "EUR", "0.00", "5.00",
    ]  # fmt: skip
    assert desk.get("/admin/newsletter/movement/revenue/other.csv").status_code == 404


def test_the_queries_do_not_grow(shop, desk: Client, django_assert_num_queries) -> None:
    first = shop.join()
    desk.get(PAGE)
    with django_assert_num_queries(QUERIES):
        desk.get(PAGE)
    for _again in range(3):
        user = UserFactory()
        shop.join(user=user)
    Instalment.objects.filter(membership=first).update(dispute="open")
    with django_assert_num_queries(QUERIES):
        desk.get(PAGE)


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}months.csv"])
def test_who_may_see_it(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302
    client.force_login(UserFactory())
    assert client.get(path).status_code in {302, 403}
    staff = Client()
    staff_with(staff, "view_user")
    assert staff.get(path).status_code == 403
    allowed = Client()
    staff_with(allowed, "view_movement")
    assert allowed.get(path).status_code == 200
    assert allowed.post(path).status_code == 405
    assert "Revenue" in allowed.get("/admin/").content.decode()


def test_the_first_page_says_what_came_in(shop, desk: Client) -> None:
    membership = shop.join()
    shop.stripe.fail_payment(membership.stripe_id)
    shop.hear()
    page = desk.get("/admin/")
    found = page.context["earnings"]
    assert [(each.currency, each.a_month, each.came, each.went, each.owed) for each in found] == [
        ("eur", "€5", "€5", "€0", 1)
    ]
    assert f"{PAGE}?currency=eur" in page.content.decode()


def test_a_currency_in_which_only_instalments_are_sold_is_there(shop, desk: Client) -> None:
    shop.join()
    shop.buy(offer(shop.goods.course, 2500, "plan", "usd", instalments=2))
    shop.hear()
    page = desk.get(PAGE, {"currency": "usd"})
    assert page.status_code == 200
    assert "$25" in page.content.decode()
