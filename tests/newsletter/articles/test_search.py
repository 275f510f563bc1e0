"""Search finds what is public, follows every change, and survives any question."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from newsletter.articles.actions import (
    archive_article,
    delete_article,
    delete_tag,
    publish_article,
    publishing,
    save_article,
    save_tag,
    unpublish_article,
)
from newsletter.articles.enums import ArticleState, Visibility
from newsletter.articles.models import Article
from newsletter.articles.search import index_article, search_articles
from newsletter.memberships.enums import Access
from newsletter.publication.models import Publication
from tests.factories.articles import ArticleFactory, PublishedArticleFactory, TagFactory

pytestmark = pytest.mark.django_db


def found(query: str) -> list[str]:
    return [hit.article.title for hit in search_articles(query)]


def test_title_standfirst_tags_and_text_are_searched_and_the_title_counts_most() -> None:
    PublishedArticleFactory(title="In the text", dek="", body="<p>About salary and rent.</p>")
    PublishedArticleFactory(title="A salary", dek="", body="<p>Nothing.</p>")
    PublishedArticleFactory(title="In the dek", dek="Your salary", body="<p>Nothing.</p>")
    PublishedArticleFactory(
        title="By tag", dek="", body="<p>Nothing.</p>", tags=[TagFactory(name="Salary")]
    )
    titles = found("salary")
    assert set(titles) == {"In the text", "A salary", "In the dek", "By tag"}
    assert titles[0] == "A salary"


def test_the_snippet_marks_the_words_and_escapes_the_rest() -> None:
    PublishedArticleFactory(
        body="<p>" + "before " * 60 + "1 &lt; 2 &amp; a salary 3 &lt; 4</p>", dek="", title="T"
    )
    (hit,) = search_articles("salary")
    assert "<mark>salary</mark>" in hit.snippet
    assert "2 &amp; a" in hit.snippet
    assert "<" not in hit.snippet.replace("<mark>", "").replace("</mark>", "")
    assert len(hit.snippet) < 700


def test_the_snippet_keeps_a_heading_from_what_follows() -> None:
    PublishedArticleFactory(
        body="<h2>The salary</h2><p>It is a number.</p><p>Nothing more.</p>", dek="", title="T"
    )
    (hit,) = search_articles("number")
    assert "salary · It is a <mark>number</mark>. Nothing more" in hit.snippet


def test_stems_case_and_accents_do_not_matter() -> None:
    PublishedArticleFactory(title="T", dek="", body="<p>Negotiating in a Café near Zürich.</p>")
    for query in ("negotiate", "NEGOTIATING", "cafe", "CAFÉ", "zurich", "Zürich"):
        assert found(query) == ["T"], query


def test_other_scripts_are_found() -> None:
    PublishedArticleFactory(title="T", dek="", body="<p>שיחה על כסף. Разговор про деньги.</p>")
    assert found("כסף") == ["T"]
    assert found("Разговор") == ["T"]


def test_all_words_phrases_either_and_without() -> None:
    PublishedArticleFactory(title="One", dek="", body="<p>red apple, green pear</p>")
    PublishedArticleFactory(title="Two", dek="", body="<p>green apple</p>")
    assert set(found("apple green")) == {"One", "Two"}
    assert found('"green apple"') == ["Two"]
    assert found("apple pear") == ["One"]
    assert found("apple -pear") == ["Two"]
    assert found('apple -"green pear"') == ["Two"]
    assert set(found("pear or apple")) == {"One", "Two"}
    assert found("-pear") == []
    assert found("apple plum") == []


def test_p2_search_is_no_oracle_for_paid_words() -> None:
    """Asked with and without each paid word, the answers are the same as if it were not there."""
    paid = (
        "<p>Open words.</p><hr data-paywall><p>hidden treasure chest</p>"
        "<section data-audience=members><p>membersonly</p></section>"
    )
    PublishedArticleFactory(title="Paid", dek="", body=paid, access=Access.PAID)
    PublishedArticleFactory(
        title="Open",
        dek="",
        body="<p>Open words.</p><section data-audience=members><p>membersonly</p></section>"
        "<section data-audience=email><p>mailonly</p></section>",
    )
    for word in ("hidden", "treasure", "hid", '"hidden treasure"', "membersonly", "mailonly"):
        assert found(word) == [], word
        assert set(found(f"open -{word}")) == {"Paid", "Open"}, word
        assert set(found(f"open or {word}")) == {"Paid", "Open"}, word
    assert all("treasure" not in hit.snippet for hit in search_articles("open"))


def test_p2_closing_an_article_takes_its_words_out_of_search() -> None:
    article = PublishedArticleFactory(
        title="T", dek="", body="<p>a</p><hr data-paywall><p>pearl</p>"
    )
    assert found("pearl") == ["T"]
    article.access = Access.PAID
    save_article(actor=article.author, article=article)
    assert found("pearl") == []


def test_the_index_follows_every_change() -> None:
    article = ArticleFactory(title="T", dek="", body="<p>pearl</p>")
    author = article.author
    assert found("pearl") == []
    publish_article(actor=author, article=article)
    assert found("pearl") == ["T"]
    article.body = "<p>diamond</p>"
    save_article(actor=author, article=article)
    assert found("pearl") == []
    assert found("diamond") == ["T"]
    unpublish_article(actor=author, article=article)
    assert found("diamond") == []
    publish_article(actor=author, article=article)
    archive_article(actor=author, article=article)
    assert found("diamond") == []
    publish_article(actor=author, article=article)
    delete_article(actor=author, article=article)
    assert found("diamond") == []


def test_the_index_follows_tags() -> None:
    tag = TagFactory(name="Pearls")
    article = PublishedArticleFactory(title="T", tags=[tag])
    tag.name = "Diamonds"
    save_tag(actor=article.author, tag=tag)
    assert found("pearls") == []
    assert found("diamonds") == ["T"]
    delete_tag(actor=article.author, tag=tag)
    assert found("diamonds") == []


def _index_then_fail(article: Article) -> None:
    index_article(article)
    assert found("pearl") == ["T"]
    raise OSError("killed")


def test_the_index_is_part_of_the_transaction() -> None:
    article = ArticleFactory(title="T", dek="", body="<p>pearl</p>")
    crash = patch.object(publishing, "article_changed", side_effect=_index_then_fail)
    with crash, pytest.raises(OSError, match="killed"):
        publish_article(actor=article.author, article=article)
    assert found("pearl") == []


@pytest.mark.parametrize("visibility", [Visibility.UNLISTED, Visibility.EMAIL_ONLY])
def test_p6_what_is_not_listed_is_not_found(visibility: str) -> None:
    article = PublishedArticleFactory(title="T", dek="", body="<p>pearl</p>")
    article.visibility = visibility
    save_article(actor=article.author, article=article)
    assert found("pearl") == []


def test_p6_what_is_not_public_yet_is_not_found() -> None:
    later = timezone.now() + timedelta(hours=1)
    ArticleFactory(dek="", body="<p>pearl</p>", state=ArticleState.SCHEDULED, published_at=later)
    PublishedArticleFactory(dek="", body="<p>pearl</p>", published_at=later)
    assert found("pearl") == []


def test_the_number_of_queries_does_not_grow(django_assert_num_queries) -> None:
    tags = [TagFactory(), TagFactory()]
    PublishedArticleFactory(dek="", body="<p>pearl</p>", tags=tags)
    with django_assert_num_queries(3):
        assert len(search_articles("pearl")) == 1
    for _ in range(4):
        PublishedArticleFactory(dek="", body="<p>pearl</p>", tags=tags)
    with django_assert_num_queries(3):
        assert len([hit.article.tags.all()[0] for hit in search_articles("pearl")]) == 5


def test_pages_follow_each_other_without_gap_or_double() -> None:
    for number in range(5):
        PublishedArticleFactory(title=f"T{number}", dek="", body="<p>pearl</p>")
    pages = [search_articles("pearl", limit=2, offset=offset) for offset in (0, 2, 4)]
    titles = [hit.article.title for page in pages for hit in page]
    assert sorted(titles) == [f"T{number}" for number in range(5)]


def test_the_index_is_made_anew_for_another_language(capsys: pytest.CaptureFixture[str]) -> None:
    PublishedArticleFactory(title="T", dek="", body="<p>Die Verhandlungen in den Häusern.</p>")
    Publication.objects.update_or_create(pk=1, defaults={"language": "de"})
    call_command("rebuild_search")
    assert "1 entries" in capsys.readouterr().out
    assert found("verhandlungen") == ["T"]
    Publication.objects.filter(pk=1).update(language="tlh")
    call_command("rebuild_search")
    assert found("verhandlungen") == ["T"]


def test_a_text_of_any_size_and_content_is_indexed() -> None:
    """More different words than PostgreSQL's vector can hold: found by its beginning."""
    words = " ".join(f"w{number:x}" for number in range(150_000))
    PublishedArticleFactory(title="T", dek="", body=f"<p>pearl {words}</p>")
    assert found("pearl") == ["T"]
    assert found("w1f") == ["T"]


