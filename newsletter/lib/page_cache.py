"""Whole pages kept for visitors.

Only what a view offers with `@keep_page`, only for requests that carry no session, and only
answers that are the same for everybody. Keys hold a version that every publishing action changes
with `forget_pages`, so nothing stale is served after it, in any process that shares the cache.

What changes more often than that has a version of its own, under a topic: whatever reads such
things for a page calls `page_shows` first, the page is kept with the versions that held then, and
`forget_pages` with that topic makes stale just those pages.
"""

from __future__ import annotations

import gzip
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeGuard

import brotli
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import parse_http_date_safe, urlencode

VERSION_KEY = "pages:version"
# Longer than any page is kept. A version that is gone makes pages stale, never fresh.
_TOPIC_SECONDS = 24 * 60 * 60
# What a kept page may depend on. A request with any other parameter is rendered afresh…
_MEANINGFUL = frozenset({"page", "v"})
# …except for these, which senders add to links and no page looks at.
_IGNORED = frozenset(
    {"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "ref", "fbclid"}
)
_COMPRESS_FROM = 600


def keep_page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let the answers of `view` be kept for visitors, for PAGE_CACHE_SECONDS at most."""

    @wraps(view)
    def offering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.may_be_kept = True  # type: ignore[attr-defined]
        return response

    return offering


def forget_pages(*topics: str) -> None:
    """Make kept pages stale once the surrounding transaction is committed: those that show one of
    `topics`, or all where none is named.

    A page whose rendering began before the commit is stored under the old version and is never
    served again.
    """
    if not topics:
        transaction.on_commit(_change_version)
        return
    fresh = {_topic_key(topic): secrets.token_hex(8) for topic in topics}
    transaction.on_commit(lambda: _change_topics(fresh))


def page_shows(request: HttpRequest | None, *topics: str) -> None:
    """Note that the page under way shows this. To be called before it is read."""
    if request is None or is_personal(request) or not settings.PAGE_CACHE_SECONDS:
        return
    noted: dict[str, str] = request.__dict__.setdefault("_page_topics", {})
    keys = [key for key in map(_topic_key, topics) if key not in noted]
    found = cache.get_many(keys)
    for key in keys:
        noted[key] = str(found.get(key) or _version(key, _TOPIC_SECONDS))


def _change_version() -> None:
    cache.set(VERSION_KEY, secrets.token_hex(8), timeout=None)


def _change_topics(fresh: dict[str, str]) -> None:
    cache.set_many(fresh, timeout=_TOPIC_SECONDS)


def _topic_key(topic: str) -> str:
    return f"pages:topic:{topic}"


def _version(key: str = VERSION_KEY, timeout: int | None = None) -> str:
    # A lost version (a full cache drops entries at random) becomes a new one, never an old one.
    found = cache.get(key)
    if found is None:
        found = cache.get_or_set(key, secrets.token_hex(8), timeout=timeout)
    return str(found)


@dataclass(frozen=True, slots=True)
class _Page:
    headers: list[tuple[str, str]]
    plain: bytes
    gzipped: bytes
    brotlied: bytes
    etag: str
    # What held for the topics that it shows when it was made.
    topics: dict[str, str]

    @property
    def is_current(self) -> bool:
        """Whether that still holds. No question to the cache where it shows none."""
        return not self.topics or cache.get_many(self.topics) == self.topics


class PageCacheMiddleware:
    """Answer visitors from kept pages. Stands before sessions, so that a hit touches none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_personal(request):
            return _private_if_page(self.get_response(request))
        key = _key(request)
        if key is None:
            return self._fresh(request)
        page = cache.get(key)
        if isinstance(page, _Page) and page.is_current:
            return _answer(request, page)
        response = self.get_response(request)
        if not _is_for_everybody(response):
            return response
        page = _take(request, response)
        if request.method == "GET":
            cache.set(key, page, timeout=settings.PAGE_CACHE_SECONDS)
        return _answer(request, page)

    def _fresh(self, request: HttpRequest) -> HttpResponseBase:
        """Not kept, yet with the same headers as a kept one."""
        response = self.get_response(request)
        if request.method in {"GET", "HEAD"} and _is_for_everybody(response):
            return _answer(request, _take(request, response))
        return response


def is_personal(request: HttpRequest) -> bool:
    """Whether the answer may depend on who asks."""
    return (
        settings.SESSION_COOKIE_NAME in request.COOKIES
        or "messages" in request.COOKIES
        or "Authorization" in request.headers
    )


def _private_if_page(response: HttpResponseBase) -> HttpResponseBase:
    """Keep a member's page out of every shared cache (edge case P3)."""
    if getattr(response, "may_be_kept", False):
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ("Cookie",))
    return response


def _key(request: HttpRequest) -> str | None:
    """The name under which the answer is kept; None where it must not be."""
    if request.method not in {"GET", "HEAD"} or not settings.PAGE_CACHE_SECONDS:
        return None
    query = []
    for name in sorted(request.GET):
        if name in _MEANINGFUL:
            query.append((name, request.GET.getlist(name)))
        elif name not in _IGNORED:
            return None
    parts = (
        _version(),
        request.scheme or "",
        request.get_host(),
        request.path,
        urlencode(query, doseq=True),
    )
    return "kept:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_for_everybody(response: HttpResponseBase) -> TypeGuard[HttpResponse]:
    if not getattr(response, "may_be_kept", False) or not isinstance(response, HttpResponse):
        return False
    vary = {part.strip().lower() for part in response.headers.get("Vary", "").split(",")}
    control = response.headers.get("Cache-Control", "")
    return (
        response.status_code == 200
        and not response.cookies
        and not vary & {"cookie", "*"}
        and "private" not in control
        and "no-store" not in control
    )


def _take(request: HttpRequest, response: HttpResponse) -> _Page:
    plain = response.content
    # Asked again each time: a shared cache in front of us must not hand a visitor's copy to a
    # member, and a reader who has just paid must not see the preview (edge case P3).
    response.headers.setdefault("Cache-Control", "public, max-age=0, must-revalidate")
    patch_vary_headers(response, ("Accept-Encoding",))
    worth_it = len(plain) >= _COMPRESS_FROM and "Content-Encoding" not in response.headers
    skipped = {"content-length", "etag"}
    return _Page(
        headers=[pair for pair in response.items() if pair[0].lower() not in skipped],
        plain=plain,
        gzipped=gzip.compress(plain, 6, mtime=0) if worth_it else b"",
        brotlied=brotli.compress(plain, quality=5) if worth_it else b"",
        etag=f'W/"{hashlib.sha256(plain).hexdigest()[:24]}"',
        topics=getattr(request, "_page_topics", {}),
    )


def _answer(request: HttpRequest, page: _Page) -> HttpResponseBase:
    accepted = request.headers.get("Accept-Encoding", "")
    body, encoding = page.plain, ""
    # Nothing secret is in a page that everybody gets, so compressing it gives nothing away.
    if page.brotlied and "br" in accepted:
        body, encoding = page.brotlied, "br"
    elif page.gzipped and "gzip" in accepted:
        body, encoding = page.gzipped, "gzip"
    response = HttpResponse(body, headers=dict(page.headers))
    response.headers["ETag"] = page.etag
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.headers["Content-Length"] = str(len(body))
    changed_at = parse_http_date_safe(response.headers.get("Last-Modified", ""))
    conditional = get_conditional_response(
        request, etag=page.etag, last_modified=changed_at, response=response
    )
    return conditional or response
