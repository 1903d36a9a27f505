"""InterfaceMonitor: what the kernel tells, and what is told of it."""

import errno
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import mcproxy
from mcproxy.linux.netlink import links
from mcproxy.linux.netlink.links import DISABLED, NO_CARRIER, Link
from mcproxy.linux.netlink.monitor import InterfaceMonitor
from mcproxy.protocol.family import IPV4, IPV6, packed

from .. import messages
from ..messages import AF_BRIDGE, DADFAILED, SECONDARY, TENTATIVE, UP, done
from .support import MonitorTestCase

A1, A2, A3 = packed("10.0.0.1"), packed("10.0.0.2"), packed("10.0.0.3")
LOCAL, GLOBAL = packed("fe80::1"), packed("2001:db8::1")


class LinkTests(SynchronousTestCase):
    link = Link("eth0", 2, True, 1500, ((A1, 24), (A2, 24)), ((GLOBAL, 64), (LOCAL, 64)))
    bare = Link("eth1", 3, True, 1500, (), ((GLOBAL, 64),))

    def test_address_is_the_primary_or_the_link_local_one(self) -> None:
        self.assertEqual(self.link.source[IPV4], A1)
        self.assertEqual(self.link.source[IPV6], LOCAL)

    def test_link_without_usable_address_has_none(self) -> None:
        self.assertIsNone(self.bare.source[IPV4])
        self.assertIsNone(self.bare.source[IPV6])

    def test_addresses_are_all_of_one_family(self) -> None:
        self.assertEqual(self.link.addresses(IPV4), {A1, A2})
        self.assertEqual(self.link.addresses(IPV6), {GLOBAL, LOCAL})


class StartTests(MonitorTestCase):
    def test_start_asks_for_links_and_then_for_addresses(self) -> None:
        self.assertEqual(self.transport.asked, [(18, 1)])
        self.receive(done(1))
        self.assertEqual(self.transport.asked, [(18, 1), (22, 2)])
        self.assertEqual(self.ready, 0)
        self.receive(done(2))
        self.assertEqual(self.ready, 1)
        self.assertEqual(len(self.transport.asked), 2)

    def test_links_are_reported_once_all_are_known(self) -> None:
        self.assertEqual(self.receive(messages.link(2, "eth0"), done(1)), [])
        self.assertEqual(self.receive(messages.address(2, A1)), [])
        eth0 = Link("eth0", 2, True, 1500, ((A1, 24),))
        self.assertEqual(self.receive(done(2)), [(None, eth0)])
        self.assertEqual(self.monitor.links, {"eth0": eth0})

    def test_datagram_with_many_messages_is_read(self) -> None:
        self.start(messages.link(1, "lo") + messages.link(2, "eth0"))
        self.assertEqual(set(self.monitor.links), {"lo", "eth0"})

    def test_ready_is_called_after_the_links(self) -> None:
        seen = []
        self.monitor = InterfaceMonitor(
            self.change, lambda: seen.append(len(self.changes)), self.lose_events
        )
        self.monitor.makeConnection(self.transport)
        self.receive(messages.link(2, "eth0"), done(1), done(2))
        self.assertEqual(seen, [1])

    def test_events_between_the_answers_count(self) -> None:
        self.receive(messages.link(2, "eth0"), messages.link(3, "eth1"), done(1))
        self.receive(messages.link(3, "eth1", gone=True), messages.link(4, "eth2"), done(2))
        self.assertEqual(set(self.monitor.links), {"eth0", "eth2"})

    def test_interrupted_answer_is_requested_again(self) -> None:
        self.receive(messages.link(2, "eth0"), done(1, interrupted=True))
        self.assertEqual(self.transport.asked, [(18, 1), (18, 2)])
        self.receive(done(1))  # late, and of no meaning
        self.assertEqual(len(self.transport.asked), 2)
        self.receive(messages.link(3, "eth1"), done(2), done(3))
        self.assertEqual((self.ready, list(self.monitor.links)), (1, ["eth1"]))

    def test_answer_that_is_always_interrupted_is_accepted(self) -> None:
        for number in range(1, 12):
            self.receive(messages.link(2, "eth0"), done(number, interrupted=True))
        self.assertEqual(self.ready, 1)
        self.assertLess(len(self.transport.asked), 12)

    def test_refused_request_is_repeated_and_then_given_up(self) -> None:
        for number in range(1, 8):
            self.receive(messages.failed(number, errno.EBUSY))
        self.assertEqual(self.transport.asked, [(18, number) for number in range(1, 6)])
        self.assertEqual(self.ready, 1)


