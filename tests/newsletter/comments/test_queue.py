"""The queue at the desk: who, what it shows, decisions by form and by script, floods, bars."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions
from newsletter.comments.enums import CommentState
from newsletter.comments.models import Ban, Comment, LearntText, ModerationEvent
from newsletter.comments.pipeline import FormFacts
from newsletter.comments.queue import (
    Tab,
    count_tab,
)
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.factories.comments import held, place_for, say, set_rules
from tests.newsletter.comments.truth import assert_consistent

QUEUE = "/admin/newsletter/comment/"
DECIDE = f"{QUEUE}decide/"


def chosen(comment: Comment) -> str:
    """As a ticked box says it."""
    return f"{comment.pk}-{comment.version}"


def trapped(article: Article) -> Comment:
    """What a visitor's filled-in trap made of an honest comment."""
    written = actions.Written(
        "A thought.", "Guest", "guest@example.com", form=FormFacts(is_trapped=True)
    )
    return actions.submit_comment(place=place_for(article), viewer=None, written=written).comment


def test_nobody_but_who_looks_after_comments(client: Client, article: Article) -> None:
    comment = held(article)
    paths = [QUEUE, f"{QUEUE}{comment.pk}/change/", f"{QUEUE}person/{comment.user_id}/"]
    client.force_login(UserFactory())
    for path in paths:
        assert client.get(path).status_code in {302, 403}
    assert client.post(DECIDE, {"act": "approve"}).status_code in {302, 403}
    client.logout()
    wrong = StaffFactory(is_superuser=False)
    wrong.user_permissions.add(Permission.objects.get(codename="view_comment"))
    sign_in_staff(client, wrong)
    for path in paths:
        assert client.get(path).status_code == 403
    data = {"act": "approve", "chosen": chosen(comment)}
    assert client.post(DECIDE, data).status_code == 403
    ban = client.post(paths[2], {"act": "ban", "reason": "No"})
    assert ban.status_code == 403
    assert "Comments to review" not in client.get("/admin/").content.decode()
    comment.refresh_from_db()
    assert comment.state == CommentState.PENDING
    wrong.user_permissions.add(Permission.objects.get(codename="change_comment"))
    assert client.get(QUEUE).status_code == 200
    assert client.get(DECIDE).status_code == 405


def test_a_row_says_why_who_and_what(desk: Client, article: Article) -> None:
    set_rules()
    parent = say(article, UserFactory(name="Paula Parent"), "Was it worth it?")
    reader = UserFactory(name="Ada Reader")
    set_rules(hold_first_timers=True)
    comment = say(
        article, reader, "It *was* <script>alert(1)</script>, see https://a.example", parent=parent
    )
    page = desk.get(QUEUE).content.decode()
    for words in (
        "No comment of theirs was approved before.",
        "Ada Reader",
        reader.email,
        "0 approved, 0 rejected, 0 spam",
        "New",
        "Answers Paula Parent:",
        "Was it worth it?",
        "On asking",
        "<em>was</em>",
        "&lt;script&gt;",
    ):
        assert words in page, words
    assert "<script>alert" not in page
    assert f'value="{chosen(comment)}"' in page
    assert "Comments to review: 1" in desk.get("/admin/").content.decode()


def test_an_empty_queue_says_so(desk: Client, article: Article) -> None:
    assert "Nothing waits." in desk.get(QUEUE).content.decode()
    assert "None like that." in desk.get(f"{QUEUE}?words=zebra").content.decode()
    assert "Comments to review:" not in desk.get("/admin/").content.decode()
    assert desk.get(f"{QUEUE}?tab=nonsense").status_code == 404
    assert desk.get(f"{QUEUE}?cursor=1-x").status_code == 404
    assert desk.get(f"{QUEUE}?thread=x&person=99999&network=%27&reason=zz").status_code == 200


@pytest.mark.parametrize(
    ("act", "state", "said"),
    [
        ("approve", CommentState.APPROVED, "Approved."),
        ("reject", CommentState.REJECTED, "Rejected."),
        ("spam", CommentState.SPAM, "Marked as spam."),
        ("remove", CommentState.REMOVED, "Removed."),
    ],
)
def test_deciding_by_form_and_taking_it_back(
    desk: Client, article: Article, act: str, state: str, said: str
) -> None:
    comment = held(article)
    data = {"act": act, "chosen": chosen(comment), "here": "tab=pending&done=7"}
    page = desk.post(DECIDE, data, follow=True)
    comment.refresh_from_db()
    assert comment.state == state
    assert said in page.content.decode()
    event = ModerationEvent.objects.get(kind=state)
    assert page.redirect_chain[-1][0] == f"{QUEUE}?tab=pending&done={event.pk}"
    assert f'name="event" value="{event.pk}"' in page.content.decode()
    back = desk.post(DECIDE, {"act": "undo", "event": event.pk}, follow=True)
    assert "Taken back." in back.content.decode()
    comment.refresh_from_db()
    assert comment.state == CommentState.PENDING
    again = desk.post(DECIDE, {"act": "undo", "event": event.pk}, follow=True)
    assert "can no longer be taken back" in again.content.decode()
    assert_consistent()


