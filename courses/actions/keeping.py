"""Change a curriculum without taking anything from those who learn.

Every change of what there is to do, in which order and when, goes through `changing_curriculum`.
What it means for each learner is written down by `settle`: within the change where they are few,
by the worker, chunk by chunk, where they are many (settling.py says what holds until then).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.curriculum import Rule, find_unreachable, rules_of
from courses.drip import Learning, find_closing, what_matters
from courses.models import (
    Course,
    CourseEvent,
    CurriculumChange,
    Enrolment,
    Lesson,
    LessonProgress,
    ReleasedLesson,
)
from courses.outline import load_learning, load_outline
from courses.search import index_course
from courses.settling import (
    Change,
    behind,
    change_of,
    hold_open,
    keep_through,
    load_changes,
    row_of,
)
from newsletter.lib.page_cache import forget_pages

# Learners in one transaction of the worker's.
CHUNK = 500
# So many are seen to within the author's request.
AT_ONCE = CHUNK


@contextmanager
def changing_curriculum(course: Course, now: datetime | None = None) -> Iterator[Course]:
    """Everything in here is one change. Yields the course as stored, locked: changes come singly.

    What was open to a learner and would be closed by the change stays open (K2). Who has done all
    that is left to do has completed the course. Raises ValidationError where the change would
    leave a lesson that nobody could ever open.
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
        version = locked.curriculum_version + 1
        Course.objects.filter(pk=course.pk).update(curriculum_version=version)
        # Of what was deleted nothing can be kept.
        left = {step.id for step in after.steps()}
        changed = {
            pk: rule
            for pk, rule in rules_before.items()
            if pk in left and rule != rules_after.get(pk)
        }
        is_other = set(before.required) != set(after.required)
        change = Change(
            version=version,
            at=now,
            before=changed,
            after={pk: rules_after[pk] for pk in changed if pk in rules_after},
            required=after.required if is_other else None,
            reopens=rules_before != rules_after,
        )
        _carry_out(locked, change)
        if _previews(rules_before) != _previews(rules_after):
            index_course(locked.pk)  # which names them
        forget_pages()


def _previews(rules: Mapping[int, Rule]) -> set[int]:
    return {lesson for lesson, rule in rules.items() if rule.is_preview}


def _carry_out(course: Course, change: Change) -> None:
    """Write down at once what a change does to its learners, or leave it to the worker.

    Behind a change that is with the worker the next one waits too: each looks at what those before
    it have kept.
    """
    learners = Enrolment.objects.filter(course=course)
    if not change.asks_for_learners:
        if change.reopens:
            learners.update(next_release_at=change.at)
        return
    number = learners.count()
    is_waiting = course.settling_version and _unfinished(course).exists()
    if number > AT_ONCE or is_waiting:
        row_of(course, change, number).save()
        Course.objects.filter(pk=course.pk).update(settling_version=change.version)
    elif number:
        # Locked until it is done: what they complete meanwhile follows the new rules, and what
        # they completed just before is seen. Nobody comes in meanwhile either (`enrol_into`).
        settle(_locked(learners), [change], is_late=False)


def _unfinished(course: Course) -> QuerySet[CurriculumChange]:
    return course.changes.filter(finished_at__isnull=True)


def _locked(learners: QuerySet[Enrolment], most: int | None = None) -> list[Enrolment]:
    found = learners.order_by("pk").select_for_update(no_key=True)
    needed = ("course_id", "time_zone", "anchor_date", "enrolled_at", "settled_version")
    return list(found.only(*needed)[:most])


def settle(
    learners: Sequence[Enrolment], changes: Sequence[Change], *, is_late: bool = True
) -> None:
    """Write down for some learners of one course, locked, what changes do to them. Once for each.

    What was open and would be closed stays open (K2); who has done all that is left to do has
    completed the course. In a fixed number of queries, however many they are.
    """
    waiting = {each.pk: behind(each, changes) for each in learners}
    touched = [change.before for change in changes] + [change.after for change in changes]
    matters = set().union(*map(what_matters, touched))
    if matters:
        still_there = set(Lesson.objects.filter(pk__in=matters).values_list("pk", flat=True))
        facts = load_learning(learners, lessons=matters)
        rows = [
            ReleasedLesson(enrolment_id=pk, lesson_id=lesson, released_at=at)
            for pk, theirs in waiting.items()
            for lesson, at in keep_through(facts[pk], theirs, is_late=is_late).items()
            if lesson in still_there
        ]
        ReleasedLesson.objects.bulk_create(rows, ignore_conflicts=True)
    for change in changes:
        reached = [pk for pk, theirs in waiting.items() if change in theirs]
        _settle_completions(reached, change, is_late=is_late)
    everybody = Enrolment.objects.filter(pk__in=waiting)
    reopening = [change.at for change in changes if change.reopens]
    release = {"next_release_at": reopening[-1]} if reopening else {}
    everybody.update(settled_version=changes[-1].version, **release)


