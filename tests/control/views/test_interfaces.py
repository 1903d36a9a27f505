"""The views of interfaces and of what is degraded: states and their reasons."""

from __future__ import annotations

from dataclasses import replace

from mcproxy.config.model import InstanceConfig
from mcproxy.control.views import degraded, interfaces
from mcproxy.instance.link_state import obstacle
from mcproxy.linux.netlink.links import DISABLED, DUPLICATE, NO_CARRIER, TENTATIVE, Link
from mcproxy.messages import LinkChanged, PacketReceived
from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.protocol.wire.packets import Query

from ...instance.support import ANY, D1, D2, UP, link
from .support import ViewTestCase

BARE = link("d2", 3, None)


class ObstacleTests(ViewTestCase):
    """One sentence for each reason, the same in the log and in the views."""

    def test_each_state_of_a_link_has_its_reason(self) -> None:
        down = replace(D1, up=False)
        for found, family, reason, cure in (
            (None, IPV4, "absent", "as soon as it appears"),
            (replace(down, why_down=DISABLED), IPV4, "administratively down", "ip link set d1 up"),
            (replace(down, why_down=NO_CARRIER), IPV4, "no carrier", "cable"),
            (
                replace(down, why_down="port of bridge br0"),
                IPV4,
                "port of bridge br0",
                "configure the bridge br0 in its place",
            ),
            (BARE, IPV4, "no IPv4 address", "ip address add"),
            (BARE, IPV6, "no link-local address", "disable_ipv6"),
            (replace(BARE, link_local=TENTATIVE), IPV6, "link-local address tentative", "checked"),
            (replace(BARE, link_local=DUPLICATE), IPV6, "link-local address duplicate", "MAC"),
        ):
            told = obstacle(found, family, "downstream")
            assert told is not None, reason
            self.assertEqual(told.reason, reason)
            self.assertIn(cure, told.cure)

    def test_full_table_and_usable_link(self) -> None:
        told = obstacle(D1, IPV4, "downstream", refused=True)
        self.assertEqual(told and told.reason, "kernel table full")
        self.assertIsNone(obstacle(D1, IPV4, "downstream"))
        self.assertIsNone(obstacle(BARE, IPV4, "upstream"))


class RowTests(ViewTestCase):
    def test_usable_interfaces_have_addresses_and_no_reason(self) -> None:
        rows = {row["interface"]: row for row in self.rows(interfaces.rows)}
        self.assertEqual(list(rows), ["up", "d1", "d2", "lan*"])
        self.assertEqual((rows["d1"]["state"], rows["d1"]["reason"]), ("up", None))
        self.assertEqual(rows["up"]["addresses"], ["10.0.1.1/24"])

    def test_unusable_interfaces_have_reasons(self) -> None:
        self.have(replace(UP, up=False, why_down=NO_CARRIER), BARE)
        rows = {row["interface"]: row for row in self.rows(interfaces.rows)}
        self.assertEqual((rows["up"]["state"], rows["up"]["reason"]), ("down", "no carrier"))
        self.assertEqual(rows["d2"]["reason"], "no IPv4 address")
        self.assertEqual((rows["lan*"]["reason"], rows["lan*"]["exists"]), ("absent", False))

    def test_interface_that_is_ready_and_not_in_use_is_told(self) -> None:
        """Something failed when it was to be taken into use; the log says what."""
        self.proxy.monitor.links["lan1"] = link("lan1", 7, "10.0.7.1")
        self.instance.upstreams["up"].link = None
        rows = {row["interface"]: row["reason"] for row in self.rows(interfaces.rows)}
        self.assertEqual((rows["up"], rows["lan1"], rows["d1"]), ("not used", "not used", None))

    def test_pattern_gives_way_to_the_interfaces_that_it_stands_for(self) -> None:
        self.have(link("lan1", 7, "10.0.7.1"), link("lan2", 8, None))
        rows = {row["interface"]: row for row in self.rows(interfaces.rows)}
        self.assertEqual(list(rows)[1:], ["d1", "d2", "lan1", "lan2"])
        self.assertEqual(rows["lan1"]["state"], "up")
        self.assertEqual(rows["lan2"]["reason"], "no IPv4 address")

    def test_querier_has_address_version_and_time(self) -> None:
        self.receive("d1", packed("10.0.2.0"), Query(3, ANY, 10.0))
        query = PacketReceived("up", packed("10.0.1.254"), Query(2, ANY, 10.0))
        self.instance.upstreams["up"].receive(query)
        self.clock.advance(5)
        rows = {row["interface"]: row for row in self.rows(interfaces.rows)}
        for name, router, version in (("d1", "10.0.2.0", 3), ("up", "10.0.1.254", 2)):
            self.assertEqual(rows[name]["querier-address"], router)
            self.assertEqual(rows[name]["querier-version"], version)
            self.assertEqual(rows[name]["last-query-heard"], 5.0)
        self.assertEqual(rows["d1"]["querier"], "other")
        self.assertEqual(rows["d1"]["expire"], 250.0)
        self.assertEqual(rows["d2"]["querier-address"], "10.0.3.1")


