"""Where keys stand: as a path for a message, and in which line of a file."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import shown

KeyPath = tuple[str | int, ...]
"""Keys, and positions in lists, from 0."""

_DEEPEST = 5  # instance.NAME.interface.IF.KEY
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}'  # texts over several lines
    r'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[][{},\n]|[^][{},\n"\'#\s]+',
    re.DOTALL,
)


def key_text(path: KeyPath) -> str:
    """``path`` as TOML writes it, with quotes where it needs them; positions from 1: ``[1]``."""
    parts = (f"[{key + 1}]" if isinstance(key, int) else f".{_quoted(key)}" for key in path)
    return "".join(parts).removeprefix(".")


def _quoted(key: str) -> str:
    return key if _BARE.fullmatch(key) and len(key) < 60 else shown(key)


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """The line of what ``path`` names, or of the list that it is in."""
    while path not in lines and path and isinstance(path[-1], int):
        path = path[:-1]
    return lines.get(path)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The first line of each key, table and item of a list of ``text``, which must be TOML."""
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    seen: Counter[KeyPath] = Counter()
    for number, statement, items in _statements(text):
        try:
            paths = list(_paths(tomllib.loads(statement)))
        except (ValueError, RecursionError):
            continue
        if statement.startswith("["):
            table = paths[-1]
            if statement.startswith("[["):
                seen[table] += 1
                paths.append((*table, seen[table] - 1))
                table = paths[-1]
        else:
            paths = [(*table, *path) for path in paths]
            for position, line in enumerate(items):
                lines[(*paths[-1], position)] = line
        for path in paths:
            lines.setdefault(path, number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str, list[int]]]:
    """Each statement: its line, its text, and the lines of the items where it is a list."""
    line, depth, start, begun = 1, 0, 0, 0
    items: list[int] = []
    is_list = awaited = False
    for token in _TOKEN.finditer(text + "\n"):
        word = token[0]
        if word == "\n" and depth == 0:
            if begun:
                yield begun, text[start : token.start()].rstrip(), items
            begun, items, is_list = 0, [], False
        elif word[0] not in "\n#":
            if not begun:
                start, begun = token.start(), line
            elif depth == 0 and word == "[":
                is_list = awaited = True
            elif depth == 1 and is_list and word == ",":
                awaited = True
            elif depth == 1 and awaited and word != "]":
                items.append(line)
                awaited = False
            depth += (word in ("[", "{")) - (word in ("]", "}"))
        line += word.count("\n")


def _paths(content: Any, above: KeyPath = ()) -> Iterator[KeyPath]:
    """All key paths in ``content``, as deep as a configuration goes."""
    if not isinstance(content, dict) or len(above) == _DEEPEST:
        return
    for key, value in content.items():
        path = (*above, key)
        yield path
        yield from _paths(value, path)
