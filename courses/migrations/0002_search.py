"""The search index of courses, as newsletter has one of articles: of no model, filled by a sweep."""

from django.db import migrations

SQLITE = """
CREATE VIRTUAL TABLE courses_course_search USING fts5(
    title, dek, tags, body, tokenize = 'porter unicode61 remove_diacritics 2'
)
"""
POSTGRESQL = """
CREATE TABLE courses_course_search (
    course_id bigint PRIMARY KEY,
    language regconfig NOT NULL,
    body text NOT NULL,
    vector tsvector NOT NULL
);
CREATE INDEX course_search_vector ON courses_course_search USING gin (vector);
"""


def create(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


class Migration(migrations.Migration):
    dependencies = [("courses", "0001_initial")]

    operations = [
        migrations.RunPython(
            create,
            lambda apps, editor: editor.execute("DROP TABLE courses_course_search"),
        ),
    ]
