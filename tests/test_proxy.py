"""Proxy: what waits for what, with modules that do nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy import proxy as module
from mcproxy.config.errors import ConfigurationError
from mcproxy.config.model import Configuration
from mcproxy.config.native.toml import parse
from mcproxy.instance.plan.compare import compare
from mcproxy.instance.plan.plan import Plan, compile_plan
from mcproxy.instance.plan.steps import RefusableStep, Step
from mcproxy.proxy import Proxy
from mcproxy.reconfigure import Applied

TV = '[instance.tv]\nupstream = "up"\ndownstream = ["d1"]\n'
RADIO = '[instance.radio]\nupstream = "up"\ndownstream = ["d2"]\n'
OLD = RADIO + "igmp-version = 2\n"


class FakeTables:
    """Are idle when the test says so."""

    def __init__(self, *_: object) -> None:
        self.idle: Deferred[None] = succeed(None)

    def when_idle(self) -> Deferred[None]:
        return self.idle


class FakeReconfiguration:
    """Notes what it is asked for, in ``events``."""

    def __init__(self, *_: object) -> None:
        self.plan = Plan()
        self.events: list[str] = []
        self.instances: list[Any] = []
        self.prepared: Deferred[None] = succeed(None)

    def steps(self, plan: Plan, links: Collection[str]) -> list[Step]:
        return compare(self.plan, plan, links)

    async def prepare(self, plan: Plan) -> list[Step]:
        self.events.append("prepare")
        await self.prepared
        return [step for step in self.steps(plan, ()) if isinstance(step, RefusableStep)]

    def carry_out(self, plan: Plan, links: object) -> Applied:
        self.events.append("carry out")
        steps = [step for step in self.steps(plan, ()) if not isinstance(step, RefusableStep)]
        self.plan = plan
        return Applied(steps, ["it broke"])

    async def close_tables(self, steps: object) -> None:
        self.events.append("close tables")


class BrokenResumption:
    """Cannot give instances what it has."""

    def queriers(self, *_: object) -> dict[Any, Any]:
        return {1: 1 / 0}


class ProxyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(module, "KernelTables", FakeTables)
        self.patch(module, "Reconfiguration", FakeReconfiguration)
        self.proxy: Any = Proxy(MemoryReactorClock(), parse(TV))
        self.running: FakeReconfiguration = self.proxy._reconfiguration
        self.running.carry_out(self.proxy.plan, {})
        self.running.events.clear()
        self.addCleanup(self.proxy._locator.close)
        self.after = parse(TV + RADIO + "mld-version = 0\n")

    def apply(self, configuration: Configuration) -> Deferred[Applied]:
        plan = compile_plan(configuration)
        return Deferred.fromCoroutine(self.proxy.apply(configuration, plan))

    def test_contradictory_configuration_is_refused_from_the_start(self) -> None:
        error = self.assertRaises(ConfigurationError, Proxy, MemoryReactorClock(), parse(TV + OLD))
        self.assertIn("instance radio speaks IGMPv2 on upstream up", str(error))

    def test_steps_are_told_and_nothing_is_done(self) -> None:
        before = self.proxy.configuration
        steps = self.proxy.steps(compile_plan(self.after))
        self.assertEqual([str(step) for step in steps], ["radio/ipv4: start"])
        self.assertEqual(self.running.events, [])
        self.assertIs(self.proxy.configuration, before)

    def test_applied_steps_are_those_that_were_told(self) -> None:
        told = self.proxy.steps(compile_plan(self.after))
        applied = self.successResultOf(self.apply(self.after))
        self.assertEqual(applied, Applied(told, ["it broke"]))
        self.assertEqual(self.running.events, ["prepare", "carry out", "close tables"])
        self.assertIs(self.proxy.configuration, self.after)
        self.assertEqual(self.proxy.plan, compile_plan(self.after))

    def test_settings_that_are_not_recommended_are_logged(self) -> None:
        """TM-05: when it is applied; a good one causes no warning."""
        warned: list[str] = []
        log = type("Log", (), {"warn": lambda told, **fields: warned.append(told.format(**fields))})
        self.patch(Proxy, "log", log)
        self.successResultOf(self.apply(self.after))
        self.assertEqual(warned, [])
        self.successResultOf(self.apply(parse(TV + "[defaults]\nrobustness-variable = 1\n")))
        self.assertEqual(len(warned), 1)
        self.assertIn("defaults.robustness-variable", warned[0])

    def test_tables_are_closed_once_the_kernel_is_idle(self) -> None:
        self.proxy._tables.idle = Deferred()
        done = self.apply(self.after)
        self.assertEqual(self.running.events, ["prepare", "carry out"])
        self.proxy._tables.idle.callback(None)
        self.successResultOf(done)
        self.assertEqual(self.running.events[2:], ["close tables"])

    def test_refused_change_leaves_the_configuration(self) -> None:
        before = self.proxy.configuration
        self.running.prepared = Deferred()
        done = self.apply(self.after)
        self.running.prepared.errback(OSError("the table is taken"))
        self.failureResultOf(done, OSError)
        self.assertEqual(self.running.events, ["prepare"])
        self.assertIs(self.proxy.configuration, before)

    def test_change_that_is_under_way_when_the_daemon_stops_is_refused(self) -> None:
        self.running.prepared = Deferred()
        done = self.apply(self.after)
        self.proxy.stopping = True
        self.running.prepared.callback(None)
        self.assertIn("stopping", str(self.failureResultOf(done, OSError).value))
        self.assertEqual(self.running.events, ["prepare"])

    def test_daemon_that_stops_is_not_announced_as_ready(self) -> None:
        self.proxy.running = 1
        self.proxy._tables.idle = Deferred()
        self.proxy._links_known()
        self.proxy.stopping = True
        self.proxy._tables.idle.callback(None)
        self.assertFalse(self.proxy.ready)

    def test_state_that_breaks_instances_does_not_keep_tables_from_changing(self) -> None:
        """The kernel's tables would stay as they were inherited, and no reload would ever end."""
        released: list[bool] = []
        self.patch(self.proxy.routing, "release_hold", lambda: released.append(True))
        self.proxy._resumption = BrokenResumption()
        done = self.apply(self.after)
        self.proxy._links_known()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(released, [True])
        self.successResultOf(done)
