"""What JavaScript shows and what Python knows of it must be the same."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from newsletter.articles.editor import EDITOR_EXTENSIONS
from newsletter.lib.desk_words import desk_words
from newsletter.lib.prose import desk_media

MODULES = sorted(Path(settings.BASE_DIR, "newsletter/static/masthead/editor").glob("*.js"))
WORD = re.compile(r'\bword\(\s*"((?:[^"\\]|\\.)*)"\s*,?\s*\)')
IMPORT = re.compile(r'(?:from|import) "(masthead/[a-z]+)"')


def test_every_word_of_the_modules_can_be_translated() -> None:
    used = {word for module in MODULES for word in WORD.findall(module.read_text())}
    assert len(used) > 100
    assert used == set(desk_words())


def test_no_word_is_passed_over_by_the_search() -> None:
    calls = sum(len(re.findall(r"\bword\(", module.read_text())) for module in MODULES)
    found = sum(len(WORD.findall(module.read_text())) for module in MODULES)
    # words.js defines it as a constant, not as a call.
    assert calls == found


def test_every_module_is_in_the_import_map() -> None:
    html = str(desk_media("abc"))
    for module in MODULES:
        for name in IMPORT.findall(module.read_text()):
            assert f'"{name}"' in html


def test_the_import_map_carries_the_nonce() -> None:
    assert re.search(r'<script type="importmap" nonce="abc">', str(desk_media("abc")))


def test_each_of_our_nodes_is_declared_to_the_library() -> None:
    declared = {
        name for group in settings.DJANGO_PROSE_EDITOR_EXTENSIONS for name in group["extensions"]
    }
    assert declared <= set(EDITOR_EXTENSIONS)
