"""The last sentence of ``explain`` names each staged fault: interfaces, queriers and policy."""

from __future__ import annotations

from .explaining import ExplainTestCase, IPv6ExplainTestCase
from .faults import links
from .faults.fault import add_tests

MODULE = links.__name__.rpartition(".")[2]


class LinkTests(ExplainTestCase):
    def test_the_same_network_without_a_fault_flows(self) -> None:
        self.watch()
        self.assert_flows()


class IPv6LinkTests(IPv6ExplainTestCase):
    def test_the_same_network_without_a_fault_flows(self) -> None:
        self.watch()
        self.assert_flows()


add_tests(LinkTests, MODULE)
add_tests(IPv6LinkTests, MODULE)
