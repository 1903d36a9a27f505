"""The ports that decide what packet filters do to the data of streams."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from ...linux.firewall.ruleset import Expression, Part, Ruleset, XtMatch
from ...linux.netlink.dumps import values
from . import xt

LOWEST = 1024
"""Streams have no well-known port; those below belong to services such as DNS."""

ANY = 5000
"""Stands for all ports that no rule names."""

MOST = 100

_PORT = Struct(">H")


def deciding_ports(ruleset: Ruleset) -> list[int] | None:
    """Ports of which one stands for each that a stream can have; None for too many.

    Rules compare a port with constants. So what holds for each constant, its neighbours, and
    one other port holds for all.
    """
    found = {ANY}
    for chain in ruleset.chains:
        for rule in chain.rules:
            for part in rule.parts:
                for port in _constants(ruleset, (chain.family, chain.table), part):
                    found |= {port - 1, port, port + 1}
                if len(found) > MOST:
                    return None
    return sorted(port for port in found if LOWEST <= port < 1 << 16)


def _constants(ruleset: Ruleset, table: tuple[int, str], part: Part) -> Iterator[int]:
    """The numbers in a part of a rule that may be ports."""
    match part:
        case Expression("cmp", attributes):
            yield from _numbers(values(attributes.get(3, b"")).get(1, b""))
        case Expression("range", attributes):
            for kind in (3, 4):
                yield from _numbers(values(attributes.get(kind, b"")).get(1, b""))
        case Expression("lookup", attributes):
            name = attributes.get(1, b"").split(b"\0", 1)[0].decode(errors="replace")
            elements = ruleset.sets.get((*table, name))
            for element in elements.elements[: MOST + 1] if elements else ():
                yield from _numbers(element.key)
        case XtMatch("udp" | "multiport"):
            yield from xt.ports_of(part)


def _numbers(value: bytes) -> Iterator[int]:
    """The port in a key, which is a port or has one as a part that is filled up to 4 bytes."""
    if len(value) == _PORT.size:
        yield _PORT.unpack(value)[0]
    elif len(value) % 4 == 0 and len(value) > 4:
        for at in range(0, len(value), 4):
            if value[at + 2 : at + 4] == b"\0\0":
                yield _PORT.unpack_from(value, at)[0]
