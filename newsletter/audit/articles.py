"""The articles under audit (`specs`), each with every kind of section.

Who may read which part of them is written here in words of its own (`_Rule`), not asked of the
code under audit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from newsletter.articles.actions import (
    archive_article,
    publish_article,
    save_article,
    schedule_article,
)
from newsletter.articles.enums import MailAudience, SendChoice
from newsletter.articles.models import Article
from newsletter.audit.files import store_files
from newsletter.audit.marks import Mark, Medium, Where, new_word
from newsletter.audit.people import Persona
from newsletter.audit.registry import Stage
from newsletter.audit.specs import (
    ARCHIVED,
    DRAFT,
    MAIL_ALONE_PARTS,
    MEMBERS_PARTS,
    OPEN_PARTS,
    SCHEDULED,
    SPECS,
    WEB_ALONE_PARTS,
    Part,
    Spec,
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Who may come across one part of one article, and where."""

    spec: Spec
    part: Part
    slug_word: str

    def __call__(self, persona: Persona, where: Where) -> bool:
        if where.medium == Medium.DESK:
            return persona.is_staff
        if where.medium == Medium.WEB:
            return self._on_the_web(persona, where)
        return self._in_mail(persona, where)

    def _on_the_web(self, persona: Persona, where: Where) -> bool:
        if not self.spec.has_page or self.part in MAIL_ALONE_PARTS:
            return False
        # Whoever knows an unlisted address may come; nothing else leads there.
        if not self.spec.is_listed and self.slug_word not in where.path:
            # Or, where the conversation stands, those who may read the whole of it.
            return (
                is_talk(where.path) and self.part == Part.TITLE and self.spec.is_entitled(persona)
            )
        return self._may_read(persona)

    def _in_mail(self, persona: Persona, where: Where) -> bool:
        if not self.spec.is_mailed or self.part in WEB_ALONE_PARTS:
            return False
        is_for_payers = self.spec.audience == MailAudience.PAID
        if is_for_payers and (where.medium == Medium.LETTER or not self.spec.is_entitled(persona)):
            return False
        return self._may_read(persona)

    def _may_read(self, persona: Persona) -> bool:
        if self.part == Part.TITLE:
            return True
        if self.part in MEMBERS_PARTS and not persona.is_known:
            return False
        is_above = self.part in OPEN_PARTS and self.spec.has_divider
        return is_above or self.spec.is_entitled(persona)


def is_talk(path: str) -> bool:
    """Whether a conversation, or what somebody said in one, stands there."""
    return path.startswith(("/conversations/", "/comments/", "/account/comments/"))


def publish_articles(stage: Stage) -> Iterable[Mark]:
    """Make every article of `SPECS` through the author's own actions; return their marks."""
    marks: list[Mark] = []
    for spec in SPECS:
        words = {part: new_word() for part in spec.parts}
        stage.articles[spec.key] = _publish(spec, words, stage)
        for part, word in words.items():
            owner = f"article {spec.key}"
            marks.append(Mark(word, owner, part, _Rule(spec, part, words[Part.TITLE])))
    return marks


def marks_of(stage: Stage, key: str) -> dict[str, Mark]:
    """The marks of one article by their part."""
    return {mark.part: mark for mark in stage.marks if mark.owner == f"article {key}"}


def _publish(spec: Spec, words: Mapping[Part, str], stage: Stage) -> Article:
    author, now = stage.author, timezone.now()
    article = Article(
        title=f"Audit {spec.key}",
        slug=f"audit-{spec.key}-before" if spec.was_renamed else "",
        author=author,
        access=spec.access,
        visibility=spec.visibility,
        newsletter=stage.newsletter,
        body=_body(words, store_files(stage, spec), has_divider=spec.has_divider),
    )
    tiers = [stage.tiers[name] for name in spec.tiers]
    article.title += f" {words[Part.TITLE]}"
    save_article(actor=author, article=article, tags=[stage.tag], tiers=tiers)
    if spec.state == SCHEDULED:
        schedule_article(actor=author, article=article, at=now + timedelta(days=7))
    elif spec.state != DRAFT:
        publish_article(actor=author, article=article, send=SendChoice.NO, now=now)
    if spec.state == ARCHIVED:
        archive_article(actor=author, article=article)
    if spec.was_renamed:
        article.slug = f"audit-{spec.key}-{words[Part.TITLE]}"
        save_article(actor=author, article=article)
    return article


