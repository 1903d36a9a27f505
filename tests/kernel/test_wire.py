"""Messages of every type that the daemon sends, captured on every link and decoded by scapy."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.igmp import IGMPv2_LG, IGMPv2_MR, IGMPv3_MQ, IGMPv3_MR
from scapy.layers.inet import IP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    ICMPv6MLDone,
    ICMPv6MLQuery2,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    IPv6,
    IPv6ExtHdrHopByHop,
    RouterAlert,
    in6_chksum,
)
from scapy.packet import Packet as Dissected
from scapy.utils import checksum

from mcproxy.protocol.family import packed

from .busy import BusyScenarios
from .site import LINKS, IPv4TestCase, IPv6TestCase


class WireScenarios(BusyScenarios):
    queries: type[Dissected]
    reports: tuple[type[Dissected], type[Dissected], type[Dissected]]
    """Reports of the current and of the previous version, and the leave of the previous one."""

    def test_every_sent_packet_is_well_formed(self) -> None:
        self.exercise_daemon()
        for interface in LINKS:
            kinds = set(map(type, self.dissected(interface)))
            expected = set(self.reports) if interface == "up" else {self.queries}
            self.assertEqual(kinds, expected, interface)

    def dissected(self, interface: str) -> Iterator[Dissected]:
        """The daemon's messages on a link; checks the headers of each."""
        for one in self.sent_messages(interface):
            whole, message = self.dissect(one.data)
            self.check(whole, message, interface, one.data)
            yield message

    def dissect(self, packet: bytes) -> tuple[Dissected, Dissected]:
        """Decode a packet; the packet and the message in it."""
        raise NotImplementedError

    def check(self, seen: Dissected, message: Dissected, interface: str, packet: bytes) -> None:
        """Check all header fields of a packet."""
        raise NotImplementedError

    def groups_of(self, message: Dissected) -> list[str]:
        """The groups of a message."""
        raise NotImplementedError

    def destination(self, message: Dissected) -> str:
        """The address to which such a message must be sent."""
        current, _, leave = self.reports
        nodes, routers, reports = self.well_known
        if isinstance(message, current):
            return reports
        if isinstance(message, leave):
            return routers
        [group] = self.groups_of(message)
        return group if packed(group) != self.family.unspecified else nodes

    well_known: tuple[str, str, str]
    """The addresses of all nodes, of all routers, and of reports."""


class IPv4WireTests(WireScenarios, IPv4TestCase):
    queries = IGMPv3_MQ
    reports = (IGMPv3_MR, IGMPv2_MR, IGMPv2_LG)
    well_known = ("224.0.0.1", "224.0.0.2", "224.0.0.22")

    def dissect(self, packet: bytes) -> tuple[Dissected, Dissected]:
        seen = IP(packet)
        return seen, seen.lastlayer()

    def check(self, seen: Dissected, message: Dissected, interface: str, packet: bytes) -> None:
        own = self.plan.at(LINKS[interface], 1)
        self.assertEqual((seen.src, seen.dst), (own, self.destination(message)))
        self.assertEqual((seen.ttl, seen.tos, seen.ihl, seen.frag), (1, 0xC0, 6, 0))
        self.assertEqual(seen.len, len(packet))
        [option] = seen.options
        self.assertIsInstance(option, IPOption_Router_Alert)
        self.assertEqual((checksum(packet[:24]), checksum(packet[24:])), (0, 0))

    def groups_of(self, message: Dissected) -> list[str]:
        if isinstance(message, IGMPv3_MR):
            return [each.maddr for each in message.records]
        return [message.gaddr]


class IPv6WireTests(WireScenarios, IPv6TestCase):
    queries = ICMPv6MLQuery2
    reports = (ICMPv6MLReport2, ICMPv6MLReport, ICMPv6MLDone)
    well_known = ("ff02::1", "ff02::2", "ff02::16")

    def setUp(self) -> None:
        super().setUp()
        self.own = {name: self.link_local(name).partition("/")[0] for name in LINKS}

    def dissect(self, packet: bytes) -> tuple[Dissected, Dissected]:
        seen = IPv6(packet)
        return seen, seen[IPv6ExtHdrHopByHop].payload

    def check(self, seen: Dissected, message: Dissected, interface: str, packet: bytes) -> None:
        own, options = self.own[interface], seen[IPv6ExtHdrHopByHop]
        self.assertEqual((seen.src, seen.dst), (own, self.destination(message)))
        self.assertEqual((seen.hlim, seen.nh, options.nh), (1, 0, 58))
        self.assertEqual(seen.plen, len(packet) - 40)
        alert = options[RouterAlert]
        self.assertEqual((alert.otype, alert.optlen, alert.value), (5, 2, 0))
        blank = packet[48:50] + bytes(2) + packet[52:]
        self.assertEqual(in6_chksum(58, seen, blank), int.from_bytes(packet[50:52], "big"))

    def groups_of(self, message: Dissected) -> list[str]:
        if not isinstance(message, ICMPv6MLReport2):
            return [message.mladdr]
        groups = []
        each = message.records[0] if message.records else None
        while each:  # scapy nests further records in the first
            groups.append(each.dst)
            each = each.payload
        return groups
