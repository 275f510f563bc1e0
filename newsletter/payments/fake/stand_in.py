"""The stand-in for Stripe: an API that answers, and drivers that do what payers and banks do."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from newsletter.payments.fake import billing, checkout, clock, invoices, money_back, objects
from newsletter.payments.fake import resources as _resources
from newsletter.payments.fake import subscriptions as _subscriptions
from newsletter.payments.fake.api import answer
from newsletter.payments.fake.checkout import Outcome
from newsletter.payments.fake.store import Json, Store
from newsletter.payments.fake.world import Card, SignedEvent, World

Sink = Callable[[bytes, str], object]
Order = Literal["in order", "shuffled", "doubled", "reversed"]
LastResort = Literal["canceled", "unpaid", "past_due"]
# Importing them makes their paths known.
PARTS = (_resources, _subscriptions, checkout)


class FakeStripe:
    """One account at Stripe, with its objects, its clock and its webhooks.

    `path` None keeps it in memory. `sink`, if set, is called with (payload, signature header) of
    each event as soon as it happened; without one, events wait for `take_events`.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        site_url: str = "http://localhost",
        sink: Sink | None = None,
    ) -> None:
        self.world = World(Store(path), site_url=site_url)
        self.sink = sink
        self._delivering = False

    # ── the API ───────────────────────────────────────────────────────────────────────────────
    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: str
    ) -> tuple[int, Json]:
        """Answer one request of the API: (status, body)."""
        found = answer(self.world, method, url, headers, body)
        self._tell()
        return found

    def read(self, object_id: str) -> Json:
        """Return an object as it is. LookupError if there is none."""
        with self.world.store.transaction():
            return self.world.get(object_id)

    def all(self, kind: str, **where: str | int | bool | None) -> list[Json]:
        """Return the objects of a kind ("subscription"), newest first."""
        with self.world.store.transaction():
            return self.world.store.find(kind, **where)

    # ── events ────────────────────────────────────────────────────────────────────────────────
    @property
    def webhook_secret(self) -> str:
        with self.world.store.transaction():
            return self.world.webhook_secret

    def take_events(
        self, *, order: Order = "in order", drop: float = 0.0, seed: int = 0
    ) -> list[SignedEvent]:
        """Empty the outbox and return its events, signed. `drop`: that share is lost."""
        chance = random.Random(seed)  # noqa: S311 - which events are lost is no secret
        with self.world.store.transaction():
            events = [self.world.sign(each) for each in self.world.store.take_events()]
        if order == "doubled":
            events = [each for each in events for _twice in range(2)]
        elif order == "reversed":
            events.reverse()
        elif order == "shuffled":
            chance.shuffle(events)
        return [each for each in events if chance.random() >= drop]

    def deliver(
        self, sink: Sink, *, order: Order = "in order", drop: float = 0.0, seed: int = 0
    ) -> int:
        """Hand over the waiting events, and those that handling them causes; return how many."""
        count = 0
        while events := self.take_events(order=order, drop=drop, seed=seed + count):
            for event in events:
                sink(event.payload, event.header)
            count += len(events)
        return count

    def signed(self, event_id: str) -> SignedEvent:
        """Return an old event, signed anew, as Stripe sends it again."""
        with self.world.store.transaction():
            return self.world.sign(self.world.get(event_id))

    def sign_payload(self, body: Json) -> SignedEvent:
        """Sign any body: what a test invents, thin events too."""
        with self.world.store.transaction():
            return self.world.sign(body)

    def _tell(self) -> None:
        if self.sink is None or self._delivering:
            return
        self._delivering = True
        try:
            self.deliver(self.sink)
        finally:
            self._delivering = False

    def _done(self, body: Json) -> Json:
        self._tell()
        return body

    # ── the payer ─────────────────────────────────────────────────────────────────────────────
    def complete_checkout(self, session_id: str, outcome: Outcome = "paid") -> Json:
        """The payer presses the button. "declined" and "needs_authentication" leave it open.

        Raises Refusal for a page that is no longer open.
        """
        with self.world.store.transaction():
            session = self.world.need("checkout.session", session_id)
            found = checkout.finish(self.world, session, outcome)
        return self._done(found)

    def lines_of(self, session_id: str) -> list[Json]:
        """Name, quantity, amount and interval of each thing on a payment page."""
        with self.world.store.transaction():
            return checkout.lines_of(self.world, self.world.need("checkout.session", session_id))

    def enter_code(self, session_id: str, code: str) -> Json:
        """The payer types a promotion code. Raises Refusal for one that does not count."""
        with self.world.store.transaction():
            session = self.world.need("checkout.session", session_id)
            return checkout.enter_code(self.world, session, code)

    def settle_delayed(self, session_id: str, *, paid: bool = True) -> Json:
        """A delayed payment comes in, or fails (S9)."""
        with self.world.store.transaction():
            session = self.world.get(session_id)
            found = checkout.settle_delayed(self.world, session, paid=paid)
        return self._done(found)

    def expire_session(self, session_id: str) -> Json:
        """A page that nobody paid closes."""
        with self.world.store.transaction():
            found = checkout.expire(self.world, self.world.get(session_id))
        return self._done(found)

    def pay_invoice(self, invoice_id: str) -> Json:
        """The payer settles an open bill on its page, with authentication where asked."""
        with self.world.store.transaction():
            bill = self.world.get(invoice_id)
            subscription = bill["parent"]["subscription_details"]["subscription"]
            found = billing.retry(self.world, self.world.get(subscription), "works")
        return self._done(found)

    def set_card(self, customer_id: str, card: Card) -> None:
        """What the customer's card does from now on: works, declines, needs_authentication."""
        with self.world.store.transaction():
            self.world.set_card(customer_id, card)

    # ── time ──────────────────────────────────────────────────────────────────────────────────
    @property
    def now(self) -> int:
        with self.world.store.transaction():
            return self.world.now

    def advance(self, by: timedelta) -> None:
        """Let time pass: trials end, periods renew, bills are tried again, pages close."""
        self.catch_up(to=self.now + int(by.total_seconds()))

    def catch_up(self, *, to: int | datetime | None = None) -> None:
        """Do everything that is due until `to` (now). Call it after moving Python's own clock."""
        moment = int(to.timestamp()) if isinstance(to, datetime) else to
        with self.world.store.transaction():
            clock.run(self.world, self.world.now if moment is None else moment)
        self._tell()

    def set_last_resort(self, resort: LastResort) -> None:
        """What becomes of a subscription after the last failed attempt."""
        with self.world.store.transaction():
            self.world.store.set_fact("last_resort", resort)

    # ── subscriptions ─────────────────────────────────────────────────────────────────────────
    def renew(self, subscription_id: str, card: Card = "works") -> Json:
        """Bill the next period now, whatever the clock says."""
        with self.world.store.transaction():
            found = billing.renew(self.world, self.world.get(subscription_id), card)
        return self._done(found)

    def fail_payment(self, subscription_id: str, card: Card = "declines") -> Json:
        """A payment fails: the next period's, or one more attempt at the open bill.

        The fourth failure in a row settles it (`set_last_resort`).
        """
        with self.world.store.transaction():
            found = self.world.get(subscription_id)
            bill = self.world.get(found["latest_invoice"])
            if bill["status"] == "open":
                found = billing.retry(self.world, found, card)
            else:
                found = billing.renew(self.world, found, card)
        return self._done(found)

    def recover(self, subscription_id: str) -> Json:
        """The open bill is paid after all."""
        with self.world.store.transaction():
            found = billing.retry(self.world, self.world.get(subscription_id), "works")
        return self._done(found)

    def cancel_now(self, subscription_id: str) -> Json:
        """The author, or Stripe, ends a subscription at once."""
        with self.world.store.transaction():
            found = billing.end_now(self.world, self.world.get(subscription_id))
        return self._done(found)

    def pause(self, subscription_id: str) -> Json:
        """A trial ends without a card: the subscription is paused."""
        with self.world.store.transaction():
            found = clock.set_paused(self.world, self.world.get(subscription_id), True)
        return self._done(found)

    def unpause(self, subscription_id: str) -> Json:
        """It goes on."""
        with self.world.store.transaction():
            found = clock.set_paused(self.world, self.world.get(subscription_id), False)
        return self._done(found)

    # ── money back ────────────────────────────────────────────────────────────────────────────
    def refund(self, payment_id: str, amount: int | None = None) -> Json:
        """Give a payment back from Stripe's own screen; a subscription's id means its last one."""
        with self.world.store.transaction():
            charge = self.charge_of(payment_id)
            found = money_back.give_back(self.world, charge, amount, "requested_by_customer")
        return self._done(found)

    def dispute(self, payment_id: str, to: Literal["open", "won", "lost"] = "open") -> Json:
        """A bank takes money back; later "won" or "lost" decides it."""
        with self.world.store.transaction():
            charge = self.charge_of(payment_id)
            known = self.world.store.find("dispute", charge=charge["id"])
            found = known[0] if known else money_back.open_dispute(self.world, charge)
            if to != "open":
                found = money_back.close_dispute(self.world, found, won=to == "won")
        return self._done(found)

    def charge_of(self, payment_id: str) -> Json:
        """Return the charge of a payment, or of a subscription's last paid bill."""
        with self.world.store.transaction():
            found = self.world.get(payment_id)
            if found["object"] == "subscription":
                bill = self.world.store.find("invoice_payment", invoice=found["latest_invoice"])
                if not bill:
                    raise LookupError(f"{payment_id} has no payment to give back.")
                found = self.world.get(bill[0]["payment"]["payment_intent"])
            return found if found["object"] == "charge" else self.world.get(found["latest_charge"])

    # ── people and other applications ─────────────────────────────────────────────────────────
    def delete_customer(self, customer_id: str) -> None:
        """The author deletes a customer at Stripe; their subscriptions end (S8)."""
        with self.world.store.transaction():
            _resources.delete_customer(self.world, {}, customer_id)
        self._tell()

    def change_address(self, customer_id: str, email: str) -> Json:
        """A customer changes their address in the portal (S8)."""
        with self.world.store.transaction():
            found = _resources.update_customer(self.world, {"email": email}, customer_id)
        return self._done(found)

    def add_foreign_subscription(
        self, *, customer_id: str | None = None, email: str = "someone@example.org"
    ) -> Json:
        """Another application on the same account sells something (S2)."""
        with self.world.store.transaction():
            world = self.world
            if customer_id is None:
                made = world.put(objects.customer(world, {"email": email}))
                world.emit("customer.created", made)
                customer_id = str(made["id"])
            product = world.put(objects.product(world, {"name": "Something else"}))
            price = world.put(
                objects.price(
                    world,
                    {"currency": "eur", "unit_amount": 900, "recurring": {"interval": "month"}},
                    product["id"],
                )
            )
            found = billing.start(world, customer_id=customer_id, price=price)
        return self._done(found)

    def add_foreign_payment(self, *, amount: int = 4900, currency: str = "eur") -> Json:
        """Another application on the same account takes a one-off payment (S2)."""
        with self.world.store.transaction():
            intent = objects.payment_intent(self.world, None, amount, currency, {})
            self.world.put(intent)
            invoices.settle(self.world, intent)
        return self._done(intent)
