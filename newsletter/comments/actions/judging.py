"""Gathers every fact that the pipeline looks at, and asks it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.crypto import salted_hmac

from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import hit, network_of
from newsletter.comments.access import MayWrite
from newsletter.comments.classifier import SpamOpinion, opinion_on, tokens_of
from newsletter.comments.pipeline import (
    GOOD_FORM,
    NO_BAR,
    Draft,
    Finding,
    FormFacts,
    Outcome,
    judge,
)
from newsletter.comments.queries import standing_of, word_counts
from newsletter.comments.rules import Rules
from newsletter.comments.text import links_in, plain_text, render_comment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PER_PERSON_HOUR, PER_PERSON_DAY = 20, 60
PER_NETWORK_HOUR, PER_NETWORK_DAY = 40, 200


# A network of its own: who hides where they come from is stopped and grouped all the same.
NOWHERE = "unknown"


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a request came from; `ip` is NOWHERE where that is not known, empty without one."""

    ip: str = ""
    user_agent: str = ""

    @property
    def known_ip(self) -> str | None:
        """Its address; None where there is none."""
        return self.ip if self.ip not in {"", NOWHERE} else None

    @property
    def network(self) -> str:
        """The keyed hash of its network, as it is stored; empty where it is not known."""
        if not self.ip:
            return ""
        found = network_of(self.ip)
        return salted_hmac("masthead.comment-network", found, algorithm="sha256").hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Text:
    """What was written, cleaned."""

    body: str
    html: str
    name: str

    @classmethod
    def of(cls, body: str, name: str) -> Text:
        """From cleaned words."""
        return cls(body, render_comment(body), name)


def over_limit(sender: Sender, user: User | None) -> str:
    """Count one comment by this person from this network; who sent too many, if anybody did."""
    if user is not None and user.is_staff:
        return ""
    network = network_of(sender.ip)
    if sender.ip and not (
        hit(f"comment-network:{network}", limit=PER_NETWORK_HOUR, per=HOUR)
        and hit(f"comment-network:{network}", limit=PER_NETWORK_DAY, per=DAY)
    ):
        return "network"
    if user is not None and not (
        hit(f"comment-person:{user.pk}", limit=PER_PERSON_HOUR, per=HOUR)
        and hit(f"comment-person:{user.pk}", limit=PER_PERSON_DAY, per=DAY)
    ):
        return "person"
    return ""


def judge_text(
    text: Text,
    *,
    user: User | None,
    rules: Rules,
    bar: MayWrite = NO_BAR,
    form: FormFacts = GOOD_FORM,
    is_edit: bool = False,
    is_duplicate: bool = False,
    limit: str = "",
    kept: tuple[Finding, ...] = (),
) -> Outcome:
    """Ask the pipeline about a text by `user` (None: a visitor whose address nobody knows yet)."""
    is_staff = user is not None and user.is_staff
    links = tuple(links_in(text.html))
    # What is refused anyway costs no more than saying so: a flood asks nobody outside.
    is_refused = bool(limit) or not bar.allowed or (is_duplicate and not is_edit)
    return judge(
        Draft(
            body=text.body,
            links=links,
            name=text.name,
            rules=rules,
            shown=plain_text(text.html),
            standing=standing_of(user),
            bar=bar,
            form=form,
            is_edit=is_edit,
            is_visitor=user is None,
            is_staff=is_staff,
            over_limit=limit,
            is_duplicate=is_duplicate,
            opinion=None if is_refused else _form_opinion(text, links),
            # A visitor's is asked about once they are known: an address that nobody confirmed
            # costs no question, and goes to nobody outside.
            asks_akismet=bool(rules.akismet_key)
            and user is not None
            and not (is_staff or is_refused or form.is_trapped),
        ),
        kept=kept,
    )


def _form_opinion(text: Text, links: tuple[str, ...]) -> SpamOpinion | None:
    """What earlier decisions say of this text. One query."""
    tokens = tokens_of(body=text.body, name=text.name, links=links)
    seen, texts = word_counts(tokens)
    return opinion_on(tokens, seen, texts)
