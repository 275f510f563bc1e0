"""Making, confirming, changing and signing in people."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from newsletter.accounts.enums import Refusal
from newsletter.accounts.models import SignInRequest, User
from newsletter.accounts.queries import (
    MAX_WRONG_TRIES,
    find_sign_in_link,
    hash_of,
    open_sign_in_requests,
)
from newsletter.accounts.ratelimit import hit, network_of
from newsletter.lib.addresses import erased_address, normalise_address, readable_address
from newsletter.lib.brand_pictures import strip_picture
from newsletter.lib.page_cache import forget_pages
from newsletter.lib.slugs import make_slug
from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CODE_LIFE = timedelta(minutes=15)
# No vowels (no words), nothing that is read as something else. 20^6 codes, 5 tries each.
CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LENGTH = 6
KEEP_SIGN_IN = timedelta(days=1)
RIGHTS = ("is_active", "is_staff", "is_superuser")
# What readers see of an author; who gave no name goes by the address.
PUBLIC_FIELDS = ("name", "email", "author_slug", "bio", "portrait")


class TooOftenError(Exception):
    """Something was asked for too often; `wait` says when it works again at the latest."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"try again within {wait}")
        self.wait = wait


@dataclass(frozen=True)
class SignedIn:
    """Who proved to read their mail, and where on this site they were going."""

    user: User
    next_path: str


def get_or_create_user(*, email: str, name: str = "") -> tuple[User, bool]:
    """Find the person with this address, or make one; returns (user, created).

    Nothing is trusted yet: a new person's address is unconfirmed, and a known person's name is
    not touched, for anybody can type anybody's address. Safe against two at once.
    """
    address = normalise_address(email)
    user = User.objects.filter(email=address).first()
    if user is not None:
        return user, False
    try:
        with transaction.atomic():
            return User.objects.create_user(address, name=_one_line(name)), True
    except IntegrityError:
        return User.objects.get(email=address), False


def make_missing_users(*, emails: Collection[str]) -> None:
    """Make a person for each of these addresses that nobody has; two statements for all.

    The addresses are in their one spelling (`normalise_address`). As with `get_or_create_user`
    nothing about a new person is trusted. Safe against two at once.
    """
    known = set(User.objects.filter(email__in=emails).values_list("email", flat=True))
    User.objects.bulk_create(
        (
            User(email=email, password=make_password(None))
            for email in dict.fromkeys(emails)
            if email not in known
        ),
        ignore_conflicts=True,
    )


def confirm_address(*, user: User) -> bool:
    """Note that mail to this person's address reaches them; True the first time.

    Called where a code or link from a mail came back by POST.
    """
    now = timezone.now()
    changed = User.objects.filter(pk=user.pk, email_confirmed_at=None).update(
        email_confirmed_at=now
    )
    if changed:
        user.email_confirmed_at = now
    return bool(changed)


def update_profile(*, actor: User, user: User, name: str, time_zone: str) -> None:
    """Change how someone is named and in which zone they see times. Only they may."""
    if actor.pk != user.pk:
        raise PermissionDenied("Only you can change your profile.")
    old_name, user.name = user.name, _one_line(name)
    user.time_zone = time_zone
    with transaction.atomic():
        user.save(update_fields=["name", "time_zone"])
        # A reader's name stands on no page that is kept.
        if user.name != old_name and (user.is_staff or user.author_slug):
            forget_pages()


