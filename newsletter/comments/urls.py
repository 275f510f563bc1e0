"""Addresses of conversations and comments."""

from __future__ import annotations

from django.urls import path

from newsletter.comments import feeds
from newsletter.comments.views import acting, by_mail, reading, writing

_TALK = "conversations/<slug:kind>/<int:key>/"
_ONE = "comments/<int:pk>/"

app_name = "comments"
urlpatterns = [
    path(_TALK, reading.show_thread, name="show-thread"),
    path(f"{_TALK}write/", writing.write_comment, name="write-comment"),
    path(f"{_TALK}sent/", writing.show_sent, name="show-sent"),
    path(f"{_TALK}mute/", acting.mute_thread, name="mute-thread"),
    path(f"{_TALK}govern/", acting.govern_thread, name="govern-thread"),
    path(f"{_TALK}feed.atom", feeds.show_thread_feed, name="thread-atom"),
    path("comments/feed.atom", feeds.show_site_feed, name="site-atom"),
    path("comments/puzzle/", writing.make_puzzle, name="make-puzzle"),
    path("comments/confirm/<str:token>/", writing.confirm_comment, name="confirm-comment"),
    path("comments/decide/<str:token>/", by_mail.decide_by_mail, name="decide-by-link"),
    path("comments/mail/<str:token>/", by_mail.leave_notices, name="leave-notices"),
    path(_ONE, reading.show_comment, name="show-comment"),
    path(f"{_ONE}replies/", reading.show_replies, name="show-replies"),
    path(f"{_ONE}edit/", acting.edit_comment, name="edit-comment"),
    path(f"{_ONE}delete/", acting.delete_comment, name="delete-comment"),
    path(f"{_ONE}like/", acting.like_comment, name="like-comment"),
    path(f"{_ONE}report/", acting.report_comment, name="report-comment"),
    path(f"{_ONE}moderate/", acting.moderate_comment, name="moderate-comment"),
    path("account/comments/", reading.list_own, name="list-own"),
    path("account/comments/mail/", by_mail.choose_notices, name="choose-notices"),
]