def test_the_script_is_answered_in_json(desk: Client, article: Article) -> None:
    comment = held(article)
    data = {"act": "approve", "chosen": chosen(comment)}
    answer = desk.post(DECIDE, data, headers={"accept": "application/json"})
    said = answer.json()
    assert (said["words"], said["counts"]["pending"], said["counts"]["approved"]) == (
        "Approved.",
        "0",
        "1",
    )
    assert said["events"] == [ModerationEvent.objects.get(kind="approved").pk]
    twice = desk.post(DECIDE, data, headers={"accept": "application/json"})
    assert twice.status_code == 409
    assert "in the meantime" in twice.json()["words"]
    for nonsense in ({"act": "eat"}, {"act": "approve", "chosen": "x-1"}, {"act": "undo"}):
        assert desk.post(DECIDE, nonsense).status_code == 400


def test_nobody_approves_a_text_they_have_not_read(
    desk: Client, article: Article, reader: User
) -> None:
    comment = held(article, reader, "Nice piece.")
    read = chosen(comment)
    actions.edit_comment(
        actor=reader, comment=comment, place=place_for(article, reader), body="Buy my pills."
    )
    page = desk.post(DECIDE, {"act": "approve", "chosen": read}, follow=True)
    assert "look at it again" in page.content.decode()
    comment.refresh_from_db()
    assert comment.state == CommentState.PENDING


def test_c2_bulk_approve_while_one_is_deleted(desk: Client, article: Article, reader: User) -> None:
    first, gone, last = held(article), held(article, reader), held(article)
    ticked = [chosen(each) for each in (first, gone, last)]
    actions.delete_own_comment(actor=reader, comment=gone)
    page = desk.post(DECIDE, {"act": "approve", "chosen": ticked}, follow=True)
    assert "2 approved. One was changed, deleted or decided on" in page.content.decode()
    states = dict(Comment.objects.values_list("pk", "state"))
    assert states == {first.pk: "approved", gone.pk: "removed", last.pk: "approved"}
    assert_consistent()
    done = page.redirect_chain[-1][0].partition("done=")[2].replace("%2C", ",")
    desk.post(DECIDE, {"act": "undo", "event": done})
    assert Comment.objects.filter(state="pending").count() == 2
    nothing = desk.post(DECIDE, {"act": "spam"}, follow=True)
    assert "Tick the comments first." in nothing.content.decode()


def test_c2_an_answer_to_what_was_removed_a_second_ago(
    desk: Client, article: Article, reader: User
) -> None:
    set_rules()
    comment = say(article)
    desk.post(DECIDE, {"act": "remove", "chosen": chosen(comment)})
    with pytest.raises(actions.RefusedError, match="was taken away in the meantime"):
        say(article, reader, parent=comment)
    assert_consistent()


def test_c1_a_changed_text_waits_beside_the_old_one(
    desk: Client, article: Article, reader: User
) -> None:
    set_rules()
    comment = say(article, reader, "The old words.")
    set_rules(moderation="before")
    comment = actions.edit_comment(
        actor=reader, comment=comment, place=place_for(article, reader), body="The *new* words."
    )
    page = desk.get(QUEUE).content.decode()
    for words in ("The old words.", "The <em>new</em> words.", "Changed text", "Keep the old text"):
        assert words in page
    assert count_tab(Tab.PENDING) == 1
    desk.post(DECIDE, {"act": "reject", "chosen": chosen(comment)})
    comment.refresh_from_db()
    assert (comment.state, comment.body, comment.pending_body) == (
        "approved",
        "The old words.",
        "",
    )
    assert "The text before" in desk.get(f"{QUEUE}{comment.pk}/change/").content.decode()


