"""No page complains: no script fails, no policy is broken, no file is missing, nothing is a 4xx."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response

from newsletter.accounts.actions import request_sign_in
from newsletter.accounts.models import User
from newsletter.articles.models import Article, ArticleImage
from newsletter.demo.loader import load_demo
from newsletter.lib.signing import make_token
from newsletter.mailings.actions import send_test
from newsletter.mailings.models import Mailing
from newsletter.memberships.enums import Access
from newsletter.outbox.actions import deliver
from newsletter.pages.dev_mailbox import find_keys
from newsletter.subscribers.models import Newsletter, Subscription
from tests.browser.desk import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SMALL = (160, 100)


class Complaints:
    """What a browser says about the pages it opens, each with the page's path."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.found: list[str] = []
        self.site = site
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self._note(f"script: {error}"))
        self.page.on("console", self._console)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def visit(self, path: str) -> None:
        """Open a page and wait until it has all it wants."""
        self.path = path
        self.page.goto(self.site + path, wait_until="load")
        self.page.wait_for_load_state("networkidle", timeout=30_000)

    def _note(self, words: str) -> None:
        self.found.append(f"{self.path}: {words}")

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self._note(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # A page that is left while it still asks for something breaks that off itself.
        if request.failure != "net::ERR_ABORTED":
            self._note(f"failed: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.status} {response.url}")
        if not response.url.startswith((self.site, "data:")):
            self._note(f"elsewhere: {response.url}")


@pytest.fixture
def demo(settings: Any, live_server: Any) -> User:
    """The demo with small pictures, a mail with a code to a reader, and a test mail."""
    settings.SITE_URL = live_server.url  # the pictures of mails have whole addresses
    settings.STAFF_SECOND_FACTOR = False
    settings.EMAIL_BACKEND = "newsletter.lib.mailbox.LocalMailboxBackend"
    load_demo(size=SMALL)
    author = User.objects.get(is_superuser=True)
    _request, mail = request_sign_in(address="reader@example.com", ip="127.0.0.1")
    deliver(email_id=mail.pk)
    article = Article.objects.get(slug="the-second-chair")
    send_test(actor=author, article=article, to=author.email)
    return author


def test_no_page_complains(browser: Browser, live_server: Any, demo: User) -> None:
    found: list[str] = []
    for person, paths in [
        (None, [*visitor_paths(), *mailbox_paths()]),
        (User.objects.get(email="reader@example.com"), reader_paths()),
        (demo, author_paths(demo)),
    ]:
        context = browser.new_context()
        if person is not None:
            sign_in(context, person, live_server.url)
        complaints = Complaints(context, live_server.url)
        for path in paths:
            complaints.visit(path)
        found += complaints.found
        context.close()
    assert not found, "\n".join(found)


def visitor_paths() -> list[str]:
    """The reader's site, for somebody without a cookie."""
    public = Article.objects.get(slug="the-second-chair")
    paid = Article.objects.filter(access=Access.PAID, state="published").first()
    assert paid is not None
    month = public.published_at
    assert month is not None
    tag = public.tags.first()
    assert tag is not None
    subscription = Subscription.objects.get(
        user__email="reader@example.com", newsletter__slug="main"
    )
    mailing = Mailing.objects.first()
    assert mailing is not None
    return [
        "/",
        "/about/",
        "/articles/",
        f"/archive/{month.year}/{month.month}/",
        reverse("articles:browse-tag", args=[tag.slug]),
        reverse("articles:browse-author", args=[public.author.author_slug]),
        reverse("articles:read-article", args=[public.slug]),
        reverse("articles:read-article", args=[paid.slug]),
        "/search/",
        "/search/?q=chair",
        "/subscribe/",
        reverse("subscribers:embed", args=["main"]),
        reverse("subscribers:unsubscribe", args=[make_token("unsubscribe", subscription.pk)]),
        reverse("mailings:read-letter", args=[make_token("letter", mailing.pk)]),
        "/account/login/",
        "/account/login/password/",
    ]


def mailbox_paths() -> list[str]:
    """The mailbox of the embedded default: the list, and each part of each mail in it."""
    keys = find_keys("")
    assert len(keys) == 2
    return [
        "/dev/mail/",
        "/dev/mail/?q=nobody",
        *(
            f"/dev/mail/{key}/{part}"
            for key in keys
            for part in ("", "html/", "?part=text", "?part=headers", "?part=raw")
        ),
    ]


def reader_paths() -> list[str]:
    """What a signed-in reader has."""
    return [
        "/",
        "/articles/the-second-chair/",
        "/account/",
        "/account/newsletters/",
        "/account/sessions/",
        "/account/logout/",
    ]


def author_paths(author: User) -> list[str]:
    """The desk: every list, and one of each thing on them."""
    article = Article.objects.get(slug="the-second-chair")
    draft = Article.objects.filter(state="draft").first()
    mailing = Mailing.objects.first()
    image = ArticleImage.objects.first()
    assert draft is not None
    assert mailing is not None
    assert image is not None
    admin = "/admin/newsletter"
    return [
        "/admin/",
        *(
            f"{admin}/{name}/"
            for name in (
                "article",
                "tag",
                "articleimage",
                "mailing",
                "newsletter",
                "subscription",
                "subscriberimport",
                "suppression",
                "tier",
                "grant",
                "user",
                "outgoingemail",
            )
        ),
        *(f"{admin}/{name}/add/" for name in ("article", "tag", "newsletter", "tier", "user")),
        f"{admin}/article/{article.pk}/change/",
        f"{admin}/article/{draft.pk}/change/",
        *(f"{admin}/article/{draft.pk}/{page}/" for page in ("publish", "schedule", "preview")),
        f"{admin}/article/{article.pk}/revisions/",
        f"{admin}/articleimage/{image.pk}/change/",
        f"{admin}/mailing/{mailing.pk}/change/",
        f"{admin}/mailing/{mailing.pk}/deliveries/",
        f"{admin}/subscription/add/",
        f"{admin}/subscriberimport/add/",
        f"{admin}/newsletter/{Newsletter.objects.get(slug='main').pk}/change/",
        f"{admin}/publication/1/change/",
        f"{admin}/user/{author.pk}/change/",
        reverse("mailings:preview-mail", args=[article.pk]),
        reverse("mailings:preview-mailing", args=[mailing.pk]),
        "/account/",
        "/account/2fa/",
    ]
