"""Outcomes of signing in, and the steps that stand before the admin."""

from __future__ import annotations

from enum import Enum


class Refusal(Enum):
    """Why a code or link signs nobody in."""

    WRONG = "wrong"  # try again
    DEAD = "dead"  # used, too old, or tried too often: ask for a new mail


class StaffStep(Enum):
    """What a staff member has still to do before the admin opens."""

    SET_PASSWORD = "set password"  # noqa: S105 - a step's name
    PROVE_PASSWORD = "prove password"  # noqa: S105
    SET_SECOND_FACTOR = "set second factor"
    PROVE_SECOND_FACTOR = "prove second factor"
