"""Filters for the text templates of mails."""

from __future__ import annotations

from django import template

from newsletter.lib.mail_lines import display_width, wrap

register = template.Library()
_WIDTH = 72


@register.filter
def underline(text: str) -> str:
    """A heading: wrapped at 72 columns, a rule of its own length beneath."""
    lines = wrap(str(text), _WIDTH) or [""]
    return "\n".join([*lines, "=" * max(map(display_width, lines))])
