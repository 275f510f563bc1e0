"""The head of a Markdown file: TOML between two lines of `+++`.

The standard library reads TOML and writes none. What is written is a small part of it, always in
the same form, so that a course that did not change gives the same files.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

FENCE = "+++"
_FENCE = re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE)
_WIDTH = 100
_WHERE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


class BadHeadError(ValueError):
    """The head cannot be read. `line` counts from the top of the file."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Head:
    """What stands between the fences, and how it was written."""

    values: dict[str, Any]
    source: str = ""

    def line_of(self, key: str, table: str = "", number: int = 0) -> int:
        """The line of the file in which `key` is set, in the `number`th `[[table]]` (from 0).

        Where the key is not written, that of the table; of the head, its first.
        """
        lines = self.source.split("\n")
        start = 0
        if table:
            found = [at for at, line in enumerate(lines) if _header(line) == table]
            if number >= len(found):
                return 1
            start = found[number] + 1
        for at in range(start, len(lines)):
            if _header(lines[at]):
                break
            if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[at]):
                return at + 2
        return start + 1


def _header(line: str) -> str:
    found = re.fullmatch(r"\s*\[{1,2}([^\[\]=]+)\]{1,2}\s*", line)
    return found[1].strip() if found else ""


def split(text: str) -> tuple[Head, str]:
    """The head and the rest of a file. Raises BadHeadError."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    begin = _FENCE.match(text)
    if begin is None:
        if text.startswith("---"):
            said = _("The front matter is in YAML. Write it in TOML, between lines of +++.")
            raise BadHeadError(said, 1)
        raise BadHeadError(_("The file must begin with a line of +++, the front matter."), 1)
    end = _FENCE.search(text, begin.end() + 1)
    if end is None:
        raise BadHeadError(_("The front matter has no end: a second line of +++ is missing."), 1)
    source = text[begin.end() + 1 : end.start()]
    try:
        values = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        found = _WHERE.search(str(error))
        line = int(found[1]) + 1 if found and found[1] else source.count("\n") + 1
        message = _WHERE.sub("", str(error)).strip()
        said = _("The front matter is not valid TOML: %s.") % message
        raise BadHeadError(said, line) from None
    except (ValueError, RecursionError):
        # A number of thousands of digits, brackets within brackets without end.
        raise BadHeadError(_("The front matter cannot be read."), 1) from None
    return Head(values, source), text[end.end() :].strip("\n")


def join(values: Mapping[str, Any], text: str) -> str:
    """A whole file."""
    body = f"\n{text}\n" if text else ""
    return f"{FENCE}\n{write(values)}{FENCE}\n{body}"


def write(values: Mapping[str, Any], prefix: str = "") -> str:
    """Tables after plain values, each in the order given; None is left out."""
    plain, tables = [], []
    for key, value in values.items():
        if value is None:
            continue
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            tables.append(f"\n[{name}]\n{write(value, f'{name}.')}")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            tables += [f"\n[[{name}]]\n{write(each, f'{name}.')}" for each in value]
        else:
            plain.append(f"{key} = {_value(value, len(key) + 3)}\n")
    return "".join([*plain, *tables])


def _value(value: Any, used: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        items = [_value(each, 0) for each in value]
        line = f"[{', '.join(items)}]"
        if used + len(line) <= _WIDTH:
            return line
        return "[\n" + "".join(f"    {item},\n" for item in items) + "]"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
