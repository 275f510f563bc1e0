"""Put a price on a course."""

from __future__ import annotations

from django.db import transaction

from courses.actions.common import record, require_author
from courses.actions.enrolling import own_product
from courses.models import Course
from newsletter.accounts.models import User
from newsletter.memberships.models import Product
from newsletter.payments.actions import set_price
from newsletter.payments.enums import Interval
from newsletter.payments.money import show_amount


def sell_course(*, actor: User, course: Course, amount: int, currency: str) -> Product:
    """Offer a course by itself at `amount` (minor units): its own product, made if it has none.

    The price before it is archived. Raises ValidationError for what is no price. The caller sees
    to it that Stripe is told (`payments.tasks.push_catalogue`).
    """
    require_author(actor)
    with transaction.atomic():
        locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        product = own_product(locked)
        price = set_price(
            actor=actor, sold=product, interval=Interval.ONCE, amount=amount, currency=currency
        )
        detail = f"{product.name}: {show_amount(price.amount, price.currency)}"
        record(course=locked, what="price_set", actor=actor, detail=detail)
    return product
