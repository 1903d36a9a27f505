"""One multicast routing table of the kernel: virtual interfaces and forwarding entries.

IPv4 and IPv6 differ in numbers and in the layout of three structures only, which a
``_Layout`` holds. An entry starts with source and group; the rest of it, its *tail*, is
the same for all entries with the same interfaces and can be kept.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fcntl import ioctl
from struct import Struct
from typing import NamedTuple

from ..protocol.family import IPV4, IPV6, Address, Family
from .buffers import enlarge_receive_buffer
from .mroutedump import InstalledRoute, dump_routes
from .mrouteerrors import (
    MulticastRoutingError,
    NotPermitted,
    NotSupported,
    TableInUse,
    init_error,
    socket_error,
    table_error,
)
from .upcall import Upcall, UpcallKind, parse_upcall

__all__ = [
    "ADD",
    "ADD_VIF",
    "MOST_VIFS",
    "REMOVE",
    "REMOVE_VIF",
    "Counters",
    "InstalledRoute",
    "MulticastRoutingError",
    "MulticastTable",
    "NotPermitted",
    "NotSupported",
    "Operation",
    "TableInUse",
    "Upcall",
    "UpcallKind",
    "dump_routes",
    "parse_upcall",
]

MOST_VIFS = 32
"""Virtual interfaces of one table; the kernel's MAXVIFS and MAXMIFS."""

RECEIVE_BUFFER = 4 << 20
"""Bytes: room for the reports of a large network while the daemon is busy."""

_MRT_INIT, _MRT_DONE, _MRT_PIM, _MRT_TABLE = 200, 201, 208, 209
ADD_VIF, REMOVE_VIF, ADD, REMOVE = 202, 203, 204, 205
_PROXY = 6  # from MRT_ADD_MFC to MRT_ADD_MFC_PROXY, and the same for MRT_DEL_MFC
_SIOCGETSGCNT = 0x89E1
_IP_PKTINFO = 8
_ICMP6_FILTER = 1
_MLD_TYPES = (130, 131, 132, 143)

Operation = tuple[int, bytes]
"""ADD, REMOVE, ADD_VIF or REMOVE_VIF, and the structure that goes with it."""


