"""What bringing in a parcel would change here. Reads the database and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from courses.enums import CourseState, ImportState, LessonState
from courses.exchange import format as form
from courses.exchange.addresses import addresses_of, is_picture, is_text, path_of
from courses.exchange.archive import BadArchiveError, hash_of, opened
from courses.exchange.pages import CoursePage, LessonPage, ModulePage, Page, Parcel, Problem
from courses.exchange.prose import to_html
from courses.exchange.uploads import Uploads, find_uploads
from courses.models import Course, CourseImport, CourseSlug, Lesson, LessonFile, Module, Question
from newsletter.accounts.models import User
from newsletter.articles.models import ArticleImage
from newsletter.lib.images import check_image
from newsletter.lib.time_zones import find_zone
from newsletter.memberships.models import Product, Tier
from newsletter.subscribers.models import Newsletter

M = TypeVar("M", bound=Model)


class What(StrEnum):
    """What becomes of a part."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    # Here, and not in the archive: left alone.
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a course; `fields` are the keys that would change."""

    what: str
    kind: str
    path: str
    title: str
    fields: tuple[str, ...] = ()


@dataclass
class References:
    """What the course's front matter names and is here."""

    tiers: list[Tier] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    instructors: list[User] = field(default_factory=list)
    newsletter: Newsletter | None = None
    mail_newsletter: Newsletter | None = None


@dataclass
class Plan:
    """A parcel beside what is here."""

    parcel: Parcel
    uploads: Uploads
    course: Course | None = None
    references: References = field(default_factory=References)
    modules: dict[str, Module] = field(default_factory=dict)
    lessons: dict[str, Lesson] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    @property
    def page(self) -> CoursePage:
        """The course as the archive has it; a parcel without one is never brought in."""
        if self.parcel.course is None:
            raise ValueError("there is no course in it")
        return self.parcel.course

    @property
    def is_possible(self) -> bool:
        """Whether it can be brought in."""
        return self.parcel.course is not None and not self.parcel.errors

    @property
    def changes(self) -> int:
        """How many parts would be new or changed."""
        return sum(step.what in {What.NEW, What.CHANGED} for step in self.steps)

    def as_report(self) -> dict[str, Any]:
        """For a CourseImport: what it holds and what would become of it."""
        course = self.parcel.course
        return {
            "id": course.key if course else "",
            "title": course.values["title"] if course else "",
            "is_new": self.course is None,
            "problems": [asdict(each) for each in self.parcel.problems],
            "steps": [asdict(each) for each in self.steps],
            "changes": self.changes,
        }


def make_plan(parcel: Parcel, known: Mapping[str, ArticleImage] | None = None) -> Plan:
    """Compare a parcel with the course of the same id here. Adds to the parcel's problems."""
    page = parcel.course
    course = find_imported(page.key, page.values["slug"]) if page else None
    plan = Plan(parcel, find_uploads(parcel.source, _uploads_in(parcel), course, known), course)
    if page is None:
        return plan
    plan.references = _Finder(parcel, page).find()
    if course is not None:
        _match(plan, course)
    _take_steps(plan)
    return plan


def check_pictures(plan: Plan) -> None:
    """Tell of what would be refused. For the trial run: it reads the beginning of each picture."""
    source = plan.parcel.source
    for path in filter(is_picture, plan.uploads.missing):
        try:
            with opened(source, path) as file:
                check_image(file, source.size(path))
        except (BadArchiveError, ValidationError) as error:
            said = error.messages[0] if isinstance(error, ValidationError) else str(error)
            plan.parcel.problems.append(Problem(path, 0, said))


def find_imported(key: str, slug: str) -> Course | None:
    """The course that was brought in under this id, else the one at its address."""
    done = CourseImport.objects.filter(
        state=ImportState.DONE, course__isnull=False, report__id=key
    ).order_by("-pk")
    before = done.select_related("course").first()
    if before is not None:
        return before.course
    for each in (slug, key):
        course = Course.objects.filter(slug=each).first()
        moved = CourseSlug.objects.filter(old_slug=each).select_related("course").first()
        if course is not None or moved is not None:
            return course or (moved.course if moved else None)
    return None


def course_id(course: Course) -> str:
    """The id under which it is exported: the one it came with, else its address."""
    reports = CourseImport.objects.filter(course=course, state=ImportState.DONE)
    report = reports.order_by("-pk").values_list("report", flat=True).first() or {}
    return str(report.get("id") or course.slug)


