"""Operations on a multicast routing table as the kernel takes them.

IPv4 and IPv6 differ only in numbers and in the layout of four structures, which a ``Layout``
holds. An entry starts with source and group; the rest of it, its *tail*, is the same for all
entries with the same interfaces and is made once.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from struct import Struct

from ...protocol.family import IPV4, IPV6, MAX_VIFS, Address, Family

ADD_VIF, REMOVE_VIF, ADD, REMOVE = 202, 203, 204, 205
PROXY = 6
"""From MRT_ADD_MFC to MRT_ADD_MFC_PROXY, and the same for MRT_DEL_MFC."""

Operation = tuple[int, bytes]
"""ADD, REMOVE, ADD_VIF or REMOVE_VIF, and the structure that goes with it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What differs between the families: an entry is ``prefix source middle group tail``."""

    level: int
    protocol: int
    prefix: bytes
    middle: bytes
    any_source: bytes
    counters: Struct


_SOCKADDR_IN6 = Struct("=HHI")  # before the address; sin6_scope_id comes after it
_MFCCTL_TAIL = Struct("=H32s2xIIIi")
_MF6CCTL_TAIL = Struct("=4xH2xI28x")
_VIFCTL = Struct("=HBBIi4s")
_MIF6CTL = Struct("=HBBHxxI")
_MIFI = Struct("=H")
_VIFF_USE_IFINDEX = 8

_IN6 = _SOCKADDR_IN6.pack(socket.AF_INET6, 0, 0)
LAYOUTS = {
    IPV4: Layout(socket.IPPROTO_IP, socket.IPPROTO_IGMP, b"", b"", bytes(4), Struct("8xLLL")),
    IPV6: Layout(
        socket.IPPROTO_IPV6,
        socket.IPPROTO_ICMPV6,
        _IN6,
        bytes(4) + _IN6,
        _IN6 + bytes(16),
        Struct("56xLLL"),
    ),
}


class Operations:
    """Makes operations for tables of ``family``; it needs no kernel."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.layout = LAYOUTS[family]

    def vif_addition(self, vif: int, ifindex: int) -> Operation:
        """Make the interface with ``ifindex`` vif number ``vif`` (0 to 31)."""
        if self.family is IPV4:
            return ADD_VIF, _VIFCTL.pack(vif, _VIFF_USE_IFINDEX, 1, 0, ifindex, bytes(4))
        # The field has 16 bits. 0 is no interface: the kernel refuses it and takes no other one.
        return ADD_VIF, _MIF6CTL.pack(vif, 0, 1, ifindex if ifindex < 1 << 16 else 0, 0)

    def vif_removal(self, vif: int) -> Operation:
        """Remove ``vif``; entries with it stay."""
        if self.family is IPV4:
            return REMOVE_VIF, _VIFCTL.pack(vif, 0, 0, 0, 0, bytes(4))
        return REMOVE_VIF, _MIFI.pack(vif)

    def addition(self, source: Address, group: Address, tail: bytes) -> Operation:
        """Add an entry, or give the one of this source and group these interfaces."""
        layout = self.layout
        return ADD, layout.prefix + source + layout.middle + group + tail

    def removal(self, source: Address, group: Address, tail: bytes) -> Operation:
        """Remove an entry; without a source, ``tail`` must have the iif of the entry."""
        layout = self.layout
        return REMOVE, layout.prefix + source + layout.middle + group + tail

    def read_entry(self, operation: Operation) -> tuple[Address, Address, bytes]:
        """Source, group and tail of an addition or a removal."""
        data, size = operation[1], self.family.address_size
        source = len(self.layout.prefix)
        group = source + size + len(self.layout.middle)
        return data[source : source + size], data[group : group + size], data[group + size :]

    def read_tail(self, tail: bytes) -> tuple[int, list[int]]:
        """The iif and the oifs of an entry, as vif numbers, from its tail."""
        if self.family is IPV4:
            parent, levels, *_ = _MFCCTL_TAIL.unpack(tail)
            return parent, [vif for vif, level in enumerate(levels) if level]
        parent, vifs = _MF6CCTL_TAIL.unpack(tail)
        return parent, [vif for vif in range(MAX_VIFS) if vifs >> vif & 1]

    def route_tail(
        self, parent: int, outgoing: Iterable[int], thresholds: Mapping[int, int] | None = None
    ) -> bytes:
        """An entry without its addresses; ValueError for an impossible vif number.

        Packets leave by a vif only with a TTL above its threshold, which is 1 unless it is in
        ``thresholds``. For IPv6 the kernel has no other threshold.
        """
        vifs = set(outgoing)
        if not all(0 <= vif < MAX_VIFS for vif in (parent, *vifs)):
            raise ValueError(f"virtual interfaces are numbered 0 to {MAX_VIFS - 1}")
        if self.family is IPV4:
            known = thresholds or {}
            levels = bytes(known.get(v, 1) if v in vifs else 0 for v in range(MAX_VIFS))
            return _MFCCTL_TAIL.pack(parent, levels, 0, 0, 0, 0)
        return _MF6CCTL_TAIL.pack(parent, sum(1 << vif for vif in vifs))

    def pack(
        self, source: Address, group: Address, parent_vif: int, outgoing_vifs: Iterable[int]
    ) -> bytes:
        """A whole entry, for ``add`` and ``remove``."""
        return self.addition(source, group, self.route_tail(parent_vif, outgoing_vifs))[1]