class Counters(NamedTuple):
    """What the kernel counted for one entry since it was made."""

    packets: int
    bytes: int
    wrong_interface: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the families differ: an entry is ``prefix source middle group tail``."""

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
_LAYOUTS = {
    IPV4: _Layout(socket.IPPROTO_IP, socket.IPPROTO_IGMP, b"", b"", bytes(4), Struct("8xLLL")),
    IPV6: _Layout(
        socket.IPPROTO_IPV6,
        socket.IPPROTO_ICMPV6,
        _IN6,
        bytes(4) + _IN6,
        _IN6 + bytes(16),
        Struct("56xLLL"),
    ),
}


class MulticastTable:
    """The kernel's multicast routing table ``table`` (0: the default one) of ``family``.

    It is ours from the constructor to ``close``, when the kernel empties it. What hosts send
    and what the kernel tells comes in on ``socket``, which does not block. The constructor
    raises a MulticastRoutingError. Entries are for the routing thread to add and remove, the
    rest may be called in any thread.
    """

    def __init__(self, family: Family, table: int = 0) -> None:
        self.family = family
        self.table = table
        self._layout = _LAYOUTS[family]
        self.socket = self._open()
        try:
            self._take_over()
            self._prepare_receiving()
        except BaseException:
            self.socket.close()
            raise

    def close(self) -> None:
        """Give the table back; the kernel removes all that was in it."""
        with suppress(OSError):
            self.socket.setsockopt(self._layout.level, _MRT_DONE, 0)
        self.socket.close()

    # -- operations, made anywhere and applied in the routing thread

    def vif_addition(self, vif: int, ifindex: int) -> Operation:
        """Makes the interface with ``ifindex`` virtual interface ``vif`` (0 to 31)."""
        if self.family is IPV4:
            return ADD_VIF, _VIFCTL.pack(vif, _VIFF_USE_IFINDEX, 1, 0, ifindex, bytes(4))
        # The field has 16 bits. 0 is no interface: the kernel refuses instead of taking another.
        return ADD_VIF, _MIF6CTL.pack(vif, 0, 1, ifindex if ifindex < 1 << 16 else 0, 0)

    def vif_removal(self, vif: int) -> Operation:
        """Takes ``vif`` away; its entries stay."""
        if self.family is IPV4:
            return REMOVE_VIF, _VIFCTL.pack(vif, 0, 0, 0, 0, bytes(4))
        return REMOVE_VIF, _MIFI.pack(vif)

    def addition(self, source: Address, group: Address, tail: bytes) -> Operation:
        """Adds an entry, or gives the one of this source and group these interfaces."""
        layout = self._layout
        return ADD, layout.prefix + source + layout.middle + group + tail

    def removal(self, source: Address, group: Address, tail: bytes) -> Operation:
        """Removes an entry; with no source the parent in ``tail`` must be the entry's."""
        layout = self._layout
        return REMOVE, layout.prefix + source + layout.middle + group + tail

    def route_tail(self, parent: int, outgoing: Iterable[int]) -> bytes:
        """All of an entry but its addresses; ValueError for a vif that cannot be."""
        vifs = set(outgoing)
        if not all(0 <= vif < MOST_VIFS for vif in (parent, *vifs)):
            raise ValueError(f"virtual interfaces are numbered 0 to {MOST_VIFS - 1}")
        if self.family is IPV4:
            thresholds = bytes(vif in vifs for vif in range(MOST_VIFS))
            return _MFCCTL_TAIL.pack(parent, thresholds, 0, 0, 0, 0)
        return _MF6CCTL_TAIL.pack(parent, sum(1 << vif for vif in vifs))

    def pack(
        self, source: Address, group: Address, parent_vif: int, outgoing_vifs: Iterable[int]
    ) -> bytes:
        """A whole entry, for ``add`` and ``remove``."""
        return self.addition(source, group, self.route_tail(parent_vif, outgoing_vifs))[1]

    def apply(self, operations: Sequence[Operation]) -> list[tuple[int, OSError]]:
        """Carry out ``operations`` in order; position and error of each that failed.

        Removing what is not there is no failure.
        """
        level, any_source, set_option = (
            self._layout.level,
            self._layout.any_source,
            self.socket.setsockopt,
        )
        failures = []
        for position, (option, value) in enumerate(operations):
            if option >= ADD and value.startswith(any_source):
                option += _PROXY
            try:
                set_option(level, option, value)
            except OSError as error:
                if not _is_missing(option, error):
                    failures.append((position, error))
        return failures

    # -- one thing at a time

    def add_interface(self, vif: int, ifindex: int) -> None:
        """Make the interface with ``ifindex`` a virtual one; OSError when it cannot be."""
        self._apply_one(self.vif_addition(vif, ifindex))

    def remove_interface(self, vif: int) -> None:
        """Take ``vif`` away; a missing one is no error."""
        self._apply_one(self.vif_removal(vif))

    def restore_vif(self, vif: int, ifindex: int) -> bool:
        """Make ``vif`` again if it is missing; whether that was so and was possible."""
        return not self.apply([self.vif_addition(vif, ifindex)])

    def add(self, entry: bytes) -> None:
        """Add an entry, or replace its interfaces; OSError."""
        self._apply_one((ADD, entry))

    def remove(self, entry: bytes) -> None:
        """Remove an entry; a missing one is no error."""
        self._apply_one((REMOVE, entry))

    def counters(self, source: Address, group: Address) -> Counters | None:
        """What the entry of exactly this source and group counted; None without one."""
        layout = self._layout
        request = bytearray(layout.prefix + source + layout.middle + group)
        request.extend(bytes(layout.counters.size - len(request)))
        try:
            ioctl(self.socket, _SIOCGETSGCNT, request)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return None
            raise
        return Counters(*layout.counters.unpack(request))

    def _apply_one(self, operation: Operation) -> None:
        for _, error in self.apply([operation]):
            raise error

    # -- taking the table over

    def _open(self) -> socket.socket:
        layout, kind = self._layout, socket.SOCK_RAW | socket.SOCK_NONBLOCK
        try:
            return socket.socket(self.family.socket_family, kind, layout.protocol)
        except OSError as error:
            raise socket_error(self.family, error) from error

    def _take_over(self) -> None:
        level = self._layout.level
        if self.table:
            try:
                self.socket.setsockopt(level, _MRT_TABLE, self.table)
            except OSError as error:
                raise table_error(self.family, self.table, error) from error
        try:
            self.socket.setsockopt(level, _MRT_INIT, 1)
        except OSError as error:
            inode = os.fstat(self.socket.fileno()).st_ino
            raise init_error(self.family, self.table, error, inode) from error
        # With PIM on, data on a wrong interface is told whichever interface that is; without,
        # only where the entry goes out. Kernels without PIM leave it at that.
        with suppress(OSError):
            self.socket.setsockopt(level, _MRT_PIM, 1)

    def _prepare_receiving(self) -> None:
        sock, level = self.socket, self._layout.level
        enlarge_receive_buffer(sock, RECEIVE_BUFFER)
        if self.family is IPV4:
            sock.setsockopt(level, _IP_PKTINFO, 1)
            return
        sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, _icmp6_filter(_MLD_TYPES))
        sock.setsockopt(level, socket.IPV6_RECVPKTINFO, 1)
        sock.setsockopt(level, socket.IPV6_RECVHOPLIMIT, 1)
        sock.setsockopt(level, socket.IPV6_RECVHOPOPTS, 1)


def _is_missing(option: int, error: OSError) -> bool:
    """Whether a removal failed because there was nothing to remove."""
    if option == REMOVE_VIF:
        return error.errno == errno.EADDRNOTAVAIL
    return error.errno == errno.ENOENT and option in (REMOVE, REMOVE + _PROXY)


def _icmp6_filter(passed: Iterable[int]) -> bytes:
    """A struct icmp6_filter: a set bit blocks its type."""
    words = [0xFFFFFFFF] * 8
    for kind in passed:
        words[kind >> 5] &= ~(1 << (kind & 31))
    return Struct("=8I").pack(*words)
