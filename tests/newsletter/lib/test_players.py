"""Which addresses become a player of another site, and what of them reaches it: an id alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.lib.players import player_of

ID = "dQw4w9WgXcQ"
TUBE = f"https://www.youtube-nocookie.com/embed/{ID}?autoplay=1&rel=0"
VIMEO = "https://player.vimeo.com/video/76979871?autoplay=1&dnt=1"
WISTIA = "https://fast.wistia.net/embed/iframe/26sk4lmiix?autoPlay=true&doNotTrack=true"
KEY = "0123456789abcdef0123456789abcdef"
LOOM = f"https://www.loom.com/embed/{KEY}?autoplay=1"


@pytest.mark.parametrize(
    ("address", "src", "provider", "origin"),
    [
        (f"https://www.youtube.com/watch?v={ID}", TUBE, "YouTube", "https://www.youtube-nocookie.com"),
        (f"http://youtube.com/watch?v={ID}", TUBE, "YouTube", "https://www.youtube-nocookie.com"),
        ("https://vimeo.com/76979871", VIMEO, "Vimeo", "https://player.vimeo.com"),
        ("https://acme.wistia.com/medias/26sk4lmiix", WISTIA, "Wistia", "https://fast.wistia.net"),
        (f"https://www.loom.com/share/{KEY}?sid=1", LOOM, "Loom", "https://www.loom.com"),
    ],
)  # fmt: skip
def test_a_known_site_is_played_by_its_own_player(
    address: str, src: str, provider: str, origin: str
) -> None:
    player = player_of(address)
    assert player is not None
    assert (player.src, player.provider, player.origin) == (src, provider, origin)


@pytest.mark.parametrize(
    ("address", "src"),
    [
        (f"https://m.youtube.com/watch?v={ID}&list=PL1&index=2", TUBE),
        (f"https://WWW.YouTube.com/watch?app=desktop&v={ID}", TUBE),
        (f"https://youtu.be/{ID}", TUBE),
        (f"https://youtu.be/{ID}?si=AbC_1", TUBE),
        (f"https://youtu.be/{ID}?t=90", f"{TUBE}&start=90"),
        (f"https://www.youtube.com/watch?v={ID}&t=1m30s", f"{TUBE}&start=90"),
        (f"https://www.youtube.com/watch?v={ID}&t=1h2m3s", f"{TUBE}&start=3723"),
        (f"https://www.youtube.com/watch?v={ID}&t=1%22onload", TUBE),
        (f"https://www.youtube.com/embed/{ID}?start=12", f"{TUBE}&start=12"),
        (f"https://www.youtube-nocookie.com/embed/{ID}", TUBE),
        (f"https://www.youtube.com/live/{ID}", TUBE),
        (f"https://www.youtube.com/shorts/{ID}/", TUBE),
        ("https://www.vimeo.com/76979871/", VIMEO),
        ("https://vimeo.com/channels/staffpicks/76979871", VIMEO),
        ("https://vimeo.com/groups/shortfilms/videos/76979871", VIMEO),
        ("https://vimeo.com/showcase/123/video/76979871", VIMEO),
        ("https://vimeo.com/manage/videos/76979871", VIMEO),
        ("https://vimeo.com/76979871/abcdef0123", f"{VIMEO}&h=abcdef0123"),
        ("https://player.vimeo.com/video/76979871?h=abcdef0123&title=0", f"{VIMEO}&h=abcdef0123"),
        ("https://fast.wistia.net/embed/iframe/26sk4lmiix?x=1", WISTIA),
        (f"https://loom.com/embed/{KEY}", LOOM),
    ],
)
def test_addresses_are_taken_as_authors_copy_them(address: str, src: str) -> None:
    player = player_of(address)
    assert player is not None
    assert player.src == src


@pytest.mark.parametrize(
    "address",
    [
        "",
        "javascript:alert(1)",
        f"javascript://www.youtube.com/watch?v={ID}%0aalert(1)",
        f"data:text/html,https://youtu.be/{ID}",
        f"ftp://youtu.be/{ID}",
        f"//youtu.be/{ID}",
        f"youtu.be/{ID}",
        # Hosts that look alike.
        f"https://youtube.com.evil.example/watch?v={ID}",
        f"https://evil.example/www.youtube.com/watch?v={ID}",
        f"https://notyoutube.com/watch?v={ID}",
        f"https://youtube.com./watch?v={ID}",
        f"https://www.youtube.co/watch?v={ID}",
        f"https://\uff59outube.com/watch?v={ID}",
        f"https://y\u03bfutube.com/watch?v={ID}",
        "https://vimeo.com.evil.example/76979871",
        "https://evilvimeo.com/76979871",
        "https://wistia.com/medias/26sk4lmiix",
        "https://a.b.wistia.com/medias/26sk4lmiix",
        "https://acme.wistia.com.evil.example/medias/26sk4lmiix",
        "https://acmewistia.com/medias/26sk4lmiix",
        # Somebody's name, a port.
        f"https://www.youtube.com@evil.example/watch?v={ID}",
        f"https://evil.example@www.youtube.com/watch?v={ID}",
        f"https://www.youtube.com:8443/watch?v={ID}",
        f"https://www.youtube.com:443/watch?v={ID}",
        f"https://www.youtube.com:/watch?v={ID}",
        f"https://www.youtube.com:x/watch?v={ID}",
        f"https://[::1/watch?v={ID}",
        # What parsers read differently.
        f"https://evil.example\\@www.youtube.com/watch?v={ID}",
        f"https:\\\\www.youtube.com/watch?v={ID}",
        f" https://youtu.be/{ID}",
        f"https://youtu.be/{ID}\n",
        f"https://www.you\ttube.com/watch?v={ID}",
        f"https://youtu.be/{ID}\x00",
        # Ids that are none.
        "https://www.youtube.com/watch",
        "https://www.youtube.com/watch?v=short",
        f"https://www.youtube.com/watch?v={ID}x",
        f"https://www.youtube.com/watch?v={ID}%0A",
        'https://www.youtube.com/watch?v=dQw4w9WgXc"',
        "https://www.youtube.com/watch?v=dQw4w9WgX%22%3E",
        "https://youtu.be/../../abcdefg",
        f"https://youtu.be/{ID}/more",
        f"https://www.youtube.com/embed/{ID}/../x",
        "https://www.youtube.com/embed/videoseries?list=PL1",
        "https://www.youtube.com/embed/live_stream?channel=UC1",
        "https://www.youtube.com/@somebody",
        "https://www.youtube.com/watch?v=\uff44Qw4w9WgXcQ",
        "https://vimeo.com/user76979871",
        "https://vimeo.com/٣٤٥",
        "https://vimeo.com/76979871/settings",
        "https://player.vimeo.com/video/76979871?h=%22onload",
        "https://vimeo.com/1234567890123",
        "https://acme.wistia.com/medias/26sk4lmii'",
        "https://acme.wistia.com/medias/26SK4LMIIX",
        f"https://www.loom.com/share/{KEY[:-1]}",
        f"https://www.loom.com/share/{KEY[:-1]}g",
        f"https://youtu.be/{ID}?x=" + "x" * 500,
    ],
)
def test_everything_else_stays_a_link(address: str) -> None:
    assert player_of(address) is None


SAFE = re.compile(
    r"https://(?:"
    r"www\.youtube-nocookie\.com/embed/[\w-]{11}\?autoplay=1&rel=0(?:&start=\d{1,7})?"
    r"|player\.vimeo\.com/video/\d{1,12}\?autoplay=1&dnt=1(?:&h=[0-9a-f]{6,20})?"
    r"|fast\.wistia\.net/embed/iframe/[a-z0-9]{10}\?autoPlay=true&doNotTrack=true"
    r"|www\.loom\.com/embed/[0-9a-f]{32}\?autoplay=1"
    r")",
    re.ASCII,
)
HOSTS = ["www.youtube.com", "youtu.be", "vimeo.com", "player.vimeo.com", "a.wistia.com", "loom.com"]
PATHS = ["/watch?v=", "/embed/", "/video/", "/medias/", "/share/", "/"]
REST = ["?h=", "&t=", "&start=", "#"]
WORDS = st.sampled_from(
    [*HOSTS, *PATHS, *REST, ID, "76979871", "26sk4lmiix", KEY, "abcdef0123", "90s"]
)
NOISE = st.text(st.sampled_from("\"'<>@:/\\?#&=%. \n\t\x00é٣kK-_") | st.characters(), max_size=4)


@given(
    st.lists(WORDS | NOISE, max_size=8).map("".join), st.sampled_from(["https://", "HTTP://", ""])
)
def test_whatever_is_typed_nothing_but_the_patterns_comes_out(rest: str, scheme: str) -> None:
    player = player_of(scheme + rest)
    assert player is None or SAFE.fullmatch(player.src)


@given(
    st.sampled_from([f"https://youtu.be/{ID}", "https://vimeo.com/76979871/abcdef0123"]),
    st.integers(0, 60),
    st.characters(),
)
def test_one_strange_character_changes_the_player_or_drops_it(
    address: str, at: int, character: str
) -> None:
    player = player_of(address[:at] + character + address[at:])
    assert player is None or SAFE.fullmatch(player.src)
