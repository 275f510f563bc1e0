"""Histories that nobody plans: a form used again, decisions on texts that changed meanwhile."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions
from newsletter.comments.actions import Written
from newsletter.comments.enums import CommentState, Label, ReportReason
from newsletter.comments.models import Comment, LearntText, Report
from newsletter.comments.pipeline import FormFacts
from newsletter.lib.signing import make_token
from newsletter.memberships.enums import Access
from tests.factories.accounts import UserFactory
from tests.factories.comments import held, place_for, say, set_rules
from tests.factories.memberships import GrantFactory

EMAIL = "ada@example.com"
FRAGMENT = {"HX-Request": "true"}


def visit(article: Article, body: str, client_id: str = "form-1") -> Comment:
    """What a visitor sends."""
    written = Written(body=body, name="Ada", email=EMAIL, client_id=client_id)
    return actions.submit_comment(place=place_for(article), viewer=None, written=written).comment


def confirm(comment: Comment, article: Article) -> Comment:
    """The button behind the link in the mail."""
    return actions.confirm_comment(comment=comment, place=place_for(article))


def change(article: Article, comment: Comment, body: str) -> Comment:
    """Its writer's change."""
    assert comment.user is not None
    place = place_for(article, comment.user)
    return actions.edit_comment(actor=comment.user, comment=comment, place=place, body=body)


def hidden_by_reports(article: Article, comment: Comment) -> Comment:
    """Three readers of long standing report it."""
    with time_machine.travel(timezone.now() - timedelta(days=60), tick=False):
        readers = [UserFactory() for _ in range(3)]
    for each in readers:
        actions.report_comment(
            actor=each, comment=comment, place=place_for(article, each), reason=ReportReason.RUDE
        )
    comment.refresh_from_db()
    assert comment.state == CommentState.PENDING
    return comment


def test_a_visitors_form_used_again_after_confirming_is_another_comment(article: Article) -> None:
    first = confirm(visit(article, "The first thing"), article)
    # They went back in their browser, where the form still has its name.
    second = confirm(visit(article, "The second thing"), article)
    assert first.pk != second.pk
    assert second.state == CommentState.APPROVED
    assert second.user == first.user


def test_a_visitors_same_words_are_not_said_twice_by_confirming_twice(article: Article) -> None:
    first = confirm(visit(article, "The very same"), article)
    again = visit(article, "The very same")
    assert again.pk != first.pk
    assert confirm(again, article) == first
    assert list(Comment.objects.all()) == [first]
    first.thread.refresh_from_db()
    assert first.thread.approved_count == 1


def test_a_change_is_still_explained_after_reports_on_the_old_text_are_not_shared(
    article: Article, reader: User, moderator: User
) -> None:
    set_rules(held_words="casino")
    comment = change(article, say(article, reader, "An honest word"), "An honest casino")
    comment = hidden_by_reports(article, comment)
    actions.approve_comment(actor=moderator, comment=comment)
    comment.refresh_from_db()
    assert (comment.state, comment.pending_body) == (CommentState.APPROVED, "An honest casino")
    assert [reason["check"] for reason in comment.reasons] == ["held_words"]


def test_a_change_that_is_spam_teaches_its_own_words_and_is_what_the_desk_keeps(
    article: Article, reader: User, moderator: User
) -> None:
    set_rules(held_words="casino")
    comment = say(article, reader, "Negotiating takes patience")
    comment = change(article, comment, "Buy **casino** chips")
    event = actions.mark_as_spam(actor=moderator, comment=comment)
    learnt = LearntText.objects.get(comment=comment)
    assert learnt.label == Label.SPAM
    assert "casino" in learnt.tokens
    assert "patience" not in learnt.tokens
    comment.refresh_from_db()
    assert (comment.state, comment.body) == (CommentState.SPAM, "Buy **casino** chips")
    assert "<strong>casino</strong>" in comment.html

    actions.undo_decision(actor=moderator, event=event)
    comment.refresh_from_db()
    assert comment.state == CommentState.APPROVED
    assert comment.body == "Negotiating takes patience"
    assert "patience" in comment.html
    assert comment.pending_body == "Buy **casino** chips"
    assert not LearntText.objects.exists()


