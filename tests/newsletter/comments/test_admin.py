"""The rules at the desk."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions
from newsletter.comments.models import CommentSettings, ModerationEvent, Thread
from newsletter.comments.queries import get_comment_settings
from tests.factories.accounts import StaffFactory, sign_in_staff
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import place_for, say, set_rules, thread_of
from tests.newsletter.comments.akismet_server import Akismet

SETTINGS = "/admin/newsletter/commentsettings/1/change/"
RULES = {
    "who_writes": "members",
    "moderation": "before",
    "max_links": "1",
    "edit_minutes": "5",
    "held_words": "Casino*\n\n***\ncasino*",
    "refused_words": "",
    "reports_to_hide": "2",
}


def test_the_sites_rules_are_there_before_anybody_saved_them(client: Client, db: None) -> None:
    sign_in_staff(client)
    assert client.get("/admin/newsletter/commentsettings/").status_code == 302
    page = client.get(SETTINGS).content.decode()
    assert "words that hold" in page.lower()
    assert not CommentSettings.objects.exists()


def test_saving_the_sites_rules(client: Client, article: Article) -> None:
    sign_in_staff(client)
    assert client.post(SETTINGS, RULES).status_code == 302
    rules = get_comment_settings()
    assert (rules.who_writes, rules.held_words, rules.hold_first_timers) == (
        "members",
        "casino*",
        False,
    )
    assert ModerationEvent.objects.get().kind == "rules"
    client.logout()
    assert "Members comment here" in client.get(f"/articles/{article.slug}/").content.decode()


def test_a_wrong_rule_comes_back_with_what_was_typed(client: Client, db: None) -> None:
    sign_in_staff(client)
    response = client.post(SETTINGS, {**RULES, "max_links": "many", "close_after_days": "0"})
    assert response.status_code == 200
    assert 'value="many"' in response.content.decode()
    assert not CommentSettings.objects.exists()


def test_rules_of_one_conversation(client: Client, article: Article) -> None:
    sign_in_staff(client)
    desk = client.get(f"/admin/newsletter/article/{article.pk}/change/").content.decode()
    add = f"/admin/newsletter/thread/add/?article={article.pk}"
    assert add in desk
    assert client.get(add).status_code == 200
    data = {"article": article.pk, "moderation": "before", "hold_first_timers": "no"}
    assert client.post("/admin/newsletter/thread/add/", data).status_code == 302
    thread = Thread.objects.get()
    assert (thread.key, thread.kind, thread.moderation) == (article.pk, "article", "before")
    assert thread.hold_first_timers is False
    change = f"/admin/newsletter/thread/{thread.pk}/change/"
    assert client.get(change).status_code == 200
    client.post(change, {"moderation": "", "hold_first_timers": "", "is_open_to_all": "on"})
    thread.refresh_from_db()
    assert (thread.moderation, thread.hold_first_timers, thread.is_open_to_all) == ("", None, True)
    assert client.post("/admin/newsletter/thread/add/", data).status_code == 200


def test_who_changed_which_rules_and_closed_it_stands_with_them(
    client: Client, article: Article, akismet: Akismet
) -> None:
    say(article)
    thread = thread_of(article)
    actor = StaffFactory(name="Hanna Verlinde")
    sign_in_staff(client, actor)
    change = f"/admin/newsletter/thread/{thread.pk}/change/"
    client.post(change, {"moderation": "before", "hold_first_timers": "", "held_words": "casino"})
    actions.close_thread(actor=actor, place=place_for(article))
    page = client.get(change).content.decode()
    trail = page[page.index("What happened") :]
    assert trail.index("Conversation closed") < trail.index("Rules changed")
    assert "looked at, further words that hold" in trail
    assert "Hanna Verlinde" in trail
    client.post(SETTINGS, {**RULES, "akismet_key": "hush-hush"})
    page = client.get(SETTINGS).content.decode()
    trail = page[page.index("What happened") :]
    assert "Akismet key" in trail
    assert "hush-hush" not in trail
    # Saving what is there already changes nothing.
    events = ModerationEvent.objects.count()
    client.post(SETTINGS, {**RULES, "akismet_key": "hush-hush"})
    assert ModerationEvent.objects.count() == events


def test_the_list_costs_the_same_and_closes_many(
    client: Client, article: Article, django_assert_num_queries
) -> None:
    sign_in_staff(client)
    say(article)
    path = "/admin/newsletter/thread/"
    client.get(path)
    with django_assert_num_queries(14, exact=False) as queries:
        client.get(path)
    for _ in range(3):
        say(PublishedArticleFactory())
    with django_assert_num_queries(len(queries)):
        assert client.get(path).status_code == 200
    chosen = list(Thread.objects.values_list("pk", flat=True))
    client.post(path, {"action": "close_chosen", "_selected_action": chosen})
    assert not Thread.objects.filter(closed_at=None).exists()
    client.post(path, {"action": "reopen_chosen", "_selected_action": chosen})
    assert thread_of(article).closed_at is None


@pytest.mark.parametrize("path", [SETTINGS, "/admin/newsletter/thread/add/"])
def test_nobody_else_opens_them(client: Client, reader: User, path: str) -> None:
    assert client.get(path).status_code == 302
    client.force_login(reader)
    assert "/login/" in client.get(path)["Location"]
    set_rules()
    client.logout()
    # Of the desk, without the right to change rules.
    sign_in_staff(client, StaffFactory(is_superuser=False))
    assert client.post(path, RULES).status_code == 403
    assert get_comment_settings().who_writes == "everyone"
