"""What is sold, on pages that are not about selling."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from newsletter.payments.gateway import is_open
from newsletter.payments.offering import cheapest_in_words

register = template.Library()


@register.simple_tag
def plans_url() -> str:
    """Where the plans are, for the head and foot of pages; "" where none can be. No query."""
    return reverse("payments:show-plans") if is_open() else ""


@register.simple_tag(takes_context=True)
def paid_offer(context: dict[str, Any]) -> dict[str, str]:
    """Price in words and address of the paid offer: the author's own link, else the plans page.

    One query, none where the author has set a link. Without either, the author's words alone.
    """
    publication = context["publication"]
    if publication.paid_offer_url:
        return {"price": publication.paid_offer_price, "url": publication.paid_offer_url}
    sold = cheapest_in_words()
    if not sold:
        return {"price": publication.paid_offer_price, "url": ""}
    return {"price": sold, "url": reverse("payments:show-plans")}
