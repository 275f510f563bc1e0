"""Exports of comments as they are found: with code, stray bytes, entities, networks of sites."""

from __future__ import annotations

import gzip
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import tasks
from newsletter.comments.enums import CommentState
from newsletter.comments.importing import stream
from newsletter.comments.importing.markdown import to_markdown
from newsletter.comments.importing.stream import NotAnExportError, check_export
from newsletter.comments.models import Comment, CommentImport, ImportedPiece
from newsletter.comments.text import render_comment
from tests.factories.accounts import sign_in_staff
from tests.newsletter.comments.imports import bring_in, checked, export, page, wp, wxr
from tests.newsletter.comments.truth import assert_consistent

CAT = "https://a.example/1.png"
LINKED = "[A cat](https://b.example)"
pytestmark = pytest.mark.django_db

HEAD = """<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://disqus.com/api/schemas/1.0/disqus.xsd">
<category dsq:id="1"><forum>old</forum><title>General</title><isDefault>true</isDefault></category>
"""


def _thread(number: int, link: str) -> str:
    return f"""<thread dsq:id="{number}"><id>{number} {link}</id><forum>old</forum>
<category dsq:id="1"/><link>{link}</link><title>On asking</title><message/>
<createdAt>2014-05-01T07:08:09Z</createdAt><author><name>Hanna</name>
<isAnonymous>false</isAnonymous><username>hanna</username></author>
<isClosed>false</isClosed><isDeleted>false</isDeleted></thread>
"""


def _post(number: int, thread: int, author: str, parent: int = 0) -> str:
    above = f'<parent dsq:id="{parent}"/>' if parent else ""
    return f"""<post dsq:id="{number}"><id>wp_id={number}</id>
<message><![CDATA[<p>Words {number}</p>]]></message><createdAt>2014-05-06T07:08:09Z</createdAt>
<isDeleted>false</isDeleted><isSpam>false</isSpam><author>{author}</author>
<thread dsq:id="{thread}"/>{above}</post>
"""


def test_one_piece_under_several_addresses_is_one_conversation(
    article: Article, moderator: User
) -> None:
    links = ["http://old.example/on-asking", "https://old.example/on-asking/?ref=x"]
    named = "<name>Ada</name><isAnonymous>false</isAnonymous><username>ada</username>"
    nameless = "<name/><isAnonymous>true</isAnonymous>"
    user_name = "<name></name><isAnonymous>false</isAnonymous><username>ben_b</username>"
    data = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        + HEAD
        + "".join(_thread(number, link) for number, link in enumerate(links, start=7))
        + _post(1, 7, named)
        + _post(2, 8, nameless)
        + _post(3, 8, user_name, parent=2)
        + "</disqus>"
    ).encode()
    assert bring_in(moderator, data).counts == {"imported": 3}
    assert ImportedPiece.objects.count() == 1
    rows = Comment.objects.order_by("pk")
    assert [row.shown_name for row in rows] == ["Ada", "Anonymous", "ben_b"]
    assert {row.thread_id for row in rows} == {rows[0].thread_id}
    assert rows[2].parent == rows[1]
    assert bring_in(moderator, data).counts == {"known": 3}
    assert_consistent()


def test_names_and_titles_have_no_entities(article: Article, moderator: User) -> None:
    name = "Tom O&#039;Neil &amp; Co"
    title = "What we&#8217;ve asked"
    bring_in(moderator, export(page(wp(1, name=name, email=""), slug="on-asking", title=title)))
    assert Comment.objects.get().name == "Tom O'Neil & Co"
    assert ImportedPiece.objects.get().title == "What we\u2019ve asked"


def test_stray_bytes_and_blank_lines_break_nothing(article: Article, moderator: User) -> None:
    data = b"\xef\xbb\xbf\n\r\n" + wxr(wp(1, "Vertical\x0btab, \x08bell \x1f and 🎉"))
    assert bring_in(moderator, data).counts == {"imported": 1}
    assert Comment.objects.get().body == "Verticaltab, bell  and 🎉"


