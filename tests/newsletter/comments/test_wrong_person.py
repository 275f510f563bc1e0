"""Whoever it is not for: nobody reads what is held or was taken away, and nobody acts on it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions
from newsletter.comments.enums import CommentState
from newsletter.comments.models import Ban, Comment, Thread
from newsletter.outbox.actions import deliver
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.factories.comments import place_for, say, set_rules, thread_of
from tests.newsletter.comments.truth import assert_consistent

SECRET = "sycamore"
HIDDEN = [*(state for state in CommentState if state != CommentState.APPROVED), "changed"]


@pytest.fixture
def comment(request: pytest.FixtureRequest, article: Article, reader: User) -> Comment:
    """One with a text that nobody else may read, between two that everybody does."""
    moderator = StaffFactory()
    root = say(article, body="The root of it.")
    state = request.param
    place = place_for(article)
    if state == CommentState.UNCONFIRMED:
        written = actions.Written(f"The {SECRET}.", "Vera", "vera@elsewhere.example", root.pk)
        return actions.submit_comment(place=place, viewer=None, written=written).comment
    if state == "changed":
        found = say(article, reader, "As it is read.", parent=root)
        set_rules(moderation="before")
        body = f"The {SECRET}."
        return actions.edit_comment(actor=reader, comment=found, place=place, body=body)
    set_rules(moderation="before")
    found = say(article, reader, f"The {SECRET}.", parent=root)
    act = {
        CommentState.REJECTED: actions.reject_comment,
        CommentState.SPAM: actions.mark_as_spam,
        CommentState.REMOVED: actions.remove_comment,
    }.get(state)
    if act is not None:
        act(actor=moderator, comment=found)
    found.refresh_from_db()
    return found


@pytest.fixture(params=["visitor", "reader", "staff"])
def stranger(request: pytest.FixtureRequest, client: Client, comment: Comment) -> Client:
    """Nobody, somebody else, and staff who look after other things."""
    if request.param == "reader":
        client.force_login(UserFactory())
    elif request.param == "staff":
        writer = StaffFactory(is_superuser=False)
        rights = ("change_article", "view_article", "view_thread", "change_thread")
        writer.user_permissions.set(Permission.objects.filter(codename__in=rights))
        sign_in_staff(client, writer)
    return client


def pages_about(comment: Comment) -> list[str]:
    article, pk = comment.thread.article, comment.pk
    assert article is not None
    talk = f"/conversations/article/{article.pk}/"
    queue = "/admin/newsletter/comment/"
    return [
        "/",
        f"/articles/{article.slug}/",
        *(f"{talk}?order={order}" for order in ("oldest", "newest", "liked")),
        f"{talk}write/?answer={pk}",
        f"{talk}feed.atom",
        "/comments/feed.atom",
        f"/comments/{pk}/",
        *(f"/comments/{pk}/{act}/" for act in ("replies", "edit", "delete", "report")),
        f"/comments/{comment.root_id or pk}/replies/?after=0",
        "/account/comments/",
        *(f"{queue}?tab={tab}" for tab in ("pending", "reported", "spam", "approved", "removed")),
        f"{queue}{pk}/change/",
        f"{queue}{pk}/history/",
        f"{queue}person/{comment.user_id or 1}/",
        f"/admin/newsletter/thread/{comment.thread_id}/change/",
        "/admin/",
    ]


@pytest.mark.parametrize("comment", HIDDEN, indirect=True)
def test_nobody_reads_what_is_held_or_was_taken_away(stranger: Client, comment: Comment) -> None:
    assert SECRET in comment.body + comment.pending_body
    for path in pages_about(comment):
        for headers in ({}, {"HX-Request": "true"}):
            answer = stranger.get(path, headers=headers)
            assert answer.status_code in {200, 302, 401, 403, 404}, path
            assert SECRET not in answer.content.decode(), path


@pytest.mark.parametrize("comment", HIDDEN, indirect=True)
def test_no_mail_to_a_reader_says_it(comment: Comment) -> None:
    """Moderators alone are told what waits, and who typed an address what was typed under it."""
    for row in OutgoingEmail.objects.order_by("pk"):
        deliver(email_id=row.pk)
    told = {message.to[0] for message in mail.outbox if SECRET in str(message.message())}
    staff = set(User.objects.filter(is_staff=True).values_list("email", flat=True))
    assert told <= staff | {"vera@elsewhere.example"}


@pytest.mark.parametrize("comment", ["pending", "removed", "changed"], indirect=True)
def test_nobody_acts_on_it(stranger: Client, comment: Comment) -> None:
    thread = thread_of(comment.thread.article)  # type: ignore[arg-type]
    before = list(Comment.objects.order_by("pk").values()), Thread.objects.values().get()
    talk = f"/conversations/article/{thread.key}/"
    desk = "/admin/newsletter/comment/"
    last = comment.events.latest("pk")
    chosen = f"{comment.pk}-{comment.version}"
    for path, data in [
        (f"/comments/{comment.pk}/edit/", {"body": "Mine now."}),
        (f"/comments/{comment.pk}/delete/", {}),
        *(
            (f"/comments/{comment.pk}/moderate/", {"act": act})
            for act in ("remove", "spam", "pin", "unpin")
        ),
        *((f"{talk}govern/", {"act": act}) for act in ("close", "reopen")),
        *(
            (f"{desk}decide/", {"act": act, "chosen": chosen})
            for act in ("approve", "reject", "spam", "remove", "not-spam")
        ),
        (f"{desk}decide/", {"act": "undo", "event": last.pk}),
        (f"{desk}decide/", {"act": "flood", "network": comment.network, "newest": comment.pk}),
        (f"{desk}person/{comment.user_id}/", {"act": "ban", "reason": "Because"}),
        (f"{desk}{comment.pk}/delete/", {"post": "yes"}),
        ("/admin/newsletter/commentsettings/1/change/", {"who_writes": "off"}),
        ("/admin/newsletter/commentsettings/filter/", {"act": "reset"}),
    ]:
        answer = stranger.post(path, data)
        assert answer.status_code in {302, 403, 404}, path
    assert not Ban.objects.exists()
    after = list(Comment.objects.order_by("pk").values()), Thread.objects.values().get()
    assert after == before
    assert_consistent()
