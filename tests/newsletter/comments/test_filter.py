"""How good the classifier is, told honestly; and forgetting, taking along, bringing in."""

from __future__ import annotations

import json
import random

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import (
    export_classifier,
    import_classifier,
    mark_as_spam,
    reset_classifier,
)
from newsletter.comments.classifier import tokens_of
from newsletter.comments.enums import Label
from newsletter.comments.models import LearntText, WordCount
from newsletter.comments.quality import Confusion, Lesson, cross_validate, read_quality
from newsletter.comments.text import links_in, render_comment
from tests.factories.accounts import UserFactory, sign_in_staff
from tests.factories.comments import crowd, say
from tests.newsletter.comments.corpus import HAM, SPAM, texts_of

PAGE = "/admin/newsletter/commentsettings/filter/"


def lesson(text: str, label: str) -> Lesson:
    links = tuple(links_in(render_comment(text)))
    return tokens_of(body=text, name="", links=links), label


def lessons(count: int, seed: int = 1) -> list[Lesson]:
    made = [lesson(text, Label.HAM) for text in texts_of(HAM, count, seed)]
    made += [lesson(text, Label.SPAM) for text in texts_of(SPAM, count, seed)]
    random.Random(seed).shuffle(made)
    return made


@pytest.fixture
def taught(article: Article, moderator: User) -> list[Lesson]:
    """Forty of each, stored as decisions store them."""
    made = lessons(40)
    for comment, (tokens, label) in zip(crowd(article, 80), made, strict=True):
        LearntText.objects.create(comment=comment, label=label, tokens=tokens)
    counts: dict[str, WordCount] = {}
    for tokens, label in made:
        for token in ("", *tokens):
            row = counts.setdefault(token, WordCount(token=token))
            setattr(row, label, getattr(row, label) + 1)
    WordCount.objects.bulk_create(counts.values())
    return made


def test_precision_and_recall_on_400_and_400() -> None:
    found = cross_validate(lessons(400))
    assert found.held_spam + found.missed_spam == found.held_ham + found.passed_ham == 400
    assert found.precision is not None
    assert found.recall is not None
    assert found.precision >= 0.95
    assert found.recall >= 0.8


def test_voices_that_it_never_heard() -> None:
    """The harder question: every fold leaves a whole voice out, and is asked about that.

    It holds less of such spam (three pieces of five), and still nothing that is none.
    """
    ham, spam = texts_of(HAM, 22 * 12, 2), texts_of(SPAM, 20 * 12, 2)
    # Voices come in turn, so that a step of as many as there are is one voice.
    ordered = [lesson(text, Label.HAM) for voice in range(22) for text in ham[voice::22]]
    ordered += [lesson(text, Label.SPAM) for voice in range(20) for text in spam[voice::20]]
    blocks = [ordered[start : start + 12] for start in range(0, len(ordered), 12)]
    # One voice is one fold: the n-th lesson of every fold in turn.
    found = cross_validate([each for row in zip(*blocks, strict=True) for each in row], len(blocks))
    assert found.precision is not None
    assert found.recall is not None
    assert found.precision >= 0.95
    assert found.recall >= 0.5


def test_nothing_to_hold_has_no_precision() -> None:
    assert Confusion(passed_ham=3).precision is None
    assert Confusion(passed_ham=3).recall is None
    assert Confusion(missed_spam=2).recall == 0


def test_a_text_is_not_judged_by_itself() -> None:
    """A word that one text alone has says nothing about it."""
    made: list[Lesson] = [([f"once{n}"], Label.SPAM if n % 2 else Label.HAM) for n in range(100)]
    assert cross_validate(made) == Confusion(missed_spam=50, passed_ham=50)


def test_the_page_says_it_is_silent(client: Client, moderator: User) -> None:
    sign_in_staff(client, moderator)
    page = client.get(PAGE).content.decode()
    assert "It needs 30 more comments and 30 more pieces of spam first." in page
    assert "It would hold" not in page


