"""Pictures: checked by their bytes, cleaned of everything else, stored in sizes."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms

from newsletter.articles.actions import delete_image, store_image
from newsletter.articles.content import pictures_in
from newsletter.articles.models import Article, ArticleImage
from tests.factories.accounts import UserFactory
from tests.factories.articles import AuthorFactory, PublishedArticleFactory, picture_file

pytestmark = pytest.mark.django_db


def store(file: SimpleUploadedFile, **words: str) -> ArticleImage:
    return store_image(actor=AuthorFactory(), file=file, **words)


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(ValidationError) as refused:
        store(SimpleUploadedFile(name, data, "image/png"))
    assert not ArticleImage.objects.exists()
    return str(refused.value.code)


def opened(path: str) -> Image.Image:
    with default_storage.open(path) as file:
        image = Image.open(BytesIO(file.read()))
        image.load()
    return image


def png(width: int, height: int, chunks: bytes = b"") -> bytes:
    """A PNG that claims these measures; a few bytes, whatever they are."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"") + chunks


def test_a_picture_is_kept_in_sizes_no_larger_than_it_is() -> None:
    image = store(picture_file(size=(1600, 900)), alt="A desk", caption="By us")
    assert (image.width, image.height, image.alt, image.caption) == (1600, 900, "A desk", "By us")
    sizes = {(each["format"], each["width"]) for each in image.renditions}
    widths = (320, 640, 960, 1280, 1600)
    expected = {(name, width) for name in ("webp", "avif") for width in widths}
    assert sizes == expected | {("jpeg", 1280)}
    for each in image.renditions:
        file = opened(each["path"])
        assert file.format.lower() == each["format"]
        assert file.size == (each["width"], each["height"])
        assert abs(file.width / file.height - 16 / 9) < 0.01


def test_names_cannot_be_guessed_and_say_nothing_of_the_folder() -> None:
    first, second = (store(picture_file("../../etc/Mein Büro.JPG", size=(40, 30))) for _ in "ab")
    assert first.file.name != second.file.name
    folder, random, name = first.file.name.split("/")
    assert (folder, name) == ("images", "mein-buro.jpg")
    assert len(random) >= 12
    assert all(each["path"].startswith(f"images/{random}/") for each in first.renditions)


