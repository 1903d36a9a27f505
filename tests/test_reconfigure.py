"""Reconfiguration: steps carried out on instances whose neighbours note what they do."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from mcproxy import reconfigure
from mcproxy.messages import PacketReceived
from mcproxy.protocol.family import IPV4, Family, packed
from mcproxy.protocol.wire.packets import Leave, OldReport, Query

from .instance.support import G1, HOST
from .reconfiguration_case import JOIN, LEAVE, LINKS, RADIO, TV, ReconfigurationTestCase


class CarryOutTests(ReconfigurationTestCase):
    def test_equal_plan_has_no_steps_and_sends_nothing(self) -> None:
        self.start(TV)
        self.assertEqual(self.change(TV), [])
        self.assertEqual(self.neighbours.sent, [])

    def test_any_change_ends_in_the_plan(self) -> None:
        """From each of these to each other, links and members stay where both have them."""
        texts = (
            TV,
            TV + RADIO,
            RADIO + TV,
            TV.replace('"up"', '["up", "up2"]'),
            TV.replace('"up"', '["up2", "up"]') + 'boundary = ["239.255.0.0/16"]\n',
            TV.replace('"up"', '"up2"') + RADIO,
            TV.replace('["d1"]', '["d1", "lan*"]'),
            TV.replace('["d1"]', '["lan*", "d1"]') + RADIO.replace('"d2"', '"d2", "lan1"'),
            TV + "igmp-version = 2\n" + RADIO + "igmp-version = 2\n",
            TV + "table = 5\n",
            TV + 'forwarding = "per-source"\nstatic-group = "239.9.9.9"\n',
            TV + "version-fallback = false\nssm-range = '239.0.0.0/8'\n",
            TV + "[instance.tv.interface.d1]\nimmediate-leave = true\n",
        )
        self.start(TV)
        for before in texts:
            for after in texts:
                self.change(before)
                self.change(after)

    def test_downstream_that_moves_keeps_its_memberships(self) -> None:
        self.start(TV + RADIO)
        self.join("radio", "d2")
        self.change(TV.replace('"d1"', '"d1", "d2"') + RADIO.replace('"d2"', '"x"'))
        self.assertEqual(self.members(), {"tv/ipv4 d1": [], "tv/ipv4 d2": [G1]})

    def test_downstream_of_a_removed_instance_keeps_its_memberships(self) -> None:
        self.start(TV + RADIO)
        self.join("radio", "d2")
        self.change(TV.replace('"d1"', '"d1", "d2"'))
        self.assertEqual(self.members(), {"tv/ipv4 d1": [], "tv/ipv4 d2": [G1]})

    def test_instance_that_moves_to_another_table_keeps_its_memberships(self) -> None:
        self.start(TV)
        self.join("tv", "d1")
        self.change(TV + "table = 5\n")
        self.assertEqual(self.members(), {"tv/ipv4 d1": [G1]})

    def test_other_version_begins_without_memberships(self) -> None:
        self.start(TV)
        self.join("tv", "d1")
        self.change(TV + "igmp-version = 2\n")
        self.assertEqual(self.members(), {"tv/ipv4 d1": []})

    def test_new_upstream_is_joined_before_the_old_one_is_left(self) -> None:
        self.start(TV)
        self.join("tv", "d1")
        self.change(TV.replace('"up"', '"up2"'))
        self.assertEqual(self.neighbours.sent, [("up2", JOIN), ("up", LEAVE)])

    def test_upstream_of_a_removed_instance_is_left_by_the_last(self) -> None:
        self.start(TV + RADIO)
        for instance, where in (("tv", "d1"), ("radio", "d2")):
            self.join(instance, where)
        self.change(TV)
        self.assertEqual(self.sent("up"), [])
        self.change(RADIO.replace('"d2"', '"x"'))
        self.assertEqual(self.sent("up"), [LEAVE])

    def test_other_version_on_a_shared_upstream_is_one_host(self) -> None:
        """It leaves in the old version before it joins in the new one."""
        self.start(TV + RADIO)
        self.join("tv", "d1")
        self.change(TV + "igmp-version = 2\n" + RADIO + "igmp-version = 2\n")
        self.assertEqual(self.sent("up"), [LEAVE])
        [upstream] = self.running.upstreams
        self.assertEqual([user.name for user in upstream.users], ["tv/ipv4", "radio/ipv4"])
        upstream.users[0].receive(PacketReceived("d1", HOST, OldReport(2, G1)))
        self.assertEqual(self.sent("up")[1:], [OldReport(2, G1)])

    def test_other_version_of_an_upstream_reports_all_memberships_at_once(self) -> None:
        """Without a leave, and without a query to the hosts: nothing is lost."""
        self.start(TV)
        self.join("tv", "d1")
        [upstream] = self.running.upstreams
        self.change(TV + "interface.up.igmp-version = 2\n")
        self.assertEqual(self.neighbours.sent, [("up", OldReport(2, G1))])
        self.assertEqual((upstream.host.version, self.members()), (2, {"tv/ipv4 d1": [G1]}))
        self.neighbours.sent.clear()
        self.change(TV)
        self.assertEqual(self.neighbours.sent, [("up", JOIN)])
        self.assertEqual((upstream.host.version, self.members()), (3, {"tv/ipv4 d1": [G1]}))

    def test_upstream_of_an_older_version_forgets_the_older_queriers_that_it_heard(self) -> None:
        """The configured version counts alone then, also after the next change back."""
        self.start(TV)
        [upstream] = self.running.upstreams
        query = PacketReceived("up", packed("10.0.1.9"), Query(1, IPV4.unspecified, 10.0))
        upstream.receive(query)
        self.assertEqual(upstream.host.version, 1)
        self.change(TV + "interface.up.igmp-version = 2\n")
        upstream.receive(query)
        self.assertEqual(upstream.host.version, 2)
        self.change(TV)
        self.assertEqual(upstream.host.version, 3)

    def test_changed_fallback_reaches_the_host_of_the_upstream(self) -> None:
        self.start(TV + RADIO)
        [upstream] = self.running.upstreams
        self.change(TV + "version-fallback = false\n" + RADIO + "version-fallback = false\n")
        self.assertEqual(list(self.running.upstreams), [upstream])
        upstream.receive(PacketReceived("up", packed("10.0.1.9"), Query(2, IPV4.unspecified, 10.0)))
        self.assertEqual(upstream.host.version, 3)

    def test_fallback_that_is_disabled_ends_the_older_version_at_once(self) -> None:
        """The older querier is ignored from then on, so all groups are reported anew."""
        self.start(TV)
        self.join("tv", "d1")
        [upstream] = self.running.upstreams
        upstream.receive(PacketReceived("up", packed("10.0.1.9"), Query(2, IPV4.unspecified, 10.0)))
        self.assertEqual(upstream.host.version, 2)
        self.neighbours.sent.clear()
        self.change(TV + "version-fallback = false\n")
        self.assertEqual((upstream.host.version, self.sent("up")), (3, [JOIN]))

    def test_instances_of_two_versions_that_exchange_upstreams_end_in_a_join(self) -> None:
        """A router sees one host: a late leave of the former user would end the new one's join."""
        old = RADIO.replace('"up"', '"up2"') + "igmp-version = 2\n"
        self.start(TV + old)
        self.join("tv", "d1")
        for instance in self.running.instances:
            instance.receive(PacketReceived("d2", HOST, OldReport(2, G1)))
        self.neighbours.sent.clear()
        exchanged = TV.replace('"up"', '"up2"') + RADIO + "igmp-version = 2\n"
        self.change(exchanged)
        self.assertEqual(self.sent("up2"), [JOIN])
        self.assertEqual(self.sent("up"), [OldReport(2, G1), Leave(G1), OldReport(2, G1)])

    def test_step_that_breaks_does_not_keep_others_from_being_carried_out(self) -> None:
        """The plan is reached all the same, so that a later change starts from it."""
        self.start(TV)
        d1, other = LINKS["d1"].index, RADIO.replace('"up"', '"up2"')

        def join(family: Family, index: int) -> Any:
            return self.neighbours.join(family, index) if index != d1 else 1 / 0

        self.patch(reconfigure, "ReportGroups", join)
        self.change(TV + "table = 5\n" + other)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        [failed] = self.failures
        self.assertRegex(failed, r"^tv/ipv4: start: ZeroDivisionError")
        self.assertEqual(self.members(), {"radio/ipv4 d2": []})
        self.assertIn("tv/ipv4: stop", self.change(other))

    def test_stop_leaves_all_groups(self) -> None:
        self.start(TV)
        self.join("tv", "d1")
        self.successResultOf(Deferred.fromCoroutine(self.running.stop()))
        self.assertEqual(self.sent("up"), [LEAVE])
        self.assertEqual((list(self.running.instances), list(self.running.upstreams)), ([], []))