def _uploads_in(parcel: Parcel) -> list[str]:
    if parcel.course is None:
        return []
    found: list[str] = []
    names = set(parcel.source.names())
    for page in (parcel.course, *parcel.course.lessons):
        found += [
            page.values[key]
            for key in ("cover", "certificate_signature", "poster")
            if page.values.get(key)
        ]
        for text in (page.text, page.transcript if isinstance(page, LessonPage) else ""):
            found += [path_of(address, page.path, names) for address in addresses_of(text)]
    return [path for path in found if path in names and not is_text(path)]


def _match(plan: Plan, course: Course) -> None:
    """Find what is here of each part: by its id, else what has no id yet by its address or name."""
    modules = list(course.modules.all())
    keyed = {module.import_key: module for module in modules if module.import_key}
    named = {module.title: module for module in modules if not module.import_key}
    for page in plan.page.modules:
        found = keyed.get(page.key) or named.get(page.values["title"])
        if found is not None:
            plan.modules[page.key] = found
    lessons = list(course.lessons.select_related("poster"))
    by_key = {lesson.import_key: lesson for lesson in lessons if lesson.import_key}
    by_slug = {lesson.slug: lesson for lesson in lessons if not lesson.import_key}
    for each in plan.page.lessons:
        lesson = by_key.get(each.key) or by_slug.get(each.values["slug"])
        if lesson is not None:
            plan.lessons[each.key] = lesson


class _Finder:
    """Finds what a course's front matter names, and tells of what is not here."""

    def __init__(self, parcel: Parcel, page: CoursePage) -> None:
        self.parcel, self.page = parcel, page

    def find(self) -> References:
        values = self.page.values
        if find_zone(values["time_zone"]) is None:
            self.tell("time_zone", _("There is no such time zone."))
        return References(
            tiers=self.all_of("tiers", lambda slug: Tier.objects.filter(slug=slug).first()),
            products=self.all_of("products", lambda s: Product.objects.filter(slug=s).first()),
            instructors=self.all_of(
                "instructors",
                lambda slug: User.objects.filter(author_slug=slug).first(),
                is_warning=True,
            ),
            newsletter=self.newsletter("newsletter"),
            mail_newsletter=self.newsletter("mail_newsletter"),
        )

    def tell(self, key: str, message: str, *, is_warning: bool = False) -> None:
        line = self.page.head.line_of(key)
        self.parcel.problems.append(Problem(self.page.path, line, message, is_warning))

    def all_of(
        self, key: str, find: Callable[[str], M | None], *, is_warning: bool = False
    ) -> list[M]:
        found = []
        for slug in self.page.values[key]:
            row = find(slug)
            if row is None:
                message = _("“%(key)s”: there is no “%(slug)s” on this site.")
                self.tell(key, message % {"key": key, "slug": slug}, is_warning=is_warning)
            else:
                found.append(row)
        return found

    def newsletter(self, key: str) -> Newsletter | None:
        slug = self.page.values[key]
        found = Newsletter.objects.filter(slug=slug).first() if slug else None
        if slug and found is None:
            message = _("“%(key)s”: there is no “%(slug)s” on this site.")
            self.tell(key, message % {"key": key, "slug": slug})
        return found


# ── What a page wants of a row ────────────────────────────────────────────────────────────────


def course_fields(plan: Plan) -> dict[str, Any]:
    """What the course's row should hold."""
    page, found = plan.page, plan.references
    return form.stored(form.COURSE, page.values) | {
        "slug": page.values["slug"],
        "body": to_html(page.text, plan.uploads.named_in(page.path)),
        "faq": [dict(each) for each in page.faq],
        "cover": plan.uploads.image(page.values["cover"]),
        "certificate_signature": plan.uploads.image(page.values["certificate_signature"]),
        "newsletter": found.newsletter,
        "mail_newsletter": found.mail_newsletter,
    }


def lesson_fields(plan: Plan, page: LessonPage) -> dict[str, Any]:
    """What a lesson's row should hold."""
    return form.stored(form.LESSON, page.values) | {
        "slug": page.values["slug"],
        "body": to_html(page.text, plan.uploads.named_in(page.path)),
        "transcript": to_html(page.transcript, plan.uploads.named_in(page.path)),
        "poster": plan.uploads.image(page.values["poster"]),
    }


