"""A host on a link of its own, with a clock that is stepped to each deadline."""

from __future__ import annotations

from collections.abc import Iterable

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.host.host import Host
from mcproxy.protocol.sources import SourceFilter
from mcproxy.protocol.wire.datagram import destination
from mcproxy.protocol.wire.packets import Leave, OldReport, Packet, Query, Record, Report, Send

from ..families import START, FamilyTests, group


class HostTests(FamilyTests):
    """Tests with a host that hears queries and wants groups; what it reports is noted."""

    def setUp(self) -> None:
        """A host that wants nothing; each of its delays is ``delay`` times the longest."""
        self.now = START
        self.delay = 0.5
        self.host = Host(self.family, lambda: 1.0 - self.delay)
        self.sent: list[tuple[float, Report]] = []

    def note(self, sends: Iterable[Send]) -> None:
        """Keep what was sent; check that it goes to the address of reports."""
        for there, packet in sends:
            assert isinstance(packet, Report)
            self.assertEqual(there, self.family.report_destination)
            self.sent.append((self.now, packet))

    def wants(self, *wanted: SourceFilter) -> None:
        """Change what is wanted of groups 1, 2 and so on."""
        changes = [(group(self.family, n), one) for n, one in enumerate(wanted, start=1)]
        self.note(self.host.update(changes, self.now))

    def has_reported(self, *wanted: SourceFilter) -> None:
        """Change what is wanted, and let the host report all of it."""
        self.wants(*wanted)
        self.pass_time(10)
        self.sent.clear()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        end = self.now + seconds
        while (when := self.host.next_deadline()) is not None and when <= end:
            self.now = when
            self.note(self.host.advance(self.now))
        self.now = end

    def receives_query(
        self, *numbers: int, group_number: int = 1, within: float = 1.0, delay: float = 0.5
    ) -> None:
        """Receive a specific query, to be answered after ``delay`` times ``within``."""
        listed = self.sources(*numbers)
        self.receives(Query(self.version, group(self.family, group_number), within, listed), delay)

    def receives_general_query(
        self, within: float = 10.0, delay: float = 0.5, robustness: int = 2
    ) -> None:
        """Receive a general query."""
        any_group = self.family.unspecified
        self.receives(Query(self.version, any_group, within, robustness=robustness), delay)

    def receives(self, query: Query, delay: float) -> None:
        """Receive a query, to be answered after ``delay`` times its response time."""
        usual, self.delay = self.delay, delay
        self.host.receive(query, self.now)
        self.delay = usual

    @property
    def version(self) -> int:
        """Return the current version."""
        return self.family.current_version

    def sent_messages(self) -> list[tuple[float, tuple[Record, ...]]]:
        """Return the reports since the last call: seconds from the start, and records."""
        told = [(when - START, report) for when, report in self.sent]
        self.sent.clear()
        return told

    def sent_records(self) -> list[tuple[Record, ...]]:
        """Return the reports since the last call, without their times."""
        return [records for _, records in self.sent_messages()]


SentPackets = list[tuple[float, Packet]]


class OlderQuerierTests(FamilyTests):
    """Tests with a host that hears queries of any version; all that it sends is noted."""

    def setUp(self) -> None:
        """A host that wants nothing; each of its delays is ``delay`` times the longest."""
        self.now = START
        self.delay = 0.5
        self.host = self.make_host()
        self.sent: SentPackets = []

    def make_host(self, version: int | None = None) -> Host:
        """Return a host that is configured for a version, or for none."""
        return Host(self.family, lambda: 1.0 - self.delay, version=version)

    def note(self, sends: Iterable[Send]) -> None:
        """Keep what was sent; check that it goes to its proper destination."""
        for there, packet in sends:
            self.assertEqual(there, destination(self.family, packet))
            self.sent.append((self.now - START, packet))

    def present(self, within: float = 10.0) -> float:
        """Return how long an older query counts that is to be answered within these seconds.

        In MLD that is so while no newer query has told other values.
        """
        return 250 + (10 * within if self.family is IPV4 else within)

    @property
    def older(self) -> int:
        """Return the last version before the current one: IGMPv2 or MLDv1."""
        return self.family.current_version - 1

    def wants(self, *wanted: SourceFilter) -> None:
        """Change what is wanted of groups 1, 2 and so on."""
        changes = [(group(self.family, n), one) for n, one in enumerate(wanted, start=1)]
        self.note(self.host.update(changes, self.now))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        end = self.now + seconds
        while (when := self.host.next_deadline()) is not None and when <= end:
            self.now = max(self.now, when)
            self.note(self.host.advance(self.now))
        self.now = end

    def receives(self, packet: Packet) -> None:
        """Receive a packet."""
        self.note(self.host.receive(packet, self.now))

    def receives_query(
        self,
        version: int | None = None,
        group_number: int | None = None,
        *numbers: int,
        within: float = 10.0,
    ) -> None:
        """Receive a query: by default a general one, of the last older version."""
        about = group(self.family, group_number) if group_number else self.family.unspecified
        spoken = self.older if version is None else version
        current = spoken == self.family.current_version
        robustness, interval = (2, 125) if current else (0, 0)
        listed = self.sources(*numbers)
        self.receives(Query(spoken, about, within, listed, False, robustness, interval))

    def receives_older_query(self, version: int | None = None) -> None:
        """Receive a query of an older version."""
        self.receives_query(version)

    def joins(self, *numbers: int) -> None:
        """Want these groups, and let the host report all of it."""
        for number in numbers:
            self.host.update([(group(self.family, number), self.excluding())], self.now)
        self.pass_time(20)
        self.sent.clear()

    def sent_messages(self) -> SentPackets:
        """Return what was sent since the last call: seconds from the start, and packets."""
        told, self.sent = self.sent, []
        return told

    def report(self, number: int = 1, version: int | None = None) -> OldReport:
        """Return the report of a group in an older version."""
        return OldReport(self.older if version is None else version, group(self.family, number))

    def leave(self, number: int = 1) -> Leave:
        """Return the leave of a group in an older version."""
        return Leave(group(self.family, number))
