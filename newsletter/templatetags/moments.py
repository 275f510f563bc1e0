"""`{% moment at "j F Y, H:i" %}`: when, in the zone of whoever looks, as a `<time>`."""

from __future__ import annotations

from django import template

from newsletter.lib.moments import moment_html

register = template.Library()
register.simple_tag(moment_html, name="moment")
