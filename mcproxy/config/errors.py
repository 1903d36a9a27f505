"""Mistakes in a configuration, in words for its author."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping

import attrs

LONGEST_SHOWN = 60
"""Characters of a value or a key that a message repeats."""


@attrs.frozen
class Mistake:
    """One mistake: where it is, what is wrong, and what to do about it.

    ``where`` is a key path (``instance.iptv.downstream``) or a position (``line 3, column 5``),
    or empty for the file as a whole. ``line`` is the line of a key, if it is known.
    """

    path: str
    where: str
    message: str
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.where} (line {self.line})" if self.line else self.where
        what = f"{self.message}; {self.hint}" if self.hint else self.message
        return ": ".join(part for part in (self.path, where, what) if part)


class ConfigurationError(Exception):
    """A configuration that cannot be used, with all its mistakes; as text a line for each."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class Wrong(ValueError):  # noqa: N818 - raised and caught within this package
    """A value that is not accepted; the place is added by whoever catches it."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


def shown(value: object) -> str:
    """``value`` in one short line, nearly as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _shortened(json.dumps(value, ensure_ascii=not value.isprintable()))
        case int() if abs(value) >= 10**18:
            return "a very large number"  # as text it may be beyond what Python converts
        case int() | float():
            return str(value).removesuffix(".0")
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list" if value else "an empty list"
    return f"a {type(value).__name__}"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f'{text[: LONGEST_SHOWN - 4]}..."'
