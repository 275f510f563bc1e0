"""The reader's pages of articles, by what they are about (feeds, sitemap: beside this folder)."""
