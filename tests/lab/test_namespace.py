"""Namespaces: who is inside, and that nothing stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from mcproxy.lab.daemon import PROJECT
from mcproxy.lab.namespace import Namespace
from mcproxy.lab.waiting import wait_until

from .support import LabTestCase, held_namespaces

_ORPHAN = """
import sys, time
from mcproxy.lab.namespace import Namespace
child = Namespace().popen(["sleep", "60"])
print(child.pid, flush=True)
time.sleep(60)
"""


def identity() -> str:
    """The namespace that the calling thread is in."""
    return os.readlink("/proc/thread-self/ns/net")


class NamespaceTests(LabTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.namespace = Namespace("test")
        self.addCleanup(self.namespace.close)

    def test_with_block_alone_is_inside(self) -> None:
        outside = identity()
        with self.namespace:
            inside = identity()
        self.assertNotEqual(inside, outside)
        self.assertEqual(identity(), outside)

    def test_error_inside_leaves_the_namespace(self) -> None:
        outside = identity()
        with self.assertRaises(ZeroDivisionError), self.namespace:
            raise ZeroDivisionError
        self.assertEqual(identity(), outside)

    def test_nested_namespaces_are_left_one_by_one(self) -> None:
        other = Namespace("other")
        self.addCleanup(other.close)
        outside = identity()
        with self.namespace:
            first = identity()
            with other, self.namespace:
                self.assertEqual(identity(), first)
            self.assertEqual(identity(), first)
        self.assertEqual(identity(), outside)

    def test_threads_enter_and_leave_independently(self) -> None:
        """A thread that leaves while another is inside goes where it came from itself."""
        other = Namespace("other")
        self.addCleanup(other.close)
        entered, leave = threading.Event(), threading.Event()
        seen = []

        def visit() -> None:
            with other:
                before = identity()
                with self.namespace:
                    entered.set()
                    leave.wait(5)
                seen.append(identity() == before)

        thread = threading.Thread(target=visit)
        outside = identity()
        with self.namespace:
            thread.start()
            entered.wait(5)
        self.assertEqual(identity(), outside)
        leave.set()
        thread.join()
        self.assertEqual(seen, [True])

    def test_socket_stays_in_the_namespace_that_opened_it(self) -> None:
        with self.namespace:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.addCleanup(sock.close)
        with self.assertRaises(OSError):
            sock.bind(("eth0", 0))
        sock.bind(("lo", 0))

    def test_sysctl_is_set_inside_only(self) -> None:
        path = Path("/proc/sys/net/ipv4/ip_default_ttl")
        before = path.read_text()
        self.namespace.sysctl("ipv4/ip_default_ttl", 77)
        self.assertEqual(path.read_text(), before)
        with self.namespace:
            self.assertEqual(path.read_text(), "77\n")

    def test_program_runs_inside(self) -> None:
        process = self.namespace.popen(
            ["readlink", "/proc/self/ns/net"], stdout=subprocess.PIPE, text=True
        )
        output, _ = process.communicate(timeout=10)
        with self.namespace:
            self.assertEqual(output.strip(), identity())

    def test_program_inherits_no_descriptor(self) -> None:
        process = self.namespace.popen(["ls", "/proc/self/fd"], stdout=subprocess.PIPE, text=True)
        output, _ = process.communicate(timeout=10)
        self.assertEqual(output.split(), ["0", "1", "2", "3"])  # 3 is the folder

    def test_close_releases_the_descriptor(self) -> None:
        before = held_namespaces()
        namespace = Namespace()
        self.assertEqual(held_namespaces(), before + 1)
        namespace.close()
        namespace.close()
        self.assertEqual(held_namespaces(), before)

    def test_program_ends_when_its_parent_is_killed(self) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", _ORPHAN], stdout=subprocess.PIPE, text=True, cwd=PROJECT
        ) as parent:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            self.assertTrue(runs(child))
            parent.send_signal(signal.SIGKILL)
            parent.wait()
            wait_until(lambda: not runs(child), 5, "the program runs on")


def runs(pid: int) -> bool:
    """Whether a process exists that has not ended (one that nobody waited for has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
