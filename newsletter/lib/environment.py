"""The environment's variables; a value that cannot be read is one line, not a traceback."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_KINDS = {int: "a whole number", float: "a number"}
_NO = frozenset({"false", "off", "no", "n", "f", "0"})


class Environment(environ.Env):  # type: ignore[misc]
    """django-environ, but it names the variable that cannot be read, and where to read about it.

    A variable that is empty counts as not set: files of variables and container tools write those
    that way. Nor does one that begins with a dollar sign name another. Raises ImproperlyConfigured,
    which manage.py prints as it is.
    """

    def __init__(self) -> None:
        super().__init__()
        # Else text would be turned into whatever type the default has.
        self.smart_cast = False

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, *args: Any
    ) -> Any:
        """What `var` holds, as a `cast`."""
        given: str | None = self.ENVIRON.get(var)
        if given == "" and default is not self.NOTSET:
            return default
        if cast is bool and given and not _is_yes_or_no(given):
            raise _unreadable(var, given, "true or false")
        try:
            if given is not None and given.startswith("$"):
                return self.parse_value(given, cast)
            return super().get_value(var, cast, default, *args)
        except ValueError as error:
            kind = _KINDS.get(cast)
            if kind is None:
                raise
            raise _unreadable(var, given, kind) from error

    def one_of(self, var: str, choices: Collection[str], default: str) -> str:
        """What `var` holds, in capitals; one of `choices`."""
        given: str = self.str(var, default=default).strip().upper()
        if given not in choices:
            raise _unreadable(var, self.ENVIRON.get(var), f"one of {', '.join(choices)}")
        return given


def _is_yes_or_no(given: str) -> bool:
    word = given.lower().strip()
    return word in _NO or word in environ.Env.BOOLEAN_TRUE_STRINGS


def _unreadable(var: str, given: str | None, kind: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"{var} must be {kind}, not {given!r}. "
        'The README explains every variable under "Configuration".'
    )
