"""Tags in the admin."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.articles.actions import find_or_create_tags
from newsletter.articles.models import Tag
from tests.factories.accounts import UserFactory
from tests.factories.articles import ArticleFactory, TagFactory

pytestmark = pytest.mark.django_db
ADD = "/admin/newsletter/tag/add/"


def test_a_tag_gets_its_short_name_from_its_name(desk: Client) -> None:
    desk.post(ADD, {"name": "Über  Preise", "slug": "", "position": 0})
    tag = Tag.objects.get()
    assert (tag.name, tag.slug) == ("Über Preise", "über-preise")


def test_one_name_once(desk: Client) -> None:
    TagFactory(name="Rates", slug="rates")
    page = desk.post(ADD, {"name": "rates", "slug": "", "position": 0}).content.decode()
    assert "There is a tag with this name already." in page
    assert Tag.objects.count() == 1


def test_the_list_counts_articles(desk: Client) -> None:
    tag = TagFactory()
    ArticleFactory(tags=[tag])
    ArticleFactory(tags=[tag])
    page = desk.get("/admin/newsletter/tag/").content.decode()
    assert tag.name in page
    assert ">2<" in page.replace(" ", "").replace("\n", "")


def test_deleting_takes_it_off_the_articles(desk: Client) -> None:
    tag = TagFactory()
    article = ArticleFactory(tags=[tag])
    desk.post(reverse("admin:newsletter_tag_delete", args=[tag.pk]), {"post": "yes"})
    assert not article.tags.exists()


def test_names_that_look_alike_in_an_address_are_told_apart(author: User) -> None:
    made = find_or_create_tags(actor=author, names=["C++", "C", "c", "C#"])
    assert [tag.name for tag in made] == ["C++", "C", "C#"]
    assert len({tag.slug for tag in made}) == 3


def test_readers_make_no_tags() -> None:
    with pytest.raises(PermissionDenied):
        find_or_create_tags(actor=UserFactory(), names=["Mine"])
