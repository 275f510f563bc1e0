"""Comments as their template shows them: flat, with every address and every time in words.

A page has up to a hundred of them. A template that builds each address, looks up each person and
puts each time into words takes three times as long as one that finds all of it there.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypedDict

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from newsletter.comments.models import Comment
from newsletter.comments.reading import Answered, Shown, position_of
from newsletter.comments.screens import Conversation

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_ACTS = (
    "show-comment",
    "show-replies",
    "like-comment",
    "edit-comment",
    "delete-comment",
    "report-comment",
    "moderate-comment",
)


class Words(TypedDict):
    """What all lines of a page say alike."""

    answer: str
    change: str
    changed: str
    delete: str
    report: str


class Line(TypedDict):
    """One comment with its answers, as one viewer gets it. A dict, for there templates look first.

    What is empty is not shown: words where there is nothing to say, and the address of what this
    viewer may not do.
    """

    words: Words
    # Its id as text, for a number would be written in the way of the page's language.
    key: str
    url: str
    name: str
    when: SafeString
    html: SafeString
    is_changed: bool
    # Why there is no text any more.
    gone: str
    badge: str
    badge_words: str
    # Whom it answers, where that is not the comment under which it stands.
    answers: str
    answers_url: str
    answer_url: str
    likes: int
    likes_words: str
    is_liked: bool
    is_linked: bool
    is_pinned: bool
    like_url: str
    edit_url: str
    delete_url: str
    report_url: str
    moderate_url: str
    # "pin" or "unpin", where one can.
    pin: str
    replies: list[Line]
    # How many answers are not shown, and where they and those before them are.
    more: str
    more_url: str
    earlier_url: str


class Wording:
    """Makes lines of one conversation, with times in `zone`; `linked` was asked for by address."""

    def __init__(self, talk: Conversation, zone: tzinfo, linked: Comment | None = None) -> None:
        self._talk, self._zone = talk, zone
        self._linked_id = linked.pk if linked else None
        self._pinned_id = talk.thread.pinned_id if talk.thread else None
        self._answer_url = f"{talk.write_url}?answer=" if talk.writing.allowed else ""
        self._patterns = {act: reverse(f"comments:{act}", args=[0]) for act in _ACTS}
        self._badges = {
            "author": _("Author"),
            "instructor": _("Instructor"),
            "staff": _("Editor"),
            "member": _("Member"),
        }
        self._words = Words(
            answer=_("Answer"),
            change=_("Change"),
            changed=_("changed"),
            delete=_("Delete"),
            report=_("Report"),
        )

    def line(self, each: Shown, *, is_pinned: bool = False) -> Line:
        """One comment, and the answers under it."""
        comment, answered, talk = each.comment, each.answers, self._talk
        pk, viewer, replies = comment.pk, talk.viewer, each.replies
        all_replies = self._url("show-replies", pk)
        after = f"?after={position_of(replies[-1].comment)}" if replies else ""
        may_pin = talk.may_moderate and comment.root_id is None
        return Line(
            words=self._words,
            key=str(pk),
            url=self._url("show-comment", pk),
            name=comment.shown_name,
            when=time_since(comment.submitted_at, self._zone, talk.now),
            # It was rendered and sanitised when it was stored (text.py).
            html=mark_safe(comment.html),
            is_changed=comment.edited_at is not None,
            gone="" if comment.is_visible else _words_of_gone(comment),
            badge=each.badge,
            badge_words=self._badges[each.badge] if each.badge else "",
            answers=_words_of_answered(answered) if answered else "",
            answers_url=self._url("show-comment", answered.pk) if answered else "",
            answer_url=f"{self._answer_url}{pk}" if self._answer_url else "",
            likes=comment.like_count,
            likes_words=_words_of_likes(comment.like_count) if not viewer else "",
            is_liked=each.is_liked,
            is_linked=pk == self._linked_id,
            is_pinned=is_pinned,
            like_url=self._url("like-comment", pk) if viewer else "",
            edit_url=self._url("edit-comment", pk) if each.may_edit else "",
            delete_url=self._url("delete-comment", pk) if each.may_delete else "",
            report_url=self._url("report-comment", pk) if viewer and not each.may_delete else "",
            moderate_url=self._url("moderate-comment", pk) if talk.may_moderate else "",
            pin=("unpin" if pk == self._pinned_id else "pin") if may_pin else "",
            replies=[self.line(reply) for reply in replies],
            more=_words_of_more(each.more) if each.more > 0 else "",
            more_url=all_replies + after,
            earlier_url=all_replies if each.starts_late else "",
        )

    def _url(self, act: str, pk: int) -> str:
        # An address of ours with a number in it: nothing to be escaped, a hundred times over.
        return SafeString(self._patterns[act].replace("/0/", f"/{pk}/"))


def time_since(moment: datetime, zone: tzinfo, now: datetime) -> SafeString:
    """`3 days ago`, with the exact time in the publication's zone for whoever wants it.

    What is older than a day turns a day older on the hour, so that it is put into words once an
    hour and not for every page: the same comments are shown again and again.
    """
    now = now.replace(second=0, microsecond=0)
    if now - moment > _DAY:
        now = now.replace(minute=0)
    return _time_html(moment, zone, now, get_language() or "")


@lru_cache(maxsize=10_000)
def _time_html(moment: datetime, zone: tzinfo, now: datetime, _language: str) -> SafeString:
    local = moment.astimezone(zone)
    is_new = now - moment < _MINUTE
    words = _("just now") if is_new else _("%s ago") % timesince(moment, now, depth=1)
    # Translators: an exact time; see Django's date formats.
    exact = date_format(local, _("j F Y, H:i"))
    stamp = local.isoformat(timespec="minutes")
    return format_html('<time datetime="{}" title="{}">{}</time>', stamp, exact, words)


def _words_of_gone(comment: Comment) -> str:
    if comment.is_gone:
        return _("Its writer has deleted this comment.")
    return _("This comment was taken away.")


def _words_of_answered(answered: Answered) -> str:
    if answered.is_visible:
        return _("Answers %(name)s") % {"name": answered.name or _("Deleted reader")}
    return _("Answers a comment that was taken away")


def _words_of_likes(number: int) -> str:
    if not number:
        return ""
    return ngettext("%(number)s like", "%(number)s likes", number) % {"number": number}


def _words_of_more(number: int) -> str:
    words = ngettext("Show %(number)s more answer", "Show %(number)s more answers", number)
    return words % {"number": number}
