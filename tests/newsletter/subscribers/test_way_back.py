"""From a wall that asks for an address, through the mail, and back to the text."""

from __future__ import annotations

import pytest

from newsletter.accounts.models import User
from newsletter.memberships.enums import Access
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions
from newsletter.subscribers.models import SubscriptionRequest
from tests.factories.accounts import UserFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.subscribers.helpers import answer_all, link_in, post_form

pytestmark = pytest.mark.django_db

ARTICLE = "/articles/a-no-in-time/"
SIGN_IN = "/account/login/?next=%2Farticles%2Fa-no-in-time%2F"


@pytest.fixture
def letter():
    return NewsletterFactory()


def _ask(client, letter, address="anna@example.com", back_to=ARTICLE) -> OutgoingEmail:
    assert post_form(client, address, letter, next=back_to).status_code == 302
    (email,) = answer_all()
    return email


def test_somebody_new_who_confirms_reads_on_at_once(client, letter):
    PublishedArticleFactory(
        slug="a-no-in-time",
        access=Access.MEMBERS,
        body=f"<p>Above.</p>{PAYWALL}<p>Below the line.</p>",
    )
    wall = client.get(ARTICLE).content.decode()
    assert 'href="/subscribe/?next=%2Farticles%2Fa-no-in-time%2F"' in wall
    assert f'<input type="hidden" name="next" value="{ARTICLE}">' in wall
    form = client.get("/subscribe/", {"next": ARTICLE})
    assert f'<input type="hidden" name="next" value="{ARTICLE}">' in form.content.decode()
    assert not form.cookies

    path = link_in(_ask(client, letter), "subscribe/confirm")
    assert not client.get(path).cookies
    page = client.post(path, follow=True).content.decode()
    assert "You are on the list" in page
    assert f'<a class="button" href="{ARTICLE}">Read on where you were</a>' in page
    assert "Below the line." in client.get(ARTICLE).content.decode()


def test_an_error_and_a_second_mail_keep_the_way(client, letter):
    page = post_form(client, "anna at example", letter, next=ARTICLE).content.decode()
    assert f'<input type="hidden" name="next" value="{ARTICLE}">' in page
    _ask(client, letter)
    fresh = actions.request_again(request=SubscriptionRequest.objects.get(), ip=None)
    assert fresh.back_to == ARTICLE


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "articles/",
        "/a\r\nb",
    ],
)
def test_only_a_path_of_ours_is_carried(client, letter, elsewhere):
    path = link_in(_ask(client, letter, back_to=elsewhere), "subscribe/confirm")
    assert SubscriptionRequest.objects.get().back_to == ""
    response = client.post(path)
    assert "evil" not in response.content.decode()
    assert 'href="/">Read what has come out so far' in response.content.decode()
    assert not response.cookies


def test_whoever_has_an_account_is_not_signed_in_by_the_link(client, letter):
    """Theirs holds something already, and a mail may have been passed on."""
    known = UserFactory(email="anna@example.com", email_confirmed_at="2026-01-01T00:00:00Z")
    staff = UserFactory(email="desk@example.com", is_staff=True, email_confirmed_at=None)
    for user in (known, staff):
        path = link_in(_ask(client, letter, user.email), "subscribe/confirm")
        page = client.post(path)
        assert (
            f'<a class="button" href="{SIGN_IN}">Sign in and read on</a>' in page.content.decode()
        )
        assert "_auth_user_id" not in client.session
    again = link_in(_ask(client, NewsletterFactory()), "subscribe/confirm")
    client.force_login(known)
    assert "Read on where you were" in client.post(again).content.decode()


def test_the_link_signs_in_once(client, letter):
    path = link_in(_ask(client, letter), "subscribe/confirm")
    client.post(path)
    assert client.session["_auth_user_id"] == str(User.objects.get(email="anna@example.com").pk)
    client.logout()
    assert "Sign in and read on" in client.post(path).content.decode()
    assert "_auth_user_id" not in client.session


def test_a_stranger_in_the_browser_stays_who_they_are(client, letter):
    path = link_in(_ask(client, letter), "subscribe/confirm")
    other = UserFactory()
    client.force_login(other)
    assert "Sign in and read on" in client.post(path).content.decode()
    assert client.session["_auth_user_id"] == str(other.pk)


def test_whoever_has_the_letter_already_is_told_how_to_read_on(client, letter):
    SubscriptionFactory(newsletter=letter, user__email="anna@example.com")
    email = _ask(client, letter)
    assert email.kind == "already-subscribed"
    assert SIGN_IN in email.text
    assert SIGN_IN in email.html
