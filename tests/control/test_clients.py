"""Clients of the control service on a real UNIX socket: many, idle, slow."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock, LoopingCall, deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mcproxy.cli.client import ask
from mcproxy.config.model import ControlConfig
from mcproxy.control import http
from mcproxy.control.answers import Answer, RowsAnswer
from mcproxy.control.connections import MOST_CONNECTIONS
from mcproxy.control.http import Connection, Endpoint
from mcproxy.control.requests import ApiRequest
from mcproxy.control.unix_socket import ControlService

from ..source import PROJECT

ROWS = 50_000


class ClientTests(TestCase):
    def setUp(self) -> None:
        self.path = os.path.relpath(self.mktemp())
        self.clock = Clock()
        self.answer = Answer({"done": True})
        service = ControlService(
            reactor,
            ControlConfig(self.path),
            lambda factory: Connection(factory, self.clock, Endpoint(self.handle)),
        )
        service.startService()
        self.addCleanup(service.stopService)

    def handle(self, request: ApiRequest) -> Deferred[Answer]:
        return succeed(self.answer)

    def ask(self) -> Deferred[Any]:
        """The answer to a command, which runs in a thread."""
        return deferToThread(ask, self.path, "GET", "/rows")

    def connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.setblocking(False)
        sock.connect(self.path)
        return sock

    @staticmethod
    def is_open(sock: socket.socket) -> bool:
        try:
            return sock.recv(1) != b""
        except BlockingIOError:
            return True
        except ConnectionError:
            return False

    async def test_200_idle_clients_do_not_keep_commands_out(self) -> None:
        clients = []
        for _ in range(8):
            clients += [self.connect() for _ in range(25)]
            await deferLater(reactor, 0.02)
        self.assertEqual(sum(map(self.is_open, clients)), MOST_CONNECTIONS)
        self.clock.advance(http.REQUEST_TIME)
        await deferLater(reactor, 0.02)
        self.assertEqual(sum(map(self.is_open, clients)), 0)
        self.assertEqual(await self.ask(), {"done": True})

    async def test_long_answer_leaves_the_reactor_time_for_other_work(self) -> None:
        self.answer = RowsAnswer("rows", ({"number": n, "text": "x" * 50} for n in range(ROWS)))
        done = 0

        def work() -> None:
            nonlocal done
            done += 1

        turns = LoopingCall(work)
        turns.start(0)
        answer = await self.ask()
        turns.stop()
        self.assertEqual(len(answer["rows"]), ROWS)
        self.assertGreater(done, ROWS / 1000)

    async def test_client_that_takes_nothing_has_few_rows_made(self) -> None:
        made = 0

        def rows() -> Any:
            nonlocal made
            for number in range(ROWS):
                made += 1
                yield {"number": number, "text": "x" * 200}

        self.answer = RowsAnswer("rows", rows())
        sock = self.connect()
        sock.send(b"GET /rows HTTP/1.1\r\nHost: x\r\n\r\n")
        await deferLater(reactor, 0.3)
        self.assertLess(made, ROWS / 10)
        self.clock.advance(http.ANSWER_TIME)
        await deferLater(reactor, 0.02)
        answer = b""
        while data := self.received(sock):
            answer += data
        self.assertTrue(answer)
        self.assertNotIn(b"\r\n0\r\n\r\n", answer)
        self.assertFalse(self.is_open(sock))

    @staticmethod
    def received(sock: socket.socket) -> bytes:
        try:
            return sock.recv(1 << 16)
        except ConnectionError:
            return b""

    def test_web_server_is_imported_for_the_first_client_only(self) -> None:
        program = (
            "import sys, json\n"
            "import mcproxy.tap, mcproxy.cli.run, mcproxy.control.unix_socket\n"
            "print(json.dumps([n for n in sys.modules if n.startswith('twisted.web')"
            " or n.startswith('rich')]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True
        )
        self.assertEqual(json.loads(done.stdout), [], done.stderr)
