"""The checks: each says what it thinks and why, and none asks the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter.comments.access import Bar, MayWrite
from newsletter.comments.classifier import SpamOpinion
from newsletter.comments.enums import Verdict
from newsletter.comments.models import Ban, CommentSettings, Thread
from newsletter.comments.owners import Place
from newsletter.comments.pipeline import Draft, Finding, FormFacts, judge
from newsletter.comments.rules import rules_for, word_list
from newsletter.comments.standing import Standing

PLACE = Place("article", 1, "On asking", "/articles/on-asking/", True, True)
SITE = CommentSettings(hold_first_timers=False, asks_for_work=False)


def draft(**fields: object) -> Draft:
    rules = rules_for(PLACE, None, fields.pop("site", SITE))  # type: ignore[arg-type]
    facts: dict[str, object] = {"body": "Fair enough.", "links": (), "name": "Ada", "rules": rules}
    return Draft(**{**facts, **fields})  # type: ignore[arg-type]


def checks(found: Draft) -> list[str]:
    return [finding.check for finding in judge(found).findings]


def test_a_plain_comment_passes() -> None:
    outcome = judge(draft())
    assert outcome.verdict == Verdict.PASS
    assert outcome.findings == ()


@pytest.mark.parametrize("bar", [Bar.CLOSED, Bar.OFF, Bar.SIGN_IN, Bar.PAY, Bar.NOT_READABLE])
def test_a_bar_refuses_what_is_new_and_lets_one_change_what_is_old(bar: Bar) -> None:
    outcome = judge(draft(bar=MayWrite(bar)))
    assert outcome.verdict == Verdict.REFUSE
    assert outcome.findings[0].words
    assert judge(draft(bar=MayWrite(bar), is_edit=True)).verdict == Verdict.PASS


@pytest.mark.parametrize("is_edit", [False, True])
def test_a_ban_refuses_both_and_says_why(is_edit: bool) -> None:
    ban = Ban(reason="Three personal attacks", ends_at=timezone.now() + timedelta(days=9))
    outcome = judge(draft(bar=MayWrite(Bar.BANNED, ban), is_edit=is_edit))
    assert outcome.verdict == Verdict.REFUSE
    assert "Three personal attacks" in outcome.findings[0].words


@pytest.mark.parametrize(
    ("facts", "check", "verdict"),
    [
        ({"over_limit": "network"}, "rate", Verdict.REFUSE),
        ({"form": FormFacts(is_trapped=True)}, "trap", Verdict.SPAM),
        ({"form": FormFacts(is_too_quick=True)}, "time", Verdict.HOLD),
        ({"form": FormFacts(is_timed=False)}, "time", Verdict.HOLD),
        ({"is_duplicate": True}, "duplicate", Verdict.REFUSE),
        ({"links": ("https://a.example",) * 3}, "links", Verdict.HOLD),
        ({"opinion": SpamOpinion(0.97, ("casino",))}, "classifier", Verdict.HOLD),
        ({"asks_akismet": True}, "akismet", Verdict.HOLD),
        (
            {"site": CommentSettings(moderation="before", hold_first_timers=False)},
            "premoderation",
            Verdict.HOLD,
        ),
        ({"site": CommentSettings()}, "first_timer", Verdict.HOLD),
        (
            {
                "site": CommentSettings(hold_first_timers=False),
                "is_visitor": True,
                "form": FormFacts(has_worked=False),
            },
            "work",
            Verdict.HOLD,
        ),
    ],
)
def test_each_check_finds_its_own(facts: dict[str, object], check: str, verdict: str) -> None:
    outcome = judge(draft(**facts))
    assert [finding.check for finding in outcome.findings] == [check]
    assert outcome.verdict == verdict
    assert len(outcome.findings[0].words) > 10


def test_all_reasons_are_collected_and_the_worst_counts() -> None:
    found = draft(
        site=CommentSettings(moderation="before"),
        links=("https://a.example",) * 5,
        form=FormFacts(is_trapped=True),
    )
    assert checks(found) == ["trap", "links", "premoderation", "first_timer"]
    assert judge(found).verdict == Verdict.SPAM


@pytest.mark.parametrize(
    ("pattern", "body", "is_found"),
    [
        ("casino", "Best CASINO here", True),
        ("casino", "casinos", False),
        ("casin*", "casinos", True),
        ("*coin*", "try shitcoins now", True),
        ("c*ino", "casino", True),
        ("cheap pills", "cheap\n pills", True),
        ("casino", "\uff43\uff41\uff53\uff49\uff4e\uff4f", True),
        ("bad.example", "see https://bad.example/x", True),
        ("a.b", "axb", False),
    ],
)
def test_words_with_wildcards(pattern: str, body: str, is_found: bool) -> None:
    held = draft(site=CommentSettings(held_words=pattern, hold_first_timers=False), body=body)
    assert (checks(held) == ["held_words"]) is is_found
    refused = draft(site=CommentSettings(refused_words=pattern, hold_first_timers=False), body=body)
    assert (judge(refused).verdict == Verdict.REFUSE) is is_found


def test_a_pattern_of_stars_alone_holds_nothing() -> None:
    assert word_list("*\n  \n ** \nA  b\na b") == ("a b",)
    # As it comes from files and pages: lines with nothing but what has no width.
    assert word_list("\ufeff\n\u200b*\n\u00ad \u2060\nword") == ("word",)


def test_trust_is_earned_and_lost() -> None:
    assert not Standing(approved=9).is_known
    assert Standing(True, approved=1).is_known
    assert Standing(True, approved=5).is_trusted
    assert not Standing(True, approved=5, spam=1).is_trusted
    many = draft(links=("https://a.example",) * 5, standing=Standing(True, approved=20))
    assert checks(many) == []


def test_reports_of_who_is_always_wrong_do_not_count() -> None:
    assert Standing(True).reports_count
    assert not Standing(False).reports_count
    assert not Standing(True, reports_dismissed=3).reports_count
    assert Standing(True, reports_dismissed=3, reports_upheld=2).reports_count


def test_staff_are_held_by_nothing_they_say() -> None:
    said = draft(
        site=CommentSettings(moderation="before", held_words="word", refused_words="word"),
        body="word",
        links=("https://a.example",) * 9,
        is_staff=True,
    )
    assert judge(said).verdict == Verdict.PASS


def test_what_was_kept_counts_with_the_rest() -> None:
    kept = Finding("time", Verdict.HOLD, "Too quick.", {"a": 1})
    outcome = judge(draft(), kept=(kept,))
    assert outcome.verdict == Verdict.HOLD
    assert Finding.from_json(outcome.as_json()[0]) == kept


def test_rules_of_one_conversation_go_before_the_sites() -> None:
    site = CommentSettings(max_links=2, held_words="a", close_after_days=30)
    own = Thread(max_links=0, hold_first_timers=False, held_words="b", close_after_days=7)
    opened = timezone.now() - timedelta(days=8)
    rules = rules_for(replace(PLACE, opened_at=opened, who_writes="paid"), own, site)
    assert (rules.max_links, rules.hold_first_timers) == (0, False)
    assert rules.held_words == ("a", "b")
    assert rules.who_writes == "paid"
    assert rules.is_closed(timezone.now())
    assert not rules_for(replace(PLACE, opened_at=opened), None, site).is_closed(timezone.now())


@pytest.mark.parametrize(
    "form",
    [FormFacts(is_too_quick=True), FormFacts(is_timed=False), FormFacts(is_trapped=True)],
)
def test_the_desk_is_not_taken_for_a_machine(form: FormFacts) -> None:
    """An author who answers at once, or whose browser fills in every field."""
    assert judge(draft(form=form, is_staff=True)).verdict == Verdict.PASS
