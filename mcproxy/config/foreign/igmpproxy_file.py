"""What a file of igmpproxy or igmpv3proxy says, statement by statement."""

from __future__ import annotations

import attrs

from .words import Word


@attrs.frozen
class FilterStatement:
    """A filter of igmpv3proxy: ``source`` and ``group`` are networks."""

    word: Word
    source: Word
    group: Word
    direction: str
    allow: bool


@attrs.define
class Phyint:
    """The words after ``phyint`` about one interface.

    ``nets`` are networks of sources, ``groups`` prefixes of groups, each with whether it is
    allowed. ``numbers`` are by word. Without a role, ``is_default_down`` makes it a downstream.
    """

    name: Word
    is_default_down: bool
    role: str = ""
    nets: list[tuple[bool, Word]] = attrs.Factory(list)
    groups: list[tuple[bool, Word]] = attrs.Factory(list)
    numbers: dict[str, tuple[Word, int | None]] = attrs.Factory(dict)
    filters: list[FilterStatement] = attrs.Factory(list)


@attrs.define
class File:
    """A whole file; ``settings`` are by the key of [defaults], ``flags`` by their words."""

    phyints: list[Phyint] = attrs.Factory(list)
    flags: dict[str, Word] = attrs.Factory(dict)
    settings: dict[str, tuple[Word, float]] = attrs.Factory(dict)
    version: tuple[Word, int | None] | None = None
    is_fork: bool = False
