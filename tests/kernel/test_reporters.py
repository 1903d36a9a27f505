"""The link-layer addresses from which reports come, and forged leaves."""

from __future__ import annotations

import ipaddress
import time
from socket import AF_PACKET, SOCK_RAW, socket

from mcproxy.lab.waiting import wait_until
from mcproxy.linux.reporters import Reporter, Reporters
from mcproxy.protocol.family import FAMILIES, IPV4, Address, Family, packed
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Report

from .messages import IS_EX, TO_EX, TO_IN, queries, record, reporters, send_message
from .site import IPv4TestCase, IPv6TestCase, Scenarios
from .support import KernelTestCase
from .tables import GROUPS

OWN = bytes.fromhex("020000000007")


class ReportersTests(KernelTestCase):
    """SQ-15."""

    def setUp(self) -> None:
        super().setUp()
        self.sender = self.open(self.peer, socket, AF_PACKET, SOCK_RAW)
        with self.peer:
            self.sender.bind(("down0", 0))

    def report(self, family: Family, link_layer: bytes = OWN) -> Address:
        """Send a report from this link-layer address; the IP address that it comes from."""
        host, packet = self.packet(family)
        self.sender.send(self.frame(family, link_layer, packet))
        return host

    def packet(self, family: Family) -> tuple[Address, bytes]:
        host = packed("10.0.1.7" if family is IPV4 else "fe80::7")
        report = Report((record(IS_EX, GROUPS[family]),))
        to = datagram.destination(family, report)
        return host, datagram.encode(family, host, to, report)

    def frame(self, family: Family, link_layer: bytes, packet: bytes) -> bytes:
        to, kind = ("01005e000016", "0800") if family is IPV4 else ("333300000016", "86dd")
        return bytes.fromhex(to) + link_layer + bytes.fromhex(kind) + packet

    def reporters(self, family: Family) -> Reporters:
        opened: Reporters = self.open(self.router, Reporters, family, "down0")
        opened.read()
        return opened

    def test_reports_are_told_with_both_addresses(self) -> None:
        """Those of this interface and family, and nothing that is sent on it."""
        for family in FAMILIES:
            seen, other = self.reporters(family), b"\2\0\0\0\0\x08"
            self.send_data("down0", "10.0.1.2", "239.1.1.1")
            for each in FAMILIES:
                self.report(each)
            host = self.report(family, other)
            own = self.open(self.router, socket, AF_PACKET, SOCK_RAW)
            with self.router:
                own.bind(("down0", 0))
            own.send(self.frame(family, OWN, self.packet(family)[1]))
            found, is_lossy = seen.read()
            own_reports = [one for one in found if one.source == host]
            self.assertEqual(own_reports, [Reporter(host, OWN), Reporter(host, other)])
            self.assertFalse(is_lossy)
            self.assertEqual(seen.read()[1], False)

    def test_lost_reports_are_told_once(self) -> None:
        for family in FAMILIES:
            seen = self.reporters(family)
            for _ in range(4000):
                self.report(family)
            found, is_lossy = seen.read()
            self.assertTrue(found and is_lossy)
            self.report(family)
            self.assertEqual(seen.read()[1], False)

    def test_link_that_goes_down_counts_as_a_loss(self) -> None:
        seen = self.reporters(IPV4)
        self.router.ip("link set down0 down")
        self.assertEqual(seen.read(), ([], True))


class ForgedLeaveScenarios(Scenarios):
    def test_leave_in_the_name_of_another_host_stops_no_stream(self) -> None:
        """SQ-15: it is queried, and the host answers."""
        self.start(immediate_leave=True)
        self.stream()
        reports, member = self.home.capture(), self.home.join(self.group)
        self.await_packets(member)
        wait_until(lambda: reporters(reports, self.group, outgoing=True), 5)
        [victim] = reporters(reports, self.group, outgoing=True)
        attacker = self.guest.raw_host()
        for _ in range(3):
            leave = Report((record(TO_IN, self.group),))
            send_message(attacker, str(ipaddress.ip_address(victim)), leave)
            time.sleep(1)
        self.await_sent()
        self.assert_no_loss(member)
        asked = [one for one in queries(reports) if one.packet.group == packed(self.group)]  # type: ignore[union-attr]
        self.assertTrue(asked)

    def test_leave_of_a_host_is_immediate_beside_others(self) -> None:
        """SQ-13: the link-layer address tells two hosts apart, and is the same each time."""
        self.start(immediate_leave=True, last_member_query_interval=2)
        link = self.home.capture(data=True)
        self.stream()
        for _ in range(2):
            member = self.home.join(self.group)
            self.await_packets(member)
            other = self.guest.raw_host()
            send_message(other, self.plan.raw_host, Report((record(TO_EX, self.group),)))
            time.sleep(0.3)
            send_message(other, self.plan.raw_host, Report((record(TO_IN, self.group),)))
            self.await_packets(member)
            member.leave()
            self.await_sources_on(link, [], timeout=1)


class IPv4Tests(ForgedLeaveScenarios, IPv4TestCase):
    pass


class IPv6Tests(ForgedLeaveScenarios, IPv6TestCase):
    pass
