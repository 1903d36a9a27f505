"""Messages within IP, read back by scapy, and judged on receipt."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.igmp import IGMP_MQ, IGMP_MR, IGMPv2_LG, IGMPv2_MR, IGMPv3_MQ, IGMPv3_MR
from scapy.layers.inet import IP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    ICMPv6MLDone,
    ICMPv6MLQuery,
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
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, Family, packed, text
from mcproxy.protocol.wire import datagram, igmp, mld
from mcproxy.protocol.wire.datagram import (
    Datagram,
    accept,
    decode_ipv4,
    destination,
    ipv6_router_alert,
)
from mcproxy.protocol.wire.packets import (
    DropReason,
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    Report,
    WireError,
)

from ..support import (
    ALLOW,
    TO_EX,
    FamilyTests,
    addresses,
    both_families,
    examples,
    group,
    host,
    source,
    sources,
)
from . import test_igmp, test_mld

CODECS = {IPV4: igmp, IPV6: mld}
SOME = {IPV4: test_igmp.packets, IPV6: test_mld.packets}
MLD_LAYERS = (ICMPv6MLQuery2, ICMPv6MLQuery, ICMPv6MLReport, ICMPv6MLDone, ICMPv6MLReport2)


def sent(family: Family, packet: Packet) -> bytes:
    """The packet as it leaves host 1."""
    return datagram.encode(family, host(family, 1), destination(family, packet), packet)


class IgmpDissectionTests(SynchronousTestCase):
    """IGMP as another program reads it."""

    def dissect(self, packet: Packet) -> Dissected:
        """The IP packet as scapy sees it; what all of them have in common is checked."""
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
        """Scapy comes to the same header checksum and the same checksum of the message."""
        del seen.chksum
        self.assertEqual(bytes(seen)[:24], whole[:24])
        message = whole[24:26] + b"\0\0" + whole[28:]
        self.assertEqual(checksum(message), int.from_bytes(whole[26:28], "big"))

    def test_general_query(self) -> None:
        """IP4-01..03, IP4-SD-01, GQ-02, T-040."""
        query = Query(3, IPV4.unspecified, 10.0, robustness=2, interval=125)
        seen = self.dissect(query)[IGMPv3_MQ]
        self.assertEqual((seen.gaddr, seen.s, seen.qrv, seen.qqic), ("0.0.0.0", 0, 2, 125))
        self.assertEqual((seen.numsrc, bytes(seen)[1]), (0, 100))

    def test_query_of_sources(self) -> None:
        """IP4-SD-02: to the group itself."""
        query = Query(3, group(IPV4, 1), 1.0, sources(IPV4, 1, 2), True, 2, 125)
        seen = self.dissect(query)[IGMPv3_MQ]
        self.assertEqual((seen.gaddr, seen.s, seen.numsrc), ("239.1.1.1", 1, 2))
        self.assertEqual(seen.srcaddrs, ["10.0.0.1", "10.0.0.2"])

    def test_report(self) -> None:
        """IP4-SD-05: to 224.0.0.22, every record as it was."""
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

    def test_older_versions(self) -> None:
        """IP4-SD-02..04, IGMP2-04: reports and queries to their group, a leave to all routers."""
        layers = {
            OldReport(1, group(IPV4, 1)): (IGMP_MR, 0x12),
            OldReport(2, group(IPV4, 1)): (IGMPv2_MR, 0x16),
            Leave(group(IPV4, 1)): (IGMPv2_LG, 0x17),
            Query(2, group(IPV4, 1), 1.0): (IGMP_MQ, 0x11),
        }
        for packet, (layer, kind) in layers.items():
            seen = self.dissect(packet)[layer]
            self.assertEqual((seen.type, seen.gaddr), (kind, "239.1.1.1"))

    @given(test_igmp.packets())
    def test_anything(self, packet: Packet) -> None:
        """Headers and checksums hold whatever is sent."""
        self.dissect(packet)


class MldDissectionTests(SynchronousTestCase):
    """MLD as another program reads it."""

    def dissect(self, packet: Packet, layer: type[Dissected]) -> Dissected:
        """The MLD layer as scapy sees it; what all packets have in common is checked."""
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

    def test_general_query(self) -> None:
        """IP6-01, 02, 07, GQ-02: the Router Alert bytes are just these."""
        query = Query(2, IPV6.unspecified, 10.0, robustness=2, interval=125)
        seen = self.dissect(query, ICMPv6MLQuery2)
        self.assertEqual((seen.mladdr, seen.mrd, seen.S, seen.QRV), ("::", 10000, 0, 2))
        self.assertEqual((seen.QQIC, seen.sources_number), (125, 0))
        self.assertEqual(sent(IPV6, query)[40:48], bytes.fromhex("3a00050200000100"))

    def test_query_of_sources(self) -> None:
        """IP6-07: to the group itself."""
        query = Query(2, group(IPV6, 1), 1.0, sources(IPV6, 1, 2), True, 2, 125)
        seen = self.dissect(query, ICMPv6MLQuery2)
        self.assertEqual((seen.mladdr, seen.mrd, seen.S), ("ff1e::1:1", 1000, 1))
        self.assertEqual(seen.sources, ["2001:db8::1", "2001:db8::2"])

    def test_report(self) -> None:
        """IP6-07: to ff02::16, every record as it was."""
        report = Report(
            (
                Record(TO_EX, group(IPV6, 1)),
                Record(ALLOW, group(IPV6, 2), sources(IPV6, 1, 2)),
            )
        )
        [first] = self.dissect(report, ICMPv6MLReport2).records
        second = first.payload  # scapy has further records within the first
        self.assertEqual((first.rtype, first.dst, first.sources), (4, "ff1e::1:1", []))
        self.assertEqual((second.rtype, second.dst), (5, "ff1e::1:2"))
        self.assertEqual(second.sources, ["2001:db8::1", "2001:db8::2"])

    def test_older_version(self) -> None:
        """IP6-07: a report to its group, Done to all routers."""
        report = self.dissect(OldReport(1, group(IPV6, 1)), ICMPv6MLReport)
        done = self.dissect(Leave(group(IPV6, 1)), ICMPv6MLDone)
        query = self.dissect(Query(1, group(IPV6, 1), 1.0), ICMPv6MLQuery)
        self.assertEqual({one.mladdr for one in (report, done, query)}, {"ff1e::1:1"})
        self.assertEqual(query.mrd, 1000)

    @given(test_mld.packets())
    def test_anything(self, packet: Packet) -> None:
        """Headers and checksums hold whatever is sent."""
        layer = next(one for one in MLD_LAYERS if one in IPv6(sent(IPV6, packet)))
        self.dissect(packet, layer)


@both_families
class DestinationTests(FamilyTests):
    """Where each packet goes."""

    def test_by_kind(self) -> None:
        """IP4-SD-01..05, IP6-07."""
        family, g = self.family, group(self.family, 1)
        expected = {
            Query(2, family.unspecified, 10.0): family.all_nodes,
            Query(2, g, 1.0): g,
            OldReport(1, g): g,
            Leave(g): family.all_routers,
            Report(()): family.report_destination,
        }
        for packet, address in expected.items():
            self.assertEqual(destination(family, packet), address)


@both_families
class AcceptanceTests(FamilyTests):
    """What of a received datagram may be acted upon."""

    def arriving(self, packet: Packet, **changed: Any) -> Datagram:
        """``packet`` from host 1, as it should be but for what is ``changed``."""
        here, there = host(self.family, 1), destination(self.family, packet)
        message = CODECS[self.family].encode(packet, here, there)
        return Datagram(here, there, 1, True, message)._replace(**changed)

    def refused(self, arriving: Datagram, reason: DropReason) -> None:
        """The datagram is refused for that reason."""
        error = self.assertRaises(WireError, accept, self.family, arriving)
        self.assertIs(error.reason, reason)

    @given(st.data())
    def test_what_is_sent_is_accepted(self, data: st.DataObject) -> None:
        """Each packet of ours would be acted upon by another proxy."""
        packet = data.draw(SOME[self.family]())
        self.assertEqual(accept(self.family, self.arriving(packet)), packet)

    def test_more_hops(self) -> None:
        """T-023, V-6, IP6-06: from beyond the link, or not told."""
        for hops in (0, 2, 64, 255, -1):
            for packet in (Report((self.record(TO_EX),)), Query(2, group(self.family, 1), 1.0)):
                self.refused(self.arriving(packet, hops=hops), DropReason.TTL)

    def test_without_router_alert(self) -> None:
        """T-024, V-7, IP6-06: MLD asks for it, IGMP does without."""
        report = Report((self.record(TO_EX),))
        arriving = self.arriving(report, router_alert=False)
        if self.family is IPV4:
            self.assertEqual(accept(self.family, arriving), report)
        else:
            self.refused(arriving, DropReason.ROUTER_ALERT)

    def test_unspecified_source(self) -> None:
        """T-020, T-021, V-8, IP4-SD-08, IP6-05: 0.0.0.0 may report, :: may not."""
        report = Report((self.record(TO_EX),))
        arriving = self.arriving(report, source=self.family.unspecified)
        if self.family is IPV4:
            self.assertEqual(accept(self.family, arriving), report)
        else:
            self.refused(arriving, DropReason.SOURCE)

    def test_old_report_for_another_group(self) -> None:
        """IGMP1-03: a report of one group is sent to that group."""
        report = OldReport(1, group(self.family, 1))
        self.refused(
            self.arriving(report, destination=group(self.family, 2)), DropReason.DESTINATION
        )

    def test_any_destination_of_reports_and_queries(self) -> None:
        """IP4-SD-06, 07, IP6-08, T-118: an address of our own will do."""
        for packet in (
            Report((self.record(TO_EX),)),
            Leave(group(self.family, 1)),
            Query(2, group(self.family, 1), 1.0),
        ):
            arriving = self.arriving(packet, destination=host(self.family, 9))
            self.assertEqual(accept(self.family, arriving), packet)

    @given(st.data())
    @examples(10)
    def test_any_bytes(self, data: st.DataObject) -> None:
        """T-018, SEC-07: a packet or a WireError, whatever the headers say."""
        arriving = Datagram(
            data.draw(addresses(self.family)),
            data.draw(addresses(self.family)),
            data.draw(st.sampled_from([1, 2])),
            data.draw(st.booleans()),
            test_igmp.summed(data.draw(st.binary(min_size=4, max_size=80))),
        )
        try:
            packet = accept(self.family, arriving)
        except WireError as error:
            self.assertIsInstance(error.reason, DropReason)
        else:
            self.assertIsInstance(packet, Packet)


class MldSourceTests(SynchronousTestCase):
    """MLD is between link-local addresses alone."""

    def test_global_source(self) -> None:
        """T-022, V-8, IP6-03, 05, 06, 10: queries and reports of other sources are dropped."""
        g = group(IPV6, 1)
        for address in (source(IPV6, 1), IPV6.unspecified, packed("fec0::1"), packed("::1")):
            for packet in (Query(2, g, 1.0), Report(()), OldReport(1, g), Leave(g)):
                message = mld.encode(packet, address, g)
                arriving = Datagram(address, g, 1, True, message)
                error = self.assertRaises(WireError, accept, IPV6, arriving)
                self.assertIs(error.reason, DropReason.SOURCE)

    def test_all_of_the_link_local_range(self) -> None:
        """fe80::/10 is more than fe80::/64."""
        arriving = Datagram(packed("febf::1"), b"", 1, True, mld.encode(Report(()), b"", b""))
        self.assertEqual(accept(IPV6, arriving), Report(()))


class Ipv4HeaderTests(SynchronousTestCase):
    """IPv4 packets as a raw socket gives them."""

    def setUp(self) -> None:
        """A report of version 2, as it comes from the wire."""
        self.report = OldReport(2, group(IPV4, 1))
        self.packet = sent(IPV4, self.report)

    def changed(self, at: int, value: int) -> bytes:
        """The packet with another byte."""
        return self.packet[:at] + bytes([value]) + self.packet[at + 1 :]

    def refused(self, packet: bytes, reason: DropReason) -> None:
        """The packet is refused for that reason."""
        self.assertIs(self.assertRaises(WireError, decode_ipv4, packet).reason, reason)

    def test_fields(self) -> None:
        """All that matters of the header is told."""
        expected = Datagram(
            host(IPV4, 1), group(IPV4, 1), 1, True, bytes.fromhex("1600f9fcef010101")
        )
        self.assertEqual(decode_ipv4(self.packet), expected)
        self.assertEqual(accept(IPV4, decode_ipv4(self.packet)), self.report)

    def test_padding(self) -> None:
        """T-014, IP4-05: the header tells the length, not what was received."""
        self.assertEqual(len(decode_ipv4(self.packet + bytes(14)).message), 8)

    def test_header_without_options(self) -> None:
        """IP4-04: 20 bytes, and no Router Alert."""
        plain = b"\x45" + self.packet[1:3] + b"\x1c" + self.packet[4:20] + self.packet[24:]
        arriving = decode_ipv4(plain)
        self.assertFalse(arriving.router_alert)
        self.assertEqual(accept(IPV4, arriving), self.report)

    def test_another_option(self) -> None:
        """No-operation options are no Router Alert."""
        other = self.packet[:20] + b"\1\1\1\0" + self.packet[24:]
        self.assertFalse(decode_ipv4(other).router_alert)

    def test_lengths_that_disagree(self) -> None:
        """V-1: header length below 20 or above the packet, total below the header."""
        for packet in (
            b"",
            self.packet[:19],
            self.packet[:-1],
            self.changed(0, 0x44),
            self.changed(0, 0x66),
            self.changed(0, 0x4F),
            self.changed(3, 23),
            self.changed(2, 1),
        ):
            self.refused(packet, DropReason.HEADER)

    def test_nothing_in_it(self) -> None:
        """V-4: a header and no message."""
        arriving = decode_ipv4(self.changed(3, 24))
        self.assertEqual(arriving.message, b"")
        error = self.assertRaises(WireError, accept, IPV4, arriving)
        self.assertIs(error.reason, DropReason.SHORT)

    def test_another_protocol(self) -> None:
        """V-1: only IGMP is looked at, upcalls have protocol 0."""
        for protocol in (0, 17):
            self.refused(self.changed(9, protocol), DropReason.HEADER)

    def test_fragments(self) -> None:
        """More fragments to come, or not the first; "do not fragment" is neither."""
        self.refused(self.changed(6, 0x20), DropReason.FRAGMENT)
        self.refused(self.changed(7, 0x01), DropReason.FRAGMENT)
        self.assertEqual(len(decode_ipv4(self.changed(6, 0x40)).message), 8)

    @given(st.binary(max_size=60))
    @examples(10)
    def test_any_bytes(self, data: bytes) -> None:
        """T-018, SEC-07: a datagram or a WireError, from noise and from noisy headers."""
        for attempt in (data, self.packet[:2] + data, data + self.packet[len(data) :]):
            try:
                arriving = decode_ipv4(attempt)
            except WireError as error:
                self.assertIsInstance(error.reason, DropReason)
            else:
                self.assertLessEqual(len(arriving.message), len(attempt) - 20)


class RouterAlertTests(SynchronousTestCase):
    """The Router Alert among hop-by-hop options."""

    def test_as_it_is_sent(self) -> None:
        """IP6-02: with PadN, or with two of Pad1, before it or after it."""
        for options in (
            "3a00050200000100",
            "3a00050200000000",
            "3a00000005020000",
            "3a00010005020000",
            "3a010104ffffffff05020000" + "01020000",
        ):
            self.assertTrue(ipv6_router_alert(bytes.fromhex(options)), options)

    def test_other_options(self) -> None:
        """IP6-06: RSVP's or active networks' alert is not MLD's, and padding is none."""
        for options in (
            "",
            "3a",
            "3a00",
            "3a000502000101 00",
            "3a00050200020100",
            "3a0001040000 0502",
            "3a00010400000000",
            "3a000501000000 00",
            "3a0005020000"[:-2],
            "3a000000000000 05",
        ):
            self.assertFalse(ipv6_router_alert(bytes.fromhex(options)), options)

    @given(st.binary(max_size=40))
    @examples(5)
    def test_any_bytes(self, options: bytes) -> None:
        """Nothing makes it fail or loop."""
        self.assertIn(ipv6_router_alert(options), (True, False))


@both_families
class SizeTests(FamilyTests):
    """Sizes that others reckon with."""

    def test_sizes(self) -> None:
        """IP4-06, IP6-09: header and query sizes are those of encoded packets."""
        query = Query(self.family.current_version, group(self.family, 1), 1.0)
        size = self.family.header_size + self.family.query_size
        self.assertEqual(len(sent(self.family, query)), size)
