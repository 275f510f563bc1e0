"""A course in figures: how far lessons carry, how questions are answered, what it brings in.

Every figure is one grouped query, whatever the number of learners.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, F, Q, Sum

from courses.enums import AttemptState
from courses.models import Answer, Course, Lesson, LessonProgress, Question, QuizAttempt
from courses.outline import load_outline
from newsletter.memberships.models import Product
from newsletter.payments.enums import DisputeState, OrderKind, OrderStatus
from newsletter.payments.models import Instalment, Order
from newsletter.payments.money import show_amount


@dataclass(frozen=True, slots=True)
class Step:
    """One lesson of the funnel; `percent` of everybody enrolled completed it."""

    lesson: Lesson
    module_title: str
    opened: int
    completed: int
    # Were here last, and completed neither it nor the course.
    stopped: int
    percent: int
    is_widest: bool = False


def funnel(course: Course) -> tuple[int, list[Step]]:
    """How many enrolled, and each published lesson in order. Five queries."""
    everybody = course.enrolments.count()
    progress = LessonProgress.objects.filter(lesson__course=course).order_by().values("lesson")
    counted = progress.annotate(
        opened=Count("pk", filter=Q(opened_at__isnull=False) | Q(completed_at__isnull=False)),
        completed=Count("pk", filter=Q(completed_at__isnull=False)),
    )
    numbers = {row["lesson"]: (row["opened"], row["completed"]) for row in counted}
    stopped = _stopped(course)
    most = max(stopped.values(), default=0)
    steps = [
        Step(
            lesson=lesson,
            module_title=chapter.module.title if number == 0 else "",
            opened=numbers.get(lesson.pk, (0, 0))[0],
            completed=numbers.get(lesson.pk, (0, 0))[1],
            stopped=stopped.get(lesson.pk, 0),
            percent=100 * numbers.get(lesson.pk, (0, 0))[1] // everybody if everybody else 0,
            is_widest=0 < most == stopped.get(lesson.pk, 0),
        )
        for chapter in load_outline(course).chapters
        for number, lesson in enumerate(chapter.published)
    ]
    return everybody, steps


def _stopped(course: Course) -> dict[int, int]:
    """Where people are who have not completed the course, as `segments` finds them."""
    left = course.enrolments.filter(completed_at__isnull=True, last_lesson__isnull=False)
    went_on = left.filter(
        progress__lesson=F("last_lesson"), progress__completed_at__isnull=False
    ).order_by()
    there = left.order_by().values("last_lesson").annotate(number=Count("pk"))
    done = went_on.values("last_lesson").annotate(number=Count("pk"))
    counts = {row["last_lesson"]: row["number"] for row in there}
    for row in done:
        counts[row["last_lesson"]] -= row["number"]
    return {lesson: number for lesson, number in counts.items() if number}


@dataclass(frozen=True, slots=True)
class Item:
    """One question: how often it was answered in attempts that were handed in, and rightly."""

    question: Question
    answered: int
    right: int

    @property
    def percent(self) -> int:
        """The share of right answers."""
        return 100 * self.right // self.answered if self.answered else 0


@dataclass(frozen=True, slots=True)
class QuizFigures:
    """One quiz: attempts handed in, those passed, the mean result, and its questions."""

    lesson: Lesson
    attempts: int
    passed: int
    mean: int
    items: list[Item]


def quiz_figures(course: Course) -> list[QuizFigures]:
    """Every quiz that somebody has handed in, in the course's order. Three queries."""
    handed_in = QuizAttempt.objects.filter(
        quiz__lesson__course=course, state=AttemptState.SUBMITTED
    ).order_by()
    totals = {
        row["quiz"]: row
        for row in handed_in.values("quiz").annotate(
            number=Count("pk"), good=Count("pk", filter=Q(passed=True)), mean=Avg("percent")
        )
    }
    given = Answer.objects.filter(
        attempt__state=AttemptState.SUBMITTED, question__quiz__lesson__course=course
    )
    answers = {
        row["question"]: (row["number"], row["right"])
        for row in given.order_by()
        .values("question")
        .annotate(number=Count("pk"), right=Count("pk", filter=Q(is_correct=True)))
    }
    questions = (
        Question.objects.filter(quiz__in=totals)
        .select_related("quiz__lesson")
        .defer("quiz__lesson__body", "quiz__lesson__body_html", "quiz__lesson__transcript")
        .order_by("quiz__lesson__module__position", "quiz__lesson__position", "position", "pk")
    )
    found: dict[int, QuizFigures] = {}
    for question in questions:
        total = totals[question.quiz_id]
        figures = found.setdefault(
            question.quiz_id,
            QuizFigures(
                question.quiz.lesson, total["number"], total["good"], round(total["mean"] or 0), []
            ),
        )
        number, right = answers.get(question.pk, (0, 0))
        if number or not question.is_archived:
            figures.items.append(Item(question, number, right))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Income:
    """What one product brought in one currency: a course's part of it.

    `others` are the courses that it opens besides, `whole` what came in for all of them.
    """

    product: Product
    sold: int
    came: str
    given_back: str
    stays: str
    others: list[str]
    whole: str


