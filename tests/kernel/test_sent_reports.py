"""The socket that hears the kernel's own reports on a link, and nothing else."""

from __future__ import annotations

import socket

from mcproxy.linux.send_socket import open_send_socket, send_without_address, way_out
from mcproxy.linux.sent_reports import open_sent_reports
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, Family, packed
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.datagram import decode_sent
from mcproxy.protocol.wire.packets import Leave, OldReport, Packet, RecordType, Report

from .support import KernelTestCase, drain, readable
from .tables import GROUPS

TO_EX, TO_IN = RecordType.CHANGE_TO_EXCLUDE_MODE, RecordType.CHANGE_TO_INCLUDE_MODE


class SentReportTests(KernelTestCase):
    """Programs of the router join groups on ``up0``."""

    links = ("up0", "down0")

    def hear(self, family: Family, index: int | None = None) -> socket.socket:
        """Open the socket on ``up0``, or on another interface."""
        index = self.indexes[0] if index is None else index
        opened: socket.socket = self.open(self.router, open_sent_reports, family, index)
        return opened

    def join(self, family: Family, index: int) -> socket.socket:
        """Join the family's group in the router; closing the socket leaves it."""
        sock: socket.socket = self.open(
            self.router, socket.socket, family.socket_family, socket.SOCK_DGRAM
        )
        group = packed(GROUPS[family])
        if family is IPV4:
            request = group + bytes(4) + index.to_bytes(4, "little")
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        else:
            request = group + index.to_bytes(4, "little")
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        return sock

    def heard(self, family: Family, sock: socket.socket) -> list[Packet]:
        """Return what was heard of the family's group; wait for the first packet."""
        readable(sock, 1.0)
        packets = [decode_sent(family, data) for data in drain(sock)]
        return [packet for packet in packets if _kind(family, packet) is not None]

    def check_join_and_leave(self, family: Family, joined: object, left: object) -> None:
        """The kernel's join and leave are heard, as soon as they are sent."""
        sock = self.hear(family)
        member = self.join(family, self.indexes[0])
        self.assertEqual({_kind(family, one) for one in self.heard(family, sock)}, {joined})
        drain(sock)
        member.close()
        kinds = [_kind(family, one) for one in self.heard(family, sock)]
        self.assertIn(left, kinds)

    def test_join_and_leave_are_heard(self) -> None:
        """LP-01: without a membership in the groups of reports."""
        for family in FAMILIES:
            self.check_join_and_leave(family, TO_EX, TO_IN)

    def test_join_and_leave_of_older_versions_are_heard(self) -> None:
        """LP-01."""
        self.router.sysctl("ipv4/conf/up0/force_igmp_version", 2)
        self.router.sysctl("ipv6/conf/up0/force_mld_version", 1)
        for family in FAMILIES:
            self.check_join_and_leave(family, OldReport, Leave)

    def test_reports_are_heard_after_the_link_was_down(self) -> None:
        """LP-01: the kernel joins again when it is up."""
        for family in FAMILIES:
            sock = self.hear(family)
            self.join(family, self.indexes[0])
            self.heard(family, sock)
            self.router.ip("link set up0 down")
            with self.assertRaises(OSError):  # ENETDOWN, once
                sock.recv(2048)
            self.router.ip("link set up0 up")
            if family is IPV6:  # the link-local address went
                self.router.ip("addr add fe80::1/64 dev up0 nodad")
            self.assertIn(TO_EX, [_kind(family, one) for one in self.heard(family, sock)])

    def test_other_links_and_the_packets_of_others_are_not_heard(self) -> None:
        """LP-01: nor what arrives on the link."""
        for family in FAMILIES:
            sock = self.hear(family)
            arrived = self.sniff(self.router, "up0", family)
            self.join(family, self.indexes[1])
            self.send_data("up0", "10.0.0.2" if family is IPV4 else "2001:db8::2", GROUPS[family])
            self.assertTrue(readable(arrived, 3.0))
            self.assertEqual(self.heard(family, sock), [])

    def test_own_reports_of_the_daemon_are_not_heard(self) -> None:
        """LP-01: they would wake the daemon for each join; the kernel drops them."""
        for family in FAMILIES:
            sock, arrived = self.hear(family), self.sniff(self.peer, "up0", family)
            sender = self.open(self.router, open_send_socket, family)
            group = packed(GROUPS[family])
            packet = Leave(group)
            own = packed("10.0.0.1") if family is IPV4 else packed("fe80::1")
            data = datagram.encode(family, own, family.all_routers, packet)
            sender.sendmsg((data,), *way_out(family, self.indexes[0], family.all_routers))
            self.assertTrue(readable(arrived, 3.0))
            if family is IPV4:
                bare = datagram.encode(family, bytes(4), family.all_routers, packet)
                with self.router:
                    send_without_address("up0", bare, family.all_routers)
            self.assertEqual(self.heard(family, sock), [])

    def test_data_that_goes_out_is_not_heard(self) -> None:
        """LP-01: UDP of both families and ICMPv6 of other kinds."""
        for family in FAMILIES:
            sock, arrived = self.hear(family), self.sniff(self.peer, "up0", family)
            with self.router, socket.socket(family.socket_family, socket.SOCK_DGRAM) as out:
                out.sendto(b"data", ("10.0.0.2" if family is IPV4 else "2001:db8::2", 5001))
            self.assertTrue(readable(arrived, 3.0))
            self.assertEqual(self.heard(family, sock), [])

    def test_interface_that_is_gone_raises(self) -> None:
        for family in FAMILIES:
            self.assertRaises(OSError, self.hear, family, 12345)


def _kind(family: Family, packet: Packet) -> object:
    """What a packet says of the family's group: the type of its record, or of the packet."""
    group = packed(GROUPS[family])
    match packet:
        case Report() as records:
            return next((one.type for one in records if one.group == group), None)
        case OldReport(group=about) | Leave(group=about):
            return type(packet) if about == group else None
    return None