def changed_fields(row: Model | None, wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields in which a row is not as wanted; all of them where there is none yet."""
    return tuple(
        name
        for name, value in wanted.items()
        if row is None or _comparable(getattr(row, name)) != _comparable(value)
    )


def _comparable(value: Any) -> Any:
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def wants_publishing(row: Lesson | Course | None, page: Page) -> bool:
    """Whether it is to be shown and is not. What is public here is never taken back."""
    public = CourseState.PUBLISHED if isinstance(page, CoursePage) else LessonState.PUBLISHED
    return bool(page.values["state"] == public and (row is None or row.state != public))


def same_file(plan: Plan, file: LessonFile, given: Mapping[str, Any]) -> bool:
    """Whether a stored file has the content of the one in the archive."""
    return file.sha256 == hash_of(plan.parcel.source, given["path"])


def stored_file(lesson: Lesson | None, given: Mapping[str, Any]) -> LessonFile | None:
    """What a lesson has under the name of a file in the archive."""
    if lesson is None:
        return None
    name = given["path"].rpartition("/")[2]
    return lesson.files.filter(role=given["role"], name=name).first()


def question_fields(given: Mapping[str, Any], place: int) -> dict[str, Any]:
    """What a question's row should hold."""
    return form.stored(form.QUESTION, dict(given)) | {"position": place}


def choices_of(question: Question) -> list[tuple[str, bool, str]]:
    """A question's choices as they are compared."""
    return [
        (each.text, each.is_correct, each.feedback)
        for each in question.choices.order_by("position", "pk")
    ]


def choices_given(given: Mapping[str, Any]) -> list[tuple[str, bool, str]]:
    """The same of an archive's."""
    is_order = given["kind"] == "ordering"
    if given["kind"] == "text":
        return []
    return [
        (each["text"], each["correct"] and not is_order, each["feedback"])
        for each in given["choices"]
    ]


# ── The steps, for the report ─────────────────────────────────────────────────────────────────


def _take_steps(plan: Plan) -> None:
    page = plan.page
    changed = list(changed_fields(plan.course, course_fields(plan)))
    changed += [name for name in ("tiers", "products", "instructors") if _differs(plan, name)]
    if wants_publishing(plan.course, page):
        changed.append("state")
    _step(plan, "course", page, plan.course, changed)
    for module in page.modules:
        row = plan.modules.get(module.key)
        _step(plan, "module", module, row, changed_fields(row, module_fields(module)))
        for lesson in module.lessons:
            _step_of_lesson(plan, module, lesson)
    plan.steps += [Step(What.NEW, "upload", path, path) for path in plan.uploads.missing]
    if plan.course is not None:
        known = {row.pk for row in plan.lessons.values()}
        for extra in plan.course.lessons.exclude(pk__in=known).order_by("module", "position"):
            plan.steps.append(Step(What.KEPT, "lesson", "", extra.title))


def module_fields(page: ModulePage) -> dict[str, Any]:
    """What a module's row should hold."""
    return {"title": page.values["title"], "summary": page.values["summary"]}


def _step_of_lesson(plan: Plan, module: ModulePage, page: LessonPage) -> None:
    row = plan.lessons.get(page.key)
    changed = list(changed_fields(row, lesson_fields(plan, page)))
    here = plan.modules.get(module.key)
    if row is not None and (here is None or row.module_id != here.pk):
        changed.append("module")
    if wants_publishing(row, page):
        changed.append("state")
    for given in page.files:
        file = stored_file(row, given)
        if file is None or not same_file(plan, file, given):
            changed.append(given["path"])
    if page.quiz is not None and _quiz_differs(row, page):
        changed.append("quiz")
    if page.assignment is not None and (
        row is None
        or not hasattr(row, "assignment")
        or changed_fields(row.assignment, form.stored(form.ASSIGNMENT, page.assignment))
    ):
        changed.append("assignment")
    _step(plan, "lesson", page, row, changed)


def _quiz_differs(row: Lesson | None, page: LessonPage) -> bool:
    if row is None or page.quiz is None or not hasattr(row, "quiz"):
        return True
    if changed_fields(row.quiz, form.stored(form.QUIZ, page.quiz)):
        return True
    asked = {each.import_key: each for each in row.quiz.questions.filter(is_archived=False)}
    if {key for key in asked if key} != {given["id"] for given in page.questions}:
        return True
    return any(
        changed_fields(asked[given["id"]], question_fields(given, place))
        or choices_of(asked[given["id"]]) != choices_given(given)
        for place, given in enumerate(page.questions, 1)
    )


def _differs(plan: Plan, name: str) -> bool:
    wanted = {row.pk for row in getattr(plan.references, name)}
    if plan.course is None:
        return bool(wanted)
    return wanted != set(getattr(plan.course, name).values_list("pk", flat=True))


def _step(plan: Plan, kind: str, page: Page, row: Model | None, changed: Any) -> None:
    what = What.NEW if row is None else What.CHANGED if changed else What.SAME
    fields = () if row is None else tuple(changed)
    plan.steps.append(Step(what, kind, page.path, page.values["title"], fields))
