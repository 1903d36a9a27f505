"""A reconfiguration where hosts have changed many groups at once, whose reports wait for a turn."""

from __future__ import annotations

from mcproxy.instance.chosen_upstreams import ASKED_AT_ONCE
from mcproxy.instance.upstream import Upstream
from mcproxy.messages import LinkChanged, PacketReceived
from mcproxy.protocol.wire.packets import Record, Report

from .instance.support import HOST
from .reconfiguration_case import LINKS, RADIO, TO_EX, TV, ReconfigurationTestCase

MANY = 1000


def joins(count: int) -> Report:
    """A report that joins this many groups."""
    groups = (bytes([239, 1, number >> 8, number & 255]) for number in range(count))
    return Report(Record(TO_EX, group) for group in groups)


def configured(upstream: str, downstream: str, static: int = 0) -> str:
    """The instances tv, as described, and radio, which keeps the upstream ``up``."""
    groups = ", ".join(f'"239.2.0.{number}"' for number in range(static))
    return (
        f'[instance.tv]\nupstream = "{upstream}"\ndownstream = ["{downstream}"]\n'
        f"mld-version = 0\nstatic-group = [{groups}]\n{RADIO}"
    )


class ManyGroupsTests(ReconfigurationTestCase):
    def upstream(self, name: str) -> Upstream:
        return next(each for each in self.running.upstreams if each.name == name)

    def turns(self) -> None:
        """Let some turns of the reactor pass."""
        for _ in range(20):
            self.clock.advance(0)

    def join(self, count: int) -> None:
        """A host of tv joins groups; all of them are upstream afterwards."""
        tv = next(each for each in self.running.instances if each.name == "tv/ipv4")
        tv.receive(PacketReceived("d1", HOST, joins(count)))
        self.turns()
        self.assertEqual(len(self.upstream("up").host.groups), count)

    def test_upstream_that_is_exchanged_keeps_no_group_of_a_lost_downstream(self) -> None:
        """Another instance goes on using it."""
        for count in (ASKED_AT_ONCE, ASKED_AT_ONCE + 1, MANY):
            self.start(configured("up", "d1"))
            self.join(count)
            self.change(configured("up2", "lan1"))
            self.turns()
            self.assertEqual(len(self.upstream("up").host.groups), 0)

    def test_upstream_that_is_exchanged_keeps_no_static_group(self) -> None:
        count = ASKED_AT_ONCE + 1
        self.start(configured("up", "d1", count))
        self.turns()
        self.assertEqual(len(self.upstream("up").host.groups), count)
        self.change(configured("up2", "d1", count))
        self.turns()
        groups = [len(self.upstream(name).host.groups) for name in ("up", "up2")]
        self.assertEqual(groups, [0, count])

    def test_instance_that_ends_leaves_groups_whose_reports_wait(self) -> None:
        self.start(configured("up", "d1"))
        tv = next(each for each in self.running.instances if each.name == "tv/ipv4")
        tv.receive(PacketReceived("d1", HOST, joins(MANY)))
        self.change(RADIO)
        self.turns()
        self.assertEqual(len(self.upstream("up").host.groups), 0)

    def test_lost_link_and_the_end_of_its_instance_leave_all_groups(self) -> None:
        self.start(configured("up", "d1"))
        self.join(MANY)
        tv = next(each for each in self.running.instances if each.name == "tv/ipv4")
        tv.receive(LinkChanged(LINKS["d1"], None))
        self.change(RADIO)
        self.turns()
        self.assertEqual(len(self.upstream("up").host.groups), 0)

    def test_renamed_instance_joins_again_in_the_turn_in_which_the_other_one_leaves(self) -> None:
        """A router with fast leave would cut the streams for as long as that takes."""
        self.start(TV)
        self.join(900)
        self.neighbours.sent.clear()
        self.change(TV.replace("instance.tv", "instance.tv2"))
        records = [record for report in self.sent("up") for record in report]
        self.assertEqual(sum(record.type is TO_EX for record in records), 900)
        self.assertEqual(len(records), 1800)
