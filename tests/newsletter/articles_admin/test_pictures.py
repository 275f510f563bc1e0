"""The library: uploads from the editor and by hand, choosing, describing, deleting."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.articles.actions import store_image
from newsletter.articles.models import ArticleImage
from tests.factories.articles import ArticleFactory, picture_file

pytestmark = pytest.mark.django_db
UPLOAD = "/admin/newsletter/articleimage/upload/"
CHOOSE = "/admin/newsletter/articleimage/choose/"
LIST = "/admin/newsletter/articleimage/"


@pytest.fixture
def image(author: User) -> ArticleImage:
    return store_image(actor=author, file=picture_file(size=(800, 600)), alt="A lamp")


def test_the_editor_uploads_and_gets_what_it_writes(desk: Client) -> None:
    data = {"file": picture_file(size=(800, 600)), "alt": "A chair", "caption": "Photo: Ada"}
    response = desk.post(UPLOAD, data)
    answer = response.json()
    image = ArticleImage.objects.get()
    assert response.status_code == 201
    assert answer["src"] == image.file.url
    assert (answer["width"], answer["height"], answer["alt"]) == (800, 600, "A chair")
    assert answer["thumbnail"].endswith("-320.webp")


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("a.jpg", b"<svg onload=alert(1)>", "image/jpeg"),
        SimpleUploadedFile("a.png", b"not a picture", "image/png"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(desk: Client, file: SimpleUploadedFile) -> None:
    response = desk.post(UPLOAD, {"file": file})
    assert response.status_code == 422
    assert "no picture we can read" in response.json()["error"]
    assert not ArticleImage.objects.exists()


def test_nothing_sent_is_refused(desk: Client) -> None:
    assert desk.post(UPLOAD, {}).status_code == 422


def test_the_library_is_searched_by_description(desk: Client, image: ArticleImage) -> None:
    assert [each["pk"] for each in desk.get(CHOOSE, {"q": "lamp"}).json()["images"]] == [image.pk]
    assert desk.get(CHOOSE, {"q": "chair"}).json() == {"images": [], "has_more": False}


def test_a_cover_is_any_picture_of_the_library(desk: Client, image: ArticleImage) -> None:
    article = ArticleFactory(cover=image)
    page = desk.get(reverse("admin:newsletter_article_change", args=[article.pk]))
    assert f'value="{image.pk}" selected' in page.content.decode()


def test_it_can_be_uploaded_without_javascript(desk: Client) -> None:
    there = reverse("admin:newsletter_articleimage_add")
    assert desk.get(there).status_code == 200
    assert desk.post(there, {"file": picture_file(), "alt": "A door"}).status_code == 302
    assert ArticleImage.objects.get().alt == "A door"
    bad = SimpleUploadedFile("a.jpg", b"no", "image/jpeg")
    assert "no picture we can read" in desk.post(there, {"file": bad}).content.decode()


def test_its_page_says_where_it_is_used(desk: Client, image: ArticleImage) -> None:
    there = reverse("admin:newsletter_articleimage_change", args=[image.pk])
    assert "No article; it can be deleted." in desk.get(there).content.decode()
    ArticleFactory(title="With a lamp", body=f'<figure><img src="{image.file.url}"></figure>')
    ArticleFactory(title="Under a lamp", cover=image)
    page = desk.get(there).content.decode()
    assert "With a lamp" in page
    assert "Under a lamp" in page


def test_its_words_change_and_its_file_does_not(desk: Client, image: ArticleImage) -> None:
    there = reverse("admin:newsletter_articleimage_change", args=[image.pk])
    name = image.file.name
    desk.post(there, {"alt": "A desk lamp", "caption": "Lit", "file": picture_file()})
    image.refresh_from_db()
    assert (image.alt, image.caption, image.file.name) == ("A desk lamp", "Lit", name)


@pytest.mark.django_db(transaction=True)
def test_deleting_removes_the_files(desk: Client, image: ArticleImage) -> None:
    name = image.file.name
    there = reverse("admin:newsletter_articleimage_delete", args=[image.pk])
    desk.post(there, {"post": "yes"})
    assert not ArticleImage.objects.exists()
    assert not default_storage.exists(name)


def test_the_list_costs_the_same_with_one_and_with_many(
    desk: Client, image: ArticleImage, author: User, django_assert_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    desk.get(LIST)
    with CaptureQueriesContext(connection) as one:
        desk.get(LIST)
    for _ in range(3):
        store_image(actor=author, file=picture_file(size=(64, 64)))
    with django_assert_num_queries(len(one)):  # type: ignore[operator]
        desk.get(LIST)


def test_choosing_with_a_nul_in_the_search_is_no_error(desk: Client, image: ArticleImage) -> None:
    """PostgreSQL takes none."""
    assert len(desk.get(CHOOSE, {"q": "\x00lamp"}).json()["images"]) == 1
