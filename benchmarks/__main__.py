"""`make bench`: run every benchmark in a process and data folder of its own.

`make bench ARGS=send` runs those whose name contains "send".
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main(wanted: str) -> int:
    """Run the benchmarks whose name contains `wanted`; return the worst exit code."""
    codes = [0]
    for file in sorted(FOLDER.glob("*.py")):
        if file.name.startswith("_") or wanted not in file.stem:
            continue
        print(f"\n== {file.stem}", flush=True)
        with tempfile.TemporaryDirectory(prefix="masthead-bench-") as folder:
            environment = {**os.environ, "DATA_DIR": folder, "DEBUG": "false", "LOG_LEVEL": "ERROR"}
            environment.setdefault("SECRET_KEY", "only-for-a-benchmark")
            command = [sys.executable, "-m", f"benchmarks.{file.stem}"]
            result = subprocess.run(command, cwd=FOLDER.parent, env=environment, check=False)
            codes.append(result.returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
