"""The files that are written from the schema are up to date, and complete."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.native.reader import Mistakes, read_values
from mcproxy.config.origin import Origin
from mcproxy.config.reference import man, rst
from mcproxy.config.reference.files import stale
from mcproxy.config.reference.markup import held_together, wrap
from mcproxy.config.reference.regions import filled
from mcproxy.config.reference.scopes import SCOPES, Scope, default_toml
from mcproxy.config.schema.option import option, options_of
from mcproxy.config.schema.texts import Word

from ...source import PROJECT
from ..support import values_of


@attrs.frozen
class Sample:
    a_b: str = option("", Word("*"), "Text ``* | x`` and * here.", example="3")


FILES = (
    "docs/reference/configuration.rst",
    "docs/man/mcproxy.toml.5",
    "docs/reference/mcproxy.schema.json",
    "etc/mcproxy.toml",
)


class FilesTests(SynchronousTestCase):
    def test_files_in_the_repository_are_up_to_date(self) -> None:
        """If this fails: make reference."""
        self.assertEqual([str(path) for path in stale(PROJECT)], [])

    def test_every_option_is_in_every_file(self) -> None:
        for name in FILES:
            text = (PROJECT / name).read_text(encoding="utf-8").replace("\\-", "-")
            for scope in SCOPES.values():
                for one in scope.options:
                    self.assertIn(one.key, text, name)


class ProgramTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.project = Path(self.mktemp())
        for name in FILES:
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, self.project / name)

    def run_program(self, *options: str) -> tuple[int, str]:
        program = [sys.executable, "-m", "mcproxy.config.reference"]
        done = subprocess.run(
            [*program, "--project", str(self.project.absolute()), *options],
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def test_check_of_fresh_files_finds_nothing(self) -> None:
        self.assertEqual(self.run_program("--check"), (0, ""))

    def test_check_names_the_stale_file_and_leaves_it_alone(self) -> None:
        path = self.project / "etc/mcproxy.toml"
        path.write_text("# old\n", encoding="utf-8")
        code, output = self.run_program("--check")
        self.assertEqual(code, 1)
        self.assertEqual(output, f"{path.absolute()}: stale; run make reference\n")
        self.assertEqual(path.read_text(encoding="utf-8"), "# old\n")

    def test_writer_renews_a_stale_region_and_keeps_the_rest(self) -> None:
        path = self.project / "docs/reference/configuration.rst"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("``query-interval``\n", "``q``\n"), encoding="utf-8")
        self.assertEqual(self.run_program(), (0, f"{path.absolute()}: written\n"))
        self.assertEqual(path.read_text(encoding="utf-8"), text)


class RegionTests(SynchronousTestCase):
    def test_text_without_a_region_is_refused(self) -> None:
        error = self.assertRaises(ValueError, filled, "text\n", "# ", lambda _: "")
        self.assertIn("reference of instance", str(error))

    def test_region_without_an_end_is_refused(self) -> None:
        text = "# reference of instance, written by make reference\n"
        error = self.assertRaises(ValueError, filled, text, "# ", lambda _: "")
        self.assertIn("end of the reference", str(error))


class TableTests(SynchronousTestCase):
    def test_every_row_of_a_table_has_all_cells(self) -> None:
        for scope in SCOPES.values():
            rows = rst.table(scope).split("   * - ")[1:]
            self.assertEqual(len(rows), 1 + len(scope.options))
            for row in rows:
                self.assertEqual(len(re.findall(r"(?m)^     -( |$)", row)), 5, row)

    def test_special_characters_are_escaped(self) -> None:
        scope = Scope(Sample)
        self.assertIn("- Text ``* | x`` and \\* here.\n", rst.table(scope))
        self.assertIn("Text \\fB* | x\\fR and * here.\n", man.entries(scope))
        self.assertIn(".B a\\-b\n", man.entries(scope))


class WrapTests(SynchronousTestCase):
    def test_literal_with_spaces_stays_on_one_line(self) -> None:
        lines = wrap(held_together("Some text and ``a - b`` here"), 17)
        self.assertEqual(lines, ["Some text and", "``a - b`` here"])

    def test_line_does_not_begin_with_toml(self) -> None:
        """In a comment of the sample it would look like an example."""
        for literal in ("``[]``", "``a = 1``"):
            lines = wrap(held_together(f"Some text or {literal} here"), 17)
            self.assertEqual(lines[1].partition("``")[0], "or ")

    def test_empty_text_is_one_line(self) -> None:
        self.assertEqual(wrap("", 20, "   - ", "     "), ["   -"])


class OptionTests(SynchronousTestCase):
    def test_every_option_has_a_sentence_and_an_example_that_is_read(self) -> None:
        for name, scope in SCOPES.items():
            for one in scope.options:
                self.assertRegex(one.text, r"\.$", one.key)
                self.read(name, one.key, one.example)

    def test_every_default_is_read_as_the_default(self) -> None:
        for name, scope in SCOPES.items():
            for one in scope.options:
                if written := default_toml(one):
                    self.assertEqual(self.read(name, one.key, written), one.default)

    def test_every_option_without_a_default_in_toml_says_what_is_usual(self) -> None:
        for scope in SCOPES.values():
            for one in scope.options:
                self.assertTrue(default_toml(one) or one.usual or one.required, one.key)

    def read(self, scope: str, key: str, value: str) -> object:
        """The attribute that a key with this value gives."""
        kind = SCOPES[scope].kind
        mistakes = Mistakes(Origin())
        values = read_values(values_of(f"{key} = {value}"), kind, (), mistakes)
        wrong = [path for path, _ in mistakes.found if path]  # other keys may be missing
        self.assertEqual(wrong, [], f"{key} = {value}")
        return values[options_of(kind)[key].attribute]
