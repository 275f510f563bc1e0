"""Taking over products that were made at Stripe: another shop's of the author, or an older one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.utils.text import slugify

from newsletter.accounts.models import User
from newsletter.lib.page_cache import forget_pages
from newsletter.memberships.enums import SyncState
from newsletter.memberships.models import Product, Tier
from newsletter.payments.actions.catalogue import require_staff
from newsletter.payments.enums import Interval, PriceState
from newsletter.payments.gateway import PriceFacts, ProductFacts, get_gateway
from newsletter.payments.models import Price

Kind = Literal["tier", "product"]


@dataclass(frozen=True)
class Adoptable:
    """A product at Stripe that is not known here, with the prices that we could take over."""

    product: ProductFacts
    prices: tuple[PriceFacts, ...]
    # Prices that cannot be mirrored (weekly, by usage); their subscribers would stay unknown.
    unusual: int = 0

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What it can become: a tier by its recurring prices, a product by its one-off ones."""
        recurs = any(each.interval for each in self.prices)
        once = any(not each.interval for each in self.prices)
        found: tuple[tuple[Kind, bool], ...] = (("tier", recurs), ("product", once))
        return tuple(kind for kind, fits in found if fits)


def list_adoptable() -> list[Adoptable]:
    """Return the products of the Stripe account that are not known here, with usable prices.

    Two listings at Stripe, whatever the number of products. Raises GatewayError.
    """
    known = set(_known_ids(Tier)) | set(_known_ids(Product))
    gateway = get_gateway()
    prices: dict[str, list[PriceFacts]] = {}
    for price in gateway.list_prices():
        prices.setdefault(price.product_id, []).append(price)
    found = []
    for product in gateway.list_products():
        if product.id not in known:
            all_of_it = prices.get(product.id, [])
            usable = tuple(each for each in all_of_it if not each.is_unusual)
            found.append(Adoptable(product, usable, len(all_of_it) - len(usable)))
    return found


def _known_ids(model: type[Tier] | type[Product]) -> list[str]:
    rows = model._default_manager.exclude(stripe_product_id=None)
    return [each for each in rows.values_list("stripe_product_id", flat=True) if each]


def adopt_product(
    *, actor: User, stripe_product_id: str, kind: Kind | None = None
) -> Tier | Product:
    """Take over a product that was made at Stripe; without `kind` as a tier if it recurs.

    It is put on the plans page by hand. Its running subscriptions become memberships with the next
    reconciliation. One that is known already stays what it is. Raises GatewayError.
    """
    require_staff(actor)
    gateway = get_gateway()
    facts = gateway.fetch_product(stripe_product_id)
    prices = [each for each in gateway.list_prices(stripe_product_id) if not each.is_unusual]
    if kind is None:
        kind = "tier" if any(each.interval for each in prices) else "product"
    with transaction.atomic():
        sold = _known(facts.id) or _make(Tier if kind == "tier" else Product, facts)
        for each in prices:
            if bool(each.interval) == isinstance(sold, Tier):
                _adopt_price(sold, each)
    forget_pages()
    return sold


def _known(stripe_product_id: str) -> Tier | Product | None:
    return (
        Tier.objects.filter(stripe_product_id=stripe_product_id).first()
        or Product.objects.filter(stripe_product_id=stripe_product_id).first()
    )


def _make(model: type[Tier] | type[Product], facts: ProductFacts) -> Tier | Product:
    # Stays waiting: the next push marks the product at Stripe as ours.
    return model._default_manager.create(
        name=facts.name[:120],
        slug=_free_slug(model, facts.name),
        description=facts.description,
        stripe_product_id=facts.id,
        is_listed=False,
    )


def _free_slug(model: type[Tier] | type[Product], name: str) -> str:
    slug = base = slugify(name)[:70].strip("-_") or "adopted"
    number = 1
    while model._default_manager.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


def _adopt_price(sold: Tier | Product, facts: PriceFacts) -> None:
    owner: dict[str, Any] = {"tier" if isinstance(sold, Tier) else "product": sold}
    interval = facts.interval or Interval.ONCE
    taken = Price.objects.filter(
        **owner, interval=interval, currency=facts.currency, state=PriceState.ACTIVE
    ).exists()
    Price.objects.get_or_create(
        stripe_id=facts.id,
        defaults={
            **owner,
            "interval": interval,
            "amount": facts.amount,
            "currency": facts.currency,
            # Stripe may offer several of a kind; here the first is offered.
            "state": PriceState.ARCHIVED if taken else PriceState.ACTIVE,
            "sync_state": SyncState.SYNCED,
        },
    )
