"""Every change to articles and their pictures. Each holds its permission and its transaction."""

from newsletter.articles.actions.common import IllegalMove, StaleArticle
from newsletter.articles.actions.erasing import erase_reading_of, export_reading_of
from newsletter.articles.actions.files import keep_files_open, store_attachment
from newsletter.articles.actions.giving import (
    GiftShut,
    NoMoreGifts,
    make_gift_link,
    open_gift,
    revoke_gift_link,
)
from newsletter.articles.actions.own_feed import renew_private_feed
from newsletter.articles.actions.pictures import delete_image, describe_image, store_image
from newsletter.articles.actions.publishing import (
    archive_article,
    publish_article,
    publish_due_articles,
    request_send,
    schedule_article,
    take_send_request,
    unpublish_article,
)
from newsletter.articles.actions.rebuilding import rebuild_articles, rebuild_in_language
from newsletter.articles.actions.tags import delete_tag, find_or_create_tags, save_tag
from newsletter.articles.actions.writing import (
    KEPT_FIELDS,
    delete_article,
    keep_revision,
    restore_revision,
    save_article,
)

__all__ = [
    "KEPT_FIELDS",
    "GiftShut",
    "IllegalMove",
    "NoMoreGifts",
    "StaleArticle",
    "archive_article",
    "delete_article",
    "delete_image",
    "delete_tag",
    "describe_image",
    "erase_reading_of",
    "export_reading_of",
    "find_or_create_tags",
    "keep_files_open",
    "keep_revision",
    "make_gift_link",
    "open_gift",
    "publish_article",
    "publish_due_articles",
    "rebuild_articles",
    "rebuild_in_language",
    "renew_private_feed",
    "request_send",
    "restore_revision",
    "revoke_gift_link",
    "save_article",
    "save_tag",
    "schedule_article",
    "store_attachment",
    "store_image",
    "take_send_request",
    "unpublish_article",
]
