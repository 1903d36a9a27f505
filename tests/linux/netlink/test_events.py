"""Decoding of netlink messages: as pyroute2 decodes them, and of bytes that are none."""

from __future__ import annotations

import socket
from random import Random

from pyroute2 import IPRoute
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.netlink.events import (
    AddressGone,
    AddressSeen,
    Decoder,
    LinkGone,
    LinkSeen,
    request_addresses,
    request_links,
)
from mcproxy.linux.netlink.frame import open_netlink
from mcproxy.protocol.family import packed

from .. import messages


def encoded(kind: int, message: ifinfmsg | ifaddrmsg) -> bytes:
    """The bytes of a message of pyroute2."""
    message["header"]["type"] = kind
    message.encode()
    return bytes(message.data)


class DecodedTests(SynchronousTestCase):
    """Messages that pyroute2 has encoded."""

    def decode(self, data: bytes) -> list[object]:
        return list(Decoder().decode(data))

    def test_link_has_all_that_the_message_says(self) -> None:
        message = ifinfmsg()
        message["index"], message["flags"] = 7, 0x11043
        message["attrs"] = [
            ("IFLA_IFNAME", "eth0"),
            ("IFLA_MTU", 9000),
            ("IFLA_MASTER", 3),
            ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_SLAVE_KIND", "bridge")]}),
            ("IFLA_PROP_LIST", {"attrs": [("IFLA_ALT_IFNAME", n) for n in ("lan", "left")]}),
            ("IFLA_CARRIER_DOWN_COUNT", 5),
        ]
        seen = LinkSeen(7, "eth0", 0x11043, 9000, "bridge", ("lan", "left"), 5, 3)
        self.assertEqual(self.decode(encoded(16, message)), [seen])
        self.assertEqual(self.decode(encoded(17, message)), [LinkGone(7)])

    def test_address_of_a_tunnel_has_its_peer(self) -> None:
        message = ifaddrmsg()
        message.update(family=socket.AF_INET, prefixlen=32, flags=0x80, index=4)
        message["attrs"] = [
            ("IFA_ADDRESS", "10.0.0.2"),
            ("IFA_LOCAL", "10.0.0.1"),
            ("IFA_FLAGS", 0x81),
        ]
        own, peer = packed("10.0.0.1"), packed("10.0.0.2")
        seen = AddressSeen(4, own, 32, secondary=True, usable=True, peer=peer)
        self.assertEqual(self.decode(encoded(20, message)), [seen])
        self.assertEqual(self.decode(encoded(21, message)), [AddressGone(4, own, 32)])

    def test_address_without_long_flags_has_the_short_ones(self) -> None:
        message = ifaddrmsg()
        message.update(family=socket.AF_INET6, prefixlen=64, flags=0x08, index=4)
        message["attrs"] = [("IFA_ADDRESS", "fe80::1")]
        (seen,) = self.decode(encoded(20, message))
        assert isinstance(seen, AddressSeen)
        self.assertEqual((seen.usable, seen.duplicate, seen.peer), (False, True, None))

    def test_links_and_addresses_of_this_machine_are_those_of_pyroute2(self) -> None:
        with IPRoute() as ip:
            links = {one["index"]: one.get_attr("IFLA_IFNAME") for one in ip.get_links()}
            addresses = {
                (one["index"], packed(one.get_attr("IFA_LOCAL") or one.get_attr("IFA_ADDRESS")))
                for family in (socket.AF_INET, socket.AF_INET6)
                for one in ip.get_addr(family=family)
            }
        answers = [*self.ask(request_links(1)), *self.ask(request_addresses(2))]
        seen = {each.ifindex: each.name for each in answers if isinstance(each, LinkSeen)}
        own = {(one.ifindex, one.address) for one in answers if isinstance(one, AddressSeen)}
        self.assertEqual((seen, own), (links, addresses))

    def ask(self, request: bytes) -> list[object]:
        answers: list[object] = []
        with open_netlink(blocking=True) as sock:
            sock.settimeout(10)
            sock.send(request)
            while not any(type(each).__name__ == "DumpEnd" for each in answers):
                answers += self.decode(sock.recv(1 << 16))
        return answers


class DamagedTests(SynchronousTestCase):
    """Bytes that no kernel sends raise nothing."""

    def test_message_without_its_fixed_part_is_skipped(self) -> None:
        for kind, family in ((16, 0), (17, 0), (20, 2), (21, 2)):
            short = messages.message(kind, bytes([family, 0, 0]))
            self.assertEqual(list(Decoder().decode(short)), [], kind)

    def test_address_of_the_wrong_length_is_skipped(self) -> None:
        good = messages.address(2, packed("10.0.0.1"))
        bad = good[:16] + bytes([socket.AF_INET6]) + good[17:]
        self.assertEqual(list(Decoder().decode(bad)), [])

    def test_random_damage_raises_nothing(self) -> None:
        random = Random(7)
        whole = messages.link(2, "eth0", port_of="bridge", altnames=("a", "b"))
        whole += messages.address(2, packed("fe80::1"), peer=packed("fe80::2"))
        decoded = 0
        for _ in range(2000):
            damaged = bytearray(whole)
            for _ in range(random.randrange(1, 6)):
                damaged[random.randrange(16, len(damaged))] = random.randrange(256)
            decoded += len(list(Decoder().decode(bytes(damaged))))
        self.assertGreater(decoded, 2000)
