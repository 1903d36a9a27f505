"""Every command line in the documents is one that the program accepts, and every one is there."""

from __future__ import annotations

import contextlib
import io
import re
from importlib import import_module

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli import SHORT_FORMS, SUBCOMMANDS
from mcproxy.cli.completion.words import commands
from mcproxy.cli.words import resolve

from ..source import PROJECT
from .snippets import DOCUMENTS, Snippet, masked, snippets

MANUAL = (PROJECT / "docs/man/mcproxy.8").read_text(encoding="utf-8").replace("\\-", "-")

EXPLAINED_BY_HELP = {"-h", "--help", "--version", "--plain", "--resolve"}
"""Options that need no place in the manual."""


OF_OTHER_PROGRAMS = {"--nodaemon", "--logger", "--check", "--diff", "--limit"}
"""Options of twistd and Ansible, which the documents for users name too."""


class SnippetTests(SynchronousTestCase):
    def test_every_command_line_in_the_documents_is_accepted(self) -> None:
        found = [one for path in DOCUMENTS for one in snippets(path)]
        self.assertGreater(len(found), 100)
        refused = [
            f"{one.document}, line {one.line}: mcproxy {one.text}: {reason}"
            for one in found
            if (reason := refusal(one))
        ]
        self.assertEqual(refused, [])

    def test_every_example_in_the_manual_is_accepted(self) -> None:
        examples = re.findall(r"(?m)^mcproxy ([a-z].*)$", MANUAL)
        self.assertGreater(len(examples), 4)
        for text in examples:
            self.assertEqual(refusal(Snippet("mcproxy.8", 1, text)), "", text)

    def test_every_option_that_the_documents_name_is_one_of_the_program(self) -> None:
        known = {word for one in commands() for option in one.options for word in option.words}
        for path in DOCUMENTS:
            if path.parent.name == "developer":
                continue  # the options there are also those of the tests and the benchmarks
            text = path.read_text(encoding="utf-8")
            named = {found[1] for found in re.finditer(r"``(--[a-z][a-z-]*)\b[^`]*``", text)}
            self.assertEqual(named - known - OF_OTHER_PROGRAMS, set(), path.name)

    def test_wrong_command_lines_are_recognised(self) -> None:
        for text in ("shwo", "show --nonsense", "run --upstream", "add nothing", "log-level loud"):
            self.assertTrue(refusal(Snippet("x", 1, text)), text)

    def test_every_subcommand_is_in_the_manual_and_the_documents(self) -> None:
        documented = {
            resolve(SHORT_FORMS.get(word, word), SUBCOMMANDS, "subcommand")
            for path in DOCUMENTS
            for one in snippets(path)
            for word in one.words[:1]
        }
        self.assertEqual(documented, set(SUBCOMMANDS))
        for name in SUBCOMMANDS:
            self.assertRegex(MANUAL, rf"(?m)^\.B.*\b{re.escape(name)}\b", name)

    def test_every_option_is_in_the_manual(self) -> None:
        missing = [
            f"{' '.join(command.path)} {option.words}"
            for command in commands()
            for option in command.options
            if not EXPLAINED_BY_HELP.intersection(option.words)
            and not any(re.search(rf"{re.escape(word)}(?![\w-])", MANUAL) for word in option.words)
        ]
        self.assertEqual(missing, [])

    def test_masks_hide_what_differs_and_nothing_else(self) -> None:
        self.assertEqual(
            masked(["12:00:01.234 join tv/ipv4 down1: 10.1.2.2 joined 239.1.0.1"]),
            ["TIME join tv/ipv4 down1: 10.1.2.2 joined 239.1.0.1"],
        )
        self.assertEqual(masked(["joins 0.5  data in 70.4 kbit/s"]), ["joins N data in N kbit/s"])
        self.assertEqual(masked(["*   239.1.0.1  200    0s"]), ["* 239.1.0.1 N N"])


def refusal(snippet: Snippet) -> str:
    """Why the program does not accept a command line; empty if it does."""
    try:
        first, *rest = snippet.words
        name = resolve(SHORT_FORMS.get(first, first), SUBCOMMANDS, "subcommand")
    except ValueError as error:
        return str(error)
    if not rest and not snippet.output:
        return ""  # it only names the subcommand
    made = import_module(f"mcproxy.cli.{name.replace('-', '_')}").parser()
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            made.parse_args(rest)
        except SystemExit as exiting:
            return said.getvalue().strip().rpartition("\n")[2] if exiting.code else ""
    return ""
