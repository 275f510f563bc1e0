"""The box on every page."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from newsletter.publication.models import Publication
from newsletter.subscribers import queries
from newsletter.templatetags.subscribing import round_down
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db


def _box(path="/articles/tea/", **publication):
    request = RequestFactory().get(path)
    context = Context({"request": request, "publication": Publication(pk=1, **publication)})
    return Template("{% load subscribing %}{% signup_box %}").render(context)


def test_it_signs_up_for_what_the_author_has_ticked():
    NewsletterFactory(slug="main")
    NewsletterFactory(slug="second", subscribe_on_signup=False)
    NewsletterFactory(slug="closed", is_archived=True)
    box = _box()
    assert 'name="newsletters" value="main"' in box
    assert 'value="second"' not in box
    assert 'value="closed"' not in box
    assert "Choose which letters" in box
    assert 'value="/articles/tea/"' in box


def test_without_an_open_newsletter_there_is_no_box():
    NewsletterFactory(is_archived=True)
    assert _box().strip() == ""


def test_the_count_shows_from_the_authors_threshold():
    SubscriptionFactory.create_batch(13, newsletter=NewsletterFactory())
    assert "readers" not in _box(reader_count_threshold=14)
    assert "Join 10+ readers" in _box(reader_count_threshold=13)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (4_213, 4_000),
        (12_345, 12_000),
        (999, 900),
        (100, 100),
        (57, 50),
        (9, 9),
        (1_000_000, 10**6),
    ],
)
def test_the_count_is_rounded_down(count, shown):
    assert round_down(count) == shown


def test_a_reader_of_two_letters_counts_once_and_only_when_active():
    one, two = NewsletterFactory(), NewsletterFactory()
    row = SubscriptionFactory(newsletter=one)
    SubscriptionFactory(newsletter=two, user=row.user)
    SubscriptionFactory(newsletter=two, pending=True)
    SubscriptionFactory(newsletter=two, left=True)
    assert queries.count_active() == 1


def test_it_costs_two_queries_and_touches_no_session(django_assert_max_num_queries):
    SubscriptionFactory()
    _box()
    with django_assert_max_num_queries(2):
        box = _box()
    assert "csrf" not in box


def test_what_the_author_writes_is_escaped():
    NewsletterFactory()
    box = _box(signup_title="<b>Hi</b>", signup_text='"><script>')
    assert "<b>Hi" not in box
    assert "<script>" not in box


def test_a_stale_count_is_made_anew_by_one_while_others_go_on(monkeypatch):
    letter = NewsletterFactory()
    SubscriptionFactory(newsletter=letter)
    assert queries.count_active(letter) == 1
    SubscriptionFactory(newsletter=letter)
    assert queries.count_active(letter) == 1
    monkeypatch.setattr(queries, "COUNTS_FRESH_SECONDS", 0)
    queries.cache.add(f"{queries.COUNTS_KEY}.lock", 1, 30)
    assert queries.count_active(letter) == 1
    queries.cache.delete(f"{queries.COUNTS_KEY}.lock")
    assert queries.count_active(letter) == 2
