"""Whatever people do in whatever order: counts and tombstones follow from the states."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from newsletter.accounts.models import User
from newsletter.comments import actions
from newsletter.comments.actions import IllegalMoveError, RefusedError, StaleCommentError, Written
from newsletter.comments.actions import akismet as asking
from newsletter.comments.gateway import Answer
from newsletter.comments.models import Comment, ModerationEvent
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import place_for, set_rules
from tests.newsletter.comments.truth import assert_consistent

# What people are told no about; anything else is a mistake of ours.
NO = (IllegalMoveError, RefusedError, StaleCommentError, PermissionDenied)
PICK = st.integers(0, 10_000)
DECIDE = st.sampled_from(
    [
        actions.approve_comment,
        actions.reject_comment,
        actions.mark_as_spam,
        actions.remove_comment,
        actions.pin_comment,
        actions.unpin_comment,
    ]
)


class Conversation(RuleBasedStateMachine):
    """A few people, one article, everything they can do."""

    @initialize(looks_first=st.booleans(), has_akismet=st.booleans())
    def begin(self, looks_first: bool, has_akismet: bool) -> None:
        set_rules(
            moderation="before" if looks_first else "after",
            reports_to_hide=2,
            akismet_key="key" if has_akismet else "",
        )
        self.article = PublishedArticleFactory()
        self.place = place_for(self.article)
        self.moderator = StaffFactory()
        past = timezone.now() - timezone.timedelta(days=31)  # type: ignore[attr-defined]
        self.people = [UserFactory(created_at=past) for _ in range(3)]
        self.erased: set[int] = set()
        self.said = 0

    def person(self, pick: int) -> User:
        return self.people[pick % len(self.people)]

    def comment(self, pick: int) -> Comment | None:
        rows = list(Comment.objects.order_by("pk"))
        return rows[pick % len(rows)] if rows else None

    def attempt(self, act: Any, **facts: Any) -> None:
        with contextlib.suppress(*NO):
            act(**facts)

    @rule(who=PICK, parent=PICK, is_reply=st.booleans(), links=st.integers(0, 4))
    def write(self, who: int, parent: int, is_reply: bool, links: int) -> None:
        self.said += 1
        answered = self.comment(parent) if is_reply else None
        body = f"Number {self.said}" + " https://a.example" * links
        written = Written(body, "N", parent_id=answered.pk if answered else None)
        user = self.person(who)
        self.attempt(actions.submit_comment, place=self.place, viewer=user, written=written)

    @rule(who=PICK, is_confirmed=st.booleans())
    def visit(self, who: int, is_confirmed: bool) -> None:
        self.said += 1
        written = Written(f"Visit {self.said}", "Guest", self.person(who).email)
        comment = actions.submit_comment(place=self.place, viewer=None, written=written).comment
        if is_confirmed:
            self.attempt(actions.confirm_comment, comment=comment, place=self.place)

    @rule(pick=PICK, links=st.integers(0, 4))
    def edit(self, pick: int, links: int) -> None:
        comment = self.comment(pick)
        if comment is not None and comment.user is not None:
            body = f"Changed {self.said}" + " https://b.example" * links
            facts = {"actor": comment.user, "comment": comment, "place": self.place, "body": body}
            self.attempt(actions.edit_comment, **facts)

    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        comment = self.comment(pick)
        if comment is not None and comment.user is not None:
            self.attempt(actions.delete_own_comment, actor=comment.user, comment=comment)

    @rule(pick=PICK, act=DECIDE)
    def decide(self, pick: int, act: Any) -> None:
        comment = self.comment(pick)
        if comment is not None:
            self.attempt(act, actor=self.moderator, comment=comment)

    @rule(answer=st.sampled_from([Answer("ham"), Answer("spam"), Answer(is_final=True)]))
    def akismet_answers(self, answer: Answer) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asking, "ask_akismet", lambda *_: answer)
            patch.setattr(asking, "tell_akismet", lambda *_: Answer(_[-1]))
            for case_id in actions.due_cases(50):
                actions.work_on_case(case_id=case_id)
        assert not actions.due_cases(50)

    @rule()
    def undo(self) -> None:
        event = ModerationEvent.objects.first()
        if event is not None:
            self.attempt(actions.undo_decision, actor=self.moderator, event=event)

    @rule(pick=PICK, who=PICK, likes=st.booleans())
    def like(self, pick: int, who: int, likes: bool) -> None:
        comment = self.comment(pick)
        if comment is not None:
            facts = {"actor": self.person(who), "comment": comment, "place": self.place}
            self.attempt(actions.set_like, **facts, likes=likes)

    @rule(pick=PICK, who=PICK)
    def report(self, pick: int, who: int) -> None:
        comment = self.comment(pick)
        if comment is not None:
            facts = {"actor": self.person(who), "comment": comment, "place": self.place}
            self.attempt(actions.report_comment, **facts, reason="rude")

    @rule(who=PICK, is_lifted=st.booleans())
    def ban(self, who: int, is_lifted: bool) -> None:
        if is_lifted:
            actions.lift_ban(actor=self.moderator, user=self.person(who))
        else:
            actions.ban_person(actor=self.moderator, user=self.person(who), reason="Enough")

    @rule(who=PICK)
    def erase(self, who: int) -> None:
        user = self.person(who)
        actions.erase_comments_of(user=user)
        assert not Comment.objects.filter(user=user).exists()
        self.people[who % len(self.people)] = UserFactory(created_at=user.created_at)

    @invariant()
    def everything_follows_from_the_states(self) -> None:
        assert_consistent()


@pytest.mark.django_db
class TestConversation(TestCase, Conversation.TestCase):  # type: ignore[misc,name-defined]
    """One database transaction for each history."""

    settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
