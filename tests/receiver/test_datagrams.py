"""What the kernel reports of an IPv6 header."""

from __future__ import annotations

import socket
from struct import pack

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import packed
from mcproxy.protocol.wire.datagram import Datagram
from mcproxy.receiver.datagrams import ipv6_datagram

OTHER = (socket.SOL_SOCKET, 29, bytes(16))
FROM, TO = packed("fe80::1"), packed("ff02::16")
ADDRESS = ("fe80::1%lan0", 0, 0, 9)


class DatagramTests(SynchronousTestCase):
    def test_datagram_has_destination_hops_and_router_alert(self) -> None:
        """IP6-02: the option as Linux sends it, with other padding, and for another protocol."""
        for options, alert in (
            ("3a00050200000100", True),
            ("3a00010005020000", True),
            ("3a00050200010100", False),
        ):
            messages = [
                (41, 50, TO + pack("=i", 9)),
                OTHER,
                (41, 52, pack("=i", 1)),
                (41, 54, bytes.fromhex(options)),
            ]
            expected = Datagram(FROM, TO, 1, alert, b"message")
            self.assertEqual(ipv6_datagram(b"message", messages, ADDRESS), expected)

    def test_datagram_without_control_messages_has_empty_fields(self) -> None:
        expected = Datagram(FROM, b"", -1, False, b"message")
        self.assertEqual(ipv6_datagram(b"message", [OTHER], ADDRESS), expected)