def settle_learner(enrolment: Enrolment) -> None:
    """`settle` for one, locked, before something else about them changes.

    Each change looks at what was open before it, so they come in their order.
    """
    if enrolment.settled_version < enrolment.course.settling_version:
        changes = behind(enrolment, map(change_of, _unfinished(enrolment.course)))
        if changes:
            settle([enrolment], changes)
            enrolment.settled_version = changes[-1].version


@transaction.atomic
def settle_chunk(*, course_id: int) -> bool:
    """Carry a course's unfinished changes to some more learners; whether there may be more to do.

    A worker that is killed leaves a chunk undone, and two at once do different ones.
    """
    course = Course.objects.select_for_update(no_key=True).get(pk=course_id)
    changes = [change_of(row) for row in _unfinished(course).order_by("version")]
    if not changes:
        return False
    late = Enrolment.objects.filter(course=course, settled_version__lt=changes[-1].version)
    chunk = _locked(late, CHUNK)
    if chunk:
        settle(chunk, changes)
    if late.exists():
        return True
    _unfinished(course).update(finished_at=timezone.now(), error="")
    return False


def courses_to_settle() -> list[int]:
    """The courses with changes that are unfinished."""
    waiting = CurriculumChange.objects.filter(finished_at__isnull=True).order_by("course_id")
    return list(waiting.values_list("course_id", flat=True).distinct())


def note_settling_failed(*, course_id: int, error: Exception) -> None:
    """Keep why a chunk failed; the next sweep tries again, and nothing is closed meanwhile."""
    unfinished = CurriculumChange.objects.filter(course=course_id, finished_at__isnull=True)
    unfinished.update(error=f"{type(error).__name__}: {error}"[:2000].replace("\x00", ""))


def keep_open_for(enrolment: Enrolment, before: Learning, after: Learning, now: datetime) -> None:
    """Keep open to one learner, locked, what closes by what is known of them from now on."""
    course = enrolment.course
    rules = rules_of(load_outline(course).curriculum)
    # A change that is left to the worker may have come since they were locked: it goes by what was
    # known of them until now.
    since = load_changes({course.pk: course}, [enrolment])
    if since:
        before = hold_open({enrolment.pk: before}, [enrolment], since)[enrolment.pk]
        after = replace(after, released=before.released)
        settle_learner(enrolment)
    closing = find_closing(rules, rules, before, now, learning_after=after)
    ReleasedLesson.objects.bulk_create(
        [
            ReleasedLesson(enrolment=enrolment, lesson_id=lesson, released_at=at)
            for lesson, at in closing.items()
        ],
        ignore_conflicts=True,
    )


def _settle_completions(learners: Collection[int], change: Change, *, is_late: bool) -> None:
    """What there is left to do may be all done. Whoever has completed a course stays so (K4)."""
    if not change.required or not learners:
        return
    done = LessonProgress.objects.filter(
        enrolment=OuterRef("pk"), lesson__in=change.required, completed_at__isnull=False
    )
    if is_late:
        done = done.filter(completed_at__lte=change.at)
    counted = done.order_by().values("enrolment").annotate(number=Count("pk")).values("number")
    finished = (
        Enrolment.objects.filter(pk__in=learners, completed_at__isnull=True)
        .annotate(done=Coalesce(Subquery(counted, output_field=IntegerField()), 0))
        .filter(done=len(set(change.required)))
    )
    people = list(finished.values_list("pk", "user_id", "course_id"))
    unfinished = Q(pk__in=[pk for pk, _user, _course in people], completed_at__isnull=True)
    Enrolment.objects.filter(unfinished).update(completed_at=change.at)
    CourseEvent.objects.bulk_create(
        CourseEvent(course_id=course_id, user_id=user_id, what="completed", at=change.at)
        for _pk, user_id, course_id in people
    )
