"""Akismet, where the author has a key: asked by a task over a real connection, never trusted to
delete, and told where it was wrong."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions, gateway
from newsletter.comments.actions import Sender, Written, submit_comment
from newsletter.comments.actions import akismet as asking
from newsletter.comments.actions.akismet import KEPT_FOR, RESTS, TOLD_AFTER
from newsletter.comments.enums import AkismetState, CommentState
from newsletter.comments.models import AkismetCase, Comment, LearntText
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers.human_check import opened_now
from tests.factories.accounts import UserFactory
from tests.factories.comments import place_for, say, set_rules
from tests.newsletter.comments.akismet_server import Akismet
from tests.newsletter.comments.truth import assert_consistent


@pytest.fixture
def key(article: Article) -> None:
    set_rules(akismet_key="key-1")


def write(article: Article, reader: User, body: str = "Have a look.") -> Comment:
    written = Written(body, "Ada Reader")
    sender = Sender("203.0.113.9", "Browser 1")
    place = place_for(article, reader)
    return submit_comment(place=place, viewer=reader, written=written, sender=sender).comment


def sweep() -> None:
    """What the task and its sweep do, one after the other."""
    for case_id in actions.due_cases(50):
        actions.work_on_case(case_id=case_id)


def now_of(comment: Comment) -> Comment:
    return Comment.objects.get(pk=comment.pk)


def later(**by: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(**by), tick=False)


def test_without_a_key_nobody_is_asked(article: Article, reader: User, akismet: Akismet) -> None:
    assert write(article, reader).is_visible
    sweep()
    assert akismet.asked == []
    assert not AkismetCase.objects.exists()


@pytest.mark.usefixtures("key")
def test_nobody_waits_for_it_and_no_moderator_hears_of_what_needs_no_decision(
    article: Article, reader: User, moderator: User, akismet: Akismet, client: Client
) -> None:
    root = say(article, moderator, "The root.")
    client.force_login(reader)
    path = f"/conversations/article/{article.pk}/write/"
    with later(minutes=-1):
        opened = opened_now()
    form = {"body": "Have a look.", "answer": root.pk, "opened": opened}
    page = client.post(path, form, follow=True)
    assert b"looked at before others see it" in page.content
    comment = Comment.objects.get(user=reader)
    assert (comment.state, akismet.asked) == (CommentState.PENDING, [])
    assert comment.reasons[0]["words"] == "Akismet is being asked."
    assert not OutgoingEmail.objects.exists()
    sweep()
    assert now_of(comment).is_visible
    assert now_of(comment).reasons == []
    assert list(OutgoingEmail.objects.values_list("kind", flat=True)) == ["comment_reply"]
    assert_consistent()
    sweep()
    assert len(akismet.asked) == 1


@pytest.mark.usefixtures("key")
def test_it_is_told_where_it_came_from_and_no_address(
    article: Article, reader: User, akismet: Akismet
) -> None:
    write(article, reader)
    sweep()
    (asked,) = akismet.asked
    assert asked["api_key"] == "key-1"
    assert asked["user_ip"] == "203.0.113.9"
    assert asked["user_agent"] == "Browser 1"
    assert asked["comment_content"] == "Have a look."
    assert asked["permalink"].endswith("/articles/on-asking/")
    assert reader.email not in str(asked)


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (b"true", 200, "Akismet takes it for spam."),
        (b"invalid", 200, "could not be asked. (We were unable to parse your key)"),
        (b"false", 403, "could not be asked. (HTTP 403)"),
    ],
)
def test_what_it_says_holds_and_then_moderators_hear_of_it(
    article: Article,
    reader: User,
    moderator: User,
    akismet: Akismet,
    answer: bytes,
    status: int,
    words: str,
) -> None:
    akismet.answer, akismet.status = answer, status
    comment = write(article, reader)
    sweep()
    assert now_of(comment).state == CommentState.PENDING
    (reason,) = now_of(comment).reasons
    assert reason["words"].endswith(words)
    assert OutgoingEmail.objects.get().kind == "comment_waiting"
    # It is a machine's word: nothing is learnt from it.
    assert not LearntText.objects.exists()
    sweep()
    assert len(akismet.asked) == 1


@pytest.mark.usefixtures("key")
def test_what_else_speaks_against_it_stays(
    article: Article, reader: User, akismet: Akismet
) -> None:
    set_rules(hold_first_timers=True)
    comment = write(article, reader)
    sweep()
    assert [reason["check"] for reason in now_of(comment).reasons] == ["first_timer"]
    assert now_of(comment).state == CommentState.PENDING


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("trouble", ["slow", "down", "busy"])
def test_where_no_answer_comes_it_is_tried_again_and_then_somebody_looks(
    article: Article,
    reader: User,
    moderator: User,
    akismet: Akismet,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    if trouble == "slow":
        akismet.seconds = 1
    elif trouble == "busy":
        akismet.status = 503
    else:
        monkeypatch.setattr(gateway, "API_BASE", "http://127.0.0.1:9")
    comment = write(article, reader)
    began = time.perf_counter()
    sweep()
    assert time.perf_counter() - began < 0.9
    case = AkismetCase.objects.get()
    assert (case.state, case.tries) == (AkismetState.WAITING, 1)
    assert case.problem
    sweep()
    assert AkismetCase.objects.get().tries == 1
    for rest in RESTS:
        assert not OutgoingEmail.objects.exists()
        with time_machine.travel(AkismetCase.objects.get().due_at, tick=False):
            sweep()
        assert rest > timedelta(seconds=1)
    assert AkismetCase.objects.get().state == AkismetState.FAILED
    (reason,) = now_of(comment).reasons
    assert reason["words"].startswith("Akismet could not be asked. (")
    assert OutgoingEmail.objects.get().kind == "comment_waiting"


@pytest.mark.usefixtures("key")
def test_a_key_that_was_taken_away_holds(article: Article, reader: User, akismet: Akismet) -> None:
    comment = write(article, reader)
    set_rules(akismet_key="")
    sweep()
    assert akismet.asked == []
    assert now_of(comment).reasons[0]["words"] == "Akismet could not be asked."


@pytest.mark.usefixtures("key")
def test_c1_a_changed_text_is_asked_about_and_the_old_one_stays_until_then(
    article: Article, reader: User, akismet: Akismet
) -> None:
    comment = write(article, reader)
    sweep()
    comment = now_of(comment)
    place = place_for(article, reader)
    actions.edit_comment(
        actor=reader, comment=comment, place=place, body="Have two.", sender=Sender("203.0.113.9")
    )
    assert (now_of(comment).body, now_of(comment).pending_body) == ("Have a look.", "Have two.")
    sweep()
    assert akismet.asked[-1]["comment_content"] == "Have two."
    assert (now_of(comment).body, now_of(comment).pending_body) == ("Have two.", "")
    assert now_of(comment).html == "<p>Have two.</p>"
    assert now_of(comment).edited_at is not None


@pytest.mark.usefixtures("key")
def test_an_answer_on_an_older_text_says_nothing(
    article: Article, reader: User, akismet: Akismet, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment = write(article, reader)
    (case_id,) = actions.due_cases(50)
    place = place_for(article, reader)
    akismet.answer = b"true"
    ask = asking.ask_akismet

    def ask_while_it_changes(key: str, question: gateway.Question) -> gateway.Answer:
        actions.edit_comment(actor=reader, comment=now_of(comment), place=place, body="Better.")
        return ask(key, question)

    monkeypatch.setattr(asking, "ask_akismet", ask_while_it_changes)
    actions.work_on_case(case_id=case_id)
    monkeypatch.setattr(asking, "ask_akismet", ask)
    assert now_of(comment).waits_for_akismet
    akismet.answer = b"false"
    sweep()
    assert [each["comment_content"] for each in akismet.asked] == ["Have a look.", "Better."]
    assert now_of(comment).is_visible


@pytest.mark.usefixtures("key")
def test_what_somebody_has_decided_on_meanwhile_is_not_asked_about(
    article: Article, reader: User, moderator: User, akismet: Akismet
) -> None:
    akismet.answer = b"true"
    comment = write(article, reader)
    event = actions.approve_comment(actor=moderator, comment=comment)
    sweep()
    assert akismet.asked == []
    assert now_of(comment).is_visible
    actions.undo_decision(actor=moderator, event=event)
    sweep()
    assert now_of(comment).reasons[0]["words"] == "Akismet takes it for spam."


@pytest.mark.usefixtures("key")
def test_who_was_barred_meanwhile_is_not_let_through(
    article: Article, reader: User, moderator: User, akismet: Akismet
) -> None:
    comment = write(article, reader)
    actions.ban_person(actor=moderator, user=reader, reason="Enough")
    sweep()
    assert now_of(comment).state == CommentState.PENDING
    assert now_of(comment).reasons[0]["check"] == "bar-banned"


@pytest.mark.usefixtures("key")
def test_a_visitors_is_asked_about_when_they_have_confirmed(
    article: Article, akismet: Akismet
) -> None:
    place = place_for(article)
    written = Written("A visitor's word.", "Vera", "vera@elsewhere.example")
    sent = submit_comment(place=place, viewer=None, written=written, sender=Sender("192.0.2.7"))
    sweep()
    assert akismet.asked == []
    actions.confirm_comment(comment=sent.comment, place=place, sender=Sender("192.0.2.8"))
    sweep()
    assert akismet.asked[0]["user_ip"] == "192.0.2.8"
    assert now_of(sent.comment).is_visible


@pytest.mark.usefixtures("key")
def test_the_desk_is_not_judged(article: Article, moderator: User, akismet: Akismet) -> None:
    assert say(article, moderator).is_visible
    sweep()
    assert akismet.asked == []


@pytest.mark.usefixtures("key")
def test_two_workers_ask_once(article: Article, reader: User, akismet: Akismet) -> None:
    write(article, reader)
    case, same = AkismetCase.objects.get(), AkismetCase.objects.get()
    until = timezone.now() + timedelta(minutes=1)
    assert [case.take(until=until), same.take(until=until)] == [True, False]
    sweep()
    assert akismet.asked == []


@pytest.mark.usefixtures("key")
def test_it_is_told_where_it_was_wrong_and_only_there(
    article: Article, reader: User, moderator: User, akismet: Akismet
) -> None:
    comments = {}
    for name, answer, act in (
        ("missed", b"false", actions.mark_as_spam),
        ("wronged", b"true", actions.approve_comment),
        ("right", b"true", actions.mark_as_spam),
        ("fine", b"false", None),
        ("rude", b"false", actions.reject_comment),
    ):
        akismet.answer = answer
        comments[name] = write(article, UserFactory(), name)
        sweep()
        if act is not None:
            act(actor=moderator, comment=comments[name])
    sweep()
    assert akismet.told == []
    with later(minutes=6):
        sweep()
        assert sorted(akismet.told) == [("submit-ham", "wronged"), ("submit-spam", "missed")]
        sweep()
    assert len(akismet.told) == 2
    with later(minutes=20):
        actions.approve_comment(actor=moderator, comment=comments["missed"])
    with later(minutes=30):
        sweep()
    assert akismet.told[2:] == [("submit-ham", "missed")]


@pytest.mark.usefixtures("key")
def test_a_slip_is_told_to_nobody(
    article: Article, reader: User, moderator: User, akismet: Akismet
) -> None:
    comment = write(article, reader)
    sweep()
    event = actions.mark_as_spam(actor=moderator, comment=comment)
    with later(minutes=1):
        actions.undo_decision(actor=moderator, event=event)
    with later(minutes=30):
        sweep()
    assert akismet.told == []
    assert timedelta(minutes=1) < TOLD_AFTER


@pytest.mark.usefixtures("key")
def test_what_cannot_be_told_is_tried_again_and_then_left(
    article: Article, reader: User, moderator: User, akismet: Akismet
) -> None:
    comment = write(article, reader)
    sweep()
    actions.mark_as_spam(actor=moderator, comment=comment)
    akismet.status = 503
    for hours in range(1, 9):
        with later(hours=hours):
            sweep()
    assert len(akismet.told) == 4
    assert AkismetCase.objects.get().problem == "HTTP 503"


@pytest.mark.usefixtures("key")
def test_where_a_comment_came_from_is_not_kept_for_long(
    article: Article, reader: User, akismet: Akismet
) -> None:
    deleted, erased = write(article, reader, "One."), write(article, UserFactory(), "Two.")
    old = write(article, UserFactory(), "Three.")
    assert AkismetCase.objects.count() == 3
    actions.delete_own_comment(actor=reader, comment=deleted)
    assert erased.user is not None
    actions.erase_comments_of(user=erased.user)
    assert AkismetCase.objects.get().comment_id == old.pk
    with time_machine.travel(timezone.now() + KEPT_FOR + timedelta(minutes=1), tick=False):
        actions.purge_akismet_cases()
    assert not AkismetCase.objects.exists()
