"""A preferred upstream returns: when the proxy uses it again, and that no packet is lost."""

from __future__ import annotations

import time

from mcproxy.cli import client
from mcproxy.lab.host import Member
from mcproxy.protocol.upstreams.selection import SWITCHOVER_TIME

from .messages import IS_EX, TO_EX, TO_IN, record
from .providers import BOTH_PROVIDERS, FAILOVER_LOSS, HOLD, HOLD_TIME, Providers, ProvidersTestCase
from .site import DOWN2, RATE, SLACK, IPv4TestCase, IPv6TestCase


class HoldScenarios(Providers):
    """The first upstream failed and returned; the second one is in use during the hold time."""

    def setUp(self) -> None:
        super().setUp()
        self.wanted = {record(IS_EX, self.group)}

    def flap_link(self, name: str) -> None:
        """Set a link of the proxy down and up again."""
        self.proxy.set_link(name, state="down")
        self.await_sent()
        self.proxy.set_link(name, state="up")
        self.up_at = time.time()

    def fail_over_member(self) -> Member:
        """A member whose stream failed over to the second upstream; the first is up again."""
        member = self.join_stream()
        self.flap_link("up")
        self.assertLessEqual(self.count_lost(member), 2 * FAILOVER_LOSS)
        self.await_answers(set(), self.wanted)
        self.reset_counts(member)
        return member

    def shown_upstreams(self) -> list[tuple[str, str, bool]]:
        """Name and state of the upstreams of this family, and whether a hold timer is running."""
        answer = client.ask(str(self.daemon.socket), "GET", "/interfaces")
        return [
            (row["interface"], row["state"], 0 < (row["hold-timer"] or 0) <= HOLD_TIME)
            for row in answer["interfaces"]
            if row["role"] == "upstream" and row["instance"].endswith(self.family.name)
        ]

    def test_preferred_upstream_takes_over_again_after_the_hold_time(self) -> None:
        """MU-08: the first upstream is joined, and when it delivers the second is left."""
        self.start_with(HOLD)
        near, far = self.capture_providers()
        member = self.fail_over_member()
        self.assertEqual(self.shown_upstreams(), [("up", "held", True), ("up2", "up", False)])
        near.clear()
        taken = self.await_reported(near, record(TO_EX, self.group))
        self.assertGreaterEqual(taken - self.up_at, HOLD_TIME - SLACK / 4)
        self.assertLessEqual(taken - self.up_at, HOLD_TIME + SLACK)
        self.assertLess(taken, self.await_reported(far, record(TO_IN, self.group)))
        self.assertEqual(self.shown_upstreams(), [("up", "up", False), ("up2", "up", False)])
        for order in ("up2", "up2, up", "up, up2"):
            self.await_log(f"tv/{self.family.name}", f"upstreams by preference: {order}")
        self.await_answers(self.wanted, set())
        self.assertLessEqual(self.count_lost(member), 1)

    def test_return_to_the_preferred_upstream_loses_no_packet(self) -> None:
        """MU-08: the second upstream stays joined until the first, a slow one, delivers."""
        self.start_with(HOLD)
        member = self.fail_over_member()
        self.near.set_link("server", state="down")
        near, far = self.capture_providers()
        joined = self.await_reported(near, record(TO_EX, self.group))
        self.await_sent(RATE // 2)
        self.assertEqual(member.of(self.source).lost, 0)
        self.near.set_link("server", state="up")
        left = self.await_reported(far, record(TO_IN, self.group))
        self.assertLessEqual(abs(left - joined - SWITCHOVER_TIME), SLACK)
        self.assertLessEqual(self.count_lost(member), 1)

    def test_flapping_preferred_upstream_does_not_move_the_stream(self) -> None:
        """MU-08: each flap restarts the hold time."""
        self.start_with(HOLD)
        near, _ = self.capture_providers()
        member = self.fail_over_member()
        for _ in range(5):
            time.sleep(HOLD_TIME / 4)
            self.flap_link("up")
        self.assertEqual(self.count_lost(member), 0)
        near.clear()
        taken = self.await_reported(near, record(TO_EX, self.group))
        self.assertGreaterEqual(taken - self.up_at, HOLD_TIME - SLACK / 4)

    def test_returning_upstream_is_used_at_once_when_it_is_the_only_one(self) -> None:
        """MU-07, MU-08: the second upstream does not replace it when it returns too."""
        self.start_with('upstream-hold-time = "never"')
        member = self.fail_over_member()
        self.proxy.set_link("up2", state="down")
        self.assertLessEqual(self.count_lost(member), FAILOVER_LOSS)
        self.assertEqual(self.answered_records("eth0"), self.wanted)
        self.proxy.set_link("up2", state="up")
        member.forget()
        self.assertEqual(self.count_lost(member), 0)
        self.await_answers(self.wanted, set())

    def test_hold_time_never_keeps_the_second_upstream(self) -> None:
        """MU-08: until the configuration changes."""
        self.start_with('upstream-hold-time = "never"')
        member = self.fail_over_member()
        self.await_sent(int(RATE * HOLD_TIME))
        self.assertEqual(self.count_lost(member), 0)
        self.await_answers(set(), self.wanted)
        self.assertEqual(self.shown_upstreams(), [("up", "held", False), ("up2", "up", False)])
        text = self.daemon.config.read_text().replace('"never"', "0.1")
        self.daemon.config.write_text(text)
        client.ask(str(self.daemon.socket), "POST", "/reload", {})
        self.await_answers(self.wanted, set())
        self.assertLessEqual(self.count_lost(member), 1)

    def test_restart_keeps_the_second_upstream_during_the_hold_time(self) -> None:
        """MU-08: a restart does not change the upstream in use."""
        self.start_with('upstream-hold-time = "never"')
        member = self.fail_over_member()
        for _ in range(2):
            self.daemon.command("restart")
            self.assertEqual(self.count_lost(member), 0)
            self.assertEqual(self.shown_upstreams(), [("up", "held", False), ("up2", "up", False)])
        self.await_answers(set(), self.wanted)

    def test_data_is_sent_up_to_the_second_upstream_during_the_hold_time(
        self,
    ) -> None:
        """MU-06, MU-08."""
        self.start_with(HOLD, 'upstream-data = "first"')
        camera = self.plan.at(DOWN2, 2)
        ways = [self.server.capture(name, data=True) for name in BOTH_PROVIDERS]
        self.stream(source=camera, node=self.other)
        self.await_sources_on(ways[0], [camera])
        self.flap_link("up")
        self.await_sources_on(ways[1], [camera])
        self.assertEqual(self.sources_on(ways[0]), set())
        self.await_sources_on(ways[0], [camera])
        self.assertGreaterEqual(time.time() - self.up_at, HOLD_TIME)
        self.assertEqual(self.sources_on(ways[1]), set())


class IPv4HoldTests(HoldScenarios, ProvidersTestCase, IPv4TestCase):
    pass


class IPv6HoldTests(HoldScenarios, ProvidersTestCase, IPv6TestCase):
    pass
