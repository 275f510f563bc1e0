"""What somebody reads, gives away and says."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from newsletter.articles.actions import erase_reading_of, export_reading_of
from newsletter.comments.actions import erase_comments_of, export_comments_of
from newsletter.members.personal_data import DataPart, by_staff, cut, deleted, kept

ARTICLES = DataPart(
    name="articles",
    title=_("Reading and writing"),
    files={
        "own_feed": _("Your own feed, without its secret address."),
        "gift_links": _("Links by which you gave pieces away, and how often they were opened."),
        "articles": _("Articles under your name."),
    },
    export=export_reading_of,
    erase=erase_reading_of,
    held=(
        *deleted("newsletter.PrivateFeed.user", file="own_feed"),
        *deleted("newsletter.GiftLink.giver", file="gift_links"),
        *kept(
            "newsletter.Article.author",
            file="articles",
            why="nobody is erased while a text stands under their name (why_not_erasable)",
        ),
        *by_staff(
            "newsletter.ArticleImage.uploaded_by",
            "newsletter.Attachment.uploaded_by",
            "newsletter.HistoricalArticle.author",
            "newsletter.HistoricalArticle.history_user",
        ),
    ),
    position=30,
)

COMMENTS = DataPart(
    name="comments",
    title=_("Comments"),
    files={
        "comments": _("What you wrote, where, and how it stands."),
        "likes": _("Comments that you like."),
        "reports": _("Comments that you reported, and why."),
        "bars": _("When you were barred from commenting, and why."),
        "asked_of_akismet": _("Comments that Akismet was asked about, and what it got with them."),
        "muted_conversations": _("Conversations that you want to hear no more of."),
        "comment_mail": _("Which mail about comments you chose."),
        "decisions": _("What was decided about you and what you wrote."),
    },
    export=export_comments_of,
    erase=erase_comments_of,
    held=(
        *cut("newsletter.Comment.user", file="comments"),
        *deleted("newsletter.Comment.guest_email", file="comments"),
        *cut("newsletter.Like.user", file="likes"),
        *cut("newsletter.Report.user", file="reports"),
        *deleted("newsletter.Ban.user", file="bars"),
        *deleted("newsletter.AkismetCase.ip", file="asked_of_akismet"),
        *deleted("newsletter.ThreadMute.user", file="muted_conversations"),
        *deleted("newsletter.NoticeChoice.user", file="comment_mail"),
        *cut("newsletter.ModerationEvent.user", file="decisions"),
        *by_staff(
            "newsletter.Ban.by",
            "newsletter.CommentImport.created_by",
            "newsletter.ModerationEvent.actor",
        ),
    ),
    position=40,
)