def test_what_was_typed_into_a_change_comes_back_when_its_time_is_over(
    client: Client, article: Article, reader: User
) -> None:
    comment = say(article, reader)
    client.force_login(reader)
    Comment.objects.filter(pk=comment.pk).update(submitted_at=timezone.now() - timedelta(hours=2))
    answer = client.post(f"/comments/{comment.pk}/edit/", {"body": "A long & careful change"})
    assert answer.status_code == 403
    assert "A long &amp; careful change" in answer.content.decode()


def test_the_trail_says_in_words_why_something_was_reported(
    desk: Client, article: Article, reader: User
) -> None:
    comment = say(article)
    actions.report_comment(
        actor=reader,
        comment=comment,
        place=place_for(article, reader),
        reason=ReportReason.OFF_TOPIC,
    )
    assert Report.objects.get().reason == "off_topic"
    page = desk.get(f"/admin/newsletter/comment/{comment.pk}/change/").content.decode()
    trail = page.partition('id="trail"')[2]
    assert "off_topic" not in trail
    assert "It has nothing to do with the piece" in trail


def test_a_button_of_a_page_whose_session_ended_leads_to_sign_in_and_back(
    client: Client, article: Article
) -> None:
    """htmx would put the whole sign-in page in the place of the button."""
    like = f"/comments/{say(article).pk}/like/"
    came_from = "http://testserver/articles/on-asking/?order=newest"
    answer = client.post(
        like, {"likes": "1"}, headers={"HX-Request": "true", "HX-Current-URL": came_from}
    )
    sign_in = "/account/login/?next=/articles/on-asking/%3Forder%3Dnewest"
    assert (answer.status_code, answer["HX-Redirect"], answer.content) == (401, sign_in, b"")
    # Without JavaScript too: the button's own address opens nothing once they are signed in.
    answer = client.post(like, {"likes": "1"}, headers={"Referer": came_from})
    assert (answer.status_code, answer["Location"]) == (302, sign_in)
    for elsewhere in ("https://elsewhere.example/articles/", "http://[", ""):
        answer = client.post(like, {"likes": "1"}, headers={"Referer": elsewhere})
        assert answer["Location"] == f"/account/login/?next={like}"


def test_a_change_of_what_waits_is_not_said_to_leave_an_old_text_standing(
    client: Client, article: Article, reader: User
) -> None:
    comment = held(article, reader)
    client.force_login(reader)
    page = client.post(f"/comments/{comment.pk}/edit/", {"body": "Said better"}, follow=True)
    words = page.content.decode()
    assert "Changed. It is looked at before others see it." in words
    assert "old text" not in words


def test_a_change_of_what_waits_takes_no_reason_away_that_is_not_answered_by_it(
    article: Article, reader: User
) -> None:
    form = FormFacts(is_too_quick=True)
    comment = say(article, reader, "Sent in a moment", form=form)
    assert [reason["check"] for reason in comment.reasons] == ["time"]
    comment = change(article, comment, "Sent in a moment, then thought over")
    assert comment.state == CommentState.PENDING
    assert [reason["check"] for reason in comment.reasons] == ["time"]


def test_what_waits_says_why_also_when_nothing_speaks_against_the_new_text(
    article: Article, reader: User
) -> None:
    set_rules(held_words="casino")
    comment = change(article, say(article, reader, "A casino"), "A house")
    assert comment.state == CommentState.PENDING
    assert [reason["words"] for reason in comment.reasons] == [
        "It was held, and then changed by its writer. Nothing speaks against the new text."
    ]
    comment = change(article, comment, "A casino again")
    assert [reason["check"] for reason in comment.reasons] == ["held_words"]


