"""Requirements on the proxy that no other test is about."""

from __future__ import annotations

from collections.abc import Iterable

from mcproxy.protocol.host.host import Host
from mcproxy.protocol.sources import SourceFilter
from mcproxy.protocol.wire.packets import OldReport, Packet, Query, Record, Report, Send

from .bench import START, LinkTests
from .support import IS_IN, TO_EX, FamilyTests, both_families, group, host, ssm_group


@both_families
class UpstreamTests(FamilyTests):
    """What the host part makes of the database."""

    def setUp(self) -> None:
        """A host that wants nothing yet and waits half of each time."""
        self.now = START
        self.host = Host(self.family, lambda: 0.5)
        self.sent: list[Packet] = []

    def note(self, sends: Iterable[Send]) -> None:
        """Keep what was sent."""
        self.sent += [packet for _, packet in sends]

    def wants(self, wanted: SourceFilter) -> None:
        """This is wanted of group 1."""
        self.note(self.host.update([(group(self.family, 1), wanted)], self.now))

    def passes(self, seconds: float) -> None:
        """Time goes on, deadline by deadline."""
        end = self.now + seconds
        while (when := self.host.next_deadline()) is not None and when <= end:
            self.now = when
            self.note(self.host.advance(when))
        self.now = end

    def test_an_older_version_upstream_loses_nothing(self) -> None:
        """DB-06: lists that change meanwhile are told in full when the version is back."""
        old = self.family.current_version - 1
        self.wants(self.including(1, 2))
        self.passes(10)
        self.note(self.host.receive(Query(old, self.family.unspecified, 10.0), self.now))
        self.passes(20)
        self.sent.clear()
        self.wants(self.excluding(3))
        self.passes(20)
        self.assertEqual({type(packet) for packet in self.sent} - {OldReport}, set())
        self.assertEqual(self.host.groups, {group(self.family, 1): self.excluding(3)})
        self.sent.clear()
        self.passes(260)
        self.assertEqual(self.sent[0], Report((self.record(TO_EX, 3),)))

    def test_queries_about_source_specific_groups(self) -> None:
        """SSM-06: are answered, about their sources and as a whole."""
        address = ssm_group(self.family, 1)
        wanted = self.including(1, 2)
        self.note(self.host.update([(address, wanted)], self.now))
        self.passes(10)
        version = self.family.current_version
        for asked, told in ((self.sources(2, 3), self.sources(2)), (self.sources(), wanted[1])):
            self.sent.clear()
            self.host.receive(Query(version, address, 1.0, asked), self.now)
            self.passes(10)
            self.assertEqual(self.sent, [Report((Record(IS_IN, address, told),))])


@both_families
class ForgedQueryTests(LinkTests):
    """Queries that would have us forget our hosts at once."""

    def test_the_shortest_times(self) -> None:
        """SEC-02: neither robustness nor interval comes below 1, and the rest stays ours."""
        self.querier.election.address = host(self.family, 5)
        version, anything = self.family.current_version, self.family.unspecified
        self.hears(Query(version, anything, 0.0, robustness=1, interval=1), host_number=1)
        self.assertEqual(self.querier.settings.group_membership_interval, 1 * 1 + 10)
        self.hears(Query(version, anything, 0.0), host_number=1)
        self.assertEqual(self.querier.settings.group_membership_interval, 260)
        self.given_exclude()
        self.check_exclude({}, set(), 260)
