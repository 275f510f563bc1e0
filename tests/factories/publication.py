"""The publication's one row."""

from __future__ import annotations

import factory

from newsletter.publication.models import Publication


class PublicationFactory(factory.django.DjangoModelFactory[Publication]):
    """Settings as an author would have them."""

    class Meta:
        model = Publication
        django_get_or_create = ("pk",)

    pk = Publication.SINGLETON_ID
    name = "Good Terms"
    tagline = "On negotiating well and working for yourself."
    paid_offer_title = "Read with us"
    paid_offer_text = "Every long piece and four issues a year."
    paid_offer_price = "€6 a month"
    paid_offer_url = "/join/"
    free_offer_title = "Just the letters"