class DegradedTests(ViewTestCase):
    def test_healthy_instance_has_no_sentence(self) -> None:
        self.assertEqual(self.rows(degraded.rows), [])

    def test_each_impairment_is_one_sentence(self) -> None:
        self.receive("d1", packed("10.0.2.0"), Query(3, ANY, 10.0))
        self.have(BARE, replace(UP, up=False, why_down=NO_CARRIER))
        told = [row["text"] for row in self.rows(degraded.rows)]
        for part in (
            "no upstream can be used: hosts receive nothing from outside",
            "upstream up cannot be used: no carrier; check its cable",
            "downstream d2 cannot be used: no IPv4 address; give it one",
            "10.0.2.0 is the querier on d1; nothing is forwarded to d1 until",
        ):
            self.assertEqual(sum(part in one for one in told), 1, (part, told))

    def test_older_querier_upstream_is_told(self) -> None:
        query = PacketReceived("up", packed("10.0.1.254"), Query(2, ANY, 10.0))
        self.instance.upstreams["up"].receive(query)
        [row] = self.rows(degraded.rows)
        self.assertIn("the router on up speaks IGMPv2", row["text"])


class WarningTests(ViewTestCase):
    """The log tells each reason once, when it lasts."""

    def setUp(self) -> None:
        super().setUp()
        self.configure(InstanceConfig("a", ("up",), ("d1", "d2", "lan*")))

    def change(self, *links: Link) -> None:
        self.have(*links)
        self.clock.advance(4)

    def test_address_lost_at_run_time_is_told_once(self) -> None:
        self.change(BARE)
        expected = "downstream d2 cannot be used: no IPv4 address; give it one: "
        self.assertEqual([one[: len(expected)] for one in self.log.lines], [expected])
        for _ in range(3):
            self.change(D2)
            self.change(BARE)
        self.assertEqual(len(self.log.lines), 1)
        self.change(replace(D2, up=False, why_down=NO_CARRIER))
        self.assertIn("downstream d2 cannot be used: no carrier", self.log.lines[1])

    def test_state_that_passes_soon_is_not_told(self) -> None:
        self.have(BARE)
        self.clock.advance(1)
        self.change(D2)
        self.assertEqual(self.log.lines, [])

    def test_link_that_goes_is_told_by_its_name_and_not_by_a_pattern(self) -> None:
        lan = link("lan1", 7, "10.0.7.1")
        self.have(lan)
        for gone in (lan, D1):
            self.instance.receive(LinkChanged(gone, None))
        self.clock.advance(4)
        self.assertEqual(
            [one.split(":")[0] for one in self.log.lines], ["downstream d1 cannot be used"]
        )

    def test_link_of_a_pattern_that_is_up_without_address_is_told(self) -> None:
        self.change(link("lan1", 7, None, up=False))
        self.assertEqual(self.log.lines, [])
        self.change(link("lan1", 7, None))
        self.assertIn("downstream lan1 cannot be used: no IPv4 address", self.log.lines[0])
