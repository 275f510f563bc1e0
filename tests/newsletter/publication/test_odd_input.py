"""What no column can hold is answered in words with 400, whoever asks and through whatever door."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.core.paginator import EmptyPage
from django.db import DataError
from django.test import Client
from django.urls import reverse

from newsletter.publication.odd_input import is_odd_input
from tests.factories.accounts import StaffFactory
from tests.factories.articles import ArticleFactory
from tests.newsletter.articles_admin.conftest import typed

FORTY_DIGITS = "9" * 40


@pytest.fixture
def desk(client: Client, settings, db: None) -> Client:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(StaffFactory(), backend="django.contrib.auth.backends.ModelBackend")
    # As a site answers: what is not caught is a 500.
    client.raise_request_exception = False
    return client


def test_a_key_that_no_column_holds(desk: Client) -> None:
    article = ArticleFactory()
    address = reverse("admin:newsletter_article_autosave", args=[article.pk])
    response = desk.post(address, typed(article, author=FORTY_DIGITS))
    assert response.status_code in {400, 422}
    article.refresh_from_db()
    assert article.version == 1


@pytest.mark.parametrize("page", ["x", "-1", FORTY_DIGITS])
def test_a_page_of_the_desks_search_that_is_not_there(desk: Client, page: str) -> None:
    response = desk.get(reverse("admin:search"), {"s": "article", "page": page})
    assert response.status_code == 400
    assert "could not make sense" in response.content.decode()


def test_what_is_a_failure_of_ours_stays_one() -> None:
    assert is_odd_input(DataError("bigint out of range"))
    assert is_odd_input(EmptyPage("none"))
    assert is_odd_input(ValueError("A string literal cannot contain NUL (0x00) characters."))
    assert not is_odd_input(ValueError("invalid literal for int()"))
    assert not is_odd_input(OverflowError("date value out of range"))
    assert not is_odd_input(ValidationError("no"))
