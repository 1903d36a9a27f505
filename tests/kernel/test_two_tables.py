"""More downstreams than a kernel table has room for: two instances with a veth pair between."""

from __future__ import annotations

from .messages import TO_EX, record
from .site import UP, IPv4TestCase, IPv6TestCase, Scenarios

TWO = """
[instance.first]
upstream = "up"
downstream = ["down1", "mc1"]
[instance.second]
upstream = "mc2"
downstream = ["down2"]
table = 2
"""


class VethScenarios(Scenarios):
    """The commands of docs/reference/configuration.rst, "More than 31 downstreams"."""

    def setUp(self) -> None:
        super().setUp()
        ends = (("192.0.2.1/30", "fe80::1:1/64"), ("192.0.2.2/30", "fe80::1:2/64"))
        self.lab.link(self.proxy, "mc1", self.proxy, "mc2", *ends)
        for name in ("mc1", "mc2"):
            self.proxy.namespace.sysctl(f"ipv4/conf/{name}/accept_local", 1)
            self.proxy.namespace.sysctl(f"ipv4/conf/{name}/rp_filter", 0)

    def test_members_of_both_instances_receive_the_stream(self) -> None:
        upstream = self.server.capture()
        self.start(TWO)
        far, near = self.other.join(self.group), self.home.join(self.group)
        self.await_reported(upstream, record(TO_EX, self.group))
        self.stream(source=self.plan.at(UP, 2))
        for member in (far, near):
            self.await_packets(member)
            self.assert_no_new_loss(member)


class IPv4VethTests(VethScenarios, IPv4TestCase):
    pass


class IPv6VethTests(VethScenarios, IPv6TestCase):
    pass
