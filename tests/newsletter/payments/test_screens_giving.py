"""Pages of gifts, seats and codes: each from both sides."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.lib.local_paths import sign_in_url
from newsletter.memberships.actions import redeem_unlock_code
from newsletter.memberships.models import Grant, UnlockCode
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.forms import TipForm
from newsletter.payments.models import Membership, Seat
from tests.factories.accounts import UserFactory
from tests.newsletter.payments.shop import Shop, give, mailed_code, soon

pytestmark = pytest.mark.django_db
FRIEND = "friend@example.com"


# ── Gifts ─────────────────────────────────────────────────────────────────────────────────────


def test_whoever_is_new_takes_a_gift_by_its_link(shop: Shop, client: Client) -> None:
    give(shop)
    actions.deliver_due_gifts()
    url = f"/gifts/redeem/?code={mailed_code()}"
    page = client.get(url)
    assert FRIEND in page.content.decode()
    assert not Grant.objects.filter(source="gift").exists()
    done = client.post("/gifts/redeem/", {"code": mailed_code()}, follow=True)
    assert "This gift has been taken" in done.content.decode()
    friend = User.objects.get(email=FRIEND)
    assert shop.access(user=friend).tier_ids == {shop.goods.basic.pk}
    # The code signs nobody in, and vouches for no address.
    assert "sessionid" not in done.cookies
    assert friend.email_confirmed_at is None


def test_a_giver_sees_every_state_and_corrects_the_address(shop: Shop, client: Client) -> None:
    gift = give(shop)
    client.force_login(shop.reader)
    url = reverse("payments:show-gift", args=[gift.pk])
    assert "Will be delivered on" in client.get(url).content.decode()
    client.post(url, {"email": "Right@example.com"})
    gift.refresh_from_db()
    assert (gift.recipient_email, gift.state) == ("right@example.com", "waiting")
    actions.deliver_due_gifts()
    assert "Delivered on" in client.get("/account/membership/").content.decode()
    old = mailed_code()
    client.post(url, {"email": "third@example.com"})
    assert OutgoingEmail.objects.filter(kind="gift").latest("pk").to == "third@example.com"
    assert actions.find_gift(old) is None
    assert client.post(url, {"email": "nobody"}).status_code == 422
    actions.redeem_gift(user=UserFactory(), code=mailed_code())
    assert "Taken on" in client.get(url).content.decode()
    assert 'name="email"' not in client.get(url).content.decode()
    shop.stripe.refund(gift.order.stripe_payment_intent_id)
    shop.hear()
    assert "Refunded" in client.get("/account/membership/").content.decode()


def test_a_gift_is_sent_again_a_few_times_only(shop: Shop, client: Client) -> None:
    gift = give(shop)
    actions.deliver_due_gifts()
    client.force_login(shop.reader)
    url = reverse("payments:show-gift", args=[gift.pk])
    answers = [client.post(url, {"email": FRIEND}).status_code for _try in range(6)]
    assert answers == [302] * 5 + [422]


def test_a_gift_is_its_givers_alone(shop: Shop, client: Client) -> None:
    gift = give(shop)
    url = reverse("payments:show-gift", args=[gift.pk])
    assert client.get(url).status_code == 302
    client.force_login(UserFactory())
    assert client.get(url).status_code == client.post(url, {"email": FRIEND}).status_code == 404


# ── Seats ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def group(shop: Shop, client: Client) -> Membership:
    client.force_login(shop.reader)
    return shop.join(quantity=3)


def seats_url(membership: Membership) -> str:
    return reverse("payments:manage-seats", args=[membership.pk])


def invitation() -> str:
    text = OutgoingEmail.objects.filter(kind="seat_invitation").latest("pk").text
    found = re.search(r"/seats/[^/\s]+/", text)
    assert found
    return found[0]


def test_the_owner_invites_and_takes_back(shop: Shop, client: Client, group: Membership) -> None:
    page = client.post(seats_url(group), {"email": " Friend@Example.com"}, follow=True)
    assert "We have written to friend@example.com" in page.content.decode()
    assert "1 is free" in page.content.decode()
    client.post(seats_url(group), {"email": FRIEND})
    assert OutgoingEmail.objects.filter(kind="seat_invitation").count() == 2
    seat = Seat.objects.get()
    client.post(reverse("payments:remove-seat", args=[seat.pk]))
    seat.refresh_from_db()
    assert seat.state == "removed"
    assert client.get(reverse("payments:remove-seat", args=[seat.pk])).status_code == 405


@pytest.mark.parametrize("email", ["nobody", "", "OWNER"])
def test_a_bad_invitation_is_told(shop: Shop, client, group: Membership, email: str) -> None:
    typed = shop.reader.email if email == "OWNER" else email
    answer = client.post(seats_url(group), {"email": typed})
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.content.decode() or not typed
    assert not Seat.objects.exists()


def test_a_group_is_its_owners_alone(shop: Shop, client: Client, group: Membership) -> None:
    seat = actions.invite_to_seat(actor=shop.reader, membership=group, email=FRIEND)
    client.force_login(UserFactory())
    assert client.get(seats_url(group)).status_code == 404
    assert client.post(seats_url(group), {"email": FRIEND}).status_code == 404
    assert client.post(reverse("payments:remove-seat", args=[seat.pk])).status_code == 404


def test_whoever_is_new_takes_a_seat_by_its_link(shop: Shop, group: Membership) -> None:
    actions.invite_to_seat(actor=shop.reader, membership=group, email=FRIEND)
    visitor, link = Client(), invitation()
    assert FRIEND in visitor.get(link).content.decode()
    assert not User.objects.filter(email=FRIEND).exists()
    done = visitor.post(link, follow=True)
    assert "The seat is yours" in done.content.decode()
    assert "sessionid" not in done.cookies
    friend = User.objects.get(email=FRIEND)
    assert shop.access(user=friend).tier_ids == {shop.goods.basic.pk}
    # A scanner that posts it again changes nothing.
    assert visitor.post(link).status_code == 422
    assert Seat.objects.get().user == friend


def test_whoever_is_signed_in_takes_it_for_themselves_and_gives_it_up(
    shop: Shop, group: Membership
) -> None:
    actions.invite_to_seat(actor=shop.reader, membership=group, email=FRIEND)
    friend, browser = UserFactory(email="other@example.com"), Client()
    browser.force_login(friend)
    page = browser.post(invitation(), follow=True).content.decode()
    assert "Seats that others keep for you" in page
    assert "You pay nothing" in page
    assert shop.access(user=friend).tier_ids == {shop.goods.basic.pk}
    owner = Client()
    owner.force_login(shop.reader)
    assert "reads as other@example.com" in owner.get(seats_url(group)).content.decode()
    browser.post(reverse("payments:remove-seat", args=[Seat.objects.get().pk]))
    assert not shop.access(user=friend).tier_ids


@pytest.mark.parametrize("token", ["1~made-up", "x"])
def test_a_damaged_link_gives_no_seat(shop: Shop, client: Client, token: str) -> None:
    assert client.get(f"/seats/{token}/").status_code == 404
    assert client.post(f"/seats/{token}/").status_code == 404


def test_s07_more_seats_say_what_they_cost_and_fewer_wait(shop, client, group) -> None:
    url = reverse("payments:change-plan", args=[group.pk, group.price_id])

    def agree(quantity: int) -> str:
        page = client.get(url, {"quantity": quantity}).content.decode()
        agreed = re.search(r'name="agreed" value="([^"]+)"', page)
        assert agreed
        client.post(url, {"agreed": agreed[1]})
        group.refresh_from_db()
        return page

    assert "<strong>€10</strong>" in agree(5)
    assert group.quantity == 5
    assert "Begins on" in agree(2)
    assert (group.quantity, group.next_quantity) == (5, 2)
    assert "\N{MULTIPLICATION SIGN} 2" in client.get("/account/membership/").content.decode()
    shop.stripe.renew(group.stripe_id)
    shop.hear()
    group.refresh_from_db()
    assert (group.quantity, group.next_quantity) == (2, None)


def test_there_are_never_fewer_seats_than_were_given(shop, client, group) -> None:
    for name in ("a", "b"):
        actions.invite_to_seat(actor=shop.reader, membership=group, email=f"{name}@example.com")
    url = reverse("payments:change-plan", args=[group.pk, group.price_id])
    page = client.get(url, {"quantity": 2}, follow=True).content.decode()
    assert "More seats are given than that" in page


def test_a_price_that_is_offered_no_more_still_takes_seats(shop, client, group) -> None:
    actions.archive_price(actor=UserFactory(is_staff=True), price=group.price)
    url = reverse("payments:change-plan", args=[group.pk, group.price_id])
    assert "Charged today" in client.get(url, {"quantity": 4}).content.decode()


# ── Codes, tips, withdrawal: what can be switched off ─────────────────────────────────────────


def test_a_code_opens_for_whoever_is_signed_in_and_for_visitors(shop: Shop, client) -> None:
    UnlockCode.objects.create(code="BOOKFAIR26", tier=shop.goods.basic, max_uses=2)
    assert 'value="bookfair-26"' in client.get("/unlock/?code=bookfair-26").content.decode()
    done = client.post("/unlock/", {"code": "bookfair-26", "email": FRIEND}, follow=True)
    assert "It is open" in done.content.decode()
    assert not done.cookies
    assert shop.access(user=User.objects.get(email=FRIEND)).tier_ids == {shop.goods.basic.pk}
    client.force_login(shop.reader)
    page = client.post("/unlock/", {"code": "BOOKFAIR26"}, follow=True).content.decode()
    assert "Unlock code" in page
    assert shop.has(shop.goods.basic)


@pytest.mark.parametrize("path", ["/gifts/", "/tip/"])
def test_whoever_has_bought_before_is_asked_to_sign_in_before_they_type(
    shop: Shop, client: Client, path: str
) -> None:
    """An address that has paid leads to the signing in, which keeps nothing of the form."""
    assert f'href="{sign_in_url(path)}">Sign in first' in client.get(path).content.decode()
    client.force_login(shop.reader)
    assert "Sign in first" not in client.get(path).content.decode()


def test_a_code_whose_days_are_over_is_not_said_to_open_anything(
    shop: Shop, client: Client
) -> None:
    UnlockCode.objects.create(code="BOOKFAIR26", tier=shop.goods.basic, days=30, max_uses=9)
    redeem_unlock_code(user=shop.reader, code="BOOKFAIR26", now=soon(days=-31))
    client.force_login(shop.reader)
    page = client.post("/unlock/", {"code": "BOOKFAIR26"}, follow=True).content.decode()
    assert "what it opened is over" in page
    assert "It is open to you now" not in page
    assert not shop.has(shop.goods.basic)
    assert Grant.objects.count() == 1


def test_a_wrong_code_makes_nobody_and_guessing_is_limited(shop: Shop, client: Client) -> None:
    for _try in range(31):
        answer = client.post("/unlock/", {"code": "WRONG", "email": FRIEND})
    assert answer.status_code == 422
    assert "Too many codes" in answer.content.decode()
    assert not User.objects.filter(email=FRIEND).exists()


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("TIPS_ENABLED", "/tip/"),
        ("UNLOCK_CODES_ENABLED", "/unlock/"),
        ("WITHDRAWAL_ENABLED", "/account/membership/withdraw/membership/{pk}/"),
    ],
)
def test_what_is_switched_off_is_not_found_and_not_linked(
    shop: Shop, client: Client, settings, setting: str, path: str
) -> None:
    membership = shop.join()
    client.force_login(shop.reader)
    url = path.format(pk=membership.pk)
    shown = client.get("/account/membership/").content.decode()
    assert url in shown
    assert client.get(url).status_code == 200
    setattr(settings, setting, False)
    assert client.get(url).status_code == client.post(url).status_code == 404
    pages = [client.get(page).content.decode() for page in ("/account/membership/", "/plans/")]
    assert not any(url in page for page in pages)


@pytest.mark.parametrize(("currency", "step"), [("eur", "0.01"), ("jpy", "1"), ("kwd", "0.001")])
def test_a_tip_is_typed_in_steps_of_the_currencys_smallest_coin(currency: str, step: str) -> None:
    html = str(TipForm(is_visitor=True, currency=currency)["amount"])
    assert f'step="{step}"' in html
    assert f'min="{step}"' in html
