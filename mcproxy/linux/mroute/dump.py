"""All entries of a multicast routing table, read at once over netlink.

It uses ``struct``: a general netlink library takes thirty times as long for a large table.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from ...protocol.family import IPV4, Address, Family
from ..netlink import frame as netlink
from ..netlink.frame import ATTRIBUTE, INT


class InstalledRoute(NamedTuple):
    """One entry in the kernel; an unspecified source or group stands for any.

    ``parent`` (iif) and ``outgoing`` (oifs) are interface indexes; ``parent`` is 0 when its link
    is gone. ``wrong_interface`` counts those of ``packets`` that arrived on another interface.
    """

    source: Address
    group: Address
    parent: int
    outgoing: tuple[int, ...]
    packets: int
    bytes: int
    wrong_interface: int = 0


RTNL_FAMILY_IPMR, RTNL_FAMILY_IP6MR = 128, 129
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTA_DST, RTA_SRC, RTA_IIF, RTA_MULTIPATH, RTA_TABLE, RTA_MFC_STATS = 1, 2, 3, 9, 15, 17
RTA_EXPIRES = 23
RTNH_F_UNRESOLVED = 0x20
RTMSG = Struct("=BBBBBBBBI")
"""struct rtmsg; its last field are the flags."""

FLAGS_AT = 8
_NEXT_HOP = Struct("=HBBi")
_STATS = Struct("=QQQ")

_BUFFER = 1 << 16
_TIMEOUT = 10.0
_MOST_TRIES = 4


def kernel_table(family: Family, table: int) -> int:
    """The number of ``table`` in netlink messages, where 0 is the default one."""
    return table or (253 if family is IPV4 else 254)


def dump_routes(family: Family, table: int = 0) -> list[InstalledRoute]:
    """The entries of ``table``, none when it does not exist; OSError.

    Blocks. Unresolved entries, for which packets wait, are left out.
    """
    with open_dump_socket() as sock:
        for sequence in range(1, _MOST_TRIES + 1):
            routes, whole = _dump_once(sock, family, kernel_table(family, table), sequence)
            if whole:
                break
        return routes


def open_dump_socket() -> socket.socket:
    """A blocking socket for ``request_dump``; OSError."""
    sock = netlink.open_netlink(blocking=True)
    sock.settimeout(_TIMEOUT)
    try:
        # Lets the kernel select the table; an older kernel sends all tables.
        sock.setsockopt(netlink.SOL_NETLINK, netlink.NETLINK_GET_STRICT_CHK, 1)
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:
            sock.close()
            raise
    return sock


def request_dump(sock: socket.socket, family: Family, table: int, sequence: int) -> None:
    """Ask for the entries of a table, numbered as in netlink messages; OSError."""
    kind = RTNL_FAMILY_IPMR if family is IPV4 else RTNL_FAMILY_IP6MR
    body = RTMSG.pack(kind, 0, 0, 0, 0, 0, 0, 0, 0)
    body += netlink.attribute(RTA_TABLE, INT.pack(table))
    sock.send(netlink.request(RTM_GETROUTE, netlink.NLM_F_DUMP, sequence, body))


def _dump_once(
    sock: socket.socket, family: Family, table: int, sequence: int
) -> tuple[list[InstalledRoute], bool]:
    """The entries, and whether none changed meanwhile."""
    request_dump(sock, family, table, sequence)
    routes: list[InstalledRoute] = []
    whole = True
    while True:
        data = sock.recv(_BUFFER)
        for message, flags, number, start, end in netlink.messages(data):
            if number != sequence:
                continue
            whole = whole and not flags & netlink.NLM_F_DUMP_INTR
            if message == RTM_NEWROUTE:
                route = _parse(data, start, end, table, family.unspecified)
                if route is not None:
                    routes.append(route)
            elif message in (netlink.NLMSG_DONE, netlink.NLMSG_ERROR):
                check_result(INT.unpack_from(data, start)[0])
                return routes, whole


def check_result(result: int) -> None:
    """Raise the kernel's error, unless the table does not exist."""
    if result not in (0, -errno.ENOENT):
        raise OSError(-result, os.strerror(-result))


def _parse(
    data: bytes, start: int, end: int, table: int, any_address: Address
) -> InstalledRoute | None:
    """The entry in one message; None when it is in another table or unresolved."""
    if INT.unpack_from(data, start + FLAGS_AT)[0] & RTNH_F_UNRESOLVED:
        return None
    source = group = any_address
    parent = packets = size = wrong = 0
    outgoing: tuple[int, ...] = ()
    at = start + RTMSG.size
    while at < end:
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if kind == RTA_SRC:
            source = data[at + 4 : at + length]
        elif kind == RTA_DST:
            group = data[at + 4 : at + length]
        elif kind == RTA_IIF:
            (parent,) = INT.unpack_from(data, at + 4)
        elif kind & 0x3FFF == RTA_MULTIPATH:
            outgoing = tuple(_next_hops(data, at + 4, at + length))
        elif kind == RTA_MFC_STATS:
            packets, size, wrong = _STATS.unpack_from(data, at + 4)
        elif kind == RTA_TABLE and INT.unpack_from(data, at + 4)[0] != table:
            return None
        at += (length + 3) & ~3 or 4
    return InstalledRoute(source, group, parent, outgoing, packets, size, wrong)


def _next_hops(data: bytes, at: int, end: int) -> Iterator[int]:
    while at < end:
        length, _, _, index = _NEXT_HOP.unpack_from(data, at)
        yield index
        at += length or end
