"""The tables of a router's reactions: RFC 9776, 6.4.1 and 6.4.2; RFC 9777, 7.4.1 and 7.4.2."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mcproxy.protocol.sources import EXCLUDE, INCLUDE, FilterMode
from mcproxy.protocol.wire.packets import NO_SOURCES, RecordType, Sources

from ..families import ALLOW, BLOCK, IS_EX, IS_IN, TO_EX, TO_IN


class Row(NamedTuple):
    """A row of the tables: the new state and the actions.

    The timers of ``renewed`` are set to the membership interval, those of ``like_group`` to the
    group timer as it was. With ``renew_group`` the group timer is set to the membership interval.
    """

    mode: FilterMode
    x: Sources
    y: Sources = NO_SOURCES
    renewed: Sources = NO_SOURCES
    like_group: Sources = NO_SOURCES
    ask: Sources = NO_SOURCES
    ask_group: bool = False
    renew_group: bool = False


Reaction = Callable[[Sources, Sources, Sources], Row]
INCLUDE_ROWS: dict[RecordType, Callable[[Sources, Sources], Row]] = {
    IS_IN: lambda a, b: Row(INCLUDE, a | b, renewed=b),
    IS_EX: lambda a, b: Row(EXCLUDE, a & b, b - a, renew_group=True),
    ALLOW: lambda a, b: Row(INCLUDE, a | b, renewed=b),
    BLOCK: lambda a, b: Row(INCLUDE, a, ask=a & b),
    TO_EX: lambda a, b: Row(EXCLUDE, a & b, b - a, ask=a & b, renew_group=True),
    TO_IN: lambda a, b: Row(INCLUDE, a | b, renewed=b, ask=a - b),
}
"""CS-01, CS-02, SC-01 to SC-04: by record, from the state INCLUDE(A) and the list B."""

EXCLUDE_ROWS: dict[RecordType, Reaction] = {
    IS_IN: lambda x, y, a: Row(EXCLUDE, x | a, y - a, renewed=a),
    IS_EX: lambda x, y, a: Row(EXCLUDE, a - y, y & a, renewed=a - x - y, renew_group=True),
    ALLOW: lambda x, y, a: Row(EXCLUDE, x | a, y - a, renewed=a),
    BLOCK: lambda x, y, a: Row(EXCLUDE, x | (a - y), y, like_group=a - x - y, ask=a - y),
    TO_EX: lambda x, y, a: Row(
        EXCLUDE, a - y, y & a, like_group=a - x - y, ask=a - y, renew_group=True
    ),
    TO_IN: lambda x, y, a: Row(EXCLUDE, x | a, y - a, renewed=a, ask=x - a, ask_group=True),
}
"""CS-03, CS-04, SC-05 to SC-08: by record, from the state EXCLUDE(X,Y) and the list A."""
