"""Brings the demo's two courses in, as any archive is, and lets people learn in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import F

from courses.actions.importing import import_course
from courses.demo.learners import write_learners
from courses.exchange.archive import FolderSource
from courses.models import Course, CourseEvent, Lesson
from newsletter.accounts.models import User
from newsletter.articles.models import ArticleImage
from newsletter.memberships.actions import save_product
from newsletter.memberships.models import Product
from newsletter.payments.actions import set_price
from newsletter.payments.enums import Interval

HERE = Path(__file__).parent
FREE, PAID = "first-terms", "a-year-on-your-own-terms"
_WRITTEN = timedelta(days=120)
_PITCH = (
    "Twenty lessons for the working year of somebody who works alone, by mail and on the page. "
    "Yours for good."
)


def fill_demo(
    *,
    author: User,
    people: Mapping[str, User],
    pictures: Mapping[str, ArticleImage],
    now: datetime,
) -> None:
    """Inside the transaction that loads the demo. `people` are those one can sign in as."""
    product = save_product(
        actor=author,
        product=Product(name="A Year on Your Own Terms", slug=PAID, description=_PITCH),
    )
    for amount, currency in ((14900, "eur"), (16900, "usd")):
        set_price(
            actor=author, sold=product, interval=Interval.ONCE, amount=amount, currency=currency
        )
    known = {f"demo:{name}": image for name, image in pictures.items()}
    courses = {}
    for name in (FREE, PAID):
        source = FolderSource(HERE / name)
        courses[name], _plan = import_course(actor=author, source=source, name=name, known=known)
    _date_back(now - _WRITTEN)
    write_learners(courses[FREE], courses[PAID], product, people, now)


def _date_back(at: datetime) -> None:
    """They were written and published a while ago."""
    Course.objects.update(created_at=at, published_at=at, updated_at=at)
    Lesson.objects.update(created_at=at, published_at=at, updated_at=at)
    Lesson.history.update(
        history_date=at, created_at=at, published_at=at, updated_at=at, position=F("position")
    )
    CourseEvent.objects.update(at=at)
