"""Fills an empty database with the demo publication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import module_has_submodule

from newsletter.accounts.models import User
from newsletter.articles.models import Article, ArticleImage
from newsletter.demo import art
from newsletter.demo.audience import subscribe, write_audience, write_consent
from newsletter.demo.library import Shelf, picture_texts, settle_dates, write_tags
from newsletter.demo.pictures import delete_files, store_prints
from newsletter.demo.reading import (
    PersonContent,
    PublicationContent,
    ReaderContent,
    load_articles,
    load_publication,
    load_talks,
    load_waiting,
)
from newsletter.demo.sent_mail import write_sent_mailing
from newsletter.demo.shop import FREE_BENEFITS, open_shop, stock_shop
from newsletter.demo.talk import write_talks, write_waiting
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import Grant
from newsletter.publication.actions import save_publication
from newsletter.publication.models import Publication
from newsletter.subscribers.models import Newsletter
from newsletter.subscribers.queries import count_active, forget_counts

_FOUNDED = timedelta(days=440)
_JOINED = timedelta(days=210)


class DemoRefusedError(Exception):
    """The demo is not loaded; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What the demo consists of now. `active_readers` are those of the first newsletter."""

    articles: int
    images: int
    people: int
    active_readers: int
    mailings: int
    author: str
    has_password: bool


def load_demo(*, size: tuple[int, int] = art.SIZE) -> DemoSummary:
    """Fill an empty, migrated database; all of it or, where something fails, nothing.

    The author's password is settings.DEMO_PASSWORD; without one nobody can sign in as the author
    until `manage.py changepassword` has been run. The pictures have no smaller copies yet
    (pictures.finish_pictures). `size` is that of the prints.

    Raises DemoRefusedError when there is anything in the database, or a password without DEBUG.
    """
    if settings.DEMO_PASSWORD and not settings.DEBUG:
        raise DemoRefusedError("DEMO_PASSWORD is public knowledge: unset it, or set DEBUG=true.")
    images: dict[str, ArticleImage] = {}
    try:
        with transaction.atomic():
            _refuse_unless_empty()
            summary = _fill(images, size, timezone.now())
    except BaseException:
        delete_files(images)
        raise
    forget_counts()
    stock_shop()
    return summary


def _refuse_unless_empty() -> None:
    for model in (User, Article, Newsletter, Publication):
        if model.objects.exists():
            found = model._meta.verbose_name_plural
            raise DemoRefusedError(
                f"There are {found} in the database already, and the demo only fills an empty one:"
                " set DATA_DIR (or DATABASE_URL) to a new place, run migrate, and load it there."
            )


def _fill(images: dict[str, ArticleImage], size: tuple[int, int], now: datetime) -> DemoSummary:
    content, texts = load_publication(), load_articles()
    author = _make_author(content.author, content.time_zone, now)
    _save_publication(content, author)
    newsletters = _make_newsletters(content, now)
    store_prints(picture_texts(texts), images, actor=author, size=size)
    write_audience(newsletters["main"], newsletters["second"], now)
    people = {"author": author, "guest": _make_guest(content.guest, now)}
    shelf = Shelf(
        authors=dict(people),
        tags=write_tags(content),
        newsletters=newsletters,
        images=images,
        zone=content.time_zone,
        now=now,
    )
    people |= _make_readers(content, newsletters, author, now)
    sent = content.sent_articles
    articles = {
        text.slug: shelf.write(text, was_sent=text.slug in sent)
        for text in sorted(texts, key=lambda text: text.days)
    }
    write_consent()
    for slug in sent:
        write_sent_mailing(articles[slug])
    settle_dates()
    write_talks(load_talks(), articles, people, now)
    write_waiting(load_waiting(), articles, people, now)
    _fill_apps_above(author, people, images, now)
    forget_counts()
    return DemoSummary(
        articles=len(articles),
        images=len(images),
        people=User.objects.count(),
        active_readers=count_active(newsletters["main"]),
        mailings=len(sent),
        author=author.email,
        has_password=author.has_usable_password(),
    )


def _fill_apps_above(
    author: User, people: dict[str, User], images: dict[str, ArticleImage], now: datetime
) -> None:
    """What every other app brings to the demo: `fill_demo` in a module `demo` beside its models."""
    for app in apps.get_app_configs():
        if app.name == "newsletter" or app.module is None:
            continue
        if module_has_submodule(app.module, "demo"):
            brought = import_module(f"{app.name}.demo")
            brought.fill_demo(author=author, people=people, pictures=images, now=now)


def _make_author(person: PersonContent, time_zone: str, now: datetime) -> User:
    return User.objects.create_superuser(
        person.email,
        settings.DEMO_PASSWORD or None,
        name=person.name,
        author_slug=person.slug,
        bio=person.bio,
        time_zone=time_zone,
        created_at=now - _FOUNDED,
        email_confirmed_at=now - _FOUNDED,
    )


def _make_guest(person: PersonContent, now: datetime) -> User:
    """A name to write under, with a page of its own; no password and no way into the admin."""
    joined_at = now - _JOINED
    return User.objects.create_user(
        person.email,
        name=person.name,
        author_slug=person.slug,
        bio=person.bio,
        created_at=joined_at,
        email_confirmed_at=joined_at,
    )


def _make_readers(
    content: PublicationContent, newsletters: dict[str, Newsletter], author: User, now: datetime
) -> dict[str, User]:
    """The two whom one can sign in as: one reads for free, one was given the paid tier."""
    tier = open_shop(content.tier, author)
    member = _make_reader(content.member, newsletters, now - _JOINED)
    reader = _make_reader(content.reader, newsletters, now - _JOINED / 2)
    Grant.objects.create(
        user=member,
        tier=tier,
        source=GrantSource.COMP,
        starts_at=now - _JOINED,
        reason="A reader of the demo",
        created_by=author,
    )
    return {"member": member, "reader": reader}


def _make_reader(person: ReaderContent, newsletters: dict[str, Newsletter], at: datetime) -> User:
    user = User.objects.create_user(
        person.email, name=person.name, created_at=at, email_confirmed_at=at
    )
    subscribe(user, newsletters.values(), at)
    return user


def _make_newsletters(content: PublicationContent, now: datetime) -> dict[str, Newsletter]:
    newsletters = {
        letter.slug: Newsletter.objects.create(
            slug=letter.slug,
            name=letter.name,
            description=letter.description,
            cadence=letter.cadence,
            sender_name=letter.sender_name,
            sender_address=letter.sender_address,
            subscribe_on_signup=place == 0,
            position=place,
        )
        for place, letter in enumerate(content.newsletters)
    }
    Newsletter.objects.update(created_at=now - _FOUNDED)
    return newsletters


def _save_publication(content: PublicationContent, author: User) -> None:
    save_publication(
        actor=author,
        publication=Publication(
            name=content.name,
            tagline=content.tagline,
            about_html=content.about,
            language=content.language,
            time_zone=content.time_zone,
            accent=content.accent,
            font_pairing=content.fonts,
            postal_address=content.postal_address,
            footer_text=content.footer_text,
            contact_email=content.contact,
            signup_title=content.signup_title,
            signup_text=content.signup_text,
            paid_offer_title=content.paid_offer.title,
            paid_offer_text=content.paid_offer.text,
            paid_offer_price=content.paid_offer.price,
            free_offer_title=content.free_offer.title,
            free_offer_text=content.free_offer.text,
            free_offer_benefits=FREE_BENEFITS,
            free_offer_url=reverse("subscribers:subscribe"),
        ),
    )
