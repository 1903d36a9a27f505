"""Commands to a running daemon: what they change, and refused ones that change nothing."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

from jsonschema import Draft7Validator

from mcproxy.cli import client
from mcproxy.config.files import load
from mcproxy.control.view_schema import schema_of
from mcproxy.lab.daemon import PROJECT, Daemon
from mcproxy.lab.waiting import wait_until

from .running import ONE_INSTANCE, TWO_INSTANCES, RunningTestCase

LONG = 200_000
"""Bytes; more than any request may have."""

GROUPS = 50_000


class CommandTests(RunningTestCase):
    def mcproxy(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a command."""
        done = subprocess.run(
            [sys.executable, "-m", "mcproxy", *arguments, "--socket", str(self.daemon.socket)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def test_show_prints_each_view(self) -> None:
        self.run_streams(TWO_INSTANCES)
        group = self.members[0][0].group
        for what, *expected in (
            ("status", "tv/ipv4", "radio/ipv6", str(self.daemon.config)),
            ("interfaces", "tv        down1      downstream  up", "local", "upstream"),
            ("groups", group, "any", "4m"),
            ("hosts", group),
            ("upstreams", group, "down1:"),
            ("filters", "Denied"),
            ("flows", group, "forwarding", "kbit/s"),
            ("statistics", "report v3", "query v2", "data out"),
            ("counters", "report"),
            ("routes", group, "down1 up"),
            ("config", "[instance.radio]", "query-max-response-time = 0.3"),
        ):
            code, output = self.mcproxy("show", what)
            self.assertEqual(code, 0, output)
            for each in expected:
                self.assertIn(each, output)
            code, output = self.mcproxy("show", what, "--json")
            if what != "config":
                errors = Draft7Validator(schema_of(what)).iter_errors(json.loads(output))
                self.assertEqual([error.message for error in errors], [], what)
        self.assertEqual(self.mcproxy("show")[1].splitlines()[3][:8], "Instance")
        self.assertEqual(len(self.rows("groups")), len(self.members))

    def test_changes_are_applied_and_printed(self) -> None:
        self.run_streams(ONE_INSTANCE)
        for arguments, done in (
            ("add downstream down2 --to tv", "instance.tv.downstream: down2 added"),
            ("remove downstream down2 --from tv", "instance.tv.downstream: down2 removed"),
            (
                "add instance radio --upstream up --downstream down2 --downstream x*",
                "instance.radio: added",
            ),
            ("move down2 --to tv", "instance.tv.downstream: down2 added"),
            ("remove instance radio", "instance.radio: removed"),
        ):
            code, output = self.mcproxy(*arguments.split())
            self.assertEqual((code, output.splitlines()[0]), (0, done), output)
        downs = [r["interface"] for r in self.rows("interfaces") if r["role"] == "downstream"]
        self.assertEqual(downs, ["down1", "down2"] * 2)
        code, output = self.mcproxy("reload", "--dry-run")
        steps = [f"  tv/{family}: remove downstream down2" for family in ("ipv4", "ipv6")]
        told = ["instance.tv.downstream: down2 removed", "steps:", *steps]
        self.assertEqual((code, output.splitlines()), (0, told))
        self.assertEqual(len(self.rows("interfaces")), 6)
        self.assertEqual(self.mcproxy("reload")[0], 0)
        self.assertEqual(self.mcproxy("reload"), (0, "no changes\n"))
        self.assert_no_stream_loss()

    def test_interface_that_does_not_exist_is_a_note_and_absent(self) -> None:
        self.run_streams(ONE_INSTANCE)
        note = "note: interface lnn0 does not exist on this machine now; it will be used as soon"
        for role in ("downstream", "upstream"):
            code, output = self.mcproxy("add", role, "lnn0", "--to", "tv")
            self.assertEqual(code, 0, output)
            self.assertIn(f"instance.tv.{role}: lnn0 added\n{note}", output)
            _, output = self.mcproxy("show", "interfaces")
            lines = [one for one in output.splitlines() if one.startswith("lnn0 ")]
            self.assertEqual([one.split()[:3] for one in lines], [["lnn0", role, "absent"]] * 2)
            rows = [row for row in self.rows("interfaces") if row["interface"] == "lnn0"]
            self.assertEqual([(r["state"], r["exists"]) for r in rows], [("down", False)] * 2)
            self.assertEqual(self.mcproxy("remove", role, "lnn0", "--from", "tv")[0], 0)
            if role == "downstream":  # a second upstream makes groups migrate, which may cost data
                self.assert_no_stream_loss()

    def test_removed_interfaces_and_the_end_are_logged(self) -> None:
        self.lab.link(self.server, "eth9", self.proxy, "up9", ("10.0.9.2/24",), ("10.0.9.1/24",))
        self.run_streams(ONE_INSTANCE)
        for role, name in (("upstream", "up9"), ("downstream", "down2")):
            self.assertEqual(self.mcproxy("add", role, name, "--to", "tv")[0], 0)
            self.await_log(f"{name}: {role} found")
            self.assertEqual(self.mcproxy("remove", role, name, "--from", "tv")[0], 0)
            self.await_log(f"tv/ipv4 {name}: {role} lost")
            self.await_log(f"tv/ipv6 {name}: {role} lost")
        self.daemon.terminate()
        self.assertIn(" stopped", self.daemon.lines[-1])

    def test_saved_change_is_in_the_file_and_keeps_comments(self) -> None:
        self.start(f"# whose\n{ONE_INSTANCE}")
        before = self.daemon.config.read_text()
        self.assertEqual(self.mcproxy("add", "downstream", "down2", "--to", "tv", "--save")[0], 0)
        saved = load(str(self.daemon.config))
        self.assertEqual(saved.instances[0].downstream, ("down1", "down2"))
        self.assertIsNone(saved.control)
        self.assertIn("# whose", self.daemon.config.read_text())
        self.assertEqual(Path(f"{self.daemon.config}~").read_text(), before)
        self.assertEqual(self.mcproxy("reload"), (0, "no changes\n"))

    def test_change_that_cannot_be_saved_is_not_applied(self) -> None:
        self.start(ONE_INSTANCE)
        self.daemon.config.unlink()
        code, output = self.mcproxy("add", "downstream", "down2", "--to", "tv", "--save")
        self.assertEqual(code, 1)
        self.assertIn(f"{self.daemon.config}: cannot be written: No such file", output)
        self.assertEqual(len(self.rows("interfaces")), 4)

    def test_missing_daemon_has_exit_code_3(self) -> None:
        self.daemon = Daemon(self.proxy, command=["true"])
        code, output = self.mcproxy("show")
        self.assertEqual(code, 3)
        self.assertIn("no daemon answers at", output)


class RefusalTests(RunningTestCase):
    """Requests that are refused: the configuration stays the same and no packet is lost."""

    def setUp(self) -> None:
        super().setUp()
        self.run_streams(TWO_INSTANCES)
        self.before = self.ask("GET", "/config")
        self.addCleanup(self.assert_nothing_changed)

    def assert_nothing_changed(self) -> None:
        self.assertEqual(self.ask("GET", "/config"), self.before)
        self.assert_no_stream_loss()

    def test_impossible_changes_are_refused(self) -> None:
        table = {"upstream": ["up"], "downstream": ["down2"]}
        for path, request, text in (
            ("/add", {"instance": "x", "downstream": "eth7"}, "instance.x: no such instance"),
            ("/add", {"instance": "tv", "downstream": "down2"}, '"down2" is also downstream of'),
            ("/add", {"instance": "b", "table": table}, '"down2" is also downstream of instance'),
            ("/add", {"instance": "b", "table": {}}, "instance.b: downstream is missing"),
            (
                "/add",
                {"instance": "b", "table": table | {"downstream": ["x"], "igmp-version": 2}},
                "instance b speaks IGMPv2 on upstream up, but instance tv speaks IGMPv3 there",
            ),
            ("/add", {"instance": "b"}, 'exactly one of "table"'),
            ("/add", {"downstream": "eth7"}, 'must name an "instance"'),
            ("/remove", {"instance": "tv", "table": {}}, 'must have no "table"'),
            ("/remove", {"instance": "tv", "downstream": "eth7"}, 'no downstream "eth7"'),
            ("/move", {"interface": "eth7", "to": "tv"}, '"eth7" is not a downstream'),
            ("/move", {"interface": "down2", "to": "x"}, "instance.x: no such instance"),
            ("/move", {"interface": "down2"}, 'the new instance in "to"'),
            ("/move", {"to": "tv"}, 'must have an "interface"'),
            ("/reload", {"dryrun": True}, "dryrun: unknown key; did you mean dry-run?"),
            ("/reload", {"dry-run": 1}, "dry-run: 1 is not true or false"),
            ("/nothing", {}, "unknown path /nothing"),
            ("/groups", {}, "/groups needs the method GET"),
        ):
            self.assertIn(text, self.assert_refused(path, **request), (path, request))

    def test_files_with_mistakes_are_refused(self) -> None:
        for text, told in (
            ("", "it is empty"),
            ("[instance.tv", "not TOML"),
            (TWO_INSTANCES + "[instance.tv.interface.down9]\n", "no such downstream"),
            (
                TWO_INSTANCES.replace('["down2"]', '["down1"]'),
                '"down1" is also downstream of instance tv',
            ),
            (
                TWO_INSTANCES + "mld-version = 1\n",
                "instance radio speaks MLDv1 on upstream up, but",
            ),
        ):
            self.daemon.config.write_text(text)
            self.assertIn(told, self.assert_refused("/reload"))
        self.daemon.config.unlink()
        self.assertIn("no such file", self.assert_refused("/reload"))

    def test_table_of_another_process_is_refused(self) -> None:
        other = Daemon(self.proxy, '[instance.x]\nupstream="a"\ndownstream="b"\ntable=7\n')
        other.wait_ready()
        own = TWO_INSTANCES.replace(
            '"up"\ndownstream = ["down2"]', '"q"\ndownstream = ["down2"]\ntable=7'
        )
        self.write_config(own + '[instance.c]\nupstream = "y"\ndownstream = "z"\ntable = 8\n')
        self.assertIn("table 7", self.assert_refused("/reload"))
        other.close()

    def test_socket_that_cannot_be_made_is_refused(self) -> None:
        # The path is from the command line, the group from the file.
        self.write_config(TWO_INSTANCES + '[control]\ngroup = "no-such-group"\n')
        self.assertIn("group no-such-group does not exist", self.assert_refused("/reload"))

    def connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.settimeout(5)
        sock.connect(str(self.daemon.socket))
        return sock

    def test_malformed_requests_are_answered_with_an_error(self) -> None:
        for data, expected in (
            (b"\x00\xff\x01\r\n\r\n", b"400"),
            (b"GET\r\n\r\n", b"400"),
            (b"POST /reload HTTP/1.1\r\nContent-Length: 3\r\n\r\n{{{", b"not valid JSON"),
            (b"POST /reload HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", b"not a table"),
            (b"POST /add HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
            (b"POST /add HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % LONG, b"413"),
            (b"GET /" + b"x" * LONG, b""),
            (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * LONG, b"400"),
            (
                b"POST /add HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                + b"%x\r\n" % LONG
                + b"x" * LONG,
                b"413",
            ),
        ):
            sock = self.connect()
            answer = b""
            with contextlib.suppress(ConnectionError):
                sock.sendall(data)
            with contextlib.suppress(ConnectionError):
                while part := sock.recv(4096):
                    answer += part
            self.assertIn(expected, answer, data[:60])

    def test_deeply_nested_request_is_answered_with_an_error(self) -> None:
        deep = b"[" * 30_000
        sock = self.connect()
        sock.sendall(b"POST /add HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(deep) + deep)
        self.assertIn(b" 400 ", sock.recv(4096))

    def test_stalled_clients_are_limited_and_cut(self) -> None:
        stalled = [self.connect() for _ in range(40)]
        for sock in stalled:
            with contextlib.suppress(ConnectionError):
                sock.sendall(b"GET /groups HTTP/1.1\r\n")
        turned_away = [sock for sock in stalled if self.is_closed(sock)]
        self.assertEqual(len(turned_away), 8)
        for sock in stalled[:4]:
            sock.close()
        wait_until(self.answers, 5, "no answer beside stalled clients")
        wait_until(lambda: all(map(self.is_closed, stalled[4:])), 20, "stalled clients are not cut")

    def answers(self) -> bool:
        try:
            return bool(self.ask("GET", "/status"))
        except client.FailureError:
            return False

    @staticmethod
    def is_closed(sock: socket.socket) -> bool:
        sock.settimeout(0.05)
        try:
            return sock.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def test_simultaneous_changes_are_applied_one_after_the_other(self) -> None:
        self.write_config("# again\n" + TWO_INSTANCES)
        done: list[object] = []
        threads = [
            threading.Thread(target=lambda: done.append(self.change("/reload"))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        self.assertEqual(done, [[]] * 8)

    def test_socket_is_for_its_owner_only(self) -> None:
        self.assertEqual(self.daemon.socket.stat().st_mode & 0o777, 0o600)
