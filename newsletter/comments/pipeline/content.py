"""Checks of what is said."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.comments.enums import Label, Verdict
from newsletter.comments.pipeline.draft import Draft, Finding

# Above this the classifier holds; it never does more than hold.
SPAM_FROM = 0.9
AKISMET = "akismet"


def check_duplicate(draft: Draft) -> Finding | None:
    """The same words once more."""
    if not draft.is_duplicate or draft.is_edit:
        return None
    return Finding("duplicate", Verdict.REFUSE, _("You have said exactly this already."))


def check_links(draft: Draft) -> Finding | None:
    """More links than the author lets through; those who have earned it are not asked."""
    count = len(draft.links)
    if draft.is_staff or count <= draft.rules.max_links or draft.standing.is_trusted:
        return None
    words = ngettext("It has %d link.", "It has %d links.", count) % count
    return Finding("links", Verdict.HOLD, words, {"count": count})


def check_refused_words(draft: Draft) -> Finding | None:
    """What the author does not want to read at all. The writer is told which word it was."""
    found = _find(draft, draft.rules.refused_words)
    if draft.is_staff or not found:
        return None
    words = _("“%s” is not taken here. Say it without, and your comment is.") % found
    return Finding("refused_words", Verdict.REFUSE, words, {"word": found})


def check_held_words(draft: Draft) -> Finding | None:
    """What the author wants to look at."""
    found = _find(draft, draft.rules.held_words)
    if draft.is_staff or not found:
        return None
    return Finding("held_words", Verdict.HOLD, _("It has the word “%s”.") % found, {"word": found})


def check_classifier(draft: Draft) -> Finding | None:
    """What earlier decisions taught. Holds, never more."""
    opinion = draft.opinion
    if draft.is_staff or opinion is None or opinion.probability < SPAM_FROM:
        return None
    percent = min(round(opinion.probability * 100), 99)
    words = _("It looks like what you marked as spam before (%(percent)d %%): %(words)s") % {
        "percent": percent,
        "words": ", ".join(opinion.words),
    }
    data = {"probability": round(opinion.probability, 4), "words": list(opinion.words)}
    return Finding("classifier", Verdict.HOLD, words, data)


def check_akismet(draft: Draft) -> Finding | None:
    """It waits for what Akismet says, which is asked when nobody waits for the page."""
    if not draft.asks_akismet:
        return None
    return Finding(AKISMET, Verdict.HOLD, _("Akismet is being asked."), {"is_asked": True})


def say_akismet(label: str, problem: str) -> Finding | None:
    """What Akismet said, in the place of that; where it said nothing, somebody looks."""
    if label == Label.HAM:
        return None
    if label == Label.SPAM:
        return Finding(AKISMET, Verdict.HOLD, _("Akismet takes it for spam."))
    words = _("Akismet could not be asked.")
    return Finding(AKISMET, Verdict.HOLD, f"{words} ({problem})" if problem else words)


def _find(draft: Draft, patterns: tuple[str, ...]) -> str:
    """The first of these that the text, the name or a link holds; empty where none does."""
    # As it is written and as it is read: marks can part a word that readers see as one.
    text = _folded("\n".join([draft.name, draft.body, draft.shown, *draft.links]))
    return next((pattern for pattern in patterns if _compiled(pattern).search(text)), "")


@lru_cache(maxsize=2000)
def _compiled(pattern: str) -> re.Pattern[str]:
    """`cas*no` finds "casino" and "cas1no" as whole words; a blank stands for any space.

    What a star has passed is never tried again (the groups are atomic), so a text made against a
    pattern with many stars is read once and not a million times.
    """
    pattern = _folded(pattern)
    first, *rest = (re.escape(part) for part in re.split(r"\*+", pattern))
    middle = "".join(rf"(?>\w*?{part})" for part in rest[:-1])
    last = rf"\w*{rest[-1]}" if rest else ""
    begins = r"(?<!\w)" if re.match(r"[\w*]", pattern) else ""
    ends = r"(?!\w)" if re.search(r"[\w*]$", pattern) else ""
    return re.compile(f"{begins}{first}{middle}{last}{ends}")


def _folded(text: str) -> str:
    """Lower case in NFKC on one line: full-width and styled letters are the plain ones.

    Without what has no width: joiners stay in texts, for scripts need them, and hide in words.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c for c in plain if unicodedata.category(c) != "Cf").split())
