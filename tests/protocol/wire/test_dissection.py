"""Packets that we send, read by another program (scapy)."""

from __future__ import annotations

from hypothesis import given
from scapy.layers.igmp import IGMP_MQ, IGMP_MR, IGMPv2_LG, IGMPv2_MR, IGMPv3_MQ, IGMPv3_MR
from scapy.layers.inet import IP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    ICMPv6MLDone,
    ICMPv6MLQuery,
    ICMPv6MLQuery2,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    ICMPv6MRD_Advertisement,
    ICMPv6MRD_Solicitation,
    ICMPv6MRD_Termination,
    IPv6,
    IPv6ExtHdrHopByHop,
    RouterAlert,
    in6_chksum,
)
from scapy.packet import Packet as Dissected
from scapy.utils import checksum
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, text
from mcproxy.protocol.wire.datagram import destination
from mcproxy.protocol.wire.packets import (
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    Report,
    RouterAdvertisement,
    RouterSolicitation,
    RouterTermination,
)

from ..families import ALLOW, TO_EX, group, sources
from .messages import igmp_packets, mld_packets, sent

MLD_LAYERS = (
    ICMPv6MLQuery2,
    ICMPv6MLQuery,
    ICMPv6MLReport,
    ICMPv6MLDone,
    ICMPv6MLReport2,
    ICMPv6MRD_Advertisement,
    ICMPv6MRD_Solicitation,
    ICMPv6MRD_Termination,
)


class IgmpDissectionTests(SynchronousTestCase):
    """Scapy reads the IGMP packets that we send."""

    def dissect(self, packet: Packet) -> Dissected:
        """Return the IP packet as scapy reads it; check what all packets have in common."""
        whole = sent(IPV4, packet)
        seen = IP(whole)
        self.assertEqual((seen.src, seen.dst), ("192.0.2.1", text(destination(IPV4, packet))))
        self.assertEqual((seen.ttl, seen.tos, seen.proto, seen.ihl), (1, 0xC0, 2, 6))
        self.assertEqual((seen.len, seen.frag, seen.id), (len(whole), 0, 0))
        [option] = seen.options
        self.assertIsInstance(option, IPOption_Router_Alert)
        self.assertEqual(bytes(option), bytes.fromhex("94040000"))
        self.assertEqual(checksum(whole[:24]), 0)
        self.assertEqual(checksum(whole[24:]), 0)
        self.check_recomputed(seen, whole)
        return seen

    def check_recomputed(self, seen: Dissected, whole: bytes) -> None:
        """Check that scapy computes the same checksums of header and message."""
        del seen.chksum
        self.assertEqual(bytes(seen)[:24], whole[:24])
        message = whole[24:26] + b"\0\0" + whole[28:]
        self.assertEqual(checksum(message), int.from_bytes(whole[26:28], "big"))

    def test_igmpv3_general_query_is_dissected(self) -> None:
        """IP4-01..03, IP4-SD-01, GQ-02: to 224.0.0.1, with the querier's settings."""
        query = Query(3, IPV4.unspecified, 10.0, robustness=2, interval=125)
        seen = self.dissect(query)[IGMPv3_MQ]
        self.assertEqual((seen.gaddr, seen.s, seen.qrv, seen.qqic), ("0.0.0.0", 0, 2, 125))
        self.assertEqual((seen.numsrc, bytes(seen)[1]), (0, 100))

    def test_igmpv3_source_query_is_dissected(self) -> None:
        """IP4-SD-02: it goes to its group."""
        query = Query(3, group(IPV4, 1), 1.0, sources(IPV4, 1, 2), True, 2, 125)
        seen = self.dissect(query)[IGMPv3_MQ]
        self.assertEqual((seen.gaddr, seen.s, seen.numsrc), ("239.1.1.1", 1, 2))
        self.assertEqual(seen.srcaddrs, ["10.0.0.1", "10.0.0.2"])

    def test_igmpv3_report_is_dissected(self) -> None:
        """IP4-SD-05: it goes to 224.0.0.22, with every record."""
        report = Report(
            (
                Record(TO_EX, group(IPV4, 1)),
                Record(ALLOW, group(IPV4, 2), sources(IPV4, 1, 2)),
            )
        )
        seen = self.dissect(report)[IGMPv3_MR]
        first, second = seen.records
        self.assertEqual((first.rtype, first.maddr, first.srcaddrs), (4, "239.1.1.1", []))
        self.assertEqual((second.rtype, second.maddr), (5, "239.1.1.2"))
        self.assertEqual((second.srcaddrs, second.auxdlen), (["10.0.0.1", "10.0.0.2"], 0))

    def test_igmpv1_and_igmpv2_messages_are_dissected(self) -> None:
        """IP4-SD-02..04: reports and queries go to their group, leaves to all routers."""
        layers = {
            OldReport(1, group(IPV4, 1)): (IGMP_MR, 0x12),
            OldReport(2, group(IPV4, 1)): (IGMPv2_MR, 0x16),
            Leave(group(IPV4, 1)): (IGMPv2_LG, 0x17),
            Query(2, group(IPV4, 1), 1.0): (IGMP_MQ, 0x11),
        }
        for packet, (layer, kind) in layers.items():
            seen = self.dissect(packet)[layer]
            self.assertEqual((seen.type, seen.gaddr), (kind, "239.1.1.1"))

    @given(igmp_packets())
    def test_random_igmp_packet_has_valid_headers_and_checksums(self, packet: Packet) -> None:
        """Every packet that we may send."""
        self.dissect(packet)


