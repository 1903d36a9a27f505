"""What the service manager is told."""

from __future__ import annotations

import os
import socket
import threading

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.systemd import DescriptorStore, notify, passed_on


class NotifyTests(SynchronousTestCase):
    def listen(self, address: str, name: str) -> socket.socket:
        """A socket at ``address``, which the environment calls ``name``."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listening.close)
        listening.bind(address)
        listening.settimeout(5)
        self.patch(os, "environ", {**os.environ, "NOTIFY_SOCKET": name})
        return listening

    def test_notify_socket_with_a_path_gets_the_state(self) -> None:
        path = os.path.relpath(self.mktemp())  # short enough for a socket's address
        listening = self.listen(path, os.path.abspath(path))
        if len(os.path.abspath(path)) < 100:
            notify("READY=1")
            self.assertEqual(listening.recv(100), b"READY=1")

    def test_notify_socket_with_abstract_name_gets_the_state(self) -> None:
        name = f"mcproxy-test-{os.getpid()}"
        listening = self.listen(f"\0{name}", f"@{name}")
        notify("STOPPING=1")
        self.assertEqual(listening.recv(100), b"STOPPING=1")

    def test_notify_does_not_wait_for_a_manager_that_does_not_read(self) -> None:
        name = f"mcproxy-test-{os.getpid()}"
        self.listen(f"\0{name}", f"@{name}")
        for _ in range(10_000):  # more than wait to be read in any system
            self.assertIsNone(notify("READY=1"))

    def test_notify_without_a_manager_does_nothing(self) -> None:
        for name in ("", "/nowhere/socket", "relative", "vsock:2:1", "/" + "x" * 300):
            self.patch(os, "environ", {"NOTIFY_SOCKET": name})
            self.assertIsNone(notify("READY=1"))
        self.patch(os, "environ", {})
        self.assertIsNone(notify("READY=1"))


class PassedOnTests(SynchronousTestCase):
    def given(self, **environment: str) -> list[tuple[str, int]]:
        environ = {f"LISTEN_{key}": value for key, value in environment.items()}
        self.patch(os, "environ", environ)
        found = passed_on()
        self.assertEqual(environ, {})
        self.assertEqual(passed_on(), [])
        return found

    def test_passed_descriptors_have_their_names(self) -> None:
        ours = str(os.getpid())
        self.assertEqual(self.given(PID=ours, FDS="2", FDNAMES="a:b"), [("a", 3), ("b", 4)])

    def test_descriptors_for_another_process_are_ignored(self) -> None:
        ours = str(os.getpid())
        for environment in (
            {"PID": "1", "FDS": "1", "FDNAMES": "a"},
            {"PID": ours, "FDS": "x", "FDNAMES": "a"},
            {"PID": ours, "FDS": "0", "FDNAMES": ""},
            {"PID": ours, "FDS": "1"},
            {},
        ):
            self.assertEqual([n for n, _ in self.given(**environment) if n], [], environment)


class StoreTests(SynchronousTestCase):
    def setUp(self) -> None:
        name = f"mcproxy-test-{os.getpid()}"
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(f"\0{name}")
        self.manager.settimeout(5)
        self.ours, other = os.pipe()
        self.addCleanup(os.close, self.ours)
        os.close(other)
        self.patch(os, "environ", {"NOTIFY_SOCKET": f"@{name}", "FDSTORE": "8"})

    def heard(self) -> tuple[str, int]:
        """What the manager is told, and how many descriptors come with it."""
        data, passed, _, _ = socket.recv_fds(self.manager, 1000, 4)
        for number in passed:
            os.close(number)
        return data.decode(), len(passed)

    def test_put_and_drop_tell_the_manager(self) -> None:
        store = DescriptorStore()
        store.put("ipv4-0", self.ours)
        self.assertEqual(self.heard(), ("FDSTORE=1\nFDNAME=ipv4-0\nFDPOLL=0", 1))
        store.drop("ipv4-0")
        self.assertEqual(self.heard(), ("FDSTOREREMOVE=1\nFDNAME=ipv4-0", 0))

    def test_settle_sends_a_barrier_and_waits(self) -> None:
        told: list[tuple[str, int]] = []
        reader = threading.Thread(target=lambda: told.append(self.heard()))
        reader.start()
        DescriptorStore().settle()
        reader.join(5)
        self.assertEqual(told, [("BARRIER=1", 1)])

    def test_store_is_given_up_if_the_manager_does_not_read(self) -> None:
        store = DescriptorStore()
        with self.assertRaises(OSError):
            for _ in range(10_000):  # more than wait to be read in any system
                store.put("x", self.ours)
        self.assertFalse(store.is_there)
        self.assertIsNone(store.put("x", self.ours))

    def test_store_without_a_manager_sends_nothing(self) -> None:
        for missing in ("NOTIFY_SOCKET", "FDSTORE"):
            environ = {key: value for key, value in os.environ.items() if key != missing}
            self.patch(os, "environ", environ)
            store = DescriptorStore()
            self.assertFalse(store.is_there)
            store.put("x", self.ours)
            store.drop("x")
        self.manager.setblocking(False)
        self.assertRaises(BlockingIOError, self.manager.recv, 1)
