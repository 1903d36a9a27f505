"""Members and streams: what the kernel lets through, and that every loss is counted."""

from __future__ import annotations

import contextlib
import time

from mcproxy.lab.host import Member
from mcproxy.lab.waiting import wait_until

from .support import LabTestCase

GROUP, GROUP6 = "239.1.1.1", "ff05::1234"


class MembershipTests(LabTestCase):
    """One machine sends from two addresses, the other joins."""

    def setUp(self) -> None:
        super().setUp()
        self.sender, self.receiver = self.pair()
        self.sender.add_address("eth0", "10.0.1.7/24")
        self.sender.add_address("eth0", "fd00:1::7/64")
        self.sources = {GROUP: ("10.0.1.1", "10.0.1.7"), GROUP6: ("fd00:1::1", "fd00:1::7")}

    def assert_arrivals(self, member: Member, expected: list[int]) -> None:
        """Check that of five packets from each address, as many as expected come now."""
        sources = self.sources[member.group]
        member.forget()
        for source in sources:
            self.sender.burst(member.group, 5, source=source)

        def received() -> list[int]:
            return [member.of(source).packets for source in sources]

        with contextlib.suppress(AssertionError):  # the assertion below names the difference
            wait_until(lambda: received() == expected)
        time.sleep(0.05)  # for packets that should not come
        self.assertEqual(received(), expected)

    def test_member_of_any_source_receives_all(self) -> None:
        for group in self.sources:
            member = self.receiver.join(group)
            self.assert_arrivals(member, [5, 5])

    def test_member_with_include_list_receives_listed_sources_only(self) -> None:
        for group, (wanted, _) in self.sources.items():
            member = self.receiver.join(group, include=[wanted])
            self.assert_arrivals(member, [5, 0])

    def test_member_with_exclude_list_receives_all_but_listed_sources(self) -> None:
        for group, (blocked, _) in self.sources.items():
            member = self.receiver.join(group, exclude=[blocked])
            self.assert_arrivals(member, [0, 5])

    def test_filter_change_while_packets_come_takes_effect(self) -> None:
        for group, (first, second) in self.sources.items():
            member = self.receiver.join(group, include=[first, second])
            self.assert_arrivals(member, [5, 5])
            member.include([second])
            self.assert_arrivals(member, [0, 5])
            member.exclude([second])
            self.assert_arrivals(member, [5, 0])
            member.exclude()
            self.assert_arrivals(member, [5, 5])
            member.leave()
            self.assert_arrivals(member, [0, 0])
            member.include([first])
            self.assert_arrivals(member, [5, 0])
            member.include([])
            self.assert_arrivals(member, [0, 0])

    def test_members_of_one_group_on_one_host_have_own_filters(self) -> None:
        for group, (first, second) in self.sources.items():
            one = self.receiver.join(group, include=[first])
            other = self.receiver.join(group, include=[second])
            self.assert_arrivals(one, [5, 0])
            self.assertEqual([other.of(first).packets, other.of(second).packets], [0, 5])

    def test_member_that_left_receives_nothing_through_another(self) -> None:
        for group in self.sources:
            self.receiver.join(group)
            member = self.receiver.join(group)
            member.leave()
            self.assert_arrivals(member, [0, 0])

    def test_host_joins_more_groups_than_the_default_limit(self) -> None:
        for number in range(200):
            self.receiver.join(f"239.2.0.{number}")
            self.receiver.join(f"ff05::2:{number:x}")

    def test_include_list_of_many_sources_is_accepted(self) -> None:
        sources = [f"10.9.{number // 200}.{number % 200 + 1}" for number in range(500)]
        member = self.receiver.join(GROUP, include=[*sources, "10.0.1.7"])
        self.assert_arrivals(member, [0, 5])


class LossTests(LabTestCase):
    """A switch between the two takes packets away."""

    def setUp(self) -> None:
        super().setUp()
        self.switch = self.lab.switch("switch")
        self.sender, self.receiver = self.lab.node("sender"), self.lab.node("receiver")
        self.lab.link(self.sender, "eth0", self.switch, "one", ("10.0.1.1/24",))
        self.lab.link(self.receiver, "eth0", self.switch, "two", ("10.0.1.2/24",))

    def test_dropped_packets_are_counted_as_lost(self) -> None:
        member = self.receiver.join(GROUP)
        stream = self.sender.stream(GROUP, rate=500)
        wait_until(lambda: member.total() > 50)
        self.switch.set_link("two", state="down")
        time.sleep(0.2)
        self.switch.set_link("two", state="up")
        self.switch.await_link("two")
        before = member.total()
        wait_until(lambda: member.total() > before + 50)
        sent = stream.stop()
        time.sleep(0.05)
        received = member.of("10.0.1.1")
        self.assertGreater(received.lost, 50)
        self.assertEqual(received.first, 0)
        self.assertEqual(received.packets + received.lost, sent)
        self.assertEqual(received.missing(0, sent), received.lost)
        self.assertEqual(received.duplicates, 0)

    def test_packets_lost_at_the_end_are_missing(self) -> None:
        member = self.receiver.join(GROUP)
        self.sender.burst(GROUP, 10)
        wait_until(lambda: member.total() == 10)
        received = member.of("10.0.1.1")
        self.assertEqual(
            (received.lost, received.missing(0, 12), received.missing(5, 7)), (0, 2, 0)
        )

    def test_packet_that_arrives_twice_is_a_duplicate(self) -> None:
        member = self.receiver.join(GROUP)
        capture = self.receiver.capture("eth0", data=True)
        self.sender.burst(GROUP, 3)
        wait_until(lambda: member.total() == 3)
        again = bytearray(next(f.packet for f in capture.frames() if f.packet[9] == 17))
        again[26:28] = bytes(2)  # no checksum: the link had left it to be filled in
        self.sender.raw_host().send(bytes(again))
        wait_until(lambda: member.total() == 4)
        received = member.of("10.0.1.1")
        self.assertEqual((received.duplicates, received.lost), (1, 0))

    def test_stream_keeps_its_rate(self) -> None:
        member = self.receiver.join(GROUP)
        begin = time.monotonic()
        stream = self.sender.stream(GROUP, rate=400)
        time.sleep(0.5)
        sent = stream.stop()
        took = time.monotonic() - begin
        self.assertTrue(320 < sent / took < 480, sent / took)
        time.sleep(0.05)
        self.assertEqual(member.total(), sent)
        self.assertGreaterEqual(member.of("10.0.1.1").first_time, member.joined)

    def test_stream_on_two_interfaces_arrives_on_both(self) -> None:
        """Each packet goes out on both, so that the second is known for the same one."""
        self.lab.link(
            self.sender, "eth1", self.receiver, "eth1", ("10.0.2.1/24",), ("10.0.2.2/24",)
        )
        members = [self.receiver.join(GROUP, name) for name in ("eth0", "eth1")]
        sent = self.sender.stream(GROUP, ("eth0", "eth1"), rate=400, source="10.0.1.1")
        wait_until(lambda: sent.sent > 20)
        expected = set(range(sent.stop()))
        wait_until(lambda: all(m.of("10.0.1.1").sequences == expected for m in members))
