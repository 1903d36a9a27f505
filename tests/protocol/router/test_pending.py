"""Specific queries that are still to be sent."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.router.pending import PendingQueries

from ..families import source, sources

ONE, TWO = source(IPV4, 1), source(IPV4, 2)
RUNNING = {ONE: 50.0, TWO: 50.0}


class PendingQueriesTests(SynchronousTestCase):
    """Counts and times of one group."""

    def test_group_query_is_taken_as_often_as_it_was_added(self) -> None:
        """Each one is due an interval after the one before."""
        pending = PendingQueries()
        pending.add_group(2, 10.0)
        self.assertFalse(pending.take_group(9.0, 10.0))
        self.assertTrue(pending.take_group(10.0, 11.0))
        self.assertFalse(pending.take_group(10.5, 11.5))
        self.assertEqual(pending.next(), 11.0)
        self.assertTrue(pending.take_group(11.0, 12.0))
        self.assertIsNone(pending.next())
        self.assertFalse(pending.take_group(12.0, 13.0))

    def test_sources_have_counts_of_their_own(self) -> None:
        """A source that is added later is queried longer."""
        pending = PendingQueries()
        pending.add_sources([ONE], 2, 10.0)
        self.assertEqual(pending.take_sources(RUNNING, 10.0, 11.0), sources(IPV4, 1))
        pending.add_sources([TWO], 2, 10.5)
        self.assertEqual(pending.take_sources(RUNNING, 10.5, 11.5), sources(IPV4, 1, 2))
        self.assertEqual(pending.take_sources(RUNNING, 11.5, 12.5), sources(IPV4, 2))
        self.assertIsNone(pending.next())

    def test_source_without_running_timer_is_dropped(self) -> None:
        """It is blocked or removed: nobody needs to be asked."""
        pending = PendingQueries(source_counts={ONE: 2, TWO: 2}, sources_when=10.0)
        self.assertEqual(pending.take_sources({ONE: 50.0, TWO: 0.0}, 10.0, 11.0), frozenset([ONE]))
        self.assertEqual(pending.take_sources(RUNNING, 11.0, 12.0), frozenset([ONE]))
        self.assertIsNone(pending.next())

    def test_cancelled_group_query_leaves_source_queries(self) -> None:
        """The mode changes to INCLUDE; its sources are still in question."""
        pending = PendingQueries(1, 5.0, {ONE: 1}, 8.0)
        self.assertEqual(pending.next(), 5.0)
        pending.cancel_group()
        self.assertEqual(pending.next(), 8.0)
