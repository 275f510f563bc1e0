"""The editor's widget: the library's textarea with our modules in the page's import map."""

from __future__ import annotations

from typing import Any

from django.forms.widgets import Script
from django_prose_editor.widgets import ProseEditorWidget
from django_prose_editor.widgets import importmap as library_map
from js_asset import ImportMap, Media

_MODULES = (
    "words",
    "dialog",
    "upload",
    "figure",
    "link",
    "insert",
    "written",
    "file",
    "nodes",
    "toolbar",
    "copies",
    "settings",
    "slugs",
    "cover",
)


def body_media() -> Media:
    """Style, import map and one module; everything else is imported by name.

    Not a constant: comparing scripts asks for their addresses, which at import may not exist yet.
    """
    # By name and not by relative path, so that each has the address with its content's hash.
    ours = {f"masthead/{name}": f"masthead/editor/{name}.js" for name in _MODULES}
    return Media(
        importmap=library_map | ImportMap(ours),
        css={"all": ["django_prose_editor/editor.css", "masthead/editor/editor.css"]},
        js=[Script("masthead/editor/text.js", type="module")],
    )


def desk_media(nonce: Any) -> Media:
    """The editor and the desk around it, with the nonce of this answer's policy."""
    desk = Media(js=[Script("masthead/editor/desk.js", type="module")])
    return (body_media() + desk).with_nonce(nonce)


class ProseWidget(ProseEditorWidget):  # type: ignore[misc]  # the package has no types
    """A text with the editor. Without JavaScript it is a plain textarea of HTML."""

    @property
    def media(self) -> Media:
        """What the text alone needs."""
        return body_media()

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """A large textarea for whoever has no JavaScript."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["rows"] = 30
        return context
