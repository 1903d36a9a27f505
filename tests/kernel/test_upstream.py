"""Reports that the proxy sends upstream, unsolicited and in answer to queries."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire.encoding import pack_reports
from mcproxy.protocol.wire.igmp import IGMPV1_MAX_RESPONSE
from mcproxy.protocol.wire.packets import OldReport, Packet, Query, Record, Report

from .messages import ALLOW, IS_EX, IS_IN, TO_EX, messages_on, query, record, records, send_message
from .site import SLACK, IPv4TestCase, IPv6TestCase, Scenarios

MANY_GROUPS = 300


class UpstreamScenarios(Scenarios):
    def setUp(self) -> None:
        super().setUp()
        self.start()
        self.upstream = self.server.capture()
        self.router, self.host = self.server.raw_host(), self.home.raw_host()

    def send_reports(self, *given: Record) -> int:
        """Send these records from a raw host in as few reports as possible; their number."""
        packets = list(pack_reports(given, self.family, 1500))
        for packet in packets:
            send_message(self.host, self.plan.raw_host, packet)
        return len(packets)

    def send_query(self, seconds: float, group: str = "", *sources: str) -> float:
        """Send a query from the provider's router; the time at which it left."""
        general = "0.0.0.0" if self.family is IPV4 else "::"
        link = self.server.capture()
        send_message(self.router, self.plan.raw_router, query(group or general, seconds, *sources))
        return link.wait_for(lambda frame: frame.outgoing).time

    # -- many groups

    def many_joins(self) -> list[Record]:
        """Records that join ``MANY_GROUPS`` groups."""
        first = int.from_bytes(packed(self.group), "big")
        size = self.family.address_size
        return [Record(TO_EX, (first + n).to_bytes(size, "big")) for n in range(MANY_GROUPS)]

    def reported(self, since: float = 0.0) -> dict[Record, float]:
        """The records reported since a time, with their first time; no link-local groups."""
        times: dict[Record, float] = {}
        for when, _, packet in messages_on(self.upstream):
            for one in packet if isinstance(packet, Report) and when >= since else ():
                if self.family.is_proxied(one.group):
                    times.setdefault(one, when)
        return times

    def test_hundreds_of_joins_leave_in_few_reports(self) -> None:
        """HS-09, DB-04."""
        wanted = self.many_joins()
        sent = self.send_reports(*wanted)
        wait_until(lambda: set(wanted) <= self.reported().keys())
        times = self.reported().values()
        self.assertLess(max(times) - min(times), SLACK)
        carrying = [
            one for one in messages_on(self.upstream) if min(times) <= one.time <= max(times)
        ]
        self.assertLessEqual(len(carrying), sent + 5)  # the kernel sends reports there too
        wait_until(lambda: len(self.routes()) == MANY_GROUPS + 1)

    def test_general_query_is_answered_with_hundreds_of_groups(self) -> None:
        """HQ-02, HR-01."""
        wanted = self.many_joins()
        self.send_reports(*wanted)
        wait_until(lambda: set(wanted) <= self.reported().keys())
        asked = self.send_query(1.0)
        answers = {one._replace(type=IS_EX) for one in wanted}
        wait_until(lambda: answers <= self.reported(asked).keys())
        self.assertLess(max(self.reported(asked)[one] for one in answers) - asked, 1.0 + SLACK)

    # -- queries

    def join_three_groups(self) -> None:
        """Join three groups, and wait until all unsolicited reports were sent."""
        self.home.join(self.groups[0])
        self.home.join(self.groups[1], include=self.sources[:2])
        self.other.join(self.groups[2], exclude=self.sources[:1])
        wait_until(lambda: all(len(records(self.upstream, g)) >= 2 for g in self.groups[:3]))

    def assert_answers(self, asked: float, seconds: float, *expected: Record) -> None:
        """Check that exactly these answers are sent within the maximum response time."""

        def answers() -> dict[Record, float]:
            reported = self.reported(asked).items()
            return {one: when for one, when in reported if one.type in (IS_EX, IS_IN)}

        wait_until(lambda: answers().keys() >= set(expected), message=f"no {expected}")
        self.assertEqual(answers().keys(), set(expected))
        self.assertLess(max(answers().values()) - asked, seconds + SLACK)

    def test_specific_queries_are_answered_with_the_state_they_ask_for(self) -> None:
        """HQ-02, HQ-03, HR-01..04."""
        self.join_three_groups()
        one, listed, blocking = self.groups[:3]
        a, b, c = self.sources
        asked = self.send_query(0.5)
        everything = (record(IS_EX, one), record(IS_IN, listed, a, b), record(IS_EX, blocking, a))
        self.assert_answers(asked, 0.5, *everything)
        for group, answer in zip(self.groups[:3], everything, strict=True):
            self.assert_answers(self.send_query(0.2, group), 0.2, answer)
        self.assert_answers(self.send_query(0.2, listed, b, c), 0.2, record(IS_IN, listed, b))
        self.assert_answers(self.send_query(0.2, blocking, a, c), 0.2, record(IS_IN, blocking, c))

    def test_query_about_an_unwanted_group_is_not_answered(self) -> None:
        """HQ-06, HR-03."""
        self.join_three_groups()
        asked = self.send_query(0.1, self.groups[5])
        self.send_query(0.1, self.groups[1], self.sources[2])
        self.assert_answers(
            self.send_query(0.2, self.groups[0]), 0.2, record(IS_EX, self.groups[0])
        )
        self.assert_answers(asked, 5, record(IS_EX, self.groups[0]))

    def test_older_querier_is_answered_in_its_version(self) -> None:
        """HC-01, HC-02, H2-01."""
        self.home.join(self.group)
        self.await_reported(self.upstream, record(TO_EX, self.group))
        for version in range(self.family.current_version - 1, 0, -1):
            asked = Query(version, self.family.unspecified, 0.2)
            send_message(self.router, self.plan.raw_router, asked)
            self.await_packet(OldReport(version, packed(self.group)))

    def await_packet(self, packet: Packet) -> None:
        """Wait until the proxy sends exactly this packet upstream."""
        wait_until(
            lambda: any(one.packet == packet for one in messages_on(self.upstream)),
            timeout=IGMPV1_MAX_RESPONSE + SLACK,
            message=f"no {packet}",
        )

    # -- link-local groups

    def test_link_local_groups_are_not_reported_upstream(self) -> None:
        """ADR-01..05, FWD-07, FWD-10."""
        local = ("224.0.0.50", "224.0.0.251") if self.family is IPV4 else LINK_LOCAL
        elsewhere = self.other.capture(data=True)
        for group in local:
            self.send_reports(record(TO_EX, group), record(ALLOW, group, self.source))
            if not group.startswith("ff01"):
                self.home.join(group)
                self.other.join(group)
                self.stream(group)
                self.stream(group, node=self.home, source=self.plan.at(2, 2))
        member = self.home.join(self.group)
        self.stream()
        self.await_packets(member)
        self.await_sent()
        for group in local:
            self.assertEqual(records(self.upstream, group), [], group)
        self.assertEqual(list(elsewhere.data()), [])
        self.assertNotIn(True, [self.is_local(route.group) for route in self.routes()])

    def is_local(self, group: bytes) -> bool:
        """Whether a group must stay on its link; the unspecified address means all other groups."""
        return group != self.family.unspecified and not self.family.is_proxied(group)


LINK_LOCAL = ("ff01::50", "ff02::50", "ff12::50", "ff02::fb")


class IPv4UpstreamTests(UpstreamScenarios, IPv4TestCase):
    pass


class IPv6UpstreamTests(UpstreamScenarios, IPv6TestCase):
    pass
