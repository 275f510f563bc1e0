"""One audit from beginning to end."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.audit.crawl import Audit
from newsletter.audit.gifts import check_gifts
from newsletter.audit.http import Client, serving
from newsletter.audit.letters import MAIL, check_mail, has_letters, send_letters
from newsletter.audit.registry import Stage
from newsletter.audit.repeats import CACHE, HEAD, check_cache, check_fragments, check_heads
from newsletter.audit.report import Report
from newsletter.audit.routes import find_routes
from newsletter.audit.searching import check_search


class NothingToAuditError(Exception):
    """No view and no check has a name such as was asked for."""


def _shows_letters(audit: Audit) -> bool:
    """Whether anything is looked at where mails that were sent show."""
    views = (route.name for route in find_routes() if route.name.startswith("mailings:"))
    return any(audit.wants(name) for name in (CACHE, HEAD, *views))


def run_audit(stage: Stage, only: Sequence[str] = (), personas: Sequence[str] = ()) -> Report:
    """Ask everything there is on `stage` as everybody, or what `only` and `personas` name.

    The site is served from this process, in threads: whatever it is, patched or not, is audited.
    """
    with serving() as port, Client(port) as client:
        audit = Audit(stage, client, tuple(only), tuple(personas))
        if audit.wants(MAIL) or (_shows_letters(audit) and not has_letters(stage)):
            send_letters(stage, audit.report)
        audit.matched = False
        check_mail(audit)
        audit.crawl_routes()
        audit.crawl_links()
        check_cache(audit)
        check_heads(audit)
        check_fragments(audit)
        check_search(audit)
        check_gifts(audit)
    if not audit.matched:
        raise NothingToAuditError(f"Nothing is called {', '.join(only)}.")
    return audit.report
