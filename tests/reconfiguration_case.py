"""A reconfiguration with fake tables and services: what its tests have in common."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy import reconfigure
from mcproxy.config.native.toml import parse
from mcproxy.events.bus import Events
from mcproxy.instance.plan.plan import Plan, TablePlan, compile_plan
from mcproxy.linux.mroute.errors import TableInUse
from mcproxy.linux.netlink.links import Link
from mcproxy.messages import LinkChanged, PacketReceived
from mcproxy.protocol.family import Family
from mcproxy.protocol.wire.packets import Packet, Record, RecordType, Report
from mcproxy.reconfigure import Modules, Reconfiguration
from mcproxy.timer import Timer

from .instance.support import G1, HOST, Recorder, link

TO_EX, TO_IN = RecordType.CHANGE_TO_EXCLUDE_MODE, RecordType.CHANGE_TO_INCLUDE_MODE
JOIN, LEAVE = Report((Record(TO_EX, G1),)), Report((Record(TO_IN, G1),))

TV = '[instance.tv]\nupstream = "up"\ndownstream = ["d1"]\nmld-version = 0\n'
RADIO = '[instance.radio]\nupstream = "up"\ndownstream = ["d2"]\nmld-version = 0\n'
LINKS = {
    name: link(name, index, f"10.0.{index}.1")
    for index, name in enumerate(("up", "up2", "d1", "d2", "lan1"), 1)
}


class FakeTables:
    """Opens what is asked for; but refuses ``taken``, and lacks the family ``lacking``."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.taken: TablePlan | None = None
        self.lacking: Family | None = None
        self.unsupported: dict[Family, Exception] = {}

    def open(self, table: TablePlan) -> bool:
        if table == self.taken:
            raise TableInUse("table 5 is taken")
        if table.family is self.lacking:
            self.unsupported[table.family] = OSError("no such family")
            return False
        self.events.append(f"open {table}")
        return True

    async def close(self, table: TablePlan) -> None:
        self.events.append(f"close {table}")


class FakeServices:
    """Notes changes in the tables' ``events``; refuses a configuration that is ``bad``."""

    def __init__(self, events: list[str]) -> None:
        self.events = events
        self.bad: Any = None
        self.never_stops = False

    async def change(self, name: str, config: Any) -> None:
        if config is not None and config == self.bad:
            raise OSError("no such folder")
        if config is None and self.never_stops:
            raise ValueError("it does not stop")
        self.events.append(f"{name} {getattr(config, 'mode', None)}")


class ReconfigurationTestCase(SynchronousTestCase):
    """Runs plans; what instances send is in ``sent``, by interface."""

    def setUp(self) -> None:
        self.clock, self.parent, self.tables = Clock(), MultiService(), FakeTables()
        self.services = FakeServices(self.tables.events)
        self.neighbours = Recorder()
        n: Any = self.neighbours
        self.patch(reconfigure, "ReportGroups", n.join)
        routing: Any = SimpleNamespace(tables=defaultdict(lambda: n))
        locator: Any = SimpleNamespace(interface_towards=lambda _: None)
        modules = Modules(Timer(self.clock), Events(), n, n, routing, locator)
        tables: Any = self.tables
        services: Any = self.services
        self.running = Reconfiguration(self.parent, modules, tables, services)
        self.parent.startService()
        self.links: dict[str, Link] = {}

    def start(self, text: str) -> None:
        """Run a plan from the beginning; then the links come."""
        self.running.carry_out(self.planned(text), self.links)
        for name, one in LINKS.items():
            self.links[name] = one
            for instance in self.running.instances:
                instance.receive(LinkChanged(None, one))
        self.neighbours.sent.clear()

    @staticmethod
    def planned(text: str) -> Plan:
        return compile_plan(parse(text))

    def change(self, text: str) -> list[str]:
        """Change to another plan; the steps that were carried out after the refusable ones."""
        plan = self.planned(text)
        self.successResultOf(Deferred.fromCoroutine(self.running.prepare(plan)))
        applied = self.running.carry_out(plan, self.links)
        self.failures = applied.failures
        self.assert_reached(plan)
        return [str(step) for step in applied.steps]

    def assert_reached(self, plan: Plan) -> None:
        """What runs is exactly what is planned."""
        self.assertEqual(self.running.plan, plan)
        self.assertEqual([one.planned for one in self.running.instances], list(plan.instances))
        names = sorted(one.name for one in self.running.upstreams)
        self.assertEqual(names, sorted(one.interface for one in plan.upstreams))
        for instance in self.running.instances:
            self.assertEqual(tuple(instance.upstreams), instance.planned.upstreams)
            self.assertTrue(instance.running)

    def join(self, instance: str, where: str) -> None:
        for one in self.running.instances:
            if one.name == f"{instance}/ipv4":
                one.receive(PacketReceived(where, HOST, JOIN))
        self.neighbours.sent.clear()

    def sent(self, where: str) -> list[Packet]:
        return [packet for name, packet in self.neighbours.sent if name == where]

    def members(self) -> dict[str, list[bytes]]:
        """The groups of each downstream, by instance and interface."""
        return {
            f"{instance.name} {name}": list(downstream.querier.groups)
            for instance in self.running.instances
            for name, downstream in instance.downstreams.items()
        }
