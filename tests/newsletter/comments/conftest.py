"""An article that everybody may read, open rules, and somebody who looks after the talk."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import set_rules
from tests.newsletter.comments.akismet_server import akismet

__all__ = ["akismet"]


@pytest.fixture
def article(db: None) -> Article:
    """With the rules that hold nothing, so that each test adds its own."""
    set_rules()
    return PublishedArticleFactory(slug="on-asking", title="On asking")


@pytest.fixture
def reader(db: None) -> User:
    return UserFactory(name="Ada Reader")


@pytest.fixture
def moderator(db: None) -> User:
    return StaffFactory(name="Hanna Author")


@pytest.fixture
def desk(client: Client, moderator: User) -> Client:
    """The moderator, signed in to the admin."""
    sign_in_staff(client, moderator)
    return client
