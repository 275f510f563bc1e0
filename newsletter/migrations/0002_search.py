"""The search index: FTS5 on SQLite, a table with a text-search vector on PostgreSQL.

It belongs to no model: articles/search writes and reads it, `rebuild_search` makes it anew.
"""

from django.db import migrations

SQLITE = """
CREATE VIRTUAL TABLE newsletter_article_search USING fts5(
    title, dek, tags, body, tokenize = 'porter unicode61 remove_diacritics 2'
)
"""
POSTGRESQL = """
CREATE TABLE newsletter_article_search (
    article_id bigint PRIMARY KEY,
    language regconfig NOT NULL,
    body text NOT NULL,
    vector tsvector NOT NULL
);
CREATE INDEX article_search_vector ON newsletter_article_search USING gin (vector);
"""


def create(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0001_initial")]

    operations = [
        migrations.RunPython(
            create,
            lambda apps, editor: editor.execute("DROP TABLE newsletter_article_search"),
        ),
    ]
