"""A node moves between gateways, or between instances of one, while it receives or sends.

See RFC 6224 and RFC 7287.
"""

from __future__ import annotations

from mcproxy.lab.capture import Capture
from mcproxy.lab.mobility import RADIO
from mcproxy.lab.waiting import wait_until

from .gateways import Gateways, GatewaysTestCase
from .messages import TO_EX, TO_IN, queries, record, timed_records
from .site import RATE, IPv4TestCase, IPv6TestCase

HANDOVER_TIME = 0.1
"""Maximum seconds from the reconnection of the link until the stream arrives.

Without a handover it would take a query; the limit holds on a machine with other work, too.
"""


class MobilityScenarios(Gateways):
    def setUp(self) -> None:
        super().setUp()
        self.camera, self.filmed = self.plan.at(RADIO, 2), self.groups[1]
        self.air = self.node.capture(data=True)

    def move_to_far_gateway(self) -> None:
        """Move the node from the near gateway to the far one; its own link stays up."""
        self.gateways.detach(self.near)
        self.air.clear()
        self.gateways.attach(self.far)

    def first_arrival_after(self, link: Capture, time: float, source: str) -> float:
        """The time of the first packet of a source after a given time."""

        def times() -> list[float]:
            return [d.time for d in link.data() if d.source == source and d.time > time]

        wait_until(times, message=f"no more data of {source}")
        return min(times())

    def answer_time(self) -> float:
        """The time at which the node answered the first query with a report of the group."""

        def times() -> list[float]:
            asked = [
                one.time for one in queries(self.air) if len(one.source) == self.family.address_size
            ]
            answers = timed_records(self.air, self.group, outgoing=True)
            return [when for when, _ in answers if asked and when > asked[0]]

        wait_until(times, message="no query or no answer")
        return times()[0]

    def test_receiving_node_that_moves_to_another_gateway_gets_its_stream_at_once(self) -> None:
        """PM-04, PM-05, PM-07, TU-04: it answers the query of the new gateway."""
        member = self.node.join(self.group)
        self.send_both_ways()
        self.await_packets(member)
        old, new = self.proxy.capture("t1"), self.proxy.capture("t2")
        self.move_to_far_gateway()
        answered = self.answer_time()
        self.assertLess(
            self.first_arrival_after(self.air, answered, self.source) - answered, HANDOVER_TIME
        )
        self.await_reported(old, record(TO_IN, self.group))
        self.await_reported(new, record(TO_EX, self.group))
        self.assert_no_new_loss(member)

    def test_sending_node_that_moves_to_another_gateway_is_received_at_once(self) -> None:
        """MS-01, MS-03: members receive its stream as soon as it sends again."""
        member = self.server.join(self.filmed)
        self.stream(self.filmed, self.camera, self.node)
        self.await_packets(member)
        watched, arriving = self.server.capture(data=True), self.far.capture("mn", data=True)
        self.move_to_far_gateway()
        came = self.first_arrival_after(arriving, 0.0, self.camera)
        self.assertLess(self.first_arrival_after(watched, came, self.camera) - came, HANDOVER_TIME)
        self.assert_no_new_loss(member, self.camera)

    def test_memberships_move_with_a_node_to_another_instance(self) -> None:
        """PM-06, RO-06: the node is queried nevertheless."""
        member, other = self.node.join(self.group), self.second.capture("t1")
        self.send_both_ways()
        self.await_packets(member)
        old = self.proxy.capture("t1")
        self.await_quiet_radio_link()
        member.forget()
        self.await_packets(member)
        self.air.clear()
        self.move("mn", "visited")
        self.await_reported(other, record(TO_EX, self.group))
        self.await_reported(old, record(TO_IN, self.group))
        self.await_packets(member, RATE // 2)
        received = member.of(self.source)
        self.assertLessEqual(received.lost, HANDOVER_TIME * RATE)
        self.assertEqual(received.duplicates, 0)
        self.assertLess(next(timed_records(other, self.group))[0], self.answer_time())
        self.move("mn", "home")
        self.await_reported(old, record(TO_EX, self.group))
        self.assert_no_new_loss(member)

    def test_data_of_a_sending_node_leaves_by_the_upstream_of_its_new_instance(self) -> None:
        """MS-03: its data arrives at the other anchor."""
        watchers = [self.server.join(self.filmed, name) for name in ("eth0", "eth1")]
        self.stream(self.filmed, self.camera, self.node)
        self.await_packets(watchers[0])
        self.move("mn", "visited")
        self.await_packets(watchers[1])
        missing = watchers[1].of(self.camera).first - watchers[0].of(self.camera).last - 1
        self.assertLessEqual(missing, HANDOVER_TIME * RATE)
        self.assertEqual(watchers[0].of(self.camera).lost, 0)
        self.assert_no_new_loss(watchers[1], self.camera)

    def await_quiet_radio_link(self) -> None:
        """Wait until no more unsolicited reports are sent on the radio link."""
        said = self.node.capture()
        self.await_sent(RATE)
        while said.take():
            self.await_sent(RATE)


class IPv4MobilityTests(MobilityScenarios, GatewaysTestCase, IPv4TestCase):
    pass


class IPv6MobilityTests(MobilityScenarios, GatewaysTestCase, IPv6TestCase):
    pass
