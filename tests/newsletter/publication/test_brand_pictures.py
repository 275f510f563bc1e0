"""Logo, favicon and portrait: what a photograph says about its maker is not published."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from newsletter.accounts.actions import save_person
from newsletter.publication.actions import save_publication
from newsletter.publication.forms import PublicationForm
from newsletter.publication.models import Publication
from newsletter.publication.queries import get_publication
from tests.factories.accounts import StaffFactory
from tests.factories.articles import picture_file

pytestmark = pytest.mark.django_db


def _photo() -> SimpleUploadedFile:
    exif = Image.Exif()
    exif[0x010F] = "A camera of mine"
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(0x8825)[1] = "N"
    return picture_file("me.jpg", (300, 200), exif=exif.tobytes(), comment=b"A camera of mine")


def _icon() -> SimpleUploadedFile:
    buffer = BytesIO()
    Image.new("RGBA", (48, 48), (120, 20, 20, 90)).save(buffer, "ICO")
    return SimpleUploadedFile("favicon.ico", buffer.getvalue())


def test_pictures_are_stored_upright_and_bare():
    save_publication(actor=StaffFactory(), publication=Publication(logo=_photo(), favicon=_icon()))
    author = StaffFactory(is_superuser=True)
    author.portrait = _photo()
    save_person(actor=author, user=author)
    stored = get_publication()
    for field in (stored.logo, author.portrait):
        data = field.read()
        assert b"A camera of mine" not in data
        image = Image.open(BytesIO(data))
        assert (image.size, dict(image.getexif())) == ((200, 300), {})
        assert field.name.endswith("/me.jpg")
    assert stored.favicon.name.endswith("/favicon.png")
    assert Image.open(stored.favicon).format == "PNG"


def test_what_is_stored_is_not_encoded_again():
    author = StaffFactory()
    save_publication(actor=author, publication=Publication(logo=_photo()))
    before = get_publication()
    name, data = before.logo.name, before.logo.read()
    save_publication(actor=author, publication=before)
    after = get_publication()
    assert (after.logo.name, after.logo.read()) == (name, data)


def test_no_picture_is_refused_by_the_action_and_explained_by_the_form():
    moving = BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    upload = SimpleUploadedFile("logo.gif", moving.getvalue(), "image/gif")
    with pytest.raises(ValidationError, match="Moving pictures"):
        save_publication(actor=StaffFactory(), publication=Publication(logo=upload))
    upload.seek(0)
    form = PublicationForm({}, {"logo": upload})
    assert "Moving pictures cannot be used" in str(form.errors["logo"])
