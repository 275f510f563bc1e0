"""C6: a conversation of 10,000 costs the queries of one of ten, wherever one looks."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import remove_comment, set_like
from newsletter.comments.models import Comment, Thread
from newsletter.comments.reading import position_of
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import crowd, place_for, say, set_rules, thread_of
from tests.factories.memberships import GrantFactory

IDS = re.compile(r'id="comment-(\d+)"')


def ids(html: str) -> list[int]:
    return [int(found) for found in IDS.findall(html)]


def walk(client: Client, path: str, labels: list[str] | None = None) -> list[int]:
    """The comments on this page and on all that follow it, and what the links to those say."""
    seen: list[int] = []
    while path:
        html = client.get(path).content.decode()
        seen += ids(html)
        if labels is not None:
            labels += re.findall(r"Show (\d+) more comments", html)
        found = re.search(r'class="button button-quiet" href="([^"]+cursor=[^"]+)"', html)
        path = found[1].replace("&amp;", "&") if found else ""
    return seen


def cost(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


def addresses(article: Article) -> dict[str, str]:
    """The first page, one far in, a link into the middle, the liked ones, further replies."""
    roots = list(Comment.objects.filter(root=None).order_by("pk"))
    middle = roots[len(roots) // 2]
    talk = f"/conversations/article/{article.pk}/"
    reply = Comment.objects.filter(root=roots[0]).order_by("-pk")[2]
    return {
        "article": f"/articles/{article.slug}/",
        "first": talk,
        "deep": f"{talk}?cursor={position_of(middle)}",
        "newest": f"{talk}?order=newest&cursor={position_of(middle)}",
        "liked": f"{talk}?order=liked&cursor=3-{position_of(middle)}",
        "permalink": f"/comments/{middle.pk}/",
        "permalink of a reply": f"/comments/{reply.pk}/",
        "replies": f"/comments/{roots[0].pk}/replies/?after={position_of(reply)}",
    }


def measure(client: Client, article: Article) -> dict[str, int]:
    """How many queries each of these pages takes."""
    client.get("/")
    counts = {}
    for name, path in addresses(article).items():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200, name
        counts[name] = len(queries)
    return counts


def assert_no_dearer(large: dict[str, int], small: dict[str, int]) -> None:
    """Not a query more; one less where nobody has answered anything on the page."""
    assert large.keys() == small.keys()
    assert {name: large[name] for name in large if large[name] > small[name]} == {}
    assert sum(small.values()) - sum(large.values()) <= 2


def test_c6_ten_and_ten_thousand_cost_the_same_queries(client: Client, reader: User) -> None:
    set_rules()
    small, large = PublishedArticleFactory(slug="small"), PublishedArticleFactory(slug="large")
    root = crowd(small, 25)[0]
    crowd(small, 8, parent=root)
    few = measure(client, small)
    client.force_login(reader)
    few_signed_in = measure(client, small)
    say_few = cost(lambda: say(small, reader, "One more."))
    client.logout()
    Comment.objects.all().delete()

    root = crowd(large, 8_000)[0]
    crowd(large, 2_000, parent=root)
    connection.cursor().execute("ANALYZE")
    assert_no_dearer(measure(client, large), few)
    started = time.perf_counter()
    client.get(addresses(large)["deep"])
    # A generous bound for a busy machine; the benchmark has the figures.
    assert time.perf_counter() - started < 2
    client.force_login(reader)
    assert_no_dearer(measure(client, large), few_signed_in)
    assert cost(lambda: say(large, reader, "One more.")) == say_few
    reply = Comment.objects.filter(root=root).order_by("pk")[1000]
    assert say(large, reader, "In the middle.", parent=reply).path.startswith(reply.path)


def test_c6_pages_follow_each_other_without_a_gap(client: Client, article: Article) -> None:
    crowd(article, 47)
    expected = {
        "oldest": [row.pk for row in Comment.objects.order_by("pk")],
        "newest": [row.pk for row in Comment.objects.order_by("-pk")],
        "liked": [row.pk for row in Comment.objects.order_by("-like_count", "-pk")],
    }
    for order, wanted in expected.items():
        labels: list[str] = []
        seen = walk(client, f"/conversations/article/{article.pk}/?order={order}", labels)
        assert seen == wanted, order
        assert labels == ["20", "7"]


def test_oldest_first_goes_by_the_time_and_not_by_the_number(
    client: Client, article: Article
) -> None:
    """What is imported is old and comes late; several may have come in the same second."""
    now = timezone.now()
    crowd(article, 30)
    came_late = crowd(article, 30)
    at = now - timedelta(days=400)
    Comment.objects.filter(pk__in=[row.pk for row in came_late]).update(submitted_at=at)
    first = Comment.objects.order_by("submitted_at", "pk")[0]
    replies = crowd(article, 12, parent=first)
    for number, reply in enumerate(reversed(replies)):
        reply.submitted_at = at + timedelta(hours=1 + number // 3)
        reply.save(update_fields=["submitted_at"])
    expected = {
        "oldest": list(Comment.objects.filter(root=None).order_by("submitted_at", "pk")),
        "newest": list(Comment.objects.filter(root=None).order_by("-submitted_at", "-pk")),
        "liked": list(
            Comment.objects.filter(root=None).order_by("-like_count", "-submitted_at", "-pk")
        ),
    }
    below = [row.pk for row in Comment.objects.filter(root=first).order_by("submitted_at", "pk")]
    for order, wanted in expected.items():
        seen = walk(client, f"/conversations/article/{article.pk}/?order={order}")
        assert [pk for pk in seen if pk not in below] == [row.pk for row in wanted], order
        assert [pk for pk in seen if pk in below] == below[:4], order
    seen = walk(client, f"/comments/{first.pk}/replies/")
    assert seen == below
    linked = ids(client.get(f"/comments/{below[7]}/").content.decode())
    assert linked == [first.pk, *below[7:11]]


def test_replies_come_four_at_first_and_say_how_many_more(client: Client, article: Article) -> None:
    root = say(article)
    replies = crowd(article, 50, parent=root)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert ids(page) == [root.pk, *(reply.pk for reply in replies[:4])]
    assert "Show 46 more answers" in page
    more = client.get(
        f"/comments/{root.pk}/replies/?after={position_of(replies[3])}",
        headers={"HX-Request": "true"},
    ).content.decode()
    assert ids(more) == [reply.pk for reply in replies[4:44]]
    assert "Show 6 more answers" in more
    linked = client.get(f"/comments/{replies[30].pk}/").content.decode()
    assert ids(linked) == [root.pk, *(reply.pk for reply in replies[30:34])]
    assert "is-linked" in linked
    assert "Earlier answers" in linked
    assert "Show 16 more answers" in linked


def test_a_tombstone_stands_while_somebody_is_read_below_it(
    client: Client, article: Article, moderator: User
) -> None:
    root = say(article, body="Gone soon.")
    reply = say(article, parent=root, body="Still here.")
    remove_comment(actor=moderator, comment=root)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert "This comment was taken away" in page
    assert "Still here." in page
    assert "Gone soon." not in page
    assert client.get(f"/comments/{root.pk}/").status_code == 200
    remove_comment(actor=moderator, comment=reply)
    assert ids(client.get(f"/articles/{article.slug}/").content.decode()) == []
    assert client.get(f"/comments/{root.pk}/").status_code == 404


def test_badges_context_and_likes(client: Client, article: Article) -> None:
    member = GrantFactory(user__name="Mia Member").user
    root = say(article, article.author, "From the author.")
    reply = say(article, member, "From a member.", parent=root)
    say(article, body="From a reader.", parent=reply)
    set_like(actor=member, comment=root, place=place_for(article, member), likes=True)
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert page.count("badge-author") == 1
    assert page.count('badge-member">Member</span>') == 1
    assert "Answers Mia Member" in page
    assert "1 like<" in page


def test_cursors_that_are_not_ours_are_not_found(client: Client, article: Article) -> None:
    say(article)
    talk = f"/conversations/article/{article.pk}/"
    queries = "order=loudest cursor=x cursor=7 order=liked&cursor=1-2 cursor=1-2-3 cursor=-1"
    for query in queries.split():
        assert client.get(f"{talk}?{query}").status_code == 404, query
    root = Comment.objects.get()
    assert client.get(f"/comments/{root.pk}/replies/?after=7").status_code == 404
    for path in ("/conversations/article/999999/", "/conversations/lesson/1/", "/comments/999999/"):
        assert client.get(path).status_code == 404, path


def test_reading_makes_no_thread(client: Client, article: Article) -> None:
    client.get(f"/articles/{article.slug}/")
    client.get(f"/conversations/article/{article.pk}/write/")
    assert not Thread.objects.exists()


def test_counts_on_lists_are_right_in_one_query(
    client: Client, article: Article, moderator: User
) -> None:
    kept, removed = say(article), say(article)
    remove_comment(actor=moderator, comment=removed)
    PublishedArticleFactory()
    tables = "newsletter_thread"
    for path in ("/", f"/authors/{article.author.author_slug}/"):
        if path == "/":
            PublishedArticleFactory(slug="lead")
        else:
            article.author.author_slug = "someone"
            article.author.save(update_fields=["author_slug"])
            path = "/authors/someone/"
        with CaptureQueriesContext(connection) as queries:
            page = client.get(path).content.decode()
        assert "1 comment<" in page, path
        assert len([one for one in queries if tables in one["sql"]]) == 1
    assert thread_of(article).approved_count == 1
    assert kept.is_visible


def test_100_comments_cost_a_visitor_at_most_25_kb(client: Client, article: Article) -> None:
    bare = len(gzip.compress(client.get(f"/articles/{article.slug}/").content))
    roots = crowd(article, 20)
    for root in roots:
        crowd(article, 4, parent=root)
    for number, row in enumerate(Comment.objects.all()):
        row.html = f"<p>{number} {'They named it first and I wrote it down. ' * 6}{number * 7}</p>"
        row.save(update_fields=["html"])
    page = client.get(f"/articles/{article.slug}/").content
    assert len(ids(page.decode())) == 100
    assert len(gzip.compress(page)) - bare < 25 * 1024