def test_where_and_who_are_taken_out_and_the_picture_stands_upright() -> None:
    source = Image.new("RGB", (60, 40), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "SecretCamera"
    exif[0x8298] = "SecretOwner"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    buffer = BytesIO()
    source.save(buffer, "JPEG", exif=exif, comment=b"SecretComment")
    assert b"SecretCamera" in buffer.getvalue()
    image = store(SimpleUploadedFile("a.jpg", buffer.getvalue()))
    assert (image.width, image.height) == (40, 60)
    for path in (image.file.name, *(each["path"] for each in image.renditions)):
        with default_storage.open(path) as file:
            data = file.read()
        assert b"Secret" not in data
        kept = opened(path)
        assert not kept.getexif()
        assert not kept.info.get("comment")


def test_colours_become_those_of_the_web() -> None:
    """A profile is applied before it is dropped, else the colours shift."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    file = picture_file(size=(20, 20), icc_profile=lab.tobytes())
    assert "icc_profile" not in opened(store(file).file.name).info
    cmyk = BytesIO()
    Image.new("CMYK", (20, 20), (0, 255, 255, 0)).save(cmyk, "JPEG")
    red = opened(store(SimpleUploadedFile("a.jpg", cmyk.getvalue())).file.name)
    assert red.mode == "RGB"
    red_part, green_part, _blue = red.getpixel((10, 10))
    assert red_part > 200 > 80 > green_part


@pytest.mark.parametrize("transparent", [None, 40_000])
def test_greys_of_sixteen_bits_stay_greys(transparent: int | None) -> None:
    """As scanners write them. What is above 255 of 65,535 was white."""
    scan = Image.new("I;16", (3, 1))
    for place, grey in enumerate((0, 32_768, 65_535)):
        scan.putpixel((place, 0), grey)
    data = BytesIO()
    scan.save(data, "PNG", transparency=transparent)
    image = store(SimpleUploadedFile("scan.png", data.getvalue(), "image/png"))
    shown = opened(image.file.name).convert("L")
    assert [shown.getpixel((place, 0)) for place in range(3)] == [0, 127, 255]


@pytest.mark.parametrize(
    ("format_", "options", "kept_as"),
    [
        ("JPEG", {}, "JPEG"),
        ("PNG", {}, "PNG"),
        ("PNG", {"alpha": True}, "PNG"),
        ("WEBP", {}, "JPEG"),
        ("WEBP", {"alpha": True}, "PNG"),
        ("AVIF", {}, "JPEG"),
        ("GIF", {}, "JPEG"),
    ],
)
def test_every_format_becomes_one_that_mail_programs_show(
    format_: str, options: dict[str, bool], kept_as: str
) -> None:
    image = store(picture_file("a.bin", (1400, 20), format_, **options))
    original = opened(image.file.name)
    assert original.format == kept_as
    assert original.has_transparency_data == bool(options.get("alpha"))
    mail = [each for each in image.renditions if each["format"] == kept_as.lower()]
    assert [each["width"] for each in mail] == [1280]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        (
            "a.svg",
            b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            "unreadable",
        ),
        ("a.png", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "unreadable"),
        ("a.png", b"<html><script>alert(1)</script></html>", "unreadable"),
        ("a.png", b"", "unreadable"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "unreadable"),
        ("a.png", png(60_000, 60_000), "too_many_pixels"),
        ("a.png", png(30_000, 2), "too_many_pixels"),
        ("a.png", png(600, 600), "unreadable"),
        ("a.png", b"\0" * (20 * 1024 * 1024 + 1), "too_large"),
        ("a.pdf", b"%PDF-1.4", "unreadable"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unreadable"),
    ],
    ids=range(11),
)
def test_what_is_no_picture_is_refused(name: str, data: bytes, code: str) -> None:
    assert refusal(name, data) == code


def test_moving_pictures_are_refused() -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    buffer = BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert refusal("a.gif", buffer.getvalue()) == "moving"


def test_a_page_hidden_behind_a_picture_is_not_kept() -> None:
    buffer = BytesIO()
    Image.new("RGB", (20, 20)).save(buffer, "PNG")
    image = store(SimpleUploadedFile("a.html", buffer.getvalue() + b"<script>alert(1)</script>"))
    assert image.file.name.endswith(".png")
    with default_storage.open(image.file.name) as file:
        assert b"script" not in file.read()


def test_very_large_pictures_are_made_smaller() -> None:
    image = store(picture_file(size=(6000, 3000)))
    assert (image.width, image.height) == (3840, 1920)
    assert max(each["width"] for each in image.renditions) == 1920


def test_only_staff_may_upload_and_delete() -> None:
    with pytest.raises(PermissionDenied):
        store_image(actor=UserFactory(), file=picture_file(size=(9, 9)))
    image = store(picture_file(size=(9, 9)))
    with pytest.raises(PermissionDenied):
        delete_image(actor=UserFactory(), image=image)


def test_deleting_removes_the_files(django_capture_on_commit_callbacks) -> None:
    image = store(picture_file(size=(400, 300)))
    paths = [image.file.name, *(each["path"] for each in image.renditions)]
    assert all(default_storage.exists(path) for path in paths)
    with django_capture_on_commit_callbacks(execute=True):
        delete_image(actor=AuthorFactory(), image=image)
    assert not any(default_storage.exists(path) for path in paths)


def test_a_failure_half_way_leaves_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    from newsletter.articles.actions import pictures

    def failing(_picture: Image.Image) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pictures, "encode_renditions", failing)
    with pytest.raises(OSError, match="disk full"):
        store(picture_file(size=(40, 30)))
    folders, _files = default_storage.listdir("images")
    assert all(not default_storage.listdir(f"images/{folder}")[1] for folder in folders)


def test_three_hundred_pictures_in_a_text_cost_one_query(django_assert_num_queries) -> None:
    images = [
        ArticleImage.objects.create(
            file=f"images/r{number}/a.jpg",
            width=640,
            height=480,
            renditions=[
                {"width": 320, "height": 240, "format": "webp", "path": f"images/r{number}/b.webp"}
            ],
        )
        for number in range(300)
    ]
    sources = {image.file.url for image in images}
    with django_assert_num_queries(1):
        known = pictures_in(sources)
    assert known.keys() == sources
    body = "".join(f'<figure><img src="{source}"></figure>' for source in sources)
    article = PublishedArticleFactory(body=body)
    assert article.full_html.count("image/webp") == 300


def test_the_text_shows_what_was_stored() -> None:
    image = store(picture_file(size=(700, 350)), alt="A desk")
    article = PublishedArticleFactory(body=f'<figure><img src="{image.file.url}"></figure>')
    article = Article.objects.get(pk=article.pk)
    assert 'width="700" height="350"' in article.full_html
    assert 'alt="A desk"' in article.full_html
    assert "desk-320.avif 320w" in article.full_html
    assert article.lead_image["width"] == 700
