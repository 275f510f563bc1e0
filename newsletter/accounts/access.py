"""Who may enter the admin: staff with a password and a second factor, or with a passkey."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest

from newsletter.accounts.enums import StaffStep
from newsletter.accounts.models import User

# A reader's session lasts two months; what opens the admin is asked for again every two weeks.
PROOF_LASTS = timedelta(days=14)
# What cannot be undone is asked for by somebody who has just shown who they are.
FRESH_FOR = timedelta(minutes=15)
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def decide_staff_step(
    *, has_password: bool, has_second_factor: bool, proofs: Iterable[Mapping[str, Any]]
) -> StaffStep | None:
    """Return what is still missing, or None where the admin may open.

    `proofs` are what this session has shown (allauth's authentication records): a code by mail
    is worth nothing here, for whoever reads a mailbox must not thereby get the admin.
    """
    proofs = [proof for proof in proofs if _is_fresh(proof)]
    if has_second_factor and any(_is_passkey_sign_in(proof) for proof in proofs):
        return None
    if not has_password:
        return StaffStep.SET_PASSWORD
    if not any(proof.get("method") == "password" for proof in proofs):
        return StaffStep.PROVE_PASSWORD
    if not has_second_factor:
        return StaffStep.SET_SECOND_FACTOR
    if not any(proof.get("method") == "mfa" for proof in proofs):
        return StaffStep.PROVE_SECOND_FACTOR
    return None


def missing_staff_step(request: HttpRequest, user: User) -> StaffStep | None:
    """`decide_staff_step` for this person in this session."""
    if not settings.STAFF_SECOND_FACTOR:
        return None
    return decide_staff_step(
        has_password=user.has_usable_password(),
        has_second_factor=is_mfa_enabled(user, SECOND_FACTORS),
        proofs=get_authentication_records(request, user),
    )


def proved_lately(request: HttpRequest, user: User) -> bool:
    """Whether this person signed in, by whatever way, in this very session a few minutes ago."""
    proofs = get_authentication_records(request, user)
    return any(_is_fresh(proof, FRESH_FOR) for proof in proofs)


def has_authenticator_app(user: User) -> bool:
    """Whether this person can answer with a code from an app."""
    return bool(is_mfa_enabled(user, [Authenticator.Type.TOTP]))


def _is_fresh(proof: Mapping[str, Any], lasts: timedelta = PROOF_LASTS) -> bool:
    age: float = time.time() - proof.get("at", 0)
    return age < lasts.total_seconds()


def _is_passkey_sign_in(proof: Mapping[str, Any]) -> bool:
    """A passkey used alone: the device checked the person (finger, face, PIN) itself."""
    return proof.get("method") == "mfa" and bool(proof.get("passwordless"))
