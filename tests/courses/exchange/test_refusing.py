"""What is wrong with an archive is said by file and line, and what is dangerous is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from courses.actions.bringing_in import NotBroughtInError
from courses.actions.importing import import_course, plan_import
from courses.exchange import archive
from courses.exchange.archive import BadArchiveError, FolderSource, MemorySource, ZipSource
from courses.exchange.reading import read_parcel
from courses.models import Course
from tests.courses.exchange.archives import small, source_of
from tests.factories.accounts import UserFactory
from tests.factories.courses import author


def problems(files: dict[str, bytes]) -> list[str]:
    return [str(each) for each in read_parcel(source_of(files)).problems]


def changed(path: str, old: str, new: str) -> dict[str, bytes]:
    files = small()
    assert old.encode() in files[path]
    files[path] = files[path].replace(old.encode(), new.encode())
    return files


WHY, QUIZ = "01-week-one/01-why.md", "01-week-one/02-what-stayed.md"


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        (WHY, 'title = "Why it is hard"', "title = Why", f"{WHY}:3: The front matter is not valid"),
        (WHY, 'title = "Why it is hard"\n', "", f"{WHY}:1: “title” is missing."),
        (WHY, 'title = "Why', 'colour = "red"\ntitle = "Why', f"{WHY}:3: “colour” is not known"),
        (WHY, 'title = "Why', 'drip = "weekly"\ntitle = "Why', f"{WHY}:3: “drip”: must be one of"),
        (
            WHY,
            'title = "Why',
            'minutes = "7"\ntitle = "Why',
            f"{WHY}:3: “minutes”: must be a whole",
        ),
        (WHY, 'title = "Why', 'drip_date = "2027-01-01"\ntitle = "Why', f"{WHY}:3: “drip_date”"),
        (WHY, 'title = "Why', 'drip = "date"\ntitle = "Why', f"{WHY}:3: Say on which day"),
        (WHY, "files/sheet.csv", "files/none.csv", f"{WHY}:6: There is no file “files/none.csv”"),
        (WHY, "files/sheet.csv", "../sheet.csv", f"{WHY}:6: “../sheet.csv”: This path leads out"),
        (WHY, "pictures/door.png", "pictures/no.png", f"{WHY}:12: There is no file “pictures/no"),
        (QUIZ, "correct = true", "correct = false", f"{QUIZ}:11: Exactly one choice"),
        (QUIZ, 'id = "what-stayed"', 'id = "why"', f"{QUIZ}:2: {WHY} has the same id, “why”."),
        (QUIZ, 'text = "In June"', "text = 4", f"{QUIZ}:19: “text”: must be a text in quotes."),
        (WHY, "files/sheet.csv", "https://x.example/a.csv", f"{WHY}:6: There is no file “https:"),
        (WHY, 'title = "Why', f'minutes = {"[" * 9000}\ntitle = "Why', f"{WHY}:1: The front"),
        (WHY, 'title = "Why', f'minutes = {"9" * 5000}\ntitle = "Why', f"{WHY}:1: The front"),
        (WHY, 'title = "Why', 'title = "\\u0000Why', f"{WHY}:3: “title”: holds a character"),
        ("course.md", 'id = "saying-no"', 'tiers = ["\\u0000"]', "course.md:2: “tiers”: must be a"),
        (
            WHY,
            'title = "Why',
            'media_url = "javascript:alert(1)"\ntitle = "Why',
            f"{WHY}:3: “media_url”: must be an address",
        ),
        (
            "course.md",
            'id = "saying-no"',
            'trailer_url = "javascript:alert(1)//https://x.example"',
            "course.md:2: “trailer_url”: must be an address",
        ),
        ("course.md", "+++\n\nIt", "\n\nIt", "course.md:1: The front matter has no end"),
        ("course.md", 'id = "saying-no"', "tiers = [1]", "course.md:2: “tiers”: must be a list"),
    ],
)
def test_what_is_wrong_is_said_by_file_and_line(path: str, old: str, new: str, said: str) -> None:
    found = problems(changed(path, old, new))
    assert any(each.startswith(said) for each in found), found


@pytest.mark.django_db
def test_a_path_in_another_spelling_is_the_same_file() -> None:
    files = changed(WHY, "files/sheet.csv", "./files//sheet.csv")
    course, _plan = import_course(actor=author(), source=source_of(files), name="x")
    assert course.lessons.get(slug="why").files.get().name == "sheet.csv"


def test_a_file_that_is_no_text_and_a_folder_without_a_module() -> None:
    files = small()
    files["01-week-one/01-why.md"] = b"\xff\xfe"
    files["02-more/01-x.md"] = b"+++\n+++\n"
    found = problems(files)
    assert f"{WHY}: The file is not in UTF-8." in found
    assert "02-more: There is no module.md in this folder." in found


def test_texts_that_fill_the_memory_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("courses.exchange.reading.MAX_TEXTS", 100)
    assert problems(small()) == ["Its texts are longer than 64 MB together."]


def test_an_archive_without_a_course() -> None:
    assert problems({"readme.txt": b"x"}) == ["There is no course.md at the top of it."]


@pytest.mark.django_db
def test_what_the_site_does_not_have_is_said_with_its_line() -> None:
    files = changed("course.md", "state", 'tiers = ["gold"]\nnewsletter = "none"\nstate')
    plan = plan_import(actor=author(), source=source_of(files))
    said = [str(each) for each in plan.parcel.errors]
    assert "course.md:5: “tiers”: there is no “gold” on this site." in said
    assert "course.md:6: “newsletter”: there is no “none” on this site." in said
    with pytest.raises(NotBroughtInError, match=r"course\.md:5"):
        import_course(actor=author(), source=source_of(files), name="x")
    assert not Course.objects.exists()


@pytest.mark.django_db
def test_a_dry_run_writes_nothing() -> None:
    plan = plan_import(actor=author(), source=source_of(small()))
    assert [step.what for step in plan.steps] == ["new"] * 5
    assert not Course.objects.exists()


@pytest.mark.django_db
def test_it_is_whole_or_not_at_all() -> None:
    # A quiz without a question can be read, and is not fit to be published.
    files = small()
    files["01-week-one/02-what-stayed.md"] = (
        b'+++\nid = "q"\ntitle = "Q"\nkind = "quiz"\n\n[quiz]\npass_percent = 50\n+++\n'
    )
    with pytest.raises(NotBroughtInError, match=r"02-what-stayed\.md: There is no question yet"):
        import_course(actor=author(), source=source_of(files), name="x")
    assert not Course.objects.exists()


@pytest.mark.django_db
def test_only_authors_bring_in() -> None:
    with pytest.raises(PermissionDenied):
        import_course(actor=UserFactory(), source=source_of(small()), name="x")


# ── Archives that were made to do harm ────────────────────────────────────────────────────────


def zipped(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries:
            file.writestr(name, data)
    out.seek(0)
    return out


@pytest.mark.parametrize(
    "name", ["../x.md", "a/../../x.md", "/etc/passwd", "C:/x.md", "a\\..\\x.md", "a\x07.md"]
)
def test_paths_that_lead_out_are_refused(name: str) -> None:
    with pytest.raises(BadArchiveError, match="leads out"):
        ZipSource(zipped((name, b"x")))
    with pytest.raises(BadArchiveError, match="leads out"):
        MemorySource({name: b"x"})


def test_links_are_refused(tmp_path) -> None:
    link = zipfile.ZipInfo("a.md")
    link.external_attr = 0o120777 << 16
    with pytest.raises(BadArchiveError, match="link"):
        ZipSource(zipped((link, b"/etc/passwd")))
    (tmp_path / "a.md").symlink_to("/etc/passwd")
    with pytest.raises(BadArchiveError, match="link"):
        FolderSource(tmp_path)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(BadArchiveError, match="far more"):
        ZipSource(zipped(("files/x", b"\0" * 5_000_000)))


def test_too_many_and_too_much(monkeypatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with pytest.raises(BadArchiveError, match="too many"):
        ZipSource(zipped(("a", b""), ("b", b""), ("c", b"")))
    monkeypatch.setattr(archive, "MAX_FILES", 10)
    monkeypatch.setattr(archive, "MAX_TOTAL", 5)
    with pytest.raises(BadArchiveError, match="larger than"):
        ZipSource(zipped(("a", b"1234"), ("b", b"1234")))


def test_a_size_that_lies_gives_no_more_than_it_said() -> None:
    whole = bytearray(zipped(("course.md", b"x" * 5000)).getvalue())
    # The central directory says how large it is: 20 bytes instead.
    at = whole.rindex(b"PK\x01\x02") + 24
    whole[at : at + 4] = (20).to_bytes(4, "little")
    source = ZipSource(io.BytesIO(bytes(whole)))
    parcel = read_parcel(source)
    assert parcel.errors


def test_the_same_path_twice_and_a_text_that_is_huge(monkeypatch) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped(("a.md", b"x"), ("a.md", b"y"))
    with pytest.raises(BadArchiveError, match="same path"):
        ZipSource(twice)
    monkeypatch.setattr(archive, "MAX_TEXT", 10)
    files = small()
    assert archive.read_bytes(source_of(files), "files/sheet.csv", 10) == b"a,b\n1,2\n"
    with pytest.raises(BadArchiveError, match="too large"):
        archive.read_bytes(source_of(files), "course.md", 10)


def test_no_zip_at_all_and_a_folder_within() -> None:
    with pytest.raises(BadArchiveError, match="no ZIP"):
        ZipSource(io.BytesIO(b"PK nothing"))
    within = zipped(*((f"my-course/{name}", data) for name, data in small().items()))
    assert ZipSource(within).names() == sorted(small())


def packed(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive_:
        for name, content in small().items():
            archive_.writestr(name, content)
    return out.getvalue()


def _bad_options(data: bytearray) -> None:
    """LZMA's own settings, which stand before what it packed."""
    at = zipfile.ZipFile(io.BytesIO(bytes(data))).getinfo("course.md").header_offset
    data[at + 30 + len("course.md") + 4] = 0xFF


def _bad_data(data: bytearray) -> None:
    at = zipfile.ZipFile(io.BytesIO(bytes(data))).getinfo("course.md").header_offset
    start = at + 30 + len("course.md") + 20
    data[start : start + 40] = bytes(each ^ 0x55 for each in data[start : start + 40])


def _later_version(data: bytearray) -> None:
    data[data.index(b"PK\x01\x02") + 6] = 0xFF


def _before_the_file(data: bytearray) -> None:
    """Where the first entry begins, which is counted from the end."""
    end = data.index(b"PK\x05\x06")
    data[end + 16 : end + 20] = (2**31).to_bytes(4, "little")


@pytest.mark.parametrize("damage", [_bad_options, _bad_data, _later_version, _before_the_file])
def test_a_damaged_archive_is_refused_in_words(damage: Callable[[bytearray], None]) -> None:
    data = bytearray(packed(zipfile.ZIP_LZMA))
    damage(data)
    try:
        said = [str(each) for each in read_parcel(ZipSource(io.BytesIO(bytes(data)))).errors]
    except BadArchiveError as error:
        said = [str(error)]
    assert any("damaged" in each or "unpacked" in each for each in said), said
