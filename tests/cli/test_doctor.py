"""``mcproxy doctor``: what it examines, what it prints, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from mcproxy.cli import client, doctor
from mcproxy.config.model import Configuration
from mcproxy.diagnosis.facts import HostFacts
from mcproxy.diagnosis.situation import DaemonState, Situation
from mcproxy.exit_codes import NO_DAEMON, NOT_PERMITTED
from mcproxy.instance.plan.plan import Plan, compile_plan
from mcproxy.linux.firewall.ruleset import Ruleset
from mcproxy.protocol.family import Address, packed

from .support import CommandTestCase

CONFIG = '[instance.tv]\nupstream = "up"\ndownstream = "down1"\n'
ANSWERS: dict[str, Any] = {
    "/config": {"text": CONFIG.replace("tv", "running"), "path": None},
    "/status": {"pid": 7, "up-time": 60.0},
    "/interfaces": {"interfaces": []},
    "/groups": {
        "groups": [
            {
                "group-address": "232.1.1.1",
                "state": "joined",
                "filter-mode": "include",
                "source": [{"source-address": "10.9.9.9"}],
            },
            {
                "group-address": "239.1.1.1",
                "state": "refused",
                "filter-mode": None,
                "source": [],
            },
        ]
    },
}


class DoctorTests(CommandTestCase):
    """The machine has no interface at all."""

    def setUp(self) -> None:
        self.failure: client.FailureError | None = client.FailureError("no daemon", NO_DAEMON)
        self.seen: list[tuple[Configuration | None, DaemonState | None]] = []
        self.sources: frozenset[Address] = frozenset()
        self.patch(client, "ask", self.ask)
        self.patch(doctor, "gather", self.gather)
        self.patch(doctor, "CONFIGURATION", "/nonexistent.toml")

    def ask(self, _: str, __: str, what: str) -> Any:
        """The daemon's answer."""
        if self.failure:
            raise self.failure
        return ANSWERS[what]

    def gather(
        self,
        configuration: Configuration | None,
        daemon: DaemonState | None,
        sources: Collection[Address],
        listen_time: float,
    ) -> Situation:
        """A situation without a look at the machine."""
        self.seen.append((configuration, daemon))
        self.sources, self.listen_time = frozenset(sources), listen_time
        plan = Plan() if configuration is None else compile_plan(configuration)
        return Situation(HostFacts({}, firewall=Ruleset()), plan, daemon)

    def instances(self) -> list[str]:
        """The names of the instances that were examined."""
        configuration, _ = self.seen[-1]
        return [one.name for one in configuration.instances] if configuration else []

    def test_configuration_of_a_file_is_examined(self) -> None:
        self.assertEqual(self.run_here("doctor", "--config", self.write(CONFIG)), 1)
        self.assertEqual(self.instances(), ["tv"])
        self.assertIn("Interface up does not exist", self.out)
        self.assertTrue(self.out.rstrip().endswith("(ip -br link)."))

    def test_configuration_of_the_running_daemon_comes_first(self) -> None:
        self.failure = None
        self.run_here("doctor")
        self.assertEqual(self.instances(), ["running"])
        daemon = self.seen[-1][1]
        assert daemon is not None
        self.assertEqual((daemon.pid, daemon.groups), (7, {packed("232.1.1.1")}))
        self.assertEqual(self.sources, {packed("10.9.9.9")})

    def test_named_file_replaces_the_daemons_configuration(self) -> None:
        self.failure = None
        self.run_here("doctor", "--config", self.write(CONFIG))
        self.assertEqual(self.instances(), ["tv"])

    def test_without_daemon_and_file_it_says_so(self) -> None:
        self.assertEqual(self.run_here("doctor"), 1)
        self.assertIn("No daemon runs, and there is no file /nonexistent.toml", self.out)
        self.assertIn("--config FILE", self.out.splitlines()[-1])

    def test_missing_file_that_is_named_is_a_problem(self) -> None:
        self.assertEqual(self.run_here("doctor", "--config", "/nonexistent.toml"), 1)
        self.assertIn("/nonexistent.toml: no such file", self.out)

    def test_closed_control_socket_ends_it(self) -> None:
        self.failure = client.FailureError("not permitted to use the socket", NOT_PERMITTED)
        self.assertEqual(self.run_here("doctor"), NOT_PERMITTED)
        self.assertIn("not permitted", self.err)

    def test_machine_that_cannot_be_read_is_an_error(self) -> None:
        def broken(*_: object) -> Situation:
            raise OSError(1, "Operation not permitted")

        self.patch(doctor, "gather", broken)
        self.assertEqual(self.run_here("doctor", "--config", self.write(CONFIG)), 1)
        self.assertIn("cannot look at this machine: Operation not permitted", self.err)

    def test_json_has_all_findings(self) -> None:
        self.run_here("doctor", "--json", "--config", self.write(CONFIG))
        answer = json.loads(self.out)
        self.assertEqual((answer["problems"], answer["warnings"]), (2, 0))
        self.assertEqual(
            answer["findings"][0] | {"cure": "", "effect": ""},
            {
                "check": "interface-missing",
                "severity": "problem",
                "subject": "up (upstream of tv)",
                "interface": "up",
                "instance": "tv",
                "found": "Interface up does not exist on this machine.",
                "effect": "",
                "cure": "",
                "command": "ip -br link",
            },
        )
        self.assertTrue(answer["verdict"].startswith("Cause: Interface up does not exist"))

    def test_time_to_listen_is_limited(self) -> None:
        self.run_here("doctor", "--listen", "2.5", "--config", self.write(CONFIG))
        self.assertEqual(self.listen_time, 2.5)
        self.assertEqual(self.run_here("doctor", "--listen", "-1"), 2)
        self.assertEqual(self.run_here("doctor", "--listen", "soon"), 2)
        self.assertIn("seconds", self.err)
