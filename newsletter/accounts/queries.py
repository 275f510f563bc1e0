"""Who is looking, and finding people."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from newsletter.accounts.models import SignInRequest, User
from newsletter.lib.addresses import normalise_address
from newsletter.lib.plain_rows import PlainRow, plain_rows

MAX_WRONG_TRIES = 5


def viewer(request: HttpRequest) -> User | None:
    """The signed-in person, or None.

    Without a session cookie the session is not touched: reading `request.user` would add
    `Vary: Cookie` and cost the page its place in shared caches (edge case W5).
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    user = request.user
    return user if isinstance(user, User) and user.is_authenticated else None


def find_user(address: str) -> User | None:
    """The person with this address, in any spelling."""
    return User.objects.filter(email=normalise_address(address)).first()


def open_sign_in_requests() -> QuerySet[SignInRequest]:
    """Requests whose code or link has not been used and is not too old."""
    return SignInRequest.objects.filter(used_at=None, expires_at__gt=timezone.now())


def find_sign_in_page(request_id: int) -> SignInRequest | None:
    """The request behind a page that waits for its code; dead ones too, so that it can say so."""
    return SignInRequest.objects.filter(pk=request_id).first()


def find_sign_in_link(token: str) -> SignInRequest | None:
    """The request that this link can still use up."""
    live = open_sign_in_requests().filter(wrong_tries__lt=MAX_WRONG_TRIES)
    return live.select_related("user").filter(link_hash=hash_of("link", token)).first()


def hash_of(purpose: str, value: str) -> str:
    """The keyed hash under which a code or link is stored."""
    return salted_hmac(f"masthead.sign-in.{purpose}", value, algorithm="sha256").hexdigest()


def export_account_of(user: User) -> dict[str, list[PlainRow]]:
    """What is held of a person's account and of their ways in, as plain data. No secrets."""
    requests = SignInRequest.objects.filter(Q(user=user) | Q(address=user.email))
    held = Q(user=user) | Q(group__user=user)
    return {
        "account": plain_rows(
            User.objects.filter(pk=user.pk),
            number="pk",
            address="email",
            name="name",
            time_zone="time_zone",
            since="created_at",
            address_confirmed_at="email_confirmed_at",
            last_signed_in_at="last_login",
            is_open="is_active",
            is_staff="is_staff",
            is_administrator="is_superuser",
            author_page="author_slug",
            about_the_author="bio",
            portrait="portrait",
        ),
        "rights": plain_rows(
            Permission.objects.filter(held).order_by("codename").distinct(), right="codename"
        ),
        "sign_in_addresses": plain_rows(
            EmailAddress.objects.filter(user=user).order_by("pk"),
            address="email",
            confirmed="verified",
        ),
        "sessions": plain_rows(
            UserSession.objects.filter(user=user).order_by("pk"),
            since="created_at",
            last_seen_at="last_seen_at",
            network_address="ip",
            browser="user_agent",
        ),
        "sign_ins": plain_rows(
            requests.order_by("pk"),
            address="address",
            asked_at="created_at",
            works_until="expires_at",
            used_at="used_at",
            wrong_tries="wrong_tries",
        ),
        "second_factors": plain_rows(
            Authenticator.objects.filter(user=user).order_by("pk"),
            kind="type",
            since="created_at",
            last_used_at="last_used_at",
        ),
    }