def _section(audience: str, word: str | None, file: str = "") -> str:
    text = f"<p>Said {word} to some.</p>{file}"
    return f'<section data-audience="{audience}">{text}</section>' if word else ""


def _body(words: Mapping[Part, str], files: Mapping[Part, str], *, has_divider: bool) -> str:
    """The members' section comes first: what begins a text must not become its excerpt."""
    note = f"<span data-footnote>Noted {words[Part.SHUT_NOTE]}.</span>"
    address = f"/media/images/{words[Part.SHUT_PICTURE]}/picture.png"
    return "".join(
        [
            _section("members", words.get(Part.OPEN_MEMBERS), files.get(Part.OPEN_MEMBERS, "")),
            f"<p>Said {words[Part.OPEN]}.</p>",
            files.get(Part.OPEN, ""),
            _section("web", words[Part.OPEN_WEB]),
            _section("email", words[Part.OPEN_MAIL]),
            "<hr data-paywall>" if has_divider else "",
            f"<h2>About {words[Part.SHUT_HEADING]}</h2>",
            f"<p>Said {words[Part.SHUT]} in full.{note}</p>",
            f'<figure><img src="{address}" alt="A {words[Part.SHUT_PICTURE]}"></figure>',
            f"<table><tbody><tr><td><p>{words[Part.SHUT_TABLE]}</p></td></tr></tbody></table>",
            files.get(Part.SHUT, ""),
            _section("members", words.get(Part.SHUT_MEMBERS)),
            _section("web", words[Part.SHUT_WEB]),
            _section("email", words[Part.SHUT_MAIL]),
        ]
    )


def whole_text(stage: Stage, spec: Spec) -> Callable[[Persona], Iterable[Mark]]:
    """The marks that each persona must find on the article's own page."""
    marks = marks_of(stage, spec.key)
    where = Where(Medium.WEB, stage.articles[spec.key].slug)
    return lambda persona: [m for m in marks.values() if m.may_read(persona, where)]


def whole_texts(stage: Stage, *keys: str) -> Callable[[Persona], Iterable[Mark]]:
    """The marks that each persona must find where all that they may read of these stands."""
    found = [whole_text(stage, spec) for spec in SPECS if spec.key in keys]
    return lambda persona: [mark for marks in found for mark in marks(persona)]


def open_text(stage: Stage, *keys: str) -> Callable[[Persona], Iterable[Mark]]:
    """The marks that everybody must find in the open forms (feeds, Markdown) of these articles."""
    wanted = {Part.TITLE, Part.OPEN, Part.OPEN_WEB}
    visitor = stage.people["visitor"]
    found = [
        mark
        for key in keys
        for part, mark in marks_of(stage, key).items()
        if part in wanted and mark.may_read(visitor, Where(Medium.WEB, stage.articles[key].slug))
    ]
    return lambda _persona: found


def open_letter(stage: Stage, key: str) -> Callable[[Persona], Iterable[Mark]]:
    """The marks that everybody must find on the page of an article's mail."""
    visitor, where = stage.people["visitor"], Where(Medium.LETTER)
    found = [mark for mark in marks_of(stage, key).values() if mark.may_read(visitor, where)]
    return lambda _persona: found


def titles(stage: Stage, *keys: str) -> Callable[[Persona], Iterable[Mark]]:
    """The titles that everybody must find in a list of these articles."""
    found = [marks_of(stage, key)[Part.TITLE] for key in keys]
    return lambda _persona: found
