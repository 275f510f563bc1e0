"""A small course as an archive, and what it takes to bring the demo's in."""

from __future__ import annotations

import io
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from courses.actions.archives import look_through, upload_course
from courses.exchange.archive import MemorySource, Source, write_zip
from courses.models import CourseImport
from newsletter.articles.models import ArticleImage
from newsletter.memberships.models import Product
from tests.factories.courses import author
from tests.factories.subscribers import NewsletterFactory

DEMO = Path(__file__).parents[3] / "courses" / "demo"

COURSE = """+++
id = "saying-no"
title = "Saying No"
promise = "In three lessons."
state = "published"
+++

It is **short**.
"""
MODULE = """+++
id = "week-one"
title = "Week one"
+++
"""
LESSON = """+++
id = "why"
title = "Why it is hard"

[[files]]
path = "files/sheet.csv"
title = "A sheet"
+++

Because of *June*.

![A door](pictures/door.png)
"""
QUIZ = """+++
id = "what-stayed"
title = "What stayed"
kind = "quiz"

[quiz]
pass_percent = 50

[[quiz.questions]]
id = "how-soon"
kind = "single"
prompt = "How soon?"

[[quiz.questions.choices]]
text = "Within two days"
correct = true

[[quiz.questions.choices]]
text = "In June"
feedback = "Too late."
+++
"""


def png() -> bytes:
    """A small picture, as it is stored: encoding it anew changes nothing."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "#a33").save(out, "PNG", optimize=True)
    return out.getvalue()


def small() -> dict[str, bytes]:
    """The files of a small course with a picture, a file and a quiz."""
    return {
        "course.md": COURSE.encode(),
        "01-week-one/module.md": MODULE.encode(),
        "01-week-one/01-why.md": LESSON.encode(),
        "01-week-one/01-why.transcript.md": b"Said *aloud*.\n",
        "01-week-one/02-what-stayed.md": QUIZ.encode(),
        "files/sheet.csv": b"a,b\n1,2\n",
        "pictures/door.png": png(),
    }


def files_of(source: Source) -> dict[str, bytes]:
    """Everything in a source."""
    found = {}
    for name in source.names():
        with source.open(name) as file:
            found[name] = file.read()
    return found


def source_of(files: dict[str, bytes]) -> MemorySource:
    """An archive of these files."""
    return MemorySource(files)


def zipped(files: dict[str, bytes]) -> SimpleUploadedFile:
    """They as a ZIP from a form."""
    out = io.BytesIO()
    write_zip(source_of(files), out)
    return SimpleUploadedFile("saying-no.zip", out.getvalue(), "application/zip")


def uploaded(files: dict[str, bytes]) -> CourseImport:
    """They uploaded, and looked through by the worker."""
    row = upload_course(actor=author(), file=zipped(files))
    assert look_through(import_id=row.pk)
    row.refresh_from_db()
    return row


def prepare_demo() -> None:
    """What the demo's courses name of the site."""
    NewsletterFactory(slug="main")
    Product.objects.create(name="A year", slug="a-year-on-your-own-terms")


def demo_pictures() -> dict[str, ArticleImage]:
    """Stand-ins for the demo's prints."""
    return {
        name: ArticleImage.objects.create(
            file=default_storage.save(f"images/{name[5:]}/{name[5:]}.png", ContentFile(png()))
        )
        for name in ("demo:table", "demo:bridge")
    }
