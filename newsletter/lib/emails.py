"""Rendering of mail: three small templates per mail, one layout for all.

`html_to_text` is here for callers; the walker itself is in `mail_text`.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import css_inline
from django.conf import settings
from django.template import Context, engines
from django.utils import timezone, translation

from newsletter.lib.mail_look import mail_look
from newsletter.lib.mail_text import WIDTH, html_to_text
from newsletter.lib.time_zones import UTC, find_zone

__all__ = ["RenderedEmail", "html_to_text", "inline_css", "render_email", "render_mail_template"]


@dataclass(frozen=True)
class RenderedEmail:
    """A mail ready to be sent: one-line subject, text part, HTML part with inlined CSS."""

    subject: str
    text: str
    html: str


def render_email(name: str, context: dict[str, Any]) -> RenderedEmail:
    """Render `templates/emails/<name>/{subject.txt,body.txt,body.html}`.

    `context["publication"]` gives name, look and language; times are in the zone of
    `context["user"]`, or else in the publication's. The text templates are rendered
    without HTML escaping and wrapped at 72; the subject is brought onto one line, so that nothing
    a person typed can start a header of its own. Raises TemplateDoesNotExist.
    """
    look = mail_look(context.get("publication"))
    full = {"mail": look, "site_url": settings.SITE_URL, **context}
    owners = (context.get("user"), context.get("publication"))
    zone = find_zone(*(getattr(owner, "time_zone", "") for owner in owners), UTC)
    with translation.override(look.language), timezone.override(zone):
        subject = one_line(render_mail_template(f"emails/{name}/subject.txt", full))
        full["subject"] = subject
        text = wrap_text(render_mail_template(f"emails/{name}/body.txt", full))
        html = inline_css(render_mail_template(f"emails/{name}/body.html", full))
    return RenderedEmail(subject=subject, text=text, html=html)


def render_mail_template(template: str, context: dict[str, Any]) -> str:
    """Render one template; HTML is escaped in `.html` alone."""
    compiled = engines["django"].engine.get_template(template)  # type: ignore[attr-defined]
    return str(compiled.render(Context(context, autoescape=template.endswith(".html"))))


def one_line(subject: str) -> str:
    """`subject` without line breaks or other control characters, and without doubled spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in subject).split())


def inline_css(html: str) -> str:
    """Move the style sheet into `style` attributes; media queries stay in a `<style>`.

    Gmail drops classes' rules in some of its apps and Outlook knows few selectors; what a mail
    needs must stand on the element.
    """
    inlined = str(_inliner().inline(html))
    return _spare_whitespace(inlined.replace("&apos;", "&#39;"))


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        keep_style_tags=False,
        keep_at_rules=True,
        minify_css=True,
        load_remote_stylesheets=False,
    )


def _spare_whitespace(html: str) -> str:
    """Drop the templates' indentation outside `<pre>`: it counts against Gmail's 102 KB."""
    parts = re.split(r"(<pre\b.*?</pre>)", html, flags=re.DOTALL)
    return "".join(
        part if part.startswith("<pre") else re.sub(r"\s*\n\s*", "\n", part) for part in parts
    ).strip()


def wrap_text(text: str) -> str:
    """Wrap hand-written text at 72 and tidy its blank lines; addresses are never broken."""
    lines: list[str] = []
    for line in text.splitlines():
        line = line.rstrip()
        if len(line) <= WIDTH:
            lines.append(line)
            continue
        indent = re.match(r"[> ]*(?:[-*] )?", line)
        hang = indent[0].replace("-", " ").replace("*", " ") if indent else ""
        lines += textwrap.wrap(
            line,
            WIDTH,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip() + "\n"
