"""The progress page: true numbers, by itself, cheaply."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from newsletter.articles.models import Article
from newsletter.mailings.admin.numbers import bar_parts, measure_speed, percent
from newsletter.mailings.enums import MailingState
from newsletter.mailings.models import Mailing, SenderCircuit
from newsletter.mailings.queries import Counts, mailing_counts
from tests.factories.mailings import SentArticleFactory, prepared_mailing
from tests.newsletter.mailings_admin.conftest import mailing_in

pytestmark = pytest.mark.django_db


def url(mailing: Mailing, name: str = "change", query: str = "") -> str:
    return reverse(f"admin:newsletter_mailing_{name}", args=[mailing.pk]) + query


def queries_of(desk: Client, path: str) -> int:
    desk.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert desk.get(path).status_code == 200
    return len(captured)


def test_every_number_is_shown_and_leads_to_the_rows_behind_it(desk: Client) -> None:
    mailing = mailing_in(20, accepted=7, failed=3, unknown=2, suppressed=1, sending=1)
    page = desk.get(url(mailing)).content.decode()
    for state, count in {
        "accepted": 7,
        "failed": 3,
        "unknown": 2,
        "suppressed": 1,
        "sending": 1,
        "queued": 6,
    }.items():
        assert f'{url(mailing, "deliveries")}?state={state}">{count}</a>' in page
        rows = desk.get(url(mailing, "deliveries", f"?state={state}")).content.decode()
        assert rows.count("<tr>") - 1 == count
    assert "7 of 20 accepted." in page
    assert f'{url(mailing, "deliveries")}">20</a>' in page


def test_a_number_that_no_mailing_has_is_not_found(desk: Client) -> None:
    for number in ("9" * 30, "9" * 4400):
        address = f"/admin/newsletter/mailing/{number}/change/"
        assert desk.get(address).status_code == 404


def test_m18_its_preview_is_the_mail_as_frozen(desk: Client) -> None:
    article = SentArticleFactory(body="<p>As it was sent.</p>")
    mailing = prepared_mailing(article=article, newsletter=article.newsletter)
    Article.objects.update(body="<p>Changed.</p>")
    address = reverse("mailings:preview-mailing", args=[mailing.pk])
    page = desk.get(url(mailing)).content.decode()
    assert address in page
    assert reverse("mailings:preview-mail", args=[article.pk]) not in page
    assert "As it was sent." in desk.get(f"{address}?part=html").content.decode()


def test_a_search_with_a_nul_in_it_is_no_error(desk: Client) -> None:
    """PostgreSQL takes none."""
    assert desk.get(url(mailing_in(accepted=2), "deliveries", "?q=%00")).status_code == 200


def test_it_asks_for_itself_every_two_seconds_while_something_moves(desk: Client) -> None:
    mailing = mailing_in(accepted=2)
    page = desk.get(url(mailing)).content.decode()
    assert f'hx-get="{url(mailing, "progress")}?seen=' in page
    assert 'hx-trigger="every 2s"' in page
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    Mailing.objects.filter(pk=mailing.pk).update(state=MailingState.SENT)
    page = desk.get(url(mailing)).content.decode()
    assert url(mailing, "progress") not in page
    assert "http-equiv" not in page


def test_the_answer_is_the_numbers_alone_until_more_than_they_changed(desk: Client) -> None:
    mailing = mailing_in(accepted=2)
    page = desk.get(url(mailing)).content.decode()
    asks = page.partition('hx-get="')[2].partition('"')[0]
    mailing.deliveries.filter(state="queued").update(state="accepted")
    answer = desk.get(asks)
    assert "6 of 6 accepted." in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert "HX-Refresh" not in answer
    mailing.deliveries.filter(pk=mailing.deliveries.first().pk).update(state="failed")
    assert desk.get(asks)["HX-Refresh"] == "true"


def test_a_stopped_sender_is_explained(desk: Client) -> None:
    mailing = mailing_in(accepted=1)
    SenderCircuit.objects.create(
        sender=mailing.newsletter.sender_address,
        opened_at=timezone.now(),
        retry_at=timezone.now() + timedelta(minutes=1),
        reason="535 5.7.8 Authentication <failed>",
    )
    page = desk.get(url(mailing)).content.decode()
    assert "does not work, so nothing goes out" in page
    assert "535 5.7.8 Authentication &lt;failed&gt;" in page
    assert "keeps their place" in page
    assert "The next attempt is at" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (MailingState.NEEDS_DECISION, "more than a day ago"),
        (MailingState.FAILED, "It could not be sent."),
        (MailingState.PREPARING, "being frozen"),
    ],
)
def test_each_state_says_what_it_means(desk: Client, state: str, words: str) -> None:
    mailing = prepared_mailing()
    Mailing.objects.filter(pk=mailing.pk).update(state=state, error="x" * (state == "failed"))
    assert words in desk.get(url(mailing)).content.decode()


def test_its_history_tells_who_did_what(desk: Client) -> None:
    mailing = mailing_in(accepted=1)
    desk.post(reverse("admin:newsletter_mailing_act", args=[mailing.pk, "pause"]))
    page = desk.get(url(mailing)).content.decode()
    history = page.partition("What has happened")[2]
    assert history.index("Paused") < history.index("Ada Winter") < history.index("Audience fixed")
    assert "by itself" in history


def test_queries_are_the_same_for_three_people_and_for_thirty(desk: Client) -> None:
    few, many = mailing_in(3, accepted=1, failed=1), mailing_in(30, accepted=9, failed=9)
    for name in ("change", "progress", "deliveries"):
        assert queries_of(desk, url(few, name)) == queries_of(desk, url(many, name)), name


def test_queries_of_the_list_are_the_same_for_one_mailing_and_for_four(desk: Client) -> None:
    mailing_in(3, accepted=1)
    path = reverse("admin:newsletter_mailing_changelist")
    one = queries_of(desk, path)
    for _ in range(3):
        mailing_in(3, accepted=2)
    assert queries_of(desk, path) == one
    assert "66.6 %" in desk.get(path).content.decode()


def test_counting_reads_an_index_and_no_row() -> None:
    mailing = mailing_in(3, accepted=1)
    with CaptureQueriesContext(connection) as captured:
        mailing_counts(mailing)
    [query] = captured.captured_queries
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = " ".join(str(row) for row in cursor.fetchall())
        assert "USING COVERING INDEX delivery_counts" in plan


def test_deliveries_are_found_by_address_and_by_what_was_said(desk: Client) -> None:
    mailing = mailing_in(5, failed=2)
    delivery = mailing.deliveries.filter(state="queued").first()
    rows = desk.get(url(mailing, "deliveries", f"?q={delivery.address}")).content.decode()
    assert rows.count("<tr>") - 1 == 1
    rows = desk.get(url(mailing, "deliveries", "?q=said+of+failed")).content.decode()
    assert rows.count("<tr>") - 1 == 2
    assert "Nobody here has that" in desk.get(url(mailing, "deliveries", "?q=zzz")).content.decode()


def test_deliveries_come_in_pages(desk: Client, monkeypatch) -> None:
    monkeypatch.setattr("newsletter.mailings.admin.progress._PER_PAGE", 4)
    mailing = mailing_in(6)
    first = desk.get(url(mailing, "deliveries")).content.decode()
    second = desk.get(url(mailing, "deliveries", "?page=2")).content.decode()
    assert first.count("<tr>") - 1 == 4
    assert second.count("<tr>") - 1 == 2
    assert "Page 1 of 2" in first


def test_speed_is_what_happened_in_the_last_minute_in_which_somebody_looked() -> None:
    mailing = prepared_mailing()
    assert measure_speed(mailing, Counts(audience=1000, queued=1000), now=0) is None
    speed = measure_speed(mailing, Counts(audience=1000, accepted=300, queued=700), now=30)
    assert speed is not None
    assert speed.per_second == pytest.approx(10)
    assert speed.seconds_left == pytest.approx(70)
    assert speed.words == "10 a second"
    assert speed.time_left == "about 1 minute"
    # What was long ago says nothing.
    assert measure_speed(mailing, Counts(audience=1000, accepted=300, queued=700), now=500) is None


def test_speed_starts_afresh_when_people_wait_again() -> None:
    mailing = prepared_mailing()
    measure_speed(mailing, Counts(audience=10, accepted=5, failed=5), now=0)
    assert measure_speed(mailing, Counts(audience=10, accepted=5, queued=5), now=2) is None
    speed = measure_speed(mailing, Counts(audience=10, accepted=6, queued=4), now=4)
    assert speed is not None
    assert speed.per_second == pytest.approx(0.5)
    assert speed.words == "30 a minute"


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (1, 3, "33.4 %"),
        (9999, 10000, "99.9 %"),
        (10000, 10000, "100 %"),
        (0, 9, "0 %"),
        (1, 10000, "0.1 %"),
        (0, 0, ""),
    ],
)
def test_all_and_none_are_said_of_all_and_none_alone(part: int, whole: int, said: str) -> None:
    assert percent(part, whole) == said


def test_the_bar_is_as_long_as_its_parts() -> None:
    parts = bar_parts(Counts(audience=8, accepted=4, failed=2, queued=2))
    assert [(part.name, part.percent) for part in parts] == [
        ("accepted", "50.000"),
        ("failed", "25.000"),
    ]


@time_machine.travel("2026-11-12 09:00 +0000", tick=False)
def test_times_are_the_authors_own(desk: Client) -> None:
    mailing = prepared_mailing()
    Mailing.objects.filter(pk=mailing.pk).update(
        state=MailingState.SENT, finished_at=timezone.now()
    )
    exact = '<time datetime="2026-11-12T10:00:00+01:00">'
    page = desk.get(url(mailing)).content.decode()
    assert f"Ended on {exact}12 November 2026, 10:00</time>." in page
