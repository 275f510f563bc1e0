"""What is said, where, and what was decided about it."""

from __future__ import annotations

from newsletter.comments.models.akismet import AkismetCase
from newsletter.comments.models.imports import (
    CommentImport,
    CommentImportLine,
    ImportedPiece,
)
from newsletter.comments.models.moderation import (
    Ban,
    LearntText,
    Like,
    ModerationEvent,
    NoticeChoice,
    Report,
    ThreadMute,
    WordCount,
)
from newsletter.comments.models.said import PATH_STEP, Comment, Thread
from newsletter.comments.models.settings import CommentSettings

__all__ = [
    "PATH_STEP",
    "AkismetCase",
    "Ban",
    "Comment",
    "CommentImport",
    "CommentImportLine",
    "CommentSettings",
    "ImportedPiece",
    "LearntText",
    "Like",
    "ModerationEvent",
    "NoticeChoice",
    "Report",
    "Thread",
    "ThreadMute",
    "WordCount",
]
