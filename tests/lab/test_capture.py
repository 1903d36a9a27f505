"""Captures, hand-made packets, daemons."""

from __future__ import annotations

import ipaddress
import signal
import time
from collections.abc import Callable

from mcproxy.lab.capture import Frame, is_membership
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.waiting import wait_until

from .support import LabTestCase

GROUP, GROUP6 = "239.1.1.1", "ff05::1234"


def containing(value: bytes) -> Callable[[Frame], bool]:
    """Whether a frame has these bytes in it."""
    return lambda frame: value in frame.packet


class CaptureTests(LabTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sender, self.receiver = self.pair()

    def test_report_is_captured_at_both_ends(self) -> None:
        near, far = self.receiver.capture(), self.sender.capture()
        begin = time.time()
        for group in (GROUP, GROUP6):
            self.receiver.join(group)
            packed = ipaddress.ip_address(group).packed
            sent, came = (capture.wait_for(containing(packed)) for capture in (near, far))
            self.assertEqual(sent.packet, came.packet)
            self.assertTrue(sent.outgoing)
            self.assertFalse(came.outgoing)
            self.assertLessEqual(begin, sent.time)
            self.assertLess(came.time - sent.time, 0.1)

    def test_capture_leaves_out_other_packets(self) -> None:
        capture = self.receiver.capture()
        self.receiver.join(GROUP)
        self.sender.burst(GROUP, 5)
        self.sender.burst(GROUP6, 5)
        capture.wait_for(lambda frame: frame.packet[0] >> 4 == 4)
        self.assertTrue(all(is_membership(frame.packet) for frame in capture.frames()))

    def test_numbered_packets_are_captured_with_source_group_and_hops(self) -> None:
        capture = self.receiver.capture(data=True)
        for group, source in ((GROUP, "10.0.1.1"), (GROUP6, "fd00:1::1")):
            capture.clear()
            self.sender.burst(group, 5, ttl=3)
            wait_until(lambda: len(list(capture.data())) >= 5)
            data = list(capture.data())
            self.assertEqual([each.sequence for each in data], list(range(5)))
            self.assertEqual({(e.source, e.group, e.hops) for e in data}, {(source, group, 3)})
        self.assertEqual(list(capture.data(outgoing=True)), [])

    def test_wait_for_packet_that_does_not_come_fails(self) -> None:
        with self.assertRaisesRegex(AssertionError, "no such packet"):
            self.receiver.capture().wait_for(lambda frame: False, 0.05)

    def test_raw_packet_is_sent_unchanged(self) -> None:
        capture = self.receiver.capture()
        packet = bytearray(self.report())
        packet[-1] ^= 0xFF  # a wrong checksum, from an address that nobody has
        packet[12:16] = bytes([10, 9, 9, 9])
        self.sender.raw_host().send(bytes(packet))
        capture.wait_for(lambda frame: frame.packet == packet and not frame.outgoing)

    def report(self) -> bytes:
        """A report as the kernel sends it."""
        capture = self.sender.capture()
        self.sender.join("239.7.7.7")
        return capture.wait_for(lambda frame: frame.packet[0] >> 4 == 4).packet


class DaemonTests(LabTestCase):
    def daemon(self, script: str) -> Daemon:
        """A shell script as a daemon."""
        return Daemon(self.lab.node("router"), command=("sh", "-c", script))

    def test_daemon_output_and_exit_code_are_collected(self) -> None:
        daemon = self.daemon("echo one >&2; echo two >&2; exit 3")
        self.assertEqual(daemon.wait(), 3)
        self.assertEqual(daemon.lines, ["one", "two"])

    def test_daemon_that_ends_early_is_not_ready(self) -> None:
        daemon = self.daemon("echo no such file >&2; exit 1")
        with self.assertRaisesRegex(AssertionError, "no such file"):
            daemon.wait_ready()

    def test_silent_daemon_is_not_ready(self) -> None:
        daemon = self.daemon("sleep 60")
        with self.assertRaisesRegex(AssertionError, "not ready"):
            daemon.wait_ready(0.1)

    def test_terminated_daemon_gives_its_exit_code(self) -> None:
        daemon = self.daemon("trap 'exit 7' TERM; echo up >&2; while :; do sleep 0.01; done")
        wait_until(lambda: daemon.lines == ["up"])
        code, took = daemon.terminate()
        self.assertEqual(code, 7)
        self.assertLess(took, 5)

    def test_killed_daemon_ends_by_the_signal(self) -> None:
        daemon = self.daemon("sleep 60")
        daemon.kill()
        self.assertEqual(daemon.process.returncode, -signal.SIGKILL)

    def test_running_daemon_uses_cpu_and_memory(self) -> None:
        daemon = self.daemon("while :; do :; done")
        wait_until(lambda: daemon.cpu_seconds() > 0.05)
        self.assertGreater(daemon.resident_bytes(), 100_000)

    def test_daemon_that_notifies_is_ready(self) -> None:
        script = (
            "import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
            "s.sendto(b'STATUS=soon', os.environ['NOTIFY_SOCKET']); "
            "s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])"
        )
        daemon = Daemon(self.lab.node("router"), command=("python3", "-c", script))
        self.assertGreater(daemon.wait_ready(), 0)