def test_the_page_shows_what_was_measured(
    client: Client, moderator: User, taught: list[Lesson], django_assert_max_num_queries
) -> None:
    sign_in_staff(client, moderator)
    with django_assert_max_num_queries(20):
        page = client.get(PAGE).content.decode()
    quality = read_quality()
    assert quality.confusion == cross_validate(
        [each for label in Label for each in reversed(taught) if each[1] == label]
    )
    assert quality.measured == 80
    assert quality.precision_percent in page
    assert quality.recall_percent in page
    assert quality.spam_words[0].spam > 0
    assert quality.spam_words[0].token in page
    assert "It says nothing yet" not in page


def test_reset_asks_once_and_says_the_number(
    client: Client, moderator: User, taught: list[Lesson]
) -> None:
    sign_in_staff(client, moderator)
    asked = client.post(PAGE, {"act": "ask"}).content.decode()
    assert "what 80 texts taught it" in asked
    assert WordCount.objects.exists()
    done = client.post(PAGE, {"act": "reset"}, follow=True).content.decode()
    assert "Forgotten: 80 texts." in done
    assert not WordCount.objects.exclude(token="").exists()
    assert not LearntText.objects.exists()


def test_export_and_import_bring_the_same(
    client: Client, moderator: User, taught: list[Lesson]
) -> None:
    sign_in_staff(client, moderator)
    file = client.get("/admin/newsletter/commentsettings/filter.json").content
    before = list(WordCount.objects.order_by("token").values_list("token", "ham", "spam"))
    upload = {"act": "import", "file": SimpleUploadedFile("filter.json", file)}
    refused = client.post(PAGE, upload)
    assert refused.status_code == 422
    assert "learnt something already" in refused.content.decode()
    reset_classifier(actor=moderator)
    upload["file"] = SimpleUploadedFile("filter.json", file)
    assert client.post(PAGE, upload).status_code == 302
    assert list(WordCount.objects.order_by("token").values_list("token", "ham", "spam")) == before
    assert read_quality().confusion is None


def test_a_decision_taken_after_a_reset_counts_from_nothing(
    article: Article, moderator: User, taught: list[Lesson]
) -> None:
    reset_classifier(actor=moderator)
    mark_as_spam(actor=moderator, comment=say(article, body="Buy it"))
    assert WordCount.objects.get(token="").spam == 1


GOOD = {"format": "masthead-classifier", "version": 1, "texts": {"ham": 1, "spam": 2}, "words": []}


@pytest.mark.parametrize(
    "data",
    [
        [],
        None,
        {},
        {**GOOD, "format": "x"},
        {**GOOD, "texts": []},
        {**GOOD, "texts": {"ham": -1, "spam": 2}},
        {**GOOD, "texts": {"ham": True, "spam": 2}},
        {**GOOD, "texts": {"ham": 10**12, "spam": 2}},
        {**GOOD, "words": {}},
        {**GOOD, "words": [["a", 1]]},
        {**GOOD, "words": [["", 1, 1]]},
        {**GOOD, "words": [["a" * 65, 1, 1]]},
        {**GOOD, "words": [["a\x00", 1, 1]]},
        {**GOOD, "words": [["a", 2, 1]]},
        {**GOOD, "words": [["a", 1, 3]]},
        {**GOOD, "words": [[1, 1, 1]]},
        {**GOOD, "words": [["\ud800", 1, 1]]},
    ],
)
def test_what_is_no_export_is_refused(moderator: User, data: object) -> None:
    with pytest.raises(ValidationError):
        import_classifier(actor=moderator, data=data)
    assert not WordCount.objects.filter(ham__gt=0).exists()


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_json_is_refused(client: Client, moderator: User, content: bytes) -> None:
    sign_in_staff(client, moderator)
    upload = {"act": "import", "file": SimpleUploadedFile("x.json", content)}
    assert client.post(PAGE, upload).status_code == 422


def test_only_those_who_set_the_rules(client: Client, taught: list[Lesson]) -> None:
    stranger = UserFactory(is_staff=True)
    for act in (reset_classifier, export_classifier):
        with pytest.raises(PermissionDenied):
            act(actor=stranger)
    with pytest.raises(PermissionDenied):
        import_classifier(actor=stranger, data=json.loads(json.dumps(GOOD)))
    client.force_login(stranger)
    assert client.get(PAGE).status_code in {302, 403}
    assert client.get("/admin/newsletter/commentsettings/filter.json").status_code in {302, 403}
