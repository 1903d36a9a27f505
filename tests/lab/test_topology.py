"""Links and switches, and that all goes with the lab."""

from __future__ import annotations

import threading
import time

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.topology import Lab
from mcproxy.lab.waiting import wait_until

from .support import LabTestCase, held_namespaces

GROUP = "239.1.1.1"


class LinkTests(LabTestCase):
    def test_new_link_works_at_once(self) -> None:
        sender, receiver = self.pair()
        for group in (GROUP, "ff05::1234", "ff12::1234"):
            member = receiver.join(group)
            sender.burst(group, 3)
            wait_until(lambda member=member: member.total() == 3, 2, group)

    def test_mtu_is_set_at_both_ends(self) -> None:
        one, other = self.lab.node("one"), self.lab.node("other")
        self.lab.link(one, "eth0", other, "eth1", mtu=1400)
        self.assertIn("mtu 1400", one.run("ip", "link", "show", "eth0"))
        self.assertIn("mtu 1400", other.run("ip", "link", "show", "eth1"))

    def test_error_names_the_unknown_interface(self) -> None:
        node = self.lab.node("lonely")
        with self.assertRaisesRegex(OSError, "lonely has no interface eth7"):
            node.join(GROUP, "eth7")

    def test_links_carry_packets_as_soon_as_they_are_made(self) -> None:
        switch = self.lab.switch("switch")
        nodes = [self.lab.node(f"host{number}") for number in range(5)]
        for number, node in enumerate(nodes, 1):
            self.lab.link(node, "eth0", switch, f"port{number}", (f"10.0.0.{number}/24",))
        members = [node.join(GROUP) for node in nodes[1:]]
        nodes[0].burst(GROUP, 10)
        wait_until(lambda: [member.total() for member in members] == [10] * 4)


class SwitchTests(LabTestCase):
    def hosts(self, **options: bool) -> None:
        """Three hosts on a switch."""
        switch = self.lab.switch("switch", **options)
        self.hosts_of_switch = [self.lab.node(f"host{number}") for number in range(3)]
        for number, node in enumerate(self.hosts_of_switch, 1):
            addresses = (f"10.0.0.{number}/24", f"fd00::{number}/64")
            self.lab.link(node, "eth0", switch, f"port{number}", addresses)

    def arrivals(self, group: str) -> list[int]:
        """Of ten packets of the first host's, those on the links of the second and third.

        The second host is a member.
        """
        first, second, third = self.hosts_of_switch
        captures = [node.capture("eth0", data=True) for node in (second, third)]
        member = second.join(group)
        time.sleep(0.1)
        first.burst(group, 10)
        wait_until(lambda: member.total() == 10)
        return [len(list(capture.data())) for capture in captures]

    def test_switch_without_snooping_sends_to_all_ports(self) -> None:
        self.hosts()
        self.assertEqual(self.arrivals(GROUP), [10, 10])

    def test_switch_with_snooping_sends_to_members_only(self) -> None:
        self.hosts(snooping=True, querier=True)
        time.sleep(1.5)
        for group in (GROUP, "ff05::1234"):
            self.assertEqual(self.arrivals(group), [10, 0], group)

    def test_switch_sends_nothing_of_its_own(self) -> None:
        switch, host = self.lab.switch("switch"), self.lab.node("host")
        self.lab.link(switch, "port", host, "eth0")
        capture = host.capture("eth0", data=True)
        time.sleep(0.5)
        self.assertEqual(capture.frames(outgoing=False), [])


class ClosingTests(LabTestCase):
    def fill(self, lab: Lab) -> None:
        """Put one of everything in a lab."""
        one, other = lab.node("one"), lab.node("other")
        lab.link(one, "eth0", other, "eth0", ("10.0.0.1/24",), ("10.0.0.2/24",))
        other.join(GROUP)
        other.capture("eth0")
        one.raw_host("eth0")
        one.stream(GROUP)
        self.daemon = Daemon(one, command=("sleep", "60"))

    def check_all_gone(self) -> None:
        """Nothing runs, and nothing is held."""
        self.assertEqual(held_namespaces(), self.namespaces)
        self.assertIsNotNone(self.daemon.process.returncode)
        self.assertFalse(self.daemon.config.exists())
        extra = {thread.name for thread in threading.enumerate()} - self.threads
        self.assertEqual(extra - {"lab reader"}, set())

    def setUp(self) -> None:
        super().setUp()
        self.namespaces = held_namespaces()
        self.threads = {thread.name for thread in threading.enumerate()}

    def test_lab_that_is_closed_leaves_nothing(self) -> None:
        with Lab() as lab:
            self.fill(lab)
            self.assertEqual(held_namespaces(), self.namespaces + 2)
        self.check_all_gone()

    def test_lab_that_fails_leaves_nothing(self) -> None:
        with self.assertRaises(ZeroDivisionError), Lab() as lab:
            self.fill(lab)
            raise ZeroDivisionError
        self.check_all_gone()

    def test_failing_close_does_not_spare_the_rest(self) -> None:
        class Stubborn:
            def close(self) -> None:
                raise RuntimeError("no")

        with self.assertRaises(RuntimeError), Lab() as lab:
            self.fill(lab)
            lab.keep(Stubborn())
        self.check_all_gone()

    def test_closing_a_lab_twice_is_no_error(self) -> None:
        lab = Lab()
        self.fill(lab)
        lab.close()
        lab.close()
        self.check_all_gone()
