"""The audit of this site finds nothing (P1, P2, P3, P6, P7), and it has looked everywhere."""

from __future__ import annotations

import pytest
from django.db import connection

from newsletter.audit.registry import Stage
from newsletter.audit.report import Report
from newsletter.audit.routes import find_routes, places_of
from newsletter.audit.run import NothingToAuditError, run_audit


def holds(report: Report) -> bool:
    assert report.as_data()["findings"] == [], report.as_text()
    return report.exit_code == 0


# One of each kind that a page tells apart; the others differ in their grants alone, and the planted
# leaks ask as those.
READERS = ["first-tier", "other-tier", "lapsed", "free", "closed", "visitor"]
VIEWS = ["articles:[!r]*", "articles:read-[!a]*", "[!a]*:*", "account*", "media", "mfa*", "/*"]


def test_p1_p7_articles_are_for_those_they_are_for(stage: Stage) -> None:
    report = run_audit(stage, ["articles:read-article"], READERS)
    assert holds(report)
    assert report.looked_at["answers"] == len(READERS) * 19


def test_p1_p5_mails_are_for_those_they_are_for(stage: Stage) -> None:
    for _time in ("once", "again"):
        report = run_audit(stage, ["mail"], ["both-tiers", "free", "unsubscribed"])
        assert holds(report)
        # Who has no tier gets all but the letter for members, and no lesson of their course.
        assert report.looked_at["mails"] == 13 + 11


def test_p1_p4_p6_nothing_else_shows_what_it_must_not(stage: Stage) -> None:
    report = run_audit(stage, [*VIEWS, "links"], ["visitor"])
    assert holds(report)
    assert report.looked_at["links"] > 20


def test_p4_files_open_for_those_who_may_read_where_they_stand(stage: Stage) -> None:
    assert holds(run_audit(stage, ["media"], ["staff", "second-tier", "lapsed", "free", "closed"]))


def test_a_gift_opens_by_its_button_alone(stage: Stage) -> None:
    report = run_audit(stage, ["gifts"])
    assert holds(report)
    assert report.looked_at["answers"] == 5


def test_c7_comments_are_for_those_who_read_the_piece(stage: Stage) -> None:
    """Who may not, who may, and who may see what waits; visitors ask for everything above."""
    people = ["free", "second-tier", "staff"]
    report = run_audit(stage, ["comments:*", "fragments"], people)
    assert holds(report)
    assert report.looked_at["answers"] > 600


def test_p1_readers_see_nothing_of_the_desk_and_previews_are_true(stage: Stage) -> None:
    assert holds(run_audit(stage, ["admin:newsletter_art*"], ["visitor", "both-tiers", "staff"]))


def test_p2_search_is_no_oracle(stage: Stage) -> None:
    report = run_audit(stage, ["search"], ["both-tiers"])
    assert holds(report)
    assert report.looked_at["searches"] > 20


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="what is kept lies in the cache; seen on SQLite"
)
def test_p3_no_kept_page_reaches_another(stage: Stage) -> None:
    report = run_audit(stage, ["cache", "head"], ["visitor"])
    assert holds(report)
    assert report.looked_at["answers"] > 100


def test_every_address_for_readers_is_known(stage: Stage) -> None:
    unknown = [route.label for route in find_routes() if places_of(route, stage) is None]
    assert not unknown


def test_a_name_that_nothing_has_is_refused(stage: Stage) -> None:
    with pytest.raises(NothingToAuditError, match="articels"):
        run_audit(stage, ["articels:*"])
