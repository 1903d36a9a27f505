"""Policy rules that another program deletes are put back, and nothing else is."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.policy_rules import ANY_INTERFACE, Rule
from mcproxy.protocol.family import IPV6
from mcproxy.routing.rules import PolicyRules


class RulesTestCase(SynchronousTestCase):
    number = 7

    def setUp(self) -> None:
        self.names = ["d1", "d2"]
        self.clock = Clock()
        self.work: list[tuple[str, Any, int]] = []
        self.answers: list[Deferred[Any]] = []
        self.told: list[tuple[str, str, int | str]] = []
        self.fields: list[dict[str, object]] = []
        self.patch(PolicyRules, "log", self)
        self.rules = PolicyRules(IPV6, self.number, self.submit, self.clock, self.names)

    def submit(self, function: Any, family: Any, name: Any, number: int) -> Deferred[Any]:
        self.work.append((function.__name__, name, number))
        self.answers.append(Deferred())
        return self.answers[-1]

    def warn(
        self, text: str, family: str, interface: str, table: int | str, **fields: object
    ) -> None:
        self.told.append((family, interface, table))
        self.fields.append(fields)

    def error(self, text: str, interface: str, reason: object, **_: object) -> None:
        self.told.append(("error", interface, str(reason)))


class OwnTableTests(RulesTestCase):
    def test_vif_gets_a_rule_and_loses_it(self) -> None:
        self.rules.add("d3")
        self.rules.remove("d3")
        self.assertEqual(self.work, [("add_rule", "d3", 7), ("remove_rule", "d3", 7)])

    def test_deleted_rule_is_put_back_with_a_warning(self) -> None:
        self.rules.removed("d1")
        self.assertEqual(self.work, [("restore_rules", ["d1"], 7)])
        self.answers[0].callback(["d1"])
        self.assertEqual(self.told, [("ipv6", "d1", 7)])

    def test_own_removal_puts_nothing_back(self) -> None:
        self.names.remove("d2")
        self.rules.remove("d2")
        self.rules.removed("d2")
        self.assertEqual(self.work, [("remove_rule", "d2", 7)])

    def test_rule_that_exists_again_is_not_warned_about(self) -> None:
        self.rules.removed("d1")
        self.answers[0].callback([])
        self.assertEqual(self.told, [])

    def test_rules_deleted_together_are_put_back_together(self) -> None:
        for name in ("d1", "d2", "d1", "elsewhere", ANY_INTERFACE):
            self.rules.removed(name)
        self.answers[0].callback(["d1"])
        self.assertEqual(self.work[1:], [("restore_rules", ["d1", "d2"], 7)])
        self.answers[1].callback(["d2"])
        self.assertEqual([name for _, name, _ in self.told], ["d1", "d2"])
        self.assertEqual(len(self.work), 2)

    def test_rule_unwanted_meanwhile_is_not_put_back(self) -> None:
        self.rules.removed("d1")
        self.rules.removed("d2")
        self.names.remove("d2")
        self.answers[0].callback(["d1"])
        self.assertEqual(self.work, [("restore_rules", ["d1"], 7)])

    def test_lost_events_check_all_rules(self) -> None:
        self.rules.audit()
        self.assertEqual(self.work, [("restore_rules", ["d1", "d2"], 7)])

    def test_refusal_is_logged_and_the_next_removal_tries_again(self) -> None:
        self.rules.removed("d1")
        self.answers[0].errback(OSError("no room"))
        self.assertEqual(self.told, [("error", "d1", "no room")])
        self.rules.removed("d1")
        self.assertEqual(len(self.work), 2)

    def test_refused_rule_is_tried_again_with_a_growing_wait(self) -> None:
        self.rules.add("d1")
        self.answers[0].errback(OSError("no room"))
        for wait in (1, 2, 4):
            self.clock.advance(wait - 0.01)
            tried = len(self.work)
            self.clock.advance(0.01)
            self.assertEqual(self.work[tried:], [("restore_rules", ["d1"], 7)])
            self.answers[-1].errback(OSError("no room"))
        self.clock.advance(8)
        self.answers[-1].callback(["d1"])
        self.assertEqual(self.told, [("error", "d1", "no room")])
        self.assertEqual((self.rules.refused, self.clock.getDelayedCalls()), (4, []))

    def test_refused_removal_of_a_rule_is_tried_again(self) -> None:
        self.names.remove("d1")
        self.rules.remove("d1")
        self.answers[0].errback(OSError("no room"))
        self.clock.advance(1)
        self.assertEqual(self.work, [("remove_rule", "d1", 7)] * 2)

    def test_closed_table_tries_no_refused_rule_again(self) -> None:
        self.rules.add("d1")
        self.answers[0].errback(OSError("no room"))
        self.rules.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closed_table_puts_nothing_back(self) -> None:
        self.rules.removed("d1")
        self.rules.removed("d2")
        self.rules.close()
        self.answers[0].callback([])
        self.rules.removed("d1")
        self.rules.audit()
        self.rules.add("d3")
        self.rules.remove("d1")
        self.assertEqual(self.work, [("restore_rules", ["d1"], 7)])

    def test_foreign_rule_for_an_interface_of_ours_is_named_with_the_command(self) -> None:
        self.rules.set_foreign([Rule("d1", 9), Rule("later", 9), Rule("", 9)])
        self.assertEqual(self.told, [("ipv6", "d1", 7)])
        self.assertEqual(self.fields, [{"other": 9, "command": "ip -6 mrule del iif d1 table 9"}])

    def test_foreign_rule_is_named_when_its_interface_comes(self) -> None:
        self.rules.set_foreign([Rule("later", 9)])
        self.rules.add("later")
        self.assertEqual(self.told, [("ipv6", "later", 7)])
        self.rules.set_foreign([])
        self.rules.add("later")
        self.assertEqual(len(self.told), 1)


class DefaultTableTests(RulesTestCase):
    number = 0

    def test_default_table_has_no_rules_of_its_own(self) -> None:
        self.rules.add("d1")
        self.rules.remove("d1")
        self.rules.removed("d1")
        self.assertEqual(self.work, [])

    def test_deleted_rule_of_the_kernel_is_put_back(self) -> None:
        self.rules.removed(ANY_INTERFACE)
        self.assertEqual(self.work, [("restore_rules", [ANY_INTERFACE], 0)])
        self.answers[0].callback([ANY_INTERFACE])
        self.assertEqual(self.told, [("ipv6", "all interfaces", "default")])

    def test_foreign_rule_for_all_interfaces_is_named_with_the_command(self) -> None:
        self.rules.set_foreign([Rule("", 9)])
        self.assertEqual(self.told, [("ipv6", "all interfaces", "default")])
        self.assertEqual(self.fields, [{"other": 9, "command": "ip -6 mrule del table 9"}])
