"""The groups that reports are sent to, joined so that the kernel hands them up."""

from __future__ import annotations

import socket
from struct import Struct

from ..protocol.family import IPV4, Address, Family

_IP_MREQN = Struct("=4s4si")
_IPV6_MREQ = Struct("=16si")


class ReportGroups:
    """Membership of one interface in all-routers and in the groups of v3 and v2 reports.

    Without it these stop at the IP layer, and multicast routing sockets do not get them.
    OSError when the interface is gone or has no such family.
    """

    def __init__(self, family: Family, ifindex: int) -> None:
        # One socket an interface, since the kernel bounds the memberships of each; it is
        # bound to no port and so receives nothing itself.
        self._socket = socket.socket(family.socket_family, socket.SOCK_DGRAM)
        try:
            for group in (family.all_routers, family.report_destination):
                _join(self._socket, family, group, ifindex)
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """The descriptor that holds the memberships."""
        return self._socket.fileno()

    def close(self) -> None:
        """Leave the groups; again is no error."""
        self._socket.close()


def _join(sock: socket.socket, family: Family, group: Address, ifindex: int) -> None:
    if family is IPV4:
        request = _IP_MREQN.pack(group, bytes(4), ifindex)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    else:
        request = _IPV6_MREQ.pack(group, ifindex)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
