"""Archives as people make them: packed by macOS and Windows, written in Obsidian or for Hugo."""

from __future__ import annotations

import io
import unicodedata
import zipfile

import pytest
from PIL import Image

from courses.actions.importing import import_course
from courses.enums import ImportState
from courses.exchange.archive import FolderSource, ZipSource
from courses.exchange.reading import read_parcel
from courses.models import Lesson
from newsletter.articles.models import ArticleImage, Attachment
from tests.courses.exchange.archives import LESSON, png, small, source_of, uploaded
from tests.factories.courses import author

WHY = "01-week-one/01-why.md"


def showing(address: str, path: str, page: str = WHY) -> dict[str, bytes]:
    """A small course whose text shows the picture at `path` by this address."""
    files = small()
    picture = files.pop("pictures/door.png")
    text = LESSON.replace("![A door](pictures/door.png)", f"![A door]({address})")
    return files | {page: text.encode(), path: picture}


def packed(files: dict[str, bytes]) -> io.BytesIO:
    """A ZIP that has the names byte for byte, and does not say that they are in UTF-8."""
    stand_ins = {
        f"{number:03}".rjust(len(name.encode()), "-"): name for number, name in enumerate(files)
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for stand_in, name in stand_ins.items():
            file.writestr(stand_in, files[name])
    raw = out.getvalue()
    for stand_in, name in stand_ins.items():
        raw = raw.replace(stand_in.encode(), name.encode())
    return io.BytesIO(raw)


def problems(files: dict[str, bytes]) -> list[str]:
    return [str(each) for each in read_parcel(source_of(files)).problems]


def test_a_zip_of_macos_is_read_through_its_noise() -> None:
    """Its names are UTF-8, do not say so, and have accents apart."""
    apart = unicodedata.normalize("NFD", "pictures/Tür.png")
    files = {f"Saying No/{name}": data for name, data in showing("pictures/Tür.png", apart).items()}
    noise = {"Saying No/.DS_Store": b"x", "__MACOSX/Saying No/._course.md": b"\0\5\x16\7"}
    parcel = read_parcel(ZipSource(packed(files | noise)))
    assert not parcel.problems
    assert "pictures/Tür.png" in parcel.source.names()


def test_a_zip_of_windows_has_backslashes() -> None:
    files = {"Saying No\\": b"", "Saying No\\01-week-one\\": b""}
    files |= {f"Saying No\\{name}".replace("/", "\\"): data for name, data in small().items()}
    parcel = read_parcel(ZipSource(packed(files)))
    assert not parcel.problems
    assert len(parcel.course.lessons) == 2


def test_folders_in_folders_are_looked_through() -> None:
    files = {f"export/course/{name}": data for name, data in small().items()}
    assert ZipSource(packed(files)).names() == sorted(small())
    assert ZipSource(packed({"export/one.txt": b"", "export/two.txt": b""})).names() == [
        "export/one.txt",
        "export/two.txt",
    ]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("pictures/my%20door.png", "pictures/my door.png"),
        ("<pictures/my door.png>", "pictures/my door.png"),
        ("pictures/Tür.png", "pictures/Tür.png"),
        ("pictures/T%C3%BCr.png", "pictures/Tür.png"),
        ("../pictures/door.png", "pictures/door.png"),
        ("./pictures/door.png", "pictures/door.png"),
        ("/images/door.png", "images/door.png"),
        ("../img/Door%20(1).PNG", "img/Door (1).PNG"),
        ("door.png", "01-week-one/door.png"),
        ("assets/door.png", "01-week-one/assets/door.png"),
    ],
)
@pytest.mark.django_db
def test_a_picture_is_found_as_editors_name_it(tmp_path, address: str, path: str) -> None:
    files = showing(address, path)
    for name, data in files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    _course, plan = import_course(actor=author(), source=FolderSource(tmp_path), name="x")
    assert not plan.parcel.problems
    image = ArticleImage.objects.get()
    assert f'src="{image.file.url}"' in Lesson.objects.get(slug="why").body
    _course, again = import_course(actor=author(), source=source_of(files), name="x")
    assert again.changes == 0
    assert ArticleImage.objects.count() == 1


