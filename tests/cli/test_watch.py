"""``--watch``: on a terminal and elsewhere, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time

from mcproxy.cli.show import watch
from mcproxy.exit_codes import DONE, NO, NO_DAEMON

from ..source import PROJECT
from .test_client import ClientTestCase

PROGRAM = "import sys; from mcproxy.cli import main; sys.exit(main(sys.argv[1:]))"
STATUS = {
    "version": "9",
    "pid": 7,
    "up-time": 61,
    "memory": 50 << 20,
    "configuration": None,
    "instance": [],
    "degraded": [],
}


class LoopTests(ClientTestCase):
    """The loop, whose sleeps are counted; the last one is interrupted."""

    def setUp(self) -> None:
        super().setUp()
        self.slept: list[float] = []
        self.patch(time, "sleep", self.sleep)
        self.looks = 3

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self.looks:
            raise KeyboardInterrupt

    def test_each_look_follows_the_one_before_and_ctrl_c_is_no_error(self) -> None:
        daemon = self.daemon(STATUS)
        self.assertEqual(self.command("show --watch 0.5"), DONE)
        self.assertEqual(self.slept, [0.5] * 3)
        self.assertEqual(len(daemon.asked), 3)
        self.assertEqual(self.out.count("mcproxy show status    every 0.5 s"), 3)
        self.assertEqual(self.out.count("mcproxy 9, process 7"), 3)
        self.assertNotIn("\x1b", self.out)

    def test_json_stands_alone_where_a_program_reads_it(self) -> None:
        self.daemon(STATUS)
        self.assertEqual(self.command("show --watch 0.5 --json"), DONE)
        text, decoder = self.out, json.JSONDecoder()
        for _ in range(3):
            found, end = decoder.raw_decode(text)
            self.assertEqual(found["pid"], 7)
            text = text[end:].lstrip()
        self.assertEqual(text, "")

    def test_terminal_is_cleared_and_keeps_the_first_lines(self) -> None:
        out = io.StringIO()
        self.patch(out, "isatty", lambda: True)
        self.patch(sys, "stdout", out)
        self.patch(os, "environ", {**os.environ, "LINES": "10"})
        text = "".join(f"line {number}\n" for number in range(50))
        watch.watch("title", 2.0, lambda: text)
        self.assertEqual(out.getvalue().count("\x1b[H\x1b[2Jtitle    every 2 s"), 3)
        self.assertIn("line 5\n... 44 more lines", out.getvalue())

    def test_daemon_that_goes_is_waited_for(self) -> None:
        self.daemon(STATUS)

        def sleep(seconds: float) -> None:
            if not self.slept:
                os.unlink(self.path)
            self.sleep(seconds)

        self.patch(time, "sleep", sleep)
        self.assertEqual(self.command("show --watch"), DONE)
        self.assertEqual(self.out.count("mcproxy: no daemon answers at"), 2)

    def test_daemon_that_never_answered_is_an_error(self) -> None:
        self.assertEqual(self.command("show --watch"), NO_DAEMON)
        self.assertEqual(self.slept, [])

    def test_refusal_ends_it(self) -> None:
        self.daemon({"error": "no"}, 400)
        self.assertEqual(self.command("show groups -w"), NO)

    def test_time_that_is_none_is_wrong_use(self) -> None:
        for word, hint in (("groups", "write the view before"), ("0", "number")):
            self.assertEqual(self.run_here("show", "-w", word), 2)
            self.assertIn(hint, self.err)


class ProcessTests(ClientTestCase):
    def test_ctrl_c_and_closed_pipe_end_it_without_a_traceback(self) -> None:
        self.daemon(STATUS)
        path = os.path.relpath(self.path, PROJECT)  # short enough for a UNIX socket
        arguments = ("show", "--watch", "0.1", "--socket", path)
        for interrupt in (True, False):
            process = self.start(PROGRAM, *arguments)
            assert process.stdout is not None and process.stderr is not None
            self.assertIn("mcproxy show status", process.stdout.readline())
            if interrupt:
                process.send_signal(signal.SIGINT)
            else:
                process.stdout.close()
            self.assertEqual(process.wait(20), DONE)
            self.assertEqual(process.stderr.read(), "")
