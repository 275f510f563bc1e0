"""Addresses of articles, lists, feeds and the sitemap."""

from __future__ import annotations

from django.urls import path, register_converter

from newsletter.articles import feeds, sitemaps
from newsletter.articles.views import giving, own_feed, reading, short_links
from newsletter.lib.slugs import SlugConverter

register_converter(SlugConverter, "uslug")

app_name = "articles"
urlpatterns = [
    path("articles/", reading.browse_archive, name="browse-archive"),
    path("articles/<uslug:slug>.md", reading.read_markdown, name="read-markdown"),
    path("articles/<uslug:slug>/", reading.read_article, name="read-article"),
    path("articles/<uslug:slug>/give/", giving.give_article, name="give-article"),
    path("given/<str:token>/", giving.show_gift, name="show-gift"),
    path("given/<str:token>/<str:opening>/", giving.read_gift, name="read-gift"),
    path(
        "given/<str:token>/<str:opening>/<path:path>",
        giving.read_given_file,
        name="read-given-file",
    ),
    path("files/<str:token>/<str:name>", short_links.open_short_link, name="open-short-link"),
    path("archive/<int:year>/<int:month>/", reading.browse_month, name="browse-month"),
    path("tags/<uslug:slug>/", reading.browse_tag, name="browse-tag"),
    path("authors/<uslug:slug>/", reading.browse_author, name="browse-author"),
    path("search/", reading.search_articles, name="search-articles"),
    path("feed.atom", feeds.show_site_feed, {"kind": feeds.AtomFeed}, name="feed-atom"),
    path("feed.rss", feeds.show_site_feed, {"kind": feeds.RssFeed}, name="feed-rss"),
    path(
        "tags/<uslug:slug>/feed.atom",
        feeds.show_tag_feed,
        {"kind": feeds.AtomFeed},
        name="tag-atom",
    ),
    path(
        "tags/<uslug:slug>/feed.rss", feeds.show_tag_feed, {"kind": feeds.RssFeed}, name="tag-rss"
    ),
    path(
        "authors/<uslug:slug>/feed.atom",
        feeds.show_author_feed,
        {"kind": feeds.AtomFeed},
        name="author-atom",
    ),
    path(
        "authors/<uslug:slug>/feed.rss",
        feeds.show_author_feed,
        {"kind": feeds.RssFeed},
        name="author-rss",
    ),
    path("account/feed/", own_feed.renew_feed, name="renew-feed"),
    path(
        "feeds/<str:token>/feed.atom",
        own_feed.show_own_feed,
        {"kind": feeds.AtomFeed},
        name="own-atom",
    ),
    path(
        "feeds/<str:token>/feed.rss",
        own_feed.show_own_feed,
        {"kind": feeds.RssFeed},
        name="own-rss",
    ),
    path("feeds/<str:token>/<path:path>", own_feed.show_own_file, name="own-file"),
    path("sitemap.xml", sitemaps.show_sitemap, name="show-sitemap"),
    path("sitemap-<int:number>.xml", sitemaps.show_sitemap_part, name="show-sitemap-part"),
]
