"""P4 where lessons' files lie in an S3-compatible storage."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from config.storage import courses_storage, media_origins
from courses.enums import FileRole
from courses.files import file_link
from courses.models import Lesson
from newsletter.lib.environment import Environment
from tests.factories.accounts import UserFactory
from tests.factories.courses import lessons_of, make_course
from tests.factories.memberships import GrantFactory
from tests.factories.quizzes import attach

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson() -> Lesson:
    return lessons_of(make_course(access="paid"))[0]


@pytest.fixture
def member() -> Any:
    return GrantFactory().user


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


# ── Stored elsewhere ──────────────────────────────────────────────────────────────────────────


class FakeS3(BaseHTTPRequestHandler):
    """As much of S3 as keeping and fetching one object takes."""

    kept: dict[str, bytes] = {}

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding", "").startswith("aws-chunked"):
            size, _line, rest = body.partition(b"\r\n")
            body = rest[: int(size.split(b";")[0], 16)]
        self.kept[urlsplit(self.path).path] = body
        self._say(200, b"")

    def do_HEAD(self) -> None:
        body = self.kept.get(urlsplit(self.path).path)
        self._say(404 if body is None else 200, body or b"")

    do_GET = do_HEAD  # noqa: N815 - as the library calls it

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Fri, 27 Nov 2026 10:00:00 GMT")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        return


@pytest.fixture
def elsewhere(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The courses' storage as the environment sets it up, on a bucket of this machine's."""
    FakeS3.kept = {}
    server = HTTPServer(("127.0.0.1", 0), FakeS3)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("COURSES_S3_BUCKET", "lessons")
    monkeypatch.setenv("COURSES_S3_ENDPOINT", endpoint)
    monkeypatch.setenv("COURSES_S3_KEY", "key")
    monkeypatch.setenv("COURSES_S3_SECRET", "secret")
    storage = courses_storage(Environment(), settings.DATA_DIR)
    settings.STORAGES = {**settings.STORAGES, "courses": storage}
    assert media_origins(storage) == [endpoint]
    yield endpoint
    server.shutdown()
    server.server_close()


def test_p4_files_elsewhere_are_reached_by_a_signed_link(
    elsewhere: str, lesson: Lesson, member: Any
) -> None:
    row = attach(lesson, "Übung.pdf", FileRole.DOWNLOAD)
    link = file_link(row, member)
    response = Client().get(link)
    assert response.status_code == 302
    assert response["Cache-Control"] == "private, no-store"
    address = urlsplit(response["Location"])
    query = parse_qs(address.query)
    assert f"{address.scheme}://{address.netloc}" == elsewhere
    assert address.path == f"/lessons/{row.file.name}"
    assert query["X-Amz-Expires"] == ["600"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert len(query["X-Amz-Signature"][0]) == 64
    assert query["response-content-disposition"] == ["attachment; filename*=utf-8''%C3%9Cbung.pdf"]
    assert query["response-content-type"] == ["application/pdf"]
    # Asked like any other: nobody is sent on who may not have it.
    assert Client().get(file_link(row, UserFactory())).status_code == 404


def test_p4_captions_elsewhere_come_from_the_site_itself(
    elsewhere: str, lesson: Lesson, member: Any
) -> None:
    row = attach(lesson, "en.vtt", FileRole.CAPTIONS, b"WEBVTT\n")
    assert FakeS3.kept[f"/lessons/{row.file.name}"] == b"WEBVTT\n"
    response = Client().get(file_link(row, member))
    assert response.status_code == 200
    assert body_of(response) == b"WEBVTT\n"


def test_p4_without_the_setting_files_lie_beside_the_media_folder(settings: Any) -> None:
    storage = courses_storage(Environment(), settings.DATA_DIR / "courses")
    assert storage["OPTIONS"]["base_url"] is None
    assert media_origins(storage) == []
    assert settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["media-src"] == ["'self'"]
