"""A hundred instances in one daemon, each on its own kernel table."""

from __future__ import annotations

import socket

from pyroute2 import IPRoute

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.policy_rules import list_rules
from mcproxy.protocol.family import IPV4, IPV6

from ..lab.support import LabTestCase

INSTANCES = 100
ROLES = ("up", "left", "right")
TABLE = 1000
LONGEST_START = 3.0
MOST_MEMORY = 150 * 1024
"""Maximum bytes of memory for each instance, with both families."""


def create_links(node: Node) -> None:
    """Create three interfaces with addresses for each instance, all up, and their other ends."""
    with node.namespace, IPRoute() as ip:
        for number in range(INSTANCES):
            for one, two in (("up", "left"), ("right", "spare")):
                ip.link("add", ifname=f"{one}{number}", kind="veth", peer=f"{two}{number}")
                for net, name in enumerate((one, two)):
                    index = socket.if_nametoindex(f"{name}{number}")
                    ip.link("set", index=index, state="up")
                    address = f"10.{net + 2 * (one == 'up')}.{number}.1"
                    ip.addr("add", index=index, address=address, prefixlen=24)


def configuration(count: int) -> str:
    return "".join(
        f'[instance.i{number}]\nupstream = "up{number}"\n'
        f'downstream = ["left{number}", "right{number}"]\ntable = {TABLE + number}\n'
        for number in range(count)
    )


class ManyInstancesTests(LabTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.lab.node("proxy")
        create_links(self.proxy)

    def count_rules(self) -> int:
        """The number of policy rules of both families."""
        return sum(len(self.proxy.namespace.call(list_rules, f)) for f in (IPV4, IPV6))

    def start(self, count: int = INSTANCES) -> tuple[Daemon, float]:
        """Start a daemon; also the seconds that it took: elapsed or CPU time, whichever is less."""
        daemon = Daemon(self.proxy, configuration(count))
        return daemon, min(daemon.wait_ready(60), daemon.cpu_seconds())

    def test_hundred_instances_start_soon_take_little_memory_and_leave_nothing(self) -> None:
        single, _ = self.start(1)
        alone = single.resident_bytes()
        self.assertEqual(single.terminate()[0], 0)
        self.assertEqual(self.count_rules(), 0)
        many, took = self.start()
        self.assertLess(took, LONGEST_START)
        wait_until(lambda: self.count_rules() == INSTANCES * len(ROLES) * 2, 10, "not all rules")
        each = (many.resident_bytes() - alone) / (INSTANCES - 1)
        self.assertLess(each, MOST_MEMORY)
        many.kill()
        self.assertEqual(self.count_rules(), INSTANCES * len(ROLES) * 2)
        again, took = self.start()
        self.assertLess(took, LONGEST_START)
        again.command("restart")
        self.assertEqual(self.count_rules(), INSTANCES * len(ROLES) * 2)
        self.assertEqual(again.terminate(timeout=30)[0], 0)
        self.assertEqual(self.count_rules(), 0)
        fewer, _ = self.start()
        fewer.kill()
        # The daemon removes all rules that the last one left, and none of other programs.
        self.proxy.run("ip", "mrule", "add", "iif", "up1", "table", "9999")
        single, _ = self.start(1)
        wait_until(lambda: self.count_rules() == 1 + len(ROLES) * 2, 10, "not removed")
        self.assertEqual(single.terminate()[0], 0)
        self.assertEqual(self.count_rules(), 1)
