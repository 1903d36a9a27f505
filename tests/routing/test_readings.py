"""Samples of counters, and what was added between two of them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.host_counters import HostCounters
from mcproxy.linux.mroute.counters import ENTRY, EntryCounters, VifCounters, entry_key
from mcproxy.protocol.family import IPV4, packed
from mcproxy.routing.readings import History, Moved, Reading, Sample

S, G = packed("10.0.0.1"), packed("239.1.1.1")
KEY = entry_key(S, G, 3)


def counters(packets: int, size: int = 0, wrong: int = 0, ticks: int = 0) -> bytes:
    """An entry's counters as the kernel packs them."""
    return ENTRY.pack(packets, size, wrong, ticks)


class HistoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.history = History()

    def test_entry_of_one_sample_has_totals_and_no_rate(self) -> None:
        self.history.note({KEY: counters(5, 500, 1, 150)}, 10.0)
        self.assertEqual(self.history.moved(KEY), Moved(EntryCounters(5, 500, 1, 1.5)))

    def test_second_sample_tells_what_was_added_and_when(self) -> None:
        self.history.note({KEY: counters(5, 500, 1)}, 10.0)
        self.history.note({KEY: counters(25, 2500, 2)}, 12.0)
        expected = Moved(EntryCounters(25, 2500, 2, 0.0), 2.0, 20, 2000, 1)
        self.assertEqual(self.history.moved(KEY), expected)

    def test_third_sample_is_compared_with_the_second(self) -> None:
        for when, packets in ((10.0, 5), (12.0, 25), (13.0, 26)):
            self.history.note({KEY: counters(packets)}, when)
        moved = self.history.moved(KEY)
        assert moved is not None
        self.assertEqual((moved.span, moved.packets), (1.0, 1))

    def test_entry_that_was_made_anew_has_no_rate(self) -> None:
        self.history.note({KEY: counters(100)}, 10.0)
        self.history.note({KEY: counters(3)}, 12.0)
        self.assertEqual(self.history.moved(KEY), Moved(EntryCounters(3, 0, 0, 0.0)))

    def test_entry_without_a_packet_was_never_used(self) -> None:
        self.history.note({KEY: counters(0, ticks=9999)}, 10.0)
        self.assertEqual(self.history.moved(KEY), Moved(EntryCounters(0, 0, 0, None)))

    def test_entry_that_is_gone_is_forgotten_slice_by_slice(self) -> None:
        gone = {number.to_bytes(12, "big"): counters(1) for number in range(1000)}
        self.history.note(gone, 10.0)
        self.history.note({KEY: counters(1)}, 12.0)
        self.assertEqual(len(list(self.history.remove_older(11.0))), 5)
        self.assertEqual(list(self.history.entries), [KEY])
        self.assertIsNone(self.history.moved(bytes(12)))


class ReadingTests(SynchronousTestCase):
    def test_interface_that_is_new_has_no_packets_yet(self) -> None:
        host = HostCounters(0, {}, {})
        key = (IPV4, 0, "down1")
        one = Sample(1.0, {key: VifCounters(packets_out=5)}, host)
        two = Sample(2.0, {key: VifCounters(packets_out=9), (IPV4, 0, "new"): one.vifs[key]}, host)
        reading = Reading(one, two, None, {})
        self.assertEqual(reading.packets_out(key), 4)
        self.assertEqual(reading.packets_out((IPV4, 0, "new")), 0)
        self.assertEqual(Reading(two, one, None, {}).packets_out(key), 0)
        self.assertIsNone(reading.entry((IPV4, 0), KEY))
