"""Certificates: issued once, true for ever, checked by anybody, revoked with a reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from courses.actions import (
    IllegalMoveError,
    complete_lesson,
    delete_lesson,
    move_lesson,
    revoke_enrolment,
    save_course,
    save_lesson,
)
from courses.actions.certifying import (
    NotCompletedError,
    claim_certificate,
    issue_missing_certificates,
    make_serial,
    reissue_certificate,
    revoke_certificate,
)
from courses.certificates.drawing import draw_certificate
from courses.certificates.fonts import can_draw
from courses.certificates.looks import has_pdf
from courses.enums import CertificateStyle
from courses.models import Certificate, Course, CourseEvent, Enrolment
from courses.views.certificates import LOOKUPS
from newsletter.articles.models import ArticleImage
from tests.factories.accounts import UserFactory
from tests.factories.courses import LessonFactory, author, lessons_of, make_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> Any:
    return UserFactory(name="Żaneta Őry-Čapek")


def finish(course: Course, user: Any, now: datetime | None = None) -> Enrolment:
    for lesson in lessons_of(course):
        complete_lesson(user=user, lesson=lesson, now=now)
    return Enrolment.objects.get(course=course, user=user)


def certified(user: Any, **fields: Any) -> Certificate:
    course = make_course(has_certificate=True, **fields)
    return finish(course, user).certificates.get()


def page_of(certificate: Certificate, client: Client | None = None) -> Any:
    return (client or Client()).get(f"/courses/-/certificates/{certificate.serial}/")


# ── Issued ────────────────────────────────────────────────────────────────────────────────────


def test_completing_the_course_issues_one(reader: Any) -> None:
    course = make_course(3, has_certificate=True)
    first, *rest = lessons_of(course)
    complete_lesson(user=reader, lesson=first)
    assert not Certificate.objects.exists()
    for lesson in rest:
        complete_lesson(user=reader, lesson=lesson)
    certificate = Certificate.objects.get()
    assert (certificate.name, certificate.course_title) == (reader.name, course.title)
    assert CourseEvent.objects.filter(what="certificate_issued", user=reader).count() == 1
    complete_lesson(user=reader, lesson=first)
    assert issue_missing_certificates() == 0
    assert Certificate.objects.count() == 1


def test_a_course_without_certificates_issues_none(reader: Any) -> None:
    course = make_course()
    finish(course, reader)
    assert issue_missing_certificates() == 0
    with pytest.raises(NotCompletedError):
        claim_certificate(user=reader, course=course, name="Ann")
    # Those who were through before are not forgotten.
    course.refresh_from_db()
    course.has_certificate = True
    save_course(actor=author(), course=course)
    assert issue_missing_certificates() == 1
    assert issue_missing_certificates() == 0


def test_whoever_has_no_name_says_it_once(client: Client) -> None:
    nobody = UserFactory(name="")
    course = make_course(has_certificate=True)
    finish(course, nobody)
    assert issue_missing_certificates() == 0
    client.force_login(nobody)
    home = client.get(f"/courses/{course.slug}/").content.decode()
    assert "Get your certificate" in home
    address = f"/courses/{course.slug}/-/certificate/"
    assert client.post(address, {"name": " \u200b123 "}).status_code == 422
    assert not Certificate.objects.exists()
    response = client.post(address, {"name": "  Ann\u202e  Example "})
    certificate = Certificate.objects.get()
    assert certificate.name == "Ann Example"
    assert response["Location"].endswith(f"/{certificate.serial}/")
    again = client.post(address, {"name": "Somebody Else"})
    assert again["Location"] == response["Location"]
    assert Certificate.objects.get().name == "Ann Example"


def test_k5_nobody_gets_one_for_what_others_completed(client: Client, reader: Any) -> None:
    course = make_course(has_certificate=True)
    finish(course, reader)
    stranger = UserFactory()
    client.force_login(stranger)
    assert client.post(f"/courses/{course.slug}/-/certificate/", {"name": "Me"}).status_code == 404
    with pytest.raises(NotCompletedError):
        claim_certificate(user=stranger, course=course, name="Me")
    assert Certificate.objects.count() == 1


def test_numbers_are_random_and_hard_to_misread() -> None:
    numbers = {make_serial() for _number in range(500)}
    assert len(numbers) == 500
    assert all(
        re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}", n) for n in numbers
    )


# ── K4: true for ever ─────────────────────────────────────────────────────────────────────────


def test_k4_a_certificate_stays_whatever_becomes_of_the_course(reader: Any) -> None:
    course = make_course(3, has_certificate=True)
    enrolment = finish(course, reader)
    before = Certificate.objects.get()
    lessons = lessons_of(course)
    added = LessonFactory(module=lessons[0].module)
    lessons[1].is_required = False
    save_lesson(actor=author(), lesson=lessons[1])
    move_lesson(actor=author(), lesson=lessons[2], position=1)
    delete_lesson(actor=author(), lesson=LessonFactory(module=lessons[0].module))
    enrolment.refresh_from_db()
    assert enrolment.completed_at is not None
    complete_lesson(user=reader, lesson=added)
    course.refresh_from_db()
    course.title, course.has_certificate = "Another title", False
    course.certificate_heading = "Another heading"
    save_course(actor=author(), course=course)
    reader.name = "Another Name"
    reader.save(update_fields=["name"])
    revoke_enrolment(actor=author(), enrolment=enrolment, reason="Refunded")
    after = Certificate.objects.get()
    assert (after.serial, after.name, after.course_title) == (
        before.serial,
        before.name,
        before.course_title,
    )
    assert (after.look, after.completed_at) == (before.look, before.completed_at)
    page = page_of(after).content.decode()
    assert "This certificate is valid" in page
    assert before.course_title in page
    assert "Another" not in page


# ── Checked by anybody ────────────────────────────────────────────────────────────────────────


def test_its_page_tells_name_and_course_and_nothing_else(reader: Any) -> None:
    certificate = certified(reader, certificate_text="Two lessons on saying no.")
    response = page_of(certificate)
    page = response.content.decode()
    assert response.status_code == 200
    assert "This certificate is valid" in page
    for shown in (reader.name, certificate.course_title, certificate.serial, "saying no"):
        assert shown in page
    assert reader.email not in page
    assert response["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in page
    assert not response.cookies
    assert "no-store" in response["Cache-Control"]
    assert "Download" not in page


@pytest.mark.parametrize("wrong", ["AAAAA-AAAAA-AAAAA-AAAAA", "x", "%27%20OR%201=1", "1"])
def test_another_number_vouches_for_nothing(reader: Any, wrong: str) -> None:
    certified(reader)
    response = Client().get(f"/courses/-/certificates/{wrong}/")
    assert response.status_code == 404
    assert reader.name not in response.content.decode()
    assert response["X-Robots-Tag"] == "noindex"


def test_small_letters_do_as_well(reader: Any) -> None:
    serial = certified(reader).serial.lower()
    assert Client().get(f"/courses/-/certificates/{serial}/").status_code == 200


def test_looking_up_has_a_limit(reader: Any) -> None:
    certificate = certified(reader)
    client = Client(REMOTE_ADDR="203.0.113.7")
    for _look in range(LOOKUPS):
        assert client.get("/courses/-/certificates/AAAAA/").status_code == 404
    assert page_of(certificate, client).status_code == 429
    assert page_of(certificate, Client(REMOTE_ADDR="198.51.100.7")).status_code == 200


def test_its_page_takes_few_queries(reader: Any) -> None:
    certificate = certified(reader)
    with CaptureQueriesContext(connection) as asked:
        page_of(certificate)
    assert len(asked) <= 6


# ── Revoked, and issued anew ──────────────────────────────────────────────────────────────────


def test_a_revoked_one_says_so_with_its_reason(client: Client, reader: Any) -> None:
    certificate = certified(reader)
    with pytest.raises(ValidationError):
        revoke_certificate(actor=author(), certificate=certificate, reason=" ")
    revoke_certificate(
        actor=author(),
        certificate=certificate,
        reason="Handed in by somebody else.",
        now=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )
    page = page_of(certificate).content.decode()
    assert "not valid any more" in page
    assert "Handed in by somebody else." in page
    assert "20 November 2026" in page
    assert "This certificate is valid" not in page
    event = CourseEvent.objects.get(what="certificate_revoked")
    assert (event.actor, event.user, event.detail) == (
        author(),
        reader,
        "Handed in by somebody else.",
    )
    with pytest.raises(IllegalMoveError):
        revoke_certificate(actor=author(), certificate=certificate, reason="Twice")
    # It does not come back by itself, nor by asking.
    assert issue_missing_certificates() == 0
    client.force_login(reader)
    course = certificate.enrolment.course
    assert client.get(f"/courses/{course.slug}/-/certificate/").status_code == 404
    pdf = client.get(f"/courses/-/certificates/{certificate.serial}.pdf")
    assert pdf["Location"] == f"/courses/-/certificates/{certificate.serial}/"


def test_issued_anew_the_old_one_is_void(reader: Any) -> None:
    old = certified(reader)
    new = reissue_certificate(actor=author(), certificate=old, name="Żaneta Nowak")
    old.refresh_from_db()
    assert old.revoked_at is not None
    assert (new.name, new.completed_at) == ("Żaneta Nowak", old.completed_at)
    assert new.serial != old.serial
    with pytest.raises(IllegalMoveError):
        reissue_certificate(actor=author(), certificate=old)
    assert Certificate.objects.filter(revoked_at__isnull=True).get() == new


def test_readers_neither_revoke_nor_issue(reader: Any) -> None:
    certificate = certified(reader)
    with pytest.raises(PermissionDenied):
        revoke_certificate(actor=reader, certificate=certificate, reason="No")
    with pytest.raises(PermissionDenied):
        reissue_certificate(actor=reader, certificate=certificate)


# ── The PDF ───────────────────────────────────────────────────────────────────────────────────


def test_the_pdf_is_for_whose_it_is_and_for_authors(client: Client, reader: Any) -> None:
    certificate = certified(reader)
    address = f"/courses/-/certificates/{certificate.serial}.pdf"
    assert client.get(address).status_code == 302
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
    client.force_login(reader)
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''Saying%20no")
    assert response["X-Robots-Tag"] == "noindex"
    assert response.content.startswith(b"%PDF-")
    client.force_login(author())
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("style", list(CertificateStyle))
def test_each_style_is_one_sheet_with_its_typeface_inside(reader: Any, style: str) -> None:
    picture = BytesIO()
    Image.new("RGB", (60, 20), "navy").save(picture, "PNG")
    path = default_storage.save("images/sign/sign.png", ContentFile(picture.getvalue()))
    signature = ArticleImage.objects.create(
        file=path, width=60, height=20, alt="", uploaded_by=author()
    )
    certificate = certified(
        reader,
        certificate_style=style,
        certificate_heading="Urkunde",
        certificate_text="Zwei Lektionen. " * 12,
        certificate_signatory="Vera Langmann",
        certificate_signature=signature,
    )
    pdf = draw_certificate(certificate)
    assert pdf.count(b"/Type /Page\n") == 1
    assert b"+DejaVuSerif" in pdf
    assert b"/FontFile2" in pdf
    assert b"/Subtype /Image" in pdf
    # The same certificate is the same file.
    assert draw_certificate(certificate) == pdf
    # A signature that is gone is left out.
    default_storage.delete(path)
    assert b"/Subtype /Image" not in draw_certificate(certificate)


def test_a_long_name_and_title_stay_on_the_sheet(reader: Any) -> None:
    certificate = certified(reader, title="On saying no " * 15, certificate_text="Words " * 66)
    certificate.name = ("Wilhelmina-Konstantinopolitanska " * 4)[:120]
    for style in CertificateStyle:
        certificate.look["style"] = style
        assert draw_certificate(certificate).count(b"/Type /Page\n") == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Żółć Őry", True),
        ("Z\u030caneta", True),
        ("Łukasz Ğ Ș ẞ", True),
        ("Иоанна Ћирић", True),
        ("Ωμέγα Σίσυφος", True),
        ("Արամ", True),
        ("ნინო", True),
        ("Nguyễn Thị Ánh", True),
        ("山田花子", False),
        ("김민수", False),
        ("مريم", False),
        ("דָּוִד", False),
        ("प्रिया", False),
        ("Ann 🎓", False),
    ],
)
def test_which_names_can_be_drawn(name: str, expected: bool) -> None:
    assert can_draw(name) is expected


def test_a_name_that_cannot_be_drawn_is_printed_from_its_page(client: Client) -> None:
    reader = UserFactory(name="山田花子")
    certificate = certified(reader)
    assert not has_pdf(certificate)
    client.force_login(reader)
    pdf = client.get(f"/courses/-/certificates/{certificate.serial}.pdf")
    assert pdf.status_code == 302
    page = client.get(pdf["Location"]).content.decode()
    assert "山田花子" in page
    assert "Print this page instead" in page
    assert "Download the PDF" not in page
