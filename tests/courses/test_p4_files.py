"""P4: a lesson's files have no public address; links last ten minutes and are asked each time."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.actions import revoke_enrolment, save_lesson
from courses.enums import FileRole
from courses.files import file_link
from courses.models import Lesson
from newsletter.articles.models import ArticleImage
from newsletter.lib.signing import make_dated_token
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import author, enrolled, lessons_of, make_course
from tests.factories.memberships import GrantFactory
from tests.factories.quizzes import CONTENT, attach

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson() -> Lesson:
    return lessons_of(make_course(access="paid"))[0]


@pytest.fixture
def member() -> Any:
    return GrantFactory().user


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


# ── Who gets it ───────────────────────────────────────────────────────────────────────────────


def test_p4_a_link_gives_the_file_without_a_session(lesson: Lesson, member: Any) -> None:
    response = Client().get(file_link(attach(lesson), member))
    assert response.status_code == 200
    assert body_of(response) == CONTENT
    assert response["Content-Type"] == "audio/mpeg"
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert not response.cookies


def test_p4_a_link_lasts_ten_minutes(lesson: Lesson, member: Any) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        link = file_link(attach(lesson), member)
        clock.shift(timedelta(minutes=9, seconds=59))
        assert Client().get(link).status_code == 200
        clock.shift(timedelta(seconds=2))
        assert Client().get(link).status_code == 404


def test_p4_a_recording_goes_on_for_whoever_may_hear_it(lesson: Lesson, member: Any) -> None:
    client = Client()
    client.force_login(member)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        link = file_link(attach(lesson), member)
        clock.shift(timedelta(minutes=11))
        response = client.get(link)
        assert response.status_code == 302
        assert response["Cache-Control"] == "private, no-store"
        assert client.get(response["Location"]).status_code == 200
        # Somebody else's session does not renew it.
        stranger = Client()
        stranger.force_login(UserFactory())
        assert stranger.get(link).status_code == 404
        clock.shift(timedelta(days=31))
        assert client.get(link).status_code == 404


def test_p4_a_link_ends_with_access(lesson: Lesson, member: Any) -> None:
    enrolment = enrolled(lesson.course, member)
    link = file_link(attach(lesson), member)
    assert Client().get(link).status_code == 200
    revoke_enrolment(actor=author(), enrolment=enrolment, reason="Refunded")
    assert Client().get(link).status_code == 404


def test_p4_a_link_for_who_has_no_access_opens_nothing(lesson: Lesson) -> None:
    row = attach(lesson)
    for person in (None, UserFactory(), UserFactory(is_active=False)):
        assert Client().get(file_link(row, person)).status_code == 404
    assert Client().get(file_link(row, StaffFactory())).status_code == 200


def test_p4_a_free_preview_is_everyones() -> None:
    lesson = lessons_of(make_course(access="paid"))[0]
    Lesson.objects.filter(pk=lesson.pk).update(is_preview=True)
    assert Client().get(file_link(attach(lesson), None)).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "..%2ftalk.mp3",
        "..%2f..%2f..%2fetc%2fpasswd",
        "other.mp3",
        "talk.mp3%00",
        "..",
        "talk.mp3/x",
    ],
)
def test_p4_no_other_name_and_no_way_up(lesson: Lesson, member: Any, name: str) -> None:
    link = file_link(attach(lesson), member)
    assert Client().get(f"{link.rpartition('/')[0]}/{name}").status_code == 404


def test_p4_forged_and_foreign_tokens(lesson: Lesson, member: Any) -> None:
    row = attach(lesson)
    link = file_link(row, member)
    token = link.split("/")[4]
    other = attach(lessons_of(make_course(access="paid"))[0])
    for wrong in (
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token.replace(str(row.pk), str(other.pk), 1),
        make_dated_token("file", f"{row.pk}.{member.pk}"),
        "made-up",
    ):
        assert Client().get(f"/courses/-/files/{wrong}/talk.mp3").status_code == 404


def test_p4_what_no_lesson_has_is_not_served(lesson: Lesson, member: Any) -> None:
    row = attach(lesson)
    link = file_link(row, member)
    path = row.file.name
    row.delete()
    assert storages["courses"].exists(path)
    assert Client().get(link).status_code == 404
    for public in (f"/media/{path}", f"/media/..%2fcourses%2f{path}", f"/static/{path}"):
        assert Client().get(public).status_code == 404


def test_p4_where_a_file_lies_is_no_address(lesson: Lesson, member: Any) -> None:
    row = attach(lesson)
    client = Client()
    client.force_login(member)
    for address in (row.file.url, f"/{row.file.name}", f"/courses/{row.file.name}"):
        assert client.get(address).status_code == 404


def test_p4_a_lost_file_is_missing(lesson: Lesson, member: Any) -> None:
    row = attach(lesson)
    row.file.storage.delete(row.file.name)
    assert Client().get(file_link(row, member)).status_code == 404


def test_k5_a_link_is_for_its_person_alone(lesson: Lesson, member: Any) -> None:
    """The person in the link decides, not who happens to be signed in."""
    client = Client()
    client.force_login(member)
    assert client.get(file_link(attach(lesson), UserFactory())).status_code == 404


# ── How it is sent ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "status", "content", "says"),
    [
        ("bytes=0-9", 206, CONTENT[:10], "bytes 0-9/1024"),
        ("bytes=1000-", 206, CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=-24", 206, CONTENT[-24:], "bytes 1000-1023/1024"),
        ("bytes=1000-9999", 206, CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=1024-", 416, b"", "bytes */1024"),
        ("bytes=9-2", 200, CONTENT, None),
        ("lines=1-2", 200, CONTENT, None),
    ],
)
def test_p4_parts_for_players(
    lesson: Lesson, member: Any, asked: str, status: int, content: bytes, says: str | None
) -> None:
    response = Client().get(file_link(attach(lesson), member), headers={"Range": asked})
    assert response.status_code == status
    assert (body_of(response) if response.streaming else response.content) == content
    assert response.get("Content-Range") == says
    assert response["Accept-Ranges"] == "bytes"


def test_p4_a_part_of_another_version_is_not_sent(lesson: Lesson, member: Any) -> None:
    link = file_link(attach(lesson), member)
    etag = Client().head(link)["ETag"]
    part = {"Range": "bytes=0-9"}
    assert Client().get(link, headers={**part, "If-Range": etag}).status_code == 206
    assert Client().get(link, headers={**part, "If-Range": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("name", "role", "kind", "says"),
    [
        ("talk.mp4", FileRole.MEDIA, "video/mp4", 'inline; filename="talk.mp4"'),
        ("de.vtt", FileRole.CAPTIONS, "text/vtt; charset=utf-8", 'inline; filename="de.vtt"'),
        # To be taken away, though a browser could show it.
        ("plan.png", FileRole.DOWNLOAD, "image/png", 'attachment; filename="plan.png"'),
        (
            "page.html",
            FileRole.MEDIA,
            "application/octet-stream",
            'attachment; filename="page.html"',
        ),
        ("a.svg", FileRole.DOWNLOAD, "application/octet-stream", 'attachment; filename="a.svg"'),
        (
            "Übung № 1.pdf",
            FileRole.DOWNLOAD,
            "application/pdf",
            "attachment; filename*=utf-8''%C3%9Cbung%20%E2%84%96%201.pdf",
        ),
        (
            'a"b.pdf',
            FileRole.DOWNLOAD,
            "application/pdf",
            'attachment; filename="a\\"b.pdf"',
        ),
    ],
)
def test_p4_names_and_types(
    lesson: Lesson, member: Any, name: str, role: str, kind: str, says: str
) -> None:
    response = Client().get(file_link(attach(lesson, name, role), member))
    assert response.status_code == 200
    assert response["Content-Type"] == kind
    assert response["Content-Disposition"] == says


def test_p4_a_name_is_never_a_path(lesson: Lesson, member: Any) -> None:
    response = Client().get(file_link(attach(lesson, "../../a\\b/c\r\nd.pdf"), member))
    assert response["Content-Disposition"] == 'attachment; filename="cd.pdf"'


def test_p4_the_number_of_queries_does_not_grow(member: Any) -> None:
    def count(lessons: int) -> int:
        lesson = lessons_of(make_course(lessons, access="paid"))[0]
        link = file_link(attach(lesson), member)
        with CaptureQueriesContext(connection) as asked:
            assert Client().get(link).status_code == 200
        return len(asked)

    assert count(1) == count(20)


def test_p4_the_lessons_page_hands_out_links_that_work(lesson: Lesson, member: Any) -> None:
    attach(lesson, "Übung.pdf", FileRole.DOWNLOAD)
    attach(lesson, "talk.mp4", FileRole.MEDIA)
    attach(lesson, "de.vtt", FileRole.CAPTIONS, b"WEBVTT")
    client = Client()
    address = f"/courses/{lesson.course.slug}/{lesson.slug}/"
    assert "/-/files/" not in client.get(address).content.decode()
    client.force_login(member)
    page = client.get(address).content.decode()
    links = re.findall(r'(?:href|src)="(/courses/-/files/[^"]+)"', page)
    assert len(links) == 3
    assert page.count("<track") == 1
    assert all(Client().get(link).status_code == 200 for link in links)


# ── Pictures in a lesson's text ───────────────────────────────────────────────────────────────


def picture_in(lesson: Lesson, place: str) -> str:
    path = default_storage.save(f"images/{place}/x.png", ContentFile(b"picture"))
    ArticleImage.objects.create(file=path, width=1, height=1, alt="", uploaded_by=author())
    lesson.body = f'<figure><img src="/media/{path}" alt=""></figure>'
    save_lesson(actor=author(), lesson=lesson)
    return f"/media/{path}"


def test_p4_a_picture_in_a_lesson_is_the_lessons(lesson: Lesson, member: Any) -> None:
    url = picture_in(lesson, "closed")
    client = Client()
    assert client.get(url).status_code == 404
    client.force_login(UserFactory())
    assert client.get(url).status_code == 404
    client.force_login(member)
    response = client.get(url)
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response["Vary"]


def test_p4_a_picture_in_a_free_preview_is_seen_by_all() -> None:
    lesson = lessons_of(make_course(access="paid"))[0]
    lesson.is_preview = True
    assert Client().get(picture_in(lesson, "open")).status_code == 200
