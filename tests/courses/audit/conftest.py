"""The stage of the site's own audit, and templates of a leaking site."""

from __future__ import annotations

from tests.newsletter.audit.conftest import (  # noqa: F401 - fixtures
    _as_in_a_throw_away_place,
    db,
    media,
    stage,
)
from tests.newsletter.audit.test_planted_leaks import template  # noqa: F401 - a fixture
