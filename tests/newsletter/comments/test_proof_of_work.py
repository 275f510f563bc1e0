"""The puzzle for visitors' browsers, in ALTCHA's format."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from newsletter.comments.proof_of_work import MAX_NUMBER, is_solved, make_challenge

pytestmark = pytest.mark.django_db


def solve(puzzle: dict[str, Any], **changes: Any) -> str:
    """What ALTCHA's widget sends back."""
    for number in range(int(puzzle["maxnumber"]) + 1):
        digest = hashlib.sha256(f"{puzzle['salt']}{number}".encode()).hexdigest()
        if digest == puzzle["challenge"]:
            break
    fields = ("algorithm", "challenge", "salt", "signature")
    answer = {name: puzzle[name] for name in fields} | {"number": number, "took": 12} | changes
    return base64.b64encode(json.dumps(answer).encode()).decode()


def test_the_answer_counts_once() -> None:
    answer = solve(make_challenge())
    assert is_solved(answer)
    assert not is_solved(answer)


def test_an_old_answer_does_not_count() -> None:
    answer = solve(make_challenge())
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert not is_solved(answer)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": MAX_NUMBER + 7},
        {"number": "x"},
        {"number": None},
        {"signature": "0" * 64},
        {"signature": "é"},
        {"salt": "abc?expires=99999999999&"},
        {"salt": "abc"},
        {"algorithm": "MD5"},
        {"challenge": hashlib.sha256(b"abc1").hexdigest(), "salt": "abc", "number": 1},
    ],
)
def test_a_changed_answer_does_not_count(changes: dict[str, Any]) -> None:
    assert not is_solved(solve(make_challenge(), **changes))


@pytest.mark.parametrize("payload", ["", "x", "e30=", "W10=", "bnVsbA==", "\x00", "é", "A" * 5000])
def test_nonsense_does_not_count(payload: str) -> None:
    assert not is_solved(payload)
