"""Mails about comments: who gets one, that none says what may not be read, and what links do."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions
from newsletter.comments.actions.by_link import make_decision_token
from newsletter.comments.enums import CommentState, NoticeKind
from newsletter.comments.models import Comment, ModerationEvent, NoticeChoice
from newsletter.lib.signing import make_token
from newsletter.memberships.enums import Access
from newsletter.outbox.actions import deliver
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import held, place_for, say, set_rules

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def author(article: Article) -> User:
    """Who wrote the piece, and looks after what is said under it."""
    User.objects.filter(pk=article.author_id).update(
        is_staff=True, is_superuser=True, email="hanna@example.com"
    )
    article.author.refresh_from_db()
    return article.author


def send_all() -> list[EmailMultiAlternatives]:
    """Everything that waits, through the outbox as it sends; returns what went out."""
    before = len(mail.outbox)
    for row in OutgoingEmail.objects.filter(state=EmailState.QUEUED).order_by("pk"):
        deliver(email_id=row.pk)
    return mail.outbox[before:]  # type: ignore[return-value]


def link_in(text: str, part: str) -> str:
    found = re.search(rf"https?://[^/\s]+(/{part}/\S+)", text)
    assert found, text
    return found[1]


def answered(article: Article, user: User, body: str = "Here is my answer") -> Comment:
    """An answer to what `user` wrote."""
    parent = say(article, user, "What I had asked")
    return say(article, UserFactory(name="Otto Other"), body, parent=parent)


def test_the_author_and_moderators_hear_of_what_waits(article: Article, author: User) -> None:
    helper = StaffFactory(is_superuser=False, email="helper@example.com")
    helper.user_permissions.add(Permission.objects.get(codename="change_comment"))
    StaffFactory(is_superuser=False, email="writer@example.com")
    StaffFactory(is_active=False, email="gone@example.com")
    held(article, UserFactory(name="Ada"), "See *this* <b>now</b>")
    assert not OutgoingEmail.objects.exclude(text="").exists()
    sent = {message.to[0]: message for message in send_all()}
    assert set(sent) == {"hanna@example.com", "helper@example.com"}
    text = str(sent["hanna@example.com"].body)
    for words in ("Ada", "See this <b>now</b>", "No comment of theirs was approved before."):
        assert words in text
    assert "/comments/decide/" in text
    # Others decide at the desk: the link without signing in is the author's alone.
    other = str(sent["helper@example.com"].body)
    assert "/comments/decide/" not in other
    assert "/admin/newsletter/comment/" in other
    headers = sent["hanna@example.com"].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/comments/mail/" in headers["List-Unsubscribe"]
    html = str(sent["hanna@example.com"].alternatives[0][0])
    assert "<b>now" not in html


def test_what_is_decided_or_deleted_before_the_mail_goes_is_in_none(
    article: Article, author: User, reader: User
) -> None:
    decided, deleted = held(article, body="First words"), held(article, reader, "Second words")
    actions.reject_comment(actor=author, comment=decided)
    actions.delete_own_comment(actor=reader, comment=deleted)
    assert send_all() == []
    states = set(OutgoingEmail.objects.values_list("state", flat=True))
    assert states == {EmailState.EXPIRED}


def test_a_changed_text_that_waits_is_shown_beside_the_old(
    article: Article, author: User, reader: User
) -> None:
    comment = say(article, reader, "The old words")
    set_rules(moderation="before")
    actions.edit_comment(
        actor=reader, comment=comment, place=place_for(article, reader), body="The new words"
    )
    (message,) = send_all()
    assert "A changed comment waits" in message.subject
    assert "The old words" in message.body
    assert "The new words" in message.body


def test_a_flood_does_not_fill_the_mailbox(article: Article, author: User) -> None:
    for number in range(13):
        held(article, body=f"Number {number}")
    messages = send_all()
    assert len(messages) == 10
    assert "12 other comments wait" in messages[-1].body


def test_the_link_in_the_mail_decides_once(client: Client, article: Article, author: User) -> None:
    comment = held(article, body="Held words")
    path = link_in(str(send_all()[0].body), "comments/decide")
    page = client.get(path)
    assert page.status_code == 200
    assert "Held words" in page.content.decode()
    assert not page.cookies
    comment.refresh_from_db()
    assert comment.state == CommentState.PENDING
    assert client.post(path, {"act": "remove"}).status_code == 400
    foreign = client.post(path, {"act": "approve"}, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    done = client.post(path, {"act": "approve"})
    assert "Approved" in done.content.decode()
    comment.refresh_from_db()
    assert comment.state == CommentState.APPROVED
    assert comment.events.first().actor == author  # type: ignore[union-attr]
    for response in (client.get(path), client.post(path, {"act": "spam"})):
        assert response.status_code == 410
    comment.refresh_from_db()
    assert comment.state == CommentState.APPROVED


def test_any_decision_any_change_and_time_kill_the_link(
    client: Client, article: Article, author: User, reader: User
) -> None:
    def path_for(comment: Comment, user: User = author) -> str:
        return f"/comments/decide/{make_decision_token(comment, user)}/"

    undone = held(article)
    path = path_for(undone)
    event = actions.reject_comment(actor=StaffFactory(), comment=undone)
    assert client.get(path).status_code == 410
    # Waiting again, but whoever has the old mail does not decide a second time.
    actions.undo_decision(actor=author, event=event)
    assert client.get(path).status_code == 410
    undone.refresh_from_db()
    assert client.get(path_for(undone)).status_code == 200
    changed = held(article, reader)
    path = path_for(changed)
    place = place_for(article, reader)
    actions.edit_comment(actor=reader, comment=changed, place=place, body="Something else")
    assert client.post(path, {"act": "approve"}).status_code == 410
    fresh = held(article)
    path = path_for(fresh)
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        assert client.get(path).status_code == 410
    assert client.get(path_for(fresh, StaffFactory())).status_code == 410
    forged = f"/comments/decide/{make_token('confirm-comment', '1 1 1 1')}/"
    assert client.get(forged).status_code == 410
    User.objects.filter(pk=author.pk).update(is_staff=False)
    assert client.post(path, {"act": "approve"}).status_code == 410
    fresh.refresh_from_db()
    assert fresh.state == CommentState.PENDING


def test_who_is_answered_hears_of_it_once(article: Article, author: User, reader: User) -> None:
    answer = answered(article, reader)
    (message,) = send_all()
    assert message.to == [reader.email]
    assert "Otto Other answered you" in message.subject
    for words in ("Here is my answer", "What I had asked", f"/comments/{answer.pk}/"):
        assert words in message.body
    event = actions.remove_comment(actor=author, comment=answer)
    actions.undo_decision(actor=author, event=event)
    actions.mark_as_spam(actor=author, comment=answer)
    actions.approve_comment(actor=author, comment=answer)
    assert send_all() == []
    # Answering oneself is no news.
    say(article, reader, "And one thing more", parent=answer.parent)
    assert send_all() == []


def test_an_answer_that_is_held_is_told_when_it_is_approved(
    article: Article, author: User, reader: User
) -> None:
    parent = say(article, reader, "What I had asked")
    set_rules(moderation="before")
    answer = say(article, body="Held answer", parent=parent)
    assert [message.to for message in send_all()] == [[author.email]]
    actions.approve_comment(actor=author, comment=answer)
    assert [message.to for message in send_all()] == [[reader.email]]


def test_an_approval_that_was_a_slip_takes_nobodys_notice_away(
    article: Article, reader: User, moderator: User
) -> None:
    set_rules(moderation="before")
    parent = say(article, reader, "What I had asked")
    actions.approve_comment(actor=moderator, comment=parent)
    answer = say(article, UserFactory(name="Otto"), "The answer", parent=parent)
    actions.leave_notices(user=moderator, kind=NoticeKind.WAITING)
    send_all()

    def approve(*, slips: bool) -> None:
        event = actions.approve_comment(actor=moderator, comment=answer)
        if slips:
            actions.undo_decision(actor=moderator, event=event)

    approve(slips=True)
    assert send_all() == []
    approve(slips=True)
    # Not sent in between: of two that would wait, one goes.
    approve(slips=False)
    (message,) = send_all()
    assert message.to == [reader.email]
    undone = ModerationEvent.objects.filter(comment=answer).first()
    assert undone is not None
    actions.undo_decision(actor=moderator, event=undone)
    approve(slips=False)
    assert send_all() == []


@pytest.mark.parametrize(
    "why", ["removed", "muted", "left", "closed account", "own comment deleted", "behind the wall"]
)
def test_c7_no_answer_is_mailed_to_who_may_not_or_will_not_read_it(
    article: Article, author: User, reader: User, why: str
) -> None:
    answer = answered(article, reader, "Secret words")
    match why:
        case "removed":
            actions.remove_comment(actor=author, comment=answer)
        case "muted":
            actions.set_mute(actor=reader, place=place_for(article, reader), muted=True)
        case "left":
            actions.leave_notices(user=reader, kind=NoticeKind.REPLY)
        case "closed account":
            User.objects.filter(pk=reader.pk).update(is_active=False)
        case "own comment deleted":
            assert answer.parent
            actions.delete_own_comment(actor=reader, comment=answer.parent)
        case "behind the wall":
            Article.objects.filter(pk=article.pk).update(access=Access.PAID)
    assert send_all() == []


def test_an_address_that_nobody_confirmed_hears_of_no_answer(article: Article) -> None:
    """Whoever came with an import has typed an address, and never said that it is theirs."""
    imported = UserFactory(email_confirmed_at=None)
    answered(article, imported)
    assert not OutgoingEmail.objects.filter(kind="comment_reply").exists()


def test_a_mail_for_each_new_comment_or_one_a_day(article: Article, author: User) -> None:
    say(article, body="Before anybody chose")
    assert send_all() == []
    actions.choose_notices(actor=author, new_comments="each")
    say(article, UserFactory(name="Ada"), "One for the mail")
    (message,) = send_all()
    assert "Ada commented on" in message.subject
    say(article, author, "My own words")
    gone = say(article, body="Gone by then")
    actions.remove_comment(actor=author, comment=gone)
    assert send_all() == []
    actions.choose_notices(actor=author, new_comments="daily")
    assert actions.send_due_digests() == 0
    say(article, UserFactory(name="Bea"), "Said in the day")
    held(article, body="Never in a mail of news")
    actions.leave_notices(user=author, kind=NoticeKind.WAITING)
    assert send_all() == []
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert actions.send_due_digests() == 1
        assert actions.send_due_digests() == 0
        (digest,) = send_all()
    assert digest.subject == "1 new comment"
    for words in ("Said in the day", "Bea", "On asking", "1 comment waits for a decision."):
        assert words in digest.body
    assert "Never in a mail" not in digest.body


def test_a_daily_mail_that_is_chosen_again_begins_anew(article: Article, author: User) -> None:
    actions.choose_notices(actor=author, new_comments="daily")
    actions.choose_notices(actor=author, new_comments="each")
    say(article, UserFactory(name="Ada"), "Told of at once")
    assert len(send_all()) == 1
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        actions.choose_notices(actor=author, new_comments="daily")
        # Stored once more as it is: the day goes on from where it began.
        actions.choose_notices(actor=author, new_comments="daily", replies=True)
        assert actions.send_due_digests() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=26), tick=False):
        say(article, UserFactory(name="Bea"), "Said in the day")
    with time_machine.travel(timezone.now() + timedelta(hours=50), tick=False):
        assert actions.send_due_digests() == 1
        (digest,) = send_all()
    assert digest.subject == "1 new comment"
    assert "Told of at once" not in digest.body


@pytest.mark.parametrize("how", ["each", "daily"])
def test_a_moderator_who_muted_a_conversation_hears_of_nothing_new_in_it(
    article: Article, author: User, how: str
) -> None:
    actions.choose_notices(actor=author, new_comments=how)
    actions.set_mute(actor=author, place=place_for(article, author), muted=True)
    say(article, body="In the muted one")
    say(PublishedArticleFactory(title="Another piece"), body="In another one")
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        actions.send_due_digests()
        (message,) = send_all()
    assert "In another one" in message.body
    assert "In the muted one" not in message.body
    # What waits for a decision is another matter: somebody has to look at it.
    held(article, body="It waits")
    (waiting,) = send_all()
    assert "It waits" in waiting.body


def test_one_click_ends_one_kind_of_mail(client: Client, article: Article, reader: User) -> None:
    answered(article, reader)
    (message,) = send_all()
    path = link_in(message.extra_headers["List-Unsubscribe"].strip("<>"), "comments/mail")
    page = client.get(path)
    assert "Answers to my comments" in page.content.decode()
    assert not NoticeChoice.objects.exists()
    for _ in range(2):
        assert client.post(path, ONE_CLICK).status_code == 200
    # Nothing that a provider may write into the body stands in the way.
    assert client.post(path, b"x", content_type="multipart/form-data").status_code == 200
    choice = NoticeChoice.objects.get()
    assert (choice.user, choice.replies, choice.waiting) == (reader, False, True)
    assert client.post(path, {"human": "1"}).status_code == 200
    assert client.get("/comments/mail/forged/").status_code == 404


def test_choosing_on_the_page_of_ones_comments(client: Client, reader: User) -> None:
    client.force_login(reader)
    page = client.get("/account/comments/").content.decode()
    assert "answers to my comments" in page.lower()
    assert "wait for a decision" not in page
    client.post("/account/comments/mail/", {"waiting": "on", "new_comments": "each"})
    choice = NoticeChoice.objects.get(user=reader)
    assert (choice.replies, choice.waiting, choice.new_comments) == (False, True, "none")
    staff = StaffFactory()
    client.force_login(staff)
    data = {"replies": "on", "new_comments": "daily"}
    assert client.post("/account/comments/mail/", data).status_code == 302
    choice = NoticeChoice.objects.get(user=staff)
    assert (choice.replies, choice.waiting, choice.new_comments) == (True, False, "daily")
    assert client.post("/account/comments/mail/", {"new_comments": "x"}).status_code == 400
    client.logout()
    assert client.post("/account/comments/mail/", data).status_code == 302


def test_ones_own_comments_with_their_state_and_what_can_be_done(
    client: Client, article: Article, reader: User, django_assert_max_num_queries
) -> None:
    held(article, reader, "Waits for a look")
    set_rules()
    say(article, reader, "Everybody reads this")
    old = say(article, reader, "Long ago")
    Comment.objects.filter(pk=old.pk).update(submitted_at=timezone.now() - timedelta(days=3))
    client.force_login(reader)
    page = client.get("/account/comments/").content.decode()
    assert "Waits for a decision" in page
    assert f"/comments/{old.pk}/delete/" in page
    assert f"/comments/{old.pk}/edit/" not in page
    assert page.count("/edit/") == 2
    with django_assert_max_num_queries(20) as few:
        client.get("/account/comments/")
    for number in range(5):
        say(article, reader, f"Another one, {number}")
    with django_assert_max_num_queries(len(few)):
        client.get("/account/comments/")