ODD = [
    "",
    " ",
    '"',
    '""',
    "'",
    "*",
    "a*",
    "^a",
    "-",
    "--",
    '-"',
    "NEAR",
    "NEAR(a b, 2)",
    "a AND",
    "AND OR NOT",
    "or",
    "or or or",
    "a or",
    "(",
    ")",
    "((a)",
    "{a}:b",
    "title:salary",
    "a:b:c",
    "body : x",
    "\\",
    "%",
    "_",
    ";DROP TABLE newsletter_article;--",
    "a & b | !c <-> d",
    "🎉",
    "🎉 -🎉",
    "\x00",
    "a\x00b",
    "\ud800",
    "\u202e\u200f",
    "<script>",
    "x" * 10_000,
    "a " * 5_000,
    '"' * 10_000,
    "-a " * 5_000,
]


@pytest.mark.parametrize("query", ODD, ids=range(len(ODD)))
def test_no_question_is_an_error(query: str) -> None:
    PublishedArticleFactory(title="a b", dek="", body="<p>a b x</p>")
    assert len(search_articles(query)) <= 1


class AnyQuestion(TestCase):
    """Hypothesis' own TestCase rolls back after each example."""

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.text(alphabet=st.characters(), max_size=40)
        | st.text(alphabet='ab "-*()^:ORNE', max_size=20)
    )
    def test_any_text_may_be_typed(self, query: str) -> None:
        assert search_articles(query) == []
