"""Upcalls: messages of the kernel on a multicast routing socket, between those of hosts."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from ...protocol.family import IPV4, IPV6, Address, Family


class UpcallKind(IntEnum):
    """Why the kernel sends an upcall; the same numbers in both families."""

    NOCACHE = 1
    WRONG_INTERFACE = 2
    WHOLE_PACKET = 3
    WRONG_INTERFACE_WHOLE_PACKET = 4


class Upcall(NamedTuple):
    """A packet from ``source`` to ``group`` arrived on vif number ``vif``."""

    kind: UpcallKind
    vif: int
    source: Address
    group: Address


# struct igmpmsg: an IPv4 header in shape, with protocol 0 where packets have a real one.
_IGMPMSG = Struct("=8xBBBB4s4s")
# struct mrt6msg: its first byte is 0, which is no ICMPv6 type that this socket gets.
_MRT6MSG = Struct("=xBH4x16s16s")
_IPV4_PROTOCOL = 9

UPCALL_MARKS = {IPV4: _IPV4_PROTOCOL, IPV6: 0}
"""Where an upcall of each family has a byte 0; no message of a host has one there."""

_KINDS = {kind.value: kind for kind in UpcallKind}


def parse_upcall(family: Family, data: bytes) -> Upcall | None:
    """The upcall in ``data``, as read from a table's socket; None for everything else.

    Never raises: data that is too short or of an unknown kind is no upcall.
    """
    if family is IPV4:
        if len(data) < _IGMPMSG.size or data[_IPV4_PROTOCOL]:
            return None
        kind, _, low, high, source, group = _IGMPMSG.unpack_from(data)
        vif = low | high << 8
    else:
        if len(data) < _MRT6MSG.size or data[0]:
            return None
        kind, vif, source, group = _MRT6MSG.unpack_from(data)
    known = _KINDS.get(kind)
    return None if known is None else Upcall(known, vif, source, group)
