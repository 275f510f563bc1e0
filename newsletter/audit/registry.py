"""What is audited, open to apps above: each adds its sentinels and the addresses of its views.

An app puts a module `paywall_audit` beside its `models` and calls `contribute` in it; the audit
looks for that module in every installed app, and imports none of them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from newsletter.accounts.models import User
from newsletter.articles.models import Article, Tag
from newsletter.audit.marks import Mark, MarkFinder, Medium
from newsletter.audit.people import Persona
from newsletter.memberships.models import Tier
from newsletter.subscribers.models import Newsletter

# Whose asking shows that an address answers alike whoever comes with it.
STRANGERS = frozenset({"visitor", "both-tiers"})
# Signed by nobody: whoever has no right link sees what there is to see without one.
NO_TOKEN = "made-up"  # noqa: S105


def _nothing(_persona: Persona) -> Iterable[Mark]:
    return ()


@dataclass(frozen=True, slots=True)
class Ask:
    """One address of a view, and what it must answer.

    `shows` names the marks that a persona must find there. `status` is the one right answer for
    everybody where there is one (404 for what nobody may know of), or tells it for each persona. A
    personal link gives whoever has it the rights of one person (`holder`, the key of a persona),
    or opens single sentinels (`opens`, their owners). A page that shows the author what another
    would see is judged as that other's (`judged_as`). Where many addresses answer alike whoever
    comes with them, a few personas ask (`askers`; empty: all). `path` is asked for as it stands,
    where `kwargs` could not make it.
    """

    kwargs: Mapping[str, object] = field(default_factory=dict)
    query: str = ""
    path: str = ""
    shows: Callable[[Persona], Iterable[Mark]] = _nothing
    status: int | Callable[[Persona], int] | None = None
    medium: Medium | None = None
    holder: str = ""
    opens: frozenset[str] = frozenset()
    judged_as: str = ""
    askers: frozenset[str] = frozenset()

    @property
    def is_personal(self) -> bool:
        """Whether having the address is worth something."""
        return bool(self.holder or self.opens)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file with a mark inside: `files/<random>/<name>`."""

    path: str
    mark: Mark

    @property
    def folder(self) -> str:
        """What it is known by."""
        return self.path.rpartition("/")[0]


@dataclass
class Stage:
    """Everything that is set up for one audit."""

    people: dict[str, Persona]
    tiers: dict[str, Tier]
    newsletter: Newsletter
    author: User
    tag: Tag
    articles: dict[str, Article] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    # By article and place in it.
    files: dict[tuple[str, str], Upload] = field(default_factory=dict)
    # What the signed addresses of this stage hold, by names of whoever publishes them.
    tokens: dict[str, str] = field(default_factory=dict)

    def finder(self) -> MarkFinder:
        """Looks for every mark on this stage."""
        return MarkFinder(self.marks)


Filler = Callable[[Stage], Iterable[Ask]]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one topic brings: `publish` makes its sentinels and returns their marks.

    `fillers` say, by the name of a view, which addresses of it to ask for. A reader's view with
    parameters and without a filler is reported: nobody knows what it shows.
    """

    name: str
    publish: Callable[[Stage], Iterable[Mark]]
    fillers: Mapping[str, Filler]


_contributions: dict[str, Contribution] = {}


def contribute(contribution: Contribution) -> None:
    """Have this audited too. Once per name: a module that is loaded twice changes nothing."""
    _contributions[contribution.name] = contribution


def contributions() -> list[Contribution]:
    """Everything that is audited, in the order in which it was added."""
    return list(_contributions.values())


def fillers() -> dict[str, Filler]:
    """Every filler by the name of its view; where several topics fill one view, all of theirs."""
    found: dict[str, list[Filler]] = {}
    for each in contributions():
        for name, filler in each.fillers.items():
            found.setdefault(name, []).append(filler)
    return {name: _all_of(several) for name, several in found.items()}


def _all_of(several: list[Filler]) -> Filler:
    return lambda stage: [ask for filler in several for ask in filler(stage)]
