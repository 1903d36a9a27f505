"""The frames of ``mcproxy top``, and what its counts mean."""

from __future__ import annotations

from collections import Counter
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli.table import Output
from mcproxy.cli.top.activity import AS, ZAP_TIME, Activity
from mcproxy.cli.top.frame import SORTS, Frame, Sample
from mcproxy.events.kinds import KINDS

from .test_client import ClientTestCase


def flow(group: str, rate: float | None, **more: Any) -> dict[str, Any]:
    return {
        "family": "ipv6" if ":" in group else "ipv4",
        "source-address": "*",
        "group-address": group,
        "incoming-interface": "eth0",
        "outgoing-interface": ["lan1"],
        "packets": 7,
        "bit-rate": rate,
        "packet-rate": rate,
        "last-seen": 0.1,
        "state": "forwarding",
        **more,
    }


def event(kind: str, when: float, host: str = "10.0.0.9", **more: Any) -> dict[str, Any]:
    return {"event": kind, "time": when, "interface": "lan1", "host-address": host, **more}


class FrameTests(SynchronousTestCase):
    def frame(self, *flows: dict[str, Any], sort: str = "rate") -> list[str]:
        row = {"interface": "eth0", "what": "data in", "kind": "data", "count": 1}
        before = Sample(10.0, [], [row | {"bytes": 1000}])
        now = Sample(12.0, list(flows), [row | {"bytes": 251000}])
        activity = Counter({"joins": 3, "zaps": 1, "lost": 2})
        return Frame(before, now, activity, sort).lines(Output(80), 24)

    def test_counts_are_shown_a_second(self) -> None:
        happened, messages, flows, *_ = self.frame(flow("239.1.1.1", 5.0))
        self.assertIn("joins 1.5  leaves 0.0  zaps 0.5", happened)
        self.assertIn("data in 1.0 Mbit/s", messages)
        self.assertEqual(flows, "1 flow: 1 forwarding; 2 events not counted")

    def test_flows_are_sorted(self) -> None:
        flows = (
            flow("239.1.1.2", None, packets=3),
            flow("239.1.1.1", 5e6, packets=1, **{"last-seen": None}),
            flow("239.1.1.3", 7e6, packets=2),
        )
        for sort, expected in (
            ("rate", "312"),
            ("packets", "231"),
            ("group", "123"),
            ("seen", "231"),
        ):
            lines = self.frame(*flows, sort=sort)[5:]
            self.assertEqual("".join(line.split()[1][-1] for line in lines), expected, sort)
        self.assertEqual(len(SORTS), 4)

    def test_frame_of_many_long_flows_fits_80_columns_and_24_lines(self) -> None:
        long = "ff3e:1234:5678:9abc:def0:1234:5678:9abc"
        outputs = [f"interface{number:06}" for number in range(9)]
        more = {"source-address": long, "outgoing-interface": outputs, "state": "wrong-interface"}
        lines = self.frame(*(flow(long, 123456789.0, **more) for _ in range(500)))
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertTrue(any("+7" in line for line in lines))

    def test_frame_without_a_flow_says_so(self) -> None:
        self.assertEqual(self.frame()[3:], ["", "no flows"])


class ActivityTests(SynchronousTestCase):
    def count(self, *events: dict[str, Any]) -> Counter[str]:
        activity = Activity()
        for one in events:
            activity.count(one)
        return activity.take(100.0)

    def test_leave_and_join_of_one_host_are_a_zap_in_either_order(self) -> None:
        for first, second in (("leave", "join"), ("join", "leave")):
            counts = self.count(event(first, 1.0), event(second, 1.0 + ZAP_TIME))
            self.assertEqual((counts["zaps"], counts["joins"], counts["leaves"]), (1, 1, 1))
            for other in (
                event(second, 1.1 + ZAP_TIME),
                event(second, 1.1, host="10.0.0.8"),
                event(first, 1.1),
            ):
                self.assertEqual(self.count(event(first, 1.0), other)["zaps"], 0)

    def test_refusals_drops_and_lost_events_are_counted(self) -> None:
        lost = {"event": "lost", "time": 1.0, "count": 7}
        counts = self.count(event("refusal", 1), event("queue-overflow", 1, count=5), lost)
        self.assertEqual(counts, {"refused": 1, "dropped": 5, "lost": 7})

    def test_counts_begin_anew_and_old_hosts_are_forgotten(self) -> None:
        activity = Activity()
        activity.count(event("join", 1.0))
        self.assertEqual(activity.take(100.0), {"joins": 1})
        self.assertEqual(activity.take(100.0), {})
        self.assertEqual(activity._unpaired, {})

    def test_kinds_are_those_of_the_daemon(self) -> None:
        self.assertLessEqual(set(AS), set(KINDS))


class CommandTests(ClientTestCase):
    def test_daemon_that_does_not_answer_has_exit_code_3(self) -> None:
        self.assertEqual(self.run_here("top", "--once", "--socket", "/nowhere"), 3)
        self.assertIn("no daemon answers at /nowhere", self.err)

    def test_wrong_interval_and_order_are_wrong_use(self) -> None:
        self.assertEqual(self.run_here("top", "--interval", "soon"), 2)
        self.assertIn('"soon" is not a time', self.err)
        self.assertEqual(self.run_here("top", "--sort", "size"), 2)
