"""Conversations at the author's desk."""

from __future__ import annotations

from newsletter.comments.admin.imports import CommentImportAdmin
from newsletter.comments.admin.queue import CommentAdmin
from newsletter.comments.admin.rules import CommentSettingsAdmin, ThreadAdmin

__all__ = ["CommentAdmin", "CommentImportAdmin", "CommentSettingsAdmin", "ThreadAdmin"]
