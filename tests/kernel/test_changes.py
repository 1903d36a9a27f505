"""After random commands the daemon's state equals that of a newly started daemon."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable
from typing import Any

from mcproxy.config import edit as change
from mcproxy.config.errors import ConfigurationError
from mcproxy.config.model import Configuration
from mcproxy.config.native.document import document
from mcproxy.config.native.text import toml_text
from mcproxy.config.native.toml import parse
from mcproxy.config.save import write
from mcproxy.instance.plan.plan import compile_plan
from mcproxy.lab.waiting import wait_until
from mcproxy.linux.mroute.dump import dump_routes
from mcproxy.linux.policy_rules import list_rules
from mcproxy.protocol.family import IPV4, IPV6

from .running import ONE_INSTANCE, RunningTestCase, with_defaults
from .site import ADDRESS_PLANS, SETTINGS

ROUNDS, COMMANDS = (20, 50) if os.environ.get("MCPROXY_TESTS") == "thorough" else (2, 25)
"""Number of rounds, and of successful commands in each round."""

RESTARTS = 0.1
"""Probability of a restart before a command."""

INSTANCES, PORTS = ("a", "b", "c"), ("p1", "p2", "p3")
TABLES = {0: "up", 7: "up2", 8: "gone"}
"""Kernel tables, and the upstream of instances on each."""
DOWNSTREAMS = (*PORTS, *PORTS, "late", "p*")

Command = tuple[str, dict[str, Any], Callable[[Configuration], Configuration]]


class ChangesTests(RunningTestCase):
    """Commands concern ports with one host each; the streams of ``tv`` must lose no packet."""

    stream_rate = 200  # the test is long, and more packets would take most of the processor time

    def setUp(self) -> None:
        super().setUp()
        seed = int(os.environ.get("MCPROXY_SEED", 0)) or random.randrange(1, 2**32)
        self.label = f"MCPROXY_SEED={seed}"
        self.random = random.Random(seed)
        second = self.lab.node("second")
        self.lab.link(second, "eth0", self.proxy, "up2", *self.addresses_of_both_ends(10))
        for number, name in enumerate(PORTS):
            host = self.lab.node(f"host{number}")
            self.lab.link(host, "eth0", self.proxy, name, *self.addresses_of_both_ends(20 + number))
            for plan in ADDRESS_PLANS.values():
                host.join(plan.group.format(number + 1))
                host.join(plan.ssm.format(1), include=[plan.at(1, 2)])

    @staticmethod
    def addresses_of_both_ends(link: int) -> list[list[str]]:
        """The addresses of both ends of a cable, far end first."""
        return [
            [each for n in ADDRESS_PLANS.values() for each in n.cidrs(link, end)] for end in (2, 1)
        ]

    def test_state_after_random_commands_equals_a_fresh_start(self) -> None:
        self.run_streams(ONE_INSTANCE)
        running = parse(with_defaults(ONE_INSTANCE))
        for _ in range(ROUNDS):
            done = 0
            while done < COMMANDS:
                if self.random.random() < RESTARTS:
                    self.restart(running)
                path, request, make = self.command(running)
                try:
                    after = make(running)
                    plan = compile_plan(after)
                except ConfigurationError:
                    self.assert_refused(path, **request)
                    continue
                if any(p.instance == "tv" and p.forwarding.per_source for p in plan.instances):
                    continue  # this may lose packets: see test_rearranging
                self.change(path, **request)
                running, done = after, done + 1
                self.assertEqual(self.ask("GET", "/config")["config"], document(running))
            self.assert_no_stream_loss()
            self.check_against_a_fresh_start(running)
            self.reset_all_counts()

    def restart(self, running: Configuration) -> None:
        """Write the running configuration to the file, and restart the daemon."""
        self.daemon.config.write_text(write(running), encoding="utf-8")
        self.daemon.command("restart")
        self.assertEqual(self.ask("GET", "/config")["config"], document(running))

    def check_against_a_fresh_start(self, running: Configuration) -> None:
        """Check that a new daemon with this configuration reaches the same state."""
        state = self.settled_state()
        self.daemon.terminate()
        self.assertEqual(self.kernel_rules(), [])
        self.run_daemon(write(running))
        with contextlib.suppress(AssertionError):  # the assertion below names the difference
            wait_until(lambda: self.state() == state, 5)
        fresh = self.state()
        for what, before in state.items():
            differences = (before - fresh[what], fresh[what] - before)
            self.assertEqual(differences, (set(), set()), f"{what}, {self.label}")

    def settled_state(self) -> dict[str, set[Any]]:
        """The state when all hosts have answered all queries."""
        state: dict[str, set[Any]] = {}
        for _ in range(20):
            before, state = state, self.state()
            if state == before:
                break
            time.sleep(2 * SETTINGS["query-max-response-time"])
        return state

    # -- state

    def state(self) -> dict[str, set[Any]]:
        """The views without times, and the kernel's entries and rules without counters."""
        keys = ("instance", "interface", "role", "state", "version", "address", "querier", "groups")
        return {
            "interfaces": {tuple(r.get(key) for key in keys) for r in self.rows("interfaces")},
            "groups": {
                (r["instance"], r["interface"], r["group-address"], r["filter-mode"], sources(r))
                for r in self.rows("groups")
            },
            "routes": set(map(str, self.rows("routes"))),
            "rules": set(self.kernel_rules()),
            "entries": {
                (table, r.source, r.group, r.parent, frozenset(r.outgoing))
                for family in (IPV4, IPV6)
                for table in TABLES
                for r in self.proxy.namespace.call(dump_routes, family, table)
            },
        }

    def kernel_rules(self) -> list[Any]:
        """The policy rules of both families in the kernel."""
        families = (IPV4, IPV6)
        return [r for f in families for r in sorted(self.proxy.namespace.call(list_rules, f))]

    # -- commands

    def command(self, running: Configuration) -> Command:
        """A random command, which may be impossible."""
        choose = self.random.choice
        name, link = choose(INSTANCES), choose(DOWNSTREAMS)
        kind = choose(["instance", "remove", "link", "link", "unlink", "move", "move", "reload"])
        if kind == "instance":
            number = choose(list(TABLES))
            table = {
                "upstream": [TABLES[number]],
                "downstream": sorted({link, choose(DOWNSTREAMS)}),
                "table": number,
                "igmp-version": choose([3, 3, 0]),
            }
            made = lambda c: change.add_instance(c, name, table)  # noqa: E731
            return "/add", {"instance": name, "table": table}, made
        if kind == "remove":
            return "/remove", {"instance": name}, lambda c: change.remove_instance(c, name)
        if kind == "move":
            moved = lambda c: change.move_downstream(c, link, name)  # noqa: E731
            return "/move", {"interface": link, "to": name}, moved
        if kind == "reload":
            return self.changed_file(running)
        path, make = (
            ("/add", change.add_link) if kind == "link" else ("/remove", change.remove_link)
        )
        role = choose(["downstream"] * 4 + ["upstream"])
        link = choose(list(TABLES.values())) if role == "upstream" else link
        request = {"instance": name, role: link}
        return path, request, lambda c: make(c, name, role, link)

    def changed_file(self, running: Configuration) -> Command:
        """A reload with a random change in the file; for ``tv`` only a harmless one."""
        written = document(running)
        name = self.random.choice([one for one in written["instance"] if one != "tv"] or ["tv"])
        instance = written["instance"][name]
        settings = {"query-interval": self.random.choice([20, 30]), "max-groups": 50}
        number = self.random.choice(list(TABLES))
        others: list[dict[str, Any]] = [
            {"mld-version": self.random.choice([0, 1, 2])},
            {"table": number, "upstream": [TABLES[number]]},
            {"upstream": [self.random.choice(list(TABLES.values()))]},
            {"downstream": instance["downstream"][::-1]},
            {"static-group": ["239.1.0.5"]},
            {"forwarding": self.random.choice(["auto", "per-source"])},
        ]
        if name == "tv" or self.random.random() < 0.5:
            instance["interface"] = dict.fromkeys(instance["downstream"][:1], settings)
        else:
            instance.update(self.random.choice(others))
        self.daemon.config.write_text(toml_text(written), encoding="utf-8")
        return "/reload", {}, lambda configuration: change.rebuilt(configuration, written)


def sources(row: dict[str, Any]) -> tuple[str, ...]:
    """The sources of a group."""
    return tuple(source["source-address"] for source in row["source"])
