"""Where uploads go. Named by migrations, so these functions keep their dotted path for ever."""

from __future__ import annotations

import secrets
from pathlib import PurePosixPath
from typing import Any


def new_folder() -> str:
    """The name of an upload's folder, for whoever must know it before anything is written."""
    return secrets.token_urlsafe(18)


def image_path(_instance: Any, filename: str, folder: str = "") -> str:
    """`images/<random>/<name>`: unguessable, and two uploads of one name never collide."""
    return f"images/{folder or secrets.token_urlsafe(9)}/{PurePosixPath(filename).name}"


def brand_path(_instance: Any, filename: str) -> str:
    """`brand/<random>/<name>`: logo, favicon and portraits."""
    return f"brand/{secrets.token_urlsafe(9)}/{PurePosixPath(filename).name}"


def import_path(_instance: Any, filename: str) -> str:
    """`imports/<random>/<name>`: an uploaded subscriber list (never served)."""
    return f"imports/{secrets.token_urlsafe(18)}/{PurePosixPath(filename).name}"


def attachment_path(_instance: Any, filename: str, folder: str = "") -> str:
    """`files/<random>/<name>`: a file that belongs to a text."""
    return f"files/{folder or secrets.token_urlsafe(9)}/{PurePosixPath(filename).name}"


def export_path() -> str:
    """`exports/<random>.zip` in the private storage: a copy of one person's data."""
    return f"exports/{secrets.token_urlsafe(18)}.zip"
