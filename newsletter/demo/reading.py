"""Reads the demo's texts from their files. Knows no model: what comes out is plain data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).parent
ARTICLES = HERE / "articles"
PUBLICATION = HERE / "publication.toml"
COMMENTS = HERE / "comments.toml"
FENCE = "+++\n"
STATES = ("published", "scheduled", "draft")
ACCESS = ("public", "members", "paid")
AUTHORS = ("author", "guest")

T = TypeVar("T")


class ContentError(ValueError):
    """A demo text that cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class ArticleContent:
    """One article file. `days` is counted from today: negative is past, positive scheduled."""

    title: str
    dek: str
    slug: str
    tags: tuple[str, ...]
    access: str
    state: str
    days: int
    newsletter: str
    featured: bool
    cover: str
    cover_alt: str
    cover_caption: str
    seo_description: str
    author: str
    body: str
    source: str


@dataclass(frozen=True, slots=True)
class NewsletterContent:
    """A newsletter; articles name it by its slug."""

    slug: str
    name: str
    description: str
    cadence: str
    sender_name: str
    sender_address: str


@dataclass(frozen=True, slots=True)
class TagContent:
    """A tag; articles name it by its slug."""

    slug: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class PersonContent:
    """Somebody who writes."""

    name: str
    slug: str
    email: str
    bio: str


@dataclass(frozen=True, slots=True)
class ReaderContent:
    """Somebody who reads, and whom one can sign in as."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class OfferContent:
    """The words of one of the two offers; `price` is empty for the free one."""

    title: str
    text: str
    price: str


@dataclass(frozen=True, slots=True)
class TierContent:
    """The one paid level."""

    name: str
    slug: str
    description: str


@dataclass(frozen=True, slots=True)
class PublicationContent:
    """Everything in publication.toml. `sent_articles` are the slugs of what went out as mail."""

    name: str
    tagline: str
    about: str
    language: str
    time_zone: str
    accent: str
    fonts: str
    contact: str
    postal_address: str
    footer_text: str
    signup_title: str
    signup_text: str
    sent_articles: tuple[str, ...]
    paid_offer: OfferContent
    free_offer: OfferContent
    tier: TierContent
    newsletters: tuple[NewsletterContent, ...]
    tags: tuple[TagContent, ...]
    author: PersonContent
    guest: PersonContent
    member: ReaderContent
    reader: ReaderContent


@dataclass(frozen=True, slots=True)
class SaidContent:
    """One comment. `days` after publication; `answers` is the place of an earlier one, 0 for none.

    `by` is "author", "guest", "member" or "reader", or the number of a made-up reader.
    """

    by: str
    days: float
    likes: int
    answers: int
    text: str


@dataclass(frozen=True, slots=True)
class TalkContent:
    """What is said under one article, in order."""

    article: str
    says: tuple[SaidContent, ...]


@dataclass(frozen=True, slots=True)
class WaitingContent:
    """A comment that came in `minutes` ago, through the pipeline as any other does.

    `reported` is what a reader says against it once it stands there, `is_spam` what the author
    decided; both empty: it waits for whatever reasons the pipeline gave.
    """

    article: str
    by: str
    minutes: int
    text: str
    reported: str = ""
    is_spam: bool = False


class _Fields:
    """The keys of one table, taken out one by one so that a misspelt one is left over."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self._values = dict(values)
        self.where = where

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def take(self, key: str, kind: type[T]) -> T:
        if key not in self._values:
            raise ContentError(f"{self.where}: {key} is missing")
        value = self._values.pop(key)
        # Not isinstance: a bool is an int to Python, but a slip of the pen here.
        if type(value) is not kind:
            raise ContentError(f"{self.where}: {key} must be {kind.__name__}, not {value!r}")
        return value

    def text(self, key: str, *, may_be_empty: bool = False) -> str:
        value = self.take(key, str).strip()
        if not value and not may_be_empty:
            raise ContentError(f"{self.where}: {key} is empty")
        return value

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in choices:
            raise ContentError(f"{self.where}: {key} is {value!r}, not one of {choices}")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list)
        if not values or not all(isinstance(value, str) for value in values):
            raise ContentError(f"{self.where}: {key} must be a list of words")
        return tuple(values)

    def table(self, key: str) -> _Fields:
        return _Fields(self.take(key, dict), f"{self.where}, [{key}]")

    def tables(self, key: str) -> list[_Fields]:
        rows = self.take(key, list)
        return [_Fields(row, f"{self.where}, [[{key}]] {i}") for i, row in enumerate(rows, 1)]

    def done(self) -> None:
        if self._values:
            raise ContentError(f"{self.where}: nobody reads {', '.join(sorted(self._values))}")