class EventTests(MonitorTestCase):
    eth0 = Link("eth0", 2, True, 1500, ((A1, 24),))

    def setUp(self) -> None:
        super().setUp()
        self.start(messages.link(2, "eth0"), messages.address(2, A1))

    def test_event_that_changes_nothing_is_not_reported(self) -> None:
        self.assertEqual(
            self.receive(*[messages.link(2, "eth0"), messages.address(2, A1)] * 10), []
        )

    def test_link_that_goes_down_and_up_is_reported(self) -> None:
        unplugged = replace(self.eth0, up=False, why_down=NO_CARRIER)
        disabled = replace(self.eth0, up=False, why_down=DISABLED)
        no_carrier = messages.link(2, "eth0", flags=0x1)
        self.assertEqual(self.receive(no_carrier), [(self.eth0, unplugged)])
        told = self.receive(messages.link(2, "eth0", flags=0x1000))
        self.assertEqual(told, [(unplugged, disabled)])
        self.assertEqual(self.receive(messages.link(2, "eth0")), [(disabled, self.eth0)])

    def test_new_mtu_is_reported(self) -> None:
        [(_, after)] = self.receive(messages.link(2, "eth0", UP | 0x10, 1280))
        assert after is not None
        self.assertEqual(after, Link("eth0", 2, True, 1280, ((A1, 24),)))

    def test_port_of_a_bridge_is_not_up(self) -> None:
        """Its packets never come to IP; those of a VRF's links do."""
        self.receive(messages.link(7, "br0"))
        for kind in ("bridge", "bond"):
            down = replace(self.eth0, up=False, why_down=f"port of {kind} br0")
            enslaved = messages.link(2, "eth0", port_of=kind, master=7)
            self.assertEqual(self.receive(enslaved), [(self.eth0, down)])
            self.assertEqual(self.receive(messages.link(2, "eth0")), [(down, self.eth0)])
        self.assertEqual(self.receive(messages.link(2, "eth0", port_of="vrf")), [])

    def test_deleted_link_is_reported(self) -> None:
        gone = messages.link(2, "eth0", gone=True)
        self.assertEqual(self.receive(gone), [(self.eth0, None)])
        self.assertEqual(self.monitor.links, {})
        self.assertEqual(self.receive(gone, messages.address(2, A1, gone=True)), [])

    def test_link_that_is_made_again_has_no_addresses(self) -> None:
        self.receive(messages.link(2, "eth0", gone=True))
        self.assertEqual(
            self.receive(messages.link(2, "eth0")), [(None, Link("eth0", 2, True, 1500))]
        )

    def test_renamed_link_goes_and_comes(self) -> None:
        wan = Link("wan", 2, True, 1500, ((A1, 24),))
        self.assertEqual(self.receive(messages.link(2, "wan")), [(self.eth0, None), (None, wan)])
        self.assertEqual(self.monitor.links, {"wan": wan})

    def test_bridge_message_about_a_port_changes_no_link(self) -> None:
        self.assertEqual(self.receive(messages.link(2, "eth0", family=AF_BRIDGE, gone=True)), [])
        self.assertEqual(self.receive(messages.link(2, "eth0", flags=0, family=AF_BRIDGE)), [])

    def test_added_and_removed_addresses_are_reported(self) -> None:
        more = Link("eth0", 2, True, 1500, ((A1, 24), (A2, 16)))
        self.assertEqual(self.receive(messages.address(2, A2, 16)), [(self.eth0, more)])
        gone = messages.address(2, A2, 16, gone=True)
        self.assertEqual(self.receive(gone, gone), [(more, self.eth0)])

    def test_primary_address_is_first(self) -> None:
        self.receive(messages.address(2, A1, gone=True))
        self.receive(messages.address(2, A2, flags=SECONDARY), messages.address(2, A3))
        self.assertEqual(self.monitor.links["eth0"].ipv4, ((A3, 24), (A2, 24)))

    def test_tentative_address_is_not_used(self) -> None:
        for flags, expected in ((TENTATIVE, links.TENTATIVE), (DADFAILED, links.DUPLICATE)):
            [(_, after)] = self.receive(messages.address(2, LOCAL, 64, flags))
            assert after is not None
            self.assertEqual((after.source[IPV6], after.link_local), (None, expected))
        [(_, after)] = self.receive(messages.address(2, LOCAL, 64))
        assert after is not None
        self.assertEqual((after.source[IPV6], after.link_local), (LOCAL, ""))

    def test_address_of_point_to_point_link_is_the_local_one(self) -> None:
        self.receive(messages.address(2, A2, 32, peer=A3))
        self.receive(messages.address(2, GLOBAL, 128, peer=LOCAL))
        link = self.monitor.links["eth0"]
        self.assertEqual(link.addresses(IPV4), {A1, A2})
        self.assertEqual(link.addresses(IPV6), {GLOBAL})

    def test_exception_of_the_listener_does_not_stop_other_reports(self) -> None:
        def fail(*_: Any) -> None:
            raise RuntimeError("a fault of the listener")

        self.monitor._changed = fail
        self.receive(messages.link(3, "eth1") + messages.link(4, "eth2"))
        self.assertEqual(set(self.monitor.links), {"eth0", "eth1", "eth2"})
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)


