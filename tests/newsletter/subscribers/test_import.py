"""Bringing in a list (M5, M24)."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.accounts.models import User
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions
from newsletter.subscribers.actions import import_run
from newsletter.subscribers.actions.import_run import report_lines
from newsletter.subscribers.actions.importing import claim_import
from newsletter.subscribers.enums import ImportState, SuppressionReason
from newsletter.subscribers.models import (
    ImportLine,
    SubscriberImport,
    Subscription,
    SubscriptionRequest,
)
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.subscribers.imports import bring_in, check, run, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def author():
    return StaffFactory()


@pytest.fixture
def letter():
    return NewsletterFactory()


def _states(letter):
    rows = Subscription.objects.filter(newsletter=letter)
    return dict(rows.values_list("user__email", "state"))


def _outcomes(job):
    return {line.number: line.outcome for line in ImportLine.objects.filter(job=job)}


def test_new_people_are_added_with_their_record_and_nobody_is_mailed(author, letter):
    job = bring_in(
        author,
        letter,
        "Email,Name,Created at\nanna@example.com,Anna,2024-03-01T10:00:00.000Z\n"
        "ben@example.com,,\n",
    )
    assert (job.state, job.counts) == (ImportState.DONE, {"new": 2})
    anna = Subscription.objects.get(user__email="anna@example.com")
    assert (anna.state, anna.consent_source, anna.imported_by) == ("active", "import", job)
    assert anna.consent_detail == "people.csv, line 2: They ticked a box at the fair."
    assert anna.consent_at.isoformat() == "2024-03-01T10:00:00+00:00"
    assert anna.user.name == "Anna"
    assert not anna.user.has_usable_password()
    assert anna.user.email_confirmed_at is None
    assert not OutgoingEmail.objects.exists()
    assert not SubscriptionRequest.objects.exists()


def test_the_dry_run_says_the_same_and_changes_nothing(author, letter):
    SubscriptionFactory(user__email="known@example.com", user__name="", newsletter=letter)
    SubscriptionFactory(user__email="left@example.com", newsletter=letter, left=True)
    SubscriptionFactory(user__email="asked@example.com", newsletter=letter, pending=True)
    actions.suppress(address="bounced@example.com", reason=SuppressionReason.HARD_BOUNCE)
    before = (User.objects.count(), _states(letter))
    job = check(
        author,
        upload(
            author,
            letter,
            "email,name,status\nnew@example.com,,active\nknown@example.com,Kay,active\n"
            "left@example.com,,active\nasked@example.com,,active\nbounced@example.com,,active\n"
            "NEW@example.com,,active\nno address,,\ngone@example.com,,unsubscribed\n"
            "maybe@example.com,,pending\nodd@example.com,,sleeping\n\n",
        ),
    )
    assert before == (User.objects.count(), _states(letter))
    expected = {
        3: "updated",
        4: "kept_unsubscribed",
        5: "updated",
        6: "suppressed",
        7: "duplicate",
        8: "invalid",
        9: "left",
        10: "unconfirmed",
        11: "invalid",
    }
    assert _outcomes(job) == expected
    promised = job.counts
    assert promised["new"] == 1
    actions.start_import(actor=author, job=job, statement="They asked.")
    run(job)
    assert (_outcomes(job), job.counts) == (expected, promised)
    assert _states(letter) == {
        "known@example.com": "active",
        "left@example.com": "unsubscribed",
        "asked@example.com": "active",
        "new@example.com": "active",
        "gone@example.com": "unsubscribed",
    }
    assert User.objects.get(email="known@example.com").name == "Kay"
    assert not OutgoingEmail.objects.exists()


def test_m5_the_same_person_in_other_spellings_is_one(author, letter):
    UserFactory(email="zoe@xn--bcher-kva.example", name="Zoë")
    job = bring_in(
        author,
        letter,
        "email\nAnna@Example.com\n  anna@EXAMPLE.com \nａｎｎａ@example.com\n"  # noqa: RUF001
        "zoe@bücher.example\nZOE@BU\u0308CHER.example\nzoe@xn--bcher-kva.example\n",
    )
    assert job.counts == {"new": 2, "duplicate": 4}
    assert _states(letter) == {
        "anna@example.com": "active",
        "zoe@xn--bcher-kva.example": "active",
    }
    assert User.objects.get(email__startswith="zoe").name == "Zoë"


def test_m24_twice_the_same_list_changes_nothing_the_second_time(author, letter):
    content = "email,name\n" + "".join(f"p{n}@example.com,P {n}\n" for n in range(30))
    bring_in(author, letter, content)
    someone = Subscription.objects.get(user__email="p7@example.com")
    actions.unsubscribe(subscription=someone)
    actions.suppress(address="p8@example.com", reason=SuppressionReason.COMPLAINT)
    before = list(Subscription.objects.order_by("pk").values())
    job = bring_in(author, letter, content)
    assert job.counts == {"unchanged": 28, "kept_unsubscribed": 1, "suppressed": 1}
    assert list(Subscription.objects.order_by("pk").values()) == before
    assert not OutgoingEmail.objects.exists()


def test_m24_a_suppressed_address_without_an_account_is_not_added(author, letter):
    actions.suppress(address="Erased@example.com", reason=SuppressionReason.ERASED)
    other = NewsletterFactory()
    actions.suppress(address="one@example.com", reason=SuppressionReason.MANUAL, newsletter=other)
    bring_in(author, letter, "email\nerased@example.com\none@example.com\n")
    assert _states(letter) == {"one@example.com": "active"}
    assert not User.objects.filter(email="erased@example.com").exists()
    bring_in(author, other, "email\none@example.com\n")
    assert _states(other) == {}


def test_who_left_elsewhere_leaves_what_was_imported_but_not_what_they_confirmed(author, letter):
    SubscriptionFactory(user__email="own@example.com", newsletter=letter)
    bring_in(author, letter, "email\nold@example.com\n")
    job = bring_in(
        author, letter, "email,email_disabled\nold@example.com,true\nown@example.com,true\n"
    )
    assert _states(letter) == {"own@example.com": "active", "old@example.com": "unsubscribed"}
    assert job.counts == {"left": 1, "unchanged": 1}
    again = bring_in(author, letter, "email\nold@example.com\n")
    assert again.counts == {"kept_unsubscribed": 1}


def test_who_is_in_the_file_twice_and_left_once_is_not_mailed(author, letter):
    bring_in(author, letter, "email,status\na@example.com,active\na@example.com,unsubscribed\n")
    bring_in(author, letter, "email,status\nb@example.com,unsubscribed\nb@example.com,active\n")
    assert _states(letter) == {"a@example.com": "unsubscribed", "b@example.com": "unsubscribed"}


def _random_list(rng, people):
    lines = ["email,name,status"]
    for _ in range(people):
        address = f"p{rng.randrange(people)}@example.com"
        lines.append(
            f'{rng.choice([address, address.upper()])},"A\n{rng.random():.3f}",'
            f"{rng.choice(['active', 'active', 'active', 'unsubscribed', 'pending', '?'])}"
        )
    return "\n".join(lines) + "\n"


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6), kills=st.lists(st.integers(0, 3), max_size=6))
def test_m24_killed_anywhere_it_ends_like_a_run_that_was_not(monkeypatch, author, seed, kills):
    monkeypatch.setattr(import_run, "CHUNK", 5)
    content = _random_list(random.Random(seed), 40)
    whole, broken = NewsletterFactory(), NewsletterFactory()
    smooth = bring_in(author, whole, content)
    job = check(author, upload(author, broken, content))
    actions.start_import(actor=author, job=job, statement="They ticked a box at the fair.")
    for chunks in kills:
        if run(job, chunks=chunks):
            break
        # A killed worker leaves its lease; the sweep takes over when it has run out.
        assert claim_import(job_id=job.pk) is None
        SubscriberImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    else:
        run(job)
    assert job.state == ImportState.DONE
    assert _states(broken) == _states(whole)
    assert _outcomes(job).keys() == _outcomes(smooth).keys()
    assert (job.done_lines, sum(job.counts.values())) == (40, 40)
    # The second newsletter finds the people there already; nothing else may differ.
    assert Counter(_outcomes(job).values()) == Counter(_outcomes(smooth).values())


def test_a_worker_that_lost_its_claim_writes_nothing(author, letter, monkeypatch):
    monkeypatch.setattr(import_run, "CHUNK", 2)
    job = check(author, upload(author, letter, "email\na@x.org\nb@x.org\nc@x.org\nd@x.org\n"))
    actions.start_import(actor=author, job=job, statement="They asked.")
    slow = claim_import(job_id=job.pk)
    with import_run.ImportRun(job_id=job.pk, claim=slow) as first:
        assert first.advance()
        SubscriberImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert run(job)
        assert not first.advance()
    job.refresh_from_db()
    assert (job.state, job.counts) == (ImportState.DONE, {"new": 4})


def test_cancelling_stops_at_the_next_chunk(author, letter, monkeypatch):
    monkeypatch.setattr(import_run, "CHUNK", 2)
    job = check(author, upload(author, letter, "email\na@x.org\nb@x.org\nc@x.org\n"))
    actions.start_import(actor=author, job=job, statement="They asked.")
    claim = claim_import(job_id=job.pk)
    with import_run.ImportRun(job_id=job.pk, claim=claim) as running:
        assert running.advance()
        assert actions.cancel_import(actor=author, job=job)
        assert not running.advance()
    job.refresh_from_db()
    assert job.state == ImportState.CANCELLED
    assert len(_states(letter)) == 2
    assert not actions.cancel_import(actor=author, job=job)
    assert claim_import(job_id=job.pk) is None


def test_someone_who_leaves_while_the_list_comes_in_stays_away(author, letter):
    """The row moves between our reading and our writing it."""
    from newsletter.subscribers.actions.bulk import StagedPerson, write_people

    row = SubscriptionFactory(user__email="a@example.com", newsletter=letter, left=True)
    staged = StagedPerson("a@example.com", "Name", timezone.now(), "active", "line 2")
    write_people([staged], newsletter=letter, job=None)
    row.refresh_from_db()
    assert row.state == "unsubscribed"


def test_steps_out_of_order_are_refused(author, letter):
    job = upload(author, letter, "email\na@x.org\n")
    with pytest.raises(actions.WrongStepError):
        actions.start_import(actor=author, job=job, statement="They asked.")
    check(author, job)
    with pytest.raises(ValueError, match="statement"):
        actions.start_import(actor=author, job=job, statement="  ")
    actions.start_import(actor=author, job=job, statement="They asked.")
    with pytest.raises(actions.WrongStepError):
        actions.start_import(actor=author, job=job, statement="They asked.")
    run(job)
    with pytest.raises(actions.WrongStepError):
        check(author, job)


def test_readers_and_staff_without_the_right_are_refused(letter, author):
    job = upload(author, letter, "email\na@x.org\n")
    for actor in (UserFactory(), UserFactory(is_staff=True)):
        with pytest.raises(PermissionDenied):
            upload(actor, letter, "email\na@x.org\n")
        for act in (actions.cancel_import, actions.resume_import):
            with pytest.raises(PermissionDenied):
                act(actor=actor, job=job)
        with pytest.raises(PermissionDenied):
            actions.start_import(actor=actor, job=job, statement="x")


def test_the_report_names_every_line_in_order(author, letter):
    job = check(author, upload(author, letter, "email\na@x.org\nbroken\nA@x.org\n\nb@x.org\n"))
    assert [(number, outcome) for number, _, outcome, _ in report_lines(job)] == [
        (2, "New subscriber"),
        (3, "Cannot be read"),
        (4, "Twice in this file"),
        (6, "New subscriber"),
    ]


def test_files_and_reports_are_forgotten_after_a_month(author, letter):
    job = bring_in(author, letter, "email\na@x.org\nbroken\n")
    path = job.file.path
    assert actions.purge_imports() == 0
    SubscriberImport.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert actions.purge_imports() == 1
    job.refresh_from_db()
    assert not job.file
    assert not job.lines.exists()
    with pytest.raises(FileNotFoundError):
        open(path)  # noqa: PTH123, SIM115
    assert list(report_lines(job)) == []


def test_a_broken_file_is_told_and_can_be_gone_on_with(author, letter, monkeypatch):
    from newsletter.subscribers import tasks

    monkeypatch.setattr(import_run, "CHUNK", 2)
    job = check(author, upload(author, letter, "email\na@x.org\nb@x.org\nc@x.org\n"))
    actions.start_import(actor=author, job=job, statement="They asked.")
    real = import_run.write_people

    def break_at_c(people, **kwargs):
        if any(row.address == "c@x.org" for row in people):
            raise RuntimeError("disk full")
        real(people, **kwargs)

    monkeypatch.setattr(import_run, "write_people", break_at_c)
    with pytest.raises(RuntimeError):
        tasks.run_import(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (ImportState.FAILED, "RuntimeError: disk full")
    assert len(_states(letter)) == 2
    monkeypatch.setattr(import_run, "write_people", real)
    actions.resume_import(actor=author, job=job)
    tasks.run_import(job.pk)
    job.refresh_from_db()
    assert (job.state, job.counts) == (ImportState.DONE, {"new": 3})
