"""When a router sends general queries, and what these carry."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.wire.packets import Query, Record

from ..families import IS_EX, START, both_families
from .simulated_router import RouterTests


@both_families
class GeneralQueryTests(RouterTests):
    """General queries (B.6)."""

    def start(self) -> None:
        """The link comes up."""
        self.note(self.querier.start(self.now))

    def times(self) -> list[float]:
        """Return when general queries were sent since the last call, and forget them."""
        times = [when - START for when, query in self.sent]
        self.sent.clear()
        return times

    def test_startup_queries_are_sent_at_0_and_31_seconds(self) -> None:
        """GQ-01: later ones follow every 125 s."""
        self.start()
        self.pass_time(500)
        self.assertEqual(self.times(), [0, 31.25, 156.25, 281.25, 406.25])
        self.assertEqual(self.querier.last_general_query, START + 406.25)

    def test_general_query_carries_the_own_settings(self) -> None:
        """GQ-02: all groups, 10 s, robustness 2, interval 125 s."""
        self.start()
        [(_, query)] = self.sent
        version = self.family.current_version
        expected = Query(version, self.family.unspecified, 10.0, robustness=2, interval=125)
        self.assertEqual(query, expected)

    def test_number_of_startup_queries_is_the_robustness(self) -> None:
        """D: followed by the query interval."""
        for robustness, times in ((1, [0, 125]), (3, [0, 31.25, 62.5, 187.5])):
            settings = replace(self.settings, robustness=robustness)
            self.querier = Querier(self.family, settings)
            self.now = START
            self.start()
            self.pass_time(times[-1])
            self.assertEqual(self.times(), times)

    def test_restart_sends_startup_queries_again(self) -> None:
        """QE-07, GQ-06: a new address starts the series again."""
        self.start()
        self.pass_time(10)
        self.start()
        self.pass_time(160)
        self.assertEqual(self.times(), [0, 10, 41.25, 166.25])

    def test_general_query_changes_no_timer(self) -> None:
        """The timers run on."""
        self.start()
        self.given_exclude(x=(1,))
        self.pass_time(125)
        self.check_exclude({1: 145}, set(), 145)

    def test_record_for_the_unspecified_group_is_ignored(self) -> None:
        """General queries go on as before."""
        self.start()
        self.reports(Record(IS_EX, self.family.unspecified))
        self.assertEqual(self.querier.groups, {})
        self.pass_time(40)
        self.assertEqual(self.times(), [0, 31.25])
