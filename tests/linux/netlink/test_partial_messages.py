"""InterfaceMonitor: a message changes only what it carries."""

from struct import pack

from mcproxy.linux.netlink import frame as netlink
from mcproxy.linux.netlink.links import Link
from mcproxy.protocol.family import IPV4, packed

from .. import messages
from ..messages import UP, done
from .support import MonitorTestCase

A1, LOCAL = packed("10.0.0.1"), packed("fe80::1")
NAME, MTU, LINK_INFO, SLAVE_KIND, CARRIER_DOWN_COUNT = 3, 4, 18, 4, 48
GETLINK = 18


class KnownLinkTests(MonitorTestCase):
    """A partial message about a link that is known."""

    eth0 = Link("eth0", 2, True, 1500, ((A1, 24),))

    def setUp(self) -> None:
        super().setUp()
        self.start(messages.link(2, "eth0"), messages.address(2, A1))
        self.transport.asked.clear()

    def test_wireless_event_of_known_link_changes_nothing(self) -> None:
        self.assertEqual(self.receive(messages.wireless_event(2, "eth0")), [])
        self.assertEqual(self.monitor.links, {"eth0": self.eth0})
        self.assertEqual(self.transport.asked, [])

    def test_wireless_event_of_bridge_port_leaves_it_a_port(self) -> None:
        self.receive(messages.link(2, "eth0", port_of="bridge"))
        self.assertEqual(self.receive(messages.wireless_event(2, "eth0")), [])
        self.assertFalse(self.monitor.links["eth0"].up)

    def test_flags_of_partial_message_count(self) -> None:
        [(_, after)] = self.receive(messages.wireless_event(2, "eth0", flags=0x1))
        expected = Link("eth0", 2, False, 1500, ((A1, 24),), why_down="no carrier")
        self.assertEqual(after, expected)

    def test_message_without_name_keeps_the_name(self) -> None:
        mtu = netlink.attribute(MTU, pack("=I", 1400))
        [(_, after)] = self.receive(messages.link_attributes(2, mtu))
        self.assertEqual(after, Link("eth0", 2, True, 1400, ((A1, 24),)))

    def test_losses_of_carrier_are_kept_by_messages_without_them(self) -> None:
        losses = netlink.attribute(CARRIER_DOWN_COUNT, pack("=I", 3))
        [(_, after)] = self.receive(messages.link_attributes(2, losses))
        self.assertEqual(after, Link("eth0", 2, True, 1500, ((A1, 24),), carrier_losses=3))
        self.assertEqual(self.receive(messages.wireless_event(2, "eth0")), [])

    def test_message_with_new_name_alone_renames_the_link(self) -> None:
        name = netlink.attribute(NAME, b"wan\0")
        wan = Link("wan", 2, True, 1500, ((A1, 24),))
        told = self.receive(messages.link_attributes(2, name))
        self.assertEqual(told, [(self.eth0, None), (None, wan)])

    def test_message_with_kind_of_master_alone_makes_it_a_port(self) -> None:
        kind = netlink.attribute(LINK_INFO, netlink.attribute(SLAVE_KIND, b"bridge\0"))
        [(_, after)] = self.receive(messages.link_attributes(2, kind))
        expected = Link("eth0", 2, False, 1500, ((A1, 24),), why_down="port of bridge")
        self.assertEqual(after, expected)

    def test_message_in_full_without_master_ends_the_port(self) -> None:
        self.receive(messages.link(2, "eth0", port_of="bridge"))
        [(_, after)] = self.receive(messages.link(2, "eth0"))
        self.assertEqual(after, self.eth0)

    def test_address_without_flags_attribute_has_those_of_the_header(self) -> None:
        for flags, usable in ((0x40, False), (0x08, False), (0, True)):
            body = pack("=BBBBI", 10, 64, flags, 0, 2) + netlink.attribute(1, LOCAL)
            self.receive(messages.message(20, body))
            found = (LOCAL, 64) in self.monitor.links["eth0"].ipv6
            self.assertEqual(found, usable, flags)

    def test_address_message_without_address_is_ignored(self) -> None:
        for kind in (20, 21):
            body = messages.message(kind, pack("=BBBBI", 2, 24, 0, 0, 2))
            self.assertEqual(self.receive(body), [])
        self.assertEqual(self.monitor.links["eth0"].source[IPV4], A1)


class UnknownLinkTests(MonitorTestCase):
    """A partial message about an index that no message has described."""

    def setUp(self) -> None:
        super().setUp()
        self.start()
        self.transport.asked.clear()

    def test_unknown_link_is_asked_for_and_not_reported_until_complete(self) -> None:
        self.assertEqual(self.receive(messages.wireless_event(7, "wlan0")), [])
        self.assertEqual(self.transport.asked, [(GETLINK, 0)])
        wlan0 = Link("wlan0", 7, True, 1500)
        self.assertEqual(self.receive(messages.link(7, "wlan0")), [(None, wlan0)])
        self.assertEqual(len(self.transport.asked), 1)

    def test_link_that_could_not_be_asked_for_is_asked_for_with_the_next_message(self) -> None:
        """What else the message said is reported all the same."""
        asked = self.transport.send
        self.patch(self.transport, "send", self.refuse)
        both = messages.link(3, "eth1") + messages.wireless_event(7, "wlan0")
        self.assertRaises(OSError, self.receive, both)
        self.assertEqual(list(self.monitor.links), ["eth1"])
        self.patch(self.transport, "send", asked)
        self.receive(messages.address(3, A1))
        self.assertEqual(self.transport.asked, [(GETLINK, 0)])

    def refuse(self, data: bytes, address: object) -> None:
        raise OSError("no room")

    def test_addresses_of_incomplete_link_are_kept(self) -> None:
        self.receive(messages.wireless_event(7, "wlan0"), messages.address(7, A1))
        [(_, after)] = self.receive(messages.link(7, "wlan0"))
        self.assertEqual(after, Link("wlan0", 7, True, 1500, ((A1, 24),)))

    def test_incomplete_link_without_name_waits_for_it(self) -> None:
        mtu = netlink.attribute(MTU, pack("=I", 1500))
        self.assertEqual(self.receive(messages.link_attributes(7, mtu, UP)), [])
        self.assertEqual(self.receive(messages.address(7, A1)), [])
        [(_, after)] = self.receive(messages.link_attributes(7, netlink.attribute(NAME, b"new\0")))
        self.assertEqual(after, Link("new", 7, True, 1500, ((A1, 24),)))

    def test_incomplete_link_that_goes_is_never_reported(self) -> None:
        gone = messages.link(7, "wlan0", gone=True)
        self.assertEqual(self.receive(messages.wireless_event(7, "wlan0"), gone), [])
        self.assertEqual(self.monitor.links, {})

    def test_refused_request_for_one_link_does_not_disturb_a_listing(self) -> None:
        self.receive(messages.wireless_event(7, "wlan0"), messages.failed(0, 19))
        self.assertEqual((self.ready, self.monitor.links), (1, {}))

    def test_wireless_event_during_the_first_listing_changes_nothing(self) -> None:
        super().setUp()
        self.receive(messages.wireless_event(2, "eth0"), messages.link(2, "eth0"))
        self.receive(messages.wireless_event(2, "eth0"), done(1), messages.address(2, A1), done(2))
        self.assertEqual(self.monitor.links, {"eth0": Link("eth0", 2, True, 1500, ((A1, 24),))})
