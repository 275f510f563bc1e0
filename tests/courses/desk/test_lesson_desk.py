"""A lesson's desk: saving, saving by itself, revisions, files, and two authors at once (W2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from courses.actions import duplicate_lesson, save_lesson
from courses.models import Lesson, LessonFile
from courses.storage import course_storage
from newsletter.accounts.models import User
from tests.courses.desk.conftest import staff_with
from tests.factories.accounts import StaffFactory
from tests.factories.courses import LessonFactory

pytestmark = pytest.mark.django_db

VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n"


def url(lesson: Lesson, name: str = "change", *more: object) -> str:
    return reverse(f"admin:courses_lesson_{name}", args=[lesson.pk, *more])


def typed(lesson: Lesson, **changes: Any) -> dict[str, Any]:
    """What the desk's form sends for `lesson`, with `changes`."""
    data: dict[str, Any] = {
        "version": lesson.version,
        "title": lesson.title,
        "summary": lesson.summary,
        "kind": lesson.kind,
        "body": lesson.body,
        "slug": lesson.slug,
        "media_url": lesson.media_url,
        "media_seconds": lesson.media_seconds or "",
        "poster": lesson.poster_id or "",
        "transcript": lesson.transcript,
        "estimated_minutes": lesson.estimated_minutes or "",
        "is_required": "on" if lesson.is_required else "",
        "is_preview": "on" if lesson.is_preview else "",
        "drip": lesson.drip,
        "drip_days": lesson.drip_days,
        "drip_date": lesson.drip_date or "",
        "mail": lesson.mail,
        "mail_subject": lesson.mail_subject,
        "mail_preheader": lesson.mail_preheader,
    }
    return {name: value for name, value in {**data, **changes}.items() if value != ""}


def file_of(name: str = "notes.pdf", content: bytes = b"%PDF-1.4") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def draft(db: None) -> Lesson:
    return LessonFactory(title="One line", state="draft")


def test_it_is_saved_with_all_that_belongs_to_it(desk: Client, draft: Lesson) -> None:
    data = typed(
        draft,
        title="Two\n lines",
        kind="video",
        media_url="https://video.example/1",
        media_seconds="130",
        transcript="<p>Hello, and <script>x</script>welcome.</p>",
        drip="days",
        drip_days="4",
    )
    assert desk.post(url(draft), data).status_code == 302
    draft.refresh_from_db()
    assert (draft.title, draft.kind, draft.media_seconds, draft.drip_days) == (
        "Two lines",
        "video",
        130,
        4,
    )
    assert "<script" not in draft.transcript_html
    page = desk.get(url(draft)).content.decode()
    assert 'data-for-kinds="video audio"' in page
    assert "https://video.example/1" in page


@pytest.mark.parametrize(
    ("field", "value"), [("media_url", "ftp://files.example/1.mp4"), ("drip_days", "3651")]
)
def test_what_no_import_would_take_is_not_stored(
    desk: Client, draft: Lesson, field: str, value: str
) -> None:
    """Else the course could be exported and not brought in again."""
    page = desk.post(url(draft), typed(draft, kind="video", drip="days", **{field: value}))
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert value in page.content.decode()
    draft.refresh_from_db()
    assert (draft.media_url, draft.drip_days) == ("", 0)


def test_it_is_published_and_taken_back(desk: Client, draft: Lesson) -> None:
    desk.post(url(draft), typed(draft, body="<p>Text.</p>", _publish="1"))
    draft.refresh_from_db()
    assert draft.state == "published"
    desk.post(url(draft), typed(draft, body="", _unpublish="1"))
    draft.refresh_from_db()
    assert (draft.state, draft.body) == ("draft", "")


def test_what_is_not_ready_is_saved_and_stays_a_draft(desk: Client, draft: Lesson) -> None:
    answer = desk.post(url(draft), typed(draft, kind="video", _publish="1"), follow=True)
    assert "It is saved, and still a draft: There is no recording yet." in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.kind, draft.state) == ("video", "draft")


def test_what_is_wrong_is_said_and_nothing_is_stored(desk: Client, draft: Lesson) -> None:
    other = LessonFactory(module=draft.module, title="Taken")
    for changes, says in (
        ({"drip": "date"}, "Say on which day."),
        ({"slug": other.slug}, "Another lesson of the course has this address."),
        ({"media_seconds": "-3"}, "greater than or equal to 0"),
    ):
        answer = desk.post(url(draft), typed(draft, title="Changed", **changes))
        assert answer.status_code == 422
        assert says in answer.content.decode()
    draft.refresh_from_db()
    assert draft.title == "One line"


