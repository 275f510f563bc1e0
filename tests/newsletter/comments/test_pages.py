"""The reader's pages: the form, its errors, mail links, and who may open what."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import remove_comment
from newsletter.comments.enums import CommentState
from newsletter.comments.models import Comment, Like, Report
from newsletter.comments.proof_of_work import make_challenge
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers.human_check import opened_now
from tests.factories.accounts import UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import say, set_rules, thread_of
from tests.newsletter.comments.test_proof_of_work import solve

GUEST = {"name": "Guest", "email": "guest@example.com", "body": "A thought."}


def opened(ago: timedelta = timedelta(minutes=1)) -> str:
    """The token of a form opened some time ago."""
    with time_machine.travel(timezone.now() - ago, tick=False):
        return opened_now()


def write(client: Client, article: Article, **data: object):
    fields = {**GUEST, "opened": opened(), **data}
    return client.post(f"/conversations/article/{article.pk}/write/", fields)


def link_in(mail: OutgoingEmail) -> str:
    found = re.search(r"/comments/confirm/\S+", mail.text)
    assert found
    return found[0]


def test_the_form_under_an_article(client: Client, article: Article) -> None:
    response = client.get(f"/articles/{article.slug}/")
    page = response.content.decode()
    for words in (
        "Leave a reply",
        "Your email address will not be published.",
        "Required fields are marked",
        "Remember me on this device",
    ):
        assert words in page
    assert not response.cookies
    assert "csrfmiddlewaretoken" not in page


def test_a_visitor_writes_confirms_and_is_read(client: Client, article: Article) -> None:
    response = write(client, article)
    assert response.status_code == 302
    assert response["Location"] == f"/conversations/article/{article.pk}/sent/"
    assert not response.cookies
    assert "look into your mail" in client.get(response["Location"]).content.decode()
    assert "A thought." not in client.get(f"/articles/{article.slug}/").content.decode()
    link = link_in(OutgoingEmail.objects.get())
    for _ in range(2):
        shown = client.get(link)
        assert "Yes, this is mine" in shown.content.decode()
        assert Comment.objects.get().state == CommentState.UNCONFIRMED
    done = client.post(link)
    assert "Everybody can read it now" in done.content.decode()
    assert "A thought." in client.get(f"/articles/{article.slug}/").content.decode()
    assert "Everybody can read it now" in client.post(link).content.decode()


def test_c4_the_answers_for_known_and_unknown_addresses_are_alike(
    client: Client, article: Article
) -> None:
    UserFactory(email="known@example.com", name="Kim Known")
    answers = [
        write(client, article, email=address, body=f"From {address[:3]}")
        for address in ("known@example.com", "other@example.com")
    ]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert not answers[0].cookies
    assert OutgoingEmail.objects.count() == 2


@pytest.mark.parametrize(
    ("ago", "checks"),
    [(timedelta(days=1), []), (timedelta(seconds=0.4), ["time"]), (timedelta(days=40), ["time"])],
    ids=["yesterday", "at once", "harvested"],
)
def test_c9_when_the_form_was_opened(
    client: Client, article: Article, reader: User, ago: timedelta, checks: list[str]
) -> None:
    client.force_login(reader)
    write(client, article, opened=opened(ago))
    comment = Comment.objects.get()
    assert [reason["check"] for reason in comment.reasons] == checks
    assert comment.is_visible is (not checks)


@pytest.mark.parametrize("token", ["", "x", "form~abc~def"])
def test_c9_a_token_that_is_not_ours_holds(
    client: Client, article: Article, reader: User, token: str
) -> None:
    client.force_login(reader)
    write(client, article, opened=token)
    assert [reason["check"] for reason in Comment.objects.get().reasons] == ["time"]


def test_c9_without_javascript_it_works_and_is_held(client: Client, article: Article) -> None:
    set_rules(asks_for_work=True)
    write(client, article)
    assert [reason["check"] for reason in Comment.objects.get().reasons] == ["work"]
    client.post(link_in(OutgoingEmail.objects.get()))
    assert Comment.objects.get().state == CommentState.PENDING


def test_c9_with_the_puzzle_solved_nothing_holds_it(client: Client, article: Article) -> None:
    set_rules(asks_for_work=True)
    write(client, article, altcha=solve(client.get("/comments/puzzle/").json()))
    client.post(link_in(OutgoingEmail.objects.get()))
    assert Comment.objects.get().is_visible


def test_c9_the_trap_is_answered_like_a_person(client: Client, article: Article) -> None:
    response = write(client, article, homepage="https://spam.example")
    assert response.status_code == 302
    assert Comment.objects.get().state == CommentState.SPAM
    assert not OutgoingEmail.objects.exists()


def test_errors_keep_what_was_typed_and_say_what_to_do(client: Client, article: Article) -> None:
    response = write(client, article, email="not an address", name=" ")
    page = response.content.decode()
    assert response.status_code == 422
    assert "A thought." in page
    assert "does not look like an e-mail address" in page
    assert "Say by which name" in page
    assert not Comment.objects.exists()
    empty = write(client, article, body="\u200b \x00")
    assert "Write something first" in empty.content.decode()


def test_a_refusal_keeps_what_was_typed(client: Client, article: Article, reader: User) -> None:
    set_rules(refused_words="casino*")
    client.force_login(reader)
    response = write(client, article, body="The casinos are open.")
    assert response.status_code == 422
    page = response.content.decode()
    assert "The casinos are open." in page
    assert "is not taken here" in page


def test_preview_stores_nothing(client: Client, article: Article) -> None:
    page = write(client, article, preview="1", body="Some *stress*", email="").content.decode()
    assert "<em>stress</em>" in page
    assert "Some *stress*" in page
    assert "errorlist" not in page
    assert not Comment.objects.exists()


def test_a_member_without_a_name_is_asked_once(client: Client, article: Article) -> None:
    user = UserFactory(name="", email="secret.address@example.com")
    client.force_login(user)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert 'name="name"' in page
    write(client, article, name="Nia")
    user.refresh_from_db()
    assert user.name == "Nia"
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert "secret.address" not in page
    assert 'name="name"' not in page


def test_an_answer_shows_what_it_answers(client: Client, article: Article, reader: User) -> None:
    root = say(article, body="A claim.")
    client.force_login(reader)
    path = f"/conversations/article/{article.pk}/write/"
    page = client.get(f"{path}?answer={root.pk}").content.decode()
    assert "A claim." in page
    assert f'name="answer" value="{root.pk}"' in page
    write(client, article, answer=root.pk)
    assert Comment.objects.get(parent=root).user == reader


def test_c2_an_answer_to_what_has_gone_keeps_its_text(
    client: Client, article: Article, reader: User, moderator: User
) -> None:
    root = say(article)
    remove_comment(actor=moderator, comment=root)
    client.force_login(reader)
    response = write(client, article, answer=root.pk, body="Worth keeping.")
    page = response.content.decode()
    assert response.status_code == 422
    assert "Worth keeping." in page
    assert f'name="answer" value="{root.pk}"' not in page


def test_a_waiting_comment_is_seen_by_its_writer_alone(
    client: Client, article: Article, reader: User
) -> None:
    set_rules(hold_first_timers=True)
    comment = say(article, reader, "Not yet.")
    page = f"/articles/{article.slug}/"
    assert "Not yet." not in client.get(page).content.decode()
    assert client.get(f"/comments/{comment.pk}/").status_code == 404
    client.force_login(reader)
    assert "Not yet." in client.get(page).content.decode()
    assert "looked at before" in client.get(f"/comments/{comment.pk}/").content.decode()


def test_changing_and_deleting(client: Client, article: Article, reader: User) -> None:
    comment = say(article, reader, "First words.")
    stranger = UserFactory()
    for act in ("edit", "delete"):
        path = f"/comments/{comment.pk}/{act}/"
        assert "/login/" in client.get(path)["Location"]
        client.force_login(stranger)
        assert client.get(path).status_code == 403
        assert client.post(path, {"body": "x"}).status_code == 403
        client.logout()
    client.force_login(reader)
    edit = f"/comments/{comment.pk}/edit/"
    assert "First words." in client.get(edit).content.decode()
    assert "<em>Now</em>" in client.post(edit, {"body": "*Now*", "preview": "1"}).content.decode()
    assert Comment.objects.get().body == "First words."
    client.post(edit, {"body": "Second words."})
    comment.refresh_from_db()
    assert comment.body == "Second words."
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        late = client.get(edit)
        assert (late.status_code, "Too late" in late.content.decode()) == (403, True)
    client.get(f"/comments/{comment.pk}/delete/")
    assert Comment.objects.get().body
    client.post(f"/comments/{comment.pk}/delete/")
    assert Comment.objects.get().is_gone


def test_liking(client: Client, article: Article, reader: User) -> None:
    comment = say(article)
    path = f"/comments/{comment.pk}/like/"
    assert "/login/" in client.post(path)["Location"]
    client.force_login(reader)
    assert client.get(path).status_code == 405
    client.post(path, {"likes": "1"})
    assert Like.objects.count() == 1
    part = client.post(path, {"likes": "0"}, headers={"HX-Request": "true"}).content.decode()
    assert 'aria-pressed="false"' in part
    assert not Like.objects.exists()
    assert client.post("/comments/999999/like/").status_code == 404


def test_reporting(client: Client, article: Article, reader: User) -> None:
    comment = say(article)
    client.force_login(reader)
    path = f"/comments/{comment.pk}/report/"
    wrong = client.post(path, {"note": "Kept words"})
    assert (wrong.status_code, "Kept words" in wrong.content.decode()) == (422, True)
    assert client.post(path, {"reason": "rude", "note": "Twice now"}).status_code == 302
    assert Report.objects.get().note == "Twice now"


def test_looking_after_it_in_passing(
    client: Client, article: Article, reader: User, moderator: User, settings
) -> None:
    comment = say(article)
    path, govern = (
        f"/comments/{comment.pk}/moderate/",
        f"/conversations/article/{article.pk}/govern/",
    )
    client.force_login(reader)
    assert client.post(path, {"act": "remove"}).status_code == 403
    assert client.post(govern, {"act": "close"}).status_code == 403
    client.post(govern.replace("govern", "mute"), {"muted": "1"})
    assert thread_of(article).mutes.count() == 1
    client.post(govern.replace("govern", "mute"), {"muted": "0"})
    assert thread_of(article).mutes.count() == 0
    client.force_login(moderator)
    # Who has only shown that they read the author's mail does not get this far.
    assert "/account/confirm/" in client.post(path, {"act": "remove"})["Location"]
    settings.STAFF_SECOND_FACTOR = False
    assert client.post(path, {"act": "x"}).status_code == 400
    client.post(path, {"act": "pin"})
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert "Pinned by the author" in page
    client.post(govern, {"act": "close"})
    client.post(path, {"act": "remove"})
    comment.refresh_from_db()
    assert comment.state == CommentState.REMOVED
    client.logout()
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert "This conversation is closed." in page
    assert "Leave a reply" not in page


def test_a_kept_page_is_renewed_when_a_comment_appears(
    client: Client, article: Article, moderator: User, settings, django_capture_on_commit_callbacks
) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    page = f"/articles/{article.slug}/"
    client.get(page)
    with django_capture_on_commit_callbacks(execute=True):
        comment = say(article, body="Fresh words.")
    assert "Fresh words." in client.get(page).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        remove_comment(actor=moderator, comment=comment)
    assert "Fresh words." not in client.get(page).content.decode()


def test_switched_off_and_empty_it_leaves_no_trace(client: Client, article: Article) -> None:
    article.comment_policy = "off"
    article.save(update_fields=["comment_policy"])
    assert 'id="comments"' not in client.get(f"/articles/{article.slug}/").content.decode()


def test_who_must_sign_in_is_told(client: Client, article: Article) -> None:
    set_rules(who_writes="members")
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert "Members comment here." in page
    assert f"?next=/articles/{article.slug}/" in page


def test_a_form_of_another_site_is_refused(client: Client, article: Article) -> None:
    path = f"/conversations/article/{article.pk}/write/"
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(path, GUEST, headers=foreign).status_code == 403
    assert not Comment.objects.exists()


def test_dead_links_say_so(client: Client, article: Article) -> None:
    assert client.get("/comments/confirm/nonsense/").status_code == 404
    write(client, article)
    link = link_in(OutgoingEmail.objects.get())
    Comment.objects.all().delete()
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410


def test_ones_own_comments_in_one_place(
    client: Client, reader: User, django_assert_num_queries
) -> None:
    set_rules()
    path = "/account/comments/"
    assert "/login/" in client.get(path)["Location"]
    client.force_login(reader)
    counts = []
    for amount in (1, 3):
        for _ in range(amount):
            say(PublishedArticleFactory(), reader)
        with django_assert_num_queries(counts[0] if counts else 11, exact=bool(counts)) as queries:
            page = client.get(path).content.decode()
        counts.append(len(queries))
    assert page.count('<div class="comment-body"') == 4
    say(PublishedArticleFactory(), body="Of somebody else.")
    assert "Of somebody else." not in client.get(path).content.decode()


def test_the_puzzle_is_never_kept(client: Client, db: None) -> None:
    response = client.get("/comments/puzzle/")
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies
    assert set(response.json()) == set(make_challenge())
