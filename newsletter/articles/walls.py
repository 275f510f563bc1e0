"""What stands where a text ends for those who may not read on: one panel, one button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.lib.local_paths import sign_in_url
from newsletter.memberships.access import Decision
from newsletter.memberships.enums import Offer
from newsletter.memberships.models import Tier
from newsletter.memberships.queries import Past, past_of
from newsletter.payments.offering import Upgrade, cheapest_in_words, find_upgrade
from newsletter.payments.queries import unpaid_membership
from newsletter.publication.context import zone_of
from newsletter.publication.models import Publication


@dataclass(frozen=True, slots=True)
class Wall:
    """The panel's words. Without a `url` there is nothing the reader can do here, so no button."""

    title: str
    text: str
    price: str = ""
    button: str = ""
    url: str = ""
    sign_in_url: str = ""


@dataclass(frozen=True, slots=True)
class _Sale:
    """The price in words and where it is bought; both empty where nothing can be."""

    price: str = ""
    url: str = ""


def wall_for(
    article: Article,
    decision: Decision,
    publication: Publication,
    reader: User | None = None,
) -> Wall:
    """The panel for this reader, in a number of queries that nothing makes larger.

    Where the author has set a link of their own, that and their price stand; else what is sold
    here, at its real price, and paying leads back to the text. Without `reader` it speaks to
    anybody of that kind.
    """
    back = reverse("articles:read-article", args=[article.slug])
    if decision.offer == Offer.SIGN_IN:
        return _sign_in_wall(back)
    if decision.offer == Offer.CHANGE_TIER:
        return _other_tier_wall(decision, publication, back, reader)
    sale = _sold(decision, publication, back)
    if not decision.is_known:
        return _visitor_wall(publication, sale, back)
    past = past_of(reader, decision.offer_tier_ids, timezone.now()) if reader else Past()
    if reader and past.had_tier:
        return _lapsed_wall(reader, past, publication, sale)
    return _free_reader_wall(sale, owns_something=past.owns_product)


def _sold(decision: Decision, publication: Publication, back: str) -> _Sale:
    if publication.paid_offer_url:
        return _Sale(publication.paid_offer_price, publication.paid_offer_url)
    price = cheapest_in_words(decision.offer_tier_ids)
    if not price:
        return _Sale()
    return _Sale(price, f"{reverse('payments:show-plans')}?{urlencode({'next': back})}")


def _sign_in_wall(back: str) -> Wall:
    return Wall(
        title=_("Read on, for nothing"),
        text=_(
            "The rest of this piece is for readers who have left their address. It takes a "
            "minute, costs nothing, and you can leave again with one click."
        ),
        button=_("Leave my address and read on"),
        url=f"{reverse('subscribers:subscribe')}?{urlencode({'next': back})}",
        sign_in_url=sign_in_url(back),
    )


def _visitor_wall(publication: Publication, sale: _Sale, back: str) -> Wall:
    return Wall(
        title=_("The rest is for paying members"),
        text=publication.paid_offer_text
        or _("What is above is open to everyone; the members who pay for the work read on."),
        price=sale.price,
        button=_("Become a paying member") if sale.url else _("Get the free letters"),
        url=sale.url or reverse("subscribers:subscribe"),
        sign_in_url=sign_in_url(back),
    )


def _free_reader_wall(sale: _Sale, *, owns_something: bool) -> Wall:
    if owns_something:
        text = _(
            "What you bought is yours and stays so. This piece belongs to a membership, which also "
            "opens every other one like it."
        )
    else:
        text = _(
            "You already get the letters, and they stay free. Paying members also read this "
            "piece to its end, and every other one like it."
        )
    return Wall(
        title=_("The rest is for paying members"),
        text=text,
        price=sale.price,
        button=_("Become a paying member"),
        url=sale.url,
    )


def _lapsed_wall(reader: User, past: Past, publication: Publication, sale: _Sale) -> Wall:
    """Somebody who was a member: a payment to put right, or a membership to take up again."""
    if unpaid_membership(reader) is not None:
        return Wall(
            title=_("Your last payment has not arrived"),
            text=_(
                "Your membership rests until it does. Put the payment right, and this piece opens "
                "again with everything else."
            ),
            button=_("Put the payment right"),
            url=reverse("payments:show-membership"),
        )
    return Wall(
        title=_("Your membership has ended"),
        text=_ended_words(past.ended_at, publication),
        price=sale.price,
        button=_("Renew my membership"),
        url=sale.url,
    )


def _ended_words(ended_at: datetime | None, publication: Publication) -> str:
    if ended_at is None:
        return _("Renew it, and this piece opens again with everything else.")
    day = format_date(ended_at.astimezone(zone_of(publication)), _("j F Y"))
    return _("It ended on %(day)s. Renew it, and this piece opens again with everything else.") % {
        "day": day
    }


def _other_tier_wall(
    decision: Decision, publication: Publication, back: str, reader: User | None
) -> Wall:
    """What the other membership costs, and how much that is more than theirs."""
    if reader is not None and not publication.paid_offer_url:
        upgrade = find_upgrade(reader, decision.offer_tier_ids)
        if upgrade is not None:
            return _upgrade_wall(upgrade)
    names = Tier.objects.filter(pk__in=decision.offer_tier_ids).values_list("name", flat=True)
    sale = _sold(decision, publication, back)
    return Wall(
        title=_("This one belongs to another membership"),
        text=_(
            "Yours stays as it is. This piece is for readers with %(tiers)s, which yours does "
            "not include."
        )
        % {"tiers": ", ".join(names) or _("another membership")},
        price=sale.price,
        button=_("See what it adds"),
        url=sale.url,
    )


def _upgrade_wall(upgrade: Upgrade) -> Wall:
    names = {"tier": upgrade.tier, "yours": upgrade.yours}
    if upgrade.is_dearer:
        charge = _("You pay the difference only, and see it before anything is charged.")
    else:
        charge = _("You see what changes, and when, before you agree.")
    text = _("This piece is for readers with %(tier)s, which your %(yours)s does not include.")
    return Wall(
        title=_("This one belongs to another membership"),
        text=f"{text % names} {charge}",
        price=upgrade.says,
        button=_("Change to %(tier)s") % names,
        url=upgrade.url,
    )
