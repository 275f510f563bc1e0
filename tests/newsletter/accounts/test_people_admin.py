"""The list of people in the admin: found by pieces, at a fixed number of queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories.accounts import UserFactory, sign_in_staff

pytestmark = pytest.mark.django_db

PATH = "/admin/newsletter/user/"


def test_readers_and_staff_are_found_by_pieces_of_address_and_name(client: Client) -> None:
    author = sign_in_staff(client)
    zoe = UserFactory(email="zoe@example.com", name="Zoë Ångström")
    UserFactory(email="ben@example.com", name="Ben")
    for typed, found in (
        ("zoe@exa", [zoe]),
        ("ström", [zoe]),
        (author.email, [author]),
        ("nobody", []),
    ):
        assert list(client.get(PATH, {"q": typed}).context["cl"].result_list) == found, typed


@pytest.mark.parametrize("query", ["", "?q=many"])
def test_the_number_of_queries_does_not_grow(client: Client, query: str) -> None:
    sign_in_staff(client)
    UserFactory(name="Many")
    client.get(PATH + query)
    with CaptureQueriesContext(connection) as one:
        client.get(PATH + query)
    UserFactory.create_batch(3, name="Many")
    with CaptureQueriesContext(connection) as many:
        client.get(PATH + query)
    assert len(many) == len(one)
