"""Everything that people read can be translated: no bare words in templates or in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"}
)
SOURCES = sorted(
    path
    for path in ROOT.glob("newsletter/**/*.py")
    # The demo is written in one language; commands, checks and the audit speak to whoever runs the
    # server.
    # The stand-in speaks as Stripe does.
    if not {"migrations", "demo", "management", "audit", "fake"} & set(path.relative_to(ROOT).parts)
)
# The same in every language.
NAMES = {"RSS", "Masthead"}

LETTER = re.compile(r"[^\W\d_]")
TRANSLATED = re.compile(
    r"{%-?\s*(comment|blocktranslate|blocktrans)\b.*?{%-?\s*end\1\s*-?%}", re.DOTALL
)
# The names of classes and of drawn symbols, which no one reads.
CLASSES = re.compile(r"{% block (?:bodyclass|body_class) %}.*?{% endblock[^%]*%}", re.DOTALL)
TAG = re.compile(r"{%.*?%}|{#.*?#}|{{.*?}}", re.DOTALL)
FILTERED = re.compile(r"""\|(?:default|default_if_none|yesno|pluralize):["']([^"']*)["']""")
SPOKEN = {"alt", "aria-label", "label", "placeholder", "title", "content-description"}


def as_newlines(match: re.Match[str]) -> str:
    """What is cut out of a template leaves its line ends, so that line numbers stay right."""
    return "\n" * match[0].count("\n")


class Words(HTMLParser):
    """Collects what a reader would see or hear of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        symbol = "material-symbols-outlined" in (given.get("class") or "")
        if tag in {"script", "style"} or symbol:
            self.silent.append(tag)
        for name, value in attrs:
            is_button = tag == "input" and given.get("type") in {"submit", "button", "reset"}
            if name in SPOKEN or (name == "value" and is_button):
                self.note(value or "")

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.note(data)

    def note(self, text: str) -> None:
        words = [
            word
            for word in text.split()
            if LETTER.search(word) and word.strip("().,:") not in NAMES
        ]
        # Addresses on this site, in a text or on the card of a search result.
        if [word for word in words if not word.startswith("/")] and "\u203a" not in text:
            self.found.append((self.getpos()[0], " ".join(text.split())))


def bare_words(source: str, *, is_html: bool) -> list[tuple[int, str]]:
    """(line, words) of a template outside of everything that is translated."""
    left = TAG.sub(as_newlines, CLASSES.sub(as_newlines, TRANSLATED.sub(as_newlines, source)))
    reader = Words()
    if is_html:
        reader.feed(left)
        reader.close()
    else:
        for line in left.splitlines():
            reader.note(line)
    for words in FILTERED.findall(source):
        reader.note(words)
    return reader.found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p>{% translate "Hello" %} · {{ name }}</p>', []),
        ("<p>{% blocktranslate trimmed %}Hello {{ name }}{% endblocktranslate %}</p>", []),
        ("{% comment %}Hello{% endcomment %}{# Hello #}<style>p{}</style>", []),
        ('<img alt="A boat"><input type="submit" value="Go"><input value="x">', ["A boat", "Go"]),
        ('{{ name|default:"nobody" }}{{ name|default:_("nobody") }}', ["nobody"]),
        ('<i class="material-symbols-outlined">inbox</i><b>inbox</b>', ["inbox"]),
        ("<p>3 % · <a>RSS</a> /about/</p>", []),
    ],
)
def test_the_search_finds_what_it_should(source: str, found: list[str]) -> None:
    assert [words for _line, words in bare_words(source, is_html=True)] == found


def test_no_template_holds_bare_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for path in TEMPLATES
        for line, words in bare_words(path.read_text(), is_html=path.suffix == ".html")
    ]
    assert len(TEMPLATES) > 100
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_makemessages_can_read_it(path: Path) -> None:
    """What it cannot read stops the command for all templates."""
    templatize(path.read_text(), origin=str(path))


