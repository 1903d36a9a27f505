"""The doctor's judgement of random packet filters is that of the kernel."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from typing import ClassVar

from mcproxy.diagnosis.firewall import packet
from mcproxy.diagnosis.firewall.judge import judge
from mcproxy.diagnosis.firewall.packet import Packet
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.firewall.read import read_firewall
from mcproxy.linux.firewall.ruleset import Expression, Ruleset
from mcproxy.linux.host.links import read_links
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, Family, packed, text
from mcproxy.protocol.wire.packets import Query, Report

from .messages import IS_EX, record, send_message
from .random_filters import chain, random_filter, random_tables
from .test_doctor_firewall import FirewallTestCase

RULESETS = 2000 if os.environ.get("MCPROXY_TESTS") == "thorough" else 40
PORT = 5000
GROUPS = {IPV4: packed("239.1.1.1"), IPV6: packed("ff15::1")}

SEEN = "\n".join(
    f"{part} meta l4proto {protocol} counter"
    for part, protocol in (
        ("iifname down1 meta nfproto ipv4", "igmp"),
        ("iifname up meta nfproto ipv4", "igmp"),
        ("iifname up meta nfproto ipv4", "udp"),
        ("iifname down1 icmpv6 type 143", "ipv6-icmp"),
        ("iifname up icmpv6 type 130", "ipv6-icmp"),
        ("iifname up meta nfproto ipv6", "udp"),
    )
)
"""Counters of reports, queries and data, of IPv4 and of IPv6."""


class JudgementTests(FirewallTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start()
        members = [self.home.join(text(group)) for group in GROUPS.values()]
        for group in GROUPS.values():
            stream = self.server.stream(text(group), rate=100)
            self.addCleanup(stream.stop)
        wait_until(lambda: all(one.total() for one in members), 10, "nothing is forwarded")

    def packets(self, family: Family) -> Iterator[Packet]:
        """A report, a query and data, as the doctor thinks of them."""
        links = {link.name: link for link in self.proxy.namespace.call(read_links).values()}
        up, down = links["up"], links["down1"]
        yield packet.report(family, down)
        yield packet.query(family, up)
        source = packet.neighbour(family, up, routable=True)
        yield packet.data(family, source, GROUPS[family], up, down, PORT)

    def send(self) -> None:
        """Send the same packets."""
        for family in FAMILIES:
            report, query, data = self.packets(family)
            sent = Report((record(IS_EX, text(GROUPS[family])),))
            send_message(self.below, text(report.source), sent)
            general = Query(family.current_version, family.unspecified, 1.0, interval=125)
            send_message(self.above, text(query.source), general)
            self.server.burst(text(data.destination), 1, source=text(data.source))

    def counted(self, ruleset: Ruleset, name: str) -> list[int]:
        """The counters of a chain of the table "seen"."""
        (found,) = (one for one in ruleset.chains if (one.table, one.name) == ("seen", name))
        parts = [part for rule in found.rules for part in rule.parts]
        counters = [p for p in parts if isinstance(p, Expression) and p.name == "counter"]
        return [int.from_bytes(one.attributes[2]) for one in counters]

    def test_judgement_is_that_of_the_kernel(self) -> None:
        self.above, self.below = self.server.raw_host(), self.home.raw_host()
        chance = random.Random(None if RULESETS > 40 else 9)
        loaded = judged = 0
        while loaded < RULESETS:
            rules = self.load(chance)
            if rules is not None:
                loaded += 1
                judged += self.compare(rules)
        self.assertEqual(judged, 6 * RULESETS)

    def load(self, chance: random.Random) -> str | None:
        """Load a random filter; None if its rules contradict themselves."""
        rules = "flush ruleset\n" + random_filter(chance)
        return rules if self.accepts("nft -f -", rules) else None

    def accepts(self, command: str, rules: str) -> bool:
        """Whether a program accepts rules, which it does not if they contradict themselves."""
        pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process = self.proxy.popen(command.split(), text=True, **pipes)
        process.communicate(rules)
        return bool(process.returncode == 0)

    def compare(self, rules: str) -> int:
        """Send the packets through a filter and compare; how many judgements were certain."""
        for name, hook, priority in (
            ("arrived", "prerouting", -500),
            ("heard", "input", 500),
            ("forwarded", "forward", 500),
        ):
            self.nft(chain("seen", name, hook, priority, SEEN, "accept"))
        self.send()

        def read() -> Ruleset:
            ruleset = self.proxy.namespace.call(read_firewall)
            assert ruleset is not None
            return ruleset

        wait_until(lambda: all(self.counted(read(), "arrived")), 5, "a packet does not arrive")
        ruleset = read()
        heard, forwarded = self.counted(ruleset, "heard"), self.counted(ruleset, "forwarded")
        passed = [*heard[:2], forwarded[2], *heard[3:5], forwarded[5]]
        packets = [one for family in FAMILIES for one in self.packets(family)]
        certain = 0
        for one, number in zip(packets, passed, strict=True):
            drop = judge(ruleset, one)
            if drop is None or drop.perhaps is None:
                certain += 1
                label = f"{text(one.source)} to {text(one.destination)}: {drop}\n{rules}"
                self.assertEqual(drop is None, number > 0, label)
        return certain


class IptablesJudgementTests(JudgementTests):
    variant = "nft"
    programs: ClassVar = {"nft": "nftables", "iptables-nft": "iptables"}

    def load(self, chance: random.Random) -> str | None:
        self.nft("flush ruleset\n")
        loaded = []
        for program in ("iptables", "ip6tables"):
            rules = random_tables(chance, program)
            if not self.accepts(f"{program}-{self.variant}-restore", rules):
                return None
            loaded.append(rules)
        return "".join(loaded)


class LegacyIptablesJudgementTests(IptablesJudgementTests):
    variant = "legacy"
