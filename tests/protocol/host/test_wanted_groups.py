"""What a host reports of the groups that the membership database wants."""

from __future__ import annotations

from collections.abc import Iterable

from mcproxy.protocol.host.host import Host
from mcproxy.protocol.sources import SourceFilter
from mcproxy.protocol.wire.packets import OldReport, Packet, Query, Record, Report, Send

from ..families import IS_IN, START, TO_EX, FamilyTests, both_families, group, ssm_group


@both_families
class WantedGroupTests(FamilyTests):
    """What the host part does with the groups that the database wants."""

    def setUp(self) -> None:
        """A host that wants nothing yet; each delay is half of the longest."""
        self.now = START
        self.host = Host(self.family, lambda: 0.5)
        self.sent: list[Packet] = []

    def note(self, sends: Iterable[Send]) -> None:
        """Keep what was sent."""
        self.sent += [packet for _, packet in sends]

    def wants(self, wanted: SourceFilter) -> None:
        """Change what is wanted of group 1."""
        self.note(self.host.update([(group(self.family, 1), wanted)], self.now))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        end = self.now + seconds
        while (when := self.host.next_deadline()) is not None and when <= end:
            self.now = when
            self.note(self.host.advance(when))
        self.now = end

    def test_joins_and_leaves_are_counted_but_not_other_changes(self) -> None:
        for wanted in (self.including(1), self.including(1, 2), self.excluding(3)):
            self.wants(wanted)
        self.assertEqual((self.host.joins, self.host.leaves), (1, 0))
        self.wants(self.including())
        self.wants(self.including())
        self.assertEqual((self.host.joins, self.host.leaves), (1, 1))

    def test_change_under_an_older_querier_is_reported_when_the_current_version_returns(
        self,
    ) -> None:
        """DB-06: lists that changed meanwhile are reported in full."""
        old = self.family.current_version - 1
        self.wants(self.including(1, 2))
        self.pass_time(10)
        self.note(self.host.receive(Query(old, self.family.unspecified, 10.0), self.now))
        self.pass_time(20)
        self.sent.clear()
        self.wants(self.excluding(3))
        self.pass_time(20)
        self.assertEqual({type(packet) for packet in self.sent} - {OldReport}, set())
        self.assertEqual(self.host.groups, {group(self.family, 1): self.excluding(3)})
        self.sent.clear()
        self.pass_time(400)
        self.assertEqual(self.sent[0], Report((self.record(TO_EX, 3),)))

    def test_queries_for_an_ssm_group_are_answered(self) -> None:
        """SSM-06: queries for its sources and for the whole group."""
        address = ssm_group(self.family, 1)
        wanted = self.including(1, 2)
        self.note(self.host.update([(address, wanted)], self.now))
        self.pass_time(10)
        version = self.family.current_version
        for asked, told in ((self.sources(2, 3), self.sources(2)), (self.sources(), wanted[1])):
            self.sent.clear()
            self.host.receive(Query(version, address, 1.0, asked), self.now)
            self.pass_time(10)
            self.assertEqual(self.sent, [Report((Record(IS_IN, address, told),))])
