"""Hosts end without a leave, and other programs change the kernel table: the daemon repairs it."""

from __future__ import annotations

import socket
import time

from mcproxy.lab.waiting import wait_until
from mcproxy.linux.mroute.operations import LAYOUTS, Operations
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire.packets import Report

from .messages import TO_EX, TO_IN, record, send_message
from .site import DOWN1, SLACK, IPv4TestCase, IPv6TestCase, Scenarios

FLUSH = 212
FLUSH_ENTRIES, FLUSH_STATIC_ENTRIES, FLUSH_VIFS, FLUSH_STATIC_VIFS = 1, 2, 4, 8
EVERYTHING = 15

OWN_TABLE = """
[instance.own]
upstream = "up"
downstream = ["down1", "down2"]
table = 77
"""


class VanishingScenarios(Scenarios):
    def test_vanished_member_times_out_and_others_stay(self) -> None:
        """TX-01, TX-02."""
        self.start(query_interval=1, query_max_response_time=0.5)
        upstream, link = self.server.capture(), self.home.capture(data=True)
        kept, vanished = self.groups[:2]
        member = self.other.join(kept)
        self.stream(kept)
        self.stream(vanished)
        self.await_packets(member)
        joined = time.time()
        send_message(self.home.raw_host(), self.plan.raw_host, Report((record(TO_EX, vanished),)))
        self.await_sources_on(link, [self.source])
        gone = self.await_reported(upstream, record(TO_IN, vanished))
        # Two query intervals and two response times (RFC 9776, section 8.4; RFC 9777, section 9.4).
        self.assertLess(abs(gone - joined - 3), SLACK)
        self.await_sources_on(link, [])
        self.assert_no_loss(member)


class FlushScenarios(Scenarios):
    """Streams flow to members on two links while another program changes the kernel table."""

    def setUp(self) -> None:
        super().setUp()
        self.start()
        self.stream()
        self.members = [self.home.join(self.group), self.other.join(self.group)]
        self.listed = self.home.join(self.ssm, include=[self.source])
        self.stream(self.ssm)
        for member in (*self.members, self.listed):
            self.await_packets(member)
        protocol = LAYOUTS[self.family].protocol
        self.level = LAYOUTS[self.family].level
        with self.proxy.namespace:
            self.stranger = socket.socket(self.family.socket_family, socket.SOCK_RAW, protocol)
        self.addCleanup(self.stranger.close)
        self.before = self.state()

    def state(self) -> tuple[list[str], set[tuple[bytes, bytes, int, tuple[int, ...]]]]:
        """The vifs and entries of the kernel table."""
        return self.vifs(), {route[:4] for route in self.routes()}

    def await_healed(self) -> None:
        """Wait until the kernel table has all vifs and entries again."""
        wait_until(lambda: self.state() == self.before, 5, "not as before")

    def check_healed(self) -> None:
        """Check that the table is as before, and that streams reach old and new members.

        The stream for the new member comes from a downstream.
        """
        self.await_healed()
        for member in (*self.members, self.listed):
            self.await_packets(member)
        more = self.other.join(self.groups[1])
        self.stream(self.groups[1], node=self.home, source=self.plan.at(DOWN1, 2))
        self.await_packets(more)

    def flush(self, what: int) -> None:
        """Flush the kernel table from another program, as ``smcroutectl flush`` does."""
        self.stranger.setsockopt(self.level, FLUSH, what)

    def test_flushed_entries_are_put_back(self) -> None:
        self.flush(FLUSH_ENTRIES | FLUSH_STATIC_ENTRIES)
        self.check_healed()
        self.await_log("another program changed")

    def test_flushed_vifs_are_put_back(self) -> None:
        self.flush(FLUSH_VIFS | FLUSH_STATIC_VIFS)
        self.check_healed()

    def test_table_flushed_several_times_is_put_back(self) -> None:
        for _ in range(3):
            self.flush(EVERYTHING)
            self.await_healed()
        self.check_healed()

    def test_single_deleted_entry_is_put_back(self) -> None:
        operations = Operations(self.family)
        source = packed(self.source)
        tail = operations.route_tail(0, [])
        option, entry = operations.removal(source, packed(self.ssm), tail)
        self.stranger.setsockopt(self.level, option, entry)
        self.check_healed()


class RuleScenarios(Scenarios):
    """Another program deletes policy rules while a stream flows."""

    def mrule(self, *arguments: str) -> list[str]:
        """Run ``ip mrule`` in the family of the test; the lines that it prints, sorted."""
        options = [] if self.family is IPV4 else ["-6"]
        return sorted(self.proxy.run("ip", *options, "mrule", *arguments).splitlines())

    def start_stream(self, instances: str = "") -> None:
        """Start the daemon, and a stream that reaches a member."""
        self.start(instances)
        self.stream()
        self.member = self.other.join(self.group)
        self.await_packets(self.member)
        self.before = self.mrule()

    def check_healed(self) -> None:
        """Check that the policy rules are as before, and that streams reach old and new members."""
        wait_until(lambda: self.mrule() == self.before, 5, "rules are missing")
        self.await_packets(self.member)
        more = self.home.join(self.groups[1])
        self.stream(self.groups[1])
        self.await_packets(more)

    def test_deleted_rule_of_a_table_of_its_own_is_put_back(self) -> None:
        self.start_stream(OWN_TABLE)
        for link in ("up", "down2"):
            self.mrule("del", "iif", link, "table", "77")
            self.await_log("deleted the policy rule", f"from {link} to table 77", self.family.name)
            self.check_healed()

    def test_flushed_rules_of_a_table_of_its_own_are_put_back(self) -> None:
        self.start_stream(OWN_TABLE)
        for link in ("up", "down1", "down2"):
            self.mrule("del", "iif", link, "table", "77")
        self.mrule("flush")
        self.await_log("deleted the policy rule", "table 77", self.family.name, count=3)
        self.before = [rule for rule in self.before if "lookup 77" in rule]
        self.check_healed()

    def test_flushed_rule_of_the_default_table_is_put_back(self) -> None:
        """Without this rule the kernel does not use the default table, and forwards nothing."""
        self.start_stream()
        self.mrule("flush")
        self.await_log("deleted the policy rule", "to table default", self.family.name)
        self.check_healed()

    def test_rule_removed_with_its_link_stays_away(self) -> None:
        self.start_stream(OWN_TABLE)
        self.proxy.delete_link("down2")
        rules = lambda: [rule for rule in self.mrule() if "iif down2" in rule]  # noqa: E731
        wait_until(lambda: not rules(), 5, "the rule stays")
        time.sleep(0.3)
        self.assertEqual(rules(), [])
        self.assertFalse([line for line in self.daemon.lines if "deleted the policy" in line])


class IPv4VanishingTests(VanishingScenarios, IPv4TestCase):
    pass


class IPv6VanishingTests(VanishingScenarios, IPv6TestCase):
    pass


class IPv4FlushTests(FlushScenarios, IPv4TestCase):
    pass


class IPv6FlushTests(FlushScenarios, IPv6TestCase):
    pass


class IPv4RuleTests(RuleScenarios, IPv4TestCase):
    pass


class IPv6RuleTests(RuleScenarios, IPv6TestCase):
    pass
