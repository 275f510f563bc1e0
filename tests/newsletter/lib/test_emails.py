"""Rendering a mail from its three templates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.template import TemplateDoesNotExist

from newsletter.lib.emails import inline_css, render_email
from newsletter.publication.models import Publication

BODY_HTML = (
    '{% extends "emails/layout.html" %}{% block content %}<p>{{ words }}</p>'
    '{% include "emails/_button.html" with url="https://example.com/?a=1&b=2" label="Go" %}'
    "{% endblock %}"
)
BODY_TEXT = '{% extends "emails/layout.txt" %}{% block content %}{{ words }}{% endblock %}'


@pytest.fixture
def render(settings, tmp_path: Path) -> Any:
    """Renders a mail named `probe` whose templates exist for this test alone."""
    folder = tmp_path / "templates" / "emails" / "probe"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("{{ subject_words }}")
    (folder / "body.txt").write_text(BODY_TEXT)
    (folder / "body.html").write_text(BODY_HTML)
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path / "templates", *engine["DIRS"]]}]

    def rendered(**context: Any) -> Any:
        publication = context.pop("publication", Publication(name="O'Neill & Sons"))
        return render_email(
            "probe", {"words": "x", "subject_words": "x", "publication": publication, **context}
        )

    return rendered


@pytest.mark.parametrize(
    "hostile",
    [
        "Hello\r\nBcc: all@example.com",
        "Hello\nContent-Type: text/html\n\n<script>",
        "Hello\x00\x0b\x0c\x85\u2028\u2029there",
    ],
)
def test_m22_a_subject_is_one_line_whatever_was_typed(render: Any, hostile: str) -> None:
    subject = render(subject_words=hostile).subject
    assert subject.splitlines() == [subject]
    assert subject.isprintable()
    assert subject.startswith("Hello")


@pytest.mark.parametrize("name", ['"Ada, Countess"', "O\u2019Brien <b>", "מרים", "Zoë 🌊", "a & b"])
def test_m22_names_come_out_as_typed_in_text_and_escaped_in_html(render: Any, name: str) -> None:
    mail = render(words=name, subject_words=name)
    assert mail.subject == name
    assert name in mail.text
    assert "<b>" not in mail.html
    assert "&amp;quot;" not in mail.html


def test_the_text_is_wrapped_and_addresses_are_not_broken(render: Any) -> None:
    address = "https://example.com/" + "x" * 90
    text = render(words="word " * 40 + address).text
    assert address in text.splitlines()
    assert all(len(line) <= 72 for line in text.splitlines() if line != address)


def test_rules_are_on_the_elements_and_only_media_queries_in_a_style_sheet(render: Any) -> None:
    html = render().html
    sheet = html.partition("<style>")[2].partition("</style>")[0]
    outside = re.sub(r"@media[^{]+\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", sheet)
    assert outside.strip() == ""
    assert "prefers-color-scheme: dark" in sheet
    assert 'style="' in html.partition("<body")[2]


def test_the_publication_signs_with_name_and_postal_address(render: Any) -> None:
    publication = Publication(name="Good Terms", postal_address="1 Quay\nGhent")
    mail = render(publication=publication)
    assert "1 Quay<br>Ghent" in mail.html
    assert "Good Terms\n1 Quay\nGhent" in mail.text


def test_no_entity_that_outlook_does_not_know(render: Any) -> None:
    assert "&apos;" not in render().html
    assert "&apos;" not in inline_css('<p title="it\'s">it&apos;s</p>')


def test_code_keeps_its_spaces_while_indentation_elsewhere_goes() -> None:
    html = inline_css("<html><body><p>a</p>\n\n   <pre>x\n    y\n\n  z</pre></body></html>")
    assert "x\n    y\n\n  z" in html
    assert "<p>a</p>\n<pre" in html


def test_a_missing_template_is_an_error() -> None:
    with pytest.raises(TemplateDoesNotExist):
        render_email("no-such-mail", {"publication": Publication()})