def test_a_button_whose_comment_has_gone_takes_the_whole_page_along(
    client: Client, article: Article, reader: User, moderator: User
) -> None:
    """htmx would follow a redirect and put the whole article in the place of the button."""
    comment = say(article)
    client.force_login(reader)
    actions.remove_comment(actor=moderator, comment=comment)
    answer = client.post(f"/comments/{comment.pk}/like/", {"likes": "1"}, headers=FRAGMENT)
    assert answer["HX-Redirect"] == "/articles/on-asking/"
    assert "decided on in the meantime" in client.get("/articles/on-asking/").content.decode()
    # Who is barred is told so, and not by a button that does nothing.
    other = say(article)
    actions.ban_person(actor=moderator, user=reader, reason="Three personal attacks")
    answer = client.post(f"/comments/{other.pk}/like/", {"likes": "1"}, headers=FRAGMENT)
    assert answer["HX-Redirect"] == f"/comments/{other.pk}/"
    assert "Three personal attacks" in client.get(f"/comments/{other.pk}/").content.decode()


def test_a_text_sent_when_the_piece_was_closed_to_its_writer_is_not_lost(
    client: Client, article: Article, reader: User
) -> None:
    answered = say(article, body="A word for members alone")
    Article.objects.filter(pk=article.pk).update(access=Access.MEMBERS)
    write = f"/conversations/article/{article.pk}/write/"
    sent = {"body": "Half an hour of <thought>", "answer": answered.pk}
    answer = client.post(write, sent, headers=FRAGMENT)
    assert answer["HX-Redirect"] == "/articles/on-asking/"
    answer = client.post(write, sent)
    words = answer.content.decode()
    assert answer.status_code == 403
    assert "Half an hour of &lt;thought&gt;" in words
    assert "A word for members" not in words
    for path in (write, f"/conversations/article/{article.pk}/"):
        assert client.get(path)["Location"] == "/articles/on-asking/"
        assert client.get(path, headers=FRAGMENT)["HX-Redirect"] == "/articles/on-asking/"


def test_confirming_is_judged_by_who_owns_the_address_not_by_who_is_signed_in(
    client: Client, article: Article
) -> None:
    member, stranger = UserFactory(email=EMAIL), UserFactory(email="stranger@example.com")
    by_member = visit(article, "Written signed out")
    written = Written(body="Written by a stranger", name="S", email=stranger.email)
    place = place_for(article)
    by_stranger = actions.submit_comment(place=place, viewer=None, written=written).comment
    GrantFactory(user=member)
    Article.objects.filter(pk=article.pk).update(access=Access.PAID)

    link = reverse("comments:confirm-comment", args=[make_token("confirm-comment", by_member.pk)])
    client.post(link)
    by_member.refresh_from_db()
    assert by_member.state == CommentState.APPROVED

    client.force_login(member)
    link = reverse("comments:confirm-comment", args=[make_token("confirm-comment", by_stranger.pk)])
    client.post(link)
    by_stranger.refresh_from_db()
    assert by_stranger.state == CommentState.REJECTED


def test_reports_of_people_who_were_barred_since_do_not_hide(
    article: Article, moderator: User
) -> None:
    comment = say(article)
    with time_machine.travel(timezone.now() - timedelta(days=60), tick=False):
        readers = [UserFactory() for _ in range(4)]

    def report(by: User) -> str:
        place, why = place_for(article, by), ReportReason.RUDE
        actions.report_comment(actor=by, comment=comment, place=place, reason=why)
        comment.refresh_from_db()
        return comment.state

    report(readers[0])
    actions.ban_person(actor=moderator, user=readers[0], reason="Reports what they dislike")
    assert [report(each) for each in readers[1:]] == ["approved", "approved", "pending"]
    assert comment.reasons[-1]["data"] == {"count": 3}
