"""ProxyInstance: other upstreams, filters and roles of links while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mcproxy.config.model import Configuration, InstanceConfig, InterfaceSettings
from mcproxy.instance.plan.plan import InstancePlan, compile_plan
from mcproxy.instance.upstream import Upstream
from mcproxy.linux.netlink.links import Link
from mcproxy.messages import CacheMiss, LinkChanged
from mcproxy.protocol.family import IPV4
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.router.querier import Querier
from mcproxy.timer import Timer

from .support import ANY, D1, G1, S1, TO_EX, UP, InstanceTestCase, Recorder, link

UP2 = link("up2", 4, "10.0.4.1")


class Table(Recorder):
    """Calls ``at_change`` before a vif is made or removed; ``released`` names removed vifs."""

    def __init__(self) -> None:
        super().__init__()
        self.at_change: Callable[[], None] = lambda: None
        self.released: list[str] = []

    def acquire(self, name: str, index: int, owner: Any) -> bool:
        self.at_change()
        return super().acquire(name, index, owner)

    def release(self, name: str, owner: Any) -> None:
        self.at_change()
        self.released += [name] * (name in self.vifs)
        super().release(name, owner)

    def source_changed(self, group: bytes, source: bytes) -> None:
        self.changed_groups.append(group + source)


class ChangeTestCase(InstanceTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.neighbours: Table = Table()

    def run_with(self, config: InstanceConfig, *links: Link) -> None:
        self.instance = self.make(config)
        self.links(*links)
        self.present = {one.name: one for one in links}

    def change_to(self, config: InstanceConfig) -> None:
        """Exchange the upstreams and the forwarding."""
        plan = compile_plan(Configuration((config,)))
        known, n = self.instance.upstreams, self.neighbours
        others: Any = n
        upstreams: Iterable[Upstream] = [
            known.get(one.interface)
            or Upstream(one, Timer(self.clock), self.log.events, others, others)
            for one in plan.upstreams
            if one.family is IPV4
        ]
        self.instance.change_forwarding(self.planned(config).forwarding, upstreams, self.present)

    @staticmethod
    def planned(config: InstanceConfig) -> InstancePlan:
        return compile_plan(Configuration((config,))).instances[0]


class ForwardingChangeTests(ChangeTestCase):
    def test_base_entry_stays_while_the_upstream_is_exchanged(self) -> None:
        """Data of downstream sources goes to the old upstream, then to the new one."""
        self.run_with(InstanceConfig("a", ("up",), ("d1",)), UP, UP2, D1)
        bases: list[tuple[Route, ...]] = []
        self.neighbours.at_change = lambda: bases.append(self.instance.plan(ANY))
        self.change_to(InstanceConfig("a", ("up2",), ("d1",)))
        new = (Route(ANY, "up2", frozenset(["up2", "d1"])),)
        self.assertEqual(set(bases), {new})

    def test_entries_of_unwanted_groups_end_with_source_forwarding(self) -> None:
        """An entry that drops a filtered source does not outlive the filter."""
        self.run_with(InstanceConfig("a", ("up",), ("d1",), forwarding="per-source"), UP, D1)
        self.instance.receive(CacheMiss("d1", S1, G1))
        self.neighbours.changed_groups.clear()
        self.change_to(InstanceConfig("a", ("up",), ("d1",)))
        self.assertIn(G1, self.neighbours.changed_groups)
        self.assertEqual(self.instance.plan(G1), ())

    def test_downstream_that_becomes_an_upstream_too_keeps_its_vif(self) -> None:
        self.run_with(InstanceConfig("a", ("up",), ("d1",)), UP, D1)
        self.change_to(InstanceConfig("a", ("up", "d1"), ("d1",)))
        self.assertEqual(self.neighbours.released, [])
        self.assertEqual(set(self.neighbours.vifs), {"up", "d1"})


class LinkChangeTests(ChangeTestCase):
    def test_other_upstream_is_chosen_before_the_vif_of_a_lost_one_is_removed(self) -> None:
        """MU-07: so each entry changes once, and is not missing in between."""
        self.run_with(InstanceConfig("a", ("up", "up2"), ("d1",)), UP, UP2, D1)
        usable: list[tuple[str, ...]] = []
        self.neighbours.at_change = lambda: usable.append(self.instance.selection.usable)
        self.instance.receive(LinkChanged(UP, None))
        self.assertEqual(set(usable), {("up2",)})
        self.assertEqual(self.neighbours.released, ["up"])

    def test_upstream_that_is_a_downstream_too_is_released_once(self) -> None:
        self.run_with(InstanceConfig("a", ("up", "d1"), ("d1",)), UP, D1)
        self.instance.receive(LinkChanged(D1, None))
        self.assertEqual((self.neighbours.released, self.instance.downstreams), (["d1"], {}))

    def test_downstream_that_remains_an_upstream_loses_its_ttl_threshold(self) -> None:
        own = {"d1": InterfaceSettings(ttl_threshold=9)}
        self.run_with(InstanceConfig("a", ("up", "d1"), ("d1",), interface=own), UP, D1)
        without = self.planned(InstanceConfig("a", ("up", "d1"), ("d2",))).downstreams
        self.instance.remove_downstream("d1", without)
        self.assertEqual(self.neighbours.thresholds, {"d1": 1})

    def test_downstream_with_another_version_begins_without_memberships(self) -> None:
        """HR-07: one querier speaks one version, and asks in the new one at once."""
        self.run_with(InstanceConfig("a", ("up",), ("d1",)), UP, D1)
        self.says("d1", TO_EX, G1)
        self.neighbours.sent.clear()
        own = {"d1": InterfaceSettings(igmp_version=2)}
        after = self.planned(InstanceConfig("a", ("up",), ("d1",), interface=own)).downstreams
        self.instance.change_downstream("d1", after)
        self.assertEqual(self.instance.downstreams["d1"].querier.version, 2)
        self.assertEqual(self.instance.plan(G1), ())
        self.assertEqual([query.version for query in self.queries("d1")], [2])

    def test_querier_from_another_instance_uses_the_mtu_of_the_link(self) -> None:
        self.run_with(InstanceConfig("a", ("up",), ("d1",)), UP)
        settings = self.planned(InstanceConfig("a", ("up",), ("d1",))).downstreams.settings("d1")
        assert settings is not None
        known = Querier(IPV4, settings.querier)
        mtus: list[int] = []
        self.patch(known, "set_mtu", mtus.append)
        self.instance.take_link(Link("d1", 2, True, 600, D1.ipv4), known)
        self.assertIs(self.instance.downstreams["d1"].querier, known)
        self.assertEqual(mtus, [600])
