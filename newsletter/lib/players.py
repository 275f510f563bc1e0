"""Players of other sites that a reader may start on a page of ours: a short, closed list.

An address that somebody typed is only read. What is asked of the other site is one of the patterns
below, filled with an id of letters and digits; everything else of the address is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from django.http import HttpResponse


@dataclass(frozen=True, slots=True)
class Player:
    """One recording in the player of its site."""

    provider: str
    src: str

    @property
    def origin(self) -> str:
        """What a page's policy has to name for it."""
        return "/".join(self.src.split("/", 3)[:3])


# Whose recordings can be played, for people to read.
PLAYED = ("YouTube", "Vimeo", "Wistia", "Loom")

# All are read with `fullmatch`, or what follows a line break would pass.
# Two words have the length of an id and stand where one would.
_YOUTUBE_ID = re.compile(r"(?!videoseries|live_stream)[A-Za-z0-9_-]{11}", re.ASCII)
_YOUTUBE_PATH = re.compile(r"/(?:embed|live|shorts|v)/([A-Za-z0-9_-]{11})/?", re.ASCII)
_YOUTUBE_START = re.compile(r"(?:(\d{1,2})h)?(?:(\d{1,3})m)?(?:(\d{1,5})s?)?", re.ASCII)
_VIMEO_PATH = re.compile(
    r"/(?:(?:manage/)?videos?/|channels/[\w-]+/|groups/[\w-]+/videos/|(?:album|showcase)/\d+/video/)?"
    r"(\d{1,12})(?:/([0-9a-f]{6,20}))?/?",
    re.ASCII,
)
_VIMEO_KEY = re.compile(r"[0-9a-f]{6,20}", re.ASCII)
_WISTIA_HOST = re.compile(r"[a-z0-9-]{1,63}\.wistia\.(?:com|net)", re.ASCII)
_WISTIA_PATH = re.compile(r"/(?:medias|embed/iframe)/([a-z0-9]{10})/?", re.ASCII)
_LOOM_PATH = re.compile(r"/(?:share|embed)/([0-9a-f]{32})/?", re.ASCII)
_YOUTUBE_HOSTS = frozenset(
    {"youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com"}
    | {"youtube-nocookie.com", "www.youtube-nocookie.com"}
)
# The longest that a field of ours holds; nothing of these sites is near it.
_MOST = 500


def player_of(address: str) -> Player | None:
    """The player for an address as authors copy it; None where it stays a link."""
    parts = _split(address)
    if parts is None:
        return None
    found = (read(parts) for read in _READERS)
    return next((player for player in found if player is not None), None)


def allow_player(response: HttpResponse, player: Player | None) -> HttpResponse:
    """Let this one answer frame the player's site, and nothing else of the policy change."""
    if player is not None:
        response._csp_update = {"frame-src": [player.origin]}  # type: ignore[attr-defined]
    return response


def _split(address: str) -> SplitResult | None:
    """An address without anything in it that two parsers could read differently."""
    if len(address) > _MOST or not re.fullmatch(r"https?://[!-\[\]-~]+", address, re.IGNORECASE):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    return None if port is not None or "@" in parts.netloc or ":" in parts.netloc else parts


def _youtube(parts: SplitResult) -> Player | None:
    asked = parse_qs(parts.query)
    if parts.hostname == "youtu.be":
        number = parts.path.removeprefix("/")
    elif parts.hostname not in _YOUTUBE_HOSTS:
        return None
    elif parts.path == "/watch":
        number = asked.get("v", [""])[0]
    else:
        match = _YOUTUBE_PATH.fullmatch(parts.path)
        number = match[1] if match else ""
    if not _YOUTUBE_ID.fullmatch(number):
        return None
    start = _seconds((asked.get("t") or asked.get("start") or [""])[0])
    src = f"https://www.youtube-nocookie.com/embed/{number}?autoplay=1&rel=0"
    return Player("YouTube", f"{src}&start={start}" if start else src)


def _seconds(text: str) -> int:
    """Where it is to begin: "90", "90s" or "1m30s"."""
    match = _YOUTUBE_START.fullmatch(text)
    if match is None:
        return 0
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _vimeo(parts: SplitResult) -> Player | None:
    if parts.hostname not in {"vimeo.com", "www.vimeo.com", "player.vimeo.com"}:
        return None
    match = _VIMEO_PATH.fullmatch(parts.path)
    if match is None:
        return None
    # What opens an unlisted one.
    key = match[2] or parse_qs(parts.query).get("h", [""])[0]
    if key and not _VIMEO_KEY.fullmatch(key):
        return None
    src = f"https://player.vimeo.com/video/{match[1]}?autoplay=1&dnt=1"
    return Player("Vimeo", f"{src}&h={key}" if key else src)


def _wistia(parts: SplitResult) -> Player | None:
    match = _WISTIA_PATH.fullmatch(parts.path)
    if match is None or not _WISTIA_HOST.fullmatch(parts.hostname or ""):
        return None
    src = f"https://fast.wistia.net/embed/iframe/{match[1]}?autoPlay=true&doNotTrack=true"
    return Player("Wistia", src)


def _loom(parts: SplitResult) -> Player | None:
    match = _LOOM_PATH.fullmatch(parts.path)
    if match is None or parts.hostname not in {"loom.com", "www.loom.com"}:
        return None
    return Player("Loom", f"https://www.loom.com/embed/{match[1]}?autoplay=1")


_READERS: tuple[Callable[[SplitResult], Player | None], ...] = (_youtube, _vimeo, _wistia, _loom)
