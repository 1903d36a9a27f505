"""Router discovery on the downstreams of an instance (RFC 4286)."""

from __future__ import annotations

from mcproxy.config.errors import ConfigurationError
from mcproxy.config.native.toml import parse
from mcproxy.instance.plan.plan import compile_plan
from mcproxy.messages import LinkChanged, PacketReceived
from mcproxy.protocol.family import packed
from mcproxy.protocol.wire.packets import (
    Packet,
    Query,
    RouterAdvertisement,
    RouterSolicitation,
    RouterTermination,
)

from ..reconfiguration_case import LINKS, RADIO, TV, ReconfigurationTestCase
from .support import HOST

ON = "router-discovery = true\n"
ADVERTISED = RouterAdvertisement(20, 125, 2)


class PlanTests(ReconfigurationTestCase):
    def intervals(self, text: str) -> list[int | None]:
        """The interval on d1 in IPv4 and IPv6."""
        plan = compile_plan(parse(text.replace("mld-version = 0\n", "")))
        found = [one.downstreams.settings("d1") for one in plan.instances]
        return [one.discovery_interval for one in found if one is not None]

    def test_it_is_off_by_default(self) -> None:
        """MRD-30: also with an interval."""
        self.assertEqual(self.intervals(TV), [None, None])
        self.assertEqual(
            self.intervals(f"{TV}[defaults]\nrouter-discovery-interval = 60\n"), [None, None]
        )

    def test_it_is_set_for_an_instance_an_interface_or_all(self) -> None:
        """MRD-05, MRD-28: with an interval of 20 s, or that of the interface."""
        own = "[instance.tv.interface.d1]\n"
        self.assertEqual(self.intervals(TV + ON), [20, 20])
        self.assertEqual(self.intervals(TV + own + ON), [20, 20])
        self.assertEqual(self.intervals(f"{TV}[defaults]\n{ON}"), [20, 20])
        off = ON.replace("true", "false")
        self.assertEqual(self.intervals(TV + ON + own + off), [None, None])
        for interval in (4, 180):
            text = f"{TV}{ON}{own}router-discovery-interval = {interval}\n"
            self.assertEqual(self.intervals(text), [interval, interval])
        for interval in (3, 181):
            text = f"{TV}{own}router-discovery-interval = {interval}\n"
            self.assertRaises(ConfigurationError, parse, text)


class AdvertiserTests(ReconfigurationTestCase):
    def heard(self, where: str = "d1") -> list[Packet]:
        """What is sent about the router since the last look."""
        found = [one for one in self.sent(where) if not isinstance(one, Query)]
        self.neighbours.sent.clear()
        return found

    def solicit(self, source: bytes = HOST, where: str = "d1") -> None:
        [instance] = self.running.instances
        instance.receive(PacketReceived(where, source, RouterSolicitation()))

    def steady(self) -> None:
        """Let the first advertisements pass."""
        self.clock.pump([0.5] * 12)
        self.assertEqual(self.heard(), [ADVERTISED] * 3)

    def test_advertisements_are_sent_on_downstreams_only(self) -> None:
        self.start(TV + ON)
        self.clock.pump([0.5] * 12)
        self.assertEqual(self.sent("up"), [])
        self.assertEqual(self.heard(), [ADVERTISED] * 3)

    def test_first_advertisements_are_followed_by_periodic_ones(self) -> None:
        self.start(TV + ON)
        self.steady()
        self.clock.pump([1] * 42)
        self.assertEqual(self.heard(), [ADVERTISED] * 2)

    def test_nothing_is_advertised_by_default(self) -> None:
        """MRD-30."""
        self.start(TV)
        self.solicit()
        self.clock.pump([1] * 60)
        self.assertEqual(self.heard(), [])

    def test_solicitation_of_the_link_is_answered(self) -> None:
        """MRD-14, 26: others are not; a host without an address is on the link."""
        self.start(TV + ON)
        self.steady()
        self.solicit(packed("198.51.100.1"))
        self.clock.pump([0.5] * 5)
        self.assertEqual(self.heard(), [])
        for source in (HOST.replace(b"\x02", b"\x03"), packed("0.0.0.0")):
            self.solicit(source)
            self.clock.pump([0.5] * 5)
            self.assertEqual(self.heard(), [ADVERTISED])

    def test_other_router_is_ignored(self) -> None:
        self.start(TV + ON)
        self.steady()
        [instance] = self.running.instances
        for packet in (RouterAdvertisement(4, 10, 7), RouterTermination()):
            instance.receive(PacketReceived("d1", HOST, packet))
            instance.receive(PacketReceived("up", HOST, packet))
        self.clock.pump([0.5] * 5)
        self.assertEqual(self.neighbours.sent, [])
        self.assertTrue(instance.downstreams["d1"].querier.is_querier)

    def test_reload_switches_it_on_and_off(self) -> None:
        """MRD-12, 23."""
        self.start(TV)
        self.change(TV + ON)
        self.steady()
        self.assertEqual(self.change(TV), ["tv/ipv4: use new settings on downstream d1"])
        self.assertEqual(self.heard(), [RouterTermination()])
        self.clock.pump([1] * 60)
        self.assertEqual(self.heard(), [])

    def test_removed_downstream_and_stop_are_told(self) -> None:
        """MRD-23."""
        self.start(TV.replace('"d1"', '"d1", "lan1"') + ON)
        self.steady()
        self.change(TV.replace('"d1"', '"lan1"') + ON)
        self.assertEqual(self.heard(), [RouterTermination()])
        self.change(RADIO)
        self.assertEqual(self.heard("lan1"), [RouterTermination()])

    def test_link_that_is_gone_is_told_nothing(self) -> None:
        """MRD-12, 29: when it is back, it begins anew."""
        self.start(TV + ON)
        self.steady()
        [instance] = self.running.instances
        instance.receive(LinkChanged(LINKS["d1"], None))
        self.clock.pump([1] * 60)
        self.assertEqual(self.heard(), [])
        instance.receive(LinkChanged(None, LINKS["d1"]))
        self.steady()

    def test_link_that_moves_to_another_instance_is_advertised_again_at_once(self) -> None:
        """A snooping switch must not stop to send data to us."""
        both = TV + ON + RADIO + ON
        self.start(both)
        self.steady()
        self.change(both.replace('"d1"', '"lan1"').replace('"d2"', '"d2", "d1"'))
        self.clock.advance(0)
        self.assertEqual(self.heard(), [RouterTermination(), ADVERTISED])

    def test_other_version_is_advertised_again_at_once(self) -> None:
        self.start(TV + ON)
        self.steady()
        self.change(TV + ON + "interface.d1.igmp-version = 2\n")
        self.clock.advance(0)
        self.assertEqual(self.heard(), [RouterTermination(), ADVERTISED])
