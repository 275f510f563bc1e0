"""Uploads: public pictures are served, everything else is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from newsletter.articles.actions import keep_files_open

pytestmark = pytest.mark.django_db
PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def uploads(settings: Any) -> Path:
    for name in ("images/a/x.png", "brand/b/logo.png", "imports/c/list.csv", "images/a/x.svg"):
        file = Path(settings.MEDIA_ROOT) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(PICTURE)
    keep_files_open(folders=["images/a"])
    return Path(settings.MEDIA_ROOT)


@pytest.mark.parametrize("path", ["images/a/x.png", "brand/b/logo.png"])
def test_public_pictures_are_served_without_a_cookie(uploads: Path, path: str) -> None:
    response = Client().get(f"/media/{path}")
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == PICTURE
    assert response["Content-Type"] == "image/png"
    assert "immutable" in response["Cache-Control"]
    assert not response.cookies


@pytest.mark.parametrize(
    "path",
    [
        "imports/c/list.csv",
        "images/../imports/c/list.csv",
        "images/..%2fimports/c/list.csv",
        "images/a/x.svg",
        "images/a/",
        "images/a/missing.png",
        "../settings.py",
        f"brand/b/{'x' * 300}.png",
        f"images/a/{'ö' * 130}.png",
    ],
)
def test_everything_else_is_missing(uploads: Path, path: str) -> None:
    assert Client().get(f"/media/{path}").status_code == 404


def test_only_reading_is_allowed(uploads: Path) -> None:
    assert Client().post("/media/images/a/x.png").status_code == 405
