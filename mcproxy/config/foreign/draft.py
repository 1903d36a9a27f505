"""What comes of a file in another language: the native document that says the same."""

from __future__ import annotations

from typing import Any

import attrs

from ..errors import Mistake
from ..model import Configuration
from ..native.document import TomlTable, document
from ..native.reader import Mistakes
from ..native.toml import build
from ..origin import KeyPath, Origin

NATIVE, CLASSIC, IGMPPROXY = "mcproxy", "mcproxy 1.1", "igmpproxy"
"""Whose language a file is in."""


@attrs.frozen
class Place:
    """Where something stands in a file; both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@attrs.frozen
class Reading:
    """What was read from a file in some ``language``.

    ``written`` says the same in the native language: where it is None, what
    ``configuration`` is written as. ``notes`` are on what it cannot say. ``off`` is where the
    file says that it is not to be used, or None.
    """

    language: str
    configuration: Configuration
    written: TomlTable | None = None
    notes: tuple[str, ...] = ()
    off: Place | None = None

    @property
    def document(self) -> TomlTable:
        """What was read, in the native language."""
        return document(self.configuration) if self.written is None else self.written


class ForeignOrigin(Origin):
    """A file of another program; a message names the position of what a key comes from.

    ``places`` are these positions, by keys of the native document. A key without one has the
    position of the table that it is in.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.places: dict[KeyPath, Place] = {}

    def name_of(self, where: KeyPath) -> str:
        return str(self._place_of(where) or "")

    def line_of(self, where: KeyPath) -> int | None:
        place = self._place_of(where)
        return None if place is None else place.line

    def mistake(self, where: KeyPath, message: str, hint: str = "") -> Mistake:
        return Mistake(self.path, self.name_of(where), message, hint)  # the name has the line

    def _place_of(self, where: KeyPath) -> Place | None:
        while where and where not in self.places:
            where = where[:-1]
        return self.places.get(where)


class ForeignDraft:
    """A native document in the making, and the places where its parts come from."""

    def __init__(self, language: str, path: str) -> None:
        self._language = language
        self.document: dict[str, Any] = {"filter": {}, "instance": {}}
        self._notes: list[tuple[Place, str]] = []
        self.off: Place | None = None
        self._origin = ForeignOrigin(path)
        self._mistakes = Mistakes(self._origin)

    def stands(self, where: KeyPath, place: Place) -> None:
        """What ``where`` names in the document comes from ``place``."""
        self._origin.places[where] = place

    def wrong(self, place: Place, message: str, hint: str = "") -> None:
        """Note a mistake."""
        where = ("", place.line, place.column)
        self.stands(where, place)
        self._mistakes.add(where, message, hint)

    def note(self, place: Place, text: str) -> None:
        """Note what has no counterpart."""
        self._notes.append((place, text))

    def finish(self) -> Reading:
        """The configuration, after all checks of a native file; ConfigurationError."""
        document = {key: value for key, value in self.document.items() if value}
        configuration = build(document, self._mistakes)
        notes = sorted(self._notes, key=lambda note: note[0].line)
        told = tuple(f"line {place.line}: {text}" for place, text in notes)
        return Reading(self._language, configuration, document, told, self.off)
