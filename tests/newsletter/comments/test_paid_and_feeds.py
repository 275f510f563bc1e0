"""C7: what is said under a paid piece goes nowhere that its readers are not. And the feeds."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from django.test import Client

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import Written, remove_comment, save_thread_rules, submit_comment
from newsletter.comments.models import Comment
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import UserFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory
from tests.factories.comments import place_for, say, set_rules, thread_of
from tests.factories.memberships import GrantFactory

SECRET = "The clause is on page eleven"


@pytest.fixture
def member(db: None) -> User:
    return GrantFactory(user__name="Mia Member").user


@pytest.fixture
def paid(db: None) -> Article:
    set_rules()
    body = f"<p>Open.</p>{PAYWALL}<p>Paid.</p>"
    return PublishedArticleFactory(slug="paid", access="paid", body=body)


@pytest.fixture
def secret(paid: Article, member: User) -> Comment:
    root = say(paid, member, SECRET)
    say(paid, member, f"{SECRET} too", parent=root)
    return root


def everywhere(paid: Article, comment: Comment) -> list[str]:
    talk = f"/conversations/article/{paid.pk}/"
    return [
        "/",
        "/articles/",
        "/articles/paid/",
        "/articles/paid.md",
        "/feed.atom",
        "/feed.rss",
        "/comments/feed.atom",
        f"{talk}feed.atom",
        talk,
        f"{talk}?order=newest",
        f"{talk}write/?answer={comment.pk}",
        f"/comments/{comment.pk}/",
        f"/comments/{comment.pk}/replies/",
        f"/comments/{comment.pk}/report/",
        "/account/comments/",
        "/search/?q=clause",
    ]


@pytest.mark.parametrize("who", ["visitor", "reader", "lapsed"])
def test_c7_it_is_invisible_to_everybody_else(
    client: Client, paid: Article, secret: Comment, who: str
) -> None:
    if who == "reader":
        client.force_login(UserFactory())
    if who == "lapsed":
        grant = GrantFactory()
        grant.revoked_at = grant.starts_at
        grant.save()
        client.force_login(grant.user)
    for path in everywhere(paid, secret):
        for headers in ({}, {"HX-Request": "true"}):
            response = client.get(path, headers=headers)
            assert SECRET not in response.content.decode(), path
    assert client.post(f"/comments/{secret.pk}/like/").status_code in {302, 404}


def test_c7_those_who_read_the_piece_read_what_was_said(
    client: Client, paid: Article, secret: Comment
) -> None:
    client.force_login(GrantFactory().user)
    for path in (
        "/articles/paid/",
        f"/conversations/article/{paid.pk}/",
        f"/comments/{secret.pk}/",
    ):
        assert SECRET in client.get(path).content.decode(), path
    assert client.get(f"/conversations/article/{paid.pk}/feed.atom").status_code == 404


def test_c7_the_author_can_open_it(
    client: Client, paid: Article, secret: Comment, moderator: User
) -> None:
    thread = thread_of(paid)
    thread.is_open_to_all = True
    save_thread_rules(actor=moderator, thread=thread)
    page = client.get("/articles/paid/").content.decode()
    assert SECRET in page
    assert "Paid." not in page
    assert client.get("/comments/feed.atom").content.decode().count(SECRET) == 0


def test_c7_ones_own_words_stay_ones_own(
    client: Client, paid: Article, secret: Comment, member: User
) -> None:
    """Whoever can no longer read the piece can still delete what they said there."""
    member.grants.all().delete()
    client.force_login(member)
    assert SECRET not in client.get("/articles/paid/").content.decode()
    assert SECRET in client.get("/account/comments/").content.decode()
    client.get(f"/comments/{secret.pk}/edit/")
    client.post(f"/comments/{secret.pk}/edit/", {"body": "Changed."})
    secret.refresh_from_db()
    assert secret.body == "Changed."
    client.post(f"/comments/{secret.pk}/delete/")
    secret.refresh_from_db()
    assert secret.is_gone


def test_c7_a_visitor_cannot_write_under_what_they_cannot_read(
    client: Client, paid: Article
) -> None:
    path = f"/conversations/article/{paid.pk}/write/"
    response = client.post(path, {"name": "A", "email": "a@example.com", "body": "B"})
    assert response.status_code == 403
    assert 'href="/articles/paid/"' in response.content.decode()
    with pytest.raises(Exception, match="cannot comment"):
        submit_comment(
            place=place_for(paid), viewer=None, written=Written("B", "A", "a@example.com")
        )
    assert not Comment.objects.exists()
    assert not OutgoingEmail.objects.exists()


def test_feeds_hold_what_is_public_and_nothing_else(
    client: Client, article: Article, moderator: User
) -> None:
    say(article, body="Heard & *read*.")
    gone = say(article, body="Gone.")
    remove_comment(actor=moderator, comment=gone)
    hidden = PublishedArticleFactory(visibility="unlisted")
    say(hidden, body="Unlisted.")
    set_rules(hold_first_timers=True)
    say(article, body="Waits.")
    for path in ("/comments/feed.atom", f"/conversations/article/{article.pk}/feed.atom"):
        response = client.get(path)
        assert response["Content-Type"].startswith("application/atom+xml")
        assert not response.cookies
        root = ET.fromstring(response.content)
        entries = root.findall("{http://www.w3.org/2005/Atom}entry")
        texts = [entry.findtext("{http://www.w3.org/2005/Atom}summary") for entry in entries]
        # In HTML, as which readers take it.
        assert texts == ["Heard &amp; read."]
    assert client.get(f"/conversations/article/{hidden.pk}/feed.atom").status_code == 404
    assert client.get("/conversations/lesson/1/feed.atom").status_code == 404


def test_markup_that_somebody_typed_is_text_in_feeds_too(client: Client, article: Article) -> None:
    say(article, body="If a < b, then <img src=x onerror=alert(1)>")
    for path in ("/comments/feed.atom", f"/conversations/article/{article.pk}/feed.atom"):
        entry = ET.fromstring(client.get(path).content).find("{http://www.w3.org/2005/Atom}entry")
        assert entry is not None
        summary = entry.find("{http://www.w3.org/2005/Atom}summary")
        assert summary is not None
        assert summary.get("type") == "html"
        assert summary.text == "If a &lt; b, then &lt;img src=x onerror=alert(1)&gt;"
