"""Observed sources: limits, idle and silent sources, and when the counters are read."""

from __future__ import annotations

from mcproxy.protocol.family import Address
from mcproxy.protocol.forwarding.observed_sources import (
    IDLE_TIME,
    UNWANTED_IDLE_TIME,
    Changes,
    ObservedSources,
    Outcome,
)

from ..families import FamilyTests, both_families, group, source

ACCEPTED, NOW_FULL, REFUSED = Outcome.ACCEPTED, Outcome.NOW_FULL, Outcome.REFUSED
INTERVAL = 10.0


class ObservedSourcesTests(FamilyTests):
    """A machine with room for three sources on an interface."""

    def setUp(self) -> None:
        self.group = group(self.family, 1)
        self.exclusive: set[Address] = set()
        self.observed = ObservedSources(INTERVAL, self.stops_delivering, most=3)

    def stops_delivering(self, one: Address, _: Address) -> bool:
        """Whether an upstream delivered the source exclusively."""
        found = one in self.exclusive
        self.exclusive.discard(one)
        return found

    def note(self, number: int, arrival: str = "up", now: float = 0.0) -> Outcome:
        """Data of a source comes in."""
        return self.observed.note(source(self.family, number), self.group, arrival, now)

    def known(self) -> list[int]:
        """The numbers of the sources that are known."""
        heard = self.observed.of(self.group)
        return [n for n in range(1, 6) if source(self.family, n) in heard]

    def channels(self, *numbers: int) -> tuple[tuple[Address, Address], ...]:
        """Sources by number, with their group."""
        return tuple((source(self.family, number), self.group) for number in numbers)

    def read(self, now: float, forwarded: tuple[int, ...] = (), **counts: int) -> Changes:
        """Read the counters at the deadline: packets by source ("s1=5")."""
        self.assertEqual(self.observed.next_deadline(), now)
        self.assertTrue(self.observed.advance(now))
        return self.answer(now, forwarded, **counts)

    def answer(self, now: float, forwarded: tuple[int, ...] = (), **counts: int) -> Changes:
        """Answer with these counters."""
        packets = {
            (source(self.family, int(name[1:])), self.group): count
            for name, count in counts.items()
        }
        wanted = {(source(self.family, number), self.group) for number in forwarded}
        return self.observed.counted(packets, wanted, now)


@both_families
class LimitTests(ObservedSourcesTests):
    """FWD-13, FWD-14: what came in where, within bounds."""

    def test_new_source_beyond_the_limit_is_refused_and_counted(self) -> None:
        """What is known stays; each interface has a limit of its own."""
        outcomes = [self.note(n) for n in (1, 2, 3, 4, 1)]
        self.assertEqual(outcomes, [ACCEPTED, ACCEPTED, ACCEPTED, NOW_FULL, ACCEPTED])
        self.assertEqual((len(self.observed), self.observed.refused["up"]), (3, 1))
        self.assertFalse(self.observed.has_room("up"))
        self.assertIs(self.note(4, "down"), ACCEPTED)
        self.observed.forget(source(self.family, 1), self.group)
        self.assertTrue(self.observed.has_room("up"))
        self.assertIs(self.note(5), ACCEPTED)

    def test_source_that_moves_makes_room_where_it_was(self) -> None:
        """It is in one place at a time."""
        self.note(1, "up")
        self.note(1, "down")
        [(address, heard)] = self.observed.of(self.group).items()
        self.assertEqual((address, heard.arrival), (source(self.family, 1), "down"))
        self.assertEqual([self.note(n) for n in (2, 3, 4)], [ACCEPTED] * 3)

    def test_source_that_moves_to_a_full_link_stays_where_it_was(self) -> None:
        """There is no room where it moved to."""
        for number in (1, 2, 3):
            self.note(number, "down")
        self.note(4, "up")
        self.assertIs(self.note(4, "down"), NOW_FULL)
        self.assertEqual(self.observed.of(self.group)[source(self.family, 4)].arrival, "up")

    def test_lost_interface_takes_its_sources_and_no_others(self) -> None:
        """What was learned there goes with it, and nothing else."""
        self.note(1, "up")
        self.note(2, "down")
        self.assertEqual(self.observed.forget_interface("up"), [self.group])
        self.assertEqual(list(self.observed.of(self.group)), [source(self.family, 2)])
        self.assertEqual(self.observed.forget_interface("down"), [self.group])
        self.assertEqual((self.observed.groups, len(self.observed)), ({}, 0))

    def test_full_interface_is_named_once_until_it_has_room(self) -> None:
        """SEC-04: the first refusal makes it full, a reading that finds room frees it."""
        outcomes = [self.note(n) for n in (1, 2, 3, 4, 5)]
        self.assertEqual(outcomes[3:], [NOW_FULL, REFUSED])
        self.assertEqual(self.observed.full, {"up"})
        self.assertEqual(self.read(10.0, s1=1, s2=1, s3=1), Changes())
        self.assertEqual(self.read(20.0, s1=1, s2=2, s3=2).freed, frozenset())
        for now in (30.0, 40.0):
            counts = int(now)
            changes = self.read(now, s1=1, s2=counts, s3=counts)
        self.assertEqual(changes, Changes(self.channels(1), (), frozenset(["up"])))
        self.assertEqual((self.observed.full, self.known()), (frozenset(), [2, 3]))
        self.assertIs(self.note(4), ACCEPTED)
        self.assertIs(self.note(5), NOW_FULL)

    def test_full_interface_that_is_lost_is_full_no_longer(self) -> None:
        """SEC-04."""
        for number in (1, 2, 3, 4):
            self.note(number)
        self.observed.forget_interface("up")
        self.assertEqual(self.observed.full, frozenset())


