"""Nothing that is held on a person can be forgotten: by a copy, or by an erasure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from newsletter.accounts.models import User
from newsletter.members.actions import erase_person
from newsletter.members.models import Erasure
from newsletter.members.personal_data import STAFF_WORK, Fate, _parts, data_parts
from tests.factories.accounts import StaffFactory, UserFactory
from tests.newsletter.members.everything import (
    ADDRESS,
    NAME,
    give_everything,
    rows_by,
    somebody_with_everything,
    statements,
)

# A text field of such a name holds an address, whatever its class.
TELLING = {"address", "email", "guest_email", "ip", "recipient_email", "to"}


def leads_to_a_person(field: models.Field) -> bool:
    """Whether a row is somebody's by this field: a key to their row, an address of any kind."""
    if field.is_relation:
        return field.related_model is User
    kinds = (models.EmailField, models.GenericIPAddressField)
    texts = (models.CharField, models.TextField)
    return isinstance(field, kinds) or (isinstance(field, texts) and field.name in TELLING)


def fields_of_people(*, also: tuple[type[models.Model], ...] = ()) -> Iterator[str]:
    """Every such field of every table, those of other packages and of links between included."""
    for model in (*apps.get_models(include_auto_created=True), *also):
        for field in model._meta.get_fields():
            is_column = getattr(field, "concrete", False) and not field.many_to_many
            if is_column and leads_to_a_person(field):
                yield f"{model._meta.label}.{field.name}"


def unstated(**planted) -> set[str]:
    return set(fields_of_people(**planted)) - {held.field for held in statements()}


def test_every_field_that_leads_to_a_person_is_stated() -> None:
    assert len(list(fields_of_people())) > 60
    assert not unstated(), (
        "State in newsletter/members/data_parts/ (or in a part that your app registers) what a "
        f"copy of somebody's data shows of these, and what an erasure does with them: {unstated()}"
    )


def test_the_guard_sees_a_forgotten_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(_parts, "payments")
    assert "newsletter.Order.user" in unstated()
    assert "newsletter.Gift.recipient_email" in unstated()


@isolate_apps("courses")
def test_the_guard_sees_a_planted_model() -> None:
    class Planted(models.Model):  # noqa: DJ008
        reader = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
        written_to = models.EmailField()
        seen_from = models.GenericIPAddressField()
        to = models.TextField()

        class Meta:
            app_label = "courses"

    forgotten = unstated(also=(Planted,))
    names = ("reader", "written_to", "seen_from", "to")
    assert forgotten == {f"courses.Planted.{name}" for name in names}


def test_statements_are_about_what_there_is() -> None:
    fields = [held.field for held in statements()]
    assert len(fields) == len(set(fields))
    assert set(fields) == set(fields_of_people())


def test_what_is_not_shown_or_not_taken_says_why() -> None:
    for part in data_parts():
        for held in part.held:
            assert held.file in part.files or (held.file == "" and held.why), held
            assert held.why or held.fate is not Fate.KEPT, held


def test_reasons_are_few() -> None:
    """Of what is no reader's, nearly all is work of the staff; the rest is looked at here."""
    others = {held.field for held in statements() if not held.file and held.why != STAFF_WORK}
    assert others == {
        "newsletter.Newsletter.sender_address",
        "newsletter.Newsletter.reply_to",
        "newsletter.Publication.contact_email",
    }


# What no reader has: authors are not erased, and the others are made by the test itself.
OWN_TESTS = {"newsletter.Article.author", "newsletter.Erasure.user", "admin.LogEntry.user"}


@pytest.mark.django_db
def test_what_is_stated_is_what_happens(shop) -> None:
    """Each field in turn: there are rows, the copy shows them, the erasure does as it says."""
    author = StaffFactory(email="author@example.com", name="Hanna")
    person = somebody_with_everything(shop, author)
    bystander = UserFactory(email="bo@example.com", name="Bo Bystander")
    give_everything(bystander, author=author)
    untouched = {part.name: part.export(bystander) for part in data_parts()}

    shown = {name: rows for part in data_parts() for name, rows in part.export(person).items()}
    checked = [held for held in statements() if held.file and held.field not in OWN_TESTS]
    before = {
        held.field: set(rows_by(held, person).values_list("pk", flat=True)) for held in checked
    }
    for held in checked:
        assert before[held.field], f"{held.field}: the test holds no row of this kind"
        assert shown[held.file], f"{held.field}: the copy has nothing in {held.file}"

    # As they were found: the address is what rows are known by.
    known = User.objects.get(pk=person.pk)
    erase_person(user=person)
    for held in checked:
        still_theirs, rows = rows_by(held, known), before[held.field]
        there = still_theirs.model._base_manager.filter(pk__in=rows).count()
        assert there == (0 if held.fate is Fate.DELETED else len(rows)), held
        if held.fate is Fate.KEPT:
            assert still_theirs.count() == len(rows), held
        elif held.field == "newsletter.Delivery.user":
            # What a worker may have in hand is let go of when it is settled.
            assert set(still_theirs.values_list("state", flat=True)) == {"queued"}
        else:
            assert not still_theirs.exists(), held
    after = {part.name: part.export(bystander) for part in data_parts()}
    assert after == untouched
    assert ADDRESS not in str(after)
    assert NAME not in str(after)


@pytest.mark.django_db
def test_a_copy_names_every_table_that_it_has(shop) -> None:
    person = somebody_with_everything(shop, StaffFactory())
    Erasure.objects.create(user=person, asked_by=person)
    for part in data_parts():
        assert set(part.export(person)) == set(part.files), part.name
