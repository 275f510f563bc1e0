"""The sign-up box, and the summary of newsletters on the account page."""

from __future__ import annotations

from typing import Any

from django import template

from newsletter.accounts.models import User
from newsletter.publication.queries import get_publication
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.forms import CONSENT_WORDS
from newsletter.subscribers.human_check import opened_now
from newsletter.subscribers.models import Subscription
from newsletter.subscribers.queries import count_active, open_newsletters, subscriptions_of

register = template.Library()


@register.inclusion_tag("subscribers/_signup_box.html", takes_context=True)
def signup_box(context: template.Context, back_to: str = "") -> dict[str, Any]:
    """The form for one address, on any page; sets no cookie and asks nothing of the session.

    Signs up for the newsletters that the author has ticked for sign-up, and says how many read
    along once there are enough of them. `back_to` is where confirming leads. Two queries at most;
    nothing where no newsletter is open.
    """
    publication = context.get("publication") or get_publication()
    rows = list(open_newsletters())
    chosen = [row for row in rows if row.subscribe_on_signup] or rows[:1]
    readers = count_active() if chosen else 0
    shown = readers >= max(publication.reader_count_threshold, 1)
    request = context.get("request")
    return {
        "publication": publication,
        "newsletters": chosen,
        "has_more": len(rows) > len(chosen),
        "readers": round_down(readers) if shown else 0,
        "opened": opened_now(),
        "page": request.path if request else "",
        "next": back_to,
        "consent_words": CONSENT_WORDS,
    }


@register.simple_tag
def newsletter_subscriptions(user: User) -> list[Subscription]:
    """What a signed-in person gets, with the newsletters. One query."""
    return list(subscriptions_of(user).filter(state=SubscriptionState.ACTIVE))


def round_down(count: int) -> int:
    """4,213 -> 4,000, 12,345 -> 12,000, 950 -> 900: true however it is read, and it lasts."""
    step = 1_000 if count >= 1_000 else 100 if count >= 100 else 10
    return count - count % step if count >= 10 else count