# What was paid at some time, whatever became of it.
_PAID = (
    OrderStatus.PAID,
    OrderStatus.REFUNDED,
    OrderStatus.DISPUTED,
    OrderStatus.LOST,
    OrderStatus.WITHDRAWN,
)


def income_of(course: Course) -> list[Income]:
    """What the products of a course brought in, by product and currency. Four queries.

    Of a bundle the course's part (`part_of`). A plan in instalments counts as one sale, with what
    came of it so far. What members pay for a tier cannot be told apart by course.
    """
    products = course.products.prefetch_related("courses")
    by_id = {product.pk: product for product in products}
    sums: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for row in (*_at_once(by_id), *_in_instalments(by_id)):
        sums[row.pop("product"), row.pop("currency")].update(row)
    return [_income(by_id[key[0]], key[1], course, sums[key]) for key in sorted(sums)]


def _at_once(products: Collection[int]) -> Iterable[dict[str, Any]]:
    paid = Order.objects.filter(
        product__in=products, kind=OrderKind.PRODUCT, status__in=_PAID, paid_at__isnull=False
    )
    gone = Sum(F("amount") - F("refunded_amount"), filter=Q(status=OrderStatus.LOST), default=0)
    sums = {"sold": Count("pk"), "came": Sum("amount"), "back": Sum("refunded_amount")}
    return paid.order_by().values("product", "currency").annotate(**sums, gone=gone)


def _in_instalments(products: Collection[int]) -> Iterable[dict[str, Any]]:
    paid = Instalment.objects.filter(plan__product__in=products, paid_at__isnull=False)
    gone = Sum(
        F("amount_received") - F("refunded_amount"),
        filter=Q(dispute=DisputeState.LOST),
        default=0,
    )
    sums = {
        "sold": Count("plan", distinct=True),
        "came": Sum("amount_received"),
        "back": Sum("refunded_amount"),
    }
    rows = paid.order_by().values("currency", product=F("plan__product"))
    return rows.annotate(**sums, gone=gone)


def _income(product: Product, currency: str, course: Course, sums: Counter[str]) -> Income:
    whole = sums["came"]
    # In the catalogue's order, the same from whichever course one looks.
    sharing = [each.pk for each in product.courses.all()]
    place, parts = sharing.index(course.pk), len(sharing)
    came = part_of(whole, place, parts)
    back = part_of(sums["back"] + sums["gone"], place, parts)
    return Income(
        product=product,
        sold=sums["sold"],
        came=show_amount(came, currency),
        given_back=show_amount(back, currency) if back else "",
        stays=show_amount(came - back, currency),
        others=_names(each for each in product.courses.all() if each.pk != course.pk),
        whole=show_amount(whole, currency) if parts > 1 else "",
    )


def part_of(amount: int, place: int, parts: int) -> int:
    """One of so many equal parts of an amount in the minor unit; `place` counts from 0.

    What cannot be divided goes to the first ones, a unit each, so that nothing is lost.
    """
    each, rest = divmod(amount, parts)
    return each + (place < rest)


def _names(courses: Iterable[Course]) -> list[str]:
    return [course.title for course in courses]
