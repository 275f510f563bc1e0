"""What programs send that no form of ours sends: numbers, bytes and patterns made to break things.

Each of these is answered, and quickly: never with an error of ours (C5).
"""

from __future__ import annotations

import base64
import json
import time

import pytest
from django.test import Client

from newsletter.accounts.models import User
from newsletter.articles.enums import ArticleState
from newsletter.articles.models import Article
from newsletter.comments.models import Comment
from newsletter.comments.pipeline import Draft
from newsletter.comments.pipeline.content import check_held_words
from newsletter.comments.proof_of_work import is_solved, make_challenge
from newsletter.comments.rules import rules_for
from newsletter.comments.text import plain_text, render_comment
from tests.factories.comments import place_for, say, set_rules

HUGE = "9" * 30


def held_by(article: Article, pattern: str, body: str, name: str = "Ada") -> bool:
    rules = rules_for(place_for(article), None, set_rules(held_words=pattern))
    shown = plain_text(render_comment(body))
    draft = Draft(body=body, links=(), name=name, rules=rules, shown=shown)
    return check_held_words(draft) is not None


@pytest.mark.parametrize(
    "answer",
    [
        '{"number": 1e400, "salt": "s?expires=1", "challenge": "", "signature": ""}',
        '{"number": 1, "salt": "s?expires=9999999999", "challenge": "c", "signature": "\\ud800"}',
        '{"number": 1, "salt": "\\ud800?expires=9999999999", "challenge": "c", "signature": "s"}',
        "[]",
        '"word"',
    ],
)
def test_an_answer_to_the_puzzle_that_is_nonsense(answer: str) -> None:
    assert not is_solved(base64.b64encode(answer.encode()).decode())


@pytest.mark.django_db
def test_a_signature_in_odd_letters_over_a_puzzle_of_ours() -> None:
    puzzle = {**make_challenge(), "number": 1, "signature": "ü\ud800"}
    assert not is_solved(base64.b64encode(json.dumps(puzzle).encode()).decode())


@pytest.mark.parametrize(
    "path",
    [
        f"/conversations/article/{HUGE}/",
        f"/conversations/article/{HUGE}/write/",
        f"/conversations/article/{HUGE}/sent/",
        f"/conversations/article/{HUGE}/feed.atom",
        f"/comments/{HUGE}/",
        f"/comments/{HUGE}/replies/",
    ],
)
@pytest.mark.django_db
def test_numbers_that_no_database_holds(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_an_answer_to_a_number_that_no_database_holds(article: Article, client: Client) -> None:
    say(article)
    form = {"body": "Hello there.", "name": "Eve", "email": "eve@elsewhere.example", "answer": HUGE}
    answer = client.post(f"/conversations/article/{article.pk}/write/", form)
    assert answer.status_code == 422
    assert b"Hello there." in answer.content
    assert Comment.objects.count() == 1


def test_filters_of_the_queue_that_no_database_holds(desk: Client) -> None:
    for name in ("thread", "person"):
        assert desk.get(f"/admin/newsletter/comment/?{name}={HUGE}").status_code == 200


@pytest.mark.parametrize(
    ("pattern", "body"),
    [
        ("v*i*a*g*r*a*s", "viagra" * 1600),
        ("a*a*a*a*a*a*b", "a" * 10_000),
        ("a * * * b", "a" + " " * 9_990 + "c"),
        ("*a*b*c*d", "abc" * 3300),
    ],
)
def test_a_pattern_with_many_stars_is_answered_at_once(
    article: Article, pattern: str, body: str
) -> None:
    began = time.perf_counter()
    held_by(article, pattern, body)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("pattern", "body"),
    [
        ("v*i*a*g*r*a", "Buy v1iXagra now"),
        ("cas*no", "the CAS1NO, again"),
        ("free money", "Free \n money here"),
        (".example", "see spam.example today"),
        ("*coin", "bitcoin"),
        ("coin*", "(coins)"),
        ("a*b*b", "axbyb"),
        # Hidden in what the reader does not see.
        ("casino", "cas\u200dino"),
        ("casino", "cas**i**no"),
        ("casino", "c\uff41sino"),
    ],
)
def test_a_word_is_found_however_it_is_dressed(article: Article, pattern: str, body: str) -> None:
    assert held_by(article, pattern, body)


@pytest.mark.parametrize(
    ("pattern", "body"),
    [("cas*no", "cas is no"), ("coin", "coincidence"), ("*coin", "coins"), ("a.b", "acb")],
)
def test_what_is_another_word_is_not_found(article: Article, pattern: str, body: str) -> None:
    assert not held_by(article, pattern, body)


def test_deleting_ones_own_when_the_piece_has_gone(
    article: Article, reader: User, client: Client
) -> None:
    """Deleting one's own always works."""
    comment = say(article, reader, "Mine.")
    article.state = ArticleState.DRAFT
    article.save(update_fields=["state"])
    client.force_login(reader)
    path = f"/comments/{comment.pk}/delete/"
    assert path in client.get("/account/comments/").content.decode()
    assert client.get(path).status_code == 200
    assert client.post(path, follow=True).status_code == 200
    comment.refresh_from_db()
    assert comment.is_gone


def test_a_member_whose_browser_fills_the_trap_sees_what_became_of_it(
    article: Article, reader: User, client: Client
) -> None:
    client.force_login(reader)
    form = {"body": "A browser filled it in.", "homepage": "https://ada.example"}
    path = f"/conversations/article/{article.pk}/write/"
    page = client.post(path, form, follow=True)
    assert page.status_code == 200
    assert b"A browser filled it in." in page.content
