"""Tags of the account pages."""

from __future__ import annotations

import re

from django import template
from django.forms import BoundField
from django.utils.translation import gettext as _

register = template.Library()

# In this order: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari.
_BROWSERS = [
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
]
_SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
]


@register.filter
def browser_name(user_agent: str) -> str:
    """`Firefox, Windows` out of what a browser says about itself."""
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if re.search(mark, user_agent)), "")
    return ", ".join(part for part in (browser, system) if part) or _("Unknown browser")


@register.filter
def bare(field: BoundField) -> BoundField:
    """A form's field without the placeholder that only repeats its label."""
    field.field.widget.attrs.pop("placeholder", None)
    return field
