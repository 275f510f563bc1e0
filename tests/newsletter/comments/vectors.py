"""What people type to get a script into a page: see data/xss.json for where it comes from."""

from __future__ import annotations

import json
from pathlib import Path

VECTORS: list[str] = json.loads((Path(__file__).parent / "data" / "xss.json").read_text())[
    "vectors"
]
