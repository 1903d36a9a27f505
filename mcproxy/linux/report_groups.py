"""Membership in the groups that reports are sent to, so that the kernel passes reports up."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from struct import Struct

from ..protocol.family import IPV4, Address, Family

_IP_MREQN = Struct("=4s4si")
_IPV6_MREQ = Struct("=16si")

_NO_FAMILY = frozenset({errno.ENODEV, errno.EINVAL})
"""A join fails so on an interface that is gone (IPv4) or has no such family (IPv6)."""


class ReportGroups:
    """Membership of one interface in all-routers and in the groups of v3 and v2 reports.

    Without it the IP layer drops these reports before multicast routing sockets get them.
    OSError when the interface is gone or has no such family.
    """

    def __init__(self, family: Family, ifindex: int) -> None:
        # One socket per interface, because the kernel limits the memberships of each socket.
        # It is bound to no port and therefore receives nothing itself.
        self._socket = socket.socket(family.socket_family, socket.SOCK_DGRAM)
        self._family = family
        self._ifindex = ifindex
        try:
            for group in self._groups:
                self._change(group, join=True)
        except BaseException:
            self._socket.close()
            raise

    @property
    def _groups(self) -> tuple[Address, Address]:
        return self._family.all_routers, self._family.report_destination

    def renew(self) -> None:
        """Join again what the kernel may have dropped; OSError when a group cannot be joined.

        An MTU below the family's minimum (68 for IPv4, 1280 for IPv6) removes the family from
        the interface with all memberships; they do not return with it, and the socket still
        counts as a member. A join that repeats an intact membership goes unnoticed, but for
        one more report of ours, so call this at any change of the link. While the interface
        lacks the family nothing is joined and no error is raised: a change will follow.
        """
        if self._socket.fileno() < 0:
            return
        for group in self._groups:
            with suppress(OSError):  # not a member: the join of the last time failed
                self._change(group, join=False)
            try:
                self._change(group, join=True)
            except OSError as error:
                if error.errno not in _NO_FAMILY:
                    raise

    def fileno(self) -> int:
        """The descriptor that holds the memberships."""
        return self._socket.fileno()

    def close(self) -> None:
        """Leave the groups; closing again is no error."""
        self._socket.close()

    def _change(self, group: Address, join: bool) -> None:
        if self._family is IPV4:
            option = socket.IP_ADD_MEMBERSHIP if join else socket.IP_DROP_MEMBERSHIP
            request = _IP_MREQN.pack(group, bytes(4), self._ifindex)
            self._socket.setsockopt(socket.IPPROTO_IP, option, request)
        else:
            option = socket.IPV6_JOIN_GROUP if join else socket.IPV6_LEAVE_GROUP
            request = _IPV6_MREQ.pack(group, self._ifindex)
            self._socket.setsockopt(socket.IPPROTO_IPV6, option, request)