@pytest.mark.django_db
def test_a_text_that_is_offered_is_a_file_like_others() -> None:
    files = {name: data for name, data in small().items() if name.count("/") < 1}
    files |= {
        "01-week-one/module.md": small()["01-week-one/module.md"],
        WHY: b'+++\ntitle = "Why"\nid = "why"\n+++\n[My notes](attachments/notes.md)\n',
        "attachments/notes.md": b"# Notes\n",
    }
    _course, plan = import_course(actor=author(), source=source_of(files), name="x")
    assert not plan.parcel.problems
    assert Attachment.objects.get().file.url in Lesson.objects.get(slug="why").body


def test_what_is_left_out_is_told() -> None:
    files = small() | {
        "README.md": b"# Read me",
        "01-week-one/sub/03-deep.md": LESSON.encode(),
        "01-week-one/04-up.MD": LESSON.encode(),
        "02-week-two/sketch.png": png(),
        "files/unused.pdf": b"x",
    }
    found = problems(files)
    assert [each.partition(":")[0] for each in found] == sorted(set(files) - set(small()))
    assert (
        "README.md: This text is left out: a lesson is an .md file in the folder of a module."
        in (found)
    )
    assert "files/unused.pdf: This file is left out, for no text names it." in found
    assert not read_parcel(source_of(files)).errors
    many = problems(small() | {f"files/{number}.pdf": b"x" for number in range(25)})
    assert len(many) == 21
    assert "5 more files are left out." in many


def test_links_and_marks_that_lead_nowhere_are_told_with_their_line() -> None:
    files = showing("pictures/door.png", "pictures/door.png")
    files[WHY] += (
        b"\n[Next](02-what-stayed.md), [gone](gone.pdf), [out](https://example.com), [up](#top)\n"
        b"\n![[door.png]] and a note.[^1]\n\n[^1]: The note.\n\n```\n![[code]]\n```\n"
    )
    found = [each.removeprefix(f"{WHY}:") for each in problems(files)]
    assert found == [
        "14: “02-what-stayed.md” is another text: a link to it leads nowhere on the site.",
        "14: There is no file “gone.pdf” in the archive.",
        "16: “![[door.png]]” is not Markdown; it stays as it is written.",
        "18: “[^1]:” is not Markdown; it stays as it is written.",
    ]
    assert not read_parcel(source_of(files)).errors


def test_nine_comes_before_ten() -> None:
    files = small()
    for number in ("9", "10", "100"):
        page = LESSON.replace('id = "why"', f'id = "l{number}"')
        files[f"01-week-one/{number}-lesson.md"] = page.encode()
        files[f"{number}-module/module.md"] = f'+++\ntitle = "{number}"\n+++\n'.encode()
    course = read_parcel(source_of(files)).course
    assert [module.values["title"] for module in course.modules] == ["Week one", "9", "10", "100"]
    assert [each.key for each in course.lessons] == ["why", "what-stayed", "l9", "l10", "l100"]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b'\xef\xbb\xbf+++  \r\ntitle\t=\t"A course"\r\n+++\t\r\nText.\r\n', ""),
        (b"+++\ntitle = 2024\n+++ \n", "course.md:2: “title”: must be a text in quotes.".encode()),
        (b"---\ntitle: 2024\n---\n", b"course.md:1: The front matter is in YAML. Write it in TOML"),
        (b"# A course\n", b"course.md:1: The file must begin with a line of +++"),
    ],
)
def test_front_matter_as_editors_leave_it(head: bytes, said: bytes) -> None:
    found = problems(small() | {"course.md": head})
    assert bool(found) == bool(said)
    assert not said or found[0].startswith(said.decode())


def picture(size: tuple[int, int], kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("1", size).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        ("pictures/door.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is no picture"),
        ("img/door.heic", b"\0\0\0\x18ftypheic\0\0\0\0", "This is no picture"),
        ("01-week-one/door.png", b"", "This is no picture"),
        ("pictures/door.tiff", picture((9, 9), "TIFF"), "This is no picture"),
        ("pictures/door.png", picture((8_000, 6_000)), "The picture has more than 40 million"),
    ],
)
@pytest.mark.django_db
def test_a_picture_that_cannot_be_shown_is_told_by_the_trial_run(
    path: str, data: bytes, said: str
) -> None:
    row = uploaded(showing(f"/{path}", path) | {path: data})
    assert row.state == ImportState.FAILED
    assert row.error.startswith(f"{path}: {said}")