def save_person(*, actor: User, user: User) -> None:
    """Store a person as edited in the admin.

    Who may do what else on this site is for administrators alone to say: anybody else with access
    to people could otherwise give themselves every right. A changed address is unconfirmed.
    """
    before = User.objects.filter(pk=user.pk).first() or User()
    # As stored: `user` carries whatever was typed, also about the actor themself.
    is_administrator = before.is_superuser if actor.pk == user.pk else actor.is_superuser
    if not is_administrator:
        if any(getattr(before, right) != getattr(user, right) for right in RIGHTS):
            raise PermissionDenied("Only an administrator gives rights.")
        if before.is_staff and actor.pk != user.pk:
            raise PermissionDenied("Only an administrator changes staff.")
    user.email = normalise_address(user.email)
    user.name = _one_line(user.name)
    strip_picture(user.portrait)
    user.author_slug = make_slug(user.author_slug or "", max_length=80) or None
    if before.pk and before.email != user.email:
        user.email_confirmed_at = None
    with transaction.atomic():
        user.save()
        if before.pk and any(
            getattr(before, name) != getattr(user, name) for name in PUBLIC_FIELDS
        ):
            forget_pages()


def reset_second_factor(*, actor: User | None, user: User) -> OutgoingEmail | None:
    """Remove every app, passkey and recovery code of someone who lost them; they set up anew.

    `actor` is an administrator, or None at the command line. Returns the notice to deliver, None
    where there was nothing to remove.
    """
    if actor is not None and not actor.is_superuser:
        raise PermissionDenied("Only an administrator resets a second factor.")
    with transaction.atomic():
        removed, _rows = Authenticator.objects.filter(user=user).delete()
        if not removed:
            return None
        return queue_security_notice(user=user, notice=_("Your second factor was removed."))


def queue_security_notice(*, user: User, notice: StrOrPromise, ip: str = "") -> OutgoingEmail:
    """Tell a person that something about their sign-in changed; the caller delivers the mail."""
    return queue_email(
        kind="security_notice",
        to=user.email,
        template="security_notice",
        context={
            "user": user,
            "notice": notice,
            "happened_at": timezone.now(),
            "ip": ip,
            "link": urljoin(settings.SITE_URL, reverse("accounts:show-account")),
        },
        safe_to_repeat=True,
    )


def request_sign_in(
    *, address: str, ip: str, next_path: str = ""
) -> tuple[SignInRequest, OutgoingEmail]:
    """Queue the mail that answers "sign me in", and return it with the row behind it.

    One mail, the same work and the same answer for every address: a code and link for a person,
    a mail that says there is no account (or that it is closed) for anyone else. Raises
    TooOftenError, which counts known and unknown addresses alike.
    """
    address = normalise_address(address)
    _limit_requests(address, ip)
    user = User.objects.filter(email=address).first()
    active = user if user is not None and user.is_active else None
    code = _new_code()
    token = secrets.token_urlsafe(24)
    link_hash = hash_of("link", token)
    now = timezone.now()
    with transaction.atomic():
        request = SignInRequest.objects.create(
            user=active,
            address=address,
            code_hash=hash_of("code", f"{link_hash}:{code}"),
            link_hash=link_hash,
            next_path=next_path,
            created_at=now,
            expires_at=now + CODE_LIFE,
        )
        mail = queue_email(
            kind="sign_in",
            to=address,
            template=_template_for(user),
            context={
                "user": active,
                "address": readable_address(address),
                "code": f"{code[:3]}-{code[3:]}",
                "link": urljoin(settings.SITE_URL, reverse("accounts:use-link", args=[token])),
                "minutes": int(CODE_LIFE.total_seconds() // 60),
            },
            expires_at=request.expires_at,
            safe_to_repeat=True,
        )
    return request, mail


def redeem_code(*, request_id: int, code: str, ip: str) -> SignedIn | Refusal:
    """Use up the request if this is its code; returns whom it signs in, or why nobody.

    Every call counts as a try before the code is compared, so that guessing from many
    connections at once gets no more than five. Raises TooOftenError.
    """
    if not hit(f"code-tries:{network_of(ip)}", limit=60, per=timedelta(minutes=15)):
        raise TooOftenError(timedelta(minutes=15))
    counted = open_sign_in_requests().filter(pk=request_id, wrong_tries__lt=MAX_WRONG_TRIES)
    if not counted.update(wrong_tries=F("wrong_tries") + 1):
        return Refusal.DEAD
    request = SignInRequest.objects.select_related("user").get(pk=request_id)
    typed = "".join(c for c in code.upper() if c.isalnum())
    expected = request.code_hash
    if not constant_time_compare(hash_of("code", f"{request.link_hash}:{typed}"), expected):
        return Refusal.WRONG if request.wrong_tries < MAX_WRONG_TRIES else Refusal.DEAD
    return _use_up(request)


def redeem_link(*, token: str) -> SignedIn | Refusal:
    """Use up the request that this link belongs to; returns whom it signs in, or DEAD."""
    request = find_sign_in_link(token)
    return _use_up(request) if request is not None else Refusal.DEAD


def _use_up(request: SignInRequest) -> SignedIn | Refusal:
    """Sign in with code or link, whichever comes first; the other is dead from then on."""
    user = request.user
    with transaction.atomic():
        if not open_sign_in_requests().filter(pk=request.pk).update(used_at=timezone.now()):
            return Refusal.DEAD
        if user is None or not user.is_active:
            return Refusal.DEAD
        # Older mails are of no use to their owner any more, only to somebody else.
        open_sign_in_requests().filter(user=user).update(used_at=timezone.now())
        confirm_address(user=user)
    return SignedIn(user, request.next_path)


@transaction.atomic
def close_account(*, user: User) -> None:
    """Let nobody in as this person any more: sessions, codes and links under way end at once.

    The caller has the permission. Safe to repeat.
    """
    User.objects.filter(pk=user.pk).update(is_active=False)
    own = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=own.values("session_key")).delete()
    own.delete()
    SignInRequest.objects.filter(Q(user=user) | Q(address=user.email)).delete()


