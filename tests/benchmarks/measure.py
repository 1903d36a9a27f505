"""Measures, the rows that they yield, and the targets of rows."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .contenders import IGMPPROXY, MCPROXY, Contender

Statistic = Callable[[list[float]], float]


class Findings:
    """The results of one contender: values and remarks by row."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = defaultdict(list)
        self.remarks: dict[str, list[str]] = defaultdict(list)

    def add(self, row: str, *values: float) -> None:
        """Add values of a row."""
        self.values[row].extend(values)

    def remark(self, row: str, text: str) -> None:
        """Add a remark to a row, once."""
        if text not in self.remarks[row]:
            self.remarks[row].append(text)


@dataclass(frozen=True)
class Target:
    """The target of mcproxy's value; ``met`` gets the values of the other daemons, too, by name.

    A daemon without a value is left out.
    """

    text: str
    met: Callable[[float, Mapping[str, float]], bool]


@dataclass(frozen=True)
class Row:
    """A row of the table; ``statistic`` reduces all values to one number."""

    key: str
    title: str
    unit: str
    digits: int
    target: Target | None = None
    statistic: Statistic = statistics.median

    def value(self, findings: Findings) -> float | None:
        """The number of the row; None without values."""
        values = findings.values[self.key]
        return self.statistic(values) if values else None


@dataclass(frozen=True)
class Measure:
    """A measure; ``run`` does one round with one contender."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]
    rounds: int
    run: Callable[[Contender, Findings], None]
    contenders: tuple[Contender, ...] = (MCPROXY, IGMPPROXY)


def percentile_95(values: list[float]) -> float:
    """The smallest value that 95 % do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def at_most(limit: float, text: str = "") -> Target:
    """The target "at most ``limit``"."""
    return Target(text or f"at most {limit:g}", lambda ours, _: ours <= limit)


def at_most_part(divisor: float) -> Target:
    """The target "at most igmpproxy's value divided by ``divisor``"."""

    def met(ours: float, theirs: Mapping[str, float]) -> bool:
        return IGMPPROXY.name in theirs and ours <= theirs[IGMPPROXY.name] / divisor

    return Target(f"at most 1/{divisor:g} of igmpproxy", met)


def at_most_best(factor: float, text: str) -> Target:
    """The target "at most the best peer's value times ``factor``"."""

    def met(ours: float, theirs: Mapping[str, float]) -> bool:
        return bool(theirs) and ours <= min(theirs.values()) * factor

    return Target(text, met)


def near(value: float, tolerance: float, text: str) -> Target:
    """The target "within ``tolerance`` of ``value``"."""
    return Target(text, lambda ours, _: abs(ours - value) <= tolerance)
