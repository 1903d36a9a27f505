"""Reports when entries, vifs or policy rules of multicast routing tables are removed.

Another program that flushes a table or its rules, and links that disappear, leave traces in
netlink events only. A filter in the kernel drops the events about additions, which are ours.
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

# RTNLGRP_: IPV4_MROUTE, IPV6_MROUTE, IPV4_NETCONF, IPV6_NETCONF, IPV4_RULE, IPV6_RULE
_GROUPS = (6, 10, 24, 25, 8, 19)
_RTM_DELRULE, _RTM_NEWNETCONF = 33, 80
_FRA_IIFNAME, _FRA_TABLE = 3, 15
_FIB_RULE_HDR_SIZE = 12
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
    if_equal(socket.htons(_RTM_DELRULE), "keep"),
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
    """A DatagramPort's protocol that reports what was removed from multicast routing tables.

    ``removed(family, table, source, group)`` is called for each entry, whoever removed it,
    with 0 for the default table; ``interface_removed(family, ifindex)`` for each vif that went,
    and for new links, which have none; ``rule_removed(family, table, interface)`` for each
    policy rule that names a table, with "" where it is for all interfaces; ``lost()`` when the
    kernel had to drop events. A link that went is not reported: IPv4 is silent about it.
    """

    def __init__(
        self,
        removed: Callable[[Family, int, Address, Address], None],
        lost: Callable[[], None],
        interface_removed: Callable[[Family, int], None],
        rule_removed: Callable[[Family, int, str], None],
    ) -> None:
        self._removed = removed
        self._lost = lost
        self._interface_removed = interface_removed
        self._rule_removed = rule_removed
        self._vif_counts: dict[tuple[Family, int], int] = {}

    def makeConnection(self, transport: Any) -> None:
        """The kernel sends events without being asked."""

    def connectionLost(self, reason: Failure) -> None:
        """The watch ends."""

    def receiveFailed(self, error: OSError) -> None:
        """Report lost events when the buffer is full."""
        if error.errno in (errno.ENOBUFS, errno.EMSGSIZE):
            self._lost()

    def datagramReceived(self, data: bytes, ancillary: Any, address: Any) -> None:
        """Report what the events in ``data`` say."""
        for kind, _, _, start, end in netlink.messages(data):
            if kind == RTM_DELROUTE:
                self._take_route(data, start, end)
            elif kind == _RTM_DELRULE:
                self._take_rule(data, start, end)
            elif kind == _RTM_NEWNETCONF:
                self._take_netconf(data, start, end)

    def _take_route(self, data: bytes, start: int, end: int) -> None:
        family = _MROUTE_FAMILIES.get(data[start])
        if family is None or RTMSG.unpack_from(data, start)[-1] & RTNH_F_UNRESOLVED:
            return  # packets waited for an entry that was never made
        found = netlink.attributes(data, start + RTMSG.size, end)
        table = _table_number(family, found.get(RTA_TABLE))
        source = found.get(RTA_SRC, family.unspecified)
        self._removed(family, table, source, found.get(RTA_DST, family.unspecified))

    def _take_rule(self, data: bytes, start: int, end: int) -> None:
        family = _MROUTE_FAMILIES.get(data[start])
        if family is None:
            return  # a rule for unicast
        found = netlink.attributes(data, start + _FIB_RULE_HDR_SIZE, end)
        interface = found.get(_FRA_IIFNAME, b"").rstrip(b"\0").decode(errors="replace")
        self._rule_removed(family, _table_number(family, found.get(_FRA_TABLE)), interface)

    def _take_netconf(self, data: bytes, start: int, end: int) -> None:
        """An interface's mc_forwarding is the number of vifs on it, in all tables.

        The kernel reports it when it changes, and for each new link.
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


def _table_number(family: Family, value: bytes | None) -> int:
    """The table's number from an attribute; 0 is the default one."""
    number: int = INT.unpack(value)[0] if value is not None else 0
    return 0 if number == kernel_table(family, 0) else number
