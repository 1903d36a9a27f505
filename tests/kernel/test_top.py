"""``mcproxy top`` with a real daemon, on a terminal and without one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

from ..source import PROJECT
from .site import IPv4TestCase, IPv6TestCase, Scenarios

CONFIG = '[instance.tv]\nupstream = "up"\ndownstream = ["down1"]\n'
OTHERS = {"ipv4": "239.9.9.", "ipv6": "ff15::9"}


class TopScenarios(Scenarios):
    """One stream that flows, and a host that zaps."""

    def setUp(self) -> None:
        super().setUp()
        self.start(CONFIG)
        self.member = self.home.join(self.group)
        self.server.stream(self.group, rate=200, source=self.source, ttl=8)

    def command(self, *options: str) -> list[str]:
        words = [sys.executable, "-m", "mcproxy", "top", "--socket", str(self.daemon.socket)]
        return [*words, *options]

    def test_one_frame_shows_the_flow_and_what_happened(self) -> None:
        top = subprocess.Popen(
            self.command("--once", "--interval", "3"),
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(top.kill)
        number = 0
        while top.poll() is None:  # it is not known when it begins to count
            number += 1
            member = self.home.join(f"{OTHERS[self.family.name]}{number}")
            time.sleep(0.3)
            member.leave()
        output, _ = top.communicate(timeout=30)
        self.assertEqual(top.returncode, 0)
        happened, messages, flows, _, titles, *rows = output.splitlines()
        joins = re.search(r"joins ([0-9.]+)", happened)
        self.assertTrue(joins and float(joins[1]) > 0, output)
        self.assertRegex(messages, r"messages in [0-9.]+/s.* data in [1-9][0-9.]* k?bit/s")
        self.assertIn("1 forwarding", flows)
        self.assertEqual(titles.split()[:2], ["Source", "Group"])
        [row] = [row for row in rows if f" {self.group} " in row]
        self.assertRegex(row, r"up .*down1 .*bit/s .*forwarding")

    def test_view_on_a_terminal_fits_sorts_and_gives_the_terminal_back(self) -> None:
        screen, keyboard = pty.openpty()
        fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        before = termios.tcgetattr(keyboard)
        environment = {**os.environ, "TERM": "xterm"}
        for name in ("COLUMNS", "LINES"):
            environment.pop(name, None)
        top = subprocess.Popen(
            self.command("--interval", "0.5"),
            cwd=PROJECT,
            stdin=keyboard,
            stdout=keyboard,
            stderr=keyboard,
            env=environment,
        )
        self.addCleanup(top.kill)
        self.await_text(screen, "forwarding")
        os.write(screen, b"s")
        shown = self.await_text(screen, "by packets")
        os.write(screen, b"q")
        shown += self.await_text(screen, "\x1b[?1049l")
        self.assertEqual(top.wait(20), 0)
        self.assertEqual(termios.tcgetattr(keyboard), before)
        for frame in shown.split("\x1b[H"):
            lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frame).replace("\r", "").split("\n")
            self.assertLessEqual(len(lines), 24)
            self.assertLessEqual(max(map(len, lines)), 80, lines)
        os.close(screen)
        os.close(keyboard)

    def await_text(self, screen: int, text: str) -> str:
        """What is shown until ``text`` is; AssertionError after 20 seconds."""
        shown, deadline = "", time.monotonic() + 20
        while text not in shown:
            ready, _, _ = select.select([screen], [], [], max(deadline - time.monotonic(), 0))
            self.assertTrue(ready, f"{text!r} is not in {shown!r}")
            shown += os.read(screen, 65536).decode(errors="replace")
        return shown


class TopIPv4Tests(TopScenarios, IPv4TestCase):
    """The view of a stream of IPv4."""


class TopIPv6Tests(TopScenarios, IPv6TestCase):
    """The view of a stream of IPv6."""
