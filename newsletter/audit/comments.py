"""Comments under every article under audit: read where the article is read, and nowhere else (C7).

As for the articles, who may come across them is written down here in words of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.audit.articles import is_talk
from newsletter.audit.fillers import unsigned
from newsletter.audit.marks import Mark, Medium, Where, new_word
from newsletter.audit.people import Persona
from newsletter.audit.registry import Ask, Contribution, Filler, Stage, contribute
from newsletter.audit.specs import SPECS, Spec
from newsletter.comments.actions import (
    CONFIRM_PURPOSE,
    Written,
    mark_as_spam,
    save_thread_rules,
    submit_comment,
)
from newsletter.comments.models import Comment
from newsletter.comments.owners import Place, get_place
from newsletter.lib.signing import make_token
from newsletter.memberships.enums import Access

# Whoever may read the article has said something under it; the author opens the talk under one.
OPENED = "tier-second"
_ROOT, _REPLY, _HELD, _SPAM = "comment", "reply", "held comment", "comment marked as spam"
_UNCONFIRMED = "comment not confirmed"
_TALKED_ABOUT = tuple(spec for spec in SPECS if spec.has_page)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Who may come across one comment: `writer` is the persona whose own it is."""

    spec: Spec
    part: str
    writer: str
    slug: str

    def __call__(self, persona: Persona, where: Where) -> bool:
        if persona.is_staff and where.medium in {Medium.DESK, Medium.MAIL}:
            return True
        if where.medium != Medium.WEB:
            return False
        if persona.key == self.writer and persona.is_known:
            return True
        if self.part in {_ROOT, _REPLY}:
            return self._is_read_by(persona, where)
        return persona.is_staff and self.part == _HELD

    def _is_read_by(self, persona: Persona, where: Where) -> bool:
        if self.spec.key == OPENED:
            return True
        is_found = self.spec.is_listed or self.slug in where.path or is_talk(where.path)
        return is_found and self.spec.is_entitled(persona)


def publish_comments(stage: Stage) -> Iterable[Mark]:
    """Say something under every article that has a page, through the readers' own action."""
    marks: list[Mark] = []
    for spec in _TALKED_ABOUT:
        writer = next(
            key for key in ("free", "first-tier", "second-tier") if _reads(stage, spec, key)
        )
        marks += _talk(stage, spec, writer)
    marks.append(_say_unconfirmed(stage))
    return marks


def _reads(stage: Stage, spec: Spec, key: str) -> bool:
    return spec.is_entitled(stage.people[key])


def _talk(stage: Stage, spec: Spec, writer: str) -> Iterable[Mark]:
    """By the author a comment, a reply and some spam; by a reader a first one, which is held."""
    words: dict[str, str] = {}
    root = _say(stage, spec, _ROOT, stage.author, words)
    _say(stage, spec, _REPLY, stage.author, words, parent=root)
    reader = User.objects.get(email=stage.people[writer].address)
    _say(stage, spec, _HELD, reader, words)
    spam = _say(stage, spec, _SPAM, stage.author, words)
    mark_as_spam(actor=stage.author, comment=spam)
    if spec.key == OPENED:
        root.thread.is_open_to_all = True
        save_thread_rules(actor=stage.author, thread=root.thread)
    slug = stage.articles[spec.key].slug
    for part, word in words.items():
        own = writer if part == _HELD else "staff"
        yield Mark(word, f"comments {spec.key}", part, _Rule(spec, part, own, slug))


def _say(
    stage: Stage,
    spec: Spec,
    part: str,
    user: User,
    words: dict[str, str],
    *,
    parent: Comment | None = None,
) -> Comment:
    words[part] = new_word()
    written = Written(
        f"Said {words[part]} about it.", user.name, parent_id=parent.pk if parent else None
    )
    place = _place(stage, spec, user)
    return submit_comment(place=place, viewer=user, written=written).comment


def _place(stage: Stage, spec: Spec, user: User | None) -> Place:
    place = get_place("article", stage.articles[spec.key].pk, user, timezone.now())
    if place is None:
        raise RuntimeError(f"{spec.key} has no page.")
    return place


def _say_unconfirmed(stage: Stage) -> Mark:
    """What a visitor wrote: nobody's, and nobody reads it, until they have pressed the button."""
    spec, word = SPECS[0], new_word()
    written = Written(f"Said {word} in passing.", "Passer-by", "passer-by@audit.invalid")
    submit_comment(place=_place(stage, spec, None), viewer=None, written=written)
    return Mark(word, _UNCONFIRMED, _HELD, _nobody_but_the_desk)


