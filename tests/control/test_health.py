"""GET /health: problems with 503, and warnings."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from mcproxy.config.model import InstanceConfig
from mcproxy.control import health
from mcproxy.control.paths import Get
from mcproxy.control.requests import BadRequestError
from mcproxy.linux.netlink.links import NO_CARRIER
from mcproxy.messages import PacketReceived
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire.packets import Query

from ..instance.support import ANY, UP
from .views.support import ViewTestCase

SILENT = 300
"""Seconds after which a querier should have been heard."""


class HealthTests(ViewTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.complete()

    def complete(self) -> None:
        """The proxy is ready, with a table that the kernel accepts."""
        self.table = SimpleNamespace(
            retry=SimpleNamespace(was_armed=False), kernel=SimpleNamespace(family=IPV4, table=7)
        )
        self.proxy.routing = SimpleNamespace(tables={(IPV4, 7): self.table})
        self.proxy.ready, self.proxy.stopping = True, False

    def ask(self, query: str = "") -> tuple[int, dict[str, Any]]:
        answer = health.answer(Get(self.proxy, self.clock, query))
        return answer.status, json.loads(b"".join(answer.pieces()))

    def problem(self, query: str = "") -> dict[str, Any]:
        """The only problem."""
        status, found = self.ask(query)
        self.assertEqual((status, found["healthy"]), (503, False))
        (problem,) = found["problems"]
        self.assertIn(problem["problem"], health.PROBLEMS)
        return problem

    def be_without_upstream(self) -> None:
        self.have(replace(UP, up=False, why_down=NO_CARRIER))

    def test_healthy_daemon_has_neither_problem_nor_warning(self) -> None:
        expected = {"healthy": True, "ready": True, "problems": [], "warnings": []}
        self.assertEqual(self.ask(), (200, expected))

    def test_daemon_that_starts_or_stops_is_not_healthy(self) -> None:
        self.proxy.ready = False
        self.assertEqual(self.problem()["problem"], "starting")
        self.proxy.ready, self.proxy.stopping = True, True
        self.assertEqual(self.problem()["problem"], "stopping")
        self.assertFalse(self.ask()[1]["ready"])

    def test_table_that_the_kernel_refuses_is_a_problem(self) -> None:
        self.table.retry.was_armed = True
        problem = self.problem()
        self.assertEqual(problem["problem"], "table-refused")
        self.assertIn("the kernel refuses changes of the ipv4 table 7", problem["text"])

    def test_instance_without_usable_upstream_is_a_problem_with_its_reason(self) -> None:
        self.be_without_upstream()
        self.assertEqual(
            self.problem(),
            {
                "problem": "no-upstream",
                "instance": "a/ipv4",
                "family": "ipv4",
                "interface": "",
                "text": "no upstream can be used, so hosts receive nothing (up: no carrier; check"
                " its cable, its radio or what is at its other end)",
            },
        )
        self.assertEqual(self.ask()[1]["warnings"], [])

    def test_other_instances_are_not_concerned(self) -> None:
        self.proxy.instances.append(self.make(InstanceConfig("b", ("up2",), ("d3",))))
        self.assertEqual(self.problem()["instance"], "b/ipv4")
        self.assertEqual(self.ask("instance=a")[0], 200)
        self.assertEqual(self.ask("instance=a/ipv4&family=4")[0], 200)
        self.assertEqual(self.ask("family=6")[0], 200)
        self.assertEqual(self.ask("instance=b")[0], 503)

    def test_instance_that_is_to_have_no_upstream_is_healthy(self) -> None:
        self.configure(InstanceConfig("a", (), ("d1", "d2")))
        self.complete()
        self.assertEqual(self.ask()[0], 200)

    def test_what_is_degraded_is_a_warning(self) -> None:
        self.receive("d1", packed("10.0.2.0"), Query(3, ANY, 10.0))
        status, found = self.ask()
        self.assertEqual((status, found["healthy"]), (200, True))
        (warning,) = found["warnings"]
        self.assertIn("10.0.2.0 is the querier on d1", warning["text"])

    def test_silent_querier_is_a_warning_as_reports_are_repeated(self) -> None:
        self.clock.advance(SILENT)
        status, found = self.ask()
        self.assertEqual((status, [row["interface"] for row in found["warnings"]]), (200, ["up"]))
        self.assertIn("no querier is heard on up", found["warnings"][0]["text"])

    def test_querier_that_is_heard_is_no_warning(self) -> None:
        self.clock.advance(SILENT)
        query = PacketReceived("up", packed("10.0.1.254"), Query(3, ANY, 10.0))
        self.instance.upstreams["up"].receive(query)
        self.assertEqual(self.ask()[1]["warnings"], [])

    def test_silent_querier_is_a_problem_where_reports_are_not_repeated(self) -> None:
        self.configure(InstanceConfig("a", ("up",), ("d1",), report_interval=float("inf")))
        self.complete()
        self.assertEqual(self.ask()[0], 200)
        self.clock.advance(SILENT)
        problem = self.problem()
        self.assertEqual((problem["problem"], problem["interface"]), ("no-querier", "up"))
        self.assertIn('remove report-interval = "never"', problem["text"])

    def test_unknown_name_or_filter_is_refused(self) -> None:
        for query in ("instance=zz", "interface=up", "colour=red"):
            self.assertRaises(BadRequestError, self.ask, query)
