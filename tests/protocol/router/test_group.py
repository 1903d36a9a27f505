"""The state of one group, compared with the tables for every small case."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, product

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.router.group import STOPPED, Group
from mcproxy.protocol.router.pending import PendingQueries
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, NOTHING, FilterMode, SourceFilter
from mcproxy.protocol.wire.packets import NO_SOURCES, Record, RecordType, Sources

from ..families import ALLOW, IS_EX, IS_IN, TO_EX, TO_IN, group, source, sources
from .rfc_tables import EXCLUDE_ROWS, INCLUDE_ROWS, Row

G = group(IPV4, 1)
SMALL = [source(IPV4, number) for number in (1, 2, 3)]
GROUP_TIMER = 500.0
RENEWED = 900.0


def lists() -> list[Sources]:
    """Return every list of up to three sources."""
    return [frozenset(c) for c in chain(*(combinations(SMALL, n) for n in range(4)))]


def group_in_state(mode: FilterMode, x: Sources, y: Sources) -> Group:
    """Return a group in that state; each source of X has a time of its own."""
    made = Group()
    made.mode = mode
    made.timer = GROUP_TIMER if mode is EXCLUDE else STOPPED
    made.sources = {**times(x), **dict.fromkeys(y, STOPPED)}
    return made


def times(x: Sources) -> dict[bytes, float]:
    """Return a different time for each source."""
    return {address: 100.0 + address[-1] for address in x}


class TableTests(SynchronousTestCase):
    """CS-01..04 and SC-01..08: every state and record of three sources.

    SC-13: the actions of a row depend on the state before the record. CHG-05: hosts of the
    lightweight profile send no other records.
    """

    def check(self, state: Group, record: Record, row: Row) -> None:
        """Check that applying ``record`` to ``state`` does what the row says."""
        known = {**state.sources}
        queried = state.apply(record, RENEWED)
        expected = {
            **{s: known.get(s) for s in row.x},
            **dict.fromkeys(row.renewed, RENEWED),
            **dict.fromkeys(row.like_group, GROUP_TIMER),
            **dict.fromkeys(row.y, STOPPED),
        }
        self.assertEqual((state.mode, state.sources), (row.mode, expected), record)
        self.assertEqual((queried.group, queried.sources), (row.ask_group, row.ask), record)
        if row.mode is EXCLUDE:
            self.assertEqual(state.timer, RENEWED if row.renew_group else GROUP_TIMER)

    def test_every_record_in_include_mode_follows_its_row(self) -> None:
        """Every state INCLUDE(A)."""
        for kind, a, b in product(RecordType, lists(), lists()):
            state = group_in_state(INCLUDE, a, NO_SOURCES)
            self.check(state, Record(kind, G, b), INCLUDE_ROWS[kind](a, b))

    def test_every_record_in_exclude_mode_follows_its_row(self) -> None:
        """Every state EXCLUDE(X,Y)."""
        for kind, (x, y), a in product(RecordType, self.disjoint(), lists()):
            state = group_in_state(EXCLUDE, x, y)
            self.check(state, Record(kind, G, a), EXCLUDE_ROWS[kind](x, y, a))

    def disjoint(self) -> Iterator[tuple[Sources, Sources]]:
        """Return every X and Y without common sources."""
        return ((x, y) for x, y in product(lists(), lists()) if not x & y)


class SubscriptionTests(SynchronousTestCase):
    """What the state of a group forwards (B.1, E.2)."""

    def test_new_group_wants_nothing(self) -> None:
        """It counts as empty."""
        self.assertFalse(Group())
        self.assertIs(Group().subscription(), NOTHING)

    def test_subscription_is_include_of_running_sources_or_exclude_of_blocked_ones(self) -> None:
        """RT-01: for every small state."""
        for x, y in product(lists(), lists()):
            if x & y:
                continue
            excluding = group_in_state(EXCLUDE, x, y)
            self.assertTrue(excluding)
            self.assertEqual(excluding.subscription(), SourceFilter(EXCLUDE, y))
            self.assertEqual(frozenset(excluding.forwarded()), x)
            including = group_in_state(INCLUDE, x, NO_SOURCES)
            self.assertEqual(bool(including), bool(x))
            self.assertEqual(including.subscription(), SourceFilter(INCLUDE, x))

    def test_new_groups_share_no_state(self) -> None:
        """RT-05: what one group learns, another does not know."""
        for kind in (ALLOW, IS_IN, TO_IN, IS_EX, TO_EX):
            Group().apply(Record(kind, G, sources(IPV4, 1)), RENEWED)
            self.assertEqual(Group().sources, {})


class ExpiryTests(SynchronousTestCase):
    """Timers of a group that expire (B.5)."""

    def test_expired_source_in_include_mode_is_forgotten(self) -> None:
        """RT-03: at its time and not before."""
        state = group_in_state(INCLUDE, sources(IPV4, 1, 2), NO_SOURCES)
        self.assertFalse(state.expire(100.5))
        self.assertTrue(state.expire(101.0))
        self.assertEqual(state.sources, {SMALL[1]: 102.0})
        self.assertTrue(state.expire(102.0))
        self.assertFalse(state)

    def test_expired_source_in_exclude_mode_is_blocked(self) -> None:
        """RT-04: from then on."""
        state = group_in_state(EXCLUDE, sources(IPV4, 1, 2), sources(IPV4, 3))
        self.assertTrue(state.expire(101.0))
        expected = SourceFilter(EXCLUDE, sources(IPV4, 1, 3))
        self.assertEqual(state.subscription(), expected)
        self.assertFalse(state.expire(101.5))

    def test_expired_group_timer_keeps_running_sources(self) -> None:
        """TX-01: blocked sources are forgotten."""
        state = group_in_state(EXCLUDE, sources(IPV4, 1), sources(IPV4, 3))
        state.timer = 50.0
        self.assertTrue(state.expire(50.0))
        self.assertEqual((state.mode, state.sources), (INCLUDE, {SMALL[0]: 101.0}))

    def test_expired_group_timer_without_running_sources_empties_the_group(self) -> None:
        """TX-02: nothing is left."""
        state = group_in_state(EXCLUDE, NO_SOURCES, sources(IPV4, 3))
        self.assertTrue(state.expire(GROUP_TIMER))
        self.assertFalse(state)

    def test_source_that_expires_with_the_group_is_forgotten(self) -> None:
        """Both have the same time."""
        state = group_in_state(EXCLUDE, sources(IPV4, 1), NO_SOURCES)
        state.timer = 101.0
        self.assertTrue(state.expire(101.0))
        self.assertFalse(state)


class NextEventTests(SynchronousTestCase):
    """When a group has something to do next."""

    def test_next_event_is_the_earliest_running_timer(self) -> None:
        """Blocked sources have none."""
        self.assertIsNone(Group().next_event())
        self.assertEqual(group_in_state(EXCLUDE, NO_SOURCES, NO_SOURCES).next_event(), GROUP_TIMER)
        blocking = group_in_state(EXCLUDE, NO_SOURCES, sources(IPV4, 1))
        self.assertEqual(blocking.next_event(), GROUP_TIMER)
        self.assertEqual(group_in_state(EXCLUDE, sources(IPV4, 2), NO_SOURCES).next_event(), 102.0)
        self.assertEqual(group_in_state(INCLUDE, sources(IPV4, 3), NO_SOURCES).next_event(), 103.0)

    def test_next_event_is_the_next_query_if_one_is_pending(self) -> None:
        """It comes before the timers that it lowered."""
        state = group_in_state(EXCLUDE, sources(IPV4, 1), NO_SOURCES)
        state.pending = PendingQueries()
        self.assertIsNone(state.pending.next())
        self.assertEqual(state.next_event(), 101.0)
        state.pending.group_count, state.pending.group_when = 1, 50.0
        self.assertEqual(state.next_event(), 50.0)
        state.pending.source_counts, state.pending.sources_when = {SMALL[0]: 1}, 40.0
        self.assertEqual(state.next_event(), 40.0)

    def test_group_ends_with_its_last_timer(self) -> None:
        """In EXCLUDE mode it goes on with the sources whose timers run longer."""
        self.assertEqual(group_in_state(INCLUDE, sources(IPV4, 1, 3), NO_SOURCES).ends(), 103.0)
        excluding = group_in_state(EXCLUDE, sources(IPV4, 1), sources(IPV4, 2))
        self.assertEqual(excluding.ends(), GROUP_TIMER)
        excluding.lower_group_timer(50.0)
        self.assertEqual(excluding.ends(), 101.0)

    def test_lowering_changes_later_timers_only(self) -> None:
        """SQ-01, SQ-03: earlier timers and blocked sources stay."""
        state = group_in_state(EXCLUDE, sources(IPV4, 1, 2), sources(IPV4, 3))
        state.lower_group_timer(600.0)
        self.assertEqual(state.timer, GROUP_TIMER)
        state.lower_group_timer(400.0)
        state.lower_source_timers(sources(IPV4, 1, 2, 3, 9), 101.5)
        self.assertEqual(state.timer, 400.0)
        self.assertEqual(state.sources, {SMALL[0]: 101.0, SMALL[1]: 101.5, SMALL[2]: STOPPED})
