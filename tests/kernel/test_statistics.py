"""Statistics: what arrives, what is dropped and what is refused, as the daemon counts it."""

from __future__ import annotations

from typing import Any

from mcproxy.cli import client
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Leave, OldReport, Packet, Report

from .messages import TO_EX, record
from .site import IPv4TestCase, IPv6TestCase, Scenarios


class StatisticsScenarios(Scenarios):
    """A host on down1 sends messages made by hand."""

    def setUp(self) -> None:
        super().setUp()
        self.start(max_groups=1)
        self.host = self.home.raw_host()

    def packet(self, packet: Packet) -> bytes:
        to = datagram.destination(self.family, packet)
        return datagram.encode(self.family, packed(self.plan.raw_host), to, packet)

    def joins(self, group: str) -> bytes:
        return self.packet(Report((record(TO_EX, group),)))

    def count(self, what: str, kind: str, **others: object) -> int:
        """How many of these down1 has."""
        expected = others | {"what": what, "kind": kind, "interface": "down1"}
        expected["family"] = self.family.name
        return sum(row["count"] for row in self.rows() if expected.items() <= row.items())

    def rows(self) -> list[dict[str, Any]]:
        answer = client.ask(str(self.daemon.socket), "GET", "/statistics")
        rows: list[dict[str, Any]] = answer["statistics"]
        return rows

    def await_count(self, count: int, what: str, kind: str, **others: object) -> None:
        wait_until(
            lambda: self.count(what, kind, **others) >= count,
            5,
            f"{what} {kind} {others} is not {count}",
        )

    def test_messages_are_counted_by_type_and_version(self) -> None:
        older = self.family.current_version - 1
        before = self.count("received", "report", version=older + 1)
        for packet in (
            Report((record(TO_EX, self.group),)),
            OldReport(older, packed(self.group)),
            Leave(packed(self.group)),
        ):
            self.host.send(self.packet(packet))
        self.await_count(1, "received", "leave", version=older)
        self.assertEqual(self.count("received", "report", version=older), 1)
        self.assertGreater(self.count("received", "report", version=older + 1), before)
        self.assertGreater(self.count("sent", "query", version=older + 1), 0)

    def test_drops_and_refusals_are_counted_by_reason(self) -> None:
        for group in self.groups[:3]:
            self.host.send(self.joins(group))
        self.await_count(2, "refused", "max-groups")
        beyond = bytearray(self.joins(self.group))
        beyond[8 if self.family is IPV4 else 7] = 2
        if self.family is IPV4:  # the checksum of the header
            beyond[10:12] = (int.from_bytes(beyond[10:12], "big") - 0x100).to_bytes(2, "big")
        self.host.send(bytes(beyond))
        self.await_count(1, "dropped", "ttl")
        damaged = bytearray(self.joins(self.group))
        damaged[-1] ^= 1
        self.host.send(bytes(damaged))
        if self.family is IPV4:  # the kernel itself drops such MLD
            self.await_count(1, "dropped", "checksum")

    def test_groups_of_the_link_are_ignored_and_no_refusal(self) -> None:
        group = "224.0.0.251" if self.family is IPV4 else "ff02::fb"
        before = self.count("refused", "scope")
        self.host.send(self.joins(group))
        self.await_count(1, "ignored", "link-scope")
        self.assertEqual(self.count("refused", "scope"), before)

    def test_data_is_counted_by_interface_and_direction(self) -> None:
        self.home.join(self.group)
        self.stream()
        self.await_count(20, "data out", "packets", table=0)
        found = [row for row in self.rows() if row["what"] == "data in"]
        [row] = [row for row in found if row["interface"] == "up" and row["count"] > 20]
        self.assertGreater(row["bytes"], 28 * row["count"])

    def test_cleared_counts_begin_at_zero(self) -> None:
        self.host.send(self.packet(Leave(packed(self.group))))
        self.await_count(1, "received", "leave")
        client.ask(str(self.daemon.socket), "POST", "/clear", {"what": "counters"})
        self.assertEqual(self.count("received", "leave"), 0)
        self.host.send(self.packet(Leave(packed(self.group))))
        self.await_count(1, "received", "leave")
        failure = self.assertRaises(
            client.FailureError,
            client.ask,
            str(self.daemon.socket),
            "POST",
            "/clear",
            {"what": "all"},
        )
        self.assertEqual(str(failure), 'cannot clear \'all\'; "what" must be "counters"')


class StatisticsTests(StatisticsScenarios, IPv4TestCase):
    """With IGMP."""


class Ipv6StatisticsTests(StatisticsScenarios, IPv6TestCase):
    """With MLD."""
