"""Where keys stand: as a path for a message, and in which line of a file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from .errors import shown

KeyPath = tuple[str, ...]

MOST_LINES = 2000
"""Files with more have messages without lines; the search may be quadratic."""

_DEEPEST = 5  # instance.NAME.interface.IF.KEY
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key_text(path: KeyPath) -> str:
    """``path`` as TOML writes it, with quotes where it needs them."""
    return ".".join(key if _BARE.fullmatch(key) and len(key) < 60 else shown(key) for key in path)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The first line of each key and table of ``text``, which must be TOML.

    A statement ends at the first line end where what was read of it is TOML by itself.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, statement, content in _statements(text):
        paths = list(_paths(content))
        if statement.lstrip().startswith("["):
            table = paths[-1] if paths else ()
            for path in paths:
                lines.setdefault(path, number)
        else:
            for path in paths:
                lines.setdefault((*table, *path), number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each statement that says something: its line, its text, and what it says."""
    rows = text.replace("\r\n", "\n").split("\n")
    start = 0
    for end in range(min(len(rows), MOST_LINES)):
        statement = "\n".join(rows[start : end + 1])
        try:
            content = tomllib.loads(statement)
        except (ValueError, RecursionError):
            continue
        if content:
            yield start + 1, statement, content
        start = end + 1


def _paths(content: Any, above: KeyPath = ()) -> Iterator[KeyPath]:
    """All key paths in ``content``, as deep as a configuration goes."""
    if not isinstance(content, dict) or len(above) == _DEEPEST:
        return
    for key, value in content.items():
        path = (*above, key)
        yield path
        yield from _paths(value, path)
