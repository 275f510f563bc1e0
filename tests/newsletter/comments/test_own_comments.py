"""Changing, deleting, liking and reporting."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import (
    IllegalMoveError,
    RefusedError,
    StaleCommentError,
    approve_comment,
    ban_person,
    delete_own_comment,
    edit_comment,
    lift_ban,
    reject_comment,
    report_comment,
    set_like,
)
from newsletter.comments.enums import CommentState, ReportState
from newsletter.comments.models import Comment, Report
from tests.factories.accounts import UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import place_for, say, set_rules, thread_of
from tests.factories.memberships import GrantFactory
from tests.newsletter.comments.truth import assert_consistent

MANY_LINKS = "https://a.example https://b.example https://c.example"


def edit(comment: Comment, user: User, body: str) -> Comment:
    comment.refresh_from_db()
    place = place_for(comment.thread.article, user)  # type: ignore[arg-type]
    return edit_comment(actor=user, comment=comment, place=place, body=body)


def old_reader(**fields: object) -> User:
    """Somebody whose reports count."""
    return UserFactory(created_at=timezone.now() - timedelta(days=30), **fields)


def test_a_harmless_change_is_there_at_once(article: Article, reader: User) -> None:
    comment = edit(say(article, reader), reader, "Better put.")
    assert (comment.body, comment.html) == ("Better put.", "<p>Better put.</p>")
    assert comment.edited_at


def test_c1_a_change_is_judged_and_the_old_text_stays(
    article: Article, reader: User, moderator: User
) -> None:
    comment = edit(say(article, reader, "The old text."), reader, MANY_LINKS)
    assert (comment.state, comment.body) == (CommentState.APPROVED, "The old text.")
    assert comment.pending_body == MANY_LINKS
    assert [reason["check"] for reason in comment.reasons] == ["links"]
    approve_comment(actor=moderator, comment=comment, version=comment.version)
    comment.refresh_from_db()
    assert (comment.body, comment.pending_body) == (MANY_LINKS, "")
    assert 'rel="nofollow ugc"' in comment.html
    assert_consistent()


def test_c1_a_rejected_change_leaves_the_old_text(
    article: Article, reader: User, moderator: User
) -> None:
    comment = edit(say(article, reader, "The old text."), reader, MANY_LINKS)
    reject_comment(actor=moderator, comment=comment)
    comment.refresh_from_db()
    assert (comment.state, comment.body, comment.pending_body) == (
        CommentState.APPROVED,
        "The old text.",
        "",
    )


def test_c1_with_a_look_first_every_change_waits(article: Article, reader: User) -> None:
    comment = say(article, reader, "The old text.")
    set_rules(moderation="before")
    assert edit(comment, reader, "Something else.").body == "The old text."


def test_c1_approving_a_text_that_has_changed_since_is_refused(
    article: Article, reader: User, moderator: User
) -> None:
    set_rules(hold_first_timers=True)
    seen = say(article, reader, "A kind word.")
    edit(Comment.objects.get(pk=seen.pk), reader, "An unkind one.")
    with pytest.raises(StaleCommentError):
        approve_comment(actor=moderator, comment=seen, version=seen.version)
    assert Comment.objects.get(pk=seen.pk).state == CommentState.PENDING


def test_c3_a_banned_reader_changes_nothing_old(
    article: Article, reader: User, moderator: User
) -> None:
    comment = say(article, reader, "The old text.")
    ban_person(actor=moderator, user=reader, reason="Enough")
    with pytest.raises(RefusedError, match="Enough"):
        edit(comment, reader, "New words.")
    comment.refresh_from_db()
    assert comment.body == "The old text."
    delete_own_comment(actor=reader, comment=comment)
    lift_ban(actor=moderator, user=reader)
    assert say(article, reader, "Back again.").state == CommentState.APPROVED


def test_the_window_closes(article: Article, reader: User) -> None:
    comment = say(article, reader)
    with (
        time_machine.travel(timezone.now() + timedelta(minutes=31)),
        pytest.raises(PermissionDenied),
    ):
        edit(comment, reader, "Too late.")


def test_nobody_changes_or_deletes_what_others_wrote(article: Article, reader: User) -> None:
    comment = say(article)
    with pytest.raises(PermissionDenied):
        edit(comment, reader, "Not mine.")
    with pytest.raises(PermissionDenied):
        delete_own_comment(actor=reader, comment=comment)


def test_deleting_leaves_a_place_holder_while_somebody_answered(
    article: Article, reader: User, moderator: User
) -> None:
    root = say(article, reader, "Soon gone.")
    reply = say(article, parent=root)
    delete_own_comment(actor=reader, comment=root)
    root.refresh_from_db()
    assert (root.state, root.body, root.html) == (CommentState.REMOVED, "", "")
    assert root.is_shown
    assert "Soon gone" not in str(list(root.events.values()))
    reject_comment(actor=moderator, comment=reply)
    root.refresh_from_db()
    assert not root.is_shown
    with pytest.raises(IllegalMoveError):
        approve_comment(actor=moderator, comment=root)
    assert_consistent()


def test_likes_count_once(article: Article, reader: User) -> None:
    comment, place = say(article), place_for(article, reader)
    for _ in range(2):
        assert set_like(actor=reader, comment=comment, place=place, likes=True) == 1
    for _ in range(2):
        assert set_like(actor=reader, comment=comment, place=place, likes=False) == 0
    assert_consistent()


def report(comment: Comment, user: User) -> Report:
    place = place_for(comment.thread.article, user)  # type: ignore[arg-type]
    return report_comment(actor=user, comment=comment, place=place, reason="rude")


def test_three_trusted_readers_hide_it_until_somebody_looks(
    article: Article, moderator: User
) -> None:
    comment = say(article)
    readers = [old_reader() for _ in range(3)]
    for one in (readers[0], readers[0], readers[1]):
        report(comment, one)
    comment.refresh_from_db()
    assert comment.is_visible
    report(comment, readers[2])
    comment.refresh_from_db()
    assert comment.state == CommentState.PENDING
    assert comment.reasons[-1]["check"] == "reports"
    assert "3 readers" in comment.reasons[-1]["words"]
    approve_comment(actor=moderator, comment=comment)
    assert set(Report.objects.values_list("state", flat=True)) == {ReportState.DISMISSED}
    assert_consistent()


def test_two_days_are_enough_for_whoever_pays_or_was_approved_before(
    article: Article, reader: User
) -> None:
    two_days_ago = timezone.now() - timedelta(days=2)
    stranger, payer, speaker = UserFactory.create_batch(3, created_at=two_days_ago)
    GrantFactory(user=payer)
    say(article, speaker)
    comment = say(article, reader)
    assert [report(comment, each).is_trusted for each in (stranger, payer, speaker)] == [
        False,
        True,
        True,
    ]


def test_new_accounts_and_abusers_hide_nothing(article: Article, moderator: User) -> None:
    abuser = old_reader()
    for _ in range(3):
        kept = say(article)
        report(kept, abuser)
        approve_comment(actor=moderator, comment=kept)
    comment = say(article)
    for user in (abuser, UserFactory(), UserFactory(), old_reader(email_confirmed_at=None)):
        assert not report(comment, user).is_trusted
    comment.refresh_from_db()
    assert comment.is_visible


def test_nobody_reports_their_own_words(article: Article, reader: User) -> None:
    comment = say(article, reader)
    with pytest.raises(PermissionDenied):
        report_comment(actor=reader, comment=comment, place=place_for(article), reason="rude")
    assert not comment.reports.exists()


def test_the_authors_own_words_are_not_hidden_by_reports(article: Article, moderator: User) -> None:
    comment = say(article, moderator)
    for _ in range(4):
        report(comment, old_reader())
    comment.refresh_from_db()
    assert comment.is_visible


def test_who_cannot_read_it_cannot_like_or_report_it(reader: User) -> None:
    set_rules()
    paid = PublishedArticleFactory(access="paid")
    member = GrantFactory().user
    comment = say(paid, member)
    place = place_for(paid, reader)
    with pytest.raises(PermissionDenied):
        set_like(actor=reader, comment=comment, place=place, likes=True)
    with pytest.raises(PermissionDenied):
        report_comment(actor=reader, comment=comment, place=place, reason="rude")
    assert thread_of(paid).approved_count == 1
