"""The public page of a letter: what a forwarded mail's "view in browser" opens."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings
from django.test import Client

from newsletter.articles.enums import MailAudience, Visibility
from newsletter.articles.models import Article
from newsletter.lib.signing import make_token
from newsletter.mailings import actions
from newsletter.mailings.compose import LETTER_PURPOSE, web_url
from newsletter.mailings.models import Mailing
from newsletter.memberships.enums import Access
from tests.factories.accounts import UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.mailings import MailingFactory, prepared_mailing, subscribe
from tests.newsletter.mail_design.conftest import SECRET

pytestmark = pytest.mark.django_db


def path_of(mailing: Mailing) -> str:
    return f"/letters/{make_token(LETTER_PURPOSE, mailing.pk)}/"


@pytest.fixture
def email_only(article: Article) -> Mailing:
    """A paid article that went out by mail alone."""
    article.visibility = Visibility.EMAIL_ONLY
    article.save()
    mailing = MailingFactory(article=article, subject=article.title)
    subscribe(mailing.newsletter, 2)
    assert actions.prepare_mailing(mailing_id=mailing.pk)
    mailing.refresh_from_db()
    return mailing


def test_m19_a_forwarded_mail_gives_its_reader_the_public_part_and_no_more(
    client: Client, email_only: Mailing
) -> None:
    page = client.get(web_url(email_only).removeprefix("http://localhost:8000"))
    html = page.content.decode()
    assert page.status_code == 200
    assert "What the buyer hears" in html
    assert SECRET not in html
    assert "@@" not in html
    assert "/unsubscribe/" not in html
    assert "example.com@" not in html
    assert "/account/newsletters/" in html


def test_p1_even_a_paying_member_sees_the_public_part_there(
    client: Client, email_only: Mailing
) -> None:
    client.force_login(
        UserFactory(is_staff=True, is_superuser=True),
        backend=django_settings.AUTHENTICATION_BACKENDS[0],
    )
    assert SECRET not in client.get(path_of(email_only)).content.decode()


@pytest.mark.parametrize(
    ("access", "body"),
    [
        (Access.MEMBERS, "<p>For readers who signed up.</p>"),
        (Access.PUBLIC, "<p>Open.</p><section data-audience='members'><p>Not open.</p></section>"),
        (Access.PAID, "<section data-audience='members'><p>No.</p></section><hr data-paywall>"),
    ],
)
def test_p1_what_is_for_members_has_no_public_letter(
    client: Client, access: str, body: str
) -> None:
    """Everyone who gets the mail may read it there; a forwarded link may be anyone's."""
    article = PublishedArticleFactory(access=access, body=body, visibility=Visibility.EMAIL_ONLY)
    mailing = prepared_mailing(article=article, readers=2)
    assert web_url(mailing) == ""
    assert client.get(path_of(mailing)).status_code == 404


def test_p1_nor_has_a_letter_with_a_part_for_members(client: Client) -> None:
    body = "<p>Open.</p><section data-audience='members'><p>Not open.</p></section>"
    mailing = prepared_mailing(article=None, body_html=body, readers=2)
    assert web_url(mailing) == ""
    assert client.get(path_of(mailing)).status_code == 404


def test_m18_it_stays_as_it_was_frozen(client: Client) -> None:
    letter = prepared_mailing(body_html="<p>As it was sent.</p>")
    Mailing.objects.filter(pk=letter.pk).update(body_html="<p>Changed.</p>")
    html = client.get(path_of(letter)).content.decode()
    assert "As it was sent." in html
    assert "Changed." not in html


def test_it_is_not_for_search_engines_and_sets_no_cookie(client: Client) -> None:
    page = client.get(path_of(prepared_mailing()))
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert b'<meta name="robots" content="noindex, nofollow">' in page.content
    assert not page.cookies
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_an_article_that_is_on_the_web_has_its_own_page(
    client: Client, email_only: Mailing, article: Article
) -> None:
    Article.objects.filter(pk=article.pk).update(visibility=Visibility.EVERYWHERE)
    page = client.get(path_of(email_only))
    assert page.status_code == 302
    assert page["Location"].endswith(f"/articles/{article.slug}/")


def test_what_the_author_put_away_is_gone(
    client: Client, email_only: Mailing, article: Article
) -> None:
    Article.objects.filter(pk=article.pk).update(state="archived")
    assert client.get(path_of(email_only)).status_code == 404


def test_a_letter_that_has_not_gone_out_has_no_page(client: Client) -> None:
    assert client.get(path_of(MailingFactory())).status_code == 404


def test_a_letter_to_paying_members_has_no_page(client: Client) -> None:
    letter = prepared_mailing()
    Mailing.objects.filter(pk=letter.pk).update(audience=MailAudience.PAID)
    assert client.get(path_of(letter)).status_code == 404


@pytest.mark.parametrize("token", ["1", "1~abc", "x", make_token("unsubscribe", 1)])
def test_a_number_that_was_guessed_opens_nothing(client: Client, token: str) -> None:
    letter = prepared_mailing()
    assert client.get(f"/letters/{token.replace('1', str(letter.pk), 1)}/").status_code == 404


def test_m15_it_can_only_be_read(client: Client) -> None:
    assert client.post(path_of(prepared_mailing())).status_code == 405


def test_it_costs_two_queries(client: Client, django_assert_num_queries) -> None:
    path = path_of(prepared_mailing())
    with django_assert_num_queries(2):
        client.get(path)
