"""Source-by-source forwarding: the scenarios of group forwarding, and some of its own."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.payload import PAYLOAD
from mcproxy.protocol.family import IPV4, IPV6, Family, packed
from mcproxy.protocol.forwarding.observed_sources import MOST_SOURCES

from . import test_downstream_sources, test_filters, test_joins
from .site import RATE, IPv4TestCase, IPv6TestCase, Scenarios, SiteTestCase

PER_SOURCE = """
[instance.tv]
upstream = "up"
downstream = ["down1", "down2"]
forwarding = "per-source"
"""


FLOOD = 100_000
"""Number of packets, each from a different source."""


def udp_packet(source: bytes, group: bytes, port: int = 5000) -> bytes:
    """An IP packet with a numbered payload; its UDP checksum is absent or wrong."""
    payload = PAYLOAD.pack(0xFFFF, 0, 0)
    udp = struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28, len(udp), 17, 9) + source + group + udp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 9, 17, 0) + source + group
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return head[:10] + checksum.to_bytes(2) + head[12:] + udp


def packets_of_many(family: Family, count: int) -> Iterator[bytes]:
    """Packets of random sources to a few groups without members."""
    chance = random.Random(1)
    base = packed("198.18.0.0" if family is IPV4 else "2001:db8:1::")
    groups = [packed(f"239.7.7.{n}" if family is IPV4 else f"ff15::7:{n}") for n in range(1, 5)]
    first = int.from_bytes(base)
    for number in chance.sample(range(1, 1 << 17), count):
        yield udp_packet((first + number).to_bytes(len(base)), chance.choice(groups))


class PerSource(SiteTestCase):
    """Starts the daemon with source-by-source forwarding.

    The kernel queues four packets of a new source until the daemon adds its entry. At this rate
    the daemon has 20 ms for that; on a busy machine some packets may be lost.
    """

    rate = 200
    startup_loss = 10

    def launch(self, instances: str = "", **settings: object) -> Daemon:
        return super().launch(instances or PER_SOURCE, **settings)


class IPv4JoinTests(PerSource, test_joins.JoinScenarios, IPv4TestCase):
    """Joins with IGMP."""


class IPv6JoinTests(PerSource, test_joins.JoinScenarios, IPv6TestCase):
    """Joins with MLD."""


class IPv4FilterTests(PerSource, test_filters.FilterScenarios, IPv4TestCase):
    """Source filters with IGMP."""


class IPv6FilterTests(PerSource, test_filters.FilterScenarios, IPv6TestCase):
    """Source filters with MLD."""


class IPv4SourceTests(PerSource, test_downstream_sources.DownstreamSourceScenarios, IPv4TestCase):
    """Sources on downstream links with IGMP."""


class IPv6SourceTests(PerSource, test_downstream_sources.DownstreamSourceScenarios, IPv6TestCase):
    """Sources on downstream links with MLD."""


class SourceBySourceScenarios(Scenarios):
    """Scenarios that only concern source-by-source forwarding."""

    def setUp(self) -> None:
        super().setUp()
        self.start(PER_SOURCE)

    def test_flood_of_sources_costs_other_streams_nothing(self) -> None:
        """FWD-11, SEC-04: other streams lose no packet, and the number of entries is limited."""
        member = self.home.join(self.group)
        self.stream()
        self.await_packets(member)
        self.reset_counts(member)
        before = self.daemon.resident_bytes()
        intruder = self.other.raw_host()
        for packet in packets_of_many(self.family, FLOOD):
            intruder.send(packet)
        self.await_log("warn", "source limit (4096) reached on down2")
        self.await_sent(RATE // 2)
        self.assert_no_loss(member)
        self.assertLessEqual(len(self.routes()), MOST_SOURCES + 10)
        self.assertLess(self.daemon.resident_bytes() - before, 12 << 20)
        # Other links still accept new sources.
        another = self.home.join(self.groups[1])
        self.stream(self.groups[1], self.sources[1])
        self.await_packets(another)

    def test_data_of_link_local_sources_is_not_forwarded(self) -> None:
        """FWD-09, FWD-10: in both directions."""
        member = self.home.join(self.group)
        upstream = self.server.capture(data=True)
        source = {IPV4: "169.254.7.7", IPV6: "fe80::7:7"}[self.family]
        for node, interface in ((self.server, "eth0"), (self.other, "eth0")):
            node.raw_host(interface).send(udp_packet(packed(source), packed(self.group)))
        self.stream(source=self.source)
        self.await_packets(member)
        self.assertEqual(member.of(source).packets, 0)
        self.assertNotIn(source, {datum.source for datum in upstream.data()})
        routes = [r for r in self.routes() if r.source == packed(source)]
        self.assertEqual([r.outgoing for r in routes], [()])


class IPv4SourceBySourceTests(SourceBySourceScenarios, IPv4TestCase):
    """With IPv4."""


class IPv6SourceBySourceTests(SourceBySourceScenarios, IPv6TestCase):
    """With IPv6."""
