"""P4 in the inbox: pictures and files of a paid mail, for its recipient while they may read."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import save_article, store_attachment, store_image
from newsletter.articles.models import ArticleImage
from newsletter.mailings import actions
from newsletter.mailings.mail_files import make_file_pass
from newsletter.mailings.models import Mailing
from newsletter.memberships.actions import revoke_grant
from newsletter.subscribers.models import Newsletter
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.factories.articles import PAYWALL, PublishedArticleFactory, picture_file
from tests.factories.mailings import send_all
from tests.factories.memberships import GrantFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def newsletter() -> Newsletter:
    return NewsletterFactory()


def picture() -> ArticleImage:
    return store_image(actor=StaffFactory(), file=picture_file(size=(400, 300)))


def figure(image: ArticleImage) -> str:
    return f'<figure><img src="{image.file.url}" alt="A lamp"></figure>'


def subscriber(newsletter: Newsletter) -> User:
    user = UserFactory()
    SubscriptionFactory(newsletter=newsletter, user=user)
    return user


def send(article: Any) -> Mailing:
    mailing, _is_new = actions.create_mailing_for_article(
        article=article, requested_at=timezone.now()
    )
    assert actions.prepare_mailing(mailing_id=mailing.pk)
    send_all()
    return mailing


def mail_of(server: SmtpServer, address: str, part: str = "html") -> str:
    raw = next(raw for to, raw in server.accepted if to == address)
    body = message_from_bytes(raw, policy=default).get_body((part,))
    assert body is not None
    return str(body.get_content())


def paths_in(html: str, name: str) -> list[str]:
    """The addresses of uploads in a mail, as a mail program asks for them."""
    found = re.findall(rf'(?:src|href)="http://localhost:8000([^"]*{name}[^"]*)"', html)
    assert all("@@" not in path for path in found)
    return found


def test_p4_each_recipients_pictures_follow_what_they_may_read(
    server: SmtpServer, newsletter: Newsletter, client: Client
) -> None:
    above, below = picture(), picture()
    book = store_attachment(
        actor=StaffFactory(), file=SimpleUploadedFile("book.epub", b"a whole book")
    )
    offered = f'<p data-file="12"><a href="{book.file.url}">The book</a></p>'
    article = PublishedArticleFactory(
        access="paid",
        newsletter=newsletter,
        body=f"{figure(above)}{PAYWALL}{figure(below)}{offered}",
    )
    free, member = subscriber(newsletter), subscriber(newsletter)
    grant = GrantFactory(user=member)
    mailing = send(article)
    above_name, below_name = (str(each.file.name) for each in (above, below))
    assert paths_in(mail_of(server, free.email), above_name) == [above.file.url]
    assert below_name not in mail_of(server, free.email)
    assert "book" not in mail_of(server, free.email).lower()
    html = mail_of(server, member.email)
    assert paths_in(html, above_name) == [above.file.url]
    assert below.file.url not in html
    (shown,) = paths_in(html, below_name)
    (given,) = paths_in(html, "book.epub")
    assert "The book</a> (EPUB, 12" in html
    assert given in mail_of(server, member.email, "plain").replace("\n", "")
    # Weeks later, in a program without a session, and never from a shared cache.
    with time_machine.travel(timezone.now() + timedelta(days=40), tick=False):
        for path in (shown, given):
            response = client.get(path)
            assert response.status_code == 200
            assert response["Cache-Control"] == "private, no-store"
            assert not response.cookies
    # The pass is for this mail and this person; it opens nothing else (M19).
    other = picture()
    PublishedArticleFactory(access="paid", body=f"<p>a</p>{PAYWALL}{figure(other)}")
    assert client.get(shown.replace(below_name, str(other.file.name))).status_code == 404
    token = make_file_pass(mailing.pk, free.pk)
    assert client.get(f"/letters/files/{token}/{below_name}").status_code == 404
    assert client.get(f"/letters/files/{token[:-1]}/{below_name}").status_code == 404
    assert client.get(f"/letters/files//{below_name}").status_code == 404
    assert client.get(shown.replace(below_name, f"..%2f{below_name}")).status_code == 404
    revoke_grant(actor=StaffFactory(), grant=grant)
    for path in (shown, given):
        assert client.get(path).status_code == 404


def test_m18_pictures_of_a_sent_mail_outlast_the_texts_changes(
    server: SmtpServer, newsletter: Newsletter, client: Client
) -> None:
    above, below = picture(), picture()
    article = PublishedArticleFactory(
        access="paid", newsletter=newsletter, body=f"{figure(above)}{PAYWALL}{figure(below)}"
    )
    member = subscriber(newsletter)
    GrantFactory(user=member)
    send(article)
    article.refresh_from_db()
    article.body = "<p>Another text.</p>"
    save_article(actor=article.author, article=article)
    html = mail_of(server, member.email)
    for image in (above, below):
        (path,) = paths_in(html, str(image.file.name))
        assert client.get(path).status_code == 200


def test_p4_a_letter_that_is_no_article_closes_what_is_below_its_divider(
    server: SmtpServer, newsletter: Newsletter, client: Client
) -> None:
    above, below = picture(), picture()
    member = subscriber(newsletter)
    GrantFactory(user=member)
    mailing = actions.create_free_mailing(
        actor=StaffFactory(),
        newsletter=newsletter,
        subject="A letter",
        body_html=f"{figure(above)}{PAYWALL}{figure(below)}",
    )
    assert client.get(above.file.url).status_code == 200
    assert client.get(below.file.url).status_code == 404
    actions.start_mailing(actor=StaffFactory(), mailing=mailing)
    assert actions.prepare_mailing(mailing_id=mailing.pk)
    send_all()
    (path,) = paths_in(mail_of(server, member.email), str(below.file.name))
    assert path != below.file.url
    assert client.get(path).status_code == 200


def test_p4_tests_and_previews_show_them_for_ten_minutes(
    server: SmtpServer, newsletter: Newsletter
) -> None:
    image = picture()
    article = PublishedArticleFactory(
        access="paid", newsletter=newsletter, body=f"<p>a</p>{PAYWALL}{figure(image)}"
    )
    author = Client()
    actor = sign_in_staff(author)
    actions.send_test(actor=actor, article=article, to="me@example.com")
    preview = reverse("mailings:preview-mail", args=[article.pk])
    frame = author.get(f"{preview}?part=html&as=full").content.decode()
    name = str(image.file.name).rpartition("/")[2]
    for html in (mail_of(server, "me@example.com"), frame):
        (path,) = paths_in(html, name)
        # The frame of a preview carries no session.
        assert Client().get(path).status_code == 200
        with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
            assert Client().get(path).status_code == 404
