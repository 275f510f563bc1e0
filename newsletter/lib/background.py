"""Celery tasks as this project uses them: nudges, whose loss a sweep makes good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from celery import current_app, shared_task
from celery.contrib.django.task import DjangoTask
from django.db import transaction

P = ParamSpec("P")
R = TypeVar("R")


class NudgeTask(DjangoTask):  # type: ignore[type-arg]  # not generic at run time
    """A task whose message may be lost: the work itself is a row in the database."""

    abstract = True

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Send the nudge after the commit. A broker that is down is logged, not raised.

        The row is committed by then; failing the request would only make the person try again.
        """

        def nudge() -> None:
            self.delay(*args, **kwargs)

        # Not a partial: Django names the function when it logs the failure.
        transaction.on_commit(nudge, robust=True)


def nudge_on_commit(name: str) -> None:
    """Nudge the task of this dotted name, of a slice that lies above the caller's.

    Tasks of one's own slice and of those below are called by `delay_on_commit` themselves.
    """
    cast("NudgeTask", current_app.tasks[name]).delay_on_commit()


def background_task(function: Callable[P, R]) -> DjangoTask[P, R]:
    """`shared_task` on NudgeTask; the task is named after the function's own module."""
    return cast("DjangoTask[P, R]", shared_task(base=NudgeTask)(function))
