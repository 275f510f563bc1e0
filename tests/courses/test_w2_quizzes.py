"""W2: two authors who write one quiz at once. Nothing that either typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from courses.actions.answering import start_attempt
from courses.admin import quizzes
from courses.models import Lesson, Question, Quiz
from tests.courses.quiz_desk import page_of, typed
from tests.factories.accounts import UserFactory
from tests.factories.courses import lessons_of, make_course
from tests.factories.quizzes import add_question, make_quiz

pytestmark = pytest.mark.django_db


def marked(page: str, tag: str) -> list[str]:
    """What a comparison shows as added or removed, without what is said to screen readers."""
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    return [re.sub(r"<span.*?</span>", "", words, flags=re.DOTALL).strip() for words in found]


def version_on(page: str) -> int:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return int(found[1])


def test_w2_the_second_of_two_authors_is_told(desk: Client) -> None:
    quiz = make_quiz()
    question = add_question(quiz)
    mine = {"pk": question.pk, "prompt": "Mine?", "answers": "* Yes\nNo"}
    quiz.refresh_from_db()
    assert desk.post(page_of(quiz.lesson), typed(mine, version=quiz.version)).status_code == 302
    theirs = mine | {"prompt": "Theirs?"}
    response = desk.post(page_of(quiz.lesson), typed(theirs, version=quiz.version))
    assert response.status_code == 409
    assert "Somebody else saved this quiz" in response.content.decode()
    # What they typed is there still.
    assert "Theirs?" in response.content.decode()
    question.refresh_from_db()
    assert question.prompt == "Mine?"


def test_w2_of_two_who_write_the_first_quiz_the_second_is_told(desk: Client) -> None:
    lesson = lessons_of(make_course())[0]
    version = version_on(desk.get(page_of(lesson)).content.decode())
    mine = typed({"prompt": "Mine?", "answers": "* Yes\nNo"}, version=version)
    theirs = typed({"prompt": "Theirs?", "answers": "* Yes\nNo"}, version=version, pass_percent=10)
    assert desk.post(page_of(lesson), mine).status_code == 302
    response = desk.post(page_of(lesson), theirs)
    assert response.status_code == 409
    assert "Somebody else saved this quiz" in response.content.decode()
    assert "Theirs?" in response.content.decode()
    assert [each.prompt for each in Question.objects.all()] == ["Mine?"]
    assert Quiz.objects.get().pass_percent == 70
    # The one who was first goes on.
    version = version_on(desk.get(page_of(lesson)).content.decode())
    asked = {"pk": Question.objects.get().pk, "prompt": "Mine still?", "answers": "* Yes\nNo"}
    assert desk.post(page_of(lesson), typed(asked, version=version)).status_code == 302


def test_w2_a_first_quiz_that_somebody_stored_while_it_was_being_written(
    desk: Client, monkeypatch: Any
) -> None:
    """The other one commits between our looking for a quiz and our saving one."""
    lesson = lessons_of(make_course())[0]
    find = quizzes.quiz_for

    def overtaken(lesson: Any) -> Quiz:
        found = find(lesson)
        monkeypatch.setattr(quizzes, "quiz_for", find)
        make_quiz(Lesson.objects.get(pk=lesson.pk))
        return found

    monkeypatch.setattr(quizzes, "quiz_for", overtaken)
    data = typed({"prompt": "Mine?", "answers": "* Yes\nNo"}, version=0)
    response = desk.post(page_of(lesson), data)
    assert response.status_code == 409
    assert "Somebody else saved this quiz" in response.content.decode()
    assert "Mine?" in response.content.decode()


def test_w2_who_comes_second_sees_both_and_can_store_theirs_all_the_same(desk: Client) -> None:
    quiz = make_quiz()
    kept, gone = add_question(quiz, prompt="Is this asked?"), add_question(quiz, prompt="Old?")
    quiz.refresh_from_db()
    opened = quiz.version
    # The other one rewrites a question, deletes one, adds one and asks for more.
    first = typed(
        {"pk": kept.pk, "prompt": "Is that asked?", "answers": "* Right\nWrong", "place": 1},
        {"pk": gone.pk, "prompt": "Old?", "answers": "* Right\nWrong", "remove": "on"},
        {"prompt": "Added?", "answers": "* Yes\nNo", "place": 3},
        version=opened,
        pass_percent=90,
    )
    assert desk.post(page_of(quiz.lesson), first).status_code == 302
    assert not Question.objects.filter(pk=gone.pk).exists()
    second = typed(
        {"pk": kept.pk, "prompt": "Is it asked?", "answers": "* Right\nWrong | No.", "place": 1},
        {"pk": gone.pk, "prompt": "Older?", "answers": "* Right\nWrong", "place": 2},
        version=opened,
        shuffles_choices="on",
    )
    response = desk.post(page_of(quiz.lesson), second)
    assert response.status_code == 409
    page = response.content.decode()
    removed, added = marked(page, "del"), marked(page, "ins")
    assert "that" in removed
    assert "it" in added
    assert any("Older?" in words for words in added)
    assert {"90", "no"} <= set(removed)
    assert {"70", "yes"} <= set(added)
    assert "Added?" not in " ".join(removed)
    # Nothing is stored before they say so, and then it is one more press of the same button.
    assert Question.objects.get(pk=kept.pk).prompt == "Is that asked?"
    assert (
        desk.post(page_of(quiz.lesson), second | {"version": version_on(page)}).status_code == 302
    )
    asked = Question.objects.filter(quiz=quiz, is_archived=False).order_by("prompt")
    assert [each.prompt for each in asked] == ["Added?", "Is it asked?", "Older?"]
    assert Quiz.objects.get().pass_percent == 70


def test_w2_a_question_that_the_other_one_put_away_is_asked_by_who_stores_it(desk: Client) -> None:
    quiz = make_quiz()
    kept, away = add_question(quiz), add_question(quiz, prompt="Away?")
    start_attempt(user=UserFactory(), lesson=quiz.lesson)
    quiz.refresh_from_db()
    answers = {"answers": "* Right\nWrong"}
    whole = [
        {"pk": kept.pk, "prompt": "Kept?", **answers},
        {"pk": away.pk, "prompt": "Away?", **answers},
    ]
    first = typed(whole[0], whole[1] | {"remove": "on"}, version=quiz.version)
    assert desk.post(page_of(quiz.lesson), first).status_code == 302
    away.refresh_from_db()
    assert away.is_archived
    page = desk.post(page_of(quiz.lesson), typed(*whole, version=quiz.version))
    assert page.status_code == 409
    again = typed(*whole, version=version_on(page.content.decode()))
    assert desk.post(page_of(quiz.lesson), again).status_code == 302
    away.refresh_from_db()
    assert not away.is_archived