@pytest.mark.parametrize("size", [stream.CHUNK, 64, 333])
def test_an_address_of_a_writer_that_is_no_xml_breaks_nothing(
    article: Article, moderator: User, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """WordPress writes it as it stands; all else is in CDATA, and stays as it is."""
    monkeypatch.setattr(stream, "CHUNK", size)
    url = "<wp:comment_author_url>https://a.example/?a=1&b=2&amp;c=3&#038;d</wp:comment_author_url>"
    data = wxr(wp(1, "One & two &amp; three &c"), wp(2)).replace(
        b"<wp:comment_author_IP>", f"{url}\n<wp:comment_author_IP>".encode()
    )
    assert bring_in(moderator, data).counts == {"imported": 2}
    assert Comment.objects.order_by("pk")[0].body == "One & two & three &c"
    one_line = data.replace(b"\n", b"")
    assert bring_in(moderator, one_line).counts == {"known": 2}


def test_a_comment_that_wordpress_itself_brought_in_has_its_own_time(
    article: Article, moderator: User
) -> None:
    gmt = "<wp:comment_date_gmt>2019-03-01 10:00:00</wp:comment_date_gmt>"
    local = (
        "<wp:comment_date>2009-02-03 04:05:06</wp:comment_date>"
        "<wp:comment_date_gmt>0000-00-00 00:00:00</wp:comment_date_gmt>"
    )
    data = wxr(wp(1)).replace(gmt.encode(), local.encode())
    assert bring_in(moderator, data).counts == {"imported": 1}
    assert Comment.objects.get().submitted_at.isoformat() == "2009-02-03T04:05:06+00:00"


def test_two_sites_of_one_network_keep_their_comments_apart(
    article: Article, moderator: User
) -> None:
    """WordPress.com writes the same first address for all of its sites."""

    def of(blog: str) -> bytes:
        base = b"<wp:base_site_url>https://old.example</wp:base_site_url>"
        own = f"<wp:base_blog_url>{blog}</wp:base_blog_url>".encode()
        return wxr(wp(1)).replace(base, base + own)

    assert bring_in(moderator, of("https://one.old.example")).counts == {"imported": 1}
    assert bring_in(moderator, of("https://two.old.example")).counts == {"imported": 1}
    assert bring_in(moderator, of("https://two.old.example")).counts == {"known": 1}
    # Where there is one site, both addresses are the same, and so are the keys.
    assert bring_in(moderator, wxr(wp(2))).counts == {"imported": 1}
    assert bring_in(moderator, wxr(wp(2)).replace(b"site_url", b"blog_url")).counts == {"known": 1}


def test_parts_of_an_export_old_and_new(article: Article, moderator: User) -> None:
    old = wxr(
        wp(1, state="1"),
        wp(2, parent=1, email="", name=""),
        wp(3, parent=2, type="trackback"),
        wp(4, parent=3),
        wp(5, parent=4, state="post-trashed"),
    ).replace(b"export/1.2/", b"export/1.1/")
    assert bring_in(moderator, old).counts == {"imported": 4, "refused": 1}
    on_page = page(wp(8), slug="about", title="About")
    on_file = page(wp(9), slug="photo-1", title="")
    second = export(page(wp(5), wp(6, "y" * 60_000), wp(7), slug="on-asking"), on_page, on_file)
    job = checked(moderator, second)
    assert job.counts == {"known": 1, "refused": 1, "imported": 1, "no_article": 2}
    assert bring_in(moderator, second).counts == job.counts
    states = dict(Comment.objects.order_by("pk").values_list("import_key", "state"))
    assert [key.rpartition(":")[2] for key in states] == ["1", "2", "4", "5", "7"]
    assert list(states.values()).count(CommentState.REMOVED) == 1
    assert Comment.objects.filter(parent=None).count() == 3
    assert_consistent()


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        (
            "See:\n<pre>def f(*args, **kw):\n    return __name__\n</pre>\nWorks.",
            (
                "<p>See:</p>\n<pre><code>def f(*args, **kw):\n    return __name__\n</code></pre>\n"
                "<p>Works.</p>"
            ),
        ),
        (
            "<pre><code class='x'>a &lt; b\n</code></pre>",
            "<pre><code>a &lt; b\n</code></pre>",
        ),
        ("<code>a\nb</code>", "<pre><code>a\nb\n</code></pre>"),
        ("<code>a ` *b*</code>", "<p><code>a ` *b*</code></p>"),
        ("<pre>```\nx\n```</pre>", "<pre><code>```\nx\n```\n</code></pre>"),
        ("<pre>never <b>closed", "<pre><code>never closed\n</code></pre>"),
        (
            "<blockquote><p>One</p><p>Two</p></blockquote><p>Mine</p>",
            "<blockquote>\n<p>One</p>\n<p>Two</p>\n</blockquote>\n<p>Mine</p>",
        ),
        (
            "<blockquote>Said\n<blockquote>before</blockquote></blockquote>Mine",
            (
                "<blockquote>\n<p>Said</p>\n<blockquote>\n<p>before</p>\n</blockquote>\n"
                "</blockquote>\n<p>Mine</p>"
            ),
        ),
        ("<ol><li>a</li><li>b</li></ol>", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
        (
            "<a href='https://en.example/Foo_(bar)'>Foo</a>",
            '<p><a href="https://en.example/Foo_%28bar%29" rel="nofollow ugc">Foo</a></p>',
        ),
        ("</blockquote></pre>x", "<p>x</p>"),
    ],
)
def test_code_quotes_lists_and_links_look_as_they_did(html: str, shown: str) -> None:
    assert render_comment(to_markdown(html)) == shown


