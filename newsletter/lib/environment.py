"""The environment's variables; a value that cannot be read is one line, not a traceback."""

from __future__ import annotations

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_KINDS = {int: "a whole number", float: "a number"}


class Environment(environ.Env):  # type: ignore[misc]
    """django-environ, but it names the variable whose number is none, and where to read about it.

    Raises ImproperlyConfigured, which manage.py prints as it is.
    """

    def __init__(self) -> None:
        super().__init__()
        # Else text would be turned into whatever type the default has.
        self.smart_cast = False

    def get_value(self, var: str, cast: Any = None, *args: Any, **kwargs: Any) -> Any:
        """What `var` holds, as a `cast`."""
        try:
            return super().get_value(var, cast, *args, **kwargs)
        except ValueError as error:
            kind = _KINDS.get(cast)
            if kind is None:
                raise
            raise ImproperlyConfigured(
                f"{var} must be {kind}, not {self.ENVIRON[var]!r}. "
                'The README explains every variable under "Configuration".'
            ) from error