class MldDissectionTests(SynchronousTestCase):
    """Scapy reads the MLD packets that we send."""

    def dissect(self, packet: Packet, layer: type[Dissected]) -> Dissected:
        """Return the MLD layer as scapy reads it; check what all packets have in common."""
        whole = sent(IPV6, packet)
        seen = IPv6(whole)
        self.assertEqual((seen.src, seen.dst), ("fe80::1", text(destination(IPV6, packet))))
        self.assertEqual((seen.hlim, seen.nh, seen.plen), (1, 0, len(whole) - 40))
        options = seen[IPv6ExtHdrHopByHop]
        self.assertEqual((options.nh, bytes(options)[:8]), (58, whole[40:48]))
        alert = options[RouterAlert]
        self.assertEqual((alert.otype, alert.optlen, alert.value), (5, 2, 0))
        blank = whole[48:50] + b"\0\0" + whole[52:]
        self.assertEqual(in6_chksum(58, seen, blank), int.from_bytes(whole[50:52], "big"))
        return seen[layer]

    def test_mldv2_general_query_is_dissected(self) -> None:
        """IP6-01, 02, 07, GQ-02: with the bytes of the Router Alert option."""
        query = Query(2, IPV6.unspecified, 10.0, robustness=2, interval=125)
        seen = self.dissect(query, ICMPv6MLQuery2)
        self.assertEqual((seen.mladdr, seen.mrd, seen.S, seen.QRV), ("::", 10000, 0, 2))
        self.assertEqual((seen.QQIC, seen.sources_number), (125, 0))
        self.assertEqual(sent(IPV6, query)[40:48], bytes.fromhex("3a00050200000100"))

    def test_mldv2_source_query_is_dissected(self) -> None:
        """IP6-07: it goes to its group."""
        query = Query(2, group(IPV6, 1), 1.0, sources(IPV6, 1, 2), True, 2, 125)
        seen = self.dissect(query, ICMPv6MLQuery2)
        self.assertEqual((seen.mladdr, seen.mrd, seen.S), ("ff1e::1:1", 1000, 1))
        self.assertEqual(seen.sources, ["2001:db8::1", "2001:db8::2"])

    def test_mldv2_report_is_dissected(self) -> None:
        """IP6-07: it goes to ff02::16, with every record."""
        report = Report(
            (
                Record(TO_EX, group(IPV6, 1)),
                Record(ALLOW, group(IPV6, 2), sources(IPV6, 1, 2)),
            )
        )
        [first] = self.dissect(report, ICMPv6MLReport2).records
        second = first.payload  # scapy nests further records in the first
        self.assertEqual((first.rtype, first.dst, first.sources), (4, "ff1e::1:1", []))
        self.assertEqual((second.rtype, second.dst), (5, "ff1e::1:2"))
        self.assertEqual(second.sources, ["2001:db8::1", "2001:db8::2"])

    def test_mldv1_messages_are_dissected(self) -> None:
        """IP6-07: a report goes to its group, Done to all routers."""
        report = self.dissect(OldReport(1, group(IPV6, 1)), ICMPv6MLReport)
        done = self.dissect(Leave(group(IPV6, 1)), ICMPv6MLDone)
        query = self.dissect(Query(1, group(IPV6, 1), 1.0), ICMPv6MLQuery)
        self.assertEqual({one.mladdr for one in (report, done, query)}, {"ff1e::1:1"})
        self.assertEqual(query.mrd, 1000)

    def test_router_discovery_is_dissected(self) -> None:
        """MRD-01, 04, 05, 08: to all snoopers, and solicitations to all routers."""
        advertisement = RouterAdvertisement(20, 125, 2)
        seen = self.dissect(advertisement, ICMPv6MRD_Advertisement)
        self.assertEqual((seen.type, seen.advinter), (151, 20))
        self.assertEqual((seen.queryint, seen.robustness), (125, 2))
        solicited = self.dissect(RouterSolicitation(), ICMPv6MRD_Solicitation)
        ended = self.dissect(RouterTermination(), ICMPv6MRD_Termination)
        self.assertEqual((solicited.type, ended.type), (152, 153))
        self.assertEqual((solicited.underlayer.underlayer.dst, len(bytes(ended))), ("ff02::2", 8))

    @given(mld_packets())
    def test_random_mld_packet_has_valid_headers_and_checksums(self, packet: Packet) -> None:
        """Every packet that we may send."""
        layer = next(one for one in MLD_LAYERS if one in IPv6(sent(IPV6, packet)))
        self.dissect(packet, layer)
