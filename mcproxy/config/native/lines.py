"""The lines of the keys in a TOML file."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from ..origin import KeyPath, Origin

_DEEPEST = 5  # instance.NAME.interface.IF.KEY
TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}'  # texts over several lines
    r'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[][{},\n]|[^][{},\n"\'#\s]+',
    re.DOTALL,
)
"""A text, a comment, a bracket, a comma, the end of a line, or what stands between them."""


class TomlOrigin(Origin):
    """A TOML file; its lines are found when somebody asks for the first one."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(path)
        self._text = text

    def line_of(self, where: KeyPath) -> int | None:
        """The line of a key; of an item of a list without a line of its own, the list's."""
        return line_of(where, self._lines)

    @cached_property
    def _lines(self) -> Mapping[KeyPath, int]:
        return key_lines(self._text)


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
    is_list = expected = False
    for token in TOKEN.finditer(text + "\n"):
        word = token[0]
        if word == "\n" and depth == 0:
            if begun:
                yield begun, text[start : token.start()].rstrip(), items
            begun, items, is_list = 0, [], False
        elif word[0] not in "\n#":
            if not begun:
                start, begun = token.start(), line
            elif depth == 0 and word == "[":
                is_list = expected = True
            elif depth == 1 and is_list and word == ",":
                expected = True
            elif depth == 1 and expected and word != "]":
                items.append(line)
                expected = False
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
