"""The doctor finds packet filters that are in the way, and its cure works."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any, ClassVar

from twisted.trial.unittest import SkipTest

from .doctoring import CONFIG, DoctorTestCase

GROUPS = 'static-group = ["239.1.1.1", "ff15::1"]\n'

ALLOWING = """
table inet filter {
  set groups { type ipv4_addr; flags interval; elements = { 232.0.0.0/8, 239.0.0.0/8 } }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lo" accept
    fib saddr . iif oif missing drop
    meta l4proto ipv6-icmp accept
    iifname { "up", "down*" } ip protocol igmp jump messages
    tcp dport 22 limit rate 10/second accept
    meta pkttype { broadcast, multicast } drop
    limit rate 5/second log prefix "dropped "
    reject
  }
  chain messages {
    ip saddr != 0.0.0.0 ip daddr 224.0.0.0/24 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname . oifname vmap { "up" . "down1" : goto streams }
  }
  chain streams {
    ip daddr @groups meta l4proto udp accept
    ip6 daddr ff00::/8 udp dport 1024-65535 accept
    ip6 daddr ff00::/8 accept
  }
}
"""


class FirewallTestCase(DoctorTestCase):
    programs: ClassVar = {"nft": "nftables"}
    """What the tests make rules with, and the Debian package of each."""

    def setUp(self) -> None:
        for program, package in self.programs.items():
            if shutil.which(program) is None:
                raise SkipTest(f"needs {program}; on Debian: apt-get install {package}")
        super().setUp()

    def nft(self, rules: str) -> None:
        """Load rules for nft."""
        process = self.proxy.popen(["nft", "-f", "-"], stdin=subprocess.PIPE, text=True)
        process.communicate(rules)
        self.assertEqual(process.returncode, 0)

    def chain(self, hook: str, *rules: str, policy: str = "accept", family: str = "inet") -> None:
        """Load one base chain, named as its hook, in the table "fw"."""
        head = f"type filter hook {hook} priority filter; policy {policy};"
        lines = "\n".join(rules)
        self.nft(f"table {family} fw {{\n chain {hook}s {{\n {head}\n {lines}\n }}\n}}\n")

    def run_command(self, command: str) -> None:
        """Run a command that the doctor names."""
        self.proxy.run(*command.split())

    def assert_cured(self, check: str, *parts: str, **options: Any) -> None:
        """Check that it finds this trap, and that its command removes it."""
        self.run_command(self.assert_finds(check, *parts, **options)["command"])
        self.assert_healthy(options.get("config", CONFIG))


class NftablesTests(FirewallTestCase):
    def test_policy_that_drops_reports_is_found(self) -> None:
        accept = ("iifname up accept", "meta l4proto ipv6-icmp accept")
        self.chain("input", *accept, policy="drop")
        self.assert_cured(
            "firewall-reports",
            "The policy of chain inputs (nftables, table inet fw) drops IGMP reports",
            shown=True,
        )

    def test_rule_that_drops_mld_reports_is_found(self) -> None:
        """Hop-by-hop options precede MLD, so that a rule for its next header misses it."""
        accept = ("ip6 nexthdr icmpv6 accept", "iifname up accept", "ip protocol igmp accept")
        self.chain("input", *accept, "drop")
        self.assert_cured("firewall-reports", "drops MLD reports that arrive on down1")

    def test_rule_that_drops_queries_is_found(self) -> None:
        self.chain("input", "iifname up ip protocol igmp drop")
        self.assert_cured("firewall-queries", "drops IGMP queries that arrive on up", shown=True)

    def test_mld_queries_of_a_type_are_found(self) -> None:
        self.chain("input", "iifname up icmpv6 type { 130, 131 } drop")
        self.assert_cured("firewall-queries", "drops MLD queries that arrive on up")

    def test_policy_that_drops_data_is_found(self) -> None:
        self.chain("forward", "ct state established accept", policy="drop")
        config = CONFIG + "mld-version = 0\n"
        self.assert_cured(
            "firewall-data", "IPv4 multicast data from up to down1", config=config, shown=True
        )

    def test_reject_of_ipv6_data_in_another_chain_is_found(self) -> None:
        self.nft("table inet fw { chain deny {\n ip6 daddr ff00::/8 reject\n }\n }\n")
        self.chain("forward", "iifname up oifname down1 jump deny")
        found = self.assert_finds("firewall-data", "chain deny (nftables, table inet fw)")
        self.assertIn("insert rule inet fw forwards iifname up oifname down1", found["command"])
        self.run_command(found["command"])
        self.assert_healthy()

    def test_own_messages_that_do_not_leave_are_found(self) -> None:
        self.chain("output", "oifname up ip protocol igmp drop")
        self.assert_cured("firewall-output", "own IGMP reports on up", shown=True)

    def test_early_chain_is_found(self) -> None:
        self.chain("prerouting", "iifname down1 ip daddr 224.0.0.0/4 drop", family="ip")
        self.assert_cured("firewall-reports", "chain preroutings (nftables, table ip fw)")

    def test_chain_of_a_device_is_found(self) -> None:
        head = "type filter hook ingress device down1 priority 0;"
        self.nft(f"table netdev fw {{ chain early {{ {head} meta protocol ip drop\n }}\n }}\n")
        self.assert_finds("firewall-reports", "chain early (nftables, table netdev fw)")

    def test_groups_that_are_left_out_are_found(self) -> None:
        accept = ("ip daddr 239.0.0.0/8 accept", "ip6 daddr ff00::/8 accept")
        self.chain("forward", *accept, policy="drop")
        self.assert_cured("firewall-groups", "for group 232.1.1.1", shown=True)

    def test_rule_for_ports_is_unclear(self) -> None:
        accept = ("udp dport 5000 accept",)
        self.chain("forward", *accept, policy="drop")
        config = CONFIG + "mld-version = 0\n"
        self.assert_finds(
            "firewall-unclear",
            "unless the rule with handle 2 of chain forwards",
            config=config,
            severity="warning",
            shown=True,
        )

    def test_rule_for_ports_of_services_does_not_help_streams(self) -> None:
        accept = ("udp dport { 53, 500, 4500 } jump deeper", "udp dport < 600 accept")
        self.nft("table inet fw {\n chain deeper {\n udp dport != 4500 accept\n }\n }\n")
        self.chain("forward", *accept, policy="drop")
        config = CONFIG + "mld-version = 0\n"
        self.assert_finds("firewall-data", "The policy of chain forwards", config=config)

    def test_rule_for_sources_is_unclear(self) -> None:
        """Nobody knows what the provider sends from."""
        self.chain("forward", "ip saddr 172.16.0.0/12 accept", policy="drop")
        config = CONFIG + "mld-version = 0\n"
        self.assert_finds("firewall-unclear", config=config, severity="warning")

    def test_sleeping_table_is_healthy(self) -> None:
        head = "type filter hook input priority filter; policy drop;"
        self.nft(f"table inet fw {{ flags dormant; chain inputs {{ {head}\n }}\n }}\n")
        self.assert_healthy()

    def test_allowing_firewall_is_healthy(self) -> None:
        self.nft(ALLOWING)
        self.assert_healthy_while_forwarding(CONFIG + GROUPS)

    def test_rule_that_is_missing_in_it_is_found(self) -> None:
        self.nft(ALLOWING.replace("down*", "lan*"))
        found = "drops IGMP reports that arrive on down1"
        self.assert_finds("firewall-reports", found, config=CONFIG + GROUPS)


class IptablesTests(FirewallTestCase):
    variant = "nft"
    programs: ClassVar = {"iptables-nft": "iptables", "ip6tables-legacy": "iptables"}

    def iptables(self, rule: str, program: str = "iptables") -> None:
        """Add a rule with iptables of this variant."""
        self.proxy.run(f"{program}-{self.variant}", *rule.split())

    def test_dropped_reports_are_found(self) -> None:
        self.iptables("-A INPUT -i up -j ACCEPT")
        self.iptables("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        self.iptables("-A INPUT -m comment --comment no -m pkttype --pkt-type multicast -j DROP")
        self.assert_cured("firewall-reports", "of chain INPUT", "IGMP reports")

    def test_dropped_mld_reports_are_found(self) -> None:
        self.iptables("-A INPUT -p icmpv6 --icmpv6-type 143 -j DROP", "ip6tables")
        self.assert_cured("firewall-reports", "of chain INPUT", "MLD reports")

    def test_policy_that_drops_data_is_found(self) -> None:
        self.iptables("-N extra")
        self.iptables("-A FORWARD -i up -o down2 -p udp -m udp --dport 5000 -j ACCEPT")
        self.iptables("-A FORWARD ! -i up -j ACCEPT")
        self.iptables("-A FORWARD -m addrtype --dst-type MULTICAST -j extra")
        self.iptables("-A extra -p tcp -j ACCEPT")
        self.iptables("-P FORWARD DROP")
        self.assert_cured("firewall-data", "The policy of chain FORWARD")

    def test_other_tables_are_searched(self) -> None:
        self.iptables("-t mangle -A PREROUTING -i up -p igmp -j DROP")
        self.assert_cured("firewall-queries", "of chain PREROUTING", "table")

    def test_ports_are_unclear(self) -> None:
        self.iptables("-A FORWARD -p udp -m multiport --dports 5000,6000 -j ACCEPT")
        self.iptables("-A FORWARD -j REJECT")
        config = CONFIG + "mld-version = 0\n"
        self.assert_finds("firewall-unclear", config=config, severity="warning")

    def test_ports_of_services_do_not_help_streams(self) -> None:
        self.iptables("-A FORWARD -p udp -m multiport --dports 53,500:600 -j ACCEPT")
        self.iptables("-A FORWARD -p udp --dport 67:68 -j ACCEPT")
        self.iptables("-A FORWARD -j REJECT")
        config = CONFIG + "mld-version = 0\n"
        self.assert_finds("firewall-data", "of chain FORWARD", config=config)

    def test_allowing_rules_are_healthy(self) -> None:
        for program, protocol in (("iptables", "igmp"), ("ip6tables", "icmpv6")):
            self.iptables(f"-A INPUT -p {protocol} -j ACCEPT", program)
            self.iptables("-t raw -A PREROUTING -m rpfilter --invert -j DROP", program)
            self.iptables("-P INPUT DROP", program)
            self.iptables("-A FORWARD -i u+ -m state --state NEW -j ACCEPT", program)
            self.iptables("-P FORWARD DROP", program)
        self.assert_healthy()


class LegacyIptablesTests(IptablesTests):
    variant = "legacy"
