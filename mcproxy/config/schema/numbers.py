"""Kinds of values: numbers, and true or false."""

from __future__ import annotations

import math

import attrs

from ..errors import Wrong, shown
from .checks import check_range, check_table
from .value import JsonSchema

NEVER = math.inf
"""A time that never ends; "never" in a file."""

AUTO = "auto"
"""The word for what mcproxy decides itself."""

DIGITS = "write digits, without quotes"


@attrs.frozen
class Flag:
    """true or false."""

    type_name: str = "true or false"
    allowed: str = ""

    @property
    def schema(self) -> JsonSchema:
        return {"type": "boolean"}

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise Wrong(
                f"{shown(value)} is not true or false", "write true or false, without quotes"
            )
        return value


@attrs.frozen
class Whole:
    """A whole number within a range, both ends included."""

    low: int
    high: int
    type_name: str = "whole number"

    @property
    def allowed(self) -> str:
        return f"{self.low} to {self.high}" if self.high < 2**32 - 1 else f"{self.low} or more"

    @property
    def schema(self) -> JsonSchema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def read(self, value: object) -> int:
        number = whole_number(value)
        check_range(number, self.low, self.high)
        return number


@attrs.frozen
class TableNumber(Whole):
    """The number of a kernel table that an instance may have."""

    def read(self, value: object) -> int:
        number = whole_number(value)
        check_table(number)
        return super().read(number)


@attrs.frozen
class Version:
    """A version of ``protocol``, or 0 to leave ``family`` out."""

    protocol: str
    family: str
    versions: tuple[int, ...]
    type_name: str = "whole number"

    @property
    def allowed(self) -> str:
        return ", ".join(map(str, (0, *self.versions)))

    @property
    def schema(self) -> JsonSchema:
        return {"type": "integer", "enum": [0, *self.versions]}

    def read(self, value: object) -> int:
        version = whole_number(value)
        if version not in (0, *self.versions):
            *others, last = map(str, self.versions)
            raise Wrong(
                f"there is no {self.protocol}v{shown(version)}",
                f"use {', '.join(others)} or {last}, or 0 for no {self.family}",
            )
        return version


@attrs.frozen
class Number:
    """A number within a range, both ends included."""

    low: float
    high: float
    type_name: str = "number"

    @property
    def allowed(self) -> str:
        low, high = shown(self.low), shown(self.high)
        return f"{low} to {high}" if self.high < 1e9 else f"{low} or more"

    @property
    def schema(self) -> JsonSchema:
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def read(self, value: object) -> float:
        if type(value) is not int and type(value) is not float:  # a bool is an int to isinstance
            raise Wrong(f"{shown(value)} is not a number", DIGITS)
        check_range(value, self.low, self.high)
        # Only now: an integer out of range may be too large to become a float.
        return float(value)


@attrs.frozen
class NumberOrNever(Number):
    """A number within a range, or the word "never"."""

    type_name: str = 'number or "never"'

    @property
    def allowed(self) -> str:
        return f'{shown(self.low)} to {shown(self.high)}, "never"'

    @property
    def schema(self) -> JsonSchema:
        return {"anyOf": [super().schema, {"const": "never"}]}

    def read(self, value: object) -> float:
        if value == "never":
            return NEVER
        if isinstance(value, str):
            raise Wrong(f"{shown(value)} is not a number", f'{DIGITS}, or "never"')
        try:
            return super().read(value)
        except Wrong as wrong:
            raise Wrong(wrong.message, f'{wrong.hint}, or "never"') from None


@attrs.frozen
class NumberAutoOrNever(NumberOrNever):
    """A number within a range, or one of the words "auto" and "never"."""

    type_name: str = 'number, "auto" or "never"'

    @property
    def allowed(self) -> str:
        return f'{super().allowed}, "auto"'

    @property
    def schema(self) -> JsonSchema:
        return {"anyOf": [super().schema, {"const": AUTO}]}

    def read(self, value: object) -> float | str:  # type: ignore[override]
        if value == AUTO:
            return AUTO
        try:
            return super().read(value)
        except Wrong as wrong:
            raise Wrong(wrong.message, f'{wrong.hint}, or "auto"') from None


def whole_number(value: object) -> int:
    """``value``, unless it is of another type; Wrong."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong(
            f"{shown(value)} is not a whole number", "write digits, without quotes or fraction"
        )
    return value
