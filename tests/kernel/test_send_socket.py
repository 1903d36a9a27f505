"""Complete datagrams sent on a chosen interface: they leave unchanged."""

from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.linux.report_groups import ReportGroups
from mcproxy.linux.send_socket import open_send_socket, send_without_address, way_out
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, Family, packed
from mcproxy.protocol.wire.encoding import checksum

from .support import KernelTestCase, await_datagram, drain, readable

LINK_LOCAL = packed("fe80::1")
IGMP_REPORT = bytes.fromhex("2200e9fb0000000104000000ef010101")
MLD_REPORT = bytes.fromhex("8f00000000000001 04000000 ff1e0000000000000000000000000001")
DESTINATIONS = {
    IPV4: ("224.0.0.22", "224.0.0.1", "239.1.1.1", "232.1.2.3"),
    IPV6: ("ff02::16", "ff02::1", "ff05::5", "ff1e::1", "ff3e::8000:1"),
}


def ipv4(source: str, destination: str) -> bytes:
    """An IGMP report in an IPv4 packet with TTL 1, TOS 0xC0 and Router Alert."""
    size = 24 + len(IGMP_REPORT)
    start = bytes([0x46, 0xC0, 0, size, 0, 0, 0, 0, 1, 2])
    end = packed(source) + packed(destination) + bytes.fromhex("94040000")
    return start + checksum(start + end).to_bytes(2, "big") + end + IGMP_REPORT


def ipv6(source: bytes, destination: str) -> bytes:
    """An MLD report with a valid checksum in an IPv6 packet with hop limit 1 and Router Alert."""
    pseudo = source + packed(destination) + bytes([0, 0, 0, len(MLD_REPORT), 0, 0, 0, 58])
    message = bytearray(MLD_REPORT)
    message[2:4] = checksum(pseudo + message).to_bytes(2, "big")
    size = 8 + len(message)
    header = bytes([0x60, 0, 0, 0, 0, size, 0, 1]) + source + packed(destination)
    return header + bytes.fromhex("3a00050200000100") + message


