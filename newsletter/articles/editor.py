"""The editor's node set. What may be stored is decided by `sanitiser`, for importers too."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from newsletter.articles.sanitiser import sanitise_body

__all__ = ["EDITOR_EXTENSIONS", "WHOLE_TEXT_EXTENSIONS", "leave_to_our_sanitiser", "sanitise_body"]

# Names of the library's extensions and of our own (static/masthead/editor/nodes.js), each with
# its options; False turns off what the library adds by itself.
EDITOR_EXTENSIONS: dict[str, object] = {
    "Bold": True,
    "Italic": True,
    "Strike": True,
    "Code": True,
    "Subscript": True,
    "Superscript": True,
    "CodeBlock": True,
    "Heading": {"levels": [2, 3]},
    "Blockquote": True,
    "BulletList": True,
    "OrderedList": True,
    "ListItem": True,
    "HorizontalRule": True,
    "HardBreak": True,
    "Link": {"enableTarget": False},
    "Table": True,
    "TableRow": True,
    "TableHeader": True,
    "TableCell": True,
    "Placeholder": {"placeholder": _("Start writing")},
    "Picture": True,
    "Paywall": True,
    "Audience": True,
    "PullQuote": True,
    "Embed": True,
    "ActionButton": True,
    "OfferedFile": True,
    "Footnote": True,
    # The toolbar is ours, and authors want their spelling checked.
    "Menu": False,
    "NoSpellCheck": False,
}

# For a text that goes whole to everybody whom it is for: no parts for some, no paywall.
WHOLE_TEXT_EXTENSIONS: dict[str, object] = {
    name: options
    for name, options in EDITOR_EXTENSIONS.items()
    if name not in {"Paywall", "Audience"}
} | {"Document": {"sections": False}}


def leave_to_our_sanitiser(_options: object, _allow_list: object) -> None:
    """What django-prose-editor asks of a custom node: its part of the library's allow-list.

    Ours is written out whole in `sanitise_body`; the library's is never built.
    """
