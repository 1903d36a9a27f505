"""Kinds of values: tables, whose keys are options too."""

from __future__ import annotations

from typing import Any

import attrs

from ..errors import Wrong, shown
from .checks import PLAIN_NAME
from .value import JsonSchema


@attrs.frozen
class Anything:
    """A value that is read later, by whoever knows more of the file."""

    type_name: str = ""
    allowed: str = ""
    schema: JsonSchema = attrs.Factory(dict)

    def read(self, value: object) -> Any:
        return value


@attrs.frozen
class Section(Anything):
    """A table whose keys are those of ``kind``; read later."""

    kind: type[Any] = object


@attrs.frozen
class Tables(Anything):
    """Tables with names, or with patterns, each with the keys of ``kind``; read later.

    ``header`` is how a file begins one. ``names`` is the JSON Schema of a name.
    """

    header: str = ""
    kind: type[Any] = object
    names: JsonSchema = attrs.field(
        factory=lambda: {"type": "string", "pattern": f"^{PLAIN_NAME}$"}
    )

    def read(self, value: object) -> Any:
        if not isinstance(value, dict):
            raise Wrong(f"{shown(value)} is not a table", f"write {self.header}")
        return value


@attrs.frozen
class TableList(Tables):
    """Tables in a list, in the file's order; read later."""

    def read(self, value: object) -> Any:
        if not isinstance(value, list):
            raise Wrong(f"{shown(value)} is not a list of tables", f"write {self.header}")
        return value
