"""Kept pages: for visitors alone, never stale after publishing (P3, W5)."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import save_article, unpublish_article
from newsletter.articles.models import Article
from newsletter.lib.page_cache import PageCacheMiddleware, forget_pages, keep_page
from newsletter.publication.actions import save_publication
from newsletter.publication.queries import get_publication
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory
from tests.factories.memberships import GrantFactory

PUBLIC_PATHS = [
    "/",
    "/articles/",
    "/about/",
    "/search/",
    "/feed.atom",
    "/sitemap.xml",
    "/subscribe/",
]


@pytest.fixture(autouse=True)
def _keep_pages(settings) -> None:
    settings.PAGE_CACHE_SECONDS = 60


def paid_article(**fields) -> Article:
    return PublishedArticleFactory(
        access="paid", body=f"<p>Open words.</p>{PAYWALL}<p>SENTINEL words.</p>", **fields
    )


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC_PATHS)
def test_w5_anonymous_pages_set_no_cookie_and_do_not_vary_by_cookie(
    client: Client, path: str
) -> None:
    PublishedArticleFactory()
    for _again in range(2):
        response = client.get(path)
        assert response.status_code == 200
        assert not response.cookies
        assert "cookie" not in response.headers.get("Vary", "").lower()
        assert "private" not in response.headers.get("Cache-Control", "")


@pytest.mark.django_db
def test_second_visitor_costs_no_query(client: Client, django_assert_num_queries) -> None:
    article = PublishedArticleFactory()
    first = client.get(f"/articles/{article.slug}/")
    with django_assert_num_queries(0):
        second = Client().get(f"/articles/{article.slug}/")
    assert second.content == first.content
    assert second["Content-Security-Policy"] == first["Content-Security-Policy"]


@pytest.mark.django_db
def test_p3_a_members_page_is_never_served_to_a_visitor(client: Client) -> None:
    article = paid_article()
    member = GrantFactory().user
    path = f"/articles/{article.slug}/"
    member_client = Client()
    member_client.force_login(member)
    seen = member_client.get(path)
    assert b"SENTINEL" in seen.content
    assert seen["Cache-Control"] == "private, no-cache"
    assert "Cookie" in seen["Vary"]
    assert b"SENTINEL" not in client.get(path).content
    assert b"SENTINEL" in member_client.get(path).content


@pytest.mark.django_db
def test_p3_who_has_just_paid_is_not_shown_the_kept_preview(client: Client) -> None:
    article = paid_article()
    path = f"/articles/{article.slug}/"
    preview = client.get(path)
    assert b"SENTINEL" not in preview.content
    reader = UserFactory()
    client.force_login(reader)
    assert b"SENTINEL" not in client.get(path).content
    GrantFactory(user=reader)
    # The browser asks with the ETag of the preview that it has.
    after = client.get(path, headers={"If-None-Match": preview["ETag"]})
    assert after.status_code == 200
    assert b"SENTINEL" in after.content


@pytest.mark.django_db
def test_p3_the_preview_must_be_asked_for_again_by_shared_caches(client: Client) -> None:
    response = client.get(f"/articles/{paid_article().slug}/")
    assert response["Cache-Control"] == "public, max-age=0, must-revalidate"


@pytest.mark.django_db
def test_p3_after_signing_out_the_preview_is_back(client: Client) -> None:
    article = paid_article()
    client.force_login(GrantFactory().user)
    assert b"SENTINEL" in client.get(f"/articles/{article.slug}/").content
    client.logout()
    client.cookies.clear()
    assert b"SENTINEL" not in client.get(f"/articles/{article.slug}/").content


@pytest.mark.django_db
def test_saving_an_article_shows_at_once(
    client: Client, django_capture_on_commit_callbacks
) -> None:
    article = PublishedArticleFactory(title="Before")
    path = f"/articles/{article.slug}/"
    assert b"Before" in client.get(path).content
    with django_capture_on_commit_callbacks(execute=True):
        article.title = "Afterwards"
        save_article(actor=article.author, article=article)
    assert b"Afterwards" in client.get(path).content
    assert b"Afterwards" in client.get("/").content


@pytest.mark.django_db
def test_unpublishing_takes_the_page_away_at_once(
    client: Client, django_capture_on_commit_callbacks
) -> None:
    article = PublishedArticleFactory()
    path = f"/articles/{article.slug}/"
    assert client.get(path).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        unpublish_article(actor=article.author, article=article)
    assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_saving_the_publication_shows_at_once(
    client: Client, django_capture_on_commit_callbacks
) -> None:
    client.get("/")
    with django_capture_on_commit_callbacks(execute=True):
        publication = get_publication()
        publication.name = "Renamed Quarterly"
        save_publication(actor=StaffFactory(), publication=publication)
    assert b"Renamed Quarterly" in client.get("/").content


@pytest.mark.django_db
def test_a_change_that_is_rolled_back_forgets_nothing(client: Client) -> None:
    # Without a commit the callbacks never run: the kept page stays good.
    client.get("/")
    version = cache.get("pages:version")
    forget_pages()
    assert cache.get("pages:version") == version


@pytest.mark.django_db
def test_unchanged_page_is_not_sent_twice(client: Client) -> None:
    PublishedArticleFactory()
    first = client.get("/")
    again = client.get("/", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert not again.content


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_pages_are_compressed_for_those_who_can_read_it(client: Client, encoding: str) -> None:
    import gzip

    import brotli

    PublishedArticleFactory()
    plain = client.get("/")
    packed = client.get("/", headers={"Accept-Encoding": encoding})
    assert packed["Content-Encoding"] == encoding
    assert "Accept-Encoding" in packed["Vary"]
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}[encoding]
    assert unpack(packed.content) == plain.content


@pytest.mark.django_db
def test_head_says_what_get_would(client: Client) -> None:
    PublishedArticleFactory()
    assert client.head("/")["ETag"] == client.get("/")["ETag"]


class Site:
    """A page behind the middleware that counts how often it is made."""

    def __init__(self, **response) -> None:
        self.made = 0
        self.response = response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        @keep_page
        def view(request: HttpRequest) -> HttpResponse:
            self.made += 1
            response = HttpResponse(f"made {self.made}", status=self.response.get("status", 200))
            for name, value in self.response.get("headers", {}).items():
                response.headers[name] = value
            if "cookie" in self.response:
                response.set_cookie("c", self.response["cookie"])
            return response

        return view(request)


def ask(site: Site, path: str = "/", method: str = "get", **extra) -> HttpResponse:
    request = getattr(RequestFactory(), method)(path, **extra)
    for name, value in extra.get("cookies", {}).items():
        request.COOKIES[name] = value
    return PageCacheMiddleware(site)(request)


def test_a_page_is_made_once() -> None:
    site = Site()
    assert [ask(site).content for _ in range(3)] == [b"made 1"] * 3


@pytest.mark.parametrize(
    "response",
    [
        {"cookie": "x"},
        {"status": 404},
        {"status": 302},
        {"status": 500},
        {"headers": {"Vary": "Cookie"}},
        {"headers": {"Vary": "*"}},
        {"headers": {"Cache-Control": "private"}},
        {"headers": {"Cache-Control": "no-store"}},
    ],
)
def test_what_is_not_for_everybody_is_never_kept(response: dict) -> None:
    site = Site(**response)
    ask(site)
    ask(site)
    assert site.made == 2


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_only_reading_is_answered_from_what_is_kept(method: str) -> None:
    site = Site()
    ask(site)
    ask(site, method=method)
    assert site.made == 2


@pytest.mark.parametrize(
    "extra",
    [
        {"cookies": {"sessionid": "anything"}},
        {"cookies": {"messages": "anything"}},
        {"headers": {"Authorization": "Bearer x"}},
    ],
)
def test_personal_requests_neither_get_nor_leave_a_kept_page(extra: dict) -> None:
    site = Site()
    ask(site, **extra)
    ask(site)
    assert site.made == 2
    ask(site, **extra)
    assert site.made == 3


def test_senders_marks_on_links_share_one_page() -> None:
    site = Site()
    ask(site, "/?utm_source=letter&ref=x")
    ask(site, "/")
    assert site.made == 1


def test_any_other_parameter_is_never_kept() -> None:
    site = Site()
    ask(site, "/?preview=secret")
    ask(site, "/?preview=secret")
    ask(site, "/")
    assert site.made == 3


def test_pages_of_a_list_are_kept_apart() -> None:
    site = Site()
    bodies = {ask(site, path).content for path in ("/", "/?page=2", "/a/", "/a/?page=2")}
    assert len(bodies) == 4


def test_hosts_and_schemes_are_kept_apart(settings) -> None:
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    site = Site()
    ask(site, HTTP_HOST="one.example")
    ask(site, HTTP_HOST="two.example")
    ask(site, HTTP_HOST="one.example", secure=True)
    assert site.made == 3


def test_a_page_made_before_the_commit_is_never_served_after_it() -> None:
    site = Site()
    request = RequestFactory().get("/")
    middleware = PageCacheMiddleware(site)

    def slow(inner: HttpRequest) -> HttpResponse:
        response = site(inner)
        # Another process publishes while this page is being made.
        cache.set("pages:version", "later", timeout=None)
        return response

    PageCacheMiddleware(slow)(request)
    assert middleware(RequestFactory().get("/")).content == b"made 2"


def test_a_lost_version_brings_no_old_page_back() -> None:
    site = Site()
    ask(site)
    cache.delete("pages:version")
    ask(site)
    assert site.made == 2


def test_switched_off_means_made_every_time(settings) -> None:
    settings.PAGE_CACHE_SECONDS = 0
    site = Site()
    ask(site)
    ask(site)
    assert site.made == 2


@pytest.mark.django_db
def test_a_new_reader_is_still_a_visitor_everywhere_else(client: Client) -> None:
    """Someone else's session never leaks: two clients, one signed in, interleaved."""
    PublishedArticleFactory(published_at=timezone.now())
    reader: User = UserFactory()
    other = Client()
    other.force_login(reader)
    for _ in range(2):
        assert b"Account" in other.get("/").content
        assert b"Sign in" in client.get("/").content