def test_reported_comments_and_keeping_them(desk: Client, article: Article) -> None:
    set_rules()
    comment = say(article)
    reporter = UserFactory()
    actions.report_comment(
        actor=reporter,
        comment=comment,
        place=place_for(article, reporter),
        reason="rude",
        note_text="Called me a <b>fool</b>",
    )
    page = desk.get(f"{QUEUE}?tab=reported").content.decode()
    assert "It attacks somebody" in page
    assert "Called me a &lt;b&gt;fool" in page
    desk.post(DECIDE, {"act": "approve", "chosen": chosen(comment)})
    assert count_tab(Tab.REPORTED) == 0
    comment.refresh_from_db()
    assert comment.is_visible


def test_filters_and_search(desk: Client, article: Article, reader: User) -> None:
    mine = held(article, reader, "About zebras and lions")
    other = held(article, body="About whales")
    Comment.objects.filter(pk=other.pk).update(
        network="abc1", reasons=[{"check": "links", "words": "2", "verdict": "hold", "data": {}}]
    )
    thread = mine.thread_id
    for query, found in (
        ("words=ZEBRAS lions", {mine.pk}),
        (f"words={reader.email}", {mine.pk}),
        ("reason=links", {other.pk}),
        ("reason=first_timer", {mine.pk}),
        (f"person={reader.pk}", {mine.pk}),
        ("network=abc1", {other.pk}),
        (f"thread={thread}", {mine.pk, other.pk}),
        (f"thread={thread + 1}", set()),
    ):
        response = desk.get(f"{QUEUE}?{query}")
        assert {row.comment.pk for row in response.context["page"].rows} == found, query
    assert "By Ada Reader" in desk.get(f"{QUEUE}?person={reader.pk}").content.decode()


def test_a_trapped_visitor_is_asked_after_all(desk: Client, article: Article) -> None:
    comment = trapped(article)
    assert (comment.state, OutgoingEmail.objects.count()) == ("spam", 0)
    page = desk.get(f"{QUEUE}?tab=spam").content.decode()
    assert "Not spam: ask for the address" in page
    assert "guest@example.com" in page
    desk.post(DECIDE, {"act": "not-spam", "chosen": chosen(comment)})
    comment.refresh_from_db()
    mail = OutgoingEmail.objects.get(kind="confirm_comment")
    assert (comment.state, comment.reasons, mail.to) == ("unconfirmed", [], "guest@example.com")
    assert LearntText.objects.get().label == "ham"
    again = desk.post(DECIDE, {"act": "not-spam", "chosen": chosen(comment)}, follow=True)
    assert "in the meantime" in again.content.decode()
    assert actions.confirm_comment(comment=comment, place=place_for(article)).is_visible
    assert_consistent()


def test_barring_somebody_from_their_page(desk: Client, article: Article, reader: User) -> None:
    comment = held(article, reader, "A rude word")
    path = f"{QUEUE}person/{reader.pk}/"
    assert "A rude word" in desk.get(path).content.decode()
    yesterday = (timezone.localdate() - timedelta(days=2)).isoformat()
    for data, words in (
        ({"reason": " ", "note": "kept words"}, "Say why; the person reads it."),
        ({"reason": "Insults", "ends_on": yesterday, "note": "kept words"}, "in the future"),
    ):
        wrong = desk.post(path, {"act": "ban", **data})
        assert wrong.status_code == 422
        assert words in wrong.content.decode()
        assert "kept words" in wrong.content.decode()
    desk.post(path, {"act": "ban", "reason": "Insults", "note": "Twice warned"})
    assert OutgoingEmail.objects.get(kind="comments_barred").to == reader.email
    page = desk.get(path).content.decode()
    for words in ("For good: Insults", "Twice warned", "Barred from commenting"):
        assert words in page
    assert "Barred" in desk.get(QUEUE).content.decode()
    member = desk.get(f"/admin/newsletter/user/{reader.pk}/member/").content.decode()
    assert "Barred from commenting for good: Insults" in member
    assert "A rude word" in member
    desk.post(path, {"act": "lift"})
    assert not Ban.objects.in_force(timezone.now()).exists()
    trail = desk.get(path).content.decode()
    assert "Bar lifted" in trail
    assert desk.post(path, {"act": "eat"}).status_code == 404
    assert desk.get(f"{QUEUE}person/999999/").status_code == 404
    assert desk.get(f"{QUEUE}{comment.pk}/change/").status_code == 200
    assert desk.get(f"{QUEUE}999999/change/").status_code == 404


def test_staff_cannot_be_barred(desk: Client, moderator: User) -> None:
    path = f"{QUEUE}person/{moderator.pk}/"
    assert "Staff cannot be barred." in desk.get(path).content.decode()
    assert desk.post(path, {"act": "ban", "reason": "Me"}).status_code == 403
