"""What the kernel counted in one multicast routing table: by entry, and by virtual interface.

Entries are read in slices, so that the reader can let other work go first between two of them.
They are kept as plain bytes: a table may have 50,000 entries, and bytes cost the garbage
collector nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fcntl import ioctl
from struct import Struct
from typing import NamedTuple

from ...protocol.family import Address, Family
from ..netlink import frame as netlink
from ..netlink.frame import ATTRIBUTE, INT
from .dump import (
    FLAGS_AT,
    RTA_DST,
    RTA_EXPIRES,
    RTA_IIF,
    RTA_MFC_STATS,
    RTA_SRC,
    RTA_TABLE,
    RTM_NEWROUTE,
    RTMSG,
    RTNH_F_UNRESOLVED,
    check_result,
    kernel_table,
    open_dump_socket,
    request_dump,
)

SLICE_BYTES = 16384
"""Of an answer of the kernel that are parsed at once: some hundred entries, in half a millisecond.

The kernel never sends more than 8 KiB to a reader that has shown no larger buffer.
"""

_SIOCGETVIFCNT = 0x89E0
_VIF_REQUEST = Struct("@HLLLL")
ENTRY = Struct("=QQQQ")
"""A value of ``Entries``: packets, bytes, wrong interface, ticks since the last packet."""

_NEVER_USED = bytes(8)
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class EntryCounters(NamedTuple):
    """What the kernel counted for an entry since it was added.

    ``packets`` and ``bytes`` include the ``wrong_interface`` ones, which arrived on another
    interface than the iif. ``idle`` is the time in seconds since the last packet; None if there
    was none.
    """

    packets: int
    bytes: int
    wrong_interface: int
    idle: float | None


class VifCounters(NamedTuple):
    """What the kernel counted on one virtual interface since it was added.

    ``packets_out`` and ``bytes_out`` include packets that a firewall drops after routing.
    """

    packets_in: int = 0
    packets_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


Entries = dict[bytes, bytes]
"""Counters by entry, packed: see ``entry_key`` and ``unpack_entry``."""


def entry_key(source: Address, group: Address, parent: int) -> bytes:
    """The key of an entry in ``Entries``; ``parent`` (ifindex) counts for any source only."""
    return source + group if any(source) else source + group + INT.pack(parent)


def unpack_entry(value: bytes, offset: int = 0) -> EntryCounters:
    """The counters of one entry, packed at an offset."""
    packets, size, wrong, ticks = ENTRY.unpack_from(value, offset)
    idle = ticks / _TICKS_PER_SECOND if packets else None
    return EntryCounters(packets, size, wrong, idle)


def read_entries(family: Family, table: int) -> Iterator[Entries]:
    """Read the counters of all entries of ``table``, a slice at a time; OSError.

    Blocks only as long as the kernel takes for one slice. An entry that is added or removed
    meanwhile may be missing. A table that does not exist has no entries.
    """
    number, any_address = kernel_table(family, table), family.unspecified
    with open_dump_socket() as sock:
        request_dump(sock, family, number, sequence=1)
        while True:
            found: Entries = {}
            data = sock.recv(SLICE_BYTES)
            for message, _, _, start, end in netlink.messages(data):
                if message == RTM_NEWROUTE:
                    _parse(data, start, end, number, any_address, found)
                elif message in (netlink.NLMSG_DONE, netlink.NLMSG_ERROR):
                    check_result(INT.unpack_from(data, start)[0])
                    yield found
                    return
            yield found


def _parse(
    data: bytes, start: int, end: int, table: int, any_address: Address, found: Entries
) -> None:
    """Add one entry to ``found``, unless it is unresolved or in another table."""
    if INT.unpack_from(data, start + FLAGS_AT)[0] & RTNH_F_UNRESOLVED:
        return
    source = group = any_address
    parent, counters, idle = INT.pack(0), b"", _NEVER_USED
    at = start + RTMSG.size
    while at < end:
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if kind == RTA_SRC:
            source = data[at + 4 : at + length]
        elif kind == RTA_DST:
            group = data[at + 4 : at + length]
        elif kind == RTA_IIF:
            parent = data[at + 4 : at + length]
        elif kind == RTA_MFC_STATS:
            counters = data[at + 4 : at + length]
        elif kind == RTA_EXPIRES:
            idle = data[at + 4 : at + length]
        elif kind == RTA_TABLE and INT.unpack_from(data, at + 4)[0] != table:
            return
        at += (length + 3) & ~3 or 4
    if counters:
        key = source + group + parent if source == any_address else source + group
        found[key] = counters + idle


def read_vif(descriptor: int, vif: int) -> VifCounters | None:
    """The counters of vif number ``vif`` of the table behind a descriptor; None for no such vif."""
    request = bytearray(_VIF_REQUEST.pack(vif, 0, 0, 0, 0))
    try:
        ioctl(descriptor, _SIOCGETVIFCNT, request)
    except OSError:
        return None
    _, packets_in, packets_out, bytes_in, bytes_out = _VIF_REQUEST.unpack(request)
    return VifCounters(packets_in, packets_out, bytes_in, bytes_out)
