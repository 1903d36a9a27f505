"""One group's state against the tables, every small case of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, product

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.router.group import STOPPED, Group
from mcproxy.protocol.router.pending import PendingQueries
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, NOTHING, FilterMode, SourceFilter
from mcproxy.protocol.wire.packets import NO_SOURCES, Record, RecordType, Sources

from ..support import ALLOW, IS_EX, IS_IN, TO_EX, TO_IN, group, source, sources
from ..tables import EXCLUDE_ROWS, INCLUDE_ROWS, Row

G = group(IPV4, 1)
SMALL = [source(IPV4, number) for number in (1, 2, 3)]
GROUP_TIMER = 500.0
RENEWED = 900.0


def lists() -> list[Sources]:
    """Every list of up to three sources."""
    return [frozenset(c) for c in chain(*(combinations(SMALL, n) for n in range(4)))]


def one_of_each(mode: FilterMode, x: Sources, y: Sources) -> Group:
    """A group in that state, each of X with a time of its own."""
    made = Group()
    made.mode = mode
    made.timer = GROUP_TIMER if mode is EXCLUDE else STOPPED
    made.sources = {**times(x), **dict.fromkeys(y, STOPPED)}
    return made


def times(x: Sources) -> dict[bytes, float]:
    """A time for each source that is no other's."""
    return {address: 100.0 + address[-1] for address in x}


class TableTests(SynchronousTestCase):
    """CS-01..04 and SC-01..08, T-042..053: every state and record of three sources.

    SC-13: what a row asks for is reckoned from the state before. CHG-05: hosts of the
    lightweight profile send no other records.
    """

    def check(self, state: Group, record: Record, row: Row) -> None:
        """Applying ``record`` to ``state`` does what the row says."""
        known = {**state.sources}
        doubt = state.apply(record, RENEWED)
        expected = {
            **{s: known.get(s) for s in row.x},
            **dict.fromkeys(row.renewed, RENEWED),
            **dict.fromkeys(row.like_group, GROUP_TIMER),
            **dict.fromkeys(row.y, STOPPED),
        }
        self.assertEqual((state.mode, state.sources), (row.mode, expected), record)
        self.assertEqual((doubt.group, doubt.sources), (row.ask_group, row.ask), record)
        if row.mode is EXCLUDE:
            self.assertEqual(state.timer, RENEWED if row.renew_group else GROUP_TIMER)

    def test_include_rows(self) -> None:
        """From INCLUDE(A)."""
        for kind, a, b in product(RecordType, lists(), lists()):
            state = one_of_each(INCLUDE, a, NO_SOURCES)
            self.check(state, Record(kind, G, b), INCLUDE_ROWS[kind](a, b))

    def test_exclude_rows(self) -> None:
        """From EXCLUDE(X,Y)."""
        for kind, (x, y), a in product(RecordType, self.disjoint(), lists()):
            state = one_of_each(EXCLUDE, x, y)
            self.check(state, Record(kind, G, a), EXCLUDE_ROWS[kind](x, y, a))

    def disjoint(self) -> Iterator[tuple[Sources, Sources]]:
        """Every X and Y without common sources."""
        return ((x, y) for x, y in product(lists(), lists()) if not x & y)


class SubscriptionTests(SynchronousTestCase):
    """What a group's state forwards (B.1, E.2)."""

    def test_nothing(self) -> None:
        """A new group is none."""
        self.assertFalse(Group())
        self.assertIs(Group().subscription(), NOTHING)

    def test_every_small_state(self) -> None:
        """RT-01: INCLUDE of all with a timer; EXCLUDE of Y, X being forwarded anyway."""
        for x, y in product(lists(), lists()):
            if x & y:
                continue
            excluding = one_of_each(EXCLUDE, x, y)
            self.assertTrue(excluding)
            self.assertEqual(excluding.subscription(), SourceFilter(EXCLUDE, y))
            self.assertEqual(frozenset(excluding.forwarded()), x)
            including = one_of_each(INCLUDE, x, NO_SOURCES)
            self.assertEqual(bool(including), bool(x))
            self.assertEqual(including.subscription(), SourceFilter(INCLUDE, x))

    def test_groups_do_not_share_sources(self) -> None:
        """RT-05: what one learns, another new one does not know."""
        for kind in (ALLOW, IS_IN, TO_IN, IS_EX, TO_EX):
            Group().apply(Record(kind, G, sources(IPV4, 1)), RENEWED)
            self.assertEqual(Group().sources, {})


