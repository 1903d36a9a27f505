"""The watchdog of a service manager: fed while the reactor runs, also after a restart."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from mcproxy.lab.daemon import PROJECT, Daemon
from mcproxy.lab.waiting import wait_until

from .manager import FakeServiceManager
from .running import ONE_INSTANCE, RunningTestCase, with_defaults

PERIOD = 0.3
STUCK = 2.0
"""Seconds for which the reactor does nothing."""

BLOCKING = f"""
import signal, time
signal.signal(signal.SIGUSR1, lambda *_: time.sleep({STUCK}))
"""
"""Python runs the handler of a signal in the main thread, which is the reactor's."""


class WatchdogTests(RunningTestCase):
    def run_daemon(self, config: str) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(BLOCKING, "utf-8")
        environment = {
            "WATCHDOG_USEC": str(int(PERIOD * 1e6)),
            "PYTHONPATH": os.pathsep.join(map(str, (folder, PROJECT))),
        }
        self.manager = FakeServiceManager(self.proxy, with_defaults(config), environment)
        self.addCleanup(self.manager.close)
        daemon: Daemon = self.manager.start()
        daemon.socket = Path(self.manager.control)
        self.use_daemon(daemon)

    def fed(self) -> int:
        return self.manager.states.count("WATCHDOG=1")

    def await_fed(self) -> None:
        """Wait for further messages."""
        before = self.fed()
        wait_until(lambda: self.fed() >= before + 3, 10, "the watchdog is not fed")

    def test_watchdog_is_fed_also_after_a_restart(self) -> None:
        self.run_daemon(ONE_INSTANCE)
        self.await_fed()
        before = self.ask("GET", "/status")
        self.daemon.command("restart")
        after = self.ask("GET", "/status")
        self.assertEqual(after["pid"], before["pid"])
        self.assertNotEqual(after["started"], before["started"])
        self.await_fed()

    def test_stuck_reactor_does_not_feed_the_watchdog(self) -> None:
        self.run_daemon(ONE_INSTANCE)
        self.await_fed()
        self.daemon.process.send_signal(signal.SIGUSR1)
        time.sleep(PERIOD)
        before = self.fed()
        time.sleep(STUCK - 2 * PERIOD)
        self.assertLessEqual(self.fed() - before, 1)
        self.await_fed()

    def test_process_that_the_watchdog_ends_says_where_it_was(self) -> None:
        self.run_daemon(ONE_INSTANCE)
        self.daemon.process.send_signal(signal.SIGUSR1)
        time.sleep(PERIOD)
        self.assertEqual(self.daemon.terminate(signal.SIGABRT)[0], -signal.SIGABRT)
        lines = "\n".join(self.daemon.lines)
        self.assertIn("Fatal Python error: Aborted", lines)
        self.assertIn("sitecustomize.py", lines)
        self.daemon.lines.clear()  # which are no lines of a log
