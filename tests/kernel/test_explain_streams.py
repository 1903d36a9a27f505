"""The last sentence of ``explain`` names each staged fault: data and its way through the kernel."""

from __future__ import annotations

from .explaining import ExplainTestCase, IPv6ExplainTestCase
from .faults import streams
from .faults.fault import add_tests

MODULE = streams.__name__.rpartition(".")[2]


class StreamTests(ExplainTestCase):
    def test_the_same_network_without_a_fault_flows(self) -> None:
        self.watch()
        self.assert_flows()


class IPv6StreamTests(IPv6ExplainTestCase):
    def test_the_same_network_without_a_fault_flows(self) -> None:
        self.watch()
        self.assert_flows()


add_tests(StreamTests, MODULE)
add_tests(IPv6StreamTests, MODULE)
