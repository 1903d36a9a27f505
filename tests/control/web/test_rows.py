"""Rows of the page: they change only if something has changed."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.views.flow_state import FlowState
from mcproxy.control.web import rows
from mcproxy.control.web.rows import BROKEN, GOOD, HEALTH, Moments, flow_rows, importance

FLOW = {
    "instance": "tv/ipv4",
    "family": "ipv4",
    "source-address": "*",
    "group-address": "239.1.1.1",
    "incoming-interface": "up",
    "outgoing-interface": ["lan"],
    "packets": 5,
    "bytes": 500,
    "wrong-interface": 0,
    "packet-rate": 12.3456,
    "bit-rate": 123456,
    "last-seen": 0.5,
    "up-time": 100.0,
    "state": "forwarding",
    "reason": "forwarding",
}


class FlowRowTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.moments = Moments()

    def row(self, now: float, **changes: Any) -> dict[str, Any]:
        changed = {key.replace("_", "-"): value for key, value in changes.items()}
        self.patch(rows.flows, "rows", lambda *_: iter([FLOW | changed]))
        nobody: Any = None
        [(_, row)] = [one for one in flow_rows(nobody, nobody, self.moments, now) if one]
        self.moments.forget_unused()
        return row

    def test_row_is_the_same_while_the_stream_flows_steadily(self) -> None:
        first = self.row(1000.0)
        later = self.row(1001.0, packets=90, bytes=900, up_time=101.2, last_seen=0.1)
        self.assertEqual(first, later)
        self.assertEqual((first["since"], first["last-packet"], first["health"]), (900, None, GOOD))
        self.assertEqual(first, self.row(1002.0, up_time=101.8, bit_rate=123312, packet_rate=12.27))

    def test_row_is_the_same_while_nothing_arrives(self) -> None:
        silent = {"state": "silent", "bit_rate": 0, "packet_rate": 0}
        reason = "asked, nothing arrives for {} s"
        first = self.row(1000.0, last_seen=30.0, reason=reason.format(30), **silent)
        later = self.row(1010.3, last_seen=40.0, up_time=110, reason=reason.format(40), **silent)
        self.assertEqual(first, later)
        self.assertEqual((first["reason"], first["last-packet"]), ("asked, nothing arrives", 970))

    def test_stream_that_began_anew_has_a_new_time(self) -> None:
        self.row(1000.0)
        self.assertEqual(self.row(1100.0, up_time=10.0)["since"], 1090)

    def test_flow_for_groups_that_nobody_asks_for_is_not_shown(self) -> None:
        self.patch(rows.flows, "rows", lambda *_: iter([FLOW | {"group-address": "*"}]))
        nobody: Any = None
        self.assertEqual(list(flow_rows(nobody, nobody, self.moments, 1000.0)), [None])

    def test_faults_rates_and_the_latest_joins_are_important(self) -> None:
        old = self.row(1000.0, bit_rate=None)
        new = self.row(1000.0, bit_rate=None, up_time=1.0, source_address="10.0.0.1")
        fast = self.row(1000.0)
        broken = self.row(1000.0, state="ttl", bit_rate=None)
        ordered = sorted([broken, old, new, fast], key=importance)
        self.assertEqual(ordered, [old, new, fast, broken])

    def test_each_state_has_a_health(self) -> None:
        self.assertEqual(set(HEALTH), {state.value for state in FlowState})
        self.assertEqual(HEALTH["rp-filter"], BROKEN)


class MomentsTests(SynchronousTestCase):
    def test_moments_that_are_not_used_any_more_are_forgotten(self) -> None:
        moments = Moments()
        moments.began("a", "since", 1.0, 10.0)
        moments.forget_unused()
        moments.began("b", "since", 1.0, 10.0)
        moments.forget_unused()
        self.assertEqual(set(moments._known), {("b", "since")})
