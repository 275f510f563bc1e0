"""Addresses that are worth something to whoever has them, and uploads, which everybody may try.

Own feeds, gifts, the pictures of a mail and short links are signed; what each opens is stated here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import make_gift_link, open_gift, renew_private_feed
from newsletter.articles.files import make_short_link_token
from newsletter.articles.giving import make_opening_token
from newsletter.articles.models import GiftLink, GiftOpening
from newsletter.articles.own_feed import token_of
from newsletter.audit.articles import marks_of, titles, whole_texts
from newsletter.audit.files import NOWHERE, store_unused_file
from newsletter.audit.given import (
    GIVEN,
    GIVEN_OWNERS,
    GIVEN_SPEC,
    given_text,
    token_of_gift,
)
from newsletter.audit.marks import Mark, Medium, Where
from newsletter.audit.people import Persona
from newsletter.audit.registry import (
    NO_TOKEN,
    STRANGERS,
    Ask,
    Contribution,
    Stage,
    Upload,
    contribute,
)
from newsletter.audit.specs import LISTED, SPECS, Part
from newsletter.mailings.mail_files import make_file_pass
from newsletter.mailings.models import Mailing

# Who has a feed of their own; the audit asks for it as somebody else.
_HOLDERS = ("first-tier", "other-tier", "lapsed", "revoked", "early", "free")
# Whose files are asked for through their feed and through their mails.
_FILE_HOLDERS = ("first-tier", "lapsed", "free")
_IN_FILE = Where(Medium.WEB)
_MONTH = timedelta(days=30)


def _publish(stage: Stage) -> Iterable[Mark]:
    for key in _HOLDERS:
        stage.tokens[f"feed of {key}"] = _feed_token(stage, key)
    stage.tokens["feed of free, before"] = stage.tokens["feed of free"]
    stage.tokens["feed of free"] = _feed_token(stage, "free")
    stage.tokens["feed of closed"] = _feed_token(stage, "closed")
    given = stage.articles[GIVEN]
    _keep_gift(stage, "gift", make_gift_link(actor=stage.author, article=given))
    # Made while its giver was a member.
    lapsed = _user(stage, "lapsed")
    ended = GiftLink.objects.create(
        article=given, giver=lapsed, max_openings=5, expires_at=timezone.now() + _MONTH
    )
    _keep_gift(stage, "ended gift", ended)
    return store_unused_file(stage)


def _user(stage: Stage, key: str) -> User:
    return User.objects.get(email=stage.people[key].address)


def _feed_token(stage: Stage, key: str) -> str:
    return token_of(renew_private_feed(actor=_user(stage, key)))


def _keep_gift(stage: Stage, name: str, link: GiftLink) -> None:
    stage.tokens[name] = token_of_gift(link)
    ticket = secrets.token_urlsafe(9)
    if link.giver_id == stage.author.pk:
        opening = open_gift(link=link, ticket=ticket)
    else:
        opening = GiftOpening.objects.create(link=link, ticket=ticket)
    stage.tokens[f"opening of {name}"] = make_opening_token(opening)


# Uploads


def _content(upload: Upload) -> Callable[[Persona], Iterable[Mark]]:
    return lambda reader: [upload.mark] if upload.mark.may_read(reader, _IN_FILE) else []


def _for_whoever_has_it(upload: Upload) -> Callable[[Persona], Iterable[Mark]]:
    return lambda _reader: [upload.mark]


def _found_or_not(upload: Upload) -> Callable[[Persona], int]:
    """404 for all others: nobody learns that there is such a file (P7)."""
    return lambda reader: 200 if upload.mark.may_read(reader, _IN_FILE) else 404


def _uploads(stage: Stage) -> Iterable[Ask]:
    for upload in stage.files.values():
        named = {"path": upload.path}
        yield Ask(named, shows=_content(upload), status=_found_or_not(upload))
    for path in _ways_around(stage, "/media/"):
        yield Ask(path=path, status=404)
    for spec in SPECS[:3]:
        word = marks_of(stage, spec.key)[Part.SHUT_PICTURE].word
        yield Ask({"path": f"images/{word}/picture.png"})


def _ways_around(stage: Stage, prefix: str) -> Iterable[str]:
    """A closed file by way of an open one's folder."""
    open_one, closed = stage.files[GIVEN, Part.OPEN], stage.files["tier-first", Part.SHUT]
    for up in ("..%2f..%2f", "%2e%2e/%2e%2e/", "..%252f..%252f", "..%5c..%5c"):
        yield f"{prefix}{open_one.folder}/{up}{closed.path}"


# Own feeds


def _own_feeds(stage: Stage) -> Iterable[Ask]:
    shows = whole_texts(stage, *LISTED)
    for key in _HOLDERS:
        own = {"token": stage.tokens[f"feed of {key}"]}
        yield Ask(own, shows=shows, status=200, holder=key, askers=STRANGERS)
    for token in _dead_feeds(stage):
        yield Ask({"token": token}, status=404, askers=STRANGERS)


def _dead_feeds(stage: Stage) -> list[str]:
    tokens = stage.tokens
    return [NO_TOKEN, tokens["feed of free, before"], tokens["feed of closed"], tokens["gift"]]


def _own_files(stage: Stage) -> Iterable[Ask]:
    for key in _FILE_HOLDERS:
        token = stage.tokens[f"feed of {key}"]
        for upload in stage.files.values():
            yield Ask(
                {"token": token, "path": upload.path},
                shows=_content(upload),
                status=_found_or_not(upload),
                holder=key,
                askers=STRANGERS,
            )
    for path in _ways_around(stage, f"/feeds/{stage.tokens['feed of first-tier']}/"):
        yield Ask(path=path, status=404, askers=STRANGERS)
    open_one = stage.files[GIVEN, Part.OPEN]
    for token in _dead_feeds(stage):
        yield Ask({"token": token, "path": open_one.path}, status=404, askers=STRANGERS)


