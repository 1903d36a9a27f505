"""Messages of every type that the daemon sends; tshark finds no problem in them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, Family, packed, text
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Query, Report

from . import tshark
from .busy import BusyScenarios
from .messages import TO_EX, record
from .site import IPv4TestCase, IPv6TestCase

Kinds = frozenset[tuple[int, str]]
"""Message types with their version, if tshark reports it."""


class TsharkScenarios(BusyScenarios):
    reports: Kinds
    queries: Kinds
    """Queries of the current version."""
    leaving: Kinds
    """Reports and leaves of the previous version."""

    def setUp(self) -> None:
        tshark.require()
        super().setUp()

    def assert_faultless(self, link: str, kinds: Kinds) -> None:
        """Check that tshark finds these kinds, no problem, and the same addresses as we do."""
        sent = list(self.sent_messages(link))
        readings = tshark.read(one.data for one in sent)
        self.assertEqual(len(readings), len(sent))
        for one, reading in zip(sent, readings, strict=True):
            self.assertTrue(reading.is_faultless, f"{link}: {reading}")
            self.assertEqual(reading.groups, [text(group) for group in one.groups])
            self.assertEqual(set(reading.sources), {text(source) for source in one.sources})
        self.assertEqual({(each.type, each.version) for each in readings}, kinds, link)

    def queried(self, link: str) -> set[tuple[str, bool]]:
        """The groups of the queries on a link, each with whether the query named sources."""
        messages = [one.message for one in self.sent_messages(link)]
        return {(text(q.group), bool(q.sources)) for q in messages if isinstance(q, Query)}

    def test_packets_of_the_current_and_the_previous_version_are_valid(self) -> None:
        self.exercise_daemon()
        left, filtered = self.groups[2], self.ssm
        self.assertLessEqual({(self.general, False), (left, False)}, self.queried("down1"))
        self.assertIn((filtered, True), self.queried("down2"))
        self.assert_faultless("up", self.reports | self.leaving)
        self.assert_faultless("down1", self.queries)
        self.assert_faultless("down2", self.queries)

    def test_lists_that_need_several_packets_are_valid(self) -> None:
        self.exercise_long_source_lists()
        longest = max(len(one.sources) for one in self.sent_messages("down1"))
        self.assertGreater(longest, 50)
        self.assertGreater(sum(bool(one.sources) for one in self.sent_messages("down1")), 1)
        self.assert_faultless("up", self.reports)
        self.assert_faultless("down1", self.queries)

    def check_version(self, version: int, up: Kinds, down: Kinds) -> None:
        """All links in an older version."""
        self.exercise_older_version(version)
        specific = {(self.groups[0], False)} if self.leaving & up else set()
        self.assertEqual(self.queried("down1"), {(self.general, False)} | specific)
        self.assert_faultless("up", up)
        self.assert_faultless("down1", down)

    def test_reports_on_an_upstream_without_address_are_valid(self) -> None:
        self.exercise_upstream_without_address()
        sources = {self.source_of(one.data) for one in self.sent_messages("up")}
        self.assertEqual(sources, {self.family.unspecified})
        self.assert_faultless("up", self.reports)

    def source_of(self, packet: bytes) -> bytes:
        """The source address of an IP packet."""
        return packet[12:16] if self.family is IPV4 else packet[8:24]


class IPv4TsharkTests(TsharkScenarios, IPv4TestCase):
    reports = frozenset({(34, "3")})
    leaving = frozenset({(22, "2"), (23, "2")})
    queries = frozenset({(17, "3")})

    def test_igmpv2_packets_are_valid(self) -> None:
        self.check_version(2, self.leaving, frozenset({(17, "2")}))

    def test_igmpv1_packets_are_valid(self) -> None:
        self.check_version(1, frozenset({(18, "1")}), frozenset({(17, "1")}))


class IPv6TsharkTests(TsharkScenarios, IPv6TestCase):
    reports = frozenset({(143, "")})
    leaving = frozenset({(131, ""), (132, "")})
    queries = frozenset({(130, "")})

    def test_mldv1_packets_are_valid(self) -> None:
        self.check_version(1, self.leaving, self.queries)


class BrokenPacketTests(SynchronousTestCase):
    """tshark does report faults."""

    def setUp(self) -> None:
        tshark.require()

    def report(self, family: Family) -> bytearray:
        """A valid report of one group and two sources."""
        source, group = ("10.0.0.1", "239.1.1.1") if family is IPV4 else ("fe80::1", "ff15::1")
        sources = ("10.1.0.1", "10.1.0.2") if family is IPV4 else ("fd00::1", "fd00::2")
        message = Report((record(TO_EX, group, *sources),))
        to = datagram.destination(family, message)
        return bytearray(datagram.encode(family, packed(source), to, message))

    def test_tshark_reports_faults_of_broken_packets(self) -> None:
        for family in (IPV4, IPV6):
            good = self.report(family)
            short, changed, many = good[:-6], good[:], good[:]
            changed[-1] ^= 1  # makes the checksum wrong
            many[family.header_size + 7] = 9  # records
            readings = tshark.read(map(bytes, (good, short, changed, many)))
            self.assertEqual([each.is_faultless for each in readings], [True, False, False, False])
            self.assertIn("checksum", " ".join(readings[2].remarks))
            self.assertTrue(any(each.malformed for each in readings))
