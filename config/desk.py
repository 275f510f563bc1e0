"""How the admin looks and what its editor knows: settings that no environment changes."""

from __future__ import annotations

from csp.constants import NONCE, SELF

# What each dotted name answers is in newsletter/pages/admin_shell.py.
UNFOLD = {
    "SITE_TITLE": "newsletter.pages.admin_shell.site_title",
    "SITE_HEADER": "newsletter.pages.admin_shell.site_title",
    "SITE_SUBHEADER": "newsletter.pages.admin_shell.site_subheader",
    "SITE_SYMBOL": "edit_square",
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "BORDER_RADIUS": "4px",
    "STYLES": ["newsletter.pages.admin_shell.stylesheet"],
    "SCRIPTS": ["newsletter.pages.admin_shell.script"],
    "COLORS": {
        "base": "newsletter.pages.admin_shell.paper_colours",
        "primary": "newsletter.pages.admin_shell.accent_colours",
    },
    "DASHBOARD_CALLBACK": "newsletter.pages.dashboard.add_dashboard",
    "COMMAND": {"search_models": ["newsletter.article", "newsletter.tag"]},
    "SIDEBAR": {
        "show_search": False,
        "command_search": True,
        "navigation": "newsletter.pages.admin_shell.sidebar",
    },
}
# The editor's own nodes: the module that holds them, and their names (newsletter/articles/editor.py
# says which are in use; the sanitiser there is what decides what is stored).
DJANGO_PROSE_EDITOR_EXTENSIONS = [
    {
        "js": ["masthead/nodes"],
        "extensions": dict.fromkeys(
            (
                "Paywall",
                "Audience",
                "PullQuote",
                "Picture",
                "Embed",
                "ActionButton",
                "OfferedFile",
                "Footnote",
            ),
            "newsletter.articles.editor.leave_to_our_sanitiser",
        ),
    },
    {
        "js": ["masthead/link"],
        "extensions": {"Link": "newsletter.articles.editor.leave_to_our_sanitiser"},
    },
]

# Unfold and the editor's import map need more; used under /admin/ alone.
ADMIN_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, "'unsafe-eval'", NONCE],
    "style-src": [SELF, "'unsafe-inline'"],
    "frame-ancestors": [SELF],
}
