"""What other programs and links remove from multicast routing tables is reported."""

import errno
import socket

from twisted.internet.testing import MemoryReactor

from mcproxy.linux.datagram_port import DatagramPort
from mcproxy.linux.mroute.watch import RouteWatch, make_route_watch_socket
from mcproxy.protocol.family import FAMILIES, IPV4, Address, Family, packed

from .support import readable, run_ports
from .tables import FLUSH, GROUPS, LEVELS, SOURCES, TableTestCase


class WatchTests(TableTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.removed: list[tuple[Family, int, Address, Address]] = []
        self.interfaces: list[tuple[Family, int]] = []
        self.rules: list[tuple[Family, int, str]] = []
        self.lost = 0
        watch = RouteWatch(
            lambda *route: self.removed.append(route),
            self.lose,
            lambda *interface: self.interfaces.append(interface),
            lambda *rule: self.rules.append(rule),
        )
        with self.router:
            self.socket = make_route_watch_socket()
        self.port = DatagramPort(self.socket, watch, MemoryReactor())
        self.addCleanup(self.port.stopListening)
        self.port.startListening()

    def lose(self) -> None:
        self.lost += 1

    def settle(self) -> None:
        """Read what our own virtual interfaces gave rise to."""
        while readable(self.socket, 0.05):
            self.port.doRead()
        self.interfaces.clear()

    def test_own_additions_make_no_event(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            self.settle()
            for number in range(100):
                group = packed(GROUPS[family])[:-1] + bytes([number])
                table.add(table.pack(family.unspecified, group, 0, [0, 1]))
                table.add(table.pack(family.unspecified, group, 0, [0, 2]))
            self.assertEqual(len(self.dump(family)), 100)
            self.assertFalse(readable(self.socket, 0.1))

    def test_entries_flushed_by_another_program_are_reported(self) -> None:
        for family in FAMILIES:
            for number in (0, 77):
                table = self.table(family, number)
                any_, group = family.unspecified, packed(GROUPS[family])
                source = packed(SOURCES[family])
                table.add(table.pack(any_, group, 0, [0, 1]))
                table.add(table.pack(source, group, 0, [1]))
                self.settle()
                stranger = self.stranger(family)
                if number:
                    stranger.setsockopt(LEVELS[family], 209, number)
                stranger.setsockopt(LEVELS[family], FLUSH, 1)
                run_ports([self.port], lambda: len(self.removed) == 2)
                self.assertEqual(
                    set(self.removed),
                    {(family, number, any_, group), (family, number, source, group)},
                )
                self.removed.clear()
                self.assertEqual(self.interfaces, [])

    def test_vifs_removed_by_another_program_are_reported(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            self.settle()
            self.stranger(family).setsockopt(LEVELS[family], *table.vif_removal(1))
            run_ports([self.port], lambda: len(self.interfaces) == 1)
            self.assertEqual(self.interfaces, [(family, self.indexes[1])])
            self.assertTrue(table.restore_vif(1, self.indexes[1]))
            self.settle()
            self.stranger(family).setsockopt(LEVELS[family], FLUSH, 4)
            run_ports([self.port], lambda: len(self.interfaces) == 3)
            self.assertEqual(set(self.interfaces), {(family, index) for index in self.indexes})

    def test_vif_removed_from_one_of_two_tables_is_reported(self) -> None:
        for family in FAMILIES:
            self.table(family)
            other = self.table(family, 77, vifs=1)
            self.settle()
            other.remove_interface(0)
            run_ports([self.port], lambda: len(self.interfaces) == 1)
            self.assertEqual(self.interfaces, [(family, self.indexes[0])])

    def test_deleted_link_is_not_mistaken_for_the_next_with_its_index(self) -> None:
        index = self.indexes[2]
        for family in FAMILIES:
            table = self.table(family, vifs=0)
            for number in (0, 77):
                other = self.table(family, number, vifs=0) if number else table
                other.add_interface(2, index)
            self.settle()
            self.router.ip("link del down1")
            self.router.ip(f"link add down1 index {index} type veth peer name other1")
            self.settle()
            table.add_interface(2, index)
            readable(self.socket, 0.1)
            self.port.doRead()
            self.assertEqual(self.interfaces, [])

    def test_full_buffer_is_reported_as_lost_events(self) -> None:
        table = self.table(IPV4)
        self.settle()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        tail = table.route_tail(0, [0])
        entries = [(packed(f"239.1.{n >> 8}.{n & 255}")) for n in range(500)]
        table.apply([table.addition(IPV4.unspecified, group, tail) for group in entries])
        table.apply([table.removal(IPV4.unspecified, group, tail) for group in entries])
        run_ports([self.port], lambda: self.lost > 0)
        self.assertLess(len(self.removed), 500)
        self.assertEqual(self.port.errors, {errno.ENOBUFS: 1})

    def test_deleted_policy_rules_are_reported(self) -> None:
        """Those of tables of their own, and the kernel's own rule for the default table."""
        for family in FAMILIES:
            self.table(family, 77)
            command = "mrule" if family is IPV4 else "-6 mrule"
            self.router.ip(f"{command} add iif down0 table 77")
            self.router.ip(f"{command} add iif later table 300")
            self.settle()
            self.assertEqual(self.rules, [])
            self.router.ip(f"{command} del iif down0 table 77")
            self.router.ip(f"{command} del iif later table 300")
            self.router.ip(f"{command} flush")
            run_ports([self.port], lambda: len(self.rules) == 3)
            expected = [(family, 77, "down0"), (family, 300, "later"), (family, 0, "")]
            self.assertEqual(self.rules, expected)
            self.rules.clear()

    def test_deleted_unicast_rule_is_not_reported(self) -> None:
        for command in ("rule", "-6 rule"):
            self.router.ip(f"{command} add iif down0 table 77")
            self.settle()
            self.router.ip(f"{command} del iif down0 table 77")
            self.settle()
        self.assertEqual(self.rules, [])
