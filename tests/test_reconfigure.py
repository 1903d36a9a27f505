"""Reconfiguration: steps carried out on instances whose neighbours note what they do."""

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
from mcproxy.instance.plan import Plan, TablePlan, compile_plan
from mcproxy.instance.steps import Step
from mcproxy.linux.mroute.errors import TableInUse
from mcproxy.linux.netlink.links import Link
from mcproxy.messages import LinkChanged, PacketReceived
from mcproxy.protocol.family import IPV4, IPV6, Family, packed
from mcproxy.protocol.wire.packets import (
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    RecordType,
    Report,
)
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
        modules = Modules(Timer(self.clock), n, n, routing, locator)
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
        steps = self.running.carry_out(plan, self.links)
        self.assert_reached(plan)
        return [str(step) for step in steps]

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


class CarryOutTests(ReconfigurationTestCase):
    def test_equal_plan_has_no_steps_and_sends_nothing(self) -> None:
        self.start(TV)
        self.assertEqual(self.change(TV), [])
        self.assertEqual(self.neighbours.sent, [])

    def test_any_change_ends_in_the_plan(self) -> None:
        """From each of these to each other, links and members stay where both have them."""
        texts = (
            TV,
            TV + RADIO,
            RADIO + TV,
            TV.replace('"up"', '["up", "up2"]'),
            TV.replace('"up"', '["up2", "up"]') + 'boundary = ["239.255.0.0/16"]\n',
            TV.replace('"up"', '"up2"') + RADIO,
            TV.replace('["d1"]', '["d1", "lan*"]'),
            TV.replace('["d1"]', '["lan*", "d1"]') + RADIO.replace('"d2"', '"d2", "lan1"'),
            TV + "igmp-version = 2\n" + RADIO + "igmp-version = 2\n",
            TV + "table = 5\n",
            TV + 'forwarding = "per-source"\nstatic-group = "239.9.9.9"\n',
            TV + "version-fallback = false\nssm-range = '239.0.0.0/8'\n",
            TV + "[instance.tv.interface.d1]\nimmediate-leave = true\n",
        )
        self.start(TV)
        for before in texts:
            for after in texts:
                self.change(before)
                self.change(after)

    def test_downstream_that_moves_keeps_its_memberships(self) -> None:
        self.start(TV + RADIO)
        self.join("radio", "d2")
        self.change(TV.replace('"d1"', '"d1", "d2"') + RADIO.replace('"d2"', '"x"'))
        self.assertEqual(self.members(), {"tv/ipv4 d1": [], "tv/ipv4 d2": [G1]})

    def test_downstream_of_a_removed_instance_keeps_its_memberships(self) -> None:
        self.start(TV + RADIO)
        self.join("radio", "d2")
        self.change(TV.replace('"d1"', '"d1", "d2"'))
        self.assertEqual(self.members(), {"tv/ipv4 d1": [], "tv/ipv4 d2": [G1]})

    def test_instance_that_moves_to_another_table_keeps_its_memberships(self) -> None:
        self.start(TV)
        self.join("tv", "d1")
        self.change(TV + "table = 5\n")
        self.assertEqual(self.members(), {"tv/ipv4 d1": [G1]})

    def test_other_version_begins_without_memberships(self) -> None:
        self.start(TV)
        self.join("tv", "d1")
        self.change(TV + "igmp-version = 2\n")
        self.assertEqual(self.members(), {"tv/ipv4 d1": []})

    def test_new_upstream_is_joined_before_the_old_one_is_left(self) -> None:
        self.start(TV)
        self.join("tv", "d1")
        self.change(TV.replace('"up"', '"up2"'))
        self.assertEqual(self.neighbours.sent, [("up2", JOIN), ("up", LEAVE)])

    def test_upstream_of_a_removed_instance_is_left_by_the_last(self) -> None:
        self.start(TV + RADIO)
        for instance, where in (("tv", "d1"), ("radio", "d2")):
            self.join(instance, where)
        self.change(TV)
        self.assertEqual(self.sent("up"), [])
        self.change(RADIO.replace('"d2"', '"x"'))
        self.assertEqual(self.sent("up"), [LEAVE])

    def test_other_version_on_a_shared_upstream_is_one_host(self) -> None:
        """The old host leaves before the new one speaks; there never are two."""
        self.start(TV + RADIO)
        self.join("tv", "d1")
        self.change(TV + "igmp-version = 2\n" + RADIO + "igmp-version = 2\n")
        self.assertEqual(self.sent("up"), [LEAVE])
        [upstream] = self.running.upstreams
        self.assertEqual([user.name for user in upstream.users], ["tv/ipv4", "radio/ipv4"])
        upstream.users[0].receive(PacketReceived("d1", HOST, OldReport(2, G1)))
        self.assertEqual(self.sent("up")[1:], [OldReport(2, G1)])

    def test_changed_fallback_reaches_the_host_of_the_upstream(self) -> None:
        self.start(TV + RADIO)
        [upstream] = self.running.upstreams
        self.change(TV + "version-fallback = false\n" + RADIO + "version-fallback = false\n")
        self.assertEqual(list(self.running.upstreams), [upstream])
        upstream.receive(PacketReceived("up", packed("10.0.1.9"), Query(2, IPV4.unspecified, 10.0)))
        self.assertEqual(upstream.host.version, 3)

    def test_fallback_that_is_disabled_ends_the_older_version_at_once(self) -> None:
        """The older querier is ignored from then on, so all groups are reported anew."""
        self.start(TV)
        self.join("tv", "d1")
        [upstream] = self.running.upstreams
        upstream.receive(PacketReceived("up", packed("10.0.1.9"), Query(2, IPV4.unspecified, 10.0)))
        self.assertEqual(upstream.host.version, 2)
        self.neighbours.sent.clear()
        self.change(TV + "version-fallback = false\n")
        self.assertEqual((upstream.host.version, self.sent("up")), (3, [JOIN]))

    def test_instances_of_two_versions_that_exchange_upstreams_leave_before_they_join(self) -> None:
        """A router sees one host: a late leave of the former host would end the new one's join."""
        old = RADIO.replace('"up"', '"up2"') + "igmp-version = 2\n"
        self.start(TV + old)
        self.join("tv", "d1")
        for instance in self.running.instances:
            instance.receive(PacketReceived("d2", HOST, OldReport(2, G1)))
        self.neighbours.sent.clear()
        exchanged = TV.replace('"up"', '"up2"') + RADIO + "igmp-version = 2\n"
        self.change(exchanged)
        self.assertEqual(self.sent("up2"), [Leave(G1), JOIN])
        self.assertEqual(self.sent("up"), [LEAVE, OldReport(2, G1)])

    def test_step_that_breaks_does_not_keep_others_from_being_carried_out(self) -> None:
        """The plan is reached all the same, so that a later change starts from it."""
        self.start(TV)
        d1, other = LINKS["d1"].index, RADIO.replace('"up"', '"up2"')

        def join(family: Family, index: int) -> Any:
            return self.neighbours.join(family, index) if index != d1 else 1 / 0

        self.patch(reconfigure, "ReportGroups", join)
        self.change(TV + "table = 5\n" + other)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.members(), {"radio/ipv4 d2": []})
        self.assertIn("tv/ipv4: stop", self.change(other))

    def test_stop_leaves_all_groups(self) -> None:
        self.start(TV)
        self.join("tv", "d1")
        self.successResultOf(Deferred.fromCoroutine(self.running.stop()))
        self.assertEqual(self.sent("up"), [LEAVE])
        self.assertEqual((list(self.running.instances), list(self.running.upstreams)), ([], []))


