"""Change a curriculum without taking anything from those who learn.

Every change of what there is to do, in which order and when, goes through `changing_curriculum`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.curriculum import Curriculum, Rule, find_unreachable, rules_of
from courses.drip import Learning, find_closing, what_matters
from courses.models import Course, CourseEvent, Enrolment, LessonProgress, ReleasedLesson
from courses.outline import load_learning, load_outline
from newsletter.lib.page_cache import forget_pages

CHUNK = 500


@contextmanager
def changing_curriculum(course: Course, now: datetime | None = None) -> Iterator[Course]:
    """Everything in here is one change. Yields the course as stored, locked: changes come singly.

    What was open to a learner and would be closed by the change is written down first, so that it
    stays open (K2). Who has done all that is left to do has completed the course. Raises
    ValidationError where the change would leave a lesson that nobody could ever open.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        before = load_outline(locked).curriculum
        rules_before = rules_of(before)
        yield locked
        locked.refresh_from_db()
        after = load_outline(locked).curriculum
        rules_after = rules_of(after)
        stuck = find_unreachable(rules_after)
        if stuck - find_unreachable(rules_before):
            raise ValidationError(
                _("These lessons would wait for one another, and nobody could ever open them."),
                code="unreachable",
            )
        if before == after:
            return
        Course.objects.filter(pk=course.pk).update(curriculum_version=F("curriculum_version") + 1)
        if rules_before != rules_after:
            # Of what was deleted nothing can be kept.
            left = {step.id for step in after.steps()}
            kept = {pk: rule for pk, rule in rules_before.items() if pk in left}
            _keep_open(locked, kept, rules_after, now)
            Enrolment.objects.filter(course=locked).update(next_release_at=now)
        _settle_completions(locked, before, after, now)
        forget_pages()


def _keep_open(
    course: Course, before: Mapping[int, Rule], after: Mapping[int, Rule], now: datetime
) -> None:
    """Write down, chunk by chunk, what the change would close.

    Learners are locked until it is done: what they complete meanwhile follows the new rules, and
    what they completed just before is seen. Nobody comes in meanwhile either (`enrol_into`).
    """
    changed = {pk: rule for pk, rule in before.items() if rule != after.get(pk)}
    if not changed:
        return
    matters = what_matters(changed) | what_matters({pk: after[pk] for pk in changed if pk in after})
    learners = Enrolment.objects.filter(course=course).order_by("pk")
    learners = learners.only("time_zone", "anchor_date", "enrolled_at")
    learners = learners.select_for_update(no_key=True)
    last = 0
    while chunk := list(learners.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        rows = [
            ReleasedLesson(enrolment_id=pk, lesson_id=lesson, released_at=at)
            for pk, learning in load_learning(chunk, lessons=matters).items()
            for lesson, at in find_closing(changed, after, learning, now).items()
        ]
        ReleasedLesson.objects.bulk_create(rows, ignore_conflicts=True)


def keep_open_for(enrolment: Enrolment, before: Learning, after: Learning, now: datetime) -> None:
    """`_keep_open` for one learner of whom something else is known from now on."""
    rules = rules_of(load_outline(enrolment.course).curriculum)
    closing = find_closing(rules, rules, before, now, learning_after=after)
    ReleasedLesson.objects.bulk_create(
        [
            ReleasedLesson(enrolment=enrolment, lesson_id=lesson, released_at=at)
            for lesson, at in closing.items()
        ],
        ignore_conflicts=True,
    )


def _settle_completions(
    course: Course, before: Curriculum, after: Curriculum, now: datetime
) -> None:
    """What there is left to do may be all done. Whoever has completed a course stays so (K4)."""
    required = set(after.required)
    if not required or required == set(before.required):
        return
    done = (
        LessonProgress.objects.filter(
            enrolment=OuterRef("pk"), lesson__in=required, completed_at__isnull=False
        )
        .order_by()
        .values("enrolment")
        .annotate(number=Count("pk"))
        .values("number")
    )
    finished = (
        Enrolment.objects.filter(course=course, completed_at__isnull=True)
        .annotate(done=Coalesce(Subquery(done, output_field=IntegerField()), 0))
        .filter(done=len(required))
    )
    people = list(finished.values_list("pk", "user_id"))
    for start in range(0, len(people), CHUNK):
        chunk = people[start : start + CHUNK]
        unfinished = Q(pk__in=[pk for pk, _user in chunk], completed_at__isnull=True)
        Enrolment.objects.filter(unfinished).update(completed_at=now)
        CourseEvent.objects.bulk_create(
            CourseEvent(course=course, user_id=user_id, what="completed", at=now)
            for _pk, user_id in chunk
        )
