"""``mcproxy completion``: the scripts in bash, zsh and fish, and the names of the daemon."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from shlex import quote
from typing import Any
from unittest import SkipTest

from mcproxy.cli import SUBCOMMANDS, client
from mcproxy.cli.completion import names
from mcproxy.cli.completion.scripts import script
from mcproxy.cli.show.views import VIEWS

from .support import CommandTestCase

PROGRAM = """\
#!/bin/sh
# Stands for mcproxy: prints what it was asked for.
[ "$1 $2" = "completion --names" ] || exit 1
if [ "$4" = --socket ]; then echo "$3-of-$5"; else echo "$3-1"; echo "ff15::$3"; fi
"""

BASH = """
. {script}
COMP_LINE={line}
COMP_POINT=${{#COMP_LINE}}
_mcproxy
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

ZSH = """
autoload -Uz compinit && compinit -u -D
. {script}
_describe() {{ print -rl -- $described; }}
_files() {{ print -r -- "$PREFIX"*; }}
compset() {{ : }}
line={line}
words=("${{(@s: :)line}}")
CURRENT=$#words
PREFIX=$words[-1]
_mcproxy
"""


class ScriptTests(CommandTestCase):
    """The same questions to each shell."""

    def setUp(self) -> None:
        for shell in ("bash", "zsh", "fish"):
            if shutil.which(shell) is None:
                raise SkipTest(f"{shell} is not installed; on Debian: apt-get install {shell}")
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        program = self.folder / "mcproxy"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        for shell in ("bash", "zsh", "fish"):
            (self.folder / shell).write_text(script(shell), encoding="utf-8")

    def run_in(self, shell: str, line: str) -> list[str]:
        """The words that the shell offers after ``line``."""
        path = self.folder / shell
        if shell == "fish":
            command = ["fish", "--no-config", "-c", f"source {path}; complete -C {quote(line)}"]
        else:
            text = {"bash": BASH, "zsh": ZSH}[shell].format(script=path, line=quote(line))
            command = {"bash": ["bash", "--norc", "-c", text], "zsh": ["zsh", "-f", "-c", text]}[
                shell
            ]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={
                "PATH": f"{self.folder}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "TERM": "dumb",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )
        self.assertEqual(done.stderr, "", f"{shell}: {line}")
        last = line.rpartition(" ")[2]
        offered = [one.partition("\t")[0] for one in done.stdout.splitlines() if one]
        if shell == "zsh":  # which selects by itself, and takes what follows a colon as meaning
            offered = [
                one.replace("\\:", "\0").partition(":")[0].replace("\0", ":") for one in offered
            ]
            offered = [one for one in offered if one.startswith(last.rpartition("=")[2])]
        return offered

    def offers(self, line: str, expected: list[str], shells: str = "bash zsh fish") -> None:
        for shell in shells.split():
            self.assertEqual(sorted(self.run_in(shell, line)), sorted(expected), f"{shell}: {line}")

    def test_scripts_are_right_in_their_shells(self) -> None:
        for shell in ("bash", "zsh", "fish"):
            done = subprocess.run([shell, "-n", str(self.folder / shell)], capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, b""), shell)

    def test_subcommands_and_views_are_offered(self) -> None:
        self.offers("mcproxy ", list(SUBCOMMANDS))
        self.offers("mcproxy re", ["reload", "restart", "remove"])
        self.offers("mcproxy show ", list(VIEWS))
        self.offers("mcproxy sh int", ["interfaces"])
        self.offers("mcproxy show groups ", [])

    def test_options_of_the_subcommand_are_offered(self) -> None:
        self.offers("mcproxy show --ins", ["--instance"])
        self.offers("mcproxy add downstream eth3 --t", ["--to"])
        self.offers("mcproxy run --log-level w", ["warn"])
        self.offers("mcproxy log-level d", ["debug"])

    def test_values_of_options_come_from_the_daemon(self) -> None:
        self.offers("mcproxy show --instance ", ["instances-1", "ff15::instances"])
        self.offers("mcproxy show groups -4 --interface interfaces-", ["interfaces-1"])
        self.offers("mcproxy explain g", ["groups-1"])
        self.offers("mcproxy remove downstream x --from i", ["instances-1"])
        self.offers("mcproxy show --instance x gr", ["groups"])

    def test_daemon_on_another_socket_is_asked(self) -> None:
        self.offers("mcproxy show --socket /run/s --instance ", ["instances-of-/run/s"])

    def test_value_after_an_equals_sign_is_completed(self) -> None:
        self.assertEqual(self.run_in("bash", "mcproxy show --instance=i"), ["instances-1"])
        self.assertEqual(self.run_in("zsh", "mcproxy show --instance=i"), ["instances-1"])

    def test_address_with_colons_is_completed(self) -> None:
        """bash replaces what follows the last colon only."""
        self.assertEqual(self.run_in("bash", "mcproxy explain ff15::g"), ["groups"])
        self.assertEqual(self.run_in("fish", "mcproxy explain ff15::g"), ["ff15::groups"])

    def test_files_are_offered_where_a_file_is_wanted(self) -> None:
        for line in ("mcproxy check mcp", "mcproxy run --config mcp"):
            for shell in ("bash", "zsh", "fish"):
                self.assertEqual(self.run_in(shell, line), ["mcproxy"], f"{shell}: {line}")

    def test_interfaces_of_the_machine_are_offered_to_run(self) -> None:
        self.offers(
            "mcproxy run --upstream l",
            [one for one in os.listdir("/sys/class/net") if one.startswith("l")],
        )


class NameTests(CommandTestCase):
    def answer(self, rows: list[dict[str, Any]]) -> None:
        text = ",\n".join(map(json.dumps, rows))
        lines = f'{{"x": [\n{text}\n]}}\n'.encode().splitlines(keepends=True)
        self.patch(names, "_lines", lambda socket, view: iter(lines))

    def test_each_name_is_printed_once(self) -> None:
        self.answer(
            [{"group-address": one, "x": {"y": []}} for one in ("239.0.0.1",) * 2 + ("ff15::1",)]
        )
        self.assertEqual(self.run_here("completion", "--names", "groups"), 0)
        self.assertEqual(self.out, "239.0.0.1\nff15::1\n")

    def test_instance_is_named_without_its_family(self) -> None:
        self.answer([{"instance": "tv/ipv4"}, {"instance": "tv/ipv6"}, {"instance": "b.c/ipv4"}])
        self.run_here("completion", "--names", "instances")
        self.assertEqual(self.out, "tv\nb.c\n")

    def test_number_of_names_is_limited(self) -> None:
        self.answer([{"group-address": str(number)} for number in range(5000)])
        self.run_here("completion", "--names", "groups")
        self.assertEqual(len(self.out.splitlines()), names.MOST)

    def test_daemon_that_does_not_answer_is_no_error(self) -> None:
        for kind in (*names.VIEWS, "nonsense"):
            words = ("completion", "--names", kind, "--socket", "/nowhere")
            self.assertEqual(self.run_here(*words), 0)
            self.assertEqual((self.out, self.err), ("", ""))

    def test_daemon_that_refuses_is_no_error(self) -> None:
        def refuse(*_: object, **__: object) -> Any:
            raise client.FailureError("no", 4)

        self.patch(client, "request", refuse)
        self.assertEqual(self.run_here("completion", "--names", "groups"), 0)
        self.assertEqual((self.out, self.err), ("", ""))

    def test_shell_must_be_named(self) -> None:
        self.assertEqual(self.run_here("completion"), 2)
        self.assertIn("name the shell: bash, zsh or fish", self.err)
        self.assertEqual(self.run_here("completion", "tcsh"), 2)