@pytest.mark.parametrize(
    ("html", "made"),
    [
        ("<b> spaced </b>word", "**spaced** word"),
        ("a <strong>b <em>c</em> d</strong> e", "a **b *c* d** e"),
        ("<b></b>x", "x"),
        ("<em>never closed", "never closed"),
        ("</em>never begun</b>", "never begun"),
        ("<b>one<p>two</p></b>three", "one\n\ntwo\n\nthree"),
        ("<blockquote><b>one</blockquote>two", "> one\n\ntwo"),
        ("<b>one<blockquote>two</b></blockquote>three", "one\n\n> two\n\nthree"),
        ("<pre><b>x</b></pre>", "```\nx\n```"),
    ],
)
def test_emphasis_stands_at_its_words(html: str, made: str) -> None:
    """Asterisks beside a space, or over two paragraphs, would be shown as asterisks."""
    assert to_markdown(html) == made


@pytest.mark.parametrize(
    ("html", "made"),
    [
        ('<img src="https://a.example/1.png" alt="A cat">', "[A cat](https://a.example/1.png)"),
        ('<img src="https://a.example/1.png">', f"[{CAT}]({CAT})"),
        ('<a href="https://b.example"><img src="https://a.example/1.png" alt="A cat"></a>', LINKED),
        ('<img src="javascript:x" alt="A cat">', "A cat"),
    ],
)
def test_a_picture_is_a_link_to_it(html: str, made: str) -> None:
    assert to_markdown(html) == made


def test_quotes_without_end_take_no_time() -> None:
    made = to_markdown("<blockquote>" * 16_000 + "deep")
    assert made.count(">") == 10
    assert made.endswith("deep")


def test_packed_exports_are_told() -> None:
    for packed in (gzip.compress(wxr(wp(1))), b"PK\x03\x04"):
        with pytest.raises(NotAnExportError, match="Unpack it"):
            check_export(io.BytesIO(packed))


def test_an_export_without_comments_says_so(client, article: Article) -> None:
    sign_in_staff(client)
    file = SimpleUploadedFile("media.xml", export())
    shown = client.post("/admin/newsletter/commentimport/add/", {"file": file})["Location"]
    tasks.run_comment_import(CommentImport.objects.get().pk)
    assert "There is no comment in this file." in client.get(shown).content.decode()
