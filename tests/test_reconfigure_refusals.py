"""Steps that are refused: what was carried out before them is undone."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from mcproxy.instance.plan.plan import TablePlan
from mcproxy.instance.plan.steps import Step
from mcproxy.linux.mroute.errors import TableInUse
from mcproxy.protocol.family import IPV4, IPV6

from .reconfiguration_case import RADIO, TV, ReconfigurationTestCase


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
        self.assertEqual(self.running.carry_out(plan, self.links).steps, [])
        self.assertEqual([one.name for one in self.running.instances], ["tv/ipv4"])

    def test_tables_are_closed_after_all_other_steps(self) -> None:
        plan = self.planned(TV + "table = 5\n")
        self.successResultOf(Deferred.fromCoroutine(self.running.prepare(plan)))
        steps = self.running.carry_out(plan, self.links).steps
        self.assertEqual(self.tables.events, ["open kernel table 5 (ipv4)"])
        self.successResultOf(Deferred.fromCoroutine(self.running.close_tables(steps)))
        self.assertEqual(self.tables.events[1:], ["close kernel table 0 (ipv4)"])
