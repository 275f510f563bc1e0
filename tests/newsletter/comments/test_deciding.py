"""Moderators' decisions: who, what follows, what it teaches, and taking it back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions
from newsletter.comments.actions import IllegalMoveError
from newsletter.comments.enums import CommentState
from newsletter.comments.models import Ban, Comment, LearntText, ModerationEvent, Report, WordCount
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.comments import place_for, say, set_rules, thread_of
from tests.newsletter.comments.truth import assert_consistent

ACTS = [
    actions.approve_comment,
    actions.reject_comment,
    actions.mark_as_spam,
    actions.remove_comment,
    actions.pin_comment,
    actions.unpin_comment,
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("who", ["reader", "staff without the right", "closed account"])
def test_only_moderators_decide(article: Article, reader: User, act, who: str) -> None:
    comment = say(article)
    actor = {
        "reader": reader,
        "staff without the right": UserFactory(is_staff=True),
        "closed account": StaffFactory(is_active=False),
    }[who]
    with pytest.raises(PermissionDenied):
        act(actor=actor, comment=comment)


@pytest.mark.parametrize(
    ("act", "state", "label"),
    [
        (actions.approve_comment, CommentState.APPROVED, "ham"),
        (actions.mark_as_spam, CommentState.SPAM, "spam"),
        (actions.reject_comment, CommentState.REJECTED, ""),
        (actions.remove_comment, CommentState.REMOVED, ""),
    ],
)
def test_a_decision_moves_teaches_and_can_be_taken_back(
    article: Article, moderator: User, act, state: str, label: str
) -> None:
    set_rules(hold_first_timers=True)
    comment = say(article, body="Some particular words")
    event = act(actor=moderator, comment=comment)
    comment.refresh_from_db()
    assert comment.state == state
    assert (event.actor, event.before, event.after) == (moderator, "pending", state)
    learnt = LearntText.objects.filter(comment=comment).first()
    assert (learnt.label if learnt else "") == label
    assert_consistent()
    actions.undo_decision(actor=moderator, event=event)
    comment.refresh_from_db()
    assert comment.state == CommentState.PENDING
    assert [reason["check"] for reason in comment.reasons] == ["first_timer"]
    assert not LearntText.objects.exists()
    assert not WordCount.objects.exclude(ham=0, spam=0).exists()
    assert_consistent()
    with pytest.raises(IllegalMoveError):
        actions.undo_decision(actor=moderator, event=event)


def test_another_decision_unlearns_the_first(article: Article, moderator: User) -> None:
    comment = say(article)
    actions.mark_as_spam(actor=moderator, comment=comment)
    assert WordCount.objects.get(token="").spam == 1
    actions.approve_comment(actor=moderator, comment=comment)
    counts = WordCount.objects.get(token="")
    assert (counts.ham, counts.spam) == (1, 0)
    actions.reject_comment(actor=moderator, comment=comment)
    counts.refresh_from_db()
    assert (counts.ham, counts.spam) == (0, 0)


def test_taking_a_changed_text_back(article: Article, reader: User, moderator: User) -> None:
    comment = say(article, reader, "Old.")
    set_rules(moderation="before")
    comment = actions.edit_comment(
        actor=reader, comment=comment, place=place_for(article, reader), body="New."
    )
    event = actions.approve_comment(actor=moderator, comment=comment)
    actions.undo_decision(actor=moderator, event=event)
    comment.refresh_from_db()
    assert (comment.body, comment.html, comment.pending_body) == ("Old.", "<p>Old.</p>", "New.")
    assert comment.edited_at is None


def test_undo_opens_the_reports_again(article: Article, moderator: User) -> None:
    comment = say(article)
    place = place_for(article)
    actions.report_comment(actor=UserFactory(), comment=comment, place=place, reason="spam")
    event = actions.remove_comment(actor=moderator, comment=comment)
    assert Report.objects.get().state == "upheld"
    actions.undo_decision(actor=moderator, event=event)
    assert Report.objects.get().state == "open"


def test_c2_approving_what_its_writer_deletes_meanwhile(
    article: Article, reader: User, moderator: User
) -> None:
    set_rules(hold_first_timers=True)
    seen = say(article, reader)
    actions.delete_own_comment(actor=reader, comment=seen)
    with pytest.raises(IllegalMoveError):
        actions.approve_comment(actor=moderator, comment=seen, version=seen.version)
    assert_consistent()


def test_an_unconfirmed_comment_cannot_be_approved(article: Article, moderator: User) -> None:
    written = actions.Written("A thought.", "Guest", "guest@example.com")
    comment = actions.submit_comment(place=place_for(article), viewer=None, written=written).comment
    with pytest.raises(IllegalMoveError):
        actions.approve_comment(actor=moderator, comment=comment)


def test_an_unconfirmed_comment_taken_for_spam_can_still_be_confirmed(
    article: Article, moderator: User
) -> None:
    written = actions.Written("A thought.", "Guest", "guest@example.com")
    place = place_for(article)
    comment = actions.submit_comment(place=place, viewer=None, written=written).comment
    event = actions.mark_as_spam(actor=moderator, comment=comment)
    assert actions.confirm_comment(comment=event.comment, place=place).state == CommentState.SPAM
    back = actions.undo_decision(actor=moderator, event=event)
    assert back.state == CommentState.UNCONFIRMED
    assert actions.confirm_comment(comment=back, place=place).is_visible
    assert_consistent()


def test_one_comment_is_pinned_and_falls_with_its_place(article: Article, moderator: User) -> None:
    first, second = say(article), say(article)
    actions.pin_comment(actor=moderator, comment=first)
    actions.pin_comment(actor=moderator, comment=second)
    assert thread_of(article).pinned_id == second.pk
    actions.remove_comment(actor=moderator, comment=second)
    assert thread_of(article).pinned_id is None
    with pytest.raises(IllegalMoveError):
        actions.pin_comment(actor=moderator, comment=second)
    assert_consistent()


def test_a_ban_says_why_ends_and_is_told(article: Article, reader: User, moderator: User) -> None:
    with pytest.raises(ValidationError):
        actions.ban_person(actor=moderator, user=reader, reason=" ")
    with pytest.raises(PermissionDenied):
        actions.ban_person(actor=moderator, user=StaffFactory(), reason="No")
    until = timezone.now() + timedelta(days=7)
    ban, mail = actions.ban_person(
        actor=moderator, user=reader, reason="Insults", note_text="Twice warned", ends_at=until
    )
    assert (mail.to, "Insults" in mail.text, "Twice warned" in mail.text) == (
        reader.email,
        True,
        False,
    )
    with pytest.raises(actions.RefusedError, match="Insults"):
        say(article, reader)
    Ban.objects.filter(pk=ban.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    assert say(article, reader)
    actions.ban_person(actor=moderator, user=reader, reason="Again")
    assert Ban.objects.in_force(timezone.now()).count() == 1
    assert OutgoingEmail.objects.filter(kind="comments_barred").count() == 2


def test_every_act_is_in_the_trail(article: Article, reader: User, moderator: User) -> None:
    comment = say(article, reader)
    place = place_for(article, reader)
    actions.edit_comment(actor=reader, comment=comment, place=place, body="Better.")
    actions.report_comment(actor=UserFactory(), comment=comment, place=place, reason="spam")
    actions.pin_comment(actor=moderator, comment=comment)
    actions.close_thread(actor=moderator, place=place)
    actions.reopen_thread(actor=moderator, place=place)
    actions.remove_comment(actor=moderator, comment=comment)
    actions.ban_person(actor=moderator, user=reader, reason="Enough")
    actions.lift_ban(actor=moderator, user=reader)
    kinds = ModerationEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [
        "submitted",
        "edited",
        "reported",
        "pinned",
        "closed",
        "reopened",
        "removed",
        "banned",
        "unbanned",
    ]


def test_muting_is_each_readers_own(article: Article, reader: User) -> None:
    place = place_for(article, reader)
    for _ in range(2):
        actions.set_mute(actor=reader, place=place, muted=True)
    assert thread_of(article).mutes.get().user == reader
    actions.set_mute(actor=reader, place=place, muted=False)
    assert not thread_of(article).mutes.exists()
    assert Comment.objects.count() == 0
