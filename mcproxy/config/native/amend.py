"""Changes in the text of a TOML file: only what differs from the wanted configuration changes.

Comments, order and layout of the rest stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from ..diff import compare
from ..errors import ConfigurationError
from ..model import Configuration
from ..names import is_pattern
from .document import document
from .text import has_header, line_text
from .toml import parse

MOST_ROUNDS = 4
"""Several, because a filter changes along with another one that it names, and is then restored."""


def amended(text: str, wanted: Configuration) -> str | None:
    """``text``, changed so that it is read as ``wanted``; None if no such change is found."""
    try:
        for _ in range(MOST_ROUNDS):
            present = parse(text)
            if _is_same(present, wanted):
                return text
            tables = tomlkit.parse(text)
            _amend(tables, document(present), document(wanted))
            text = tomlkit.dumps(tables)
    except (TOMLKitError, ConfigurationError):
        pass
    return None


def _is_same(one: Configuration, other: Configuration) -> bool:
    """Whether nothing is different, and patterns are in the same order."""
    return not compare(one, other) and _patterns(one) == _patterns(other)


def _patterns(configuration: Configuration) -> dict[str, list[str]]:
    return {
        instance.name: [name for name in instance.interface if is_pattern(name)]
        for instance in configuration.instances
    }


def _amend(tables: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Change in ``tables`` what is different between ``before`` and ``after``."""
    for key in before.keys() - after.keys():
        if key in tables:
            del tables[key]
    for key, value in after.items():
        known, written = before.get(key), tables.get(key)
        if known == value:
            continue
        if isinstance(known, Mapping) and isinstance(value, Mapping) and written is not None:
            _amend(written, known, value)
        elif isinstance(written, Array) and _grows(written, value):
            _amend_list(written, value)
        else:
            tables[key] = _item(key, value)


def _item(key: str, value: object) -> object:
    """``value`` as ``key`` gets it; a list laid out as in a new file."""
    if not isinstance(value, list) or has_header(key, value):
        return value
    return tomlkit.parse(line_text(key, value))[key]


def _grows(written: Array, wanted: Any) -> bool:
    """Whether only removals, and additions at the end, lead from ``written`` to ``wanted``."""
    kept = [item for item in written if item in wanted]
    return bool(kept == wanted[: len(kept)])


def _amend_list(written: Array, wanted: list[Any]) -> None:
    for place in reversed(range(len(written))):
        if written[place] not in wanted:
            del written[place]
    for item in wanted[len(written) :]:
        written.append(item)
