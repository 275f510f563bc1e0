"""Ways back: paths that people carry through forms and mails, and that lead nowhere else."""

from __future__ import annotations

from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

MAX_LENGTH = 500


def local_path(wanted: str) -> str:
    """`wanted` if it is a path on this site, of a length that is one; else nothing."""
    is_ours = (
        wanted.startswith("/")
        and len(wanted) <= MAX_LENGTH
        and wanted.isprintable()
        and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    )
    return wanted if is_ours else ""


def sign_in_url(back: str) -> str:
    """The page that signs in and then goes on to the path `back`."""
    return f"{reverse('account_login')}?{urlencode({'next': back})}"
