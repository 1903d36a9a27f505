"""Control messages about the interface of a packet."""

from __future__ import annotations

import socket
from struct import pack

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.packet_info import (
    ipv4_arrival,
    ipv6_arrival,
    request_packet_info,
    sent_on,
)
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, packed

OTHER = (socket.SOL_SOCKET, 29, bytes(16))
TO = packed("ff02::16")


class PacketInfoTests(SynchronousTestCase):
    def test_arrival_is_the_interface_of_the_packet(self) -> None:
        ipv4 = (0, 8, pack("=i4s4s", 7, packed("10.0.0.1"), packed("224.0.0.22")))
        self.assertEqual(ipv4_arrival([OTHER, ipv4]), 7)
        self.assertEqual(ipv6_arrival([OTHER, (41, 50, TO + pack("=i", 9))]), 9)

    def test_arrival_without_control_message_is_zero(self) -> None:
        for arrival in (ipv4_arrival, ipv6_arrival):
            self.assertEqual(arrival([OTHER]), 0)

    def test_what_is_sent_on_an_interface_says_so(self) -> None:
        self.assertEqual(sent_on(IPV4, 7), ((0, 8, pack("=i8x", 7)),))
        self.assertEqual(sent_on(IPV6, 9), ((41, 50, pack("=16xi", 9)),))

    def test_requested_info_comes_with_a_packet(self) -> None:
        loopback = socket.if_nametoindex("lo")
        for family, address, arrival in zip(
            FAMILIES, ("127.0.0.1", "::1"), (ipv4_arrival, ipv6_arrival), strict=True
        ):
            with socket.socket(family.socket_family, socket.SOCK_DGRAM) as sock:
                try:
                    sock.bind((address, 0))
                except OSError:
                    continue  # this machine has no IPv6
                request_packet_info(sock, family)
                sock.sendmsg((b"x",), sent_on(family, loopback), 0, sock.getsockname())
                _, ancillary, _, _ = sock.recvmsg(10, 256)
                self.assertEqual(arrival(ancillary), loopback)
