"""What the cells of tables are made of: values of a row as text."""

from __future__ import annotations

from collections.abc import Iterable

from ..table import GREEN, RED, YELLOW, Cell, Column, Row
from ..units import NONE, duration

SHOWN = 8
"""Items of a list that a cell shows; the others are counted."""


def value(key: str) -> Cell:
    """The value of ``key``, a list as its items; a dash if there is no value."""

    def cell(row: Row) -> object:
        found = row.get(key)
        if found.__class__ is str and found:
            return found
        if isinstance(found, list):
            return listed(map(str, found))
        return NONE if found in (None, "") else found

    return cell


def listed(items: Iterable[str]) -> str:
    """The first items of a list, and how many more there are; a dash for none."""
    known = list(items)
    if len(known) == 1:
        return known[0]
    if len(known) <= SHOWN + 1:
        return " ".join(known) or NONE
    return f"{' '.join(known[:SHOWN])} +{len(known) - SHOWN} more"


def time(key: str) -> Cell:
    """The duration that is the value of ``key``."""
    return lambda row: duration(row.get(key))


def state(row: Row) -> str:
    """The state of an interface, or else why it is not used."""
    return str(row.get("reason") or row.get("state") or NONE)


_COLOURS = {"up": GREEN, "forwarding": GREEN, "joined": GREEN, "held": YELLOW, NONE: None}


def state_colour(text: str) -> str | None:
    """Green for what works, yellow for what waits, red for all else."""
    return _COLOURS.get(text, RED)


def refusal_colour(text: str) -> str | None:
    """Red for what was refused."""
    return None if text == NONE else RED


STATE = Column(
    "State",
    state,
    "``up``, ``held``, or why it cannot be used.",
    wraps=True,
    colour=state_colour,
)
"""The state of an interface."""
