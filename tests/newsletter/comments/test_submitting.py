"""Writing a comment: members, visitors, twice, too late, too much."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import (
    RefusedError,
    Sender,
    Written,
    common,
    confirm_comment,
    judging,
    purge_unconfirmed_comments,
    remove_comment,
    submit_comment,
)
from newsletter.comments.actions.governing import ban_person, close_thread
from newsletter.comments.enums import CommentState
from newsletter.comments.models import PATH_STEP, Comment, ModerationEvent
from newsletter.comments.pipeline import FormFacts
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import UserFactory
from tests.factories.comments import place_for, say, set_rules, thread_of
from tests.newsletter.comments.truth import assert_consistent

IP = Sender("203.0.113.7", "Browser")


def visit(article: Article, email: str = "new@example.com", **fields: object) -> Comment:
    """A visitor's comment."""
    facts = {"body": "A thought from outside.", "name": "Guest", "email": email, **fields}
    written = Written(**facts)  # type: ignore[arg-type]
    return submit_comment(place=place_for(article), viewer=None, written=written, sender=IP).comment


def test_a_members_comment_stands_at_once(article: Article, reader: User) -> None:
    comment = say(article, reader, "Two *words*.")
    assert comment.state == CommentState.APPROVED
    assert comment.html == "<p>Two <em>words</em>.</p>"
    assert comment.name == "Ada Reader"
    assert thread_of(article).approved_count == 1
    assert_consistent()


def test_first_comments_are_held_with_the_reason(article: Article, reader: User) -> None:
    set_rules(hold_first_timers=True)
    comment = say(article, reader)
    assert comment.state == CommentState.PENDING
    assert [reason["check"] for reason in comment.reasons] == ["first_timer"]
    assert thread_of(article).pending_count == 1


def test_replies_know_their_place(article: Article) -> None:
    root = say(article)
    reply = say(article, parent=root)
    deeper = say(article, parent=reply)
    assert (reply.root_id, deeper.root_id) == (root.pk, root.pk)
    assert deeper.path == reply.path + deeper.path[-8:]
    root.refresh_from_db()
    assert root.visible_below == 2
    assert_consistent()


def test_a_very_deep_reply_stops_growing(article: Article, monkeypatch) -> None:
    monkeypatch.setattr(common, "DEEPEST", 4)
    comment = None
    for _ in range(7):
        comment = say(article, parent=comment)
    assert comment is not None
    assert len(comment.path) == 4 * PATH_STEP
    assert Comment.objects.get(root=None).visible_below == 6


def test_the_same_form_twice_is_one_comment(article: Article, reader: User) -> None:
    first = say(article, reader, "Once.", client_id="form-1")
    assert say(article, reader, "Once.", client_id="form-1").pk == first.pk
    assert say(article, reader, "More.", client_id="form-1").pk != first.pk
    plain = say(article, reader, "Twice.")
    assert say(article, reader, "Twice.").pk == plain.pk
    assert Comment.objects.count() == 3
    assert thread_of(article).approved_count == 3


def test_the_same_words_an_hour_later_are_refused(article: Article, reader: User) -> None:
    say(article, reader, "Once.", client_id="form-1")
    an_hour_later = timezone.now() + timedelta(hours=1)
    with time_machine.travel(an_hour_later), pytest.raises(RefusedError, match="already"):
        say(article, reader, "Once.", client_id="form-2")
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert say(article, reader, "Once.", client_id="form-3")


def test_a_visitor_confirms_and_then_is_judged(article: Article) -> None:
    set_rules(hold_first_timers=True)
    comment = visit(article)
    assert (comment.state, comment.user) == (CommentState.UNCONFIRMED, None)
    assert not User.objects.filter(email="new@example.com").exists()
    assert thread_of(article).pending_count == 0
    done = confirm_comment(comment=comment, place=place_for(article))
    assert done.state == CommentState.PENDING
    assert done.user == User.objects.get(email="new@example.com")
    assert done.user.email_confirmed_at
    assert done.guest_email == ""
    assert_consistent()


def test_what_the_form_said_still_counts_after_confirming(article: Article) -> None:
    comment = visit(article, form=FormFacts(is_too_quick=True))
    done = confirm_comment(comment=comment, place=place_for(article))
    assert done.state == CommentState.PENDING
    assert [reason["check"] for reason in done.reasons] == ["time"]


