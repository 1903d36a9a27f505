"""What the service manager is told."""

from __future__ import annotations

import os
import socket

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.systemd import notify


class NotifyTests(SynchronousTestCase):
    def listen(self, address: str, name: str) -> socket.socket:
        """A socket at ``address``, which the environment calls ``name``."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listening.close)
        listening.bind(address)
        listening.settimeout(5)
        self.patch(os, "environ", {**os.environ, "NOTIFY_SOCKET": name})
        return listening

    def test_by_a_path(self) -> None:
        path = os.path.relpath(self.mktemp())  # short enough for a socket's address
        listening = self.listen(path, os.path.abspath(path))
        if len(os.path.abspath(path)) < 100:
            notify("READY=1")
            self.assertEqual(listening.recv(100), b"READY=1")

    def test_by_an_abstract_name(self) -> None:
        name = f"mcproxy-test-{os.getpid()}"
        listening = self.listen(f"\0{name}", f"@{name}")
        notify("STOPPING=1")
        self.assertEqual(listening.recv(100), b"STOPPING=1")

    def test_one_who_does_not_read_is_not_waited_for(self) -> None:
        name = f"mcproxy-test-{os.getpid()}"
        self.listen(f"\0{name}", f"@{name}")
        for _ in range(10_000):  # more than wait to be read in any system
            self.assertIsNone(notify("READY=1"))

    def test_nobody_wants_to_know(self) -> None:
        for name in ("", "/nowhere/socket", "relative", "vsock:2:1", "/" + "x" * 300):
            self.patch(os, "environ", {"NOTIFY_SOCKET": name})
            self.assertIsNone(notify("READY=1"))
        self.patch(os, "environ", {})
        self.assertIsNone(notify("READY=1"))
