"""The author brings in comments from elsewhere; axe finds nothing on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.articles.models import Article
from newsletter.comments import tasks
from newsletter.comments.models import Comment, CommentImport
from newsletter.outbox.models import OutgoingEmail
from tests.browser.desk import watch
from tests.browser.test_comments import address, article, assert_accessible, sign_in
from tests.newsletter.comments.imports import export, page, wp

__all__ = ["address", "article"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def fits(shown: Page, width: int) -> bool:
    """Whether nothing but a scrolled table is wider than the screen."""
    return bool(shown.evaluate("document.documentElement.scrollWidth") <= width)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_an_export_comes_in_step_by_step(
    browser: Browser,
    live_server: Any,
    settings: Any,
    article: Article,
    tmp_path: Path,
    width: int,
    scheme: Any,
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    file = tmp_path / "old.xml"
    file.write_bytes(
        export(
            page(wp(1), wp(2, parent=1), wp(3, type="pingback"), slug=article.slug),
            page(wp(4), wp(5), slug=f"a-page-{'long-' * 20}", title="Elsewhere"),
        )
    )
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    sign_in(context, live_server.url, article.author)
    shown = context.new_page()
    complaints = watch(shown)
    shown.goto(f"{live_server.url}/admin/newsletter/commentimport/add/")
    assert_accessible(shown)
    shown.get_by_label("The export").set_input_files(file)
    shown.get_by_role("button", name="Upload and look at it").click()
    expect(shown.get_by_role("status")).to_contain_text("Trial run")
    tasks.run_comment_import(CommentImport.objects.get().pk)
    # The page notices by itself and shows the next step.
    expect(shown.get_by_role("button", name="Bring in 2 comments")).to_be_visible()
    assert_accessible(shown)
    assert fits(shown, width)
    where = shown.get_by_label("Goes to, from Elsewhere")
    where.fill(f"{live_server.url}/articles/{article.slug}/")
    shown.get_by_role("button", name="Keep this and try again").click()
    expect(shown.get_by_role("status")).to_contain_text("Trial run")
    tasks.run_comment_import(CommentImport.objects.get().pk)
    shown.get_by_role("button", name="Bring in 4 comments").click()
    expect(shown.get_by_role("status")).to_contain_text("Importing")
    tasks.run_comment_import(CommentImport.objects.get().pk)
    expect(shown.get_by_role("status")).to_contain_text("Done: 5 comments")
    assert_accessible(shown)
    assert fits(shown, width)
    assert Comment.objects.count() == 4
    assert not OutgoingEmail.objects.exists()
    assert not complaints
    context.close()
