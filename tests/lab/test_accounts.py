"""The demo's accounts: what counts as lost, late, repeated and unwanted."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from struct import Struct

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.lab.accounts import Flow, Want, Watch
from mcproxy.lab.capture import Frame
from mcproxy.lab.host import Received
from mcproxy.lab.payload import PAYLOAD

SOURCE, OTHER, GROUP = "10.0.0.1", "10.0.0.9", "239.1.1.1"
HOPS, GRACE = 8, 2.5


@dataclass
class Sending:
    """A stream as far as it has got."""

    source: str
    sent: int
    group: str = GROUP


class Receiving(dict[str, Received]):
    """A member, and what it got."""

    def of(self, source: str) -> Received:
        """What came from a source."""
        return self.setdefault(source, Received())

    def take(self, source: str, *sequences: int, at: float = 100.0) -> None:
        """Packets come."""
        for sequence in sequences:
            self.of(source).take(sequence, at)


def frame(
    sequence: int,
    when: float,
    source: str = SOURCE,
    hops: int = HOPS - 1,
    outgoing: bool = False,
    group: str = GROUP,
) -> Frame:
    """A numbered packet on a link."""
    addresses = (ipaddress.ip_address(source).packed, ipaddress.ip_address(group).packed)
    payload = bytes(8) + PAYLOAD.pack(1, sequence, 0)
    if len(addresses[0]) == 4:
        header = Struct("!BBHHHBBH4s4s").pack(0x45, 0, 44, 0, 0, hops, 17, 0, *addresses)
    else:
        header = Struct("!IHBB16s16s").pack(6 << 28, 24, 17, hops, *addresses)
    return Frame(when, outgoing, header + payload)


def said(when: float, group: str = GROUP, outgoing: bool = True) -> Frame:
    """A report of a group."""
    return Frame(when, outgoing, bytes(32) + ipaddress.ip_address(group).packed)


class Frames(list[Frame]):
    """A capture."""

    def take(self) -> list[Frame]:
        """What was put in."""
        taken = list(self)
        self.clear()
        return taken


class AccountsTestCase(SynchronousTestCase):
    """A stream and a member."""

    def setUp(self) -> None:
        self.stream, self.member = Sending(SOURCE, 10), Receiving()

    def want(self, from_start: bool = False, link: str = "down1") -> Want:
        """A membership from second 99 on, when ten packets had been sent."""
        return Want(
            "receiver", link, GROUP, "any", self.member, [self.stream], 99.0, from_start=from_start
        )


class WantTests(AccountsTestCase):
    def test_complete_stream_has_no_faults(self) -> None:
        want = self.want()
        self.member.take(SOURCE, *range(13, 50))
        self.stream.sent = 50
        want.stop_counting()
        result = want.result()
        self.assertEqual(result[2:], (37, 37, 0, 0))
        self.assertEqual(result.delay, 1.0)
        self.assertEqual(result.faults(latest=0.5), [])

    def test_reaction_does_not_include_the_delay_of_the_host(self) -> None:
        want = self.want()
        for frame in (said(98.9), said(99.0, outgoing=False), said(99.2, "239.1.1.2")):
            want.hear(frame)
        self.assertIsNone(want.asked)
        want.hear(said(99.3))
        want.hear(said(99.9))
        self.member.take(SOURCE, 10, at=100.0)
        result = want.result()
        self.assertEqual(result.delay, 1.0)
        self.assertAlmostEqual(result.reaction, 0.7)
        self.assertEqual(result.faults(latest=0.8), [])
        self.assertEqual(result.faults(0.5), ["came only 0.7 s after its host asked for it"])

    def test_packet_before_the_report_has_no_reaction_time(self) -> None:
        want = self.want()
        self.member.take(SOURCE, 10, at=99.1)
        want.hear(said(99.3))
        self.assertEqual(want.result().reaction, 0.0)

    def test_packets_missing_in_the_middle_and_at_the_end_are_lost(self) -> None:
        want = self.want()
        self.member.take(SOURCE, *range(10, 20), *range(22, 48))
        self.stream.sent = 50
        want.stop_counting()
        self.assertEqual(want.result()[2:], (40, 36, 4, 0))
        self.assertEqual(want.result().faults(2.0), ["4 lost"])

    def test_last_packets_of_running_stream_are_not_lost(self) -> None:
        want = self.want()
        self.member.take(SOURCE, *range(10, 48))
        self.stream.sent = 50
        self.assertEqual(want.result().lost, 0)

    def test_packets_sent_after_the_leave_do_not_count(self) -> None:
        want = self.want()
        self.member.take(SOURCE, *range(10, 20))
        self.stream.sent = 20
        want.stop_counting()
        self.stream.sent = 500
        self.member.take(SOURCE, 20, 25)
        want.stop_counting()
        self.assertEqual(want.result()[2:], (10, 10, 0, 0))

    def test_packets_sent_before_the_join_do_not_count(self) -> None:
        want = self.want()
        self.member.take(SOURCE, 2, 3, *range(12, 20))
        self.assertEqual(want.result()[2:], (8, 8, 0, 0))

    def test_every_packet_counts_from_the_start(self) -> None:
        want = self.want(from_start=True)
        self.member.take(SOURCE, *range(2, 20))
        self.assertEqual(want.result()[2:], (20, 18, 2, 0))

    def test_stream_without_a_packet_is_a_fault(self) -> None:
        want = self.want()
        self.stream.sent = 30
        result = want.result()
        self.assertEqual(result, (None, None, 20, 0, 20, 0))
        self.assertEqual(result.faults(2.0), ["nothing came"])

    def test_packet_that_arrives_twice_is_a_fault(self) -> None:
        want = self.want()
        self.member.take(SOURCE, 10, 11, 11, 12)
        self.assertEqual(want.result().faults(2.0), ["1 came twice"])

    def test_missing_stream_of_two_is_a_fault(self) -> None:
        streams = [self.stream, Sending(OTHER, 10)]
        want = Want("receiver", "down1", GROUP, "any", self.member, streams, 99.0)
        self.member.take(SOURCE, *range(10, 20))
        self.assertEqual(want.result().faults(2.0), ["nothing came"])
        self.member.take(OTHER, *range(10, 15), at=99.5)
        self.assertEqual(want.result(), (1.0, None, 15, 15, 0, 0))


class WatchTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.frames = Frames()
        self.watch = Watch("down1", self.frames, HOPS, GRACE, local=frozenset({"10.0.2.7"}))
        self.wants = [self.want()]

    def unwanted(self, *frames: Frame) -> int:
        """How many of these are not to be there."""
        before = self.watch.unwanted.total()
        self.frames.extend(frames)
        self.watch.update(self.wants)
        return self.watch.unwanted.total() - before

    def test_packet_of_joined_group_is_wanted(self) -> None:
        self.assertEqual(self.unwanted(frame(1, 99.0), frame(2, 100.0)), 0)
        self.assertEqual(self.watch.packets, 2)
        self.assertEqual(self.watch.last(Flow(SOURCE, GROUP)), 100.0)
        self.assertEqual(self.watch.member(GROUP).of(SOURCE).packets, 2)

    def test_packet_before_the_join_is_unwanted(self) -> None:
        self.assertEqual(self.unwanted(frame(1, 98.9)), 1)

    def test_packet_of_other_group_or_source_is_unwanted(self) -> None:
        self.assertEqual(self.unwanted(frame(1, 100.0, OTHER)), 1)
        self.assertEqual(self.unwanted(frame(1, 100.0, group="239.1.1.2")), 1)
        self.assertEqual(self.unwanted(frame(1, 100.0, "fd00::1", group="ff1e::1")), 1)

    def test_packet_wanted_on_another_link_is_unwanted(self) -> None:
        self.wants = [self.want(link="down2")]
        self.assertEqual(self.unwanted(frame(1, 100.0)), 1)

    def leave(self) -> None:
        """A leave that is said a second after the call."""
        self.wants[0].hear(said(99.0))
        self.wants[0].left = 109.0
        self.wants[0].hear(said(108.9))
        self.assertIsNone(self.wants[0].released)
        self.wants[0].hear(said(110.0))

    def test_packet_soon_after_the_leave_is_wanted_and_later_unwanted(self) -> None:
        self.leave()
        self.assertEqual(self.unwanted(frame(1, 112.4)), 0)
        self.assertEqual(self.unwanted(frame(2, 112.6)), 1)

    def test_packet_before_the_leave_is_reported_is_wanted(self) -> None:
        self.wants[0].left = 109.0
        self.assertEqual(self.unwanted(frame(1, 120.0)), 0)

    def test_packet_after_the_leave_is_wanted_by_another_member(self) -> None:
        self.leave()
        self.wants.append(self.want())
        self.assertEqual(self.unwanted(frame(1, 120.0)), 0)

    def test_outgoing_packet_is_not_judged(self) -> None:
        direct = frame(1, 50.0, "10.0.2.7", hops=HOPS)
        own = frame(1, 50.0, outgoing=True)
        self.assertEqual(self.unwanted(direct, own), 0)
        self.assertEqual(self.watch.packets, 0)

    def test_packet_that_returns_to_its_own_link_is_unwanted(self) -> None:
        self.wants = [Want("r", "down1", GROUP, "any", self.member, [Sending("10.0.2.7", 0)], 99.0)]
        self.assertEqual(self.unwanted(frame(1, 100.0, "10.0.2.7")), 1)

    def test_packet_of_no_stream_is_ignored(self) -> None:
        self.assertEqual(self.unwanted(Frame(100.0, False, b"\x45" + bytes(20))), 0)
        self.assertEqual(self.unwanted(Frame(100.0, False, b"\x60" + bytes(60))), 0)
