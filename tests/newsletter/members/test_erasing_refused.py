"""Who may have an account erased, and which accounts are not."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.members import actions
from newsletter.members.enums import WhyNot
from newsletter.members.models import Erasure
from newsletter.memberships.models import AuditEntry
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(db: None) -> User:
    return StaffFactory(email="author@example.com", name="Hanna")


def test_the_wrong_person(author: User) -> None:
    person, other = UserFactory(), UserFactory()
    mere_staff = StaffFactory(is_superuser=False)
    for actor in (other, mere_staff):
        with pytest.raises(PermissionDenied):
            actions.request_erasure(actor=actor, person=person)
    assert not Erasure.objects.exists()
    actions.request_erasure(actor=author, person=person)
    assert AuditEntry.objects.get(what="deletion_asked_for").actor == author


@pytest.mark.parametrize(
    ("fields", "others", "why"),
    [
        ({"is_staff": True}, 1, WhyNot.STAFF),
        ({"is_staff": True, "is_superuser": True}, 1, WhyNot.STAFF),
        ({"is_staff": True, "is_superuser": True}, 0, WhyNot.LAST_ADMINISTRATOR),
    ],
)
def test_staff_and_the_last_administrator_stay(fields, others: int, why: WhyNot) -> None:
    person = UserFactory(**fields)
    StaffFactory.create_batch(others)
    with pytest.raises(actions.ErasureRefused) as refused:
        actions.request_erasure(actor=person, person=person)
    assert refused.value.why is why
    person.refresh_from_db()
    assert person.is_active


def test_whose_articles_stand_stays_until_they_are_anothers(author: User) -> None:
    person = UserFactory()
    article = PublishedArticleFactory(author=author)
    Article.objects.filter(pk=article.pk).update(author=person)
    with pytest.raises(actions.ErasureRefused) as refused:
        actions.request_erasure(actor=author, person=person)
    assert refused.value.why is WhyNot.AUTHOR
    Article.objects.filter(pk=article.pk).update(author=author)
    assert actions.request_erasure(actor=author, person=person)


def test_rights_given_meanwhile_are_seen(author: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the first look and the closing, somebody is made staff."""
    person = UserFactory()

    def makes_staff(**_) -> int:
        User.objects.filter(pk=person.pk).update(is_staff=True)
        return 0

    monkeypatch.setattr("newsletter.members.actions.erasing.end_payments_of", makes_staff)
    with pytest.raises(actions.ErasureRefused):
        actions.request_erasure(actor=author, person=person)
    assert not Erasure.objects.exists()
