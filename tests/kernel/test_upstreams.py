"""Several upstreams: which is joined, whose data is forwarded, and how they fail over."""

from __future__ import annotations

from mcproxy.lab.host import Member
from mcproxy.lab.waiting import wait_until

from .messages import IS_EX, IS_IN, TO_EX, record, records
from .providers import FAILOVER_LOSS, MUTEX, MUTEX_TIME, TWO_UPSTREAMS, Providers, ProvidersTestCase
from .site import DOWN2, RATE, SLACK, IPv4TestCase, IPv6TestCase


class FirstScenarios(Providers):
    """``upstream-join = "first"``: while the first upstream is usable, the second is not joined."""

    def setUp(self) -> None:
        super().setUp()
        self.start_with("upstream-hold-time = 0")

    def test_first_upstream_is_joined_and_its_data_forwarded_once(self) -> None:
        """MU-05, MU-10, PX-03: both upstreams send the same stream; members receive it once."""
        near, far = self.capture_providers()
        member = self.join_stream()
        self.assertEqual(self.count_lost(member), 0)
        self.assertEqual(records(near, self.group)[0], record(TO_EX, self.group))
        self.assertEqual(records(far, self.group), [])
        self.await_answers({record(IS_EX, self.group)}, set())

    def test_second_upstream_takes_over_when_the_first_goes_down(self) -> None:
        """MU-07, MU-08: the first takes over again at once, because there is no hold time."""
        member = self.join_stream()
        self.proxy.set_link("up", state="down")
        self.assertLessEqual(self.count_lost(member), FAILOVER_LOSS)
        self.assertEqual(self.answered_records("eth1"), {record(IS_EX, self.group)})
        member.forget()
        self.proxy.set_link("up", state="up")
        self.await_answers({record(IS_EX, self.group)}, set())
        self.await_sources_on(self.near.capture("proxy", data=True), [])  # no data is sent back up
        self.count_lost(member)
        member.forget()
        self.assertEqual(self.count_lost(member), 0)

    def test_second_upstream_takes_over_when_the_first_is_deleted(self) -> None:
        """MU-07."""
        member = self.join_stream()
        self.proxy.delete_link("up")
        self.assertLessEqual(self.count_lost(member), FAILOVER_LOSS)

    def test_second_upstream_that_goes_and_returns_costs_the_first_no_packet(self) -> None:
        """The stream of the first upstream loses no packet."""
        member = self.join_stream()
        self.proxy.set_link("up2", state="down")
        self.await_sent()
        self.proxy.set_link("up2", state="up")
        self.assertEqual(self.count_lost(member), 0)
        self.await_answers({record(IS_EX, self.group)}, set())

    def test_members_of_single_sources_fail_over_to_the_second_upstream(self) -> None:
        """MU-04: the sources are joined on the first upstream, then on the second."""
        wanted = self.sources[:2]
        member = self.home.join(self.ssm, include=wanted)
        self.three_streams(self.ssm)
        self.await_packets(member)
        self.await_answers({record(IS_IN, self.ssm, *wanted)}, set())
        self.proxy.set_link("up", state="down")
        self.await_sent(RATE // 2)
        for source in wanted:
            self.assertLessEqual(member.of(source).lost, FAILOVER_LOSS)
            self.assertEqual(member.of(source).duplicates, 0)
        self.assertEqual(member.of(self.sources[2]).packets, 0)
        self.assertEqual(self.answered_records("eth1"), {record(IS_IN, self.ssm, *wanted)})


class MutexScenarios(Providers):
    """``upstream-join = "mutex"``: both upstreams are joined until one delivers."""

    def setUp(self) -> None:
        super().setUp()
        self.start_with(MUTEX)

    def set_silent(self, provider: str, silent: bool = True) -> None:
        """Stop a provider's data, or start it again, without a link change at the proxy."""
        node = {"near": self.near, "far": self.far}[provider]
        node.set_link("server", state="down" if silent else "up")

    def test_mutex_joins_both_upstreams_until_one_delivers(self) -> None:
        """MU-09."""
        self.home.join(self.group)
        both = {record(IS_EX, self.group)}
        self.await_answers(both, both)
        self.stream(interface="eth1")
        self.await_answers(set(), both)

    def test_mutex_keeps_one_of_two_upstreams_that_deliver(self) -> None:
        """MU-05, MU-09."""
        member = self.join_stream()
        self.assertEqual(self.count_lost(member), 0)
        asked = [self.answered_records("eth0"), self.answered_records("eth1")]
        self.assertCountEqual(asked, [{record(IS_EX, self.group)}, set()])
        self.await_sent(int(4 * MUTEX_TIME * RATE))
        self.assertEqual(self.count_lost(member), 0)
        self.assertEqual([self.answered_records("eth0"), self.answered_records("eth1")], asked)

    def test_mutex_fails_over_when_the_delivering_upstream_goes_down(self) -> None:
        """MU-07."""
        self.set_silent("far")
        member = self.join_stream()
        self.await_answers({record(IS_EX, self.group)}, set())
        self.set_silent("far", False)
        self.count_lost(member)
        self.reset_counts(member)
        self.proxy.set_link("up", state="down")
        self.assertLessEqual(self.count_lost(member), FAILOVER_LOSS)
        self.assertEqual(self.answered_records("eth1"), {record(IS_EX, self.group)})
        # The delivering upstream stays selected when the other one returns.
        lost = member.of(self.source).lost
        self.proxy.set_link("up", state="up")
        self.await_answers(set(), {record(IS_EX, self.group)})
        self.assertEqual(self.count_lost(member), lost)

    def test_mutex_fails_over_when_the_delivering_upstream_falls_silent(self) -> None:
        """MU-07: within twice the mutex time; the new upstream then stays selected."""
        self.set_silent("far")
        member = self.join_stream()
        self.await_answers({record(IS_EX, self.group)}, set())
        self.set_silent("far", False)
        self.count_lost(member)
        self.reset_counts(member)
        self.set_silent("near")
        self.await_answers(set(), {record(IS_EX, self.group)})
        self.assertLessEqual(self.count_lost(member), RATE * (2 * MUTEX_TIME + SLACK))
        lost = member.of(self.source).lost
        self.set_silent("near", False)
        self.await_sent(int(3 * MUTEX_TIME * RATE))
        self.assertEqual(self.count_lost(member), lost)
        self.await_answers(set(), {record(IS_EX, self.group)})

    def test_mutex_takes_each_source_from_the_upstream_that_delivers_it(self) -> None:
        """MU-04, MU-05: each provider has one of two sources."""
        one, other = self.sources[:2]
        member = self.home.join(self.ssm, include=[one, other])
        both = {record(IS_IN, self.ssm, one, other)}
        self.await_answers(both, both)
        self.stream(self.ssm, one, interface="eth0")
        self.stream(self.ssm, other, interface="eth1")
        self.await_answers({record(IS_IN, self.ssm, one)}, {record(IS_IN, self.ssm, other)})
        self.await_packets(member)
        self.assert_no_new_loss(member, one, other)


class SnoopingScenarios(Providers):
    """Providers that deliver only what was joined."""

    def test_mutex_joins_the_second_upstream_before_it_is_needed(self) -> None:
        """MU-07: the second provider delivers the stream only after a join."""
        self.start_with()
        member = self.join_stream()
        self.await_sources_on(self.far.capture("proxy", data=True), [])
        far = self.proxy.capture("up2", data=True)
        self.await_sources_on(far, [])
        self.proxy.set_link("up", state="down")
        self.assertLessEqual(self.count_lost(member), FAILOVER_LOSS)
        self.assertIn(self.source, self.sources_on(far))

    def test_mutex_leaves_the_upstream_that_does_not_deliver(self) -> None:
        """MU-09."""
        self.start_with(MUTEX)
        member = self.join_stream()
        self.assertEqual(self.count_lost(member), 0)
        links = [self.proxy.capture(name, data=True) for name in ("up", "up2")]
        wait_until(lambda: sum(bool(self.sources_on(link)) for link in links) == 1)
        self.assertEqual(self.count_lost(member), 0)


class DownstreamSourceScenarios(Providers):
    """A camera on a downstream link."""

    def camera_reaches_providers(self) -> list[bool]:
        """For each provider, whether the camera's stream arrives there."""
        return [
            camera in self.sources_on(self.server.capture(interface, data=True))
            for camera in [self.plan.at(DOWN2, 2)]
            for interface in ("eth0", "eth1")
        ]

    def await_camera(self, expected: list[bool]) -> None:
        """Wait until the camera's stream arrives at just these providers."""
        wait_until(
            lambda: self.camera_reaches_providers() == expected,
            message=f"the camera's stream does not arrive as expected: {expected}",
        )

    def watch_camera(self) -> Member:
        """Start the camera's stream and a member at home that receives it."""
        camera = self.plan.at(DOWN2, 2)
        member = self.home.join(self.group)
        self.stream(source=camera, node=self.other)
        self.await_packets(member)
        self.assert_no_new_loss(member, camera)
        return member

    def test_data_of_downstream_sources_goes_to_all_upstreams(self) -> None:
        """MU-06, MU-11: data of one upstream is never sent to another."""
        self.start_with()
        member = self.watch_camera()
        self.await_camera([True, True])
        self.stream(self.groups[1], interface="eth0")
        other = self.server.capture("eth1", data=True)
        self.await_packets(self.home.join(self.groups[1]))
        self.assertNotIn(self.source, self.sources_on(other))
        self.proxy.set_link("up", state="down")
        self.await_camera([False, True])
        self.assert_no_loss(member, self.plan.at(DOWN2, 2))

    def test_data_that_returns_by_the_other_upstream_is_dropped(self) -> None:
        """PX-03, MU-06: data sent to one provider comes back from the other and is dropped."""
        self.lab.link(self.near, "across", self.far, "across")
        self.start(TWO_UPSTREAMS.replace('"up", "up2"', '"up2", "up"'))
        member, camera = self.watch_camera(), self.plan.at(DOWN2, 2)
        member.forget()
        self.await_sent(4 * RATE)  # the kernel sends a wrong-interface upcall every 3 s
        self.await_packets(member)
        self.assert_no_loss(member, camera)
        self.await_camera([True, True])

    def test_data_of_downstream_sources_goes_to_the_first_usable_upstream(self) -> None:
        """MU-06: to the next upstream when the first is down."""
        self.start_with('upstream-data = "first"', "upstream-hold-time = 0")
        member = self.watch_camera()
        self.await_camera([True, False])
        self.proxy.set_link("up", state="down")
        self.await_camera([False, True])
        self.proxy.set_link("up", state="up")
        self.await_camera([True, False])
        self.assert_no_loss(member, self.plan.at(DOWN2, 2))


class NoUpstreamScenarios(Providers):
    """An instance with two downstreams and no upstream."""

    def test_data_passes_between_downstreams_without_an_upstream(self) -> None:
        """Data from other interfaces is not forwarded, and no data is sent to them."""
        self.start('[instance.tv]\nupstream = []\ndownstream = ["down1", "down2"]\n')
        camera, ways = self.plan.at(DOWN2, 2), self.capture_providers()
        link = self.home.capture(data=True)
        member = self.home.join(self.group)
        self.stream(source=camera, node=self.other)
        self.stream()
        self.await_packets(member)
        self.await_sources_on(link, [camera])
        self.assert_no_new_loss(member, camera)
        self.assertEqual([records(way, self.group) for way in ways], [[], []])
        self.assertEqual(self.vifs(), ["down1", "down2"])
        member.leave()
        self.await_sources_on(link, [])


class IPv4FirstTests(FirstScenarios, ProvidersTestCase, IPv4TestCase):
    pass


class IPv6FirstTests(FirstScenarios, ProvidersTestCase, IPv6TestCase):
    pass


class IPv4MutexTests(MutexScenarios, ProvidersTestCase, IPv4TestCase):
    pass


class IPv6MutexTests(MutexScenarios, ProvidersTestCase, IPv6TestCase):
    pass


class IPv4SnoopingTests(SnoopingScenarios, ProvidersTestCase, IPv4TestCase):
    snooping = True


class IPv6SnoopingTests(SnoopingScenarios, ProvidersTestCase, IPv6TestCase):
    snooping = True


class IPv4DownstreamSourceTests(DownstreamSourceScenarios, ProvidersTestCase, IPv4TestCase):
    pass


class IPv6DownstreamSourceTests(DownstreamSourceScenarios, ProvidersTestCase, IPv6TestCase):
    pass


class IPv4NoUpstreamTests(NoUpstreamScenarios, ProvidersTestCase, IPv4TestCase):
    pass


class IPv6NoUpstreamTests(NoUpstreamScenarios, ProvidersTestCase, IPv6TestCase):
    pass
