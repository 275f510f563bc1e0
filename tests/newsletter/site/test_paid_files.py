"""P4 (and P7) over HTTP: what stands only below the divider has no public address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from newsletter.articles.actions import (
    delete_image,
    save_article,
    store_attachment,
    store_image,
    unpublish_article,
)
from newsletter.articles.files import make_short_link_token
from newsletter.articles.models import ArticleImage, Attachment, FileUse
from newsletter.memberships.actions import revoke_grant
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PAYWALL, ArticleFactory, PublishedArticleFactory, picture_file
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db
RECORDING = bytes(range(256)) * 8


def picture() -> ArticleImage:
    return store_image(actor=StaffFactory(), file=picture_file(size=(400, 300)))


def upload(name: str = "talk.mp3", data: bytes = RECORDING) -> Attachment:
    return store_attachment(actor=StaffFactory(), file=SimpleUploadedFile(name, data))


def figure(image: ArticleImage) -> str:
    return f'<figure><img src="{image.file.url}" alt="A lamp"></figure>'


def offered(file: Attachment, label: str = "The talk") -> str:
    return f'<p data-file="{file.size}"><a href="{file.file.url}">{label}</a></p>'


def addresses(image: ArticleImage) -> list[str]:
    return [image.file.url, *(f"/media/{each['path']}" for each in image.renditions)]


def body_of(response: HttpResponseBase) -> bytes:
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_p4_what_stands_below_the_divider_has_no_public_address(client: Client) -> None:
    right, image, file = TierFactory(), picture(), upload()
    PublishedArticleFactory(
        access="tiers", tiers=[right], body=f"<p>a</p>{PAYWALL}{figure(image)}{offered(file)}"
    )
    now = timezone.now()
    lapsed = GrantFactory(
        tier=right, starts_at=now - timedelta(days=9), ends_at=now - timedelta(seconds=1)
    ).user
    member = GrantFactory(tier=right).user
    refused = [client, signed_in(UserFactory()), signed_in(GrantFactory().user), signed_in(lapsed)]
    for address in [*addresses(image), file.file.url]:
        for asking in refused:
            assert asking.get(address).status_code == 404, address
        response = signed_in(member).get(address)
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-cache"
        assert response["Vary"] == "Cookie"
        assert response["X-Robots-Tag"] == "noindex"
        assert signed_in(StaffFactory()).get(address).status_code == 200
    assert client.get(file.file.url).cookies == {}


def test_p4_losing_access_loses_the_file_at_once(client: Client) -> None:
    image = picture()
    PublishedArticleFactory(access="paid", body=f"<p>a</p>{PAYWALL}{figure(image)}")
    grant = GrantFactory()
    client.force_login(grant.user)
    assert client.get(image.file.url).status_code == 200
    revoke_grant(actor=StaffFactory(), grant=grant, reason="refund")
    assert client.get(image.file.url).status_code == 404


def test_p4_what_everyone_is_shown_stays_public_for_a_year(client: Client) -> None:
    above, cover, shared = picture(), picture(), picture()
    body = f"{figure(above)}{PAYWALL}{figure(above)}{figure(shared)}"
    PublishedArticleFactory(access="paid", cover=cover, body=body)
    PublishedArticleFactory(access="public", body=figure(shared))
    for image in (above, cover, shared):
        for address in addresses(image):
            response = client.get(address)
            assert response.status_code == 200
            assert response["Cache-Control"] == "public, max-age=31536000, immutable"
            assert "cookie" not in response.get("Vary", "").lower()


def test_p4_members_sections_show_theirs_to_whoever_is_signed_in(client: Client) -> None:
    image = picture()
    section = f'<section data-audience="members">{figure(image)}</section>'
    PublishedArticleFactory(access="public", body=f"<p>a</p>{section}")
    assert client.get(image.file.url).status_code == 404
    assert signed_in(UserFactory()).get(image.file.url).status_code == 200


def test_p4_closing_opening_and_removing_follow_every_save(client: Client) -> None:
    image = picture()
    article = PublishedArticleFactory(access="public", body=figure(image))
    actor = article.author
    assert client.get(image.file.url).status_code == 200
    article.access = "paid"
    save_article(actor=actor, article=article)
    assert client.get(image.file.url).status_code == 404
    article.body = f"{figure(image)}{PAYWALL}<p>b</p>"
    save_article(actor=actor, article=article)
    assert client.get(image.file.url).status_code == 200
    article.body = "<p>b</p>"
    save_article(actor=actor, article=article)
    assert client.get(image.file.url).status_code == 404
    assert not FileUse.objects.exists()


def test_p4_what_no_text_shows_is_nobodys() -> None:
    image, file = picture(), upload()
    for address in (image.file.url, file.file.url):
        for asking in (Client(), signed_in(GrantFactory().user)):
            assert asking.get(address).status_code == 404
        # Who has just put it into a text that is not saved yet must see it.
        assert signed_in(StaffFactory()).get(address).status_code == 200


@pytest.mark.parametrize("state", ["draft", "scheduled"])
def test_p4_p7_closed_files_of_what_is_not_out_are_not_there_even_for_members(state: str) -> None:
    image = picture()
    moment = timezone.now() + timedelta(days=1) if state == "scheduled" else None
    ArticleFactory(
        access="paid", body=f"<p>a</p>{PAYWALL}{figure(image)}", state=state, published_at=moment
    )
    assert signed_in(GrantFactory().user).get(image.file.url).status_code == 404


def test_p4_taking_a_piece_back_takes_its_closed_files_back() -> None:
    image = picture()
    article = PublishedArticleFactory(access="paid", body=f"<p>a</p>{PAYWALL}{figure(image)}")
    member = signed_in(GrantFactory().user)
    assert member.get(image.file.url).status_code == 200
    unpublish_article(actor=article.author, article=article)
    assert member.get(image.file.url).status_code == 404


def test_p4_ways_around_the_folder_are_refused() -> None:
    image, file = picture(), upload()
    PublishedArticleFactory(body=figure(image))
    PublishedArticleFactory(access="paid", body=f"<p>a</p>{PAYWALL}{offered(file)}")
    open_folder = image.file.url.rpartition("/")[0]
    inside = file.file.url.removeprefix("/media/")
    asking = signed_in(StaffFactory())
    for path in (
        f"{open_folder}/..%2f..%2f{inside}",
        f"{open_folder}/../../{inside}",
        f"{open_folder}/%2e%2e/%2e%2e/{inside}",
        f"{open_folder}/..%5c..%5c{inside}",
        f"{open_folder}/",
        f"{open_folder}/%00.jpg",
        f"{open_folder}/.hidden.jpg",
        "/media/imports/x/list.csv",
        "/media/files/x/",
    ):
        assert asking.get(path).status_code == 404, path
    token = make_short_link_token(image.file.name.rpartition("/")[0])
    assert asking.get(f"/files/{token}/..%2f..%2f{inside}").status_code == 404


def test_p4_a_short_link_opens_one_file_for_ten_minutes(client: Client) -> None:
    file, other = upload(), upload("other.mp3")
    PublishedArticleFactory(access="paid", body=f"<p>a</p>{PAYWALL}{offered(file)}{offered(other)}")
    folder = file.file.name.rpartition("/")[0]
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        link = f"/files/{make_short_link_token(folder)}/talk.mp3"
        response = client.get(link)
        assert body_of(response) == RECORDING
        assert response["Cache-Control"] == "private, no-store"
        assert client.get(link.replace("talk", "other")).status_code == 404
        assert client.get(link.replace("/files/f", "/files/g")).status_code == 404
    with time_machine.travel(start + timedelta(minutes=10, seconds=2), tick=False):
        assert client.get(link).status_code == 404
    with time_machine.travel(start, tick=False):
        FileUse.objects.filter(folder=folder).delete()
        assert client.get(link).status_code == 404


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, 2047),
        ("bytes=-10", 2038, 2047),
        ("bytes=2000-9999", 2000, 2047),
        ("bytes=-9999", 0, 2047),
    ],
)
def test_p4_players_get_the_part_they_ask_for(
    client: Client, asked: str, first: int, last: int
) -> None:
    file = upload()
    PublishedArticleFactory(body=offered(file))
    response = client.get(file.file.url, headers={"Range": asked})
    assert response.status_code == 206
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Range"] == f"bytes {first}-{last}/2048"
    assert response["Content-Length"] == str(last - first + 1)
    assert body_of(response) == RECORDING[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=5-3", "bytes=0-1,4-5", "bytes=-", "items=0-1", "x"])
def test_what_is_no_part_gets_the_whole(client: Client, asked: str) -> None:
    file = upload()
    PublishedArticleFactory(body=offered(file))
    response = client.get(file.file.url, headers={"Range": asked})
    assert response.status_code == 200
    assert body_of(response) == RECORDING


@pytest.mark.parametrize("asked", ["bytes=9999-", "bytes=2048-", "bytes=-0"])
def test_a_part_behind_the_end_is_refused(client: Client, asked: str) -> None:
    file = upload()
    PublishedArticleFactory(body=offered(file))
    response = client.get(file.file.url, headers={"Range": asked})
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */2048"


def test_a_part_of_another_version_is_the_whole(client: Client) -> None:
    file = upload()
    PublishedArticleFactory(body=offered(file))
    etag = client.get(file.file.url)["ETag"]
    part = {"Range": "bytes=0-9"}
    assert client.get(file.file.url, headers={**part, "If-Range": etag}).status_code == 206
    assert client.get(file.file.url, headers={**part, "If-Range": '"else"'}).status_code == 200
    assert client.get(file.file.url, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    ("name", "kind", "is_saved"),
    [
        ("page.html", "application/octet-stream", True),
        ("drawing.svg", "application/octet-stream", True),
        ("script.js", "application/octet-stream", True),
        ("book.epub", "application/epub+zip", True),
        ("paper.pdf", "application/pdf", True),
        ("noending", "application/octet-stream", True),
        ("talk.mp3", "audio/mpeg", False),
    ],
)
def test_p4_no_upload_runs_on_the_site(
    client: Client, name: str, kind: str, is_saved: bool
) -> None:
    file = upload(name, b"<script>alert(1)</script>")
    PublishedArticleFactory(body=offered(file))
    response = client.get(file.file.url)
    assert response["Content-Type"] == kind
    assert response["Content-Disposition"].startswith("attachment" if is_saved else "inline")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_texts_offer_files_with_kind_and_size(client: Client) -> None:
    talk, paper = upload(), upload("paper.pdf", b"%PDF" * 400)
    article = PublishedArticleFactory(body=offered(talk) + offered(paper, "The paper"))
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert f'<audio aria-label="The talk" controls="" preload="none" src="{talk.file.url}">' in page
    assert f'href="{paper.file.url}">The paper</a>' in page
    assert "PDF, 1.6\xa0KB" in page
    text = client.get(f"/articles/{article.slug}.md").content.decode()
    assert f"[The paper](<http://localhost:8000{paper.file.url}>)" in text


def test_deleting_a_picture_leaves_no_use(client: Client) -> None:
    image = picture()
    PublishedArticleFactory(body=figure(image))
    delete_image(actor=StaffFactory(), image=image)
    assert client.get(image.file.url).status_code == 404
    assert not FileUse.objects.exists()
