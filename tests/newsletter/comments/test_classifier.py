"""The local classifier: silent at first, taught by decisions, and only ever holding."""

from __future__ import annotations

import pytest

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import classifier
from newsletter.comments.actions import approve_comment, mark_as_spam, reject_comment
from newsletter.comments.classifier import ENOUGH, Counts, opinion_on, tokens_of
from newsletter.comments.enums import CommentState
from newsletter.comments.models import Comment, WordCount
from tests.factories.comments import say, set_rules

HAM = "I asked my client about the rate and the invoice, and number {n} of them said yes at once"
SPAM = "BUY cheap pills at https://pills.example now, best casino bonus {n} for winners!!"


def teach_many(article: Article, moderator: User, count: int) -> None:
    rows = []
    for number in range(count):
        rows.append(say(article, moderator, HAM.format(n=number)))
        rows.append(say(article, moderator, SPAM.format(n=number)))
    for place, row in enumerate(rows):
        (mark_as_spam if place % 2 else approve_or_keep)(actor=moderator, comment=row)


def approve_or_keep(*, actor: User, comment: Comment) -> None:
    """A comment of the desk stands already: reject it, then approve it, and it is learnt."""
    reject_comment(actor=actor, comment=comment)
    approve_comment(actor=actor, comment=comment)


def test_silent_before_it_has_seen_enough_of_both() -> None:
    seen = {"pills": Counts(0, 29)}
    assert opinion_on(["pills"], seen, Counts(1000, ENOUGH - 1)) is None
    assert opinion_on(["pills"], seen, Counts(ENOUGH - 1, 1000)) is None
    assert opinion_on(["pills"], seen, Counts(ENOUGH, ENOUGH)) is not None


@pytest.mark.parametrize("tokens", [[], ["never", "seen"], ["both"]])
def test_what_tells_nothing_is_not_spam(tokens: list[str]) -> None:
    opinion = opinion_on(tokens, {"both": Counts(50, 50)}, Counts(100, 100))
    assert opinion is not None
    assert opinion.probability == 0.5


def test_many_good_words_are_not_drowned_by_one_bad_one() -> None:
    seen = {f"good{n}": Counts(40, 0) for n in range(20)} | {"bad": Counts(0, 40)}
    opinion = opinion_on(list(seen), seen, Counts(50, 50))
    assert opinion is not None
    assert opinion.probability < 0.1
    assert 0 <= opinion.probability <= 1


def test_hostile_text_costs_little_and_stays_in_range() -> None:
    tokens = tokens_of(body="word" * 3000 + " a b" * 3000, name="x" * 200, links=("http://[",) * 0)
    assert len(tokens) <= 400
    assert max(map(len, tokens)) <= 64
    seen = {token: Counts(0, 1000) for token in tokens}
    opinion = opinion_on(tokens, seen, Counts(1000, 1000))
    assert opinion is not None
    assert 0 <= opinion.probability <= 1


def test_taught_by_decisions_it_holds_and_says_why(
    article: Article, reader: User, moderator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rules(max_links=10)
    monkeypatch.setattr(classifier, "ENOUGH", 8)
    teach_many(article, moderator, 8)
    texts = WordCount.objects.get(token="")
    assert (texts.ham, texts.spam) == (8, 8)
    held = say(article, reader, SPAM.format(n="today"))
    assert held.state == CommentState.PENDING
    reason = held.reasons[0]
    assert (reason["check"], reason["verdict"]) == ("classifier", "hold")
    assert reason["data"]["probability"] > 0.9
    assert "casino" in " ".join(reason["data"]["words"])
    passed = say(article, reader, HAM.format(n="none"))
    assert passed.state == CommentState.APPROVED


def test_a_rude_but_honest_comment_teaches_nothing(
    article: Article, reader: User, moderator: User
) -> None:
    rude = say(article, reader, "You are an idiot and your rate is nonsense.")
    reject_comment(actor=moderator, comment=rude)
    assert not WordCount.objects.exclude(ham=0, spam=0).exists()