def test_a_draft_saves_itself_and_nothing_else_does(desk: Client, draft: Lesson) -> None:
    answer = desk.post(url(draft, "autosave"), typed(draft, title="By itself"))
    assert answer.status_code == 200
    assert answer.json()["version"] == draft.version + 1
    draft.refresh_from_db()
    assert draft.title == "By itself"
    public = LessonFactory(module=draft.module)
    refused = desk.post(url(public, "autosave"), typed(public, title="Half a ti"))
    assert refused.status_code == 400
    public.refresh_from_db()
    assert public.title != "Half a ti"
    assert desk.post(url(draft, "autosave"), typed(draft, drip="date")).status_code == 422
    assert desk.get(url(draft, "autosave")).status_code == 405


# ── W2 ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def both(draft: Lesson) -> tuple[Lesson, dict[str, Any]]:
    """A lesson that Bo saved while it was open here, and what was typed here."""
    mine = typed(draft, body="<p>Both begin here. Ada goes on.</p>")
    theirs = Lesson.objects.get(pk=draft.pk)
    theirs.body = "<p>Both begin here. Bo goes on.</p>"
    save_lesson(actor=StaffFactory(name="Bo Marsh"), lesson=theirs)
    draft.refresh_from_db()
    return draft, mine


def test_w2_the_second_author_sees_both(desk: Client, both: tuple[Lesson, Any]) -> None:
    lesson, mine = both
    answer = desk.post(url(lesson), mine)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Bo Marsh saved this lesson at" in page
    assert "Ada" in page
    lesson.refresh_from_db()
    assert "Bo goes on" in lesson.body
    autosave = desk.post(url(lesson, "autosave"), mine)
    assert autosave.status_code == 409
    assert "Bo Marsh" in autosave.json()["error"]


def test_w2_mine_is_stored_and_theirs_is_kept(desk: Client, both: tuple[Lesson, Any]) -> None:
    lesson, mine = both
    desk.post(url(lesson), mine)
    desk.post(url(lesson), {**mine, "version": lesson.version})
    lesson.refresh_from_db()
    assert "Ada goes on" in lesson.body
    assert any("Bo goes on" in body for body in lesson.history.values_list("body", flat=True))


def test_w2_theirs_stands_and_mine_is_kept(desk: Client, both: tuple[Lesson, Any]) -> None:
    lesson, mine = both
    desk.post(url(lesson), mine)
    desk.post(url(lesson), {**mine, "version": lesson.version, "_keep_theirs": "1"})
    lesson.refresh_from_db()
    assert "Bo goes on" in lesson.body
    assert any("Ada goes on" in body for body in lesson.history.values_list("body", flat=True))


def test_w2_one_may_go_on_writing(desk: Client, both: tuple[Lesson, Any]) -> None:
    lesson, mine = both
    page = desk.post(url(lesson), {**mine, "version": lesson.version, "_go_on": "1"})
    assert "Ada goes on" in page.content.decode()
    lesson.refresh_from_db()
    assert "Bo goes on" in lesson.body


# ── Revisions ─────────────────────────────────────────────────────────────────────────────────


def test_revisions_are_compared_and_brought_back(desk: Client, draft: Lesson) -> None:
    desk.post(url(draft), typed(draft, body="<p>First words.</p>"))
    draft.refresh_from_db()
    desk.post(url(draft), typed(draft, body="<p>Second words.</p>", drip="days", drip_days="2"))
    draft.refresh_from_db()
    newest, first = draft.history.order_by("-history_id")[:2]
    listed = desk.get(url(draft, "revisions")).content.decode()
    assert "Ada Winter" in listed
    shown = desk.get(url(draft, "revision", newest.history_id)).content.decode()
    assert "First" in shown
    assert "Days after enrolment" in shown
    assert (
        "Nothing differs."
        in desk.get(url(draft, "revision", newest.history_id) + "?with=now").content.decode()
    )
    desk.post(url(draft, "restore", first.history_id), {"version": draft.version})
    draft.refresh_from_db()
    assert draft.body == "<p>First words.</p>"
    # Somebody was faster: nothing is brought back.
    # Nor by a form that does not say what it was opened on.
    for version in ({"version": draft.version - 1}, {}, {"version": "x"}, {"version": "9" * 30}):
        desk.post(url(draft, "restore", newest.history_id), version)
        draft.refresh_from_db()
        assert draft.body == "<p>First words.</p>"
    stranger = LessonFactory().history.first()
    assert desk.get(url(draft, "revision", stranger.history_id)).status_code == 404
    assert desk.post(url(draft, "restore", stranger.history_id)).status_code == 404


# ── Files ─────────────────────────────────────────────────────────────────────────────────────


