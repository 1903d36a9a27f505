"""Links whose MTU is too small to be true: nothing breaks, and everything is sent."""

from __future__ import annotations

from mcproxy.protocol.host.host import Host
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import INCLUDE, SourceFilter
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.encoding import pack_reports
from mcproxy.protocol.wire.packets import Query, Record, Report, Send

from ..families import ALLOW, BLOCK, TO_EX, FamilyTests, both_families, group, host, source

COUNT = 400
TOO_SMALL = (0, 1, 67)


@both_families
class SmallMtuTests(FamilyTests):
    """An MTU below the smallest one counts as the smallest one."""

    def setUp(self) -> None:
        """A group with more sources than a small packet has room for."""
        first = int.from_bytes(source(self.family, 1))
        size = self.family.address_size
        self.many = frozenset((first + n).to_bytes(size) for n in range(COUNT))
        self.group = group(self.family, 1)

    def test_full_reports_and_queries_fit_the_mtu(self) -> None:
        """IP4-06, IP6-09: with the headers; one source more would not fit."""
        here = host(self.family, 1)
        for mtu in (*range(1280, 1297), 1500):  # each remainder of a division by 16
            sends = [
                Send(self.group, report)
                for kind in (ALLOW, BLOCK, TO_EX)
                for report in pack_reports([Record(kind, self.group, self.many)], self.family, mtu)
            ]
            querier = Querier(self.family, QuerierSettings(), mtu)
            querier.receive(Report((Record(ALLOW, self.group, self.many),)), here, 0.0)
            leave = Report((Record(BLOCK, self.group, self.many),))
            sends += querier.receive(leave, here, 1.0).send
            sizes = [len(datagram.encode(self.family, here, *send)) for send in sends]
            self.assertLessEqual(max(sizes), mtu)
            if COUNT * self.family.address_size > mtu:
                self.assertGreater(max(sizes), mtu - self.family.address_size)

    def check_size(self, sends: list[Send]) -> None:
        """Each packet fits into the smallest MTU."""
        self.assertTrue(sends)
        for there, packet in sends:
            whole = datagram.encode(self.family, host(self.family, 1), there, packet)
            self.assertLessEqual(len(whole), self.family.smallest_mtu)

    def test_smallest_mtu_is_that_of_the_family(self) -> None:
        """RFC 791, section 3.2; RFC 8200, section 5."""
        self.assertEqual(self.family.smallest_mtu, 68 if self.family.name == "ipv4" else 1280)
        for mtu in (*TOO_SMALL, self.family.smallest_mtu):
            expected = self.family.smallest_mtu - self.family.header_size
            self.assertEqual(self.family.room(mtu), expected)

    def test_reports_with_too_small_mtu_carry_all_sources(self) -> None:
        """An event without an MTU once stopped all reports of a link."""
        for mtu in TOO_SMALL:
            record = Record(ALLOW, self.group, self.many)
            reports = list(pack_reports([record], self.family, mtu))
            carried = [one.sources for report in reports for one in report]
            self.assertEqual(frozenset().union(*carried), self.many)

    def test_host_with_too_small_mtu_reports_all_sources(self) -> None:
        """An upstream."""
        member = Host(self.family, lambda: 0.5)
        member.set_mtu(0)
        sends = member.update([(self.group, SourceFilter(INCLUDE, self.many))], 0.0)
        self.check_size(sends)
        reports = [send.packet for send in sends if isinstance(send.packet, Report)]
        self.assertEqual(len(reports), len(sends))

    def test_querier_with_too_small_mtu_queries_all_sources(self) -> None:
        """A downstream."""
        querier = Querier(self.family, QuerierSettings())
        querier.set_mtu(0)
        self.assertEqual(querier.mtu, 0)
        here = host(self.family, 1)
        querier.receive(Report((Record(ALLOW, self.group, self.many),)), here, 0.0)
        effects = querier.receive(Report((Record(BLOCK, self.group, self.many),)), here, 1.0)
        self.check_size(effects.send)
        queries = [send.packet for send in effects.send if isinstance(send.packet, Query)]
        self.assertEqual(frozenset().union(*(query.sources for query in queries)), self.many)
