"""Exports to bring in, and the worker's part."""

from __future__ import annotations

import io
from html import escape

from django.core.files import File

from newsletter.accounts.models import User
from newsletter.comments import actions
from newsletter.comments.actions.import_run import CommentImportRun
from newsletter.comments.models import CommentImport
from newsletter.subscribers.actions.import_jobs import claim_job, finish_job

WP_COMMENT = """<wp:comment><wp:comment_id>{id}</wp:comment_id>
<wp:comment_author><![CDATA[{name}]]></wp:comment_author>
<wp:comment_author_email><![CDATA[{email}]]></wp:comment_author_email>
<wp:comment_author_IP>203.0.113.7</wp:comment_author_IP>
<wp:comment_date_gmt>2019-03-0{day} 10:00:00</wp:comment_date_gmt>
<wp:comment_content><![CDATA[{text}]]></wp:comment_content>
<wp:comment_approved>{state}</wp:comment_approved><wp:comment_type>{type}</wp:comment_type>
<wp:comment_parent>{parent}</wp:comment_parent></wp:comment>"""


def wp(id: int, text: str = "", state: str = "1", parent: int = 0, **more: object) -> str:  # noqa: A002
    """One comment as WordPress writes it."""
    given = {"name": "Ada", "email": "ada@old.example", "day": 1, "type": "comment", **more}
    return WP_COMMENT.format(id=id, text=text or f"Text {id}", state=state, parent=parent, **given)


def page(*comments: str, slug: str, title: str = "On asking") -> str:
    """A page of the old site with its comments."""
    return f"""<item><title>{escape(title)}</title><link>https://old.example/2019/03/{slug}/</link>
<wp:post_name><![CDATA[{slug}]]></wp:post_name>{"".join(comments)}</item>"""


def export(*pages: str) -> bytes:
    """A whole file of WordPress."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>Old blog</title>
<wp:base_site_url>https://old.example</wp:base_site_url>{"".join(pages)}</channel></rss>""".encode()


def wxr(*comments: str, slug: str = "on-asking") -> bytes:
    """A file with one page."""
    return export(page(*comments, slug=slug))


def upload(author: User, data: bytes) -> CommentImport:
    """Upload an export as the author does."""
    return actions.upload_comments(actor=author, upload=File(io.BytesIO(data)), name="old.xml")


def run(job: CommentImport, *, chunks: int | None = None) -> bool:
    """Work on the job like a worker; with `chunks` die after so many. True when finished."""
    claim = claim_job(CommentImport, job_id=job.pk)
    assert claim, "another worker has it"
    with CommentImportRun(job_id=job.pk, claim=claim) as running:
        done = 0
        while chunks is None or done < chunks:
            if not running.advance():
                finish_job(CommentImport, job_id=job.pk, claim=claim)
                job.refresh_from_db()
                return True
            done += 1
    job.refresh_from_db()
    return False


def checked(author: User, data: bytes) -> CommentImport:
    """Uploaded, and its dry run done."""
    job = upload(author, data)
    run(job)
    return job


def bring_in(author: User, data: bytes) -> CommentImport:
    """Upload, dry run and import."""
    job = checked(author, data)
    actions.start_comments(actor=author, job=job)
    run(job)
    return job
