"""Explicit tracking of hosts, and its limits."""

from __future__ import annotations

from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.router.tracking import LinkHosts
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING
from mcproxy.protocol.wire.packets import Report

from ..families import ALLOW, IS_EX, TO_EX, TO_IN, both_families, group, host
from .simulated_router import RouterTests, query_at


@both_families
class ExplicitTrackingTests(RouterTests):
    """TU-02: ``explicit-tracking`` knows the hosts and still queries leaves."""

    settings = QuerierSettings(explicit_tracking=True)

    def test_leave_of_the_last_host_is_queried(self) -> None:
        """The group ends after 2 s."""
        self.says(TO_EX)
        self.says(TO_IN)
        self.assertEqual(
            (self.subscription(), self.specific_queries()), (ANY_SOURCE, [query_at(0)])
        )
        self.pass_time(2)
        self.assertEqual(self.querier.groups, {})

    def test_table_lists_each_host_with_its_wish_and_expiry(self) -> None:
        """EXCLUDE as a time, INCLUDE as a list."""
        self.says(TO_EX, host_number=1)
        self.now += 10
        self.says(ALLOW, 1, host_number=2)
        self.says(IS_EX, host_number=1)
        table = self.querier.groups[group(self.family, 1)].hosts
        assert table is not None
        until = self.now + 270
        self.assertEqual(
            table,
            {
                host(self.family, 1): until,
                host(self.family, 2): (0.0, self.sources(1), until),
            },
        )


@both_families
class TrackingLimitTests(RouterTests):
    """SEC-04, TU-02: hosts beyond the limits keep their streams but are not tracked."""

    settings = QuerierSettings(immediate_leave=True, max_hosts=4, max_group_hosts=2)

    @property
    def hosts(self) -> LinkHosts:
        """Return the hosts of the link."""
        assert self.querier.hosts is not None
        return self.querier.hosts

    def test_leave_is_queried_while_a_group_has_untracked_hosts(self) -> None:
        """Until the report of the untracked host expires."""
        for number in (1, 2, 3):
            self.says(TO_EX, host_number=number)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (3, 1))
        self.says(TO_IN, host_number=1)
        self.says(TO_IN, host_number=2)
        self.assertEqual(
            (self.subscription(), self.specific_queries()[:1]), (ANY_SOURCE, [query_at(0)])
        )
        self.pass_time(1)
        self.says(IS_EX, host_number=3)
        self.assertEqual(self.subscription(), ANY_SOURCE)
        self.pass_time(200)
        self.says(IS_EX, host_number=3)
        self.pass_time(70)
        self.says(TO_IN, host_number=3)
        self.assertEqual(self.querier.groups, {})

    def test_host_beyond_the_limit_of_the_link_affects_its_own_group_only(self) -> None:
        """Leaves of other groups are immediate."""
        for number in range(1, 6):
            self.says(TO_EX, host_number=number, group_number=number)
        self.says(TO_IN, host_number=5, group_number=5)
        self.assertEqual(self.subscription(5), ANY_SOURCE)
        self.says(TO_IN, host_number=4, group_number=4)
        self.assertEqual(self.subscription(4), NOTHING)

    def test_expired_hosts_are_removed_when_room_is_needed(self) -> None:
        """But not at each attempt."""
        for number in range(1, 5):
            self.says(TO_EX, host_number=number, group_number=number)
        self.pass_time(259)
        self.says(TO_EX, host_number=5, group_number=5)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (4, 1))
        self.pass_time(11)  # the first four hosts have just expired
        self.says(TO_EX, host_number=6, group_number=6)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (1, 1))

    def test_search_for_expired_hosts_is_rate_limited(self) -> None:
        """SEC-04: forged addresses would cause work otherwise."""
        for number in range(1, 5):
            self.says(TO_EX, host_number=number, group_number=number)
        self.pass_time(265)
        self.says(TO_EX, host_number=5, group_number=5)
        self.pass_time(9)  # the first four hosts have expired, but the last search was just now
        self.says(TO_EX, host_number=6, group_number=6)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (4, 2))
        self.pass_time(1)
        self.says(TO_EX, host_number=7, group_number=7)
        self.assertEqual((len(self.hosts.times()), self.hosts.untracked), (1, 2))

    def test_expired_hosts_of_a_group_make_room(self) -> None:
        """The new host is tracked."""
        for number in (1, 2):
            self.says(TO_EX, host_number=number)
        self.pass_time(200)
        self.says(TO_EX, host_number=2)
        self.pass_time(70)
        self.says(TO_EX, host_number=3)
        self.assertEqual(self.hosts.untracked, 0)

    def test_address_of_a_host_is_stored_once_for_all_groups(self) -> None:
        """There may be many groups."""
        for number in (1, 2):
            sender = bytes(bytearray(host(self.family, 1)))
            report = Report((self.record(TO_EX, group_number=number),))
            self.querier.receive(report, sender, self.now)
        tables = [self.querier.groups[group(self.family, n)].hosts for n in (1, 2)]
        names = [name for table in tables for name in table or ()]
        self.assertIs(names[0], names[1])
