"""The demo from beginning to end, and that it does see what is wrong."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli import demo
from mcproxy.exit_codes import NOT_PERMITTED
from mcproxy.lab import mobility
from mcproxy.lab.daemon import PROJECT, Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.privileges import NoRightsError
from mcproxy.lab.scenes import Line, Play
from mcproxy.lab.waiting import wait_until

from .support import LabTestCase
from .test_namespace import runs

_PRETENDER = """
import os, socket, time
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
time.sleep(60)
"""


class Lines:
    """A view that keeps what it is told."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def say(self, text: str) -> None:
        """Nothing."""

    tell = say

    def glance(self) -> None:
        """Nothing."""

    def showing(self, play: Play) -> Play:
        """Nothing."""
        return mock.MagicMock()

    def conclude(self, play: Play, faults: list[str]) -> None:
        """Keep what was wrong."""
        self.faults = list(faults)


def shortened(play: Play) -> list[Line]:
    """The beginning of the play and its end."""
    return [
        Line(0.1, "all streams run", play._begin),
        Line(0.4, "receiver1 joins", play._any_source),
        Line(1.0, "the end", play._end),
    ]


class DemoTests(LabTestCase):
    def start(
        self, *arguments: str, terminal: str = "xterm", **options: object
    ) -> subprocess.Popen[str]:
        """The demo as users start it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "mcproxy", "demo", *arguments],
            cwd=PROJECT,
            text=True,
            stderr=subprocess.PIPE,
            env={**os.environ, "TERM": terminal},
            **options,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_demo_without_terminal_prints_lines_and_finds_no_fault(self) -> None:
        """Lines, where standard output is no terminal."""
        process = self.start(stdout=subprocess.PIPE)
        output, errors = process.communicate(timeout=120)
        self.assertEqual((process.returncode, errors), (0, ""), output)
        self.assertIn(
            "Every wanted packet arrived exactly once, and no unwanted packet was forwarded.",
            output,
        )
        self.assertNotIn("\x1b", output)

    def test_mobility_scene_finds_no_fault(self) -> None:
        """The other scene: streams follow it to other gateways and instances."""
        process = self.start("--scene", "mobility", stdout=subprocess.PIPE)
        output, errors = process.communicate(timeout=60)
        self.assertEqual((process.returncode, errors), (0, ""), output)
        self.assertIn("The streams followed the node.", output)
        self.assertEqual(output.count("was away for"), 12, output)

    def test_demo_ended_by_signal_leaves_no_process(self) -> None:
        process = self.start(stdout=subprocess.PIPE)
        assert process.stdout is not None
        while "all streams run" not in process.stdout.readline():
            pass
        children = children_of(process.pid)
        self.assertEqual(len(children), 1)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
        self.assertEqual((process.returncode, errors), (1, "mcproxy demo: interrupted\n"))
        wait_until(lambda: not any(map(runs, children)))

    def test_demo_on_terminal_shows_a_table(self) -> None:
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = self.start(stdout=theirs)
        os.close(theirs)
        shown = b""
        while b"receiver1" not in shown.partition(b"came")[2]:
            shown += os.read(ours, 65536)
        self.assertIn(b"\x1b[", shown)
        process.terminate()
        with contextlib.suppress(OSError):  # the other end is closed
            while os.read(ours, 65536):
                pass
        self.assertEqual(process.wait(10), 1)

    def test_demo_on_dumb_terminal_prints_lines(self) -> None:
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = self.start(stdout=theirs, terminal="dumb")
        os.close(theirs)
        shown = b""
        while b"receiver1 joins" not in shown:
            shown += os.read(ours, 65536)
        self.assertNotIn(b"\x1b", shown)
        process.terminate()


class FaultTests(LabTestCase):
    """The play, shortened, with proxies that are none."""

    def play(self, command: tuple[str, ...]) -> list[str]:
        """What the demo finds wrong."""
        view = Lines()

        def start(node: Node) -> Daemon:
            return Daemon(node, command=command)

        with mock.patch.object(Play, "lines", shortened):
            self.assertEqual(demo.play(start, view), 1)
        return view.faults

    def test_proxy_that_forwards_nothing_is_a_fault(self) -> None:
        faults = self.play((sys.executable, "-c", _PRETENDER))
        for group in ("239.1.1.1", "ff1e::1"):
            self.assertIn(f"receiver1, {group} (any): nothing came", faults)
        self.assertIn("server, 239.2.2.2 (camera): nothing came", faults)
        self.assertIn("the proxy exited with code -15", faults)

    def test_bridge_that_forwards_everything_is_a_fault(self) -> None:
        """It sends everything everywhere."""
        steps = ["ip link add name br0 type bridge mcast_snooping 0", "ip link set br0 up"]
        steps += [f"ip link set dev {name} master br0" for name in ("up", "down1", "down2")]
        steps.append(f"exec {sys.executable} -c '{_PRETENDER}'")
        faults = " ".join(self.play(("sh", "-c", " && ".join(steps))))
        self.assertNotIn("nothing came", faults)
        for link in ("down1", "down2"):
            for source, group in (("10.0.0.1", "239.9.9.9"), ("fd00:a::1", "ff1e::9")):
                self.assertRegex(
                    faults, f"{link}: [0-9]+ unwanted packets from {source} to {group}"
                )

    def test_journey_to_instance_without_upstream_is_a_fault(self) -> None:
        """The node comes to an instance without a way to the other anchor."""
        nowhere = mobility.VISITED.replace('"visited"', '"nowhere"')
        with mock.patch.object(mobility, "VISITED", nowhere):
            journey = mobility.Journey(self.lab)
        journey.perform(lambda _: None)
        expected = [f"{group} did not come back to the node" for group in mobility.CHANNEL]
        expected += [f"{g} did not come back to the server, by eth1" for g in mobility.FILM]
        self.assertEqual(journey.faults, expected)


class ErrorTests(SynchronousTestCase):
    def test_demo_without_permission_says_so(self) -> None:
        error = NoRightsError("not permitted, because")
        with mock.patch("mcproxy.lab.privileges.ensure_network_rights", side_effect=error):
            self.assertEqual(self.errors_of_demo(), (NOT_PERMITTED, "mcproxy demo: not permitted"))

    def errors_of_demo(self) -> tuple[int, str]:
        """Exit code, and what is said before the comma."""
        with mock.patch.object(sys, "stderr") as stderr:
            code = demo.main(["--plain"])
        return code, stderr.write.call_args[0][0].partition(",")[0]


def children_of(pid: int) -> list[int]:
    """The processes that a process started in its main thread."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]
