"""Guards: what is missing from an index file would be skipped silently."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest
from celery import Task
from django.contrib import admin
from django.core.management import call_command
from django.db import models

ROOT = Path(__file__).resolve().parent.parent.parent


def slice_modules(name: str) -> list[str]:
    """Dotted paths of every `<slice>/<name>.py` or package of that name; courses is one."""
    patterns = ("newsletter/*/{}.py", "newsletter/*/{}/*.py", "courses/{}.py", "courses/{}/*.py")
    files = [file for each in patterns for file in sorted(ROOT.glob(each.format(name)))]
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in files
    ]


def index_of(path: str, name: str) -> ModuleType:
    """The module that has to name what is in the one at `path`."""
    return importlib.import_module(f"{path.partition('.')[0]}.{name}")


def own_members(module: ModuleType, kind: type) -> set[str]:
    return {
        name
        for name, member in vars(module).items()
        if inspect.isclass(member)
        and issubclass(member, kind)
        and member.__module__ == module.__name__
        and not getattr(getattr(member, "_meta", None), "abstract", False)
    }


def test_slices_have_models() -> None:
    assert len(slice_modules("models")) >= 7
    assert "courses.models.lesson" in slice_modules("models")


@pytest.mark.parametrize("path", slice_modules("models"))
def test_every_model_is_in_the_index(path: str) -> None:
    index = index_of(path, "models")
    # History tables are made by the package beside their model.
    missing = {
        name
        for name in own_members(importlib.import_module(path), models.Model)
        if not name.startswith("Historical") and not hasattr(index, name)
    }
    assert not missing, f"{index.__name__} does not import {missing} from {path}"


@pytest.mark.parametrize("path", slice_modules("admin"))
def test_every_admin_is_registered(path: str) -> None:
    # A slice above may register its own class on top of one from below.
    registered = {
        parent.__name__
        for instance in admin.site._registry.values()
        for parent in type(instance).__mro__
    }
    missing = {
        name
        for name in own_members(importlib.import_module(path), admin.ModelAdmin)
        if name not in registered and not name.startswith(("_", "Base", "Read"))
    }
    assert not missing, f"newsletter/admin.py does not import {path}: {missing} not registered"


@pytest.mark.parametrize("path", slice_modules("tasks"))
def test_every_task_is_in_the_index(path: str) -> None:
    index = index_of(path, "tasks")
    module = importlib.import_module(path)
    missing = {
        name
        for name, member in vars(module).items()
        if isinstance(member, Task) and member.name.startswith(path) and not hasattr(index, name)
    }
    assert not missing, f"{index.__name__} does not import {missing} from {path}"


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
