"""Reports without a query, for routers that never query."""

from __future__ import annotations

import math

from mcproxy.protocol.sources import NOTHING
from mcproxy.protocol.wire.packets import OldReport

from ..families import IS_EX, both_families, group
from .simulated_host import HostTests, OlderQuerierTests


@both_families
class ReportIntervalTests(HostTests):
    """``report-interval`` (C.4); an answer of this host takes half of the time it may take."""

    def setUp(self) -> None:
        """A host that wants one group, and no router that queries."""
        super().setUp()
        self.host.unqueried.set_interval(None, self.now)
        self.has_reported(self.excluding())

    def reported(self, seconds: float) -> list[float]:
        """Return when the group is reported, in seconds from the join."""
        self.pass_time(seconds)
        messages = self.sent_messages()
        self.assertEqual({records for _, records in messages} - {(self.record(IS_EX),)}, set())
        return [when for when, _ in messages]

    def test_groups_are_reported_every_125_seconds_while_no_querier_is_heard(self) -> None:
        """RI-01."""
        self.assertEqual(self.reported(500), [130, 255, 380, 505])

    def test_query_ends_the_reports_for_a_membership_interval(self) -> None:
        """RI-01: twice its query interval and two response intervals."""
        self.receives_general_query(within=1)
        self.assertEqual(self.reported(274), [10.5])
        self.assertEqual(self.reported(2), [10 + 270 + 5])
        self.assertEqual(self.reported(125), [10 + 270 + 125 + 5])

    def test_number_reports_always(self) -> None:
        """RI-02: whether there are queries or not; a tenth of the interval later at most."""
        self.host.unqueried.set_interval(30, self.now)
        self.assertEqual(self.reported(65), [41.5, 71.5])
        self.receives_general_query(within=1)
        self.assertEqual(self.reported(30), [75.5, 101.5])

    def test_never_reports_nothing_without_a_query(self) -> None:
        """RI-02."""
        self.host.unqueried.set_interval(math.inf, self.now)
        self.assertEqual(self.reported(1000), [])
        self.assertIsNone(self.host.next_deadline())

    def test_interval_begins_with_the_first_group(self) -> None:
        """RI-01: without a group there is nothing to report."""
        self.wants(NOTHING)
        self.pass_time(1000)
        self.sent.clear()
        self.wants(self.excluding())
        self.pass_time(10)
        self.sent.clear()
        self.assertEqual(self.reported(125), [1010 + 125 + 5])


@both_families
class OlderReportIntervalTests(OlderQuerierTests):
    """The same in an older version."""

    def test_groups_are_reported_again_in_the_older_version(self) -> None:
        """RI-02: each group by itself."""
        self.host = self.make_host(self.older)
        self.host.unqueried.set_interval(60, self.now)
        self.joins(1)
        self.pass_time(50)
        again = OldReport(self.older, group(self.family, 1))
        self.assertEqual(self.sent_messages(), [(63, again)])
