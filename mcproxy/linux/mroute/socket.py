"""One multicast routing table of the kernel: virtual interfaces and forwarding entries."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from fcntl import ioctl
from struct import Struct
from typing import NamedTuple

from ...protocol.family import IPV6, Address, Family
from ..bpf import accept_from
from ..buffers import enlarge_receive_buffer
from ..packet_info import request_arrival_times, request_losses, request_packet_info
from .dump import InstalledRoute, dump_routes
from .errors import (
    MulticastRoutingError,
    NotPermitted,
    NotSupported,
    TableInUse,
    init_error,
    socket_error,
    table_error,
)
from .operations import ADD, ADD_VIF, PROXY, REMOVE, REMOVE_VIF, Operation, Operations
from .options import set_option
from .upcall import Upcall, UpcallKind, parse_upcall

__all__ = [
    "ADD",
    "ADD_VIF",
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

RECEIVE_BUFFER = 4 << 20
"""Bytes: room for the reports of a large network while the daemon is busy."""

_MRT_INIT, _MRT_DONE, _MRT_PIM, _MRT_TABLE = 200, 201, 208, 209
_SIOCGETSGCNT = 0x89E1
_ICMP6_FILTER = 1
_RECEIVED_TYPES = (130, 131, 132, 143, 152)
"""Of ICMPv6: MLD, and solicitations of multicast routers (RFC 4286)."""


class Counters(NamedTuple):
    """What the kernel counted for one entry since it was added."""

    packets: int
    bytes: int
    wrong_interface: int


class MulticastTable(Operations):
    """The kernel's multicast routing table ``table`` (0: the default one) of ``family``.

    It is ours from the constructor to ``close``, when the kernel empties it. Messages of hosts
    and upcalls arrive on ``socket``, which does not block. The constructor raises a
    MulticastRoutingError. With a socket ``inherited`` from a process whose table it was, the
    table stays as it is. Entries are added and removed in the routing thread; all else may be
    called in any thread.
    """

    def __init__(
        self, family: Family, table: int = 0, inherited: socket.socket | None = None
    ) -> None:
        super().__init__(family)
        self.table = table
        self.socket = self._open() if inherited is None else inherited
        try:
            if inherited is None:
                self._choose_table()
            self._claim(is_ours=inherited is not None)
            self._prepare_receiving()
        except BaseException:
            self.socket.close()
            raise

    def close(self) -> None:
        """Give the table back; the kernel removes its vifs and entries."""
        with suppress(OSError):
            set_option(self.socket.fileno(), self.layout.level, _MRT_DONE, bytes(4))
        self.socket.close()

    def accept_from(
        self,
        indexes: Iterable[int],
        refused: Iterable[tuple[int, Address]] = (),
        only: Iterable[tuple[int, Address]] = (),
    ) -> None:
        """Receive IGMP or MLD from these interfaces only, without ``refused`` hosts; OSError.

        From the interfaces in ``only``, receive it from these hosts alone.
        """
        accept_from(self.socket, self.family, indexes, refused, only)

    def request_losses(self) -> int:
        """Have packets come with the number that the kernel dropped; that number now; OSError."""
        return request_losses(self.socket)

    def request_arrival_times(self, wanted: bool) -> None:
        """Have packets come with the time of their arrival in the kernel, or no more; OSError."""
        request_arrival_times(self.socket, wanted)

    def apply(self, operations: Sequence[Operation]) -> list[tuple[int, OSError]]:
        """Carry out ``operations`` in order; position and error of each that failed.

        The removal of something missing is no failure.
        """
        level, any_source = self.layout.level, self.layout.any_source
        descriptor = self.socket.fileno()
        failures = []
        for position, (option, value) in enumerate(operations):
            if option >= ADD and value.startswith(any_source):
                option += PROXY
            try:
                set_option(descriptor, level, option, value)
            except OSError as error:
                if not _is_missing(option, error):
                    failures.append((position, error))
        return failures

    # -- single operations

    def add_interface(self, vif: int, ifindex: int) -> None:
        """Make the interface with ``ifindex`` vif number ``vif``; OSError."""
        self._apply_one(self.vif_addition(vif, ifindex))

    def remove_interface(self, vif: int) -> None:
        """Take ``vif`` away; a missing one is no error."""
        self._apply_one(self.vif_removal(vif))

    def restore_vif(self, vif: int, ifindex: int) -> bool:
        """Make ``vif`` again if it is missing; whether it was missing and is made.

        OSError where it is missing and the kernel refuses it, as of an interface that is gone.
        """
        for _, error in self.apply([self.vif_addition(vif, ifindex)]):
            if error.errno == errno.EADDRINUSE:
                return False
            raise error
        return True

    def add(self, entry: bytes) -> None:
        """Add an entry, or replace its interfaces; OSError."""
        self._apply_one((ADD, entry))

    def remove(self, entry: bytes) -> None:
        """Remove an entry; a missing one is no error."""
        self._apply_one((REMOVE, entry))

    def counters(self, source: Address, group: Address) -> Counters | None:
        """The counters of the entry with exactly this source and group; None without one."""
        layout = self.layout
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

    # -- opening

    def _open(self) -> socket.socket:
        layout, kind = self.layout, socket.SOCK_RAW | socket.SOCK_NONBLOCK
        try:
            return socket.socket(self.family.socket_family, kind, layout.protocol)
        except OSError as error:
            raise socket_error(self.family, error) from error

    def _choose_table(self) -> None:
        if self.table:
            try:
                self.socket.setsockopt(self.layout.level, _MRT_TABLE, self.table)
            except OSError as error:
                raise table_error(self.family, self.table, error) from error

    def _claim(self, is_ours: bool) -> None:
        level = self.layout.level
        try:
            self.socket.setsockopt(level, _MRT_INIT, 1)
        except OSError as error:
            if is_ours and error.errno == errno.EADDRINUSE:
                return  # by this very socket
            raise init_error(self.family, self.table, error) from error
        # With PIM on, the kernel reports data on any wrong interface; without, only on an oif.
        # Kernels without PIM can do no more.
        with suppress(OSError):
            self.socket.setsockopt(level, _MRT_PIM, 1)

    def _prepare_receiving(self) -> None:
        enlarge_receive_buffer(self.socket, RECEIVE_BUFFER)
        request_packet_info(self.socket, self.family)
        if self.family is IPV6:
            passed = _icmp6_filter(_RECEIVED_TYPES)
            self.socket.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, passed)


def _is_missing(option: int, error: OSError) -> bool:
    """Whether a removal failed because the vif or entry was missing."""
    if option == REMOVE_VIF:
        return error.errno == errno.EADDRNOTAVAIL
    return error.errno == errno.ENOENT and option in (REMOVE, REMOVE + PROXY)


def _icmp6_filter(passed: Iterable[int]) -> bytes:
    """A struct icmp6_filter: a set bit blocks its type."""
    words = [0xFFFFFFFF] * 8
    for kind in passed:
        words[kind >> 5] &= ~(1 << (kind & 31))
    return Struct("=8I").pack(*words)
