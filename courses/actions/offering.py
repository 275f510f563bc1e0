"""Write a course's page and rules, publish it, put it away, bring an old page back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.actions.common import IllegalMoveError, StaleError, record, require_author
from courses.actions.files import forget_files_of
from courses.actions.keeping import changing_curriculum
from courses.content import course_folders, derive_course
from courses.enums import AccessLength, CourseAccess, CourseState, LessonState
from courses.models import Course, CourseSlug, Enrolment, UploadUse
from courses.search import forget_course, index_course
from courses.terms import term_end, zone_of
from newsletter.accounts.models import User
from newsletter.articles.actions.common import no_revision, record_revision
from newsletter.articles.editor import sanitise_body
from newsletter.lib.page_cache import forget_pages
from newsletter.lib.slugs import make_slug
from newsletter.lib.time_zones import find_zone
from newsletter.memberships.models import Product, Tier

_AT_ONCE = 1_000
# What the author writes. State and dates move only through the functions below.
WRITTEN_FIELDS = (
    "title",
    "slug",
    "promise",
    "for_whom",
    "outcomes",
    "body",
    "cover",
    "trailer_url",
    "faq",
    "seo_title",
    "seo_description",
    "is_listed",
    "position",
    "access",
    "newsletter",
    "access_length",
    "access_months",
    "access_until",
    "time_zone",
    "release_hour",
    "default_drip",
    "default_drip_days",
    "is_sequential",
    "has_discussion",
    "is_mail_series",
    "mail_newsletter",
    "has_certificate",
    "certificate_style",
    "certificate_heading",
    "certificate_text",
    "certificate_signatory",
    "certificate_signature",
)
# An old page comes back without its rules: who gets in and for how long was promised to people, and
# its address and pictures are the present ones.
RESTORED_FIELDS = (
    "title",
    "promise",
    "for_whom",
    "outcomes",
    "body",
    "trailer_url",
    "faq",
    "seo_title",
    "seo_description",
)
_MOVED = {
    CourseState.DRAFT: gettext_lazy("Taken back"),
    CourseState.PUBLISHED: gettext_lazy("Published"),
    CourseState.ARCHIVED: gettext_lazy("Archived"),
}
MAX_FAQ = 50


def save_course(
    *,
    actor: User,
    course: Course,
    expected_version: int | None = None,
    tiers: Iterable[Tier] | None = None,
    products: Iterable[Product] | None = None,
    instructors: Iterable[User] | None = None,
    reason: str = "",
    now: datetime | None = None,
) -> Course:
    """Store what the author wrote about a course, with all that follows from it, and a revision.

    `tiers`, `products` and `instructors` replace the stored ones; None leaves them alone. Whoever
    is enrolled keeps their access as long as they were told, or longer; what is open to them stays
    open. Raises StaleError when it was saved since then, ValidationError for what cannot be.
    """
    require_author(actor)
    course.title = " ".join(course.title.split())
    course.body = sanitise_body(course.body)
    course.faq = _tidy_faq(course.faq)
    _check(course)
    derive_course(course)
    with transaction.atomic():
        if course._state.adding:
            course.created_by = actor
            _settle_slug(course)
            _write(course)
            what, reason = "created", reason or _("Added")
        else:
            _store(course, expected_version, now)
            what = "saved"
        record_course_uploads(course)
        for name, chosen in (
            ("tiers", tiers),
            ("products", products),
            ("instructors", instructors),
        ):
            if chosen is not None:
                getattr(course, name).set(chosen)
        if course.state != CourseState.DRAFT:
            _check_offer(course)
        record_revision(course, actor=actor, reason=reason)
        index_course(course.pk)
        record(course=course, what=what, actor=actor)
        forget_pages()
    return course


def restore_course(
    *, actor: User, course: Course, revision_id: int, expected_version: int | None = None
) -> Course:
    """Bring back the page of a revision as a new save: `RESTORED_FIELDS`, and nothing else.

    Raises what `save_course` raises, and Course.DoesNotExist for a revision of another course.
    """
    require_author(actor)
    revision = course.history.filter(history_id=revision_id).first()
    if revision is None:
        raise Course.DoesNotExist(f"Course {course.pk} has no revision {revision_id}.")
    for name in RESTORED_FIELDS:
        setattr(course, name, getattr(revision, name))
    when = timezone.localtime(revision.history_date).strftime("%Y-%m-%d %H:%M %Z")
    return save_course(
        actor=actor,
        course=course,
        expected_version=expected_version,
        reason=_("Restored the page of %(when)s") % {"when": when},
    )


def _store(course: Course, expected_version: int | None, now: datetime | None) -> None:
    version = course.version if expected_version is None else expected_version
    with changing_curriculum(course, now) as stored:
        same = Course.objects.filter(pk=course.pk, version=version)
        if not same.update(version=F("version") + 1):
            course.version = version
            raise StaleError(refused=course, current=stored)
        _keep_first(stored)
        _settle_slug(course)
        if stored.slug != course.slug:
            _leave_redirect(stored, new_slug=course.slug)
        _write(course, update_fields=[*WRITTEN_FIELDS, "body_html", "updated_at"])
        _lengthen_terms(stored, course)
    course.refresh_from_db()


def _keep_first(stored: Course) -> None:
    """A page that was written before pages had revisions is not lost to the first save."""
    if not stored.history.exists():
        stored._history_date = stored.updated_at  # type: ignore[attr-defined]
        record_revision(stored, actor=None, reason="")


def _lengthen_terms(before: Course, after: Course) -> None:
    """A course that is open for longer now is so for those who are in it already; never shorter."""
    kind = AccessLength(after.access_length)
    learners = Enrolment.objects.filter(course=after, expires_at__isnull=False)
    if kind == AccessLength.LIFETIME:
        learners.update(expires_at=None)
    elif kind == AccessLength.UNTIL:
        end = term_end(after, timezone.now(), zone_of(after.time_zone))
        learners.filter(expires_at__lt=end).update(expires_at=end, expiry_told_at=None)
    elif kind == AccessLength.MONTHS and (
        (before.access_length, before.access_months) != (kind, after.access_months)
    ):
        _lengthen_months(after, learners)


def _lengthen_months(course: Course, learners: QuerySet[Enrolment]) -> None:
    """Counted from when each of them came in. Two statements for a thousand of them."""
    last = 0
    while found := list(learners.filter(pk__gt=last).order_by("pk")[:_AT_ONCE]):
        last = found[-1].pk
        longer = []
        for each in found:
            end = term_end(course, each.enrolled_at, zone_of(each.time_zone, course.time_zone))
            if end is not None and each.expires_at is not None and each.expires_at < end:
                each.expires_at, each.expiry_told_at = end, None
                longer.append(each)
        Enrolment.objects.bulk_update(longer, ["expires_at", "expiry_told_at"])


def _write(course: Course, update_fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic(), no_revision(course):
            course.save(update_fields=update_fields)
    except IntegrityError as error:
        if Course.objects.exclude(pk=course.pk).filter(slug=course.slug).exists():
            raise ValidationError({"slug": _("Another course has this address.")}) from error
        raise


def _settle_slug(course: Course) -> None:
    """Bring a given address into form, or make a free one from the title."""
    others = Course.objects.exclude(pk=course.pk)
    if course.slug:
        course.slug = make_slug(course.slug, max_length=200)
        if others.filter(slug=course.slug).exists():
            raise ValidationError({"slug": _("Another course has this address.")})
    if not course.slug:
        base = make_slug(course.title, max_length=80, fallback="course")
        taken = set(others.filter(slug__startswith=base).values_list("slug", flat=True))
        number, course.slug = 1, base
        while course.slug in taken:
            number += 1
            course.slug = f"{base}-{number}"


def _leave_redirect(stored: Course, *, new_slug: str) -> None:
    """Keep the old address working. Where a course lives at an address, it is found first (W1)."""
    CourseSlug.objects.filter(old_slug=new_slug, course=stored).delete()
    if stored.published_at is not None:
        CourseSlug.objects.update_or_create(old_slug=stored.slug, defaults={"course": stored})


def record_course_uploads(course: Course) -> None:
    shown = course_folders(course)
    mine = UploadUse.objects.filter(course=course, lesson__isnull=True)
    mine.exclude(folder__in=shown).delete()
    known = set(mine.values_list("folder", flat=True))
    UploadUse.objects.bulk_create(
        UploadUse(course=course, folder=folder) for folder in sorted(shown - known)
    )


def _tidy_faq(faq: Any) -> list[dict[str, str]]:
    """Questions with answers, trimmed; what is half empty is left out."""
    if not isinstance(faq, list) or len(faq) > MAX_FAQ:
        raise ValidationError({"faq": _("Give a list of at most 50 questions.")})
    tidy = []
    for each in faq:
        asked = str(each.get("question", "")).strip() if isinstance(each, dict) else ""
        said = str(each.get("answer", "")).strip() if isinstance(each, dict) else ""
        if asked and said:
            tidy.append({"question": asked, "answer": said})
    return tidy


def _check(course: Course) -> None:
    """Raise ValidationError for rules that mean nothing."""
    if not course.title:
        raise ValidationError({"title": _("Give the course a title first.")})
    if find_zone(course.time_zone) is None:
        raise ValidationError({"time_zone": _("There is no such time zone.")})
    if not 0 <= course.release_hour <= 23:
        raise ValidationError({"release_hour": _("From 0 to 23.")})
    if course.access_length == AccessLength.MONTHS and not course.access_months:
        raise ValidationError({"access_months": _("Say for how many months.")})
    if course.access_length == AccessLength.UNTIL and not course.access_until:
        raise ValidationError({"access_until": _("Say until when.")})


def _check_offer(course: Course) -> None:
    """Raise ValidationError for a course that nobody could get into."""
    if course.access == CourseAccess.TIERS and not (
        course.tiers.exists() or course.products.exists()
    ):
        raise ValidationError({"tiers": _("Choose the tiers whose members get in.")})
    if course.access == CourseAccess.PRODUCTS and not course.products.exists():
        raise ValidationError({"products": _("Choose the products whose buyers get in.")})


@transaction.atomic
def publish_course(*, actor: User, course: Course, now: datetime | None = None) -> Course:
    """Open a course to those who may get in. One that was public before keeps its date.

    Raises IllegalMoveError when it is public already, ValidationError when nothing is in it.
    """
    require_author(actor)
    course.refresh_from_db()
    _check_offer(course)
    if not course.lessons.filter(state=LessonState.PUBLISHED).exists():
        raise ValidationError(_("Publish a lesson first: there is nothing in it yet."))
    since = course.published_at or now or timezone.now()
    return _move(actor, course, CourseState.PUBLISHED, "published", published_at=since)


@transaction.atomic
def unpublish_course(*, actor: User, course: Course) -> Course:
    """Make a course a draft again: closed to everyone. Progress is kept."""
    require_author(actor)
    course.refresh_from_db()
    return _move(actor, course, CourseState.DRAFT, "unpublished")


@transaction.atomic
def archive_course(*, actor: User, course: Course) -> Course:
    """Close a course to newcomers. Those who are in it, or bought it, go on."""
    require_author(actor)
    course.refresh_from_db()
    return _move(actor, course, CourseState.ARCHIVED, "archived")


@transaction.atomic
def delete_course(*, actor: User, course: Course) -> None:
    """Delete a course that nobody is in; its revisions stay.

    Raises ValidationError where somebody is: archive it.
    """
    require_author(actor)
    locked = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    if locked.enrolments.exists():
        raise ValidationError(_("People are in this course. Archive it instead."))
    forget_files_of(locked.lessons.all())
    forget_course(locked.pk)
    locked._history_user = actor  # type: ignore[attr-defined]
    locked._change_reason = _("Deleted")  # type: ignore[attr-defined]
    locked.delete()
    forget_pages()


def _move(actor: User, course: Course, to: str, what: str, **fields: Any) -> Course:
    """Change the state with a conditional UPDATE; whoever comes second gets IllegalMoveError."""
    if not course.may_move_to(to):
        raise IllegalMoveError(f"Course {course.pk} cannot go from {course.state} to {to}.")
    here = Course.objects.filter(pk=course.pk, state=course.state)
    if not here.update(state=to, updated_at=timezone.now(), **fields):
        raise IllegalMoveError(f"Course {course.pk} cannot go to {to}.")
    course.refresh_from_db()
    record_revision(course, actor=actor, reason=str(_MOVED[CourseState(to)]))
    index_course(course.pk)
    record(course=course, what=what, actor=actor)
    forget_pages()
    return course
