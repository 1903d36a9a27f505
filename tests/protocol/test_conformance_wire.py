"""Requirements on messages that no other test is about."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6
from mcproxy.protocol.wire import igmp, mld
from mcproxy.protocol.wire.packets import Query, Record, Report

from .bench import LinkTests
from .support import ALLOW, TO_EX, FamilyTests, both_families, group, host, source, sources
from .wire.test_igmp import summed


class MldRecordTests(SynchronousTestCase):
    """Records of MLDv2."""

    def test_duplicate_sources(self) -> None:
        """MLD2-R-08: a source named twice is one source."""
        once = source(IPV6, 1).hex()
        message = "8f000000 00000001 05000002" + group(IPV6, 1).hex() + once + once
        expected = Report((Record(ALLOW, group(IPV6, 1), sources(IPV6, 1)),))
        self.assertEqual(mld.decode(bytes.fromhex(message)), expected)

    def test_no_records(self) -> None:
        """MLD2-R-05: legal, and says nothing."""
        self.assertEqual(mld.decode(bytes.fromhex("8f000000 00000000")), Report(()))


@both_families
class ExtensionTests(FamilyTests):
    """RFC 9279 on its way through the proxy."""

    def test_extensions_end_here(self) -> None:
        """EXT-07, EXT-02: what is read of a message is without its extensions."""
        report = Report((self.record(TO_EX), self.record(ALLOW, 1, group_number=2)))
        codec = igmp if self.family is IPV4 else mld
        here, there = host(self.family, 1), self.family.report_destination
        plain = codec.encode(report, here, there)
        flagged = plain[:4] + b"\x80" + plain[5:]
        for extensions in ("00000000", "0009 0003 aabbcc", "0009 0001 aa fffe 0002 bbcc"):
            longer = summed(flagged + bytes.fromhex(extensions))
            self.assertEqual(codec.decode(longer), report)
            self.assertEqual(codec.encode(codec.decode(longer), here, there), plain)


@both_families
class SuppressTests(LinkTests):
    """The S flag of another querier's queries."""

    def test_what_it_keeps_from(self) -> None:
        """IGMP3-Q-04, MLD2-Q-04: no timer is lowered, but the sender becomes the querier."""
        self.querier.election.address = host(self.family, 5)
        self.given_exclude(x=(1,))
        query = Query(self.family.current_version, group(self.family, 1), 1.0, suppress=True)
        for listed in (self.sources(), self.sources(1)):
            self.hears(replace(query, sources=listed), host_number=1)
        self.check_exclude({1: 260}, set(), 260)
        self.assertEqual(self.querier.election.other, host(self.family, 1))
        self.hears(replace(query, suppress=False), host_number=1)
        self.check_exclude({1: 260}, set(), 2)


@both_families
class VersionTests(LinkTests):
    """A router that is told to speak an older version."""

    def setUp(self) -> None:
        """It speaks the last version before the current one."""
        self.settings = replace(self.settings, version=self.family.current_version - 1)
        super().setUp()

    def test_newer_reports(self) -> None:
        """V-13: ignored, whatever is in them."""
        self.says(TO_EX)
        self.says(ALLOW, 1)
        self.assertEqual((self.querier.groups, self.changed, self.sent), ({}, [], []))
