"""The import-linter contracts hold, and break when an upward import is planted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports; lint_imports()"]
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code in which a test may plant imports."""
    for name in ("config", "newsletter", "courses"):
        ignore = shutil.ignore_patterns("static", "__pycache__", "*.html", "articles_content")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_hold(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 kept, 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("file", "planted"),
    [
        ("newsletter/lib/addresses.py", "from newsletter.accounts import models"),
        ("newsletter/subscribers/actions.py", "from newsletter.mailings import models"),
        ("newsletter/articles/models.py", "from newsletter.pages import dashboard"),
        ("newsletter/articles/queries.py", "from newsletter.comments import models"),
        ("newsletter/comments/queries.py", "from newsletter.mailings import models"),
        ("newsletter/members/queries.py", "from courses import models"),
    ],
)
def test_an_upward_import_between_slices_breaks_them(copy: Path, file: str, planted: str) -> None:
    with (copy / file).open("a") as module:
        module.write(f"\n{planted}\n")
    result = lint(copy)
    assert result.returncode != 0
    assert "Slices import downwards only BROKEN" in result.stdout


@pytest.mark.parametrize(
    ("file", "planted"),
    [
        ("newsletter/subscribers/queries.py", "from newsletter.subscribers import actions"),
        ("courses/access.py", "from courses import actions"),
    ],
)
def test_an_upward_import_inside_a_slice_breaks_them(copy: Path, file: str, planted: str) -> None:
    with (copy / file).open("a") as module:
        module.write(f"\n{planted}\n")
    result = lint(copy)
    assert result.returncode != 0
    assert "1 broken" in result.stdout


def test_stripe_is_imported_by_the_gateway_alone(copy: Path) -> None:
    with (copy / "newsletter/payments/money.py").open("a") as module:
        module.write("\nimport stripe\n")
    result = lint(copy)
    assert result.returncode != 0
    assert "newsletter.payments.money -> stripe" in result.stdout
