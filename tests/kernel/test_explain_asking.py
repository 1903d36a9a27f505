"""The last sentence of ``explain`` names each staged fault: who asks, and what the daemon hears."""

from __future__ import annotations

from .explaining import ExplainTestCase, IPv6ExplainTestCase
from .faults import asking
from .faults.fault import add_tests

MODULE = asking.__name__.rpartition(".")[2]


class AskingTests(ExplainTestCase):
    def test_the_same_network_without_a_fault_flows(self) -> None:
        self.watch()
        self.assert_flows()


class IPv6AskingTests(IPv6ExplainTestCase):
    def test_the_same_network_without_a_fault_flows(self) -> None:
        self.watch()
        self.assert_flows()


add_tests(AskingTests, MODULE)
add_tests(IPv6AskingTests, MODULE)
