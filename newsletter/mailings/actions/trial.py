"""Test mails: the real mail on the real way, without touching any count (M23)."""

from __future__ import annotations

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.mailings.actions.common import require_right
from newsletter.mailings.actions.lifecycle import newsletter_for, unsaved_mailing
from newsletter.mailings.compose import FULL
from newsletter.mailings.letters import build_test_letter
from newsletter.mailings.models import Mailing
from newsletter.mailings.outcomes import Outcome
from newsletter.mailings.rendering import frozen_variant, render_variant
from newsletter.mailings.transport import make_transport


def send_test(
    *,
    actor: User,
    article: Article | None = None,
    mailing: Mailing | None = None,
    to: str,
    variant: str = FULL,
) -> Outcome:
    """Send the mail of an article or a mailing to one address now; return what became of it.

    Of a mailing that has started it is the mail as frozen (M18), else as it would be now. Leaves
    no row and no count, and its unsubscribe link knows nobody. Takes as long as the mail
    server does. Raises ValueError for an address that is none.
    """
    require_right(actor)
    if mailing is None:
        if article is None:
            raise TypeError("an article or a mailing is needed")
        mailing = unsaved_mailing(article, newsletter_for(article))
    mail = frozen_variant(mailing, variant) or render_variant(mailing, variant)
    message = build_test_letter(
        newsletter=mailing.newsletter,
        subject=mail.subject,
        html=mail.html,
        text=mail.text,
        address=to,
        name=actor.name if to == actor.email else "",
    )
    transport = make_transport()
    try:
        return transport.send(message, mailing.newsletter.sender_address, to)
    finally:
        transport.close()
