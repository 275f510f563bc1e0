"""What a course's pages say of themselves to search engines and to those who share their links.

Made of what is public of a course alone.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from courses.addresses import course_path, lesson_path
from courses.enums import CourseAccess
from courses.models import Course, Lesson
from courses.offers import CourseOffer
from newsletter.articles.cards import Card, absolute, as_json_ld
from newsletter.articles.content import PublicImage
from newsletter.payments.money import to_decimal
from newsletter.publication.models import Publication


def card_of_course(course: Course) -> Card:
    """The card of a course. The author's own words for search engines go first."""
    image: PublicImage | None = None
    if course.cover is not None:
        image = {
            "src": absolute(course.cover.file.url),
            "alt": course.cover.alt,
            "width": course.cover.width,
            "height": course.cover.height,
        }
    return Card(
        title=course.seo_title or course.title,
        canonical=absolute(course_path(course)),
        description=course.seo_description or course.promise,
        image=image,
        noindex=not course.is_listed,
    )


def card_of_lesson(course: Course, lesson: Lesson) -> Card:
    """The card of a lesson; search engines are shown free previews alone (P6)."""
    return Card(
        title=lesson.title,
        canonical=absolute(lesson_path(course, lesson)),
        description=lesson.summary,
        noindex=not (lesson.is_preview and course.is_listed),
    )


def card_of_catalogue(publication: Publication) -> Card:
    """The card of the list of courses."""
    return Card(
        title="",
        canonical=absolute(reverse("courses:list-courses")),
        description=publication.tagline,
    )


def course_data(
    course: Course, offer: CourseOffer, publication: Publication, *, minutes: int
) -> SafeString:
    """schema.org's Course as JSON-LD, with what it costs and how long it takes."""
    card = card_of_course(course)
    free = course.access in {CourseAccess.FREE, CourseAccess.ADDRESS}
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Course",
        "name": course.title,
        "description": card.description or course.title,
        "url": card.canonical,
        "inLanguage": publication.language,
        "isAccessibleForFree": free,
        "provider": {
            "@type": "Organization",
            "name": publication.name,
            "url": settings.SITE_URL,
        },
        "offers": _offers(offer, card.canonical, is_free=free),
        "hasCourseInstance": {
            "@type": "CourseInstance",
            "courseMode": "online",
            "courseWorkload": f"PT{max(1, minutes)}M",
            "instructor": [
                {"@type": "Person", "name": person.get_full_name()}
                for person in course.instructors.all()
            ],
        },
    }
    if card.image:
        data["image"] = card.image["src"]
    return as_json_ld(data)


def _offers(offer: CourseOffer, url: str, *, is_free: bool) -> list[dict[str, str]]:
    if is_free:
        return [{"@type": "Offer", "category": "Free", "price": "0", "url": url}]
    if not offer.prices:
        return [{"@type": "Offer", "category": "Subscription", "url": url}] if offer.ways else []
    return [
        {
            "@type": "Offer",
            "category": "Paid",
            "price": str(to_decimal(price.amount, price.currency)),
            "priceCurrency": price.currency.upper(),
            "url": url,
        }
        for price in offer.prices
    ]
