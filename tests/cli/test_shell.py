"""``mcproxy shell``: which command line of ssh it becomes, and why it refuses."""

from __future__ import annotations

import os
from typing import Any

from mcproxy.cli import shell
from mcproxy.config.model import ManholeConfig

from .support import GOOD, CommandTestCase

MANHOLE = '[manhole]\nlisten = "{}"\nauthorized-keys = "/k"\n'


class ShellTests(CommandTestCase):
    def setUp(self) -> None:
        self.commands: list[list[str]] = []
        self.patch(os, "execvp", lambda _, words: self.commands.append(words))

    def run_with(self, text: str, *options: str) -> int:
        return self.run_here("shell", "--config", self.write(GOOD + text), *options)

    def test_port_on_loopback_is_given_to_ssh(self) -> None:
        for listen, host in (("127.0.0.1:4022", "127.0.0.1"), ("[::1]:4022", "::1")):
            self.assertEqual(self.run_with(MANHOLE.format(listen)), 0, self.err)
            self.assertEqual(self.commands[-1][-3:], ["-p", "4022", f"operator@{host}"])

    def test_unix_socket_is_reached_by_a_command_whose_percent_signs_stay(self) -> None:
        self.assertEqual(self.run_with(MANHOLE.format("/run/a b%h")), 0, self.err)
        command = self.commands[-1]
        self.assertIn("-m mcproxy shell --relay '/run/a b%%h'", command[-2])
        self.assertEqual(command[-1], "operator@mcproxy")

    def test_each_manhole_has_a_name_of_its_own_for_its_key(self) -> None:
        aliases = {
            shell.ssh_command(ManholeConfig(listen, "/k"))[3]
            for listen in ("/run/a", "/run/b", "127.0.0.1:4022", "127.0.0.1:4023")
        }
        self.assertEqual(len(aliases), 4)

    def test_identity_is_the_only_key_that_is_tried(self) -> None:
        self.run_with(MANHOLE.format("/run/m"), "--identity", "/my/key")
        command = self.commands[-1]
        self.assertEqual(command[command.index("-i") + 1], "/my/key")
        self.assertIn("IdentitiesOnly=yes", command)

    def test_manhole_that_is_off_is_a_failure_with_a_cure(self) -> None:
        self.assertEqual(self.run_with(""), 1)
        self.assertIn("mcproxy: the manhole is off: ", self.err)
        self.assertIn("has no table [manhole]; add it, with listen and authorized-keys", self.err)
        self.assertEqual(self.commands, [])

    def test_daemon_that_does_not_answer_has_exit_code_3(self) -> None:
        self.patch(shell, "CONFIGURATION", "/nowhere")
        self.assertEqual(self.run_here("shell", "--socket", "/nowhere"), 3)
        self.assertIn("no daemon answers at /nowhere", self.err)

    def test_missing_ssh_and_missing_socket_are_named(self) -> None:
        def missing(*_: Any) -> None:
            raise FileNotFoundError

        self.patch(os, "execvp", missing)
        self.assertEqual(self.run_with(MANHOLE.format("/run/m")), 1)
        self.assertIn("ssh is not installed; install it", self.err)
        self.assertEqual(self.run_here("shell", "--relay", "/nowhere/m"), 3)
        self.assertIn("no manhole answers at /nowhere/m: No such file", self.err)
