"""The personas: everybody whom the paywall tells apart, each with a real session."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import Grant, Product, Tier
from newsletter.subscribers.enums import ConsentSource, SubscriptionState
from newsletter.subscribers.models import Newsletter, Subscription

TIERS = ("first", "second", "third")
_MONTH = timedelta(days=30)
_MOMENT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who asks. `tiers` are those open to them now, as this audit has set them up."""

    key: str
    words: str
    is_known: bool = True
    is_staff: bool = False
    gets_mail: bool = True
    tiers: frozenset[str] = frozenset()
    user_id: int | None = None
    address: str = ""
    session: str = ""


def _tiers(*names: str) -> frozenset[str]:
    return frozenset(names)


# Whoever has most comes first and the visitor last: what a cache keeps wrongly is then seen.
_CAST = (
    Persona("staff", "an author", is_staff=True),
    Persona("both-tiers", "a member of the first and second tier", tiers=_tiers("first", "second")),
    Persona("first-tier", "a member of the first tier", tiers=_tiers("first")),
    Persona("second-tier", "a member of the second tier", tiers=_tiers("second")),
    Persona("other-tier", "a member of a tier that no text asks for", tiers=_tiers("third")),
    Persona("buyer", "somebody who bought a product and no tier"),
    Persona("lapsed", "a member of the first tier until five minutes ago"),
    Persona("revoked", "somebody whose grant was revoked"),
    Persona("early", "somebody whose grant begins tomorrow"),
    Persona("free", "a free reader"),
    Persona("unsubscribed", "a reader who left the newsletter", gets_mail=False),
    Persona(
        "closed", "the holder of a closed account with a grant", is_known=False, gets_mail=False
    ),
    Persona("visitor", "a visitor", is_known=False, gets_mail=False),
)
PERSONA_KEYS = tuple(persona.key for persona in _CAST)


def make_tiers() -> dict[str, Tier]:
    """Three tiers; no sentinel asks for the third."""
    return {
        name: Tier.objects.create(name=f"Audit: {name} tier", slug=f"audit-{name}")
        for name in TIERS
    }


def make_people(tiers: Mapping[str, Tier], newsletter: Newsletter) -> dict[str, Persona]:
    """Make the whole cast, with grants, subscriptions and sessions; by key."""
    return {persona.key: _make(persona, tiers, newsletter) for persona in _CAST}


def _make(persona: Persona, tiers: Mapping[str, Tier], newsletter: Newsletter) -> Persona:
    if persona.key == "visitor":
        return persona
    user = User.objects.create_user(
        f"{persona.key}@audit.invalid",
        name=f"Audit {persona.key}",
        email_confirmed_at=timezone.now(),
        is_staff=persona.is_staff,
        is_superuser=persona.is_staff,
        is_active=persona.key != "closed",
    )
    if persona.is_staff:
        _equip_staff(user)
    for name in persona.tiers:
        _grant(user, tier=tiers[name])
    _grant_what_does_not_count(persona.key, user, tiers["first"])
    has_left = persona.key == "unsubscribed"
    Subscription.objects.create(
        user=user,
        newsletter=newsletter,
        state=SubscriptionState.UNSUBSCRIBED if has_left else SubscriptionState.ACTIVE,
        consent_at=timezone.now(),
        consent_source=ConsentSource.FORM,
        unsubscribed_at=timezone.now() if has_left else None,
    )
    return Persona(
        key=persona.key,
        words=persona.words,
        is_known=persona.is_known,
        is_staff=persona.is_staff,
        gets_mail=persona.gets_mail,
        tiers=persona.tiers,
        user_id=user.pk,
        address=user.email,
        session=_open_session(user),
    )


def _equip_staff(user: User) -> None:
    """A password, an authenticator app and an author's page: what the desk and articles ask for."""
    user.set_password(secrets.token_urlsafe(30))
    user.author_slug = "audit-author"
    user.save()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})


def _grant(user: User, **fields: Any) -> None:
    Grant.objects.create(user=user, **{"source": GrantSource.COMP, **fields})


def _grant_what_does_not_count(key: str, user: User, tier: Tier) -> None:
    """Grants that must open nothing here."""
    now = timezone.now()
    if key == "buyer":
        _grant(user, product=Product.objects.create(name="Audit: a book", slug="audit-book"))
    elif key == "lapsed":
        _grant(user, tier=tier, starts_at=now - _MONTH, ends_at=now - _MOMENT)
    elif key == "revoked":
        _grant(user, tier=tier, starts_at=now - _MONTH, revoked_at=now - _MOMENT)
    elif key == "early":
        _grant(user, tier=tier, starts_at=now + timedelta(days=1))
    elif key == "closed":
        _grant(user, tier=tier)


def _open_session(user: User) -> str:
    """A stored session such as signing in leaves, for staff with both factors shown."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    if user.is_staff:
        request = HttpRequest()
        request.session = session
        record_authentication(request, user, "password")
        record_authentication(request, user, "mfa", type=Authenticator.Type.TOTP)
    session.save()
    return str(session.session_key)