@both_families
class ReadingTests(ObservedSourcesTests):
    """FWD-13: when the counters are read, and what they show."""

    def test_first_source_sets_the_deadline_and_later_ones_keep_it(self) -> None:
        """One reading serves all sources."""
        self.assertIsNone(self.observed.next_deadline())
        self.note(1, now=100.0)
        self.note(2, now=103.0)
        self.assertEqual(self.observed.next_deadline(), 110.0)
        self.assertFalse(self.observed.advance(109.9))
        self.assertEqual(self.observed.next_deadline(), 110.0)

    def test_deadline_is_unset_while_the_counters_are_read(self) -> None:
        """So one reading is under way at a time, whatever comes in meanwhile."""
        self.note(1)
        self.assertTrue(self.observed.advance(10.0))
        self.note(2, now=11.0)
        self.assertIsNone(self.observed.next_deadline())
        self.assertFalse(self.observed.advance(25.0))
        self.answer(12.0, s1=1)
        self.assertEqual(self.observed.next_deadline(), 22.0)

    def test_failed_reading_is_repeated_after_the_interval(self) -> None:
        """Nothing is forgotten without counters."""
        self.note(1)
        self.assertTrue(self.observed.advance(10.0))
        self.observed.not_counted(12.0)
        self.assertEqual((self.observed.next_deadline(), self.known()), (22.0, [1]))

    def test_deadline_without_sources_needs_no_reading(self) -> None:
        """Nothing is left to look after."""
        self.note(1)
        self.observed.forget_interface("up")
        self.assertFalse(self.observed.advance(10.0))
        self.assertIsNone(self.observed.next_deadline())

    def test_source_that_sends_between_readings_is_active_at_the_later_one(self) -> None:
        """By what the kernel counted since the last reading."""
        self.note(1)
        self.note(2)
        self.read(10.0, s1=5, s2=5)
        self.read(20.0, s1=5, s2=6)
        heard = self.observed.of(self.group)
        times = [heard[source(self.family, number)].when for number in (1, 2)]
        self.assertEqual(times, [10.0, 20.0])

    def test_unwanted_source_is_forgotten_after_the_short_time(self) -> None:
        """A source that is forwarded stays for the long time."""
        self.note(1)
        self.note(2)
        self.read(10.0, (1,), s1=7, s2=7)
        now = 10.0
        while now < 10.0 + UNWANTED_IDLE_TIME:
            self.assertEqual(self.known(), [1, 2])
            now += INTERVAL
            changes = self.read(now, (1,), s1=7, s2=7)
        self.assertEqual((changes, self.known()), (Changes(self.channels(2)), [1]))
        while now < 10.0 + IDLE_TIME:
            self.assertEqual(self.known(), [1])
            now += INTERVAL
            changes = self.read(now, (1,), s1=7)
        self.assertEqual((changes, self.known()), (Changes(self.channels(1)), []))
        self.assertIsNone(self.observed.next_deadline())

    def test_upcall_about_a_known_source_counts_as_activity(self) -> None:
        """Its entry may be refused, so that the kernel counts nothing for it."""
        self.note(1)
        self.read(10.0)
        self.note(1, now=15.0)
        for now in (20.0, 30.0, 40.0):
            self.assertEqual(self.read(now), Changes())
        self.assertEqual((self.read(50.0), self.known()), (Changes(self.channels(1)), []))

    def test_delivered_source_that_falls_silent_is_forgotten_at_once(self) -> None:
        """MU-07: and its group is named, so that other upstreams are asked."""
        self.exclusive = {source(self.family, 1)}
        self.note(1)
        self.note(2)
        self.assertEqual(self.read(10.0, s1=3, s2=3), Changes())
        self.assertEqual(self.read(20.0, s1=3, s2=3), Changes(self.channels(1), (self.group,)))
        self.assertEqual(self.known(), [2])

    def test_delivered_source_that_was_learned_during_a_reading_is_kept(self) -> None:
        """MU-07: the counters are older than the source, and say nothing of it."""
        self.exclusive = {source(self.family, 2)}
        self.note(1)
        self.assertTrue(self.observed.advance(10.0))
        self.note(2, now=10.1)
        self.assertEqual(self.answer(10.2, s1=1), Changes())
        self.assertEqual(self.known(), [1, 2])

    def test_other_interval_applies_after_the_next_reading(self) -> None:
        """The deadline that is set already stays."""
        self.note(1)
        self.observed.set_interval(2.0)
        self.read(10.0, s1=1)
        self.assertEqual(self.observed.next_deadline(), 12.0)