def test_c4_a_known_address_gives_a_stranger_nothing(article: Article) -> None:
    """The same row, the same mail, whoever has the address, and whatever they have earned."""
    set_rules(hold_first_timers=True)
    member = UserFactory(email="member@example.com", name="Mia Member")
    earned = say(article, member)
    Comment.objects.filter(pk=earned.pk).update(state=CommentState.APPROVED)
    rows = [visit(article, "member@example.com"), visit(article, "nobody@example.com")]
    shown = [
        (row.state, row.user_id, row.name, [reason["check"] for reason in row.reasons])
        for row in rows
    ]
    assert shown[0] == shown[1]
    mails = OutgoingEmail.objects.filter(kind="confirm_comment").order_by("pk")
    assert [mail.to for mail in mails] == ["member@example.com", "nobody@example.com"]
    assert mails[0].subject == mails[1].subject
    assert "Mia Member" not in mails[0].text
    done = confirm_comment(comment=rows[0], place=place_for(article))
    assert (done.state, done.user, done.name) == (CommentState.APPROVED, member, "Guest")


def test_c4_a_banned_address_tells_its_owner_alone(article: Article, moderator: User) -> None:
    member = UserFactory(email="member@example.com")
    ban_person(actor=moderator, user=member, reason="Attacked three people")
    comment = visit(article, "member@example.com")
    assert comment.state == CommentState.UNCONFIRMED
    with pytest.raises(RefusedError, match="Attacked three people"):
        confirm_comment(comment=comment, place=place_for(article))
    comment.refresh_from_db()
    assert comment.state == CommentState.REJECTED
    assert_consistent()


def test_confirming_twice_does_nothing_the_second_time(article: Article) -> None:
    comment = visit(article)
    confirm_comment(comment=comment, place=place_for(article))
    again = confirm_comment(comment=comment, place=place_for(article))
    assert again.state == CommentState.APPROVED
    assert thread_of(article).approved_count == 1
    assert ModerationEvent.objects.filter(kind="confirmed").count() == 1


def test_a_mailbox_gets_five_such_mails_a_day(article: Article) -> None:
    for number in range(7):
        visit(article, body=f"Number {number}")
    assert OutgoingEmail.objects.filter(to="new@example.com").count() == 5
    assert Comment.objects.count() == 7


def test_what_nobody_confirms_is_forgotten(article: Article) -> None:
    visit(article)
    assert purge_unconfirmed_comments() == 0
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert purge_unconfirmed_comments() == 1
    assert not Comment.objects.exists()


def test_c2_a_reply_to_what_was_removed_a_second_ago(
    article: Article, reader: User, moderator: User
) -> None:
    root = say(article)
    remove_comment(actor=moderator, comment=root)
    with pytest.raises(RefusedError, match="taken away") as refused:
        say(article, reader, parent=root)
    assert refused.value.finding.check == "parent"
    assert_consistent()


def test_c9_the_trap_is_spam_and_mails_nobody(article: Article) -> None:
    comment = visit(article, form=FormFacts(is_trapped=True))
    assert comment.state == CommentState.SPAM
    assert not OutgoingEmail.objects.exists()


def test_a_closed_conversation_takes_nothing_new(
    article: Article, reader: User, moderator: User
) -> None:
    say(article, reader)
    close_thread(actor=moderator, place=place_for(article))
    with pytest.raises(RefusedError, match="closed"):
        say(article, reader)
    assert say(article, moderator).state == CommentState.APPROVED


def test_it_closes_by_age(article: Article, reader: User) -> None:
    set_rules(close_after_days=10)
    assert say(article, reader)
    later = timezone.now() + timedelta(days=11)
    with time_machine.travel(later), pytest.raises(RefusedError, match="closed"):
        say(article, reader)


@pytest.mark.parametrize("who", ["members", "off"])
def test_who_may_write_is_asked(article: Article, who: str) -> None:
    article.comment_policy = who
    article.save(update_fields=["comment_policy"])
    with pytest.raises(RefusedError):
        visit(article)


def test_a_flood_from_one_network_stops(article: Article, monkeypatch) -> None:
    monkeypatch.setattr(judging, "PER_NETWORK_HOUR", 5)

    def send(number: int, ip: str) -> Comment:
        written = Written(f"Buy {number}", "Bot", f"bot{number}@example.com")
        place, sender = place_for(article), Sender(ip)
        return submit_comment(place=place, viewer=None, written=written, sender=sender).comment

    for number in range(5):
        send(number, f"203.0.113.{number}")
    with pytest.raises(RefusedError, match="your network"):
        send(5, "203.0.113.40")
    assert send(6, "2001:db8:1::1").network
    assert Comment.objects.count() == 6
    assert Comment.objects.values("network").distinct().count() == 2
