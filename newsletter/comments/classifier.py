"""A naive Bayes classifier of our own, taught by the author's decisions and by nothing else.

Tokens are kept with the number of texts of each kind that held them. A text is judged by its
telling tokens alone, combined by Fisher's method (as SpamBayes does): many weak hints count, and a
few strong ones do not drown in common words. Silent until it has seen enough of both kinds.
Pure: no query.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

ENOUGH = 30
MAX_TOKENS = 400
MAX_TOKEN = 64
_WORD = re.compile(r"[^\W_](?:[\w'\u2019]*[^\W_])?")
# How strongly an unseen token is taken for neutral, and which tokens tell anything.
_STRENGTH = 0.45
_TELLING = 0.1
_MOST = 80
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Counts:
    """In how many texts of each kind."""

    ham: int = 0
    spam: int = 0


@dataclass(frozen=True, slots=True)
class SpamOpinion:
    """How likely a text is spam, and the words that speak most strongly for it."""

    probability: float
    words: tuple[str, ...] = ()


def tokens_of(*, body: str, name: str, links: tuple[str, ...]) -> list[str]:
    """What stands in a text: words, pairs of words, hosts, and what it looks like. Each once."""
    text = unicodedata.normalize("NFKC", re.sub(r"https?://\S+", " ", body))
    words = [word.casefold()[:24] for word in _WORD.findall(text)]
    found = [word for word in words if len(word) > 1]
    found += [f"{first} {second}" for first, second in pairwise(words)]
    found += [f"name:{word.casefold()[:24]}" for word in _WORD.findall(name)]
    found += [f"host:{urlsplit(link).hostname or ''}" for link in links]
    found.append(f"links:{min(len(links), 3)}")
    capitals = sum(1 for word in _WORD.findall(text) if len(word) > 3 and word.isupper())
    if capitals * 4 > max(len(words), 1):
        found.append("shouts")
    found += [f"sign:{sign}" for sign in "!$€£%" if text.count(sign) > 1]
    kept = (token[:MAX_TOKEN] for token in dict.fromkeys(found))
    return list(dict.fromkeys(kept))[:MAX_TOKENS]


def opinion_on(tokens: list[str], seen: Mapping[str, Counts], texts: Counts) -> SpamOpinion | None:
    """How likely a text with these tokens is spam; None before enough of both was seen."""
    if texts.ham < ENOUGH or texts.spam < ENOUGH:
        return None
    return judge_tokens(tokens, seen, texts)


def judge_tokens(tokens: Sequence[str], seen: Mapping[str, Counts], texts: Counts) -> SpamOpinion:
    """The same, however little was seen; at least one text of each kind."""
    scores = {token: score_of(seen.get(token, Counts()), texts) for token in tokens}
    telling = sorted(
        (token for token, score in scores.items() if abs(score - 0.5) > _TELLING),
        key=lambda token: (-abs(scores[token] - 0.5), token),
    )[:_MOST]
    if not telling:
        return SpamOpinion(0.5)
    spam = _chi2q(-2 * sum(math.log(1 - scores[token]) for token in telling), len(telling))
    ham = _chi2q(-2 * sum(math.log(scores[token]) for token in telling), len(telling))
    words = tuple(token for token in telling if scores[token] > 0.5)[:_SHOWN]
    return SpamOpinion((1 - spam + ham) / 2, words)


def score_of(counts: Counts, texts: Counts) -> float:
    """How much a token speaks for spam: 0 never, 1 always; and never quite either."""
    ham, spam = counts.ham / texts.ham, counts.spam / texts.spam
    number = counts.ham + counts.spam
    likely = spam / (ham + spam) if number else 0.5
    return (_STRENGTH * 0.5 + number * likely) / (_STRENGTH + number)


def _chi2q(value: float, pairs: int) -> float:
    """The chance that chi-squared with 2 * `pairs` degrees of freedom is at least `value`."""
    half = value / 2
    term = total = math.exp(-half)
    for step in range(1, pairs):
        term *= half / step
        total += term
    return min(total, 1.0)
