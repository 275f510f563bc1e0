"""`manage.py check --deploy` with the production example: it must have nothing to say."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def production_example() -> dict[str, str]:
    """Return the variables of `.env.example`, those that stand there commented out left out."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value.strip('"') for name, _, value in pairs}


def main() -> int:
    """Return Django's exit code: 0 only where there is not even a warning."""
    with tempfile.TemporaryDirectory(prefix="masthead-check-") as folder:
        environment = {
            "PATH": os.environ["PATH"],
            **production_example(),
            "DATA_DIR": folder,
            "LOG_LEVEL": "ERROR",
        }
        command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
