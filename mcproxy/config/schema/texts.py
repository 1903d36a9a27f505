"""Kinds of values: texts, names of interfaces, and lists of such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ..addresses import Texts
from ..errors import Wrong, shown
from ..names import EXCEPT, LONGEST_PATTERN, check_name, check_name_or_pattern
from .value import JsonSchema

MOST_NAMES = 1000
"""Names and patterns of a list, which are compared with each other."""

QUOTES = "write it in quotes"

INTERFACE_SCHEMA: JsonSchema = {
    "type": "string",
    "pattern": r"^[^/:\s]+$",
    "maxLength": LONGEST_PATTERN,
}


class Word:
    """One of a few words."""

    type_name = "text"

    def __init__(self, *words: str) -> None:
        self._words = words

    @property
    def allowed(self) -> str:
        return ", ".join(f'"{word}"' for word in self._words)

    @property
    def schema(self) -> JsonSchema:
        return {"type": "string", "enum": list(self._words)}

    def read(self, value: object) -> str:
        word = text(value)
        if word not in self._words:
            expected = ", ".join(self._words)
            raise Wrong(f"{shown(word)} is not a valid value (expected: {expected})")
        return word


@attrs.frozen
class Text:
    """A text that a ``check`` accepts; ``pattern`` is nearly the same as a regular expression."""

    check: Callable[[str], None] | None = None
    pattern: str = ""
    allowed: str = ""
    type_name: str = "text"

    @property
    def schema(self) -> JsonSchema:
        return {"type": "string"} | ({"pattern": self.pattern} if self.pattern else {})

    def read(self, value: object) -> str:
        read = text(value)
        if self.check is not None:
            self.check(read)
        return read


@attrs.frozen
class InterfaceName:
    """The name of an interface, or a pattern."""

    type_name: str = "text"
    allowed: str = "a name or a pattern"

    @property
    def schema(self) -> JsonSchema:
        return INTERFACE_SCHEMA

    def read(self, value: object) -> str:
        name = text(value)
        check_name_or_pattern(name)
        return name


@attrs.frozen
class InterfaceNames:
    """Names of interfaces, or one of them without a list; patterns are allowed or not."""

    patterns: bool
    type_name: str = "text or list of texts"

    @property
    def allowed(self) -> str:
        return 'names, patterns, and exceptions such as "!eth2"' if self.patterns else "names"

    @property
    def schema(self) -> JsonSchema:
        return _one_or_list(INTERFACE_SCHEMA)

    def read(self, value: object) -> tuple[str, ...]:
        """The names; an ExceptionGroup of Wrong has a part for each name that is wrong."""
        if not isinstance(value, str | list):
            raise Wrong(f"{shown(value)} is neither a name nor a list", "write names in quotes")
        if isinstance(value, list) and len(value) > MOST_NAMES:
            raise Wrong(
                f"the list has {len(value)} names, and {MOST_NAMES} are allowed",
                "write patterns such as lan*",
            )
        # Upstreams have an order, so each is one interface.
        return tuple(_all_checked(value, _check_listed if self.patterns else check_name))


@attrs.frozen
class TextList:
    """Texts that ``check`` accepts one by one, or one of them without a list."""

    check: Callable[[str], object]
    allowed: str
    type_name: str = "list of texts"

    @property
    def schema(self) -> JsonSchema:
        return _one_or_list({"type": "string"})

    def read(self, value: object) -> Texts:
        """The texts; an ExceptionGroup of Wrong has a part for each text that is wrong."""
        if not isinstance(value, str | list):
            raise Wrong(f"{shown(value)} is neither text nor a list", QUOTES)
        return Texts(tuple(_all_checked(value, self.check)))


def _check_listed(name: str) -> None:
    """A name or pattern, or one of them that is an exception."""
    check_name_or_pattern(name.removeprefix(EXCEPT))


def text(value: object) -> str:
    """``value``, unless it is of another type; Wrong."""
    if not isinstance(value, str):
        raise Wrong(f"{shown(value)} is not text", QUOTES)
    return value


def _all_checked(value: str | list[Any], check: Callable[[str], object]) -> list[str]:
    """One text or several, if ``check`` accepts them; else an ExceptionGroup of Wrong."""
    texts: list[str] = []
    wrongs: list[Wrong] = []
    for item in [value] if isinstance(value, str) else value:
        try:
            texts.append(text(item))
            check(texts[-1])
        except Wrong as wrong:
            wrongs.append(wrong)
    if wrongs:
        raise ExceptionGroup("texts", wrongs)
    return texts


def _one_or_list(item: JsonSchema) -> JsonSchema:
    return {"anyOf": [item, {"type": "array", "items": item}]}