def _parse(text: str, where: str) -> _Fields:
    try:
        return _Fields(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise ContentError(f"{where}: {error}") from error


def load_articles(folder: Path = ARTICLES) -> list[ArticleContent]:
    """Every article in file order. Raises ContentError for a wrong file or a doubled slug."""
    articles = [_load_article(path) for path in sorted(folder.glob("*.html"))]
    seen: dict[str, str] = {}
    for article in articles:
        if article.slug in seen:
            raise ContentError(f"{article.source}: slug is that of {seen[article.slug]} too")
        seen[article.slug] = article.source
    return articles


def _load_article(path: Path) -> ArticleContent:
    before, fence, rest = path.read_text(encoding="utf-8").partition(FENCE)
    matter, closing, body = rest.partition("\n" + FENCE)
    if before or not fence or not closing:
        raise ContentError(f"{path.name}: does not begin with front matter between +++ lines")
    fields = _parse(matter, path.name)
    state = fields.one_of("state", STATES)
    days = fields.take("days_ahead", int) if state == "scheduled" else -fields.take("days_ago", int)
    article = ArticleContent(
        title=fields.text("title"),
        dek=fields.text("dek"),
        slug=fields.text("slug"),
        tags=fields.words("tags"),
        access=fields.one_of("access", ACCESS),
        state=state,
        days=days,
        newsletter=fields.text("newsletter", may_be_empty=True),
        featured=fields.take("featured", bool),
        cover=fields.text("cover"),
        cover_alt=fields.text("cover_alt"),
        cover_caption=fields.text("cover_caption", may_be_empty=True),
        seo_description=fields.text("seo_description", may_be_empty=True),
        author=fields.one_of("author", AUTHORS),
        body=body.strip(),
        source=path.name,
    )
    fields.done()
    return article


def load_publication(path: Path = PUBLICATION) -> PublicationContent:
    """The publication around the articles. Raises ContentError, naming file and key."""
    fields = _parse(path.read_text(encoding="utf-8"), path.name)
    content = PublicationContent(
        name=fields.text("name"),
        tagline=fields.text("tagline"),
        about=fields.text("about"),
        language=fields.text("language"),
        time_zone=fields.text("time_zone"),
        accent=fields.text("accent"),
        fonts=fields.text("fonts"),
        contact=fields.text("contact"),
        postal_address=fields.text("postal_address"),
        footer_text=fields.text("footer_text"),
        signup_title=fields.text("signup_title"),
        signup_text=fields.text("signup_text"),
        sent_articles=fields.words("sent_articles"),
        paid_offer=_offer(fields.table("paid_offer"), priced=True),
        free_offer=_offer(fields.table("free_offer"), priced=False),
        tier=_tier(fields.table("tier")),
        newsletters=tuple(_newsletter(row) for row in fields.tables("newsletters")),
        tags=tuple(_tag(row) for row in fields.tables("tags")),
        author=_person(fields.table("author")),
        guest=_person(fields.table("guest")),
        member=_reader(fields.table("member")),
        reader=_reader(fields.table("reader")),
    )
    fields.done()
    return content


def _offer(fields: _Fields, *, priced: bool) -> OfferContent:
    offer = OfferContent(
        fields.text("title"), fields.text("text"), fields.text("price") if priced else ""
    )
    fields.done()
    return offer


def _tier(fields: _Fields) -> TierContent:
    tier = TierContent(fields.text("name"), fields.text("slug"), fields.text("description"))
    fields.done()
    return tier


def _newsletter(fields: _Fields) -> NewsletterContent:
    content = NewsletterContent(
        slug=fields.text("slug"),
        name=fields.text("name"),
        description=fields.text("description"),
        cadence=fields.text("cadence"),
        sender_name=fields.text("sender_name"),
        sender_address=fields.text("sender_address"),
    )
    fields.done()
    return content


def _tag(fields: _Fields) -> TagContent:
    tag = TagContent(fields.text("slug"), fields.text("name"), fields.text("description"))
    fields.done()
    return tag


def _person(fields: _Fields) -> PersonContent:
    person = PersonContent(
        fields.text("name"), fields.text("slug"), fields.text("email"), fields.text("bio")
    )
    fields.done()
    return person


def _reader(fields: _Fields) -> ReaderContent:
    reader = ReaderContent(fields.text("name"), fields.text("email"))
    fields.done()
    return reader


def load_talks(path: Path = COMMENTS) -> list[TalkContent]:
    """Everything that is said under the demo's articles. Raises ContentError."""
    return _load_comments(path)[0]


def load_waiting(path: Path = COMMENTS) -> list[WaitingContent]:
    """What is at the author's desk when the demo begins. Raises ContentError."""
    return _load_comments(path)[1]


def _load_comments(path: Path) -> tuple[list[TalkContent], list[WaitingContent]]:
    root = _parse(path.read_text(encoding="utf-8"), path.name)
    talks = [_load_talk(fields) for fields in root.tables("talks")]
    waiting = [_load_waiting(fields) for fields in root.tables("waiting")]
    root.done()
    return talks, waiting


def _load_waiting(fields: _Fields) -> WaitingContent:
    waiting = WaitingContent(
        article=fields.text("article"),
        by=fields.text("by"),
        minutes=fields.take("minutes", int),
        text=fields.text("text"),
        reported=fields.text("reported") if "reported" in fields else "",
        is_spam=fields.take("is_spam", bool) if "is_spam" in fields else False,
    )
    fields.done()
    return waiting


def _load_talk(fields: _Fields) -> TalkContent:
    talk = TalkContent(
        article=fields.text("article"),
        says=tuple(_load_said(said) for said in fields.tables("says")),
    )
    fields.done()
    for place, said in enumerate(talk.says, 1):
        if said.answers >= place:
            raise ContentError(f"{fields.where}: number {place} answers what comes after it")
    return talk


def _load_said(fields: _Fields) -> SaidContent:
    said = SaidContent(
        by=fields.text("by"),
        days=fields.take("days", float),
        likes=fields.take("likes", int),
        answers=fields.take("answers", int) if "answers" in fields else 0,
        text=fields.text("text"),
    )
    fields.done()
    return said
