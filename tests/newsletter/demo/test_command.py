"""`manage.py load_demo`: what it says, and when the smaller pictures are made."""

from __future__ import annotations

from functools import partial
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from newsletter.articles.models import Article, ArticleImage
from newsletter.demo.loader import load_demo
from newsletter.demo.pictures import has_unfinished_pictures
from newsletter.management.commands import load_demo as command

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same prints at a fifth of their size: encoding them is what takes the time."""
    monkeypatch.setattr(command, "load_demo", partial(load_demo, size=(400, 250)))


def test_it_loads_and_finishes_the_pictures() -> None:
    out = StringIO()
    call_command("load_demo", stdout=out)
    assert "10 articles" in out.getvalue()
    assert "changepassword author@example.com" in out.getvalue()
    assert not has_unfinished_pictures()
    assert all(image.renditions for image in ArticleImage.objects.all())
    assert "srcset" in Article.objects.get(slug="the-second-chair").public_html


def test_pictures_can_come_later() -> None:
    call_command("load_demo", pictures_later=True, stdout=StringIO())
    assert has_unfinished_pictures()
    assert "srcset" not in Article.objects.get(slug="the-second-chair").public_html
    call_command("load_demo", finish_pictures=True)
    assert not has_unfinished_pictures()
    assert "srcset" in Article.objects.get(slug="the-second-chair").public_html


def test_a_refusal_is_an_error_in_words() -> None:
    call_command("load_demo", pictures_later=True, stdout=StringIO())
    with pytest.raises(CommandError, match="empty"):
        call_command("load_demo", stdout=StringIO())
