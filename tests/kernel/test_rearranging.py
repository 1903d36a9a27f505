"""Downstreams move to other instances, and upstreams change, while the daemon runs."""

from __future__ import annotations

from mcproxy.lab.capture import Capture
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.mroute.dump import dump_routes
from mcproxy.protocol.family import FAMILIES, packed

from .messages import TO_EX, TO_IN, queries, record, records, timed_records
from .running import FILTER, ONE_INSTANCE, STREAM_RATE, RunningTestCase
from .site import ADDRESS_PLANS, UP2, addresses

GATEWAYS = """
[instance.near]
upstream = "up"
downstream = ["down1", "x"]
[instance.far]
upstream = "up2"
downstream = ["down2", "y"]
table = 7
"""


class RearrangingTests(RunningTestCase):
    """A second provider on up2 sends the same groups from another source."""

    def setUp(self) -> None:
        super().setUp()
        self.second = self.lab.node("second")
        self.lab.link(self.second, "eth0", self.proxy, "up2", addresses(UP2, 2), addresses(UP2, 1))

    def source_of(self, group: str) -> str:
        """The source address of the second provider, in the family of a group."""
        found = [n for n in ADDRESS_PLANS.values() if (":" in n.address) == (":" in group)]
        return found[0].at(UP2, 2)

    def test_groups_are_joined_on_the_new_upstream_before_the_old_one_is_left(
        self,
    ) -> None:
        """Each group is also received from the new provider without loss."""
        self.run_streams(ONE_INSTANCE)
        old, new = self.server.capture(), self.second.capture()
        for member, _ in self.members:
            self.second.stream(member.group, source=self.source_of(member.group))
        self.assertEqual(
            self.reload(ONE_INSTANCE.replace('"up"', '"up2"')),
            ["instance.tv.upstream: up2 added, up removed"],
        )
        for member, _ in self.members:
            joined, left = record(TO_EX, member.group), record(TO_IN, member.group)
            self.await_reported(new, joined)
            self.await_reported(old, left)
            first = min(when for when, one in timed_records(new, member.group) if one == joined)
            last = max(when for when, one in timed_records(old, member.group) if one == left)
            self.assertLess(first, last)
            source = self.source_of(member.group)
            wait_until(lambda m=member, s=source: m.of(s).packets > 100)
            self.assertEqual(member.of(source).lost, 0)

    def test_memberships_move_with_a_link_to_another_instance(self) -> None:
        """The new instance knows them at once; hosts are queried nevertheless."""
        self.run_streams(GATEWAYS)
        old, new, link = self.server.capture(), self.second.capture(), self.home.capture()
        self.await_quiet_upstream()
        link.clear()
        for member, _ in self.members:
            self.second.stream(member.group, source=self.source_of(member.group))
        self.change("/move", interface="down1", to="far")
        for member, _ in self.members:
            self.await_reported(new, record(TO_EX, member.group))
            self.await_reported(old, record(TO_IN, member.group))
        rows = [r for r in self.rows("groups") if r["interface"] == "down1"]
        self.assertEqual({r["instance"] for r in rows}, {"far/ipv4", "far/ipv6"})
        self.assertEqual(len(rows), len(self.members))
        for member, _ in self.members:
            self.assert_known_before_the_answer(link, new, member.group)
        for member, _ in self.members:
            source = self.source_of(member.group)
            wait_until(lambda m=member, s=source: m.of(s).packets > 100)

    def assert_known_before_the_answer(self, link: Capture, new: Capture, group: str) -> None:
        """Check that the new provider got the join before a host answered the query."""
        wait_until(lambda: records(link, group, outgoing=True), message="no answer")
        answered = next(timed_records(link, group, outgoing=True))[0]
        self.assertLess(min(one.time for one in queries(link)), answered)
        self.assertLess(next(timed_records(new, group))[0], answered)

    def test_second_upstream_added_and_removed_duplicates_no_packet(self) -> None:
        """Two upstreams need source-by-source forwarding, which may lose packets at the change."""
        self.run_streams(ONE_INSTANCE)
        new = self.second.capture()
        for path in ("/add", "/remove") * 2:
            self.change(path, instance="tv", upstream="up2")
            self.assert_short_loss_and_no_duplicates()
        self.assertEqual(records(new, self.members[0][0].group), [])

    def test_change_between_group_and_source_forwarding_keeps_streams(self) -> None:
        """A filter by source enables source-by-source forwarding; its removal disables it."""
        self.run_streams(ONE_INSTANCE)
        for filters in (FILTER.format('"239.9.9.9"'), "") * 2:
            self.assertEqual(len(self.reload(ONE_INSTANCE + filters)), 1)
            self.assert_short_loss_and_no_duplicates()

    def has_migrated(self) -> bool:
        """Whether all streams have one entry of the same kind, (*,G) or (S,G)."""
        groups = {packed(member.group) for member, _ in self.members}
        entries = [
            route
            for family in FAMILIES
            for route in self.proxy.namespace.call(dump_routes, family)
            if route.group in groups
        ]
        kinds = {any(entry.source) for entry in entries}
        return len(entries) == len(groups) and len(kinds) == 1

    def assert_short_loss_and_no_duplicates(self) -> None:
        """Check that each stream lost less than 100 ms of packets, had no duplicate, and goes on.

        On a busy machine the kernel loses packets of a source until the daemon adds its entry.
        """
        self.await_stream_packets()
        wait_until(self.has_migrated, message="groups have not migrated")
        for member, stream in self.members:
            received = member.of(stream.source)
            self.assertLess(received.lost, STREAM_RATE // 10)
            self.assertEqual(received.duplicates, 0)
            member.forget()
        self.assert_no_stream_loss()