def add(desk: Client, lesson: Lesson, file: Any, role: str = "download", **more: str) -> Any:
    return desk.post(url(lesson, "files"), {"file": file, "role": role, **more})


def test_a_file_is_taken_in_and_removed(desk: Client, draft: Lesson) -> None:
    answer = add(desk, draft, file_of("../My notes.pdf"), title="Notes to print")
    assert answer.status_code == 302
    file = draft.files.get()
    assert (file.name, file.title, file.size) == ("My notes.pdf", "Notes to print", 8)
    assert (file.content_type, len(file.sha256)) == ("application/pdf", 64)
    page = desk.get(url(draft)).content.decode()
    assert "Notes to print" in page
    # Nothing leads to it by an address of the storage.
    assert file.file.name not in page
    desk.post(url(draft, "remove_file", file.pk))
    assert not draft.files.exists()


@pytest.mark.django_db(transaction=True)
def test_a_removed_file_is_gone_unless_a_copy_of_the_lesson_has_it(
    desk: Client, draft: Lesson, teacher: User
) -> None:
    add(desk, draft, file_of())
    stored = draft.files.get().file.name
    copy = duplicate_lesson(actor=teacher, lesson=draft)
    desk.post(url(draft, "remove_file", draft.files.get().pk))
    assert course_storage().exists(stored)
    desk.post(url(copy, "remove_file", copy.files.get().pk))
    assert not course_storage().exists(stored)


def test_a_recording_and_captions_take_the_place_of_those_before(
    desk: Client, draft: Lesson
) -> None:
    add(desk, draft, file_of("one.mp4"), "media")
    add(desk, draft, file_of("two.mp4"), "media")
    add(desk, draft, file_of("en.vtt", VTT), "captions", language="en")
    add(desk, draft, file_of("de.vtt", VTT), "captions", language="de")
    add(desk, draft, file_of("en2.vtt", VTT), "captions", language="en")
    names = set(draft.files.values_list("name", flat=True))
    assert names == {"two.mp4", "de.vtt", "en2.vtt"}
    assert LessonFile.objects.get(name="two.mp4").content_type == "video/mp4"


@pytest.mark.parametrize(
    ("file", "role", "says"),
    [
        (("a.pdf", b""), "download", "The submitted file is empty."),
        (("a.pdf", b"%PDF"), "media", "This is no recording"),
        (("a.srt", b"1\n00:00"), "captions", "Captions are a WebVTT file"),
        (("a.vtt", VTT), "captions", "Say in which language the captions are."),
    ],
)
def test_what_cannot_be_used_is_refused(
    desk: Client, draft: Lesson, file: tuple[str, bytes], role: str, says: str
) -> None:
    answer = add(desk, draft, file_of(*file), role)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not draft.files.exists()


def test_a_published_lesson_keeps_the_file_it_is_about(desk: Client, draft: Lesson) -> None:
    add(desk, draft, file_of("talk.mp3"), "media")
    desk.post(url(draft), typed(draft, kind="audio", _publish="1"))
    answer = desk.post(url(draft, "remove_file", draft.files.get().pk), follow=True)
    assert "Take it back to a draft first." in answer.content.decode()
    assert draft.files.exists()


# ── Who may ───────────────────────────────────────────────────────────────────────────────────


def test_who_may_look_may_not_touch(draft: Lesson) -> None:
    looking = staff_with("view_course")
    page = looking.get(url(draft)).content.decode()
    assert "Save draft" not in page
    assert "Add a file" not in page
    revision = draft.history.first().history_id
    for path, data in (
        (url(draft), typed(draft, title="X")),
        (url(draft, "autosave"), typed(draft, title="X")),
        (url(draft, "files"), {"file": file_of(), "role": "download"}),
        (url(draft, "restore", revision), {}),
    ):
        assert looking.post(path, data).status_code == 403
    draft.refresh_from_db()
    assert (draft.title, draft.files.count()) == ("One line", 0)


def test_staff_without_the_right_see_nothing(draft: Lesson) -> None:
    nobody = staff_with("view_article", "view_enrolment")
    for name in ("change", "preview", "revisions"):
        assert nobody.get(url(draft, name)).status_code == 403


def test_what_is_not_there_is_not_found(desk: Client, draft: Lesson) -> None:
    missing = Lesson(pk=draft.pk + 999)
    for name in ("change", "preview", "revisions"):
        assert desk.get(url(missing, name)).status_code == 404
    assert desk.post(url(draft, "remove_file", 999)).status_code == 404
    # Lessons are added and listed on the outline.
    assert desk.get(reverse("admin:courses_lesson_add")).status_code == 302
    assert desk.get(reverse("admin:courses_lesson_changelist")).status_code == 302
