"""Makes the sentinels through the author's and the learners' own actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from courses.actions import (
    add_lesson,
    add_module,
    archive_course,
    enrol,
    publish_course,
    publish_lesson,
    save_course,
    save_lesson,
)
from courses.actions.answering import start_attempt
from courses.actions.certifying import make_serial
from courses.actions.examining import Draft, save_question, save_quiz
from courses.actions.files import attach_file
from courses.actions.releasing import collect_lesson_mailings, release_due
from courses.audit.sentinels import (
    COURSES,
    DRAFT,
    FILE,
    LEARNERS,
    LESSONS,
    LOCKED,
    OPEN,
    PREVIEW,
    PROMISE,
    QUIZ,
    RIGHT,
    SAID_RIGHT,
    SAID_WRONG,
    SUMMARY,
    TALK,
    TEXT,
    TRANSCRIPT,
    Course,
    Made,
    PageRule,
    Rule,
    owner_of,
    page_of,
)
from courses.enums import (
    CourseAccess,
    CourseState,
    Drip,
    FileRole,
    LessonKind,
    LessonState,
    QuestionKind,
)
from courses.lesson_owner import KIND
from courses.models import Certificate, Enrolment, Lesson, Module, Question, Quiz
from courses.models import Course as CourseRow
from newsletter.accounts.models import User
from newsletter.audit.marks import Mark, Medium, Where, new_word
from newsletter.audit.people import Persona
from newsletter.audit.registry import Stage
from newsletter.comments.actions import Written, submit_comment
from newsletter.comments.owners import get_place
from newsletter.memberships.models import Product

PRODUCT = "audit-book"
# The learner whose certificate is looked for.
CERTIFIED = "first-tier"
CERTIFICATE = "course certificate"


def publish_courses(stage: Stage) -> Iterable[Mark]:
    """Every course of `COURSES`, with learners; returns their marks."""
    marks: list[Mark] = []
    for spec in COURSES:
        marks += _publish(stage, spec)
    marks.append(_certify(stage))
    send_lessons()
    return marks


def send_lessons() -> None:
    """Tell and mail the learners; the mailings are due, and the audit sends what is."""
    release_due()
    collect_lesson_mailings()


def made(spec: Course) -> Made:
    """What stands in the database of one sentinel."""
    row = CourseRow.objects.get(slug=spec.slug)
    found = Made(spec, row.pk)
    for lesson in row.lessons.prefetch_related("files"):
        found.lessons[lesson.slug] = lesson.pk
        for file in lesson.files.all():
            found.files[lesson.slug] = file.pk
    return found


def _publish(stage: Stage, spec: Course) -> Iterable[Mark]:
    promised = new_word()
    course = CourseRow(
        title=f"Audit course {spec.key}",
        promise=f"It promises {promised}.",
        slug=spec.slug,
        access=spec.access,
        is_listed=spec.is_listed,
        is_mail_series=spec.is_mailed,
        mail_newsletter=stage.newsletter,
    )
    tiers = [stage.tiers["first"]] if spec.access == CourseAccess.TIERS else []
    products = list(Product.objects.filter(slug=PRODUCT))
    products = products if spec.access == CourseAccess.PRODUCTS else []
    save_course(actor=stage.author, course=course, tiers=tiers, products=products)
    module = add_module(actor=stage.author, course=course, title="Audit part")
    marks = [Mark(promised, page_of(spec), PROMISE, PageRule(spec))]
    for key in LESSONS:
        words = {part: new_word() for part in _parts(key)}
        _write(stage, module, key, words)
        marks += [
            Mark(word, owner_of(spec, key), part, Rule(spec, key, part))
            for part, word in words.items()
        ]
    if spec.state != CourseState.DRAFT:
        course = publish_course(actor=stage.author, course=course)
        _enrol(stage, spec, course)
        marks += _talk(stage, spec, course)
    if spec.state == CourseState.ARCHIVED:
        archive_course(actor=stage.author, course=course)
    return marks


def _parts(lesson: str) -> tuple[str, ...]:
    if lesson == QUIZ:
        return (TEXT, SUMMARY, RIGHT, SAID_RIGHT, SAID_WRONG)
    return (TEXT, SUMMARY, TRANSCRIPT, FILE)


def _write(stage: Stage, module: Module, key: str, words: Mapping[str, str]) -> None:
    author = stage.author
    lesson = add_lesson(actor=author, module=module, title=f"Audit lesson {key}")
    lesson.slug = key
    lesson.summary = f"About {words[SUMMARY]}."
    lesson.body = f"<p>The text says {words[TEXT]}.</p>"
    lesson.is_preview = key == PREVIEW
    if key == LOCKED:
        lesson.drip, lesson.drip_days = Drip.DAYS, 30
    if key == QUIZ:
        lesson.kind = LessonKind.QUIZ
        _ask(stage, lesson, words)
    else:
        lesson.transcript = f"<p>Aloud it says {words[TRANSCRIPT]}.</p>"
        attach_file(
            actor=author,
            lesson=lesson,
            file=SimpleUploadedFile(f"{key}.txt", f"Inside: {words[FILE]}.\n".encode()),
            role=FileRole.DOWNLOAD,
            title="A sheet",
        )
    lesson = save_lesson(actor=author, lesson=lesson)
    if key != DRAFT:
        publish_lesson(actor=author, lesson=Lesson.objects.get(pk=lesson.pk))


def _ask(stage: Stage, lesson: Lesson, words: Mapping[str, str]) -> None:
    quiz = save_quiz(actor=stage.author, quiz=Quiz(lesson=lesson))
    said = {
        "feedback_right": f"Right: {words[SAID_RIGHT]}.",
        "feedback_wrong": f"Wrong: {words[SAID_WRONG]}.",
    }
    in_words = Question(
        quiz=quiz, kind=QuestionKind.TEXT, prompt="Which word?", accepted=[words[RIGHT]], **said
    )
    save_question(actor=stage.author, question=in_words)
    one_of = Question(quiz=quiz, kind=QuestionKind.SINGLE, prompt="Which one?", position=1)
    drafts = [Draft("This", True, said["feedback_right"]), Draft("That", False)]
    save_question(actor=stage.author, question=one_of, choices=drafts)


def _enrol(stage: Stage, spec: Course, course: CourseRow) -> None:
    """Everybody who would be let in, and those who were until a moment ago."""
    for key in LEARNERS:
        persona = stage.people[key]
        user = User.objects.get(email=persona.address)
        is_in = key in spec.had or (spec.state == CourseState.PUBLISHED and spec.opens_to(persona))
        if is_in:
            enrol(user=user, course=course)
            # Under way, so that questions are asked where the answers must not be.
            start_attempt(user=user, lesson=course.lessons.get(slug=QUIZ))
        elif spec.state == CourseState.PUBLISHED and key in {"lapsed", "revoked"}:
            now = timezone.now()
            Enrolment.objects.create(
                user=user,
                course=course,
                time_zone="UTC",
                anchor_date=now.date(),
                enrolled_at=now,
                next_release_at=now,
            )


def _talk(stage: Stage, spec: Course, course: CourseRow) -> Iterable[Mark]:
    """The author says something under each lesson that has a conversation."""
    for lesson in course.lessons.filter(state=LessonState.PUBLISHED):
        place = get_place(KIND, lesson.pk, stage.author, timezone.now())
        if place is None:
            continue
        word = new_word()
        written = Written(f"Said {word} about it.", stage.author.name)
        with transaction.atomic():
            submit_comment(place=place, viewer=stage.author, written=written)
        yield Mark(word, owner_of(spec, lesson.slug), TALK, Rule(spec, lesson.slug, TALK))


@transaction.atomic
def _certify(stage: Stage) -> Mark:
    """A certificate whose name is known to whoever has its number, its learner and the desk."""
    word = new_word()
    user = User.objects.get(email=stage.people[CERTIFIED].address)
    enrolment = Enrolment.objects.get(user=user, course__slug="audit-course-free")
    certificate = Certificate.objects.create(
        serial=make_serial(),
        enrolment=enrolment,
        name=f"Somebody {word}",
        course_title=enrolment.course.title,
        completed_at=timezone.now(),
    )
    stage.tokens[CERTIFICATE] = certificate.serial
    return Mark(word, CERTIFICATE, "name", _whose_certificate)


def _whose_certificate(persona: Persona, where: Where) -> bool:
    """Its learner on the pages of their courses, staff at the desk."""
    if where.medium == Medium.DESK:
        return persona.is_staff
    return where.medium == Medium.WEB and (persona.is_staff or persona.key == CERTIFIED)


__all__ = ["CERTIFICATE", "CERTIFIED", "OPEN", "made", "publish_courses", "send_lessons"]