@transaction.atomic
def blank_person(*, user: User) -> None:
    """Take from a person's row who they were; it stays, nameless, for what points at it.

    The last step of an erasure: whatever is found by the address is gone by then. The caller has
    the permission. Safe to repeat.
    """
    close_account(user=user)
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    portrait, was_shown = user.portrait.name, bool(user.author_slug)
    User.objects.filter(pk=user.pk).update(
        email=erased_address(user.pk),
        name="",
        time_zone="",
        email_confirmed_at=None,
        last_login=None,
        password=make_password(None),
        author_slug=None,
        bio="",
        portrait="",
    )
    if portrait:
        transaction.on_commit(lambda: user.portrait.storage.delete(portrait))
    if was_shown:
        forget_pages()
    user.refresh_from_db()


def prune_sign_in_requests() -> int:
    """Delete requests that have been dead for a day (they hold addresses); returns how many."""
    deleted, _rows = SignInRequest.objects.filter(
        expires_at__lt=timezone.now() - KEEP_SIGN_IN
    ).delete()
    return deleted


def prune_sessions() -> None:
    """Delete sessions that have ended, and what was noted about them (address, browser)."""
    SessionStore.clear_expired()
    live = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.exclude(Exists(live)).delete()


def _limit_requests(address: str, ip: str) -> None:
    """A mailbox must not be flooded, nor one network try many mailboxes."""
    quarter, day = timedelta(minutes=15), timedelta(days=1)
    limits = [
        (f"sign-in-network:{network_of(ip)}", 30, quarter),
        (f"sign-in-address:{address}", 5, quarter),
        (f"sign-in-address:{address}", 20, day),
    ]
    for key, limit, per in limits:
        if not hit(key, limit=limit, per=per):
            raise TooOftenError(per)


def _template_for(user: User | None) -> str:
    if user is None:
        return "sign_in_unknown"
    return "sign_in" if user.is_active else "sign_in_closed"


def _new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def _one_line(name: str) -> str:
    """A name fit for headers and greetings: no line breaks or control characters (M22)."""
    printable = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in name)
    return " ".join(printable.split())[:120]
