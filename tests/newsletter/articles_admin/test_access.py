"""Who may open which address of the desk."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import ArticleFactory, TagFactory

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"

READS = ["change", "preview", "revisions", "revision", "publish", "schedule", "archive"]
WRITES = ["autosave", "publish", "schedule", "unpublish", "archive", "restore", "change", "preview"]


@pytest.fixture
def article() -> Article:
    return ArticleFactory()


def address(name: str, article: Article) -> str:
    arguments: list[int] = [article.pk]
    if name in {"revision", "restore"}:
        arguments.append(article.history.first().history_id)
    return reverse(f"admin:newsletter_article_{name}", args=arguments)


def staff_with(*permissions: str) -> User:
    user = StaffFactory(is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.mark.parametrize("name", [*READS, "unpublish"])
def test_a_visitor_is_sent_to_sign_in(client: Client, article: Article, name: str) -> None:
    response = client.get(address(name, article))
    assert response.status_code == 302
    assert "/login" in response["Location"]


@pytest.mark.parametrize("name", READS)
def test_a_reader_gets_nothing(client: Client, article: Article, name: str) -> None:
    client.force_login(UserFactory(), backend=BACKEND)
    response = client.get(address(name, article))
    assert response.status_code in {302, 403}
    assert article.title not in response.content.decode()


@pytest.mark.parametrize("name", READS)
def test_staff_without_the_right_are_refused(client: Client, article: Article, name: str) -> None:
    client.force_login(staff_with(), backend=BACKEND)
    assert client.get(address(name, article)).status_code == 403


@pytest.mark.parametrize("name", ["change", "preview", "revisions", "revision"])
def test_staff_who_may_look_do(client: Client, article: Article, name: str) -> None:
    client.force_login(staff_with("view_article"), backend=BACKEND)
    response = client.get(address(name, article))
    assert response.status_code == 200
    assert article.title in response.content.decode()


@pytest.mark.parametrize("name", [name for name in WRITES if name != "preview"])
def test_staff_who_may_only_look_change_nothing(
    client: Client, article: Article, name: str
) -> None:
    client.force_login(staff_with("view_article"), backend=BACKEND)
    before = Article.objects.values().get(pk=article.pk)
    response = client.post(address(name, article), {"title": "Mine now", "send": "no"})
    assert response.status_code == 403
    assert Article.objects.values().get(pk=article.pk) == before


def test_who_may_only_look_gets_no_buttons(client: Client, article: Article) -> None:
    client.force_login(staff_with("view_article"), backend=BACKEND)
    page = client.get(address("change", article)).content.decode()
    assert 'name="_publish"' not in page
    assert 'name="_save_draft"' not in page
    assert "disabled" in page


@pytest.mark.parametrize("name", READS)
def test_an_author_opens_all(desk: Client, article: Article, name: str) -> None:
    assert desk.get(address(name, article)).status_code == 200


@pytest.mark.parametrize("name", ["autosave", "restore"])
def test_what_only_writes_takes_no_get(desk: Client, article: Article, name: str) -> None:
    assert desk.get(address(name, article)).status_code == 405


@pytest.mark.parametrize("name", ["revisions", "revision"])
def test_what_only_reads_takes_no_post(desk: Client, article: Article, name: str) -> None:
    assert desk.post(address(name, article)).status_code == 405


@pytest.mark.parametrize("name", [*READS, "unpublish"])
def test_what_is_missing_is_404(desk: Client, article: Article, name: str) -> None:
    there = address(name, article)
    assert desk.get(there.replace(f"/{article.pk}/", "/999999/")).status_code == 404


@pytest.mark.parametrize("name", WRITES)
def test_another_site_cannot_post(article: Article, author: User, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(author, backend=BACKEND)
    assert client.post(address(name, article), {"title": "Mine now"}).status_code == 403
    article.refresh_from_db()
    assert article.title != "Mine now"


def test_adding_takes_the_right_to_add(client: Client) -> None:
    client.force_login(staff_with("view_article", "change_article"), backend=BACKEND)
    assert client.get(reverse("admin:newsletter_article_add")).status_code == 403
    new = reverse("admin:newsletter_article_autosave_new")
    assert client.post(new, {"title": "New"}).status_code == 403
    assert not Article.objects.exists()


@pytest.mark.parametrize("name", ["upload", "choose"])
def test_pictures_take_the_right(client: Client, name: str) -> None:
    client.force_login(staff_with("view_article"), backend=BACKEND)
    there = reverse(f"admin:newsletter_articleimage_{name}")
    response = client.post(there) if name == "upload" else client.get(there)
    assert response.status_code == 403


def test_tags_take_the_right(client: Client) -> None:
    tag = TagFactory()
    client.force_login(staff_with("view_article"), backend=BACKEND)
    assert client.get(reverse("admin:newsletter_tag_change", args=[tag.pk])).status_code == 403
