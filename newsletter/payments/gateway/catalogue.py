"""What is offered, as Stripe knows it: products, prices, coupons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from stripe.params import (
    CouponCreateParams,
    PriceCreateParams,
    PriceListParams,
    ProductCreateParams,
    ProductUpdateParams,
    PromotionCodeCreateParams,
)

from newsletter.payments.gateway.calls import Calls, once, seconds
from newsletter.payments.gateway.errors import translated
from newsletter.payments.gateway.facts import (
    OURS,
    CouponFacts,
    Interval,
    PriceFacts,
    ProductFacts,
)
from newsletter.payments.gateway.reading import read_price, read_product, read_promotion_code


class Catalogue(Calls):
    """Pushes the author's offers to Stripe, and finds those that are there already."""

    def push_product(
        self,
        *,
        key: str,
        product_id: str | None,
        name: str,
        description: str = "",
        is_active: bool = True,
        metadata: Mapping[str, str] | None = None,
    ) -> ProductFacts:
        """Make the product at Stripe (`product_id` None) or bring it up to date."""
        ours = {**OURS, **(metadata or {})}
        with translated():
            if product_id is None:
                create: ProductCreateParams = {"name": name, "active": is_active, "metadata": ours}
                if description:
                    create["description"] = description
                return read_product(self._v1.products.create(create, once(key)))
            update: ProductUpdateParams = {
                "name": name,
                "active": is_active,
                "metadata": ours,
                "description": description,
            }
            return read_product(self._v1.products.update(product_id, update))

    def push_price(
        self,
        *,
        key: str,
        product_id: str,
        amount: int,
        currency: str,
        interval: Interval | None,
        metadata: Mapping[str, str] | None = None,
    ) -> PriceFacts:
        """Make a price (`interval` None: one-off). Stripe never changes one: archive and make."""
        params: PriceCreateParams = {
            "product": product_id,
            "unit_amount": amount,
            "currency": currency.lower(),
            "metadata": {**OURS, **(metadata or {})},
        }
        if interval:
            params["recurring"] = {"interval": interval}
        with translated():
            return read_price(self._v1.prices.create(params, once(key, product_id)))

    def archive_price(self, price_id: str) -> PriceFacts:
        """Offer a price no more. Who pays it goes on paying it."""
        with translated():
            return read_price(self._v1.prices.update(price_id, {"active": False}))

    def fetch_product(self, product_id: str) -> ProductFacts:
        """Return one product."""
        with translated():
            return read_product(self._v1.products.retrieve(product_id))

    def fetch_price(self, price_id: str) -> PriceFacts:
        """Return one price."""
        with translated():
            return read_price(self._v1.prices.retrieve(price_id))

    def list_products(self) -> Iterator[ProductFacts]:
        """Yield every offered product of the account, other applications' too, to adopt from."""
        with translated():
            listed = self._v1.products.list({"active": True, "limit": 100})
            for product in listed.auto_paging_iter():
                yield read_product(product)

    def list_prices(self, product_id: str | None = None) -> Iterator[PriceFacts]:
        """Yield a product's offered prices, or all of the account."""
        params: PriceListParams = {"active": True, "limit": 100}
        if product_id is not None:
            params["product"] = product_id
        with translated():
            listed = self._v1.prices.list(params)
            for price in listed.auto_paging_iter():
                yield read_price(price)

    def push_coupon(
        self,
        *,
        key: str,
        name: str,
        code: str,
        percent: int | None = None,
        amount: int | None = None,
        currency: str = "",
        duration: Literal["once", "repeating", "forever"] = "once",
        months: int | None = None,
        product_ids: tuple[str, ...] = (),
        max_redemptions: int | None = None,
        expires_at: datetime | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> CouponFacts:
        """Make a coupon and the code that people type. Give `percent`, or `amount` + `currency`."""
        ours = {**OURS, **(metadata or {})}
        coupon: CouponCreateParams = {"name": name, "duration": duration, "metadata": ours}
        if percent is not None:
            coupon["percent_off"] = percent
        elif amount is not None:
            coupon["amount_off"] = amount
            coupon["currency"] = currency.lower()
        if months is not None and duration == "repeating":
            coupon["duration_in_months"] = months
        if product_ids:
            coupon["applies_to"] = {"products": list(product_ids)}
        with translated():
            made = self._v1.coupons.create(coupon, once(f"{key}-coupon"))
            promotion: PromotionCodeCreateParams = {
                "promotion": {"type": "coupon", "coupon": made.id},
                "code": code,
                "metadata": ours,
            }
            # Limits sit on the code: a coupon that is used up would end running discounts' codes.
            if max_redemptions is not None:
                promotion["max_redemptions"] = max_redemptions
            if expires_at is not None:
                promotion["expires_at"] = seconds(expires_at)
            return read_promotion_code(
                self._v1.promotion_codes.create(promotion, once(f"{key}-code"))
            )

    def archive_coupon(self, promotion_code_id: str) -> CouponFacts:
        """Take a code back. Discounts that run keep running."""
        with translated():
            return read_promotion_code(
                self._v1.promotion_codes.update(promotion_code_id, {"active": False})
            )

    def fetch_coupon(self, promotion_code_id: str) -> CouponFacts:
        """Return a code as it is now, with how often it was used."""
        with translated():
            return read_promotion_code(self._v1.promotion_codes.retrieve(promotion_code_id))
