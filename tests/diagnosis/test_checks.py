"""Checks of what no machine with a working kernel shows, and the report as a whole."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli.doctor import block, lines
from mcproxy.config.native.toml import parse
from mcproxy.diagnosis.checks import interfaces, kernel
from mcproxy.diagnosis.doctor import CHECKS, examine
from mcproxy.diagnosis.facts import HostFacts
from mcproxy.diagnosis.findings import Finding, Severity
from mcproxy.diagnosis.situation import DaemonState, Situation
from mcproxy.instance.plan.plan import compile_plan
from mcproxy.linux.firewall.ruleset import Ruleset
from mcproxy.linux.host.links import HostAddress, HostLink
from mcproxy.linux.mroute.usage import MulticastUsage
from mcproxy.linux.policy_rules import FoundRule, Rule
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, packed

from .documentation import sections

CONFIG = '[instance.tv]\nupstream = "up"\ndownstream = "down1"\n'

USABLE = {family: MulticastUsage(True) for family in FAMILIES}
DEFAULT_RULES = {family: (FoundRule(Rule("", 0), 2),) for family in FAMILIES}


def link(name: str, index: int) -> HostLink:
    """A link that has all that it needs."""
    own = (packed(f"10.0.{index}.1"), 24), (packed(f"fe80::{index}"), 64)
    addresses = tuple(HostAddress(*one) for one in own)
    return HostLink(name, index, up=True, carrier=True, mtu=1500, addresses=addresses)


FACTS = HostFacts(
    {1: link("up", 1), 2: link("down1", 2)},
    usage=USABLE,
    rules=DEFAULT_RULES,
    firewall=Ruleset(),
)


def situation(config: str = CONFIG, facts: HostFacts = FACTS) -> Situation:
    """A machine with a configuration."""
    return Situation(facts, compile_plan(parse(config, "")))


class KernelTests(SynchronousTestCase):
    def assert_documented(self, finding: Finding) -> None:
        """Check that the documentation shows what the program prints."""
        shown = " ".join(" ".join(block(finding)).split())
        self.assertIn(shown, " ".join(sections()[finding.check].split()))

    def test_kernel_without_multicast_routing_is_found(self) -> None:
        usage = {**USABLE, IPV6: MulticastUsage(False)}
        (found,) = kernel.kernel_support(situation(facts=replace(FACTS, usage=usage)))
        self.assertIn("CONFIG_IPV6_MROUTE", found.found)
        self.assertIn("mld-version = 0", found.cure)
        self.assert_documented(found)

    def test_kernel_with_one_table_is_found(self) -> None:
        facts = replace(FACTS, rules=dict.fromkeys(FAMILIES, ()))
        config = CONFIG + "table = 7\nmld-version = 0\n"
        (found,) = kernel.kernel_support(situation(config, facts))
        self.assertIn("cannot use table 7", found.effect)
        self.assert_documented(found)

    def test_tables_of_the_running_daemon_are_its_own(self) -> None:
        usage = {IPV4: MulticastUsage(True, frozenset({0}), ((7, "igmpproxy"),))}
        stopped = situation(facts=replace(FACTS, usage=usage))
        (found,) = kernel.other_router(stopped)
        self.assertIn("igmpproxy (pid 7)", found.found)
        running = replace(stopped, daemon=DaemonState(7, 1.0))
        self.assertEqual(list(kernel.other_router(running)), [])

    def test_missing_rights_beside_a_daemon_are_a_warning(self) -> None:
        facts = replace(FACTS, missing_capabilities=("CAP_NET_ADMIN",))
        alone = situation(facts=facts)
        running = replace(alone, daemon=DaemonState(7, 1.0))
        severities = [next(kernel.rights(one)).severity for one in (alone, running)]
        self.assertEqual(severities, [Severity.PROBLEM, Severity.WARNING])


class PortTests(SynchronousTestCase):
    def test_port_of_a_bond_is_found(self) -> None:
        links = {
            1: link("up", 1),
            2: replace(link("down1", 2), port_of=3, port_kind="bond"),
            3: link("bond0", 3),
        }
        (found,) = interfaces.bridge_port(situation(facts=replace(FACTS, links=links)))
        self.assertEqual(found.found, "Interface down1 is a port of bond bond0.")
        self.assertIn("Write bond0 in place of down1", found.cure)


class ReportTests(SynchronousTestCase):
    def test_healthy_machine_has_a_line_for_each_check(self) -> None:
        report = examine(situation())
        self.assertEqual([one.check for one in report.findings], [one.name for one in CHECKS])
        self.assertEqual({one.severity for one in report.findings}, {Severity.FINE})
        self.assertEqual(report.verdict, f"No problem found in {len(CHECKS)} checks.")

    def test_problems_come_before_warnings(self) -> None:
        links = {1: replace(link("up", 1), mtu=9000), 2: link("down1", 2)}
        config = CONFIG.replace('"down1"', '["down1", "down9"]')
        report = examine(situation(config, replace(FACTS, links=links)))
        kinds = [one.check for one in report.findings if one.severity > Severity.FINE]
        self.assertEqual(kinds, ["interface-missing", "mtu"])
        self.assertTrue(report.verdict.startswith("Cause: Interface down9 does not exist"))

    def test_without_configuration_only_the_machine_is_examined(self) -> None:
        report = examine(Situation(FACTS))
        self.assertEqual([one.check for one in report.findings], ["rights"])

    def test_output_fits_a_terminal(self) -> None:
        config = CONFIG.replace('"down1"', '["down1", "a-long-name-123", "*"]')
        text = list(lines(examine(situation(config))))
        self.assertLessEqual(max(len(one) for part in text for one in part.splitlines()), 80)
