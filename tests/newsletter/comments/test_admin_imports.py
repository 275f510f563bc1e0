"""Bringing in comments through the admin, step by step."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import tasks
from newsletter.comments.models import Comment, CommentImport
from tests.factories.accounts import StaffFactory, sign_in_staff
from tests.factories.articles import PublishedArticleFactory
from tests.newsletter.comments.imports import bring_in, checked, export, page, upload, wp, wxr

PATH = "/admin/newsletter/commentimport/"
TWO = export(
    page(wp(1), wp(2, parent=1), wp(3, type="trackback"), slug="on-asking"),
    page(wp(4), wp(5), slug="elsewhere", title="Elsewhere & beyond"),
)


def post_file(desk: Client, data: bytes = TWO):
    return desk.post(f"{PATH}add/", {"file": SimpleUploadedFile("../old.xml", data)})


def test_all_steps(desk: Client, article: Article) -> None:
    other = PublishedArticleFactory(slug="a-new-name", title="A new name")
    shown = post_file(desk)["Location"]
    job = CommentImport.objects.get()
    assert job.original_name == "old.xml"
    assert "Trial run" in desk.get(shown).content.decode()
    tasks.run_comment_import(job.pk)
    html = desk.get(shown).content.decode()
    assert "Bring in 2 comments" in html
    assert "It is a trackback, not a comment." in html
    assert "Where do the comments of 1 page go?" in html
    assert "Elsewhere &amp; beyond" in html
    assert '<option value="a-new-name">A new name</option>' in html
    assert not Comment.objects.exists()

    rows = {row.title: row.pk for row in job.pieces.all()}
    fields = {f"piece-{rows['On asking']}": article.slug}
    wrong = desk.post(
        shown, {"act": "check", **fields, f"piece-{rows['Elsewhere & beyond']}": "nowhere"}
    )
    assert wrong.status_code == 422
    assert "There is no such piece here." in wrong.content.decode()
    assert 'value="nowhere"' in wrong.content.decode()
    address = f"https://example.com/articles/{other.slug}/?utm_source=x"
    fields[f"piece-{rows['Elsewhere & beyond']}"] = address
    assert desk.post(shown, {"act": "check", **fields}).status_code == 302
    tasks.run_comment_import(job.pk)
    html = desk.get(shown).content.decode()
    assert "Bring in 4 comments" in html
    assert 'value="a-new-name"' in html

    assert desk.post(shown, {"act": "import"}).status_code == 302
    tasks.run_comment_import(job.pk)
    assert Comment.objects.filter(thread__article=other).count() == 2
    html = desk.get(shown).content.decode()
    assert "Done: 5 comments, 100 %" in html
    assert "Bring in" not in html

    report = desk.get(f"{PATH}{job.pk}/report/")
    rows = list(csv.reader(io.StringIO(b"".join(report.streaming_content).decode("utf-8-sig"))))
    assert rows[0] == ["number", "name", "where", "begins", "outcome", "why"]
    assert [(row[0], row[4]) for row in rows[1:]] == [
        ("1", "Imported"),
        ("2", "Imported"),
        ("3", "Refused"),
        ("4", "Imported"),
        ("5", "Imported"),
    ]


def test_the_progress_updates_itself_and_ends_by_loading_the_page(
    desk: Client, article: Article
) -> None:
    shown = post_file(desk)["Location"]
    job = CommentImport.objects.get()
    running = desk.get(f"{PATH}{job.pk}/progress/")
    assert 'hx-trigger="every 1s"' in running.content.decode()
    assert f"{PATH}{job.pk}/progress/" in running.content.decode()
    assert "HX-Refresh" not in running
    assert "<noscript><meta http-equiv" in desk.get(shown).content.decode()
    tasks.run_comment_import(job.pk)
    ended = desk.get(f"{PATH}{job.pk}/progress/")
    assert ended["HX-Refresh"] == "true"
    assert "hx-trigger" not in ended.content.decode()


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "empty"), (b"PK\x03\x04", "Unpack it"), (b"<feed/>", "neither")]
)
def test_what_is_no_export_is_said_at_once(
    desk: Client, article: Article, data: bytes, said: str
) -> None:
    response = post_file(desk, data)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not CommentImport.objects.exists()


def test_a_broken_file_says_so_and_can_be_tried_once_more(desk: Client, article: Article) -> None:
    shown = post_file(desk, TWO[:-40])["Location"]
    job = CommentImport.objects.get()
    tasks.run_comment_import(job.pk)
    html = desk.get(shown).content.decode()
    assert "It could not go on." in html
    assert "Bring in" not in html
    assert desk.post(shown, {"act": "again"}).status_code == 302
    job.refresh_from_db()
    assert job.state == "checking"


def test_pressing_twice_is_told(desk: Client, article: Article) -> None:
    shown = post_file(desk)["Location"]
    tasks.run_comment_import(CommentImport.objects.get().pk)
    desk.post(shown, {"act": "import"})
    again = desk.post(shown, {"act": "import"}, follow=True)
    assert "moved on since" in again.content.decode()
    assert desk.post(shown, {"act": "cancel"}).status_code == 302
    assert CommentImport.objects.get().state == "cancelled"
    assert desk.post(shown, {"act": "nonsense"}).status_code == 404
    assert desk.get(f"{PATH}999999/change/").status_code == 404


def test_the_uploaded_file_has_no_public_address(desk: Client, article: Article) -> None:
    post_file(desk)
    job = CommentImport.objects.get()
    assert desk.get(f"/media/{job.file.name}").status_code == 404
    assert "old" not in job.file.name


def test_many_pages_are_shown_in_parts_at_the_same_cost(
    desk: Client, article: Article, moderator: User
) -> None:
    one = checked(moderator, wxr(wp(1), slug="page-0"))
    pages = [page(wp(n, email=""), slug=f"page-{n}", title=f"Page {n}") for n in range(1, 61)]
    many = checked(moderator, export(*pages, page(wp(90), slug=article.slug)))
    counts = []
    desk.get(f"{PATH}{one.pk}/change/")
    for job in (one, many):
        with CaptureQueriesContext(connection) as queries:
            html = desk.get(f"{PATH}{job.pk}/change/").content.decode()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert html.count('name="piece-') == 50
    assert "Where do the comments of 60 pages go?" in html
    second = desk.get(f"{PATH}{many.pk}/change/?pieces=2").content.decode()
    assert second.count('name="piece-') == 11
    # What is not on the page that is sent stays as it is.
    sent = {f"piece-{row.pk}": "on-asking" for row in many.pieces.filter(title="Page 1")}
    first = many.pieces.filter(article=None).order_by("-number", "pk")[:50]
    fields = {f"piece-{row.pk}": "" for row in first}
    assert desk.post(f"{PATH}{many.pk}/change/", {"act": "check", **fields, **sent})
    tasks.run_comment_import(many.pk)
    many.refresh_from_db()
    assert many.counts == {"imported": 2, "no_article": 59}


def test_staff_without_the_right_are_refused(client: Client, article: Article) -> None:
    job = upload(StaffFactory(), TWO)
    sign_in_staff(client, StaffFactory(is_superuser=False))
    for path in ("", "add/", f"{job.pk}/change/", f"{job.pk}/progress/", f"{job.pk}/report/"):
        assert client.get(PATH + path).status_code == 403, path
    assert client.post(f"{PATH}{job.pk}/change/", {"act": "cancel"}).status_code == 403
    assert client.post(f"{PATH}add/", {}).status_code == 403


def test_the_list_of_imports(desk: Client, article: Article, moderator: User) -> None:
    bring_in(moderator, TWO)
    counts = []
    for _more in range(2):
        with CaptureQueriesContext(connection) as queries:
            html = desk.get(PATH).content.decode()
        counts.append(len(queries))
        for _number in range(2):
            checked(moderator, TWO)
    assert "old.xml" in html
    assert counts[0] == counts[1]
    assert "Comments from elsewhere" in desk.get("/admin/").content.decode()
