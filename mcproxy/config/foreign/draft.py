"""The result of a file in another language: the native document with the same meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..errors import Mistake
from ..model import Configuration
from ..native.document import TomlTable, document
from ..native.reader import Mistakes
from ..native.toml import build
from ..origin import KeyPath, Origin

NATIVE, CLASSIC, IGMPPROXY = "mcproxy", "mcproxy 1.1", "igmpproxy"
"""The program whose language a file is in."""


@attrs.frozen
class Position:
    """A position in a file; line and column start at 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@attrs.frozen
class Reading:
    """What was read from a file in some ``language``.

    ``written`` is the native document with the same meaning, or None for a native file, and
    ``comments`` say of some of its keys what they are for. ``notes`` are about what a native
    document cannot express. ``disabled_at`` is the position of the statement that disables the
    file, or None.
    """

    language: str
    configuration: Configuration
    written: TomlTable | None = None
    notes: tuple[str, ...] = ()
    disabled_at: Position | None = None
    comments: Mapping[KeyPath, str] = attrs.Factory(dict)

    @property
    def document(self) -> TomlTable:
        """The native document of what was read."""
        return document(self.configuration) if self.written is None else self.written


class ForeignOrigin(Origin):
    """A file of another program; a message names the position that a key comes from.

    A key without a position of its own has that of the table that it is in.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._positions: dict[KeyPath, Position] = {}

    def locate(self, where: KeyPath, position: Position) -> None:
        """Remember the position that a key of the native document comes from."""
        self._positions[where] = position

    def name_of(self, where: KeyPath) -> str:
        return str(self._position_of(where) or "")

    def line_of(self, where: KeyPath) -> int | None:
        position = self._position_of(where)
        return None if position is None else position.line

    def has(self, where: KeyPath) -> bool:
        return where in self._positions

    def mistake(self, where: KeyPath, message: str, hint: str = "") -> Mistake:
        return Mistake(self.path, self.name_of(where), message, hint)  # the name has the line

    def _position_of(self, where: KeyPath) -> Position | None:
        while where and where not in self._positions:
            where = where[:-1]
        return self._positions.get(where)


class ForeignDraft:
    """A native document in the making, and the positions that its parts come from."""

    def __init__(self, language: str, path: str) -> None:
        self._language = language
        self.document: dict[str, Any] = {"filter": {}, "instance": {}}
        self._notes: list[tuple[Position, str]] = []
        self._comments: dict[KeyPath, str] = {}
        self._disabled_at: Position | None = None
        self._origin = ForeignOrigin(path)
        self._mistakes = Mistakes(self._origin)

    def locate(self, where: KeyPath, position: Position) -> None:
        """Remember the position that a key of the document comes from."""
        self._origin.locate(where, position)

    def disable(self, position: Position) -> None:
        """Note that a statement disables the file."""
        self._disabled_at = position

    def mistake(self, position: Position, message: str, hint: str = "") -> None:
        """Note a mistake."""
        where = ("", position.line, position.column)
        self.locate(where, position)
        self._mistakes.add(where, message, hint)

    def note(self, position: Position, text: str) -> None:
        """Note what has no counterpart."""
        self._notes.append((position, text))

    def comment(self, where: KeyPath, text: str) -> None:
        """Say what a key of the document is for."""
        self._comments[where] = text

    def finish(self) -> Reading:
        """The configuration, after all checks of a native file; ConfigurationError."""
        document = {key: value for key, value in self.document.items() if value}
        built = build(document, self._mistakes)
        sorted_notes = sorted(self._notes, key=lambda note: note[0].line)
        notes = tuple(f"line {position.line}: {text}" for position, text in sorted_notes)
        configuration = attrs.evolve(built, notes=notes)
        return Reading(
            self._language, configuration, document, notes, self._disabled_at, self._comments
        )
