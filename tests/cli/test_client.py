"""Commands for a running daemon, against a fake daemon."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from typing import Any

from mcproxy.cli import client
from mcproxy.config.model import ControlConfig
from mcproxy.exit_codes import NO_DAEMON

from ..source import PROJECT
from .support import CommandTestCase


class FakeDaemon:
    """Answers each request with ``status`` and ``body``, and keeps the requests."""

    def __init__(self, path: str) -> None:
        self.status, self.body = 200, b"{}"
        self.most: int | None = None  # answers before it ends
        self.asked: list[tuple[str, Any]] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        self._socket.listen(5)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it has ended
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                self._answer(connection, lines)
                if len(self.asked) == self.most:
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _answer(self, connection: socket.socket, lines: Any) -> None:
        request, length = lines.readline().decode().rsplit(" ", 1)[0], 0
        while header := lines.readline().strip():
            name, _, value = header.decode().partition(": ")
            length = int(value) if name.lower() == "content-length" else length
        body = lines.read(length)
        self.asked.append((request, json.loads(body) if body else None))
        head = f"HTTP/1.1 {self.status} X\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + self.body)


class ClientTestCase(CommandTestCase):
    def setUp(self) -> None:
        self.path = os.path.relpath(self.mktemp())

    def daemon(self, body: object, status: int = 200) -> FakeDaemon:
        daemon = FakeDaemon(self.path)
        self.addCleanup(daemon.close)
        daemon.status, daemon.body = status, json.dumps(body).encode()
        return daemon

    def command(self, line: str) -> int:
        return self.run_here(*line.split(), "--socket", self.path)


class RequestTests(ClientTestCase):
    def test_each_command_sends_its_request(self) -> None:
        daemon = self.daemon({"changes": [{"where": "x", "what": "y added"}]})
        for line, path, request in (
            ("reload", "/reload", {"dry-run": False}),
            (
                "add instance b --upstream u --downstream d --downstream e* --table 7 --save",
                "/add",
                {
                    "instance": "b",
                    "table": {"upstream": ["u"], "downstream": ["d", "e*"], "table": 7},
                    "save": True,
                },
            ),
            (
                "add downstream d --to b",
                "/add",
                {"instance": "b", "downstream": "d", "save": False},
            ),
            ("add upstream u --to b", "/add", {"instance": "b", "upstream": "u", "save": False}),
            ("remove instance b", "/remove", {"instance": "b", "save": False}),
            (
                "remove upstream u --from b --save",
                "/remove",
                {"instance": "b", "upstream": "u", "save": True},
            ),
            ("move d --to b", "/move", {"interface": "d", "to": "b", "save": False}),
        ):
            self.assertEqual(self.command(line), 0, self.err)
            self.assertEqual(daemon.asked.pop(), (f"POST {path}", request))
            self.assertEqual(self.out, "x: y added\n")

    def test_dry_run_prints_the_changes_and_then_the_steps(self) -> None:
        daemon = self.daemon({"changes": [{"where": "x", "what": "y added"}], "steps": ["a", "b"]})
        for option in ("-n", "--dry-run"):
            self.assertEqual(self.command(f"reload {option}"), 0)
            self.assertEqual(daemon.asked.pop(), ("POST /reload", {"dry-run": True}))
            self.assertEqual(self.out, "x: y added\nsteps:\n  a\n  b\n")
        daemon.body = b'{"changes": [{"where": "x", "what": "y added"}], "steps": []}'
        self.assertEqual(self.command("reload -n"), 0)
        self.assertEqual(self.out, "x: y added\nsteps: none; what runs stays as it is\n")

    def test_notes_are_printed_after_the_changes(self) -> None:
        self.daemon({"changes": [{"where": "x", "what": "y added"}], "steps": [], "notes": ["n"]})
        for line in ("reload", "add downstream d --to b", "move d --to b"):
            self.assertEqual(self.command(line), 0)
            self.assertEqual(self.out, "x: y added\nnote: n\n")

    def test_change_of_which_a_step_failed_is_a_failure(self) -> None:
        """The changes are printed, and then the step."""
        body = {"changes": [{"where": "x", "what": "y added"}], "steps": [], "notes": []}
        self.daemon({**body, "error": "in part\na: stop: ValueError()"}, 500)
        for line in ("reload", "add downstream d --to b", "move d --to b", "remove instance b"):
            self.assertEqual(self.command(line), 1)
            self.assertEqual(self.out, "x: y added\n")
            self.assertEqual(self.err, "mcproxy: in part\nmcproxy: a: stop: ValueError()\n")

    def test_answer_without_changes_is_said(self) -> None:
        self.daemon({"changes": [], "steps": []})
        for line in ("reload", "reload -n"):
            self.assertEqual(self.command(line), 0)
            self.assertEqual(self.out, "no changes\n")

    def test_incomplete_command_is_wrong_use(self) -> None:
        for line in (
            "add", "add instance", "add downstream d", "add downstream --to b", "add nothing",
            "remove", "remove downstream d", "remove instance", "move d", "move --to b",
            "reload now", "show nothing", "add instance b --table many",
        ):  # fmt: skip
            self.assertEqual(self.command(line), 2, line)
            self.assertIn("usage: mcproxy", self.err)


class FailureTests(ClientTestCase):
    def test_refusal_is_printed_and_has_its_exit_code(self) -> None:
        daemon = self.daemon({"error": "instance.b: no such instance\nanother"}, 409)
        self.assertEqual(self.command("move d --to b"), 1)
        self.assertEqual(self.err, "mcproxy: instance.b: no such instance\nmcproxy: another\n")
        daemon.status = 403
        self.assertEqual(self.command("move d --to b"), 4)

    def test_missing_daemon_has_exit_code_3(self) -> None:
        self.assertEqual(self.command("show"), 3)
        self.assertIn(f"no daemon answers at {self.path}: No such file or directory", self.err)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.path)
        self.assertEqual(self.command("show"), 3)
        self.assertIn("Connection refused", self.err)

    def test_daemon_with_a_full_queue_is_told(self) -> None:
        with socket.socket(socket.AF_UNIX) as crowded, contextlib.ExitStack() as waiting:
            crowded.bind(self.path)
            crowded.listen(0)
            with contextlib.suppress(BlockingIOError):
                while True:
                    one = waiting.enter_context(socket.socket(socket.AF_UNIX))
                    one.setblocking(False)
                    one.connect(self.path)
            self.assertEqual(self.command("show"), NO_DAEMON)
        self.assertIn("has too many clients that wait for it; try again", self.err)

    def test_forbidden_socket_has_exit_code_4(self) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        self.patch(client._Connection, "connect", refuse)
        self.assertEqual(self.command("show"), 4)
        self.assertIn(f"not permitted to use the socket {self.path}", self.err)

    def test_answer_that_is_cut_has_exit_code_3(self) -> None:
        daemon = self.daemon({})
        for body in (b'{"groups": [', b"", b"\xff"):
            daemon.body = body
            self.assertEqual(self.command("show groups"), 3)
            self.assertIn("closed the connection early", self.err)


class StartTests(ClientTestCase):
    def test_default_socket_is_the_daemon_s_default(self) -> None:
        usual = client.parser("show", "").parse_args([]).socket
        self.assertEqual(usual, ControlConfig().socket)

    def test_commands_import_little(self) -> None:
        program = (
            "import sys\n"
            "from mcproxy.cli import add, move, reload, remove, show\n"
            "print([name for name in ('twisted', 'attr', 'attrs', 'tomlkit', 'pyroute2', 'rich')"
            " if name in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True
        )
        self.assertEqual(done.stdout, "[]\n", done.stderr)

    def test_reader_that_leaves_early_is_no_error(self) -> None:
        rows = [{"instance": "a", "interface": str(n)} for n in range(20_000)]
        self.daemon({"interfaces": rows})
        command = [sys.executable, "-m", "mcproxy", "show", "interfaces", "--socket"]
        path = os.path.relpath(self.path, PROJECT)  # short enough, wherever the project is
        process = subprocess.Popen(
            [*command, path], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(), 0)
