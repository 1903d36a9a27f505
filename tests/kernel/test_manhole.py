"""The manhole of a running daemon, used with OpenSSH's client."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli import client
from mcproxy.lab.daemon import Daemon, wait_until
from mcproxy.lab.topology import Lab

CONFIG = """
[instance.a]
upstream = "up"
downstream = ["down1"]

[manhole]
listen = "{listen}"
authorized-keys = "{folder}/keys"
host-key = "{folder}/host_key"
"""

# Connects OpenSSH's client to a UNIX socket; it is not under test.
RELAY = """
import os, selectors, socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
chooser = selectors.DefaultSelector()
chooser.register(0, selectors.EVENT_READ)
chooser.register(sock, selectors.EVENT_READ)
while True:
    for key, _ in chooser.select():
        data = os.read(key.fd, 65536)
        if not data:
            sys.exit()
        sock.sendall(data) if key.fd == 0 else os.write(1, data)
"""


class ManholeTests(SynchronousTestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="mcproxy-manhole-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        self.router, self.host = self.lab.node("router"), self.lab.node("host")
        source = self.lab.node("source")
        self.lab.link(source, "eth0", self.router, "up", ["10.0.1.2/24"], ["10.0.1.1/24"])
        self.lab.link(self.host, "eth0", self.router, "down1", ["10.0.2.2/24"], ["10.0.2.1/24"])
        self.make_key("mine")
        public = (self.folder / "mine.pub").read_text("ascii")
        (self.folder / "keys").write_text(public, "ascii")

    def make_key(self, name: str) -> None:
        """A key pair as ``ssh-keygen -t ed25519 -f NAME`` makes it."""
        key = Ed25519PrivateKey.generate()
        openssh = serialization.PrivateFormat.OpenSSH
        secret = key.private_bytes(
            serialization.Encoding.PEM, openssh, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        path = self.folder / name
        path.touch(0o600)
        path.write_bytes(secret)
        path.with_suffix(".pub").write_bytes(public + b" test\n")

    def daemon(self, listen: str) -> Daemon:
        daemon = Daemon(self.router, CONFIG.format(listen=listen, folder=self.folder))
        daemon.wait_ready()
        return daemon

    def visit(self, commands: str, *options: str, key: str = "mine") -> tuple[int, str]:
        """Type ``commands`` and Ctrl-D at the prompt; exit code and what was printed.

        The exit code is 255 for a shell that reports none, and for a refusal.
        """
        client = self.router.popen(
            [
                *("ssh", "-tt", "-F", "none", "-i", str(self.folder / key)),
                *("-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"),
                *("-o", "StrictHostKeyChecking=no"),
                *("-o", f"UserKnownHostsFile={self.folder}/known", *options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TERM": "vt100"},
        )
        output, _ = client.communicate(commands + "\x04", timeout=30)
        return client.returncode, output

    def test_shell_on_loopback_prints_groups_and_routes(self) -> None:
        self.daemon("127.0.0.1:4022")
        member = self.host.join("239.1.1.1")
        wait_until(lambda: "239.1.1.1" in self.router.run("ip", "mroute"), message="joined")
        _, output = self.visit(
            "instances()\ngroups()\nroutes()\ncounters()\n", "-p4022", "me@127.0.0.1"
        )
        for expected in ("'group-address': '239.1.1.1'", "'filter-mode': 'exclude'", "'up'"):
            self.assertIn(expected, output)
        self.assertIn("'outgoing-interface': ['down1', 'up']", output)
        self.assertIn("'kind': 'query', 'what': 'sent'", output.replace("\r\n ", ""))
        self.assertNotIn("Traceback", output)
        member.leave()

    def test_mcproxy_shell_opens_a_session_on_either_kind_of_address(self) -> None:
        for listen in ("127.0.0.1:4022", str(self.folder / "man%hole")):
            daemon = self.daemon(listen)
            words = [sys.executable, "-m", "mcproxy", "shell", "--identity", f"{self.folder}/mine"]
            shell = self.router.popen(
                [*words, "--socket", str(daemon.socket)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "TERM": "vt100", "HOME": str(self.folder)},
            )
            output, _ = shell.communicate("instances()\nhelp()\nexit()\n", timeout=30)
            self.assertIn("'instance': 'a/ipv4'", output)
            self.assertIn("end the session, as quit()", output)
            self.assertEqual(shell.returncode, 0, output)
            lines = daemon.lines[:]
            daemon.terminate()
            self.assertFalse([one for one in lines if "critical" in one or "Traceback" in one])

    def test_host_key_is_created_once_with_mode_0600(self) -> None:
        daemon = self.daemon("127.0.0.1:4022")
        key = self.folder / "host_key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        secret = key.read_bytes()
        daemon.terminate()
        self.daemon("127.0.0.1:4022")
        self.assertEqual(key.read_bytes(), secret)

    def test_shell_on_a_unix_socket_prints_instances(self) -> None:
        path = self.folder / "manhole"
        daemon = self.daemon(str(path))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        relay = self.folder / "relay.py"
        relay.write_text(RELAY, "ascii")
        proxy = f"ProxyCommand={sys.executable} {relay} {path}"
        _, output = self.visit("instances()\n", "-o", proxy, "me@mcproxy")
        self.assertIn("'instance': 'a/ipv4'", output)
        daemon.kill()
        self.daemon(str(path))  # the socket that the killed daemon left is replaced

    def test_reload_restarts_and_removes_the_manhole(self) -> None:
        path = self.folder / "manhole"
        daemon = self.daemon(str(path))
        before = path.stat().st_ctime_ns
        text = daemon.config.read_text("utf-8")
        daemon.config.write_text(text.replace("/keys", "/other_keys"), "utf-8")
        self.assertEqual(len(self.reload(daemon)), 1)
        self.assertNotEqual(path.stat().st_ctime_ns, before)
        daemon.config.write_text(text[: text.index("[manhole]")], "utf-8")
        self.assertEqual(self.reload(daemon), [{"where": "manhole", "what": "removed"}])
        self.assertFalse(path.exists())

    def reload(self, daemon: Daemon) -> list[dict[str, str]]:
        changes: list[dict[str, str]] = client.ask(str(daemon.socket), "POST", "/reload")["changes"]
        return changes

    def test_rsa_key_is_accepted(self) -> None:
        self.daemon("127.0.0.1:4022")
        path = self.folder / "rsa"
        key = rsa.generate_private_key(65537, 2048)
        openssh = serialization.PrivateFormat.OpenSSH
        path.touch(0o600)
        path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, openssh, serialization.NoEncryption())
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        (self.folder / "keys").write_bytes(public + b"\n")
        _, output = self.visit("instances()\n", "-p4022", "me@127.0.0.1", key="rsa")
        self.assertIn("'instance': 'a/ipv4'", output)

    def test_session_that_ends_as_usual_leaves_no_line_in_the_log(self) -> None:
        daemon = self.daemon("127.0.0.1:4022")
        wait_until(lambda: daemon.lines[-1].endswith(" ready"), 5, "the daemon is not ready")
        before = len(daemon.lines)
        _, output = self.visit("instances()\n", "-p4022", "me@127.0.0.1")
        self.assertIn("'instance': 'a/ipv4'", output)
        daemon.terminate()
        self.assertEqual(
            [line.split()[-1] for line in daemon.lines[before:]], ["stopping", "stopped"]
        )

    def test_unusable_key_files_fail_the_start(self) -> None:
        for name, mode in (("keys", 0o666), ("host_key", 0o644)):
            path = self.folder / name
            path.touch()
            before = path.stat().st_mode
            path.chmod(mode)
            daemon = Daemon(self.router, CONFIG.format(listen="127.0.0.1:4022", folder=self.folder))
            self.assertEqual(daemon.process.wait(20), 1)
            wait_until(
                lambda d=daemon, m=mode, p=path: any(
                    f"{p} (mode {m:04o})" in line for line in d.lines
                ),
                message="refused",
            )
            path.chmod(before)

    def test_unknown_key_is_refused(self) -> None:
        self.daemon("127.0.0.1:4022")
        self.make_key("theirs")
        code, output = self.visit("instances()\n", "-p4022", "me@127.0.0.1", key="theirs")
        self.assertEqual(code, 255)
        self.assertIn("Permission denied", output)
