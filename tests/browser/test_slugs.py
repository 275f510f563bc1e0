"""W4: the desk shows the address that the server will make."""

# ruff: noqa: RUF001 - letters that look like others are what this is about
from __future__ import annotations

import random
import unicodedata
from typing import Any

import pytest
from playwright.sync_api import Page

from newsletter.lib.slugs import make_slug

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TITLES = [
    "हिन्दी में बातचीत",
    "การเจรจาต่อรองน้ำ",
    "مُفَاوَضَات العمل",
    "שִׂיחָה על כסף, צה״ל",
    unicodedata.normalize("NFD", "Đàm phán tiền lương"),
    "İstanbul ΟΔΟΣ ﬁne Ⅳ ＡＢＣ ㅋㅋㅋ",
    "1️⃣ don’t — 3.5% ❤️ 👩‍👩‍👧",
    "🎉",
    "one two three " * 20,
    "字" * 200,
    "न्दी" * 60,
    "กำ" * 60,
]
LETTERS = "abc ÀÉ-_'’.हिन्दी्‍การน้ำשִׂمُفَ̈❤️🎉ㅋ각각가가1½"


def random_titles() -> list[str]:
    chance = random.Random(4)
    anything = [
        chr(code)
        for code in range(0x20, 0x2FFFF)
        if unicodedata.category(chr(code)) not in {"Cn", "Cs", "Co"}
    ]
    return [
        "".join(
            chance.choice(anything if chance.random() < 0.3 else LETTERS)
            for _ in range(chance.choice([3, 10, 40, 150]))
        )
        for _ in range(1000)
    ]


def test_w4_browser_and_server_make_the_same_address(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/about/")
    titles = [*TITLES, *random_titles()]
    shown = page.evaluate(
        """async ([titles, address]) => {
            const { slugOf } = await import(address)
            return titles.map((title) => slugOf(title))
        }""",
        [titles, "/static/masthead/editor/slugs.js"],
    )
    different = [
        (title, there, here)
        for title, there in zip(titles, shown, strict=True)
        if there != (here := make_slug(title, max_length=80))
    ]
    assert not different