class ResynchronisationTests(MonitorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start(
            messages.link(2, "eth0"),
            messages.link(3, "eth1"),
            messages.address(2, A1),
            messages.address(2, A2),
        )
        self.before = dict(self.monitor.links)
        self.transport.asked.clear()

    def overrun(self) -> None:
        self.monitor.receiveFailed(OSError(errno.ENOBUFS, "full"))

    def test_lost_events_make_it_ask_for_everything(self) -> None:
        self.overrun()
        self.assertEqual(self.transport.asked, [(18, 3)])

    def test_events_older_than_the_loss_are_discarded(self) -> None:
        self.transport.kernel.send(messages.link(2, "eth0", gone=True))
        self.overrun()
        self.assertRaises(BlockingIOError, self.transport.socket.recv, 100)

    def test_other_read_error_asks_for_nothing(self) -> None:
        self.monitor.receiveFailed(OSError(errno.ECONNREFUSED, "no"))
        self.assertEqual(self.transport.asked, [])

    def test_only_differences_are_reported_after_a_loss(self) -> None:
        self.overrun()
        same = [messages.link(2, "eth0"), messages.link(3, "eth1"), done(3)]
        same += [messages.address(2, A1), messages.address(2, A2), done(4)]
        self.assertEqual(self.receive(*same), [])
        self.assertEqual((self.ready, self.monitor.links), (1, self.before))

    def test_lost_events_are_reported_once_all_links_are_known_again(self) -> None:
        self.overrun()
        self.receive(messages.link(2, "eth0"), messages.link(3, "eth1"), done(3))
        self.assertEqual(self.losses, 0)
        self.receive(messages.address(2, A1), messages.address(2, A2), done(4))
        self.receive(messages.link(3, "eth1", mtu=1280))
        self.assertEqual(self.losses, 1)

    def test_links_and_addresses_that_are_not_listed_are_gone(self) -> None:
        self.overrun()
        answers = [messages.link(2, "eth0"), done(3), messages.address(2, A2), done(4)]
        told = self.receive(*answers)
        self.assertEqual(
            told,
            [
                (self.before["eth1"], None),
                (self.before["eth0"], Link("eth0", 2, True, 1500, ((A2, 24),))),
            ],
        )

    def test_name_with_another_index_is_reported_with_both(self) -> None:
        self.overrun()
        told = self.receive(messages.link(2, "eth0"), messages.link(9, "eth1"), done(3))
        told = self.receive(messages.address(2, A1), messages.address(2, A2), done(4))
        self.assertEqual(told, [(self.before["eth1"], Link("eth1", 9, True, 1500))])

    def test_second_loss_during_the_listing_starts_it_again(self) -> None:
        self.overrun()
        self.receive(messages.link(2, "eth0"))
        self.overrun()
        self.receive(messages.link(3, "eth1"), done(4), done(5))
        self.assertEqual(list(self.monitor.links), ["eth1"])


class ImportTests(SynchronousTestCase):
    def test_modules_that_read_links_do_not_import_the_netlink_library(self) -> None:
        code = (
            "import sys, mcproxy.linux.netlink.monitor, mcproxy.linux.policy_rules;"
            "import mcproxy.linux.mroute.socket;"
            "print('pyroute2' in sys.modules)"
        )
        root = Path(mcproxy.__file__).parents[1]
        self.assertEqual(
            subprocess.run([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE).stdout,
            b"False\n",
        )
