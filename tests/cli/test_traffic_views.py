"""``mcproxy show flows``, ``show statistics`` and ``clear counters``."""

from __future__ import annotations

from .test_client import ClientTestCase

FLOW = {
    "instance": "tv/ipv4",
    "family": "ipv4",
    "source-address": "*",
    "group-address": "239.1.1.1",
    "incoming-interface": "up",
    "outgoing-interface": ["down1", "down2"],
    "packets": 1234,
    "bytes": 1_600_000,
    "wrong-interface": 0,
    "packet-rate": 100.0,
    "bit-rate": 1_234_567,
    "last-seen": 0.01,
    "up-time": 75.0,
    "state": "forwarding",
    "reason": "forwarding",
}
UNKNOWN = FLOW | {
    "incoming-interface": "",
    "outgoing-interface": [],
    "packets": 0,
    "bit-rate": None,
    "last-seen": None,
    "reason": "not asked upstream (no usable upstream?)",
}


class FlowTests(ClientTestCase):
    def test_flows_have_their_ways_rate_and_reason(self) -> None:
        self.daemon({"flows": [FLOW, UNKNOWN]})
        self.assertEqual(self.command("show flows"), 0, self.err)
        lines = [" ".join(line.split()) for line in self.out.splitlines()]
        self.assertEqual(lines[0], "Source Group In Out Packets Rate Seen State")
        self.assertEqual(lines[1], "* 239.1.1.1 up down1 down2 1234 1.2 Mbit/s 0s forwarding")
        other = " ".join(lines[2:])
        self.assertTrue(other.startswith("* 239.1.1.1 - - 0 - - not asked upstream"), other)
        self.assertTrue(other.endswith("usable upstream?)"), other)


def _row(what: str, kind: str, count: int, **others: object) -> dict[str, object]:
    row = {"family": "ipv4", "interface": "down1", "what": what, "kind": kind, "count": count}
    return row | others


class StatisticsTests(ClientTestCase):
    def test_messages_reasons_and_data_are_three_tables(self) -> None:
        rows = [
            _row("received", "report", 7, version=3),
            _row("received", "report", 2, version=2),
            _row("sent", "query", 4, version=3),
            _row("not sent", "query", 1, version=3),
            _row("dropped", "ttl", 3),
            _row("data in", "packets", 10, bytes=280, table=0),
        ]
        self.daemon({"statistics": rows})
        self.assertEqual(self.command("show statistics"), 0, self.err)
        lines = [" ".join(line.split()) for line in self.out.splitlines()]
        self.assertEqual(
            lines,
            [
                "Interface Message Received Sent Not-Sent",
                "down1 query v3 0 4 1",
                "down1 report v2 2 0 -",
                "down1 report v3 7 0 -",
                "",
                "Interface What Reason Count",
                "down1 dropped ttl 3",
                "",
                "Interface Data Packets Bytes",
                "down1 data in 10 280",
            ],
        )

    def test_clear_sends_its_request(self) -> None:
        daemon = self.daemon({"cleared": "counters"})
        self.assertEqual(self.command("clear counters"), 0, self.err)
        self.assertEqual(daemon.asked, [("POST /clear", {"what": "counters"})])
        self.assertEqual(self.command("clear everything"), 2)
