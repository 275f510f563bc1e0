"""The author brings many people in by their addresses: as one by one, in a few statements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.actions import NotOpenError, enrol_addresses, enrol_learner, inviting, revoke_enrolment
from courses.enums import AccessLength, CourseAccess, CourseState
from courses.models import Course, CourseEvent, Enrolment
from newsletter.accounts.models import User
from newsletter.memberships.actions import grant_comp
from newsletter.memberships.models import AuditEntry, Grant
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import UserFactory
from tests.factories.courses import ProductFactory, author, make_course
from tests.factories.memberships import TierFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
END = datetime(2027, 5, 1, tzinfo=UTC)


def sold(**fields: Any) -> Course:
    tier = TierFactory()
    return make_course(
        1,
        access=CourseAccess.TIERS,
        tiers=[tier],
        access_length=AccessLength.MONTHS,
        access_months=6,
        time_zone="Europe/Vienna",
        **fields,
    )


def people(course: Course) -> list[str]:
    """Somebody new, somebody known, a member, one in it, one put out, one who is gone."""
    at = f"{course.pk}.example.com"
    UserFactory(email=f"known@{at}", time_zone="Asia/Kolkata")
    member, there, out = (UserFactory(email=f"{name}@{at}") for name in ("member", "there", "out"))
    grant_comp(actor=author(), user=member, tier=course.tiers.get(), starts_at=NOW)
    for each in (there, out):
        enrol_learner(actor=author(), user=each, course=course, now=NOW)
    revoke_enrolment(actor=author(), enrolment=Enrolment.objects.get(user=out), reason="x")
    UserFactory(email=f"gone@{at}", is_active=False)
    return [f"{name}@{at}" for name in ("new", "known", "member", "there", "out", "gone", "late")]


def left_behind(course: Course) -> list[Any]:
    """All that enrolling writes, with the course's own numbers taken out."""
    at = f"@{course.pk}.example.com"
    rows = [
        list(
            Enrolment.objects.filter(course=course)
            .order_by("user__email")
            .values_list(
                "user__email",
                "source",
                "time_zone",
                "anchor_date",
                "enrolled_at",
                "expires_at",
                "next_release_at",
                "revoked_reason",
                "settled_version",
            )
        ),
        list(
            Grant.objects.filter(product__courses=course)
            .order_by("user__email")
            .values_list(
                "user__email", "source", "starts_at", "ends_at", "reason", "created_by__email"
            )
        ),
        list(
            CourseEvent.objects.filter(course=course, user__isnull=False)
            .order_by("user__email", "pk")
            .values_list("user__email", "what", "detail", "actor__email")
        ),
        list(
            AuditEntry.objects.filter(user__email__endswith=at)
            .order_by("user__email", "pk")
            .values_list("user__email", "what", "detail", "actor__email")
        ),
        course.products.count(),
    ]
    version = Course.objects.get(pk=course.pk).curriculum_version
    said = str(rows).replace(at, "").replace(course.title, "TITLE")
    said = said.replace(course.tiers.get().name, "TIER")
    return [said.replace(f"'', {version})", "'', V)"), OutgoingEmail.objects.count()]


def test_it_leaves_behind_what_one_by_one_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    one_by_one, together = sold(), sold()
    for address in people(one_by_one):
        user = User.objects.filter(email=address).first() or User.objects.create_user(address)
        enrol_learner(
            actor=author(), user=user, course=one_by_one, reason="Why", ends_at=END, now=NOW
        )
    monkeypatch.setattr(inviting, "CHUNK", 3)
    done = enrol_addresses(
        actor=author(),
        course=together,
        addresses=[*people(together), "nonsense"],
        reason="Why",
        ends_at=END,
        now=NOW,
    )
    names = [each.user.email.partition("@")[0] for each in done.enrolments]
    assert names == ["new", "known", "member", "gone", "late"]
    assert [each.user.email.partition("@")[0] for each in done.already] == ["there", "out"]
    assert done.bad_addresses == ["nonsense"]
    assert left_behind(together) == left_behind(one_by_one)
    assert "Why" in left_behind(together)[0]


def test_the_statements_are_the_same_for_any_number_of_people() -> None:
    counted = []
    for number in (3, 30):
        course = sold()
        addresses = [f"{each}@{course.pk}.example.com" for each in range(number)]
        with CaptureQueriesContext(connection) as queries:
            done = enrol_addresses(actor=author(), course=course, addresses=addresses, now=NOW)
        assert len(done.enrolments) == number
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_what_was_done_stays_done_and_a_second_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[ProductFactory()])
    addresses = [f"{each}@example.com" for each in range(5)]
    plain, runs = inviting.enrol_learners, []

    def break_off(**given: Any) -> Any:
        runs.append(len(given["users"]))
        if len(runs) == 2:
            raise OSError("the database went away")
        return plain(**given)

    monkeypatch.setattr(inviting, "CHUNK", 2)
    with monkeypatch.context() as patched:
        patched.setattr(inviting, "enrol_learners", break_off)
        with pytest.raises(OSError, match="went away"):
            enrol_addresses(actor=author(), course=course, addresses=addresses, now=NOW)
    assert runs == [2, 2]
    assert Enrolment.objects.count() == Grant.objects.count() == 2
    again = enrol_addresses(actor=author(), course=course, addresses=addresses, now=NOW)
    assert (len(again.already), len(again.enrolments)) == (2, 3)
    assert Enrolment.objects.count() == Grant.objects.count() == 5
    assert CourseEvent.objects.filter(what="enrolled").count() == 5


def test_a_draft_takes_nobody_and_makes_nobody() -> None:
    draft = make_course(1, state=CourseState.DRAFT)
    with pytest.raises(NotOpenError):
        enrol_addresses(actor=author(), course=draft, addresses=["new@example.com"], now=NOW)
    assert not User.objects.filter(email="new@example.com").exists()
