"""An export brought in by a worker: killed anywhere, twice, by two, where its pages go."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions, tasks
from newsletter.comments.actions import import_run
from newsletter.comments.actions.import_run import report_lines
from newsletter.comments.importing.stream import NotAnExportError
from newsletter.comments.models import (
    Comment,
    CommentImport,
    CommentImportLine,
    LearntText,
    ModerationEvent,
    Thread,
    WordCount,
)
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers.actions import WrongStepError
from newsletter.subscribers.actions.import_jobs import claim_job
from newsletter.subscribers.enums import ImportState
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PublishedArticleFactory
from tests.newsletter.comments.imports import (
    bring_in,
    checked,
    export,
    page,
    run,
    upload,
    wp,
    wxr,
)
from tests.newsletter.comments.truth import assert_consistent

MIXED = export(
    page(
        *(wp(n, parent=n - 1 if n % 3 else 0, email=f"r{n % 4}@old.example") for n in range(1, 12)),
        wp(12, state="spam"),
        wp(13, state="0"),
        wp(14, type="pingback"),
        slug="on-asking",
    ),
    page(wp(20), wp(21, parent=20), slug="never-here", title="Never here"),
    page(wp(30), wp(31, parent=30), slug="second", title="Second"),
)
EXPECTED = {"imported": 15, "no_article": 2, "refused": 1}


def written() -> list[tuple[str, str, str | None, str]]:
    """What stands here, without ids."""
    keys = dict(Comment.objects.values_list("pk", "import_key"))
    rows = Comment.objects.order_by("import_key")
    return [
        (row.import_key, row.state, keys.get(row.parent_id), row.thread.article.slug)
        for row in rows.select_related("thread__article")
    ]


@pytest.fixture
def second(db: None) -> Article:
    return PublishedArticleFactory(slug="second")


def test_the_dry_run_says_what_the_import_does_and_writes_nothing(
    article: Article, second: Article, moderator: User
) -> None:
    job = checked(moderator, MIXED)
    assert (job.state, job.counts) == (ImportState.CHECKED, EXPECTED)
    assert not Comment.objects.exists()
    assert not Thread.objects.exists()
    pieces = {row.title: (row.number, row.article) for row in job.pieces.all()}
    assert pieces == {"On asking": (13, article), "Never here": (2, None), "Second": (2, second)}
    actions.start_comments(actor=moderator, job=job)
    run(job)
    assert (job.state, job.counts) == (ImportState.DONE, EXPECTED)
    assert Comment.objects.count() == 15
    assert_consistent()


def test_nobody_hears_of_it_and_nothing_is_learnt(
    article: Article, second: Article, moderator: User, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        bring_in(moderator, MIXED)
    assert not OutgoingEmail.objects.exists()
    assert not LearntText.objects.exists()
    assert not WordCount.objects.exists()
    events = ModerationEvent.objects.values_list("kind", "actor", "data__imported")
    assert {(kind, actor) for kind, actor, _key in events} == {("submitted", moderator.pk)}
    assert len({key for _kind, _actor, key in events}) == 15


def test_c6_imported_comments_stand_where_their_time_is(
    client, article: Article, moderator: User
) -> None:
    from tests.factories.comments import say

    say(article, body="Said today.")
    bring_in(moderator, wxr(wp(2, "Said later.", day=3), wp(1, "Said first.", day=2)))
    html = client.get(f"/articles/{article.slug}/").content.decode()
    order = [html.index(words) for words in ("Said first.", "Said later.", "Said today.")]
    assert order == sorted(order)
    feed = client.get(f"/conversations/article/{article.pk}/feed.atom").content.decode()
    order = [feed.index(words) for words in ("Said today.", "Said later.", "Said first.")]
    assert order == sorted(order)


def test_a_second_file_brings_in_what_is_missing(
    article: Article, second: Article, moderator: User
) -> None:
    bring_in(moderator, wxr(wp(1), wp(2, parent=1)))
    again = bring_in(moderator, MIXED)
    assert again.counts == {**EXPECTED, "imported": 13, "known": 2}
    assert bring_in(moderator, MIXED).counts == {"known": 15, "no_article": 2, "refused": 1}
    assert Comment.objects.count() == 15
    assert_consistent()


def test_pages_go_where_the_author_says(article: Article, second: Article, moderator: User) -> None:
    job = checked(moderator, MIXED)
    rows = {row.title: row for row in job.pieces.all()}
    chosen = {rows["Never here"].pk: article, rows["Second"].pk: None}
    actions.check_comments(actor=moderator, job=job, chosen=chosen)
    run(job)
    assert job.counts == {"imported": 15, "no_article": 2, "refused": 1}
    actions.start_comments(actor=moderator, job=job)
    run(job)
    assert Comment.objects.filter(thread__article=article).count() == 15
    assert not Comment.objects.filter(thread__article=second).exists()


def test_an_article_that_came_since_is_found_by_another_trial_run(
    article: Article, moderator: User
) -> None:
    job = checked(moderator, MIXED)
    assert job.counts["no_article"] == 4
    PublishedArticleFactory(slug="second")
    left_out = job.pieces.get(title="On asking")
    actions.check_comments(actor=moderator, job=job, chosen={left_out.pk: None})
    run(job)
    assert job.counts == {"imported": 2, "no_article": 15, "refused": 1}


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kills=st.lists(st.integers(0, 3), max_size=6))
def test_killed_anywhere_it_ends_like_a_run_that_was_not(
    monkeypatch, article: Article, second: Article, moderator: User, kills: list[int]
) -> None:
    monkeypatch.setattr(import_run, "CHUNK", 3)
    Comment.objects.all().delete()
    smooth = bring_in(moderator, MIXED)
    expected = written()
    Comment.objects.all().delete()
    Thread.objects.all().delete()
    job = checked(moderator, MIXED)
    actions.start_comments(actor=moderator, job=job)
    for chunks in kills:
        if run(job, chunks=chunks):
            break
        # A killed worker leaves its lease; the sweep takes over when it has run out.
        assert claim_job(CommentImport, job_id=job.pk) is None
        CommentImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    else:
        run(job)
    assert (job.state, job.counts) == (ImportState.DONE, smooth.counts)
    assert written() == expected
    assert job.done_lines == job.total_lines == 18
    assert Counter(line.outcome for line in job.lines.all()) == {"no_article": 2, "refused": 1}
    assert_consistent()


def test_a_worker_that_lost_its_claim_writes_nothing(
    article: Article, moderator: User, monkeypatch
) -> None:
    monkeypatch.setattr(import_run, "CHUNK", 2)
    job = checked(moderator, wxr(wp(1), wp(2), wp(3), wp(4)))
    actions.start_comments(actor=moderator, job=job)
    slow = claim_job(CommentImport, job_id=job.pk)
    with import_run.CommentImportRun(job_id=job.pk, claim=str(slow)) as first:
        assert first.advance()
        CommentImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert run(job)
        assert not first.advance()
    assert job.counts == {"imported": 4}
    assert Comment.objects.count() == 4


def test_cancelling_stops_at_the_next_chunk(article: Article, moderator: User, monkeypatch) -> None:
    monkeypatch.setattr(import_run, "CHUNK", 2)
    job = checked(moderator, wxr(wp(1), wp(2), wp(3)))
    actions.start_comments(actor=moderator, job=job)
    claim = claim_job(CommentImport, job_id=job.pk)
    with import_run.CommentImportRun(job_id=job.pk, claim=str(claim)) as running:
        assert running.advance()
        assert actions.cancel_comments(actor=moderator, job=job)
        assert not running.advance()
    assert Comment.objects.count() == 2
    assert not actions.cancel_comments(actor=moderator, job=job)
    assert claim_job(CommentImport, job_id=job.pk) is None


def test_the_same_comment_twice_in_one_file_comes_once(article: Article, moderator: User) -> None:
    job = bring_in(moderator, wxr(wp(1), wp(1), wp(2)))
    assert job.counts == {"imported": 2, "known": 1}


def test_a_file_that_breaks_off_is_told_and_can_be_gone_on_with(
    article: Article, moderator: User, monkeypatch
) -> None:
    monkeypatch.setattr(import_run, "CHUNK", 2)
    job = upload(moderator, wxr(wp(1), wp(2), wp(3))[:-30])
    tasks.run_comment_import(job.pk)
    job.refresh_from_db()
    assert job.state == ImportState.FAILED
    assert "no whole XML file" in job.error
    with pytest.raises(WrongStepError):
        actions.resume_comments(actor=moderator, job=job)
    with pytest.raises(WrongStepError):
        actions.start_comments(actor=moderator, job=job)

    job = checked(moderator, wxr(wp(1), wp(2), wp(3)))
    actions.start_comments(actor=moderator, job=job)
    real = import_run.store

    def break_at_3(item, *args, **kwargs):
        if item.key.endswith(":3"):
            raise OSError("disk full")
        real(item, *args, **kwargs)

    monkeypatch.setattr(import_run, "store", break_at_3)
    with pytest.raises(OSError, match="disk full"):
        tasks.run_comment_import(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error, job.counts) == (
        ImportState.FAILED,
        "OSError: disk full",
        {"imported": 2},
    )
    monkeypatch.setattr(import_run, "store", real)
    actions.resume_comments(actor=moderator, job=job)
    tasks.run_comment_import(job.pk)
    job.refresh_from_db()
    assert (job.state, job.counts) == (ImportState.DONE, {"imported": 3})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "packed"),
        (b"\x1f\x8b\x08", "packed"),
        (b"<html><body>", "neither"),
        (b"email,name\n", "no whole XML"),
        (b"<!DOCTYPE rss><rss/>", "document type"),
    ],
)
def test_what_is_no_export_is_refused_at_once(
    article: Article, moderator: User, data: bytes, said: str
) -> None:
    with pytest.raises(NotAnExportError, match=said):
        upload(moderator, data)
    assert not CommentImport.objects.exists()


def test_steps_out_of_order_and_without_the_right_are_refused(
    article: Article, moderator: User, reader: User
) -> None:
    job = upload(moderator, wxr(wp(1)))
    for step in (actions.start_comments, actions.check_comments, actions.resume_comments):
        with pytest.raises(WrongStepError):
            step(actor=moderator, job=job)
    run(job)
    for actor in (reader, StaffFactory(is_superuser=False)):
        for step in (
            actions.start_comments,
            actions.check_comments,
            actions.resume_comments,
            actions.cancel_comments,
        ):
            with pytest.raises(PermissionDenied):
                step(actor=actor, job=job)
        with pytest.raises(PermissionDenied):
            actions.upload_comments(actor=actor, upload=ContentFile(wxr(wp(1))), name="x.xml")
    assert not Comment.objects.exists()


def test_the_report_names_every_comment_in_order(
    article: Article, second: Article, moderator: User
) -> None:
    job = bring_in(moderator, MIXED)
    rows = list(report_lines(job))
    assert [row[0] for row in rows] == list(range(1, 19))
    assert rows[0] == (1, "Ada", "old.example/2019/03/on-asking", "Text 1", "Imported", "")
    assert rows[13][4:] == ("Refused", "It is a pingback, not a comment.")
    assert rows[14][2:5] == ("old.example/2019/03/never-here", "Text 20", "No such article")


def test_files_and_reports_are_forgotten_after_a_month(article: Article, moderator: User) -> None:
    job = bring_in(moderator, wxr(wp(1), wp(2, type="pingback")))
    tasks.purge_comments()
    assert CommentImport.objects.get().file
    CommentImport.objects.update(created_at=timezone.now() - timedelta(days=31))
    path, storage = job.file.name, job.file.storage
    assert storage.exists(path)
    tasks.purge_comments()
    assert not storage.exists(path)
    assert not CommentImportLine.objects.exists()
    assert CommentImport.objects.get().counts == {"imported": 1, "refused": 1}


def test_the_sweep_goes_on_with_what_was_lost(
    article: Article, moderator: User, monkeypatch
) -> None:
    job = upload(moderator, wxr(wp(1)))
    nudged: list[tuple[int]] = []
    monkeypatch.setattr(
        tasks.run_comment_import, "apply_async", lambda args, expires: nudged.append(args)
    )
    tasks.sweep_comment_imports()
    assert nudged == [(job.pk,)]
    claim_job(CommentImport, job_id=job.pk)
    tasks.sweep_comment_imports()
    assert len(nudged) == 1


def test_an_import_renews_the_pages_that_it_changes(
    client, article: Article, moderator: User, settings, django_capture_on_commit_callbacks
) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    path = f"/articles/{article.slug}/"
    client.get(path)
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        bring_in(moderator, wxr(*(wp(number) for number in range(1, 40))))
    assert "39 comments" in client.get(path).content.decode()
    assert len(callbacks) == 1
