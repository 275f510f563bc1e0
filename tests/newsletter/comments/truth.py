"""What must always follow from the states of comments, whatever was done in whatever order."""

from __future__ import annotations

from collections import Counter

from django.db.models import Count, Q

from newsletter.comments.enums import CommentState
from newsletter.comments.models import PATH_STEP, Comment, LearntText, Like, Thread, WordCount


def _count_approved_below(comments: list[Comment]) -> Counter[str]:
    """How many approved comments stand below each path: those whose path it begins."""
    below: Counter[str] = Counter()
    for comment in comments:
        if comment.state == CommentState.APPROVED:
            below.update(
                comment.path[:end] for end in range(PATH_STEP, len(comment.path), PATH_STEP)
            )
    return below


def assert_consistent() -> None:
    """Counts, places, tombstones, likes and lessons, each recomputed from the rows."""
    comments = list(Comment.objects.all())
    by_id = {comment.pk: comment for comment in comments}
    for thread in Thread.objects.all():
        own = [comment for comment in comments if comment.thread_id == thread.pk]
        states = [comment.state for comment in own]
        assert thread.approved_count == states.count(CommentState.APPROVED)
        assert thread.pending_count == states.count(CommentState.PENDING)
        if thread.pinned_id:
            assert by_id[thread.pinned_id].state == CommentState.APPROVED
    approved_below = _count_approved_below(comments)
    for comment in comments:
        visible = approved_below[comment.path]
        assert comment.visible_below == visible, comment.pk
        assert comment.is_shown == (comment.state == CommentState.APPROVED or visible > 0)
        if comment.parent_id:
            parent = by_id[comment.parent_id]
            assert comment.root_id == (parent.root_id or parent.pk)
            assert comment.ancestor_ids() == [*parent.ancestor_ids(), parent.pk]
        else:
            assert comment.root_id is None
            assert comment.ancestor_ids() == []
        if comment.is_visible and comment.body:
            assert comment.html
    likes = dict(Like.objects.values_list("comment").order_by().annotate(number=Count("pk")))
    assert {row.pk: row.like_count for row in comments if row.like_count} == likes
    learnt = LearntText.objects.aggregate(
        ham=Count("pk", filter=Q(label="ham")), spam=Count("pk", filter=Q(label="spam"))
    )
    texts = WordCount.objects.filter(token="").values("ham", "spam").first()
    if texts is not None:
        # A text deleted by its writer leaves what it taught, without its words.
        assert texts["ham"] >= learnt["ham"]
        assert texts["spam"] >= learnt["spam"]
