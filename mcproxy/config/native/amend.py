"""A file in TOML made to say something else: what is different is changed in its text.

Comments, order and layout of the rest stay as whoever wrote it made them.
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
from .toml import parse

MOST_ROUNDS = 4
"""A filter that names another one is changed along with that, and then has to be changed back."""


def amended(text: str, wanted: Configuration) -> str | None:
    """``text``, changed so that it is read as ``wanted``; None where that does not come out."""
    try:
        for _ in range(MOST_ROUNDS):
            said = parse(text)
            if _is_same(said, wanted):
                return text
            tables = tomlkit.parse(text)
            _amend(tables, document(said), document(wanted))
            text = tomlkit.dumps(tables)
    except (TOMLKitError, ConfigurationError):
        pass
    return None


def _is_same(one: Configuration, other: Configuration) -> bool:
    """Whether nothing is different, nor which pattern comes first."""
    return not compare(one, other) and _patterns(one) == _patterns(other)


def _patterns(configuration: Configuration) -> dict[str, list[str]]:
    return {
        instance.name: [name for name in instance.interface if is_pattern(name)]
        for instance in configuration.instances
    }


def _amend(tables: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Carry out in ``tables`` what is different in ``after``."""
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
            tables[key] = value


def _grows(written: Array, wanted: Any) -> bool:
    """Whether ``wanted`` is ``written`` without some of its items, and with others at its end."""
    kept = [item for item in written if item in wanted]
    return bool(kept == wanted[: len(kept)])


def _amend_list(written: Array, wanted: list[Any]) -> None:
    for place in reversed(range(len(written))):
        if written[place] not in wanted:
            del written[place]
    for item in wanted[len(written) :]:
        written.append(item)