GETTEXT = {"_", "_g", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext"}
SHOWN_BY_NAME = {
    "label",
    "help_text",
    "verbose_name",
    "verbose_name_plural",
    "description",
    "short_description",
    "search_help_text",
    "empty_label",
    "empty_value_display",
}
SHOWN_IN_A_DICT = {"title", "heading", "error", "problem"}
ERRORS_SHOWN = {"ValidationError", "UnreadableFileError", "Outcome"}
MESSAGES = {"success", "info", "warning", "error", "add_message"}


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def literals(node: ast.AST | None) -> Iterator[ast.Constant]:
    """Strings with words that stand in `node` and are not given to gettext."""
    if node is None or (isinstance(node, ast.Call) and name_of(node.func) in GETTEXT):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and LETTER.search(node.value):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from literals(child)


def sentences(node: ast.AST | None) -> Iterator[ast.Constant]:
    """Those of several words; a single one may be a code."""
    return (each for each in literals(node) if " " in each.value.strip())


def untranslated(tree: ast.AST) -> Iterator[ast.Constant]:
    """Strings that are shown to people by the place they stand in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(node)
        elif isinstance(node, ast.ClassDef):
            is_choices = any("Choices" in ast.unparse(base) for base in node.bases)
            for line in node.body:
                yield from _in_class(line, is_choices=is_choices)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in SHOWN_IN_A_DICT:
                    yield from sentences(value)


def _in_class(line: ast.stmt, *, is_choices: bool) -> Iterator[ast.Constant]:
    if not isinstance(line, ast.Assign):
        return
    if is_choices and isinstance(line.value, ast.Tuple):
        yield from literals(line.value.elts[-1])
    if {getattr(target, "id", "") for target in line.targets} & SHOWN_BY_NAME:
        yield from literals(line.value)


def _in_call(node: ast.Call) -> Iterator[ast.Constant]:
    name = name_of(node.func)
    for keyword in node.keywords:
        if keyword.arg in SHOWN_BY_NAME and isinstance(keyword.value, ast.Constant):
            yield from literals(keyword.value)
        elif name in ERRORS_SHOWN and keyword.arg != "code":
            yield from sentences(keyword.value)
    shown: list[ast.expr] = []
    if name in ERRORS_SHOWN:
        shown = node.args
    elif name in MESSAGES and getattr(getattr(node.func, "value", None), "id", "") == "messages":
        shown = node.args[1:]
    elif name.endswith("Field") and isinstance(node.func, ast.Attribute):
        yield from literals(node.args[0] if node.args else None)
    for argument in shown:
        yield from sentences(argument)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('messages.success(request, "All is well.")', 1),
        ('messages.success(request, _("All is %(n)d.") % {"n": 1})', 0),
        ('raise ValidationError("Not like this.", code="not like")', 1),
        ('raise ValidationError({"a": f"Not like {this} at all."})', 2),
        ('raise UnreadableFileError(_("Empty file."))', 0),
        ('name = models.CharField("name", max_length=3)', 1),
        ('name = forms.CharField(label=_("Name"), help_text="Your own")', 1),
        ('class State(models.TextChoices):\n    DONE = "done", "Done"', 1),
        ('class Meta:\n    verbose_name = "tag"', 1),
        ('context = {"title": "Two words", "code": "Two words"}', 1),
    ],
)
def test_the_search_in_python_finds_what_it_should(source: str, found: int) -> None:
    assert len(list(untranslated(ast.parse(source)))) == found


def test_no_source_holds_bare_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{each.lineno}: {each.value}"
        for path in SOURCES
        for each in untranslated(ast.parse(path.read_text()))
    ]
    assert len(SOURCES) > 100
    assert not found, "\n".join(found)


def test_translations_have_their_place() -> None:
    """`manage.py makemessages` writes there what it finds in templates, and Django reads there."""
    assert [ROOT / "locale"] == settings.LOCALE_PATHS
    assert (ROOT / "locale").is_dir()
