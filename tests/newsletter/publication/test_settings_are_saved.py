"""save_publication: who may, what is cleaned, what is checked."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from newsletter.publication.actions import save_publication
from newsletter.publication.models import Publication
from newsletter.publication.queries import get_publication
from tests.factories.accounts import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_author_changes_the_name() -> None:
    save_publication(actor=StaffFactory(), publication=Publication(name="The Ferry"))
    assert get_publication().name == "The Ferry"


def test_there_is_only_ever_one_row() -> None:
    author = StaffFactory()
    save_publication(actor=author, publication=Publication(name="One"))
    save_publication(actor=author, publication=Publication(pk=7, name="Two"))
    assert [row.name for row in Publication.objects.all()] == ["Two"]


def test_reader_may_not() -> None:
    with pytest.raises(PermissionDenied):
        save_publication(actor=UserFactory(), publication=Publication(name="Mine"))
    assert not Publication.objects.exists()


def test_wrong_colour_is_refused() -> None:
    with pytest.raises(ValidationError, match="six hex digits"):
        save_publication(actor=StaffFactory(), publication=Publication(accent="red"))


def test_about_page_is_cleaned_on_the_way_in(client: Client) -> None:
    save_publication(
        actor=StaffFactory(),
        publication=Publication(
            about_html='<h2>Us</h2><script>x()</script><a href="javascript:x()" onclick="x()">a</a>'
        ),
    )
    page = client.get("/about/").content.decode()
    assert "<h2>Us</h2>" in page
    for bad in ("x()", "onclick", "javascript:"):
        assert bad not in page
