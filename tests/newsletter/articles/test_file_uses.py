"""The record of which text shows which upload: as saving makes it, and as old texts got it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps

from newsletter import migrations
from newsletter.articles.actions import store_image
from newsletter.articles.models import FileUse
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory, picture_file

pytestmark = pytest.mark.django_db


def test_the_migration_records_what_saving_does() -> None:
    pictures = [
        store_image(actor=StaffFactory(), file=picture_file(size=(40, 30))) for _each in range(4)
    ]
    above, members, below, cover = (
        f'<figure><img src="{each.file.url}" alt=""></figure>' for each in pictures
    )
    section = f'<section data-audience="members">{members}</section>'
    PublishedArticleFactory(
        access="paid", cover=pictures[3], body=f"{above}{section}{PAYWALL}{below}{above}{cover}"
    )
    saved = set(FileUse.objects.values_list("folder", "article", "shown_to"))
    assert [use.shown_to for use in FileUse.objects.order_by("shown_to")] == [
        "entitled",
        "everyone",
        "everyone",
        "known",
    ]
    FileUse.objects.all().delete()
    (file,) = Path(str(migrations.__file__)).parent.glob("*_private_reading.py")
    import_module(f"newsletter.migrations.{file.stem}").record_uses(apps, None)
    assert set(FileUse.objects.values_list("folder", "article", "shown_to")) == saved
