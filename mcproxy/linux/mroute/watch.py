"""Tells when entries or interfaces of multicast routing tables are taken away.

Another program that flushes a table, and links that disappear, leave traces in netlink
events only. A filter in the kernel keeps out all events about additions, which are ours.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

from twisted.python.failure import Failure

from ...protocol.family import IPV4, IPV6, Address, Family
from ..bpf import assemble, attach, drop, if_equal, keep, load_half
from ..buffers import enlarge_receive_buffer
from ..netlink import frame as netlink
from ..netlink.frame import INT
from .dump import (
    RTA_DST,
    RTA_SRC,
    RTA_TABLE,
    RTM_DELROUTE,
    RTMSG,
    RTNH_F_UNRESOLVED,
    RTNL_FAMILY_IP6MR,
    RTNL_FAMILY_IPMR,
    kernel_table,
)

_GROUPS = (6, 10, 24, 25)  # IPV4_MROUTE, IPV6_MROUTE, IPV4_NETCONF, IPV6_NETCONF
_RTM_NEWNETCONF = 80
_NETCONFA_IFINDEX, _NETCONFA_MC_FORWARDING = 1, 4
_NETCONFMSG_SIZE = 4  # struct netconfmsg is one byte; attributes are aligned
_RECEIVE_BUFFER = 1 << 20

_TYPE_AT = 4

_MROUTE_FAMILIES = {RTNL_FAMILY_IPMR: IPV4, RTNL_FAMILY_IP6MR: IPV6}
_FAMILIES: dict[int, Family] = {socket.AF_INET: IPV4, socket.AF_INET6: IPV6}


# The load takes network order, netlink has the machine's.
_REMOVALS = assemble(
    load_half(_TYPE_AT),
    if_equal(socket.htons(RTM_DELROUTE), "keep"),
    if_equal(socket.htons(_RTM_NEWNETCONF), "keep"),
    drop(),
    "keep",
    keep(),
)


def make_route_watch_socket() -> socket.socket:
    """The non-blocking socket for a RouteWatch's port; OSError."""
    sock = netlink.open_netlink()
    try:
        attach(sock, _REMOVALS)
        enlarge_receive_buffer(sock, _RECEIVE_BUFFER)
        # Only now, so that nothing comes in past the filter.
        for group in _GROUPS:
            sock.setsockopt(netlink.SOL_NETLINK, netlink.NETLINK_ADD_MEMBERSHIP, group)
    except BaseException:
        sock.close()
        raise
    return sock


class RouteWatch:
    """A DatagramPort's protocol that tells what went from multicast routing tables.

    ``removed(family, table, source, group)`` is called for each entry, whoever removed it,
    with 0 for the default table; ``interface_removed(family, ifindex)`` for each virtual
    interface that went, and for links that are new and have none; ``lost()`` when the kernel
    had to drop events. That a link itself went is not told here: IPv4 is silent about it.
    """

    def __init__(
        self,
        removed: Callable[[Family, int, Address, Address], None],
        lost: Callable[[], None],
        interface_removed: Callable[[Family, int], None],
    ) -> None:
        self._removed = removed
        self._lost = lost
        self._interface_removed = interface_removed
        self._vif_counts: dict[tuple[Family, int], int] = {}

    def makeConnection(self, transport: Any) -> None:
        """Nothing is asked of the kernel here."""

    def connectionLost(self, reason: Failure) -> None:
        """The watch ends."""

    def receiveFailed(self, error: OSError) -> None:
        """Events are lost when the buffer ran over."""
        if error.errno in (errno.ENOBUFS, errno.EMSGSIZE):
            self._lost()

    def datagramReceived(self, data: bytes, ancillary: Any, address: Any) -> None:
        """Tell what the events in ``data`` say."""
        for kind, _, _, start, end in netlink.messages(data):
            if kind == RTM_DELROUTE:
                self._take_route(data, start, end)
            elif kind == _RTM_NEWNETCONF:
                self._take_netconf(data, start, end)

    def _take_route(self, data: bytes, start: int, end: int) -> None:
        family = _MROUTE_FAMILIES.get(data[start])
        if family is None or RTMSG.unpack_from(data, start)[-1] & RTNH_F_UNRESOLVED:
            return  # packets waited for an entry that nobody wanted
        found = netlink.attributes(data, start + RTMSG.size, end)
        table = INT.unpack(found[RTA_TABLE])[0] if RTA_TABLE in found else 0
        if table == kernel_table(family, 0):
            table = 0
        source = found.get(RTA_SRC, family.unspecified)
        self._removed(family, table, source, found.get(RTA_DST, family.unspecified))

    def _take_netconf(self, data: bytes, start: int, end: int) -> None:
        """An interface's mc_forwarding is the number of virtual interfaces on it.

        It is told when it changes, and with all the rest when a link is new.
        """
        family = _FAMILIES.get(data[start])
        found = netlink.attributes(data, start + _NETCONFMSG_SIZE, end)
        if family is None or not {_NETCONFA_IFINDEX, _NETCONFA_MC_FORWARDING} <= found.keys():
            return
        (ifindex,) = INT.unpack(found[_NETCONFA_IFINDEX])
        (count,) = INT.unpack(found[_NETCONFA_MC_FORWARDING])
        if ifindex <= 0:
            return  # stands for all interfaces, and counts tables
        before = self._vif_counts.pop((family, ifindex), 0)
        if count:
            self._vif_counts[family, ifindex] = count
        if count == 0 or count < before:
            self._interface_removed(family, ifindex)
