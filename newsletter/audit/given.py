"""The one article that is given away, and what its gift opens."""

from __future__ import annotations

from newsletter.articles.giving import address_of_gift
from newsletter.articles.models import GiftLink
from newsletter.audit.articles import whole_text
from newsletter.audit.marks import Mark
from newsletter.audit.registry import Stage
from newsletter.audit.specs import SPECS

GIVEN = "paid"
GIVEN_SPEC = next(spec for spec in SPECS if spec.key == GIVEN)
# The article and its files.
GIVEN_OWNERS = frozenset({f"article {GIVEN}", f"file of article {GIVEN}"})


def given_text(stage: Stage) -> list[Mark]:
    """What a gift shows: the whole text, as the article's own page has it."""
    return list(whole_text(stage, GIVEN_SPEC)(stage.people["staff"]))


def token_of_gift(link: GiftLink) -> str:
    """What the address of a gift holds."""
    return address_of_gift(link).rstrip("/").rpartition("/")[2]
