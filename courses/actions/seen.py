"""Change an outline as somebody saw it, or not at all (W2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from courses.actions.common import StaleError
from courses.models import Course


@contextmanager
def as_seen(course: Course, version: int) -> Iterator[Course]:
    """What is done in here is done to the outline of that `curriculum_version`.

    For changes that mean something else where somebody changed the order meanwhile: "one up".
    Raises StaleError where they did; nothing is changed then.
    """
    with transaction.atomic():
        locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        if locked.curriculum_version != version:
            raise StaleError(refused=course, current=locked)
        yield locked
