"""How often the subscribe forms may be sent, so that nobody is bombed with confirmations.

Counted by sender only: a limit by the address that was typed would tell whether it is known, so
that one is kept in silence where the mail is made (actions.subscribing).
"""

from __future__ import annotations

from datetime import timedelta

from newsletter.accounts.ratelimit import hit, network_of

HOUR = timedelta(hours=1)
PER_IP = 20
PER_NETWORK = 60
PER_SITE = 2_000


def may_ask(ip: str) -> bool:
    """Count one request to subscribe from `ip`; False when it, its network or all sent too many."""
    return (
        hit(f"subscribe-ip:{ip}", limit=PER_IP, per=HOUR)
        and hit(f"subscribe-network:{network_of(ip)}", limit=PER_NETWORK, per=HOUR)
        and hit("subscribe-site", limit=PER_SITE, per=HOUR)
    )
