"""Write lessons: add, save, publish, take back, restore and copy them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.actions.arranging import make_room
from courses.actions.common import IllegalMoveError, StaleError, record, require_author
from courses.actions.keeping import changing_curriculum
from courses.content import derive_lesson, lesson_folders
from courses.enums import Drip, FileRole, LessonKind, LessonState
from courses.models import Lesson, LessonSlug, Module, UploadUse
from courses.search import index_course
from newsletter.accounts.models import User
from newsletter.articles.actions.common import no_revision, record_revision
from newsletter.articles.editor import sanitise_body
from newsletter.lib.page_cache import forget_pages
from newsletter.lib.slugs import make_slug

# What the author writes. State, place and module move only through functions of their own.
WRITTEN_FIELDS = (
    "kind",
    "title",
    "slug",
    "summary",
    "body",
    "media_url",
    "media_seconds",
    "poster",
    "transcript",
    "estimated_minutes",
    "is_required",
    "is_preview",
    "drip",
    "drip_days",
    "drip_date",
    "mail",
    "mail_subject",
    "mail_preheader",
)
DERIVED_FIELDS = ("body_html", "transcript_html", "word_count")
RESTORED_FIELDS = tuple(name for name in WRITTEN_FIELDS if name not in {"slug", "poster"})
REVISION_EVERY = timedelta(minutes=10)


def add_lesson(
    *,
    actor: User,
    module: Module,
    title: str,
    kind: str = LessonKind.TEXT,
    position: int | None = None,
) -> Lesson:
    """Put a draft into a module, at the end or at `position`; it opens as new ones there do."""
    require_author(actor)
    with changing_curriculum(module.course) as locked:
        lesson = Lesson(
            course=locked,
            kind=LessonKind(kind),
            title=title,
            drip=locked.default_drip if locked.default_drip != Drip.DATE else Drip.NONE,
            drip_days=locked.default_drip_days,
        )
        insert_lesson(lesson, module, position)
        record_revision(lesson, actor=actor, reason=_("Added"))
        record(course=locked, what="lesson_added", actor=actor, lesson=lesson, detail=lesson.title)
    return lesson


def insert_lesson(lesson: Lesson, module: Module, position: int | None) -> None:
    """Store a new lesson at its place. Inside a change of the curriculum."""
    _tidy(lesson)
    end = module.lessons.count() + 1
    lesson.module = module
    lesson.position = make_room(module.pk, end if position is None else position)
    _settle_slug(lesson)
    _write(lesson)
    record_lesson_uploads(lesson)


def save_lesson(
    *,
    actor: User,
    lesson: Lesson,
    expected_version: int | None = None,
    autosave: bool = False,
    reason: str = "",
    now: datetime | None = None,
) -> Lesson:
    """Store what the author wrote of a lesson, with all that follows from it, and keep a revision.

    `expected_version` is the version the author started from; None takes the one that `lesson` was
    loaded with. An `autosave` is for drafts only and keeps at most one revision per author and ten
    minutes. What is open to learners stays open to them. Raises StaleError when the lesson was
    saved since then, IllegalMoveError on an autosave of anything but a draft, ValidationError.
    """
    require_author(actor)
    version = lesson.version if expected_version is None else expected_version
    _tidy(lesson)
    with changing_curriculum(lesson.course, now) as locked:
        same = Lesson.objects.filter(pk=lesson.pk, version=version)
        claimed = same.update(version=F("version") + 1)
        stored = Lesson.objects.get(pk=lesson.pk)
        if not claimed:
            lesson.version = version
            raise StaleError(refused=lesson, current=stored)
        if autosave and stored.state != LessonState.DRAFT:
            raise IllegalMoveError("only drafts save themselves")
        if stored.state == LessonState.PUBLISHED:
            _check_ready(lesson)
        _settle_slug(lesson)
        if stored.slug != lesson.slug:
            _leave_redirect(stored, new_slug=lesson.slug)
        _write(lesson, update_fields=[*WRITTEN_FIELDS, *DERIVED_FIELDS, "updated_at"])
        record_lesson_uploads(lesson)
        lesson.refresh_from_db()
        if not autosave or _is_revision_due(lesson, actor):
            record_revision(lesson, actor=actor, reason=reason)
        if not autosave:
            record(course=locked, what="lesson_saved", actor=actor, lesson=lesson)
        if lesson.state == LessonState.PUBLISHED:
            if lesson.is_preview:
                index_course(locked.pk)
            forget_pages()
    return lesson


def publish_lesson(*, actor: User, lesson: Lesson, now: datetime | None = None) -> Lesson:
    """Show a lesson to learners. Raises ValidationError when there is nothing to show yet."""
    require_author(actor)
    now = now or timezone.now()
    lesson.refresh_from_db()
    _check_ready(lesson)
    since = lesson.published_at or now
    return _move(actor, lesson, LessonState.PUBLISHED, now, published_at=since)


def unpublish_lesson(*, actor: User, lesson: Lesson, now: datetime | None = None) -> Lesson:
    """Make a lesson a draft again. What learners did with it is kept."""
    require_author(actor)
    return _move(actor, lesson, LessonState.DRAFT, now or timezone.now())


def _move(actor: User, lesson: Lesson, to: str, now: datetime, **fields: Any) -> Lesson:
    """Change the state with a conditional UPDATE; whoever comes second gets IllegalMoveError."""
    with changing_curriculum(lesson.course, now) as locked:
        other = Lesson.objects.filter(pk=lesson.pk).exclude(state=to)
        if not other.update(state=to, updated_at=now, **fields):
            raise IllegalMoveError(f"Lesson {lesson.pk} is {to} already.")
        lesson.refresh_from_db()
        is_public = to == LessonState.PUBLISHED
        record_revision(
            lesson, actor=actor, reason=_("Published") if is_public else _("Taken back")
        )
        what = "lesson_published" if is_public else "lesson_unpublished"
        record(course=locked, what=what, actor=actor, lesson=lesson, detail=lesson.title)
    return lesson


def restore_lesson(
    *, actor: User, lesson: Lesson, revision_id: int, expected_version: int | None = None
) -> Lesson:
    """Bring back the texts and settings of a revision as a new save; address and state stay.

    Raises what `save_lesson` raises, and Lesson.DoesNotExist for a revision of another lesson.
    """
    require_author(actor)
    revision = lesson.history.filter(history_id=revision_id).first()
    if revision is None:
        raise Lesson.DoesNotExist(f"Lesson {lesson.pk} has no revision {revision_id}.")
    for name in RESTORED_FIELDS:
        setattr(lesson, name, getattr(revision, name))
    when = timezone.localtime(revision.history_date).strftime("%Y-%m-%d %H:%M %Z")
    return save_lesson(
        actor=actor,
        lesson=lesson,
        expected_version=expected_version,
        reason=_("Restored the text of %(when)s") % {"when": when},
    )


def keep_lesson_revision(*, actor: User, lesson: Lesson) -> bool:
    """Make the stored text a revision, so that it can be written over; False where it was one."""
    require_author(actor)
    with transaction.atomic():
        stored = Lesson.objects.select_for_update(no_key=True).get(pk=lesson.pk)
        last = stored.history.select_related("history_user").order_by("-history_id").first()
        if last is not None and last.version == stored.version:
            return False
        author = last.history_user if last else None
        record_revision(stored, actor=author, reason=_("Saved by itself"))
        return True


def _tidy(lesson: Lesson) -> None:
    lesson.title = " ".join(lesson.title.split())[:200]
    if not lesson.title:
        raise ValidationError({"title": _("Give the lesson a title first.")})
    lesson.body = sanitise_body(lesson.body)
    lesson.transcript = sanitise_body(lesson.transcript)
    if lesson.drip == Drip.DATE and lesson.drip_date is None:
        raise ValidationError({"drip_date": _("Say on which day.")})
    derive_lesson(lesson)


def _check_ready(lesson: Lesson) -> None:
    """Raise ValidationError where learners would find nothing in it."""
    kind = LessonKind(lesson.kind)
    has = set(lesson.files.values_list("role", flat=True))
    if kind == LessonKind.TEXT and not lesson.body:
        raise ValidationError({"body": _("There is no text yet.")})
    if kind in {LessonKind.VIDEO, LessonKind.AUDIO} and not (
        lesson.media_url or FileRole.MEDIA in has
    ):
        raise ValidationError({"media_url": _("There is no recording yet.")})
    if kind == LessonKind.DOWNLOAD and FileRole.DOWNLOAD not in has:
        raise ValidationError(_("There is no file yet."))
    if kind == LessonKind.QUIZ and not (
        hasattr(lesson, "quiz") and lesson.quiz.questions.filter(is_archived=False).exists()
    ):
        raise ValidationError(_("There is no question yet."))
    if kind == LessonKind.ASSIGNMENT and not hasattr(lesson, "assignment"):
        raise ValidationError(_("Say first what is to be handed in."))


def _settle_slug(lesson: Lesson) -> None:
    """Bring a given address into form, or make a free one from the title."""
    others = Lesson.objects.filter(course=lesson.course_id).exclude(pk=lesson.pk)
    if lesson.slug:
        lesson.slug = make_slug(lesson.slug, max_length=200)
        if others.filter(slug=lesson.slug).exists():
            raise ValidationError({"slug": _("Another lesson of the course has this address.")})
    if not lesson.slug:
        base = make_slug(lesson.title, max_length=80, fallback="lesson")
        taken = set(others.filter(slug__startswith=base).values_list("slug", flat=True))
        number, lesson.slug = 1, base
        while lesson.slug in taken:
            number += 1
            lesson.slug = f"{base}-{number}"


def _leave_redirect(stored: Lesson, *, new_slug: str) -> None:
    """Keep the old address working. Where a lesson lives at an address, it is found first (W1)."""
    mine = {"course": stored.course, "old_slug": stored.slug}
    LessonSlug.objects.filter(course=stored.course, old_slug=new_slug, lesson=stored).delete()
    if stored.published_at is not None:
        LessonSlug.objects.update_or_create(**mine, defaults={"lesson": stored})


def _write(lesson: Lesson, update_fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic(), no_revision(lesson):
            lesson.save(update_fields=update_fields)
    except IntegrityError as error:
        others = Lesson.objects.filter(course=lesson.course_id).exclude(pk=lesson.pk)
        if others.filter(slug=lesson.slug).exists():
            said = _("Another lesson of the course has this address.")
            raise ValidationError({"slug": said}) from error
        raise


def record_lesson_uploads(lesson: Lesson) -> None:
    shown = lesson_folders(lesson)
    mine = UploadUse.objects.filter(lesson=lesson)
    mine.exclude(folder__in=shown).delete()
    known = set(mine.values_list("folder", flat=True))
    UploadUse.objects.bulk_create(
        UploadUse(course_id=lesson.course_id, lesson=lesson, folder=folder)
        for folder in sorted(shown - known)
    )


def _is_revision_due(lesson: Lesson, actor: User) -> bool:
    last = lesson.history.order_by("-history_id").first()
    since = timezone.now() - REVISION_EVERY
    return last is None or last.history_user_id != actor.pk or last.history_date <= since