# Gifts


def _givings(stage: Stage) -> Iterable[Ask]:
    for key in (GIVEN, "public", "unlisted", "mail-only-paid", "draft-paid"):
        yield Ask({"slug": stage.articles[key].slug})


def _gifts(stage: Stage) -> Iterable[Ask]:
    """Looking at a gift opens nothing; who may read the article anyway is sent to its page."""
    spec, title = GIVEN_SPEC, titles(stage, GIVEN)
    yield Ask(
        {"token": stage.tokens["gift"]},
        shows=lambda persona: [] if spec.is_entitled(persona) else title(persona),
        status=lambda persona: 302 if spec.is_entitled(persona) else 200,
    )
    yield Ask(
        {"token": stage.tokens["ended gift"]},
        status=lambda persona: 302 if spec.is_entitled(persona) else 410,
    )
    yield Ask({"token": NO_TOKEN}, status=404)


def _openings(stage: Stage) -> Iterable[Ask]:
    gift, ended = stage.tokens["gift"], stage.tokens["ended gift"]
    opening, of_ended = stage.tokens["opening of gift"], stage.tokens["opening of ended gift"]
    yield Ask(
        {"token": gift, "opening": opening},
        shows=lambda _persona: given_text(stage),
        status=200,
        opens=GIVEN_OWNERS,
        askers=STRANGERS,
    )
    # Its giver's access has ended; another link's opening; none at all.
    for token, wrong in ((ended, of_ended), (gift, of_ended), (ended, opening), (gift, NO_TOKEN)):
        yield Ask({"token": token, "opening": wrong}, status=302, askers=STRANGERS)
    yield Ask({"token": NO_TOKEN, "opening": opening}, status=404, askers=STRANGERS)


def _given_files(stage: Stage) -> Iterable[Ask]:
    gift, opening = stage.tokens["gift"], stage.tokens["opening of gift"]
    for (key, _part), upload in stage.files.items():
        names = {"token": gift, "opening": opening, "path": upload.path}
        if key == GIVEN:
            shows = _for_whoever_has_it(upload)
            yield Ask(names, shows=shows, status=200, opens=GIVEN_OWNERS, askers=STRANGERS)
        else:
            yield Ask(names, status=404, askers=STRANGERS)
    own = stage.files[GIVEN, Part.SHUT].path
    for token, wrong in (
        (gift, NO_TOKEN),
        (gift, stage.tokens["opening of ended gift"]),
        (stage.tokens["ended gift"], stage.tokens["opening of ended gift"]),
    ):
        names = {"token": token, "opening": wrong, "path": own}
        yield Ask(names, status=404, askers=STRANGERS)
    for path in _ways_around(stage, f"/given/{gift}/{opening}/"):
        yield Ask(path=path, status=404, askers=STRANGERS)


# The pictures of a mail, and links of ten minutes


def _letter_files(stage: Stage) -> Iterable[Ask]:
    mailings = {each.article_id: each.pk for each in Mailing.objects.exclude(article=None)}
    sent = {key: mailings.get(article.pk, 0) for key, article in stage.articles.items()}
    for holder in (*_FILE_HOLDERS, "closed"):
        user_id = stage.people[holder].user_id or 0
        for key in (GIVEN, "mail-only-paid"):
            upload = stage.files[key, Part.SHUT]
            yield Ask(
                {"token": make_file_pass(sent[key], user_id), "path": upload.path},
                shows=_content(upload),
                status=_found_or_not(upload),
                holder=holder,
                askers=STRANGERS,
            )
    member = stage.people["first-tier"].user_id or 0
    token = make_file_pass(sent[GIVEN], member)
    for key, part in (("tier-first", Part.SHUT), ("draft-paid", Part.SHUT), ("", NOWHERE)):
        # Theirs to read or not, it is not in that mail.
        path = stage.files[key, part].path
        yield Ask({"token": token, "path": path}, status=404, askers=STRANGERS)
    for path in _ways_around(stage, f"/letters/files/{token}/"):
        yield Ask(path=path, status=404, askers=STRANGERS)
    own = stage.files[GIVEN, Part.SHUT].path
    yield Ask({"token": NO_TOKEN, "path": own}, status=404, askers=STRANGERS)


def _short_links(stage: Stage) -> Iterable[Ask]:
    own, other = stage.files[GIVEN, Part.SHUT], stage.files["tier-first", Part.SHUT]
    token = make_short_link_token(own.folder)
    yield Ask(
        {"token": token, "name": "audit.txt"},
        shows=_for_whoever_has_it(own),
        status=200,
        opens=frozenset({own.mark.owner}),
        askers=STRANGERS,
    )
    unused = make_short_link_token(stage.files["", NOWHERE].folder)
    for wrong in (NO_TOKEN, unused, stage.tokens["gift"]):
        yield Ask({"token": wrong, "name": "audit.txt"}, status=404, askers=STRANGERS)
    for up in ("..%2f..%2f", "..%5c..%5c"):
        yield Ask(path=f"/files/{token}/{up}{other.path}", status=404, askers=STRANGERS)


contribute(
    Contribution(
        "personal links and uploads",
        _publish,
        {
            "articles:give-article": _givings,
            "articles:open-short-link": _short_links,
            "articles:own-atom": _own_feeds,
            "articles:own-file": _own_files,
            "articles:own-rss": _own_feeds,
            "articles:read-gift": _openings,
            "articles:read-given-file": _given_files,
            "articles:show-gift": _gifts,
            "mailings:show-letter-file": _letter_files,
            "media": _uploads,
        },
    )
)
