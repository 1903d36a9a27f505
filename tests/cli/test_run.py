"""The daemon's process: how it starts, why it refuses to start, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

from mcproxy import tap
from mcproxy.cli import run
from mcproxy.config import files

from .support import GOOD, PROJECT, RUN, TWISTD, CommandTestCase


class RefusalTests(CommandTestCase):
    def test_wrong_use_has_exit_code_2_and_a_reason(self) -> None:
        for arguments, what in (
            (("--config", "x", "--upstream", "y"), "give --config FILE, or"),
            (("--config", "x", "--downstream", "y"), "give --config FILE, or"),
            (("--config", "x", "--log-level", "loud"), "argument --log-level: invalid choice"),
            (("--nonsense",), "unrecognized arguments: --nonsense"),
            (("--config",), "argument -c/--config: expected one argument"),
        ):
            self.assertEqual(self.run_here("run", *arguments), 2, arguments)
            self.assertIn(f"mcproxy run: error: {what}", self.err)

    def test_default_file_that_is_missing_has_a_cure(self) -> None:
        path = "/nowhere/mcproxy.toml"
        for module in (tap, files):
            self.patch(module, "CONFIGURATION", path)
        self.assertEqual(self.run_here("run"), 1)
        self.assertIn(f"{path}: no such file; this is the default; write it", self.err)

    def test_all_interfaces_of_the_command_line_are_used(self) -> None:
        """Also under twistd."""
        words = ("--upstream=a", "--upstream", "b", "--downstream=c", "--downstream", "d*")
        twistd = tap.Options()
        twistd.parseOptions(words)  # type: ignore[no-untyped-call]  # untyped in Twisted
        options = run.parser().parse_args(words)
        for one in (
            twistd.configuration(),
            tap.configured(options.config, options.upstream, options.downstream),
        ):
            [instance] = one.instances
            self.assertEqual(instance.upstreams, ("a", "b"))
            self.assertEqual(instance.downstreams, ("c", "d*"))

    def test_help_and_version_are_printed(self) -> None:
        self.assertEqual(self.run_here("run", "--help"), 0)
        for option in ("--config", "--upstream", "--downstream", "--log-level"):
            self.assertIn(option, self.out)
        self.assertEqual(self.run_here("run", "--version"), 0)
        self.assertTrue(self.out.startswith("mcproxy "), self.out)

    def test_mistake_in_the_configuration_has_exit_code_1(self) -> None:
        path = self.write("[instance.tv]\n")
        self.assertEqual(self.run_here("run", "--config", path), 1)
        self.assertEqual(len(self.err.splitlines()), 1)
        self.assertEqual(self.run_here("run", "--upstream", "a", "--downstream", "a"), 1)
        self.assertIn("command line: --downstream: ", self.err)
        self.assertEqual(self.run_here("run", "--config", ""), 1)

    def test_contradiction_about_a_shared_upstream_has_exit_code_1(self) -> None:
        other = '[instance.b]\nupstream = "eth0"\ndownstream = "eth2"\nmld-version = 1\n'
        path = self.write(GOOD + other)
        done = subprocess.run(
            [sys.executable, "-m", "mcproxy", "run", "--config", path],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        [line] = done.stderr.splitlines()
        self.assertIn(f"{path}: instance.b.mld-version (line 7): instance b speaks MLDv1", line)


class ProcessTestCase(CommandTestCase):
    """Starts a daemon whose service fails in the way that its upstream's name selects."""

    def daemon(self, upstream: str = "good") -> subprocess.Popen[str]:
        return self.start(RUN, "run", "--upstream", upstream, "--downstream", "b")

    def expect(self, process: subprocess.Popen[str], word: str) -> None:
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline().strip(), word)

    def ended(self, process: subprocess.Popen[str]) -> tuple[int, list[str]]:
        """The exit code, and what remained on both outputs."""
        out, err = process.communicate(timeout=60)
        return process.returncode, [*out.splitlines(), *err.splitlines()]


class StartTests(ProcessTestCase):
    def refused(self, upstream: str) -> tuple[int, Any]:
        return self.ended(self.daemon(upstream))

    def test_missing_permission_has_exit_code_4(self) -> None:
        code, lines = self.refused("forbidden")
        self.assertEqual(code, 4)
        self.assertEqual(lines, ["stopping", "stopped", "mcproxy: not permitted to do it: ask"])

    def test_other_refusal_has_exit_code_1(self) -> None:
        for upstream, line in (("taken", "it is taken: wait"), ("late", "it came late")):
            code, lines = self.refused(upstream)
            self.assertEqual(code, 1)
            self.assertEqual(lines[-1], f"mcproxy: {line}")

    def test_internal_error_at_the_start_has_a_traceback(self) -> None:
        code, lines = self.refused("broken")
        self.assertEqual(code, 1)
        self.assertIn("the daemon cannot start", lines[2])
        self.assertIn("a mistake of ours", lines[-1])


class EndTests(ProcessTestCase):
    def test_signal_stops_the_daemon_cleanly_with_exit_code_0(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.daemon()
            self.expect(process, "started")
            process.send_signal(number)
            code, lines = self.ended(process)
            self.assertEqual((code, lines[:2]), (0, ["stopping", "stopped"]))
            self.assertIn(f"{number.name}: stopping", lines[2])

    def test_second_signal_ends_the_daemon_at_once(self) -> None:
        for upstream in ("slow", "blocked"):
            process = self.daemon(upstream)
            self.expect(process, "started")
            process.send_signal(signal.SIGINT)
            self.expect(process, "stopping")
            process.send_signal(signal.SIGTERM)
            code, _ = self.ended(process)
            self.assertEqual(code, -signal.SIGTERM)

    def test_failed_stop_is_logged_and_has_exit_code_1(self) -> None:
        process = self.daemon("bad")
        self.expect(process, "started")
        process.send_signal(signal.SIGTERM)
        code, lines = self.ended(process)
        self.assertEqual(code, 1)
        self.assertIn("did not stop cleanly", "\n".join(lines))

    def test_sighup_does_not_end_the_daemon(self) -> None:
        process = self.daemon()
        self.expect(process, "started")
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        self.assertIn("not reloaded: the daemon was started", process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.ended(process)[0], 0)


class TwistdTests(ProcessTestCase):
    def twistd(self, upstream: str) -> subprocess.Popen[str]:
        path = self.write(GOOD.replace("eth0", upstream))
        common = ("--nodaemon", "--pidfile=", "--logger=mcproxy.logs.observer")
        return self.start(TWISTD, *common, "mcproxy", "--config", path)

    def test_twistd_runs_and_stops_with_exit_code_0(self) -> None:
        process = self.twistd("good")
        self.expect(process, "started")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.ended(process)[0], 0)

    def test_refusal_under_twistd_is_one_line(self) -> None:
        for upstream, expected in (("forbidden", 4), ("taken", 1)):
            code, lines = self.ended(self.twistd(upstream))
            self.assertEqual(code, expected)
            self.assertEqual(len(lines), 1, lines)

    def test_mistake_in_the_configuration_under_twistd_is_one_line(self) -> None:
        code, lines = self.ended(self.twistd("a/b"))
        self.assertEqual(code, 1)
        (line,) = lines
        self.assertIn('instance.tv.upstream (line 2): no interface can be named "a/b"', line)
