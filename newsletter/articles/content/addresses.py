"""Addresses in a body: made absolute, and said in words. Neither ever raises."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit


def absolute(page_url: str, address: str) -> str:
    """`address` as seen from `page_url`; as it stands where it cannot be read."""
    try:
        return urljoin(page_url, address)
    except ValueError:
        return address


def host_of(address: str) -> str:
    """The site an address leads to, as people say it; empty where there is none."""
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