class ExpiryTests(SynchronousTestCase):
    """Timers that run out (B.5)."""

    def test_source_in_include(self) -> None:
        """RT-03: forgotten, at its time and not before."""
        state = one_of_each(INCLUDE, sources(IPV4, 1, 2), NO_SOURCES)
        self.assertFalse(state.expire(100.5))
        self.assertTrue(state.expire(101.0))
        self.assertEqual(state.sources, {SMALL[1]: 102.0})
        self.assertTrue(state.expire(102.0))
        self.assertFalse(state)

    def test_source_in_exclude(self) -> None:
        """RT-04: blocked from then on."""
        state = one_of_each(EXCLUDE, sources(IPV4, 1, 2), sources(IPV4, 3))
        self.assertTrue(state.expire(101.0))
        expected = SourceFilter(EXCLUDE, sources(IPV4, 1, 3))
        self.assertEqual(state.subscription(), expected)
        self.assertFalse(state.expire(101.5))

    def test_group_timer(self) -> None:
        """TX-01: X stays with its times, Y is gone."""
        state = one_of_each(EXCLUDE, sources(IPV4, 1), sources(IPV4, 3))
        state.timer = 50.0
        self.assertTrue(state.expire(50.0))
        self.assertEqual((state.mode, state.sources), (INCLUDE, {SMALL[0]: 101.0}))

    def test_group_timer_without_sources(self) -> None:
        """TX-02: nothing is left."""
        state = one_of_each(EXCLUDE, NO_SOURCES, sources(IPV4, 3))
        self.assertTrue(state.expire(GROUP_TIMER))
        self.assertFalse(state)

    def test_all_at_once(self) -> None:
        """A source whose time is the group's is not wanted any more."""
        state = one_of_each(EXCLUDE, sources(IPV4, 1), NO_SOURCES)
        state.timer = 101.0
        self.assertTrue(state.expire(101.0))
        self.assertFalse(state)


class NextEventTests(SynchronousTestCase):
    """When a group wants attention."""

    def test_timers(self) -> None:
        """The earliest of all that run; blocked sources have none."""
        self.assertIsNone(Group().next_event())
        self.assertEqual(one_of_each(EXCLUDE, NO_SOURCES, NO_SOURCES).next_event(), GROUP_TIMER)
        blocking = one_of_each(EXCLUDE, NO_SOURCES, sources(IPV4, 1))
        self.assertEqual(blocking.next_event(), GROUP_TIMER)
        self.assertEqual(one_of_each(EXCLUDE, sources(IPV4, 2), NO_SOURCES).next_event(), 102.0)
        self.assertEqual(one_of_each(INCLUDE, sources(IPV4, 3), NO_SOURCES).next_event(), 103.0)

    def test_queries(self) -> None:
        """A query that is to be sent comes before the timers that it lowered."""
        state = one_of_each(EXCLUDE, sources(IPV4, 1), NO_SOURCES)
        state.pending = PendingQueries()
        self.assertIsNone(state.pending.next())
        self.assertEqual(state.next_event(), 101.0)
        state.pending.group_count, state.pending.group_when = 1, 50.0
        self.assertEqual(state.next_event(), 50.0)
        state.pending.source_counts, state.pending.sources_when = {SMALL[0]: 1}, 40.0
        self.assertEqual(state.next_event(), 40.0)

    def test_lowered_timers(self) -> None:
        """SQ-01, SQ-03: later times come down, earlier ones and blocked sources stay."""
        state = one_of_each(EXCLUDE, sources(IPV4, 1, 2), sources(IPV4, 3))
        state.lower_group_timer(600.0)
        self.assertEqual(state.timer, GROUP_TIMER)
        state.lower_group_timer(400.0)
        state.lower_source_timers(sources(IPV4, 1, 2, 3, 9), 101.5)
        self.assertEqual(state.timer, 400.0)
        self.assertEqual(state.sources, {SMALL[0]: 101.0, SMALL[1]: 101.5, SMALL[2]: STOPPED})
