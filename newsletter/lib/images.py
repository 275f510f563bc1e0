"""Read, clean and resize an uploaded picture. Knows Pillow; knows no database and no storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MAX_BYTES = 20 * 1024 * 1024
# A file of a few kilobytes can claim to hold billions of pixels. 40 million is a good camera's.
MAX_PIXELS = 40_000_000
MAX_SIDE = 20_000
# Nothing on a page is wider; a larger original is scaled to this.
LONGEST_SIDE = 3840
WIDTHS = (320, 640, 960, 1280, 1920)
# Mail programs show neither WebP nor AVIF reliably.
MAIL_WIDTH = 1280

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
_EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif"}


@dataclass(frozen=True, slots=True)
class Encoded:
    """One picture file. `format` is jpeg, png, webp or avif."""

    width: int
    height: int
    format: str
    data: bytes

    @property
    def extension(self) -> str:
        """What the file's name ends with, without the dot."""
        return _EXTENSIONS[self.format]


def read_image(file: IO[bytes], size: int, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Return the upright picture in `file` in sRGB with nothing else: no EXIF, no place, no names.

    Raises ValidationError with a message for the author. What the file's name claims does not
    count, only its bytes.
    """
    with _telling():
        image = _opened(file, size, formats)
        image.load()
        return _plain(image)


def check_image(file: IO[bytes], size: int) -> None:
    """Raise what `read_image` would, as far as the beginning of the file tells. Decodes nothing."""
    with _telling():
        _opened(file, size, FORMATS)


def _opened(file: IO[bytes], size: int, formats: tuple[str, ...]) -> Image.Image:
    if size > MAX_BYTES:
        raise ValidationError(_("The picture is larger than 20 MB."), code="too_large")
    file.seek(0)
    image: Image.Image = Image.open(file, formats=formats)
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise _too_many_pixels()
    if getattr(image, "n_frames", 1) > 1:
        raise ValidationError(
            _("Moving pictures cannot be used. Upload a single picture."), code="moving"
        )
    return image


@contextmanager
def _telling() -> Iterator[None]:
    """Say in the author's words what Pillow stumbles over."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValidationError(
            _("This is no picture we can read. Use JPEG, PNG, WebP, AVIF or GIF."),
            code="unreadable",
        ) from error
    except (ValueError, EOFError, MemoryError, OverflowError) as error:
        raise ValidationError(_("The picture is damaged."), code="damaged") from error


def _too_many_pixels() -> ValidationError:
    return ValidationError(
        _("The picture has more than 40 million pixels. Make it smaller first."),
        code="too_many_pixels",
    )


def _plain(image: Image.Image) -> Image.Image:
    format_ = image.format
    upright = _in_eight_bits(ImageOps.exif_transpose(image))
    has_alpha = upright.has_transparency_data
    plain = _in_srgb(upright, "RGBA" if has_alpha else "RGB")
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    # A new image, so that no chunk or comment of the old one is written again.
    clean = Image.new(plain.mode, plain.size)
    clean.paste(plain)
    clean.format = format_
    return clean


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Greys of sixteen bits scaled to eight: Pillow's own conversion makes most of them white."""
    if not image.mode.startswith("I"):
        return image
    scaled = image.convert("I").point(lambda grey: grey * (1 / 257))
    # What stood for "transparent" was one of the old greys.
    scaled.info.pop("transparency", None)
    return scaled.convert("L")


def _in_srgb(image: Image.Image, mode: str) -> Image.Image:
    """Turn the colours into sRGB, which every browser assumes of a picture without a profile."""
    profile = image.info.get("icc_profile")
    if profile and image.mode in {"RGB", "CMYK"}:
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError):
            converted = None
        if converted is not None:
            return converted.convert(mode)
    return image.convert(mode)


def encode_original(image: Image.Image) -> Encoded:
    """The picture at full size: PNG where it has transparency or was one, else JPEG."""
    return _encode(image, "png" if image.mode == "RGBA" or image.format == "PNG" else "jpeg")


def encode_renditions(image: Image.Image) -> Iterator[Encoded]:
    """WebP and AVIF at each width below the original's and at its own, and one for mail."""
    widths = [width for width in WIDTHS if width < image.width]
    if image.width <= WIDTHS[-1]:
        widths.append(image.width)
    for width in widths:
        small = _scaled(image, width)
        yield _encode(small, "webp")
        yield _encode(small, "avif")
    if image.width > MAIL_WIDTH:
        original = encode_original(image).format
        yield _encode(_scaled(image, MAIL_WIDTH), original)


def _scaled(image: Image.Image, width: int) -> Image.Image:
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _encode(image: Image.Image, format_: str) -> Encoded:
    buffer = BytesIO()
    match format_:
        case "jpeg":
            image.save(buffer, "JPEG", quality=86, optimize=True, progressive=True)
        case "png":
            image.save(buffer, "PNG", optimize=True)
        case "webp":
            image.save(buffer, "WEBP", quality=80, method=4)
        case "avif":
            image.save(buffer, "AVIF", quality=62, speed=8)
    return Encoded(image.width, image.height, format_, buffer.getvalue())
