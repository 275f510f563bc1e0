"""Recordings at other sites: a link, a player for some, and a policy for just that page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from courses.actions import attach_file, save_course, save_lesson
from courses.enums import CourseAccess, Drip, FileRole, LessonKind
from courses.models import Course, Lesson
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import LessonFactory, author, enrolled, lessons_of, make_course

pytestmark = pytest.mark.django_db
WATCH = "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PL%22%3E"
SRC = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1&amp;rel=0"
STRICT = (
    "default-src 'self'", "img-src 'self' data:", "object-src 'none'", "base-uri 'none'",
    "form-action 'self'", "frame-ancestors 'none'", "media-src 'self'",
)  # fmt: skip


def directives(response: HttpResponse) -> set[str]:
    return set(response["Content-Security-Policy"].split("; "))


def path(lesson: Lesson) -> str:
    return f"/courses/{lesson.course.slug}/{lesson.slug}/"


def lesson_with(address: str, **fields: Any) -> Lesson:
    course = make_course(2, access=CourseAccess.FREE)
    first = lessons_of(course)[0]
    first.kind, first.media_url = LessonKind.VIDEO, address
    for name, value in fields.items():
        setattr(first, name, value)
    save_lesson(actor=author(), lesson=first)
    return lessons_of(course)[0]


def reading(sign_in: Any, lesson: Lesson) -> HttpResponse:
    learner = UserFactory()
    enrolled(lesson.course, learner)
    response: HttpResponse = sign_in(learner).get(path(lesson))
    assert response.status_code == 200
    return response


@pytest.mark.parametrize(
    ("address", "src", "host", "name"),
    [
        (WATCH, SRC, "https://www.youtube-nocookie.com", "YouTube"),
        (
            "https://vimeo.com/76979871",
            "https://player.vimeo.com/video/76979871?autoplay=1&amp;dnt=1",
            "https://player.vimeo.com",
            "Vimeo",
        ),
    ],
)
def test_a_lesson_offers_the_player_and_its_policy_names_that_site_alone(
    sign_in: Any, address: str, src: str, host: str, name: str
) -> None:
    lesson = lesson_with(address, transcript="<p>What is said.</p>")
    response = reading(sign_in, lesson)
    shown = response.content.decode()
    assert directives(response) == {*STRICT, f"frame-src {host}"}
    assert f'data-player="{src}"' in shown
    assert "Play here" in shown
    assert f"The recording then comes from {name}" in shown
    assert "courses/player.js" in shown
    # Nothing of theirs is in the page before the press, and the link stays.
    assert "<iframe" not in shown
    assert shown.count(host) == 1
    assert f'href="{address.replace("&", "&amp;")}"' in shown
    assert "What is said." in shown


@pytest.mark.parametrize(
    "address",
    ["https://video.example.org/t", "https://www.youtube.com.evil.example/watch?v=dQw4w9WgXcQ"],
)
def test_any_other_lesson_keeps_the_strict_policy_and_no_script_for_players(
    sign_in: Any, address: str
) -> None:
    response = reading(sign_in, lesson_with(address))
    assert directives(response) == set(STRICT)
    shown = response.content.decode()
    assert "data-player" not in shown
    assert "player.js" not in shown
    assert f'href="{address}"' in shown


def test_a_closed_lesson_tells_nothing_of_its_recording(sign_in: Any) -> None:
    lesson = lesson_with(WATCH)
    later = LessonFactory(
        module=lesson.course.modules.get(),
        kind=LessonKind.VIDEO,
        media_url=WATCH,
        drip=Drip.DAYS,
        drip_days=3,
    )
    response = reading(sign_in, later)
    assert directives(response) == set(STRICT)
    assert "dQw4w9WgXcQ" not in response.content.decode()


def test_a_file_of_the_lesson_is_played_instead_and_the_address_is_a_link(
    sign_in: Any, settings: Any
) -> None:
    lesson = lesson_with(WATCH)
    file = SimpleUploadedFile("talk.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(64))
    attach_file(actor=author(), lesson=lesson, file=file, role=FileRole.MEDIA)
    response = reading(sign_in, lesson)
    shown = response.content.decode()
    assert "<video" in shown
    assert "data-player" not in shown
    assert "youtube.com/watch" in shown
    assert directives(response) == set(STRICT)


def with_trailer(address: str) -> Course:
    course = make_course(2, access=CourseAccess.FREE)
    course.trailer_url = address
    return save_course(actor=author(), course=course)


def test_a_trailer_is_played_on_the_page_of_the_course(sign_in: Any) -> None:
    course = with_trailer("https://youtu.be/dQw4w9WgXcQ")
    response = Client().get(f"/courses/{course.slug}/")
    assert directives(response) == {*STRICT, "frame-src https://www.youtube-nocookie.com"}
    assert f'data-player="{SRC}"' in response.content.decode()
    learner = UserFactory()
    enrolled(course, learner)
    client = sign_in(learner)
    assert directives(client.get(f"/courses/{course.slug}/")) == set(STRICT)
    about = client.get(f"/courses/{course.slug}/?about")
    assert "frame-src https://www.youtube-nocookie.com" in directives(about)
    assert directives(Client().get("/courses/")) == set(STRICT)


def test_a_kept_page_keeps_its_policy_with_it(settings: Any) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    course, plain = with_trailer("https://vimeo.com/76979871"), with_trailer("")
    for _time in range(2):
        shown = Client().get(f"/courses/{course.slug}/")
        assert directives(shown) == {*STRICT, "frame-src https://player.vimeo.com"}
        assert shown.cookies == {}
        assert directives(Client().get(f"/courses/{plain.slug}/")) == set(STRICT)


def staff(settings: Any) -> Client:
    settings.STAFF_SECOND_FACTOR = False
    client = Client()
    client.force_login(StaffFactory(), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_preview_plays_too_and_is_no_laxer(settings: Any) -> None:
    lesson = lesson_with(WATCH)
    client = staff(settings)
    course = lesson.course
    shown = client.get(f"/admin/courses/course/{course.pk}/preview/?as=learner&lesson={lesson.pk}")
    assert f'data-player="{SRC}"' in shown.content.decode()
    assert "frame-src https://www.youtube-nocookie.com" in directives(shown)
    assert "default-src 'self'" in directives(shown)
    offer = client.get(f"/admin/courses/course/{course.pk}/preview/")
    assert not any(each.startswith("frame-src") for each in directives(offer))


def test_the_forms_say_which_sites_are_played(settings: Any) -> None:
    lesson = lesson_with(WATCH)
    client = staff(settings)
    for address in (
        f"/admin/courses/lesson/{lesson.pk}/change/",
        f"/admin/courses/course/{lesson.course.pk}/change/",
    ):
        shown = client.get(address).content.decode()
        assert re.search(r"YouTube, Vimeo, Wistia (and|or) Loom", shown), address
