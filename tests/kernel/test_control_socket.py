"""The control socket of a running daemon: whose it is, and clients that are slow or many."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time

from mcproxy.lab.daemon import PROJECT, Daemon
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.wire.packets import Report

from .messages import TO_EX, record, send_message
from .running import ONE_INSTANCE, RunningTestCase, with_defaults
from .site import SLACK

LONG = 200_000
"""Bytes; more than any request may have."""

GROUPS = 50_000


class SocketTests(RunningTestCase):
    def test_socket_of_a_running_daemon_is_kept(self) -> None:
        self.start(ONE_INSTANCE)
        path = self.daemon.socket
        second = self.lab.node("second")
        program = (sys.executable, "-m", "mcproxy", "run", "--config", str(self.daemon.config))
        environment = {"PYTHONPATH": str(PROJECT)}
        other = Daemon(second, command=[*program, "--socket", str(path)], environment=environment)
        self.assertEqual(other.wait(), 1)
        self.assertIn("another process listens on it", other.lines[-1])
        self.assertEqual(self.ask("GET", "/status")["pid"], self.daemon.pid)

    def test_socket_of_a_killed_daemon_is_replaced(self) -> None:
        self.start(ONE_INSTANCE)
        path = self.daemon.socket
        self.daemon.kill()
        self.assertTrue(path.is_socket())
        program = (sys.executable, "-m", "mcproxy", "run", "--config", str(self.daemon.config))
        environment = {"PYTHONPATH": str(PROJECT)}
        again = Daemon(
            self.proxy, command=[*program, "--socket", str(path)], environment=environment
        )
        again.wait_ready()
        self.assertEqual(self.ask("GET", "/status")["pid"], again.pid)
        again.terminate()
        self.assertFalse(path.exists())

    def test_mode_of_the_socket_follows_the_file(self) -> None:
        self.start(ONE_INSTANCE)
        self.reload(ONE_INSTANCE + '[control]\nmode = "0660"\n')
        self.assertEqual(self.daemon.socket.stat().st_mode & 0o777, 0o660)
        gid = os.stat(self.daemon.socket).st_gid
        self.assertEqual(gid, os.getgid())
        self.write_config(with_defaults(ONE_INSTANCE))
        self.change("/reload")
        self.assertEqual(self.daemon.socket.stat().st_mode & 0o777, 0o600)


class CrowdTests(RunningTestCase):
    """50,000 groups on one link."""

    def setUp(self) -> None:
        super().setUp()
        self.start(ONE_INSTANCE)
        host = self.home.raw_host()
        source = self.plan.at(1, 2)
        groups = [f"239.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(GROUPS)]
        for begin in range(0, GROUPS, 180):
            report = Report(tuple(record(TO_EX, g) for g in groups[begin : begin + 180]))
            send_message(host, source, report)
            time.sleep(0.002)
        wait_until(lambda: self.ask("GET", "/status")["instance"][0]["groups"] == GROUPS, 60)

    def test_long_answer_delays_no_other_command(self) -> None:
        answers: list[bytes] = []
        for what in ("groups", "routes"):
            # The answer is parsed later, for that takes this process's time.
            asking = threading.Thread(target=lambda: answers.append(self.plain(what)))  # noqa: B023
            asking.start()
            longest = 0.0
            while asking.is_alive():
                begin = time.monotonic()
                self.ask("GET", "/status")
                longest = max(longest, time.monotonic() - begin)
            self.assertLess(longest, SLACK)
        groups, routes = (json.loads(one.partition(b"\r\n\r\n")[2]) for one in answers)
        self.assertEqual(len(groups["groups"]), GROUPS)
        self.assertGreater(len(routes["routes"]), GROUPS)

    def plain(self, what: str) -> bytes:
        """An answer, not parsed."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(str(self.daemon.socket))
            sock.sendall(f"GET /{what} HTTP/1.0\r\n\r\n".encode())
            return b"".join(iter(lambda: sock.recv(1 << 16), b""))

    def test_client_that_takes_no_answer_costs_little_memory(self) -> None:
        before = self.daemon.resident_bytes()
        for _ in range(10):
            sock = socket.socket(socket.AF_UNIX)
            self.addCleanup(sock.close)
            sock.connect(str(self.daemon.socket))
            sock.sendall(b"GET /groups HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1)
        self.assertLess(self.daemon.resident_bytes() - before, 20 << 20)
        self.assertEqual(self.ask("GET", "/status")["pid"], self.daemon.pid)