class RefusalTests(ReconfigurationTestCase):
    """What is refused has changed nothing."""

    NEW = TV + RADIO.replace('"up"', '"up2"') + "table = 4\n"
    THIRD = '[instance.c]\nupstream = "x"\ndownstream = "y"\nmld-version = 0\ntable = 5\n'
    CONTROL = '[control]\nmode = "0660"\n'

    def setUp(self) -> None:
        super().setUp()
        self.start(TV)
        self.before = self.running.plan

    def refused(self, text: str) -> BaseException:
        done = Deferred.fromCoroutine(self.running.prepare(self.planned(text)))
        self.assertIs(self.running.plan, self.before)
        self.assertEqual([one.name for one in self.running.instances], ["tv/ipv4"])
        return self.failureResultOf(done).value

    def test_refused_table_closes_those_that_were_opened(self) -> None:
        self.tables.taken = TablePlan(IPV4, 5)
        self.assertIsInstance(self.refused(self.NEW + self.THIRD), TableInUse)
        opened = "kernel table 4 (ipv4)"
        self.assertEqual(self.tables.events, [f"open {opened}", f"close {opened}"])

    def test_plan_that_is_tried_out_leaves_nothing(self) -> None:
        plan = self.planned(self.NEW + self.CONTROL)
        self.successResultOf(Deferred.fromCoroutine(self.running.try_out(plan)))
        self.assertIs(self.running.plan, self.before)
        opened = "kernel table 4 (ipv4)"
        self.assertEqual(
            self.tables.events,
            [f"open {opened}", "control 0660", "control 0600", f"close {opened}"],
        )

    def test_refusal_is_found_when_a_plan_is_tried_out(self) -> None:
        self.tables.taken = TablePlan(IPV4, 5)
        plan = self.planned(self.NEW + self.THIRD)
        self.failureResultOf(Deferred.fromCoroutine(self.running.try_out(plan)), TableInUse)
        opened = "kernel table 4 (ipv4)"
        self.assertEqual(self.tables.events, [f"open {opened}", f"close {opened}"])

    def test_refused_service_closes_tables_and_restores_services(self) -> None:
        manhole = '[manhole]\nlisten = "/m"\nauthorized-keys = "/k"\n'
        plan = self.planned(self.NEW + manhole + self.CONTROL)
        self.services.bad = dict(plan.services)["control"]
        self.assertIsInstance(self.refused(self.NEW + manhole + self.CONTROL), OSError)
        self.assertEqual(
            self.tables.events,
            [
                "open kernel table 4 (ipv4)",
                "manhole None",
                "manhole None",
                "close kernel table 4 (ipv4)",
            ],
        )

    def test_table_is_closed_although_a_service_cannot_be_undone(self) -> None:
        manhole = '[manhole]\nlisten = "/m"\nauthorized-keys = "/k"\n'
        plan = self.planned(self.NEW + manhole + self.CONTROL)
        self.services.bad = dict(plan.services)["control"]
        self.services.never_stops = True
        self.assertIsInstance(self.refused(self.NEW + manhole + self.CONTROL), OSError)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.tables.events[-1], "close kernel table 4 (ipv4)")

    def test_family_that_the_kernel_lacks_is_left_out(self) -> None:
        self.tables.lacking = IPV6
        plan = self.planned(TV.replace("mld-version = 0\n", ""))
        done: list[Step] = self.successResultOf(Deferred.fromCoroutine(self.running.prepare(plan)))
        self.assertEqual(done, [])
        self.assertEqual(self.running.carry_out(plan, self.links), [])
        self.assertEqual([one.name for one in self.running.instances], ["tv/ipv4"])

    def test_tables_are_closed_after_all_other_steps(self) -> None:
        plan = self.planned(TV + "table = 5\n")
        self.successResultOf(Deferred.fromCoroutine(self.running.prepare(plan)))
        steps = self.running.carry_out(plan, self.links)
        self.assertEqual(self.tables.events, ["open kernel table 5 (ipv4)"])
        self.successResultOf(Deferred.fromCoroutine(self.running.close_tables(steps)))
        self.assertEqual(self.tables.events[1:], ["close kernel table 0 (ipv4)"])
