"""Hostile clients of the control socket and the HTTP endpoint: the daemon goes on with its work."""

from __future__ import annotations

import subprocess
import sys
import time

from mcproxy.cli.client import FailureError
from mcproxy.lab.waiting import wait_until

from .. import hostile_clients
from .messages import TO_EX, TO_IN, record
from .running import ONE_INSTANCE
from .test_http import ON_A_LINK, PORT, HttpTestCase

SECONDS = 6
MOST_MEMORY = 24 << 20
"""Bytes that all these clients together may cost."""


class HostileClientTests(HttpTestCase):
    """All kinds of hostile clients at once, while a host joins and leaves."""

    def setUp(self) -> None:
        super().setUp()
        self.start(ONE_INSTANCE + ON_A_LINK)
        self.get("/health", "10.0.2.1", self.home)
        self.upstream = self.server.capture()
        self.member = self.home.join(self.groups[1])
        self.stream(self.groups[1])
        wait_until(lambda: self.member.total() > 100, 5, "the stream arrives")

    def attack(self, where: str) -> subprocess.Popen[bytes]:
        """Start all kinds of clients, on the host's side of the link or on the proxy."""
        node = self.proxy if where.startswith("/") else self.home
        words = (sys.executable, hostile_clients.__file__, where, str(SECONDS))
        process: subprocess.Popen[bytes] = node.popen(words)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def state(self) -> tuple[object, ...]:
        status = self.ask("GET", "/status")
        return (
            self.ask("GET", "/config"),
            self.ask("GET", "/log-level"),
            status["pid"],
            status["started"],
        )

    def check(self, where: str) -> None:
        """Attack: joins and leaves are reported, the stream flows, and nothing changes."""
        before, memory = self.state(), self.daemon.resident_bytes()
        attack, joins = self.attack(where), 0
        self.member.forget()
        while attack.poll() is None:
            joins += 1
            group = self.plan.group.format(10 + joins)
            member = self.home.join(group)
            self.await_reported(self.upstream, record(TO_EX, group))
            member.leave()
            self.await_reported(self.upstream, record(TO_IN, group))
        self.assertEqual(attack.returncode, 0)
        self.assertGreater(joins, 2)
        arrived = self.member.of(self.source)
        self.assertEqual((arrived.lost, arrived.duplicates), (0, 0))
        self.assertLess(self.daemon.resident_bytes() - memory, MOST_MEMORY)
        wait_until(self.answers, 15, "neither endpoint answers after the attack")
        self.assertEqual(self.state(), before)

    def answers(self) -> bool:
        """Whether both endpoints answer."""
        try:
            self.ask("GET", "/status")
            return self.get("/health", "10.0.2.1", self.home)[0] == 200
        except (OSError, IndexError, FailureError):
            time.sleep(0.1)
            return False

    def test_clients_of_the_control_socket_stop_nothing(self) -> None:
        self.check(str(self.daemon.socket))

    def test_clients_on_the_network_stop_nothing(self) -> None:
        self.check(f"10.0.2.1:{PORT}")
