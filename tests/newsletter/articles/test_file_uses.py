"""The record of which text shows which upload: as saving makes it."""

from __future__ import annotations

import pytest

from newsletter.articles.actions import store_image
from newsletter.articles.models import FileUse
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory, picture_file

pytestmark = pytest.mark.django_db


def test_saving_records_to_whom_each_picture_is_shown() -> None:
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
    shown_to = dict(FileUse.objects.values_list("folder", "shown_to"))
    assert [shown_to.pop(each.file.name.rpartition("/")[0]) for each in pictures] == [
        "everyone",
        "known",
        "entitled",
        "everyone",
    ]
    assert shown_to == {}
