"""Packets that the kernel must not forward although entries match them."""

from __future__ import annotations

from scapy.layers.inet import IP, UDP, IPOption_Router_Alert
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

from mcproxy.lab.raw import RawHost
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, Family, packed
from mcproxy.protocol.wire import igmp
from mcproxy.protocol.wire.packets import Leave, OldReport, Query, Record, RecordType, Report

from .support import await_datagram, drain
from .tables import ELSEWHERE, GROUPS, SOURCES, TableTestCase

ODD, GOOD = b"must be dropped", b"must be forwarded"  # the last 8 bytes tell them apart


def datagram(family: Family, source: str, group: str, hops: int, data: bytes) -> bytes:
    """A hand-made packet of data."""
    ipv4 = family is IPV4
    head = IP(src=source, dst=group, ttl=hops) if ipv4 else IPv6(src=source, dst=group, hlim=hops)
    return bytes(head / UDP(sport=5001, dport=5001) / Raw(data))


class NotForwardedTests(TableTestCase):
    """All groups have entries that forward to every link."""

    def install_entries(self, family: Family, *groups: str) -> None:
        """Install (*,*) and (*,G) entries with all links, and open senders and receivers."""
        table, any_ = self.table(family), family.unspecified
        for group in (any_, *map(packed, groups)):
            table.add(table.pack(any_, group, 0, [0, 1, 2]))
        self.ends = {name: self.sniff(self.peer, name, family) for name in self.links}
        self.senders = {name: self.open(self.peer, RawHost, name) for name in self.links}

    def assert_not_forwarded(self, family: Family, link: str, *packets: bytes) -> None:
        """Check that none of the packets is forwarded, but a valid one sent after them is."""
        usual = SOURCES if link == "up0" else ELSEWHERE
        good = datagram(family, usual[family], GROUPS[family], 8, GOOD)
        for packet in (*packets, good):
            self.senders[link].send(packet)
        other = self.ends["down0" if link == "up0" else "up0"]
        seen: set[bytes] = set()

        def is_last(data: bytes) -> bool:
            seen.add(data[-8:])
            return data.endswith(GOOD)

        await_datagram(other, is_last)
        seen.update(data[-8:] for end in self.ends.values() for data in drain(end))
        self.assertEqual(seen & {packet[-8:] for packet in packets}, set())

    def test_data_with_a_ttl_of_one_is_not_forwarded(self) -> None:
        """FWD-08: TTL or hop limit."""
        for family in FAMILIES:
            self.install_entries(family, GROUPS[family])
            for link, usual in (("up0", SOURCES), ("down0", ELSEWHERE)):
                last = datagram(family, usual[family], GROUPS[family], 1, ODD)
                self.assert_not_forwarded(family, link, last)

    def test_link_local_groups_are_not_forwarded(self) -> None:
        """FWD-07, FWD-10: with a high TTL, and with entries for them."""
        those = {
            IPV4: ("224.0.0.99", "224.0.0.251"),
            IPV6: ("ff02::99", "ff12::5", "ff32::5", "ff11::5", "ff10::5"),
        }
        for family in FAMILIES:
            self.install_entries(family, GROUPS[family], *those[family])
            for link, usual in (("up0", SOURCES), ("down0", ELSEWHERE)):
                packets = [datagram(family, usual[family], g, 8, ODD) for g in those[family]]
                self.assert_not_forwarded(family, link, *packets)

    def test_data_of_invalid_sources_is_not_forwarded(self) -> None:
        """FWD-09: loopback and multicast addresses, and 0.0.0.0."""
        those = {
            IPV4: ("127.0.0.1", "0.0.0.0", "224.1.1.1", "255.255.255.255"),
            IPV6: ("::1", "ff1e::9"),
        }
        for family in FAMILIES:
            self.install_entries(family, GROUPS[family])
            for link in ("up0", "down0"):
                packets = [datagram(family, s, GROUPS[family], 8, ODD) for s in those[family]]
                self.assert_not_forwarded(family, link, *packets)

    def test_igmp_packets_are_not_forwarded(self) -> None:
        """IP4-07: with and without Router Alert, and with a high TTL."""
        self.install_entries(IPV4, GROUPS[IPV4])
        group = packed(GROUPS[IPV4])
        record = Record(RecordType.CHANGE_TO_EXCLUDE_MODE, group)
        messages = (OldReport(1, group), OldReport(2, group), Leave(group), Report((record,)))
        for link, usual in (("up0", SOURCES), ("down0", ELSEWHERE)):
            packets = [
                bytes(IP(src=usual[IPV4], dst=GROUPS[IPV4], ttl=hops, proto=2, options=alert))
                + igmp.encode(message)
                for message in (*messages, Query(3, group, 1.0))
                for hops in (1, 8)
                for alert in ([], [IPOption_Router_Alert()])
            ]
            self.assert_not_forwarded(IPV4, link, *map(with_length, packets))


def with_length(packet: bytes) -> bytes:
    """Correct length and checksum in the header of an IPv4 packet."""
    seen = IP(packet)
    del seen.len, seen.chksum
    return bytes(seen)