def _nobody_but_the_desk(persona: Persona, where: Where) -> bool:
    """Staff at the desk, and there whoever has the link that was mailed to its writer."""
    is_mailed_link = where.path.startswith("/comments/confirm/")
    return persona.is_staff and (where.medium is Medium.DESK or is_mailed_link)


def _marks_of(stage: Stage, spec: Spec, *parts: str) -> list[Mark]:
    return [
        mark
        for mark in stage.marks
        if mark.owner == f"comments {spec.key}" and (not parts or mark.part in parts)
    ]


def _talk_of(stage: Stage, spec: Spec, *parts: str) -> Callable[[Persona], Iterable[Mark]]:
    """Those of the marks that a persona must find in the conversation itself."""
    marks, where = _marks_of(stage, spec, *parts), Where(Medium.WEB, "/conversations/")
    return lambda persona: [mark for mark in marks if mark.may_read(persona, where)]


def _named(stage: Stage, spec: Spec) -> dict[str, object]:
    return {"kind": "article", "key": stage.articles[spec.key].pk}


def _threads(stage: Stage) -> Iterable[Ask]:
    for spec in SPECS:
        named = _named(stage, spec)
        if not spec.has_page:
            yield Ask(named, status=404)
            continue
        shows = _talk_of(stage, spec, _ROOT, _REPLY)
        yield Ask(named, shows=shows)
        for order in ("newest", "liked"):
            yield Ask(named, f"order={order}", shows=shows)


def _forms(stage: Stage) -> Iterable[Ask]:
    for spec in SPECS:
        named = _named(stage, spec)
        roots = Comment.objects.filter(thread__article=stage.articles[spec.key])
        for root in roots.order_by("pk")[:1]:
            yield Ask(named, f"answer={root.pk}", shows=_talk_of(stage, spec, _ROOT))
        yield Ask(named, status=None if spec.has_page else 404)


def _sent(stage: Stage) -> Iterable[Ask]:
    for spec in SPECS:
        yield Ask(_named(stage, spec), status=None if spec.has_page else 404)


def _feeds(stage: Stage) -> Iterable[Ask]:
    for spec in SPECS:
        if _is_public(spec):
            marks = _marks_of(stage, spec, _ROOT, _REPLY)
            yield Ask(_named(stage, spec), shows=_always(marks), status=200)
        else:
            yield Ask(_named(stage, spec), status=404)


def _always(marks: list[Mark]) -> Callable[[Persona], Iterable[Mark]]:
    return lambda _persona: marks


def _site_feed(stage: Stage) -> Iterable[Ask]:
    marks = [
        mark
        for spec in _TALKED_ABOUT
        if _is_public(spec)
        for mark in _marks_of(stage, spec, _ROOT, _REPLY)
    ]
    return [Ask(shows=_always(marks), status=200)]


def _is_public(spec: Spec) -> bool:
    return spec.access == Access.PUBLIC and spec.is_listed


def _each(*, shows_itself: bool = False) -> Filler:
    """Every comment that there is, whatever became of it."""

    def fill(stage: Stage) -> Iterable[Ask]:
        said = Comment.objects.filter(thread__article__isnull=False).select_related("thread")
        for comment in said.order_by("pk"):
            ask = Ask({"pk": comment.pk})
            spec = next(s for s in SPECS if stage.articles[s.key].pk == comment.thread.article_id)
            own = [
                mark for mark in _marks_of(stage, spec, _ROOT, _REPLY) if mark.word in comment.body
            ]
            if shows_itself and own:
                ask = replace(ask, shows=_talk_of(stage, spec, own[0].part))
            yield ask

    return fill


def _confirmations(_stage: Stage) -> Iterable[Ask]:
    comment = Comment.objects.exclude(guest_email="").order_by("pk").first()
    token = make_token(CONFIRM_PURPOSE, comment.pk if comment else 0)
    yield Ask({"token": token}, opens=frozenset({_UNCONFIRMED}))
    yield Ask({"token": "made-up"}, status=404)


_ANY = {"kind": "article", "key": 1}

contribute(
    Contribution(
        "comments",
        publish_comments,
        {
            "comments:show-thread": _threads,
            "comments:write-comment": _forms,
            "comments:show-sent": _sent,
            "comments:mute-thread": unsigned(**_ANY),
            "comments:govern-thread": unsigned(**_ANY),
            "comments:thread-atom": _feeds,
            "comments:site-atom": _site_feed,
            "comments:confirm-comment": _confirmations,
            "comments:show-comment": _each(shows_itself=True),
            "comments:show-replies": _each(),
            "comments:edit-comment": _each(),
            "comments:delete-comment": _each(),
            "comments:like-comment": _each(),
            "comments:report-comment": _each(),
            "comments:moderate-comment": _each(),
        },
    )
)
