"""Policy rules that a killed process left, and those of other programs, at the start."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until
from mcproxy.linux.policy_rules import OUR_PROTOCOL, Rule, add_rule, find_rules, list_rules
from mcproxy.linux.stale_rules import OtherRules, remove_stale_rules
from mcproxy.protocol.family import FAMILIES, IPV4, Family

from .site import IPv4TestCase, IPv6TestCase, Scenarios
from .tables import TableTestCase

OWN_TABLE = """
[instance.own]
upstream = "up"
downstream = ["down1", "down2"]
table = 77
"""


def mrule(family: Family) -> str:
    """The command for multicast policy rules, without ``ip``."""
    return "mrule" if family is IPV4 else "-6 mrule"


class StaleRuleTests(TableTestCase):
    def test_our_rule_is_known_by_its_protocol(self) -> None:
        for family in FAMILIES:
            with self.router:
                add_rule(family, "up0", 77)
                self.assertIn((Rule("up0", 77), OUR_PROTOCOL), find_rules(family))

    def test_our_rules_to_a_table_without_a_router_are_removed(self) -> None:
        for family in FAMILIES:
            self.table(family, 77).close()
            with self.router:
                add_rule(family, "up0", 77)
                add_rule(family, "down0", 77)
                stale = [Rule("down0", 77), Rule("up0", 77)]
                self.assertEqual(remove_stale_rules([]), [OtherRules(family, stale, [])])
                self.assertEqual(list_rules(family), [])
                self.assertEqual(remove_stale_rules([]), [])

    def test_our_rules_to_a_table_with_a_router_stay(self) -> None:
        """Another mcproxy runs, or the service manager keeps the table of one that crashed."""
        for family in FAMILIES:
            self.table(family, 77)
            with self.router:
                add_rule(family, "up0", 77)
                self.assertEqual(
                    remove_stale_rules([]), [OtherRules(family, [], [Rule("up0", 77)])]
                )
                self.assertEqual(remove_stale_rules([(family, 77)]), [])
                self.assertEqual(list_rules(family), [Rule("up0", 77)])
                self.router.ip(f"{mrule(family)} del iif up0 table 77")

    def test_rules_of_other_programs_stay_and_are_named(self) -> None:
        for family in FAMILIES:
            self.router.ip(f"{mrule(family)} add iif up0 table 77")
            self.router.ip(f"{mrule(family)} add table 78")
            with self.router:
                foreign = [Rule("", 78), Rule("up0", 77)]
                self.assertEqual(remove_stale_rules([]), [OtherRules(family, [], foreign)])
                self.assertEqual(list_rules(family), [Rule("up0", 77)])
            self.router.ip(f"{mrule(family)} del iif up0 table 77")
            self.router.ip(f"{mrule(family)} del table 78")


class StartScenarios(Scenarios):
    def check_forwarding(self) -> None:
        self.stream()
        self.await_packets(self.home.join(self.group))

    def rules(self) -> list[Rule]:
        return self.proxy.namespace.call(list_rules, self.family)

    def test_start_with_another_table_removes_the_rules_of_a_killed_daemon(self) -> None:
        self.start(OWN_TABLE)
        wait_until(lambda: len(self.rules()) == 3, message="rules")
        self.daemon.kill()
        self.assertEqual(len(self.rules()), 3)
        self.start()
        self.await_log("a previous mcproxy left", "from down1, down2, up to table 77")
        self.check_forwarding()
        self.assertEqual(self.rules(), [])

    def test_rule_of_another_program_in_the_way_is_named_at_the_start(self) -> None:
        self.proxy.run("ip", *mrule(self.family).split(), "add", "iif", "up", "table", "78")
        self.start()
        self.await_log("sends", "multicast from up to table 78", "mrule del iif up table 78")
        self.check_forwarding()  # no process ever made that table
        self.assertEqual(self.rules(), [Rule("up", 78)])


class IPv4StartTests(StartScenarios, IPv4TestCase):
    """Tests of IPv4."""


class IPv6StartTests(StartScenarios, IPv6TestCase):
    """Tests of IPv6."""
