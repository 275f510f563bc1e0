"""The author's desk for articles, tags and pictures."""

from newsletter.articles.admin.articles import ArticleAdmin
from newsletter.articles.admin.gift_links import GiftLinkAdmin
from newsletter.articles.admin.pictures import ArticleImageAdmin
from newsletter.articles.admin.tags import TagAdmin

__all__ = ["ArticleAdmin", "ArticleImageAdmin", "GiftLinkAdmin", "TagAdmin"]
