"""The shares of links and hosts in the time for packets, and when sockets are read."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.events.bus import Events
from mcproxy.message_counts import report_key
from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Record, RecordType, Report
from mcproxy.receiver.brake import FIRST_PAUSE, LONGEST_PAUSE, PAUSE_MEMORY
from mcproxy.receiver.drops import Counts
from mcproxy.receiver.known_hosts import (
    MEMORY,
    MOST_CANDIDATES,
    MOST_KNOWN,
    PROBATION,
    KnownHosts,
)
from mcproxy.receiver.receiver import Receiver
from mcproxy.receiver.table_reader import MOST_RECORDS, SLICE, Registration, TableProtocol

from .test_receiver import G4, H4, LINK, FakeReactor, FakeTable, Listener


class FilteredTable(FakeTable):
    """A table that notes its filters."""

    def __init__(self, family: Any) -> None:
        super().__init__(family)
        self.filters: list[tuple[list[int], list[tuple[int, bytes]]]] = []
        self.only: list[tuple[int, bytes]] = []

    def accept_from(self, indexes: Any, refused: Any = (), only: Any = ()) -> None:
        self.filters.append((sorted(indexes), sorted(refused)))
        self.only = sorted(only)


class SlowListener(Listener):
    """Takes some time for each message, and for each record more."""

    cost = 0.0005
    record_cost = 0.0

    def __init__(self, test: FloodTests) -> None:
        super().__init__()
        self.told: list[Any] = []
        self._test = test

    def receive(self, message: Any) -> None:
        self.told.append(message)
        packet = getattr(message, "packet", None)
        records = len(packet) if isinstance(packet, Report) else 0
        self._test.now += self.cost + self.record_cost * records

    def places(self, *sources: str) -> int:
        """Return the last place at which messages of the sources came."""
        told = [message.source for message in self.told]
        return max(told.index(packed(source)) for source in sources)


class FloodTests(SynchronousTestCase):
    """SEC-08: hosts of a link share one socket with all other links of the table."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.now = 0.0
        self.listener = SlowListener(self)
        self.counts = Counts()
        self.dropped = self.counts.dropped
        self.table: Any = FilteredTable(IPV4)
        clock = lambda: self.now  # noqa: E731 - it is needed twice
        self.protocol = TableProtocol(
            self.table, {3: "d1"}.get, self.counts, Events(), self.call_later, clock, clock
        )
        for index, name in ((7, "d1"), (8, "d2")):
            self.protocol.interfaces[index] = Registration(
                name, frozenset(), [self.listener], [], report_key(IPV4, name)
            )
        self.calls: list[Callable[[], None]] = []
        self.pauses: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        if seconds:
            self.pauses.append((seconds, call))
        else:
            self.calls.append(call)

    def turn(self) -> None:
        """Make the calls that were to be made soon."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()

    def begin_slice(self, seconds: float) -> None:
        """Let the protocol work on packets for this time, as its port does."""
        self.protocol.slice_ends = self.now + seconds

    def report(self, source: str, index: int, *groups: int) -> None:
        """One report, as a socket delivers it."""
        records = [
            Record(RecordType.CHANGE_TO_EXCLUDE_MODE, b"\xef\x01" + number.to_bytes(2, "big"))
            for number in groups
        ]
        report = Report(tuple(records))
        packet = datagram.encode(IPV4, packed(source), IPV4.report_destination, report)
        info = struct.pack("=i4s4s", index, bytes(4), bytes(4))
        self.protocol.datagramReceived(packet, [(0, 8, info)], (source, 0))

    def test_join_of_another_host_comes_next_in_a_flood(self) -> None:
        """The flood of one host costs the others on its link, and on other links, nothing."""
        self.begin_slice(SLICE)
        for _ in range(500):
            self.report("10.0.2.9", 7, 1)
        self.report("10.0.2.2", 7, 2)
        self.report("10.0.3.2", 8, 3)
        self.turn()
        self.assertLessEqual(self.listener.places("10.0.2.2", "10.0.3.2"), 15)

    def become_known(self, source: str) -> None:
        """Report in quiet times, as a host does that has joined before."""
        for _ in range(2):
            self.begin_slice(SLICE)
            self.report(source, 7, 1)
            self.now += PROBATION

    def test_join_of_a_known_host_comes_next_in_a_flood_from_forged_addresses(self) -> None:
        """What strangers send delays the strangers of their link alone."""
        self.become_known("10.0.2.2")
        self.begin_slice(0)
        for number in range(500):
            self.report(f"10.0.{16 + number // 256}.{number % 256}", 7, 1)
        self.report("10.0.2.2", 7, 2)
        self.report("10.0.3.2", 8, 3)
        told = len(self.listener.told)
        self.turn()
        self.assertLessEqual(self.listener.places("10.0.3.2") - told, 15)
        self.assertIn((packed("10.0.2.2"), 2), self.heard()[told : told + 15])

    def test_known_hosts_are_still_heard_where_strangers_fill_the_queue(self) -> None:
        self.become_known("10.0.2.2")
        self.begin_slice(0)
        for number in range(3000):
            self.report(f"10.0.{16 + number // 256}.{number % 256}", 7, 1)
        self.assertEqual(self.table.filters[-1], ([8], []))
        self.assertEqual(self.table.only, [(7, packed("10.0.2.2"))])
        self.report("10.0.2.2", 7, 2)
        while self.calls:
            self.turn()
        self.assertIn((packed("10.0.2.2"), 2), self.heard())
        self.assertEqual((self.table.filters[-1], self.table.only), (([7, 8], []), []))

    def heard(self) -> list[tuple[bytes, int]]:
        """The source and the last byte of the group of each report."""
        return [(one.source, one.packet[0].group[-1]) for one in self.listener.told]

    def test_turn_of_the_reactor_is_short_in_a_flood(self) -> None:
        """No turn is longer than the slice and one packet."""
        self.begin_slice(SLICE)
        for _ in range(500):
            self.report("10.0.2.9", 7, 1)
        while self.calls:
            begin = self.now
            self.turn()
            self.assertLess(self.now - begin, SLICE + 2 * self.listener.cost)
        self.assertEqual(len(self.listener.told), 500)

    def test_flood_beyond_the_share_of_a_host_is_refused_in_the_kernel_and_counted(self) -> None:
        self.begin_slice(0)
        for _ in range(2000):
            self.report("10.0.2.9", 7, 1)
        self.report("10.0.2.2", 7, 2)
        count = self.dropped["d1", "flood"]
        self.assertGreater(count, 500)
        self.assertEqual(self.table.filters[-1], ([7, 8], [(7, packed("10.0.2.9"))]))
        while self.calls:
            self.turn()
        self.assertEqual(len(self.listener.told), 2001 - count)
        self.assertEqual(self.table.filters[-1], ([7, 8], []))

    def flood(self) -> tuple[int, list[float]]:
        """More than the share of a host, all worked off; who is refused then, and the pauses."""
        self.begin_slice(0)
        for _ in range(2000):
            self.report("10.0.2.9", 7, 1)
        while self.calls:
            self.turn()
        return len(self.table.filters[-1][1]), [seconds for seconds, _ in self.pauses]

    def test_host_that_floods_on_is_refused_longer_each_time(self) -> None:
        self.assertEqual(self.flood(), (0, []))
        for pause in (FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE):
            self.assertEqual(self.flood(), (1, [pause]))
            self.pauses.pop()[1]()
            self.assertEqual(self.table.filters[-1], ([7, 8], []))
        for _ in range(5):
            self.flood()
            seconds, end = self.pauses.pop()
            end()
        self.assertEqual(seconds, LONGEST_PAUSE)
        self.now += PAUSE_MEMORY + 0.1
        self.assertEqual(self.flood(), (0, []))

    def test_packets_that_come_during_a_pause_begin_no_other(self) -> None:
        self.flood()
        self.flood()
        self.report("10.0.2.9", 7, 1)
        self.turn()
        self.assertEqual(len(self.pauses), 1)

    def test_pause_that_ends_late_concerns_no_lost_interface(self) -> None:
        self.flood()
        self.flood()
        _, end = self.pauses.pop()
        self.protocol.forget(7)
        self.protocol.narrow()
        before = len(self.table.filters)
        end()
        self.assertEqual(self.table.filters[before:], [])

    def test_long_report_is_delivered_in_parts(self) -> None:
        """No report, however long, holds up the others."""
        self.begin_slice(SLICE)
        self.report("10.0.2.9", 7, *range(1000))
        self.report("10.0.2.2", 7, 2)
        while self.calls:
            self.turn()
        self.assertLessEqual(self.listener.places("10.0.2.2"), 2)
        sizes = [len(told.packet) for told in self.listener.told]
        self.assertEqual((max(sizes), sum(sizes)), (MOST_RECORDS, 1001))

    def test_parts_become_smaller_while_records_take_long(self) -> None:
        self.listener.record_cost = 0.001
        self.begin_slice(SLICE)
        self.report("10.0.2.9", 7, *range(1000))
        while self.calls:
            self.turn()
        sizes = [len(told.packet) for told in self.listener.told]
        self.assertEqual((sizes[0], sum(sizes)), (MOST_RECORDS, 1000))
        self.assertLessEqual(max(sizes[1:]), MOST_RECORDS // 4)

    def test_upcalls_of_a_flood_wait_behind_joins(self) -> None:
        upcall = struct.pack("=8xBBBB4s4s8x", 1, 0, 3, 0, H4, G4)
        self.begin_slice(SLICE)
        for _ in range(500):
            self.protocol.datagramReceived(upcall, [], ("10.0.2.9", 0))
        self.report("10.0.3.2", 8, 3)
        self.turn()
        self.assertLessEqual(self.listener.places("10.0.3.2"), 15)

    def test_packets_that_wait_for_a_lost_interface_are_dropped(self) -> None:
        self.begin_slice(0)
        self.report("10.0.2.9", 7, 1)
        self.protocol.forget(7)
        self.turn()
        self.assertEqual((self.listener.told, self.protocol.is_behind), ([], False))

    def test_closed_protocol_delivers_nothing(self) -> None:
        self.begin_slice(0)
        self.report("10.0.2.9", 7, 1)
        self.protocol.close()
        self.turn()
        self.assertEqual((self.listener.told, self.protocol.is_behind), ([], False))

    def test_packets_that_the_kernel_dropped_are_counted_once(self) -> None:
        """The kernel tells their number with each packet; earlier ones are not ours."""
        self.protocol.start()
        for total in (5, 8, 8, 2**32 + 1):
            value = struct.pack("=I", total & 0xFFFFFFFF)
            self.protocol.datagramReceived(b"", [(1, 40, value)], ("10.0.2.9", 0))
        self.assertEqual(self.dropped["", "receive-queue"], 2**32 - 4)

    def test_filter_of_the_default_table_names_its_interfaces(self) -> None:
        """Reports of interfaces that are not ours cost nothing."""
        self.protocol.start()
        self.assertEqual(self.table.filters, [([7, 8], [])])


class StartTests(SynchronousTestCase):
    """Packets that arrive before the links are known wait in the kernel."""

    def test_sockets_are_read_and_filtered_once_links_are_known(self) -> None:
        reactor = FakeReactor()
        receiver = Receiver(reactor, Events())
        table: Any = FilteredTable(IPV4)
        receiver.listen(table, {3: "d1"}.get)
        receiver.register(IPV4, 0, LINK, Listener())
        self.assertEqual((reactor.readers, table.filters), ([], []))
        receiver.begin_reading()
        self.assertEqual((len(reactor.readers), table.filters), (1, [([7], [])]))
        other: Any = FilteredTable(IPV6)
        receiver.listen(other, {3: "d1"}.get)
        self.assertEqual((len(reactor.readers), other.filters), (2, [([], [])]))


class KnownHostsTests(SynchronousTestCase):
    """SEC-08: who counts as known before a flood."""

    def setUp(self) -> None:
        self.known = KnownHosts()

    def note(self, host: str, *times: float) -> bool:
        for time in times:
            self.known.note(7, host, time)
        return self.known.is_known(7, host)

    def test_host_is_known_after_its_second_packet(self) -> None:
        self.assertFalse(self.note("a", 0.0, PROBATION / 2))
        self.assertTrue(self.note("a", PROBATION))
        self.assertEqual((self.known.of(7), self.known.of(8)), (["a"], []))

    def test_known_hosts_keep_their_places_until_they_fall_silent(self) -> None:
        for number in range(MOST_KNOWN):
            self.assertTrue(self.note(f"old {number}", 0.0, 1.0))
        self.assertFalse(self.note("new", 2.0, 3.0, MEMORY))
        self.assertTrue(self.note("old 5", MEMORY))
        self.assertTrue(self.note("new", MEMORY + 2.0))
        self.assertEqual(self.known.of(7), ["old 5", "new"])

    def test_hosts_that_were_heard_once_are_remembered_up_to_a_limit(self) -> None:
        self.note("first", 0.0)
        for number in range(MOST_CANDIDATES):
            self.note(f"forged {number}", 0.0)
        self.assertFalse(self.note("first", 1.0))
        self.assertTrue(self.note("first", 2.0))

    def test_link_that_is_gone_is_forgotten(self) -> None:
        self.note("a", 0.0, 1.0)
        self.known.forget(7)
        self.known.forget(7)
        self.assertFalse(self.known.is_known(7, "a"))