class SendTests(KernelTestCase):
    def send(self, family: Family, name: str, datagram: bytes, destination: str) -> None:
        sock = self.open(self.router, open_send_socket, family)
        index = self.indexes[self.links.index(name)]
        sock.sendmsg((datagram,), *way_out(family, index, packed(destination)))

    def send_and_receive(
        self, family: Family, name: str, datagram: bytes, destination: str
    ) -> bytes:
        """Send a datagram on a link; what the peer receives on that link, and on no other."""
        mark = datagram[-20:]
        ports = {link: self.sniff(self.peer, link, family) for link in self.links}
        self.send(family, name, datagram, destination)
        found = await_datagram(ports.pop(name), lambda data: data.endswith(mark))
        for port in ports.values():
            self.assertFalse(any(data.endswith(mark) for data in drain(port)))
        return found

    def assert_unchanged(self, given: bytes, found: bytes) -> None:
        """Check equality, except for IPv4 identification and checksum, which the kernel sets."""
        if given[0] >> 4 == 4:
            self.assertEqual(checksum(found[:24]), 0)
            found = found[:4] + given[4:6] + found[6:10] + given[10:12] + found[12:]
        self.assertEqual(found.hex(" "), given.hex(" "))

    def test_ipv4_datagram_is_sent_unchanged(self) -> None:
        for name, source in (("up0", "10.0.0.1"), ("down1", "10.0.2.1")):
            for destination in DESTINATIONS[IPV4]:
                given = ipv4(source, destination)
                self.assert_unchanged(given, self.send_and_receive(IPV4, name, given, destination))

    def test_ipv6_datagram_is_sent_unchanged(self) -> None:
        for name in ("up0", "down1"):
            for destination in DESTINATIONS[IPV6]:
                given = ipv6(LINK_LOCAL, destination)
                self.assert_unchanged(given, self.send_and_receive(IPV6, name, given, destination))

    def test_unspecified_ipv6_source_is_sent_unchanged(self) -> None:
        given = ipv6(bytes(16), "ff02::16")
        self.assert_unchanged(given, self.send_and_receive(IPV6, "down0", given, "ff02::16"))

    def test_source_of_another_interface_is_sent_unchanged(self) -> None:
        given = ipv4("10.0.2.1", "224.0.0.22")
        self.assert_unchanged(given, self.send_and_receive(IPV4, "up0", given, "224.0.0.22"))

    def test_datagram_is_sent_without_a_route(self) -> None:
        self.router.ip("route flush table main")
        self.router.ip("-6 route flush table main")
        self.assertEqual(self.router.ip("route") + self.router.ip("-6 route"), "")
        for destination in DESTINATIONS[IPV4]:
            given = ipv4("10.0.2.1", destination)
            self.assert_unchanged(given, self.send_and_receive(IPV4, "down1", given, destination))
        for destination in DESTINATIONS[IPV6]:
            given = ipv6(LINK_LOCAL, destination)
            self.assert_unchanged(given, self.send_and_receive(IPV6, "down1", given, destination))

    def test_route_to_another_interface_is_ignored(self) -> None:
        self.router.ip("route add 224.0.0.0/4 dev up0")
        self.router.ip("-6 route add ff00::/8 dev up0 table main metric 1")
        for family, given, destination in (
            (IPV4, ipv4("10.0.2.1", "239.1.1.1"), "239.1.1.1"),
            (IPV6, ipv6(LINK_LOCAL, "ff1e::1"), "ff1e::1"),
        ):
            self.assert_unchanged(given, self.send_and_receive(family, "down1", given, destination))

    def test_unspecified_ipv4_source_is_replaced_by_the_kernel(self) -> None:
        found = self.send_and_receive(IPV4, "down0", ipv4("0.0.0.0", "224.0.0.22"), "224.0.0.22")
        self.assertEqual(found[12:16], packed("10.0.1.1"))
        self.assertEqual(checksum(found[:24]), 0)

    def test_unspecified_ipv4_source_is_borrowed_on_a_link_without_address(self) -> None:
        self.router.ip("addr flush dev down0")
        found = self.send_and_receive(IPV4, "down0", ipv4("0.0.0.0", "224.0.0.22"), "224.0.0.22")
        self.assertIn(found[12:16], (packed("10.0.0.1"), packed("10.0.2.1")))

    def test_unspecified_ipv4_source_sent_past_the_ip_layer_stays(self) -> None:
        """IP4-SD-05: the link has no address, other links have one."""
        self.router.ip("addr flush dev down0")
        given = ipv4("0.0.0.0", "224.0.0.22")
        port = self.sniff(self.peer, "down0", IPV4)
        with self.router:
            send_without_address("down0", given, packed("224.0.0.22"))
        found = await_datagram(port, lambda data: data.endswith(given[-20:]))
        self.assertEqual(found, given)

    def test_send_on_a_deleted_interface_is_an_error(self) -> None:
        sockets = {family: self.open(self.router, open_send_socket, family) for family in FAMILIES}
        self.router.ip("link del down1")
        for family, datagram in (
            (IPV4, ipv4("10.0.0.1", "224.0.0.22")),
            (IPV6, ipv6(LINK_LOCAL, "ff02::16")),
        ):
            way = way_out(family, self.indexes[2], family.report_destination)
            self.assertRaises(OSError, sockets[family].sendmsg, (datagram,), *way)

    def test_sent_datagram_is_not_received_by_the_host_itself(self) -> None:
        for family in FAMILIES:
            table = self.open(self.router, MulticastTable, family)
            table.add_interface(0, self.indexes[0])
            table.add_interface(1, self.indexes[1])
            self.open(self.router, ReportGroups, family, self.indexes[1])
            readable(table.socket, 0.3)  # the kernel's own reports of these groups are looped back
            drain(table.socket)
            sender = self.open(self.router, open_send_socket, family)
            for destination in DESTINATIONS[family]:
                source = "10.0.1.1"
                given = (
                    ipv4(source, destination) if family is IPV4 else ipv6(LINK_LOCAL, destination)
                )
                seen = self.sniff(self.peer, "down0", family)
                way = way_out(family, self.indexes[1], packed(destination))
                sender.sendmsg((given,), *way)
                await_datagram(seen, lambda data, end=given[-20:]: data.endswith(end))
                sent = MLD_REPORT[-20:] if family is IPV6 else IGMP_REPORT
                self.assertEqual([d for d in drain(table.socket) if sent in d], [])

    def test_send_socket_receives_nothing(self) -> None:
        for family in FAMILIES:
            sender = self.open(self.router, open_send_socket, family)
            groups = self.open(self.router, ReportGroups, family, self.indexes[1])
            for _ in range(3):
                self.send_data(
                    "down0",
                    "10.0.1.2" if family is IPV4 else "2001:db8:1::2",
                    "224.0.0.1" if family is IPV4 else "ff02::1",
                )
            self.assertFalse(readable(sender, 0.2))
            groups.close()
