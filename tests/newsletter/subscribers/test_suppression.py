"""Addresses that must not be mailed."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command

from newsletter.subscribers import actions
from newsletter.subscribers.checks import check_suppression_keys
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.models import ConsentEvent, Suppression
from newsletter.subscribers.queries import address_hash, suppressed_addresses
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.subscribers import NewsletterFactory

pytestmark = pytest.mark.django_db

BOUNCE, MANUAL = SuppressionReason.HARD_BOUNCE, SuppressionReason.MANUAL


def test_a_thousand_addresses_cost_one_query(django_assert_num_queries):
    letter, other = NewsletterFactory(), NewsletterFactory()
    actions.suppress(address="p3@example.com", reason=BOUNCE)
    actions.suppress(address="p5@example.com", reason=MANUAL, newsletter=letter)
    actions.suppress(address="p7@example.com", reason=MANUAL, newsletter=other)
    addresses = [f"p{number}@example.com" for number in range(1_000)]
    with django_assert_num_queries(1):
        assert suppressed_addresses(addresses, letter) == {"p3@example.com", "p5@example.com"}
    assert suppressed_addresses(addresses) == {"p3@example.com"}
    assert suppressed_addresses([]) == set()


def test_m5_every_spelling_is_found_and_returned_as_it_was_given():
    actions.suppress(address="Zoe@Bücher.example", reason=BOUNCE)
    spellings = {"zoe@bücher.example", "ZOE@BU\u0308CHER.example", " zoe@xn--bcher-kva.example "}
    assert suppressed_addresses(spellings) == spellings


def test_the_address_cannot_be_read_from_the_row():
    row = actions.suppress(address="anna@example.com", reason=BOUNCE)
    assert "anna" not in str(Suppression.objects.values().get())
    assert len(row.address_hash) == 64
    assert row.address_hash == address_hash("ANNA@example.com ")


def test_twice_is_one_row_with_the_weightier_reason():
    user = UserFactory(email="anna@example.com")
    first = actions.suppress(address="anna@example.com", reason=BOUNCE)
    second = actions.suppress(address="ANNA@example.com", reason=MANUAL, detail="Abuse")
    third = actions.suppress(address="anna@example.com", reason=BOUNCE)
    assert first == second == third
    row = Suppression.objects.get()
    assert (row.reason, row.detail, row.user) == ("manual", "Abuse", user)
    assert ConsentEvent.objects.filter(what="suppressed").count() == 3


def test_erased_keeps_no_way_to_the_person():
    UserFactory(email="anna@example.com")
    row = actions.suppress(address="anna@example.com", reason=SuppressionReason.ERASED)
    assert row.user is None


def test_the_row_outlives_the_person():
    user = UserFactory(email="anna@example.com")
    actions.suppress(address=user.email, reason=BOUNCE)
    user.delete()
    assert suppressed_addresses(["anna@example.com"]) == {"anna@example.com"}


def test_lifting_twice_is_one_act():
    author = StaffFactory()
    row = actions.suppress(address="anna@example.com", reason=MANUAL)
    assert actions.lift_suppression(suppression=row, actor=author, detail="Settled")
    again = Suppression(pk=row.pk or 1, address_hash="x", key_id="y", reason=MANUAL)
    assert not actions.lift_suppression(suppression=again, actor=author, detail="Settled")
    assert ConsentEvent.objects.filter(what="lifted").count() == 1


def test_readers_may_do_neither():
    row = actions.suppress(address="anna@example.com", reason=MANUAL)
    reader = UserFactory()
    with pytest.raises(PermissionDenied):
        actions.suppress(address="b@example.com", reason=MANUAL, actor=reader)
    with pytest.raises(PermissionDenied):
        actions.lift_suppression(suppression=row, actor=reader, detail="x")
    assert Suppression.objects.count() == 1


def test_a_changed_secret_key_loses_nobody(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "old", []
    UserFactory(email="anna@example.com")
    actions.suppress(address="anna@example.com", reason=BOUNCE)
    actions.suppress(address="erased@example.com", reason=SuppressionReason.ERASED)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    both = {"anna@example.com", "erased@example.com"}
    assert suppressed_addresses(both) == both
    # The same address under the new key stays one row.
    actions.suppress(address="anna@example.com", reason=BOUNCE)
    assert Suppression.objects.count() == 2
    assert check_suppression_keys(None, databases=["default"]) == []

    said = StringIO()
    call_command("rekey_suppressions", stdout=said)
    assert "1 moved" in said.getvalue()
    assert "1 belong to nobody" in said.getvalue()
    assert suppressed_addresses(both) == both

    settings.SECRET_KEY_FALLBACKS = []
    assert suppressed_addresses(both) == {"anna@example.com"}
    (fault,) = check_suppression_keys(None, databases=["default"])
    assert fault.id == "masthead.E020"
    assert check_suppression_keys(None) == []


def test_rekeying_meets_a_twin(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "old", []
    actions.suppress(address="anna@example.com", reason=BOUNCE)
    settings.SECRET_KEY = "new"
    actions.suppress(address="anna@example.com", reason=BOUNCE)
    settings.SECRET_KEY_FALLBACKS = ["old"]
    assert actions.rekey_suppressions(addresses=["anna@example.com", "b@example.com"]) == 1
    assert Suppression.objects.get().address_hash == address_hash("anna@example.com")
