"""A document as the text of a TOML file that is pleasant to read.

Each table has a header and a blank line before it, and long lists have a line for each item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import tomlkit

from ..model import InstanceConfig
from ..origin import KeyPath
from ..schema.option import options_of
from ..schema.tables import TableList

Comments = Mapping[KeyPath, str]
"""A line of text for some keys."""

LONGEST_LINE = 80
"""Characters of a key with a list that stands on one line."""

_LISTS_OF_TABLES = {
    key for key, option in options_of(InstanceConfig).items() if isinstance(option.value, TableList)
}


def toml_text(document: Mapping[str, Any], comments: Comments | None = None) -> str:
    """The text of a file with the tables of ``document``, and ``comments`` above some keys."""
    return "\n".join(_blocks((), document, comments or {}))


def line_text(key: str, value: object) -> str:
    """A key with its value, unless ``has_header``."""
    name = tomlkit.key(key).as_string()
    if not isinstance(value, list):
        return f"{name} = {value_text(value)}"
    items = [value_text(item) for item in value]
    line = f"{name} = [{', '.join(items)}]"
    if len(line) <= LONGEST_LINE:
        return line
    return "\n".join([f"{name} = [", *(f"    {item}," for item in items), "]"])


def _blocks(
    path: KeyPath, table: Mapping[str, Any], comments: Comments, header: str = "[{}]"
) -> Iterator[str]:
    """A table and the tables in it, each with its lines; one of tables alone has no header."""
    tables = {key: value for key, value in table.items() if has_header(key, value)}
    lines: list[str] = []
    for key, value in table.items():
        if key not in tables:
            lines += [*_comment((*path, key), comments), line_text(key, value)]
    if path and (lines or not tables):
        names = [key for key in path if isinstance(key, str)]
        lines[:0] = [*_comment(path, comments), header.format(tomlkit.key(names).as_string())]
    if lines:
        yield "".join(f"{line}\n" for line in lines)
    for key, value in tables.items():
        if isinstance(value, Mapping):
            yield from _blocks((*path, key), value, comments)
        else:
            for place, one in enumerate(value):
                yield from _blocks((*path, key, place), one, comments, "[[{}]]")


def _comment(path: KeyPath, comments: Comments) -> list[str]:
    return [f"# {comments[path]}"] if path in comments else []


def has_header(key: str, value: object) -> bool:
    """Whether ``value`` is a table, or a list of tables, that is written with headers."""
    if key in _LISTS_OF_TABLES and isinstance(value, list) and value:
        return all(isinstance(one, Mapping) for one in value)
    return isinstance(value, Mapping)


def value_text(value: object) -> str:
    if isinstance(value, Mapping):
        parts = ", ".join(line_text(key, each) for key, each in value.items())
        return f"{{ {parts} }}"
    return tomlkit.item(value).as_string()
