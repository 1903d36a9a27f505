"""Hosts join and leave: streams go to their links and to no others."""

from __future__ import annotations

from .messages import TO_EX, TO_IN, record, records
from .site import LAST_MEMBER_TIME, SLACK, IPv4TestCase, IPv6TestCase, Scenarios


class JoinScenarios(Scenarios):
    def test_join_brings_the_stream_to_the_link_of_the_host_only(self) -> None:
        """FWD-01, HS-02."""
        self.start()
        upstream, elsewhere = self.server.capture(), self.other.capture(data=True)
        self.stream()
        member = self.home.join(self.group)
        self.await_packets(member, 100)
        self.assert_no_loss(member)
        self.assertEqual(list(elsewhere.data()), [])
        self.assertEqual(records(upstream, self.group)[0], record(TO_EX, self.group))

    def test_stream_without_members_is_not_forwarded(self) -> None:
        """FWD-01."""
        self.start()
        links = [node.capture(data=True) for node in (self.home, self.other)]
        self.stream()
        self.await_sent()
        self.assertEqual([list(link.data()) for link in links], [[], []])

    def test_members_join_and_leave_while_others_lose_no_packet(self) -> None:
        """FWD-06, DB-04, SQ-08."""
        self.start()
        upstream = self.server.capture()
        home_link, other_link = self.home.capture(data=True), self.other.capture(data=True)
        self.stream()
        first = self.home.join(self.group)
        self.await_packets(first)
        second = self.other.join(self.group)
        self.await_packets(second)
        self.assert_no_loss(first)

        second.leave()
        self.await_sources_on(other_link, [])
        self.assert_no_loss(first)
        self.assert_no_loss(second)
        self.assertNotIn(record(TO_IN, self.group), records(upstream, self.group))

        first.leave()
        left = self.await_reported(upstream, record(TO_IN, self.group))
        self.assertLess(left - first.joined, LAST_MEMBER_TIME + SLACK)
        self.assertGreater(left - first.joined, LAST_MEMBER_TIME - 0.1)
        self.await_sent()
        last = max(datum.time for datum in home_link.data())
        self.assertLess(last - first.joined, LAST_MEMBER_TIME + SLACK)
        self.assert_no_loss_on_link(home_link, self.source)

    def test_leave_of_one_member_keeps_the_stream_for_the_other(self) -> None:
        """SQ-01, DB-04."""
        self.start()
        upstream = self.server.capture()
        self.stream()
        first, second = self.home.join(self.group), self.guest.join(self.group)
        self.await_packets(second)
        first.leave()
        self.await_sent(400)  # much longer than the queries take
        self.assert_no_loss(second)
        self.assertNotIn(record(TO_IN, self.group), records(upstream, self.group))

    def test_leave_followed_by_a_join_loses_no_packet(self) -> None:
        self.start()
        upstream, link = self.server.capture(), self.home.capture(data=True)
        self.stream()
        member = self.home.join(self.group)
        self.await_packets(member)
        for _ in range(5):
            member.leave()
            self.await_sent()
            member.exclude()
            self.await_sent()
        self.await_sent(400)
        self.assert_no_loss_on_link(link, self.source)
        self.assertNotIn(record(TO_IN, self.group), records(upstream, self.group))


class IPv4JoinTests(JoinScenarios, IPv4TestCase):
    pass


class IPv6JoinTests(JoinScenarios, IPv6TestCase):
    pass
