"""Directional filters: which data and memberships pass, for each role and direction."""

from __future__ import annotations

import json
from collections.abc import Iterable

from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import packed
from mcproxy.protocol.forwarding.observed_sources import MOST_SOURCES

from .messages import ALLOW, TO_EX, record, records
from .site import DOWN1, DOWN2, RATE, IPv4TestCase, IPv6TestCase, Scenarios
from .test_per_source import packets_of_many

FLOOD = 30_000
"""Number of packets, each from a different source that the filter denies."""

Rule = str | dict[str, str]


class DirectionalFilterScenarios(Scenarios):
    """Three sources upstream, and cameras on both downstream links."""

    def setUp(self) -> None:
        super().setUp()
        self.one, self.two, self.three = self.sources
        self.here, self.there = self.plan.at(DOWN1, 3), self.plan.at(DOWN2, 2)
        self.upstream = self.server.capture(data=True)

    def start_with_filter(
        self, interface: str, role: str, direction: str, **rules: Iterable[Rule]
    ) -> None:
        """Start the daemon with one filter and its ``allow`` or ``deny`` rules."""
        [(word, listed)] = rules.items()
        lines = [
            '[instance.tv]\nupstream = "up"\ndownstream = ["down1", "down2"]\n',
            "[[instance.tv.filter]]",
            f'interface = "{interface}"\nrole = "{role}"\ndirection = "{direction}"',
            f"{word} = [{', '.join(map(_as_toml, listed))}]\n",
        ]
        self.start("\n".join(lines))

    def start_cameras(self, group: str = "") -> None:
        """Start the streams of the cameras on both downstream links."""
        self.stream(group, self.here, self.guest)
        self.stream(group, self.there, self.other)

    def reported(self, group: str) -> list[object]:
        """The records of a group that were reported upstream, without repetitions."""
        return list(dict.fromkeys(records(self.upstream, group)))

    # -- upstream, in: groups that are joined, and data that is accepted

    def test_allow_filter_turns_an_any_source_join_into_the_allowed_sources(self) -> None:
        """MU-02, MU-04: data of other sources is sent by the provider, but not forwarded."""
        self.start_with_filter("up", "upstream", "in", allow=[f"{self.group} | {self.one}"])
        self.three_streams(self.group)
        self.stream(self.groups[1])
        member, refused = self.home.join(self.group), self.home.join(self.groups[1])
        link = self.home.capture(data=True)
        self.await_sources_on(link, [self.one])
        self.assert_no_new_loss(member, self.one)
        self.assertEqual(self.reported(self.group), [record(ALLOW, self.group, self.one)])
        self.assertEqual(self.reported(self.groups[1]), [])
        self.assertEqual(refused.total(), 0)

    def test_deny_filter_turns_an_any_source_join_into_an_exclude_list(self) -> None:
        """MU-02, MU-04: the list has the denied sources."""
        self.start_with_filter("*", "upstream", "in", deny=[f"{self.group} | {self.one}"])
        self.three_streams(self.group)
        member, link = self.home.join(self.group), self.home.capture(data=True)
        self.await_sources_on(link, [self.two, self.three])
        self.assert_no_new_loss(member, self.two, self.three)
        self.assertEqual(self.reported(self.group), [record(TO_EX, self.group, self.one)])
        # It is combined with the source filters of hosts.
        member.include([self.one, self.two])
        self.await_sources_on(link, [self.two])
        member.exclude([self.three])
        self.await_sources_on(link, [self.two])
        last = record(TO_EX, self.group, self.one, self.three)
        wait_until(lambda: last in self.reported(self.group))

    # -- upstream, out: data that is sent upstream

    def test_upstream_out_filter_selects_data_sent_upstream(self) -> None:
        """FWD-02: denied data is still forwarded between downstreams."""
        self.start_with_filter("up", "upstream", "out", deny=[f"* | {self.here}"])
        member = self.home.join(self.group)
        self.start_cameras()
        self.await_sources_on(self.upstream, [self.there])
        self.await_packets(member)
        self.assert_no_new_loss(member, self.there)

    def test_upstream_out_filter_selects_data_by_its_iif(self) -> None:
        """``from`` in a rule names the interface on which data arrived."""
        self.start_with_filter("up", "upstream", "out", allow=[{"rule": "* | *", "from": "down1"}])
        self.start_cameras()
        self.await_sources_on(self.upstream, [self.here])

    # -- downstream, in: data that is accepted from senders

    def test_downstream_in_filter_drops_data_of_refused_senders(self) -> None:
        """FWD-12: denied data is not forwarded to any link."""
        self.start_with_filter("down2", "downstream", "in", allow=[f"{self.groups[1]} | *"])
        member, another = self.home.join(self.group), self.home.join(self.groups[1])
        self.start_cameras()
        self.stream(self.groups[1], self.there, self.other)
        self.await_packets(another)
        self.await_sources_on(self.upstream, [self.here, self.there])
        self.assertNotIn(self.there, self.sources_on(self.upstream, self.group))
        self.assertEqual(member.of(self.there).packets, 0)

    # -- downstream, out: data that is sent downstream, and memberships that count

    def test_downstream_out_filter_selects_groups_sent_to_a_link(self) -> None:
        """Even if the upstream delivers the group for other links."""
        self.start_with_filter("down1", "downstream", "out", deny=[self.group, f"* | {self.two}"])
        denied, allowed = self.home.join(self.group), self.home.join(self.groups[1])
        self.three_streams(self.group)
        self.three_streams(self.groups[1])
        link = self.home.capture(data=True)
        self.await_sources_on(link, [self.one, self.three])
        self.assertEqual(self.reported(self.group), [])
        self.assertEqual(self.reported(self.groups[1]), [record(TO_EX, self.groups[1], self.two)])
        other = self.other.join(self.group)
        self.await_packets(other)
        self.assertIn(record(TO_EX, self.group), self.reported(self.group))
        self.assertEqual(self.sources_on(link, self.group), set())
        self.assert_no_new_loss(allowed, self.one, self.three)
        self.assertEqual(denied.total(), 0)

    def test_downstream_out_filter_selects_data_by_its_iif(self) -> None:
        """Only data from upstream passes; data of the camera on the other link does not."""
        self.start_with_filter(
            "down1", "downstream", "out", allow=[{"rule": "* | *", "from": "up"}]
        )
        self.stream()
        self.start_cameras()
        link, other = self.home.capture(data=True), self.other.capture(data=True)
        members = [self.home.join(self.group), self.other.join(self.group)]
        self.await_sources_on(
            link, [self.source, self.here]
        )  # the link's own camera, not forwarded
        self.await_sources_on(other, [self.source, self.here])
        self.assert_no_new_loss(members[0], self.source)
        self.assertEqual(members[0].of(self.there).packets, 0)

    # -- limits

    def test_flood_of_refused_sources_costs_other_streams_nothing(self) -> None:
        """SEC-04: an allowed stream loses no packet, and the number of entries is limited."""
        self.start_with_filter("up", "upstream", "in", allow=[f"* | {self.one}"])
        member = self.home.join(self.group)
        self.stream()
        self.await_packets(member)
        self.reset_counts(member)
        before = self.daemon.resident_bytes()
        intruder = self.server.raw_host()
        for packet in packets_of_many(self.family, FLOOD):
            intruder.send(packet)
        self.await_log("warn", "source limit (4096) reached on up")
        self.await_sent(RATE // 2)
        self.await_packets(member)
        self.assert_no_loss(member)
        self.assertLessEqual(len(self.routes()), MOST_SOURCES + 10)
        forwarded = {r.source for r in self.routes() if r.outgoing} - {self.family.unspecified}
        self.assertEqual(forwarded, {packed(self.one)})
        self.assertLess(self.daemon.resident_bytes() - before, 12 << 20)


def _as_toml(rule: Rule) -> str:
    """A rule in TOML."""
    if isinstance(rule, str):
        return json.dumps(rule)
    return "{" + ", ".join(f"{key} = {json.dumps(value)}" for key, value in rule.items()) + "}"


class IPv4DirectionalFilterTests(DirectionalFilterScenarios, IPv4TestCase):
    pass


class IPv6DirectionalFilterTests(DirectionalFilterScenarios, IPv6TestCase):
    pass
