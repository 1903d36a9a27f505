"""The conformance table: how citations are found, and how gaps are reported."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from textwrap import dedent

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from . import __main__ as program
from .citations import Citation, bases, bases_in, citations, cited_in, ids
from .requirements import FILES, BadRequirementsError, Requirement, load
from .results import Recorder, Results, read, run, runs_here
from .table import Table


def rule(key: str, level: str = "M", reason: str = "") -> Requirement:
    """Return a requirement with this id."""
    return Requirement(key, level, "both", "9776 1", f"what {key} asks", "A.1 Part", reason)


def table(*rules: Requirement, **tests: str) -> Table:
    """Return a table of rules, with tests by the id that they cite (underscore for dash)."""
    cited = [Citation(key.replace("_", "-"), test) for key, test in tests.items()]
    return Table({one.id: one for one in rules}, cited)


class IdTests(SynchronousTestCase):
    def check(self, text: str, *expected: str) -> None:
        self.assertEqual(list(ids(text)), list(expected), text)

    def test_single_ids_are_found(self) -> None:
        self.check("HS-04, TM-03: each has its own.", "HS-04", "TM-03")
        self.check("IGMP3-Q-06 (IP4-SD-01)", "IGMP3-Q-06", "IP4-SD-01")

    def test_ranges_are_expanded(self) -> None:
        self.check("OLD-01..03, CS-04", "OLD-01", "OLD-02", "OLD-03", "CS-04")
        self.check("V-1 to V-3.", "V-1", "V-2", "V-3")
        self.check("V-9..11", "V-9", "V-10", "V-11")

    def test_lists_are_expanded(self) -> None:
        self.check("IP4-SD-03, 04: to their group", "IP4-SD-03", "IP4-SD-04")
        self.check("ADR-01, 02, 06", "ADR-01", "ADR-02", "ADR-06")
        self.check("FWD-01, 02..04.", "FWD-01", "FWD-02", "FWD-03", "FWD-04")
        self.check("IP6-01, 02, GQ-02: bytes", "IP6-01", "IP6-02", "GQ-02")

    def test_other_numbers_are_not_ids(self) -> None:
        self.check("SQ-08, 10 s: 2 s", "SQ-08")
        self.check("QC-01: 8 bytes, 12 and more", "QC-01")
        self.check("SSM-01: 232.0.0.0/8", "SSM-01")
        self.check("UTF-8, RFC 9776, 10-20, SHA-256 and IPv4-only")


class CitationTests(SynchronousTestCase):
    SOURCE = dedent(
        '''
        """A module that names XX-01."""

        class SomeTests:
            """What holds: AA-01."""

            # BB-01 is of the class, too.

            def helper(self):
                """CC-01 is of no test."""

            def test_one(self):
                """DD-01, 02: said."""
                x = "EE-01"  # FF-01

            def test_two(self):
                # DD-01
                pass

        class Helper:
            """AA-02: here is no test."""
        '''
    )

    def test_citation_belongs_to_its_test_or_class(self) -> None:
        found = [
            (requirement, test.removeprefix("m.SomeTests"))
            for requirement, test in cited_in("m", self.SOURCE)
        ]
        expected = [
            ("AA-01", ""),
            ("BB-01", ""),
            ("DD-01", ".test_one"),
            ("DD-02", ".test_one"),
            ("FF-01", ".test_one"),
            ("DD-01", ".test_two"),
        ]
        self.assertEqual(found, expected)


class RequirementTests(SynchronousTestCase):
    def load(self, text: str) -> dict[str, Requirement]:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "some.toml").write_text(text)
        return load(folder, ["some.toml"])

    def one(self, *rules: str, reasons: str = "") -> str:
        lines = ["[[section]]", 'title = "A.1 Part"', "[section.rules]", *rules]
        return "\n".join([*lines, "[reasons]", reasons])

    def test_rule_is_read_with_its_reason(self) -> None:
        found = self.load(self.one('AA-01 = ["M", "igmp", "9776 1", "a"]', reasons='AA-01 = "b"'))
        expected = Requirement("AA-01", "M", "igmp", "9776 1", "a", "A.1 Part", "b")
        self.assertEqual(found, {"AA-01": expected})

    def test_file_with_a_mistake_is_refused(self) -> None:
        right = 'AA-01 = ["M", "igmp", "9776 1", "a"]'
        twice = self.one(right).replace("[reasons]", "") + self.one(right)
        for text in (
            self.one(right.replace('"M"', '"X"')),
            self.one(right.replace("igmp", "ipx")),
            self.one(right.replace('"a"', '""')),
            self.one(right, reasons='AA-02 = "because"'),
            twice,
        ):
            self.assertRaises(BadRequirementsError, self.load, text)

    def test_requirements_of_the_project_are_valid(self) -> None:
        """All four files are read."""
        self.assertEqual(len(FILES), 5)
        found = load()
        self.assertGreater(len(found), 300)
        for rule in found.values():
            self.assertIn(len(rule.section.split()[0]), (3, 4), rule)


class TableTests(SynchronousTestCase):
    def test_must_without_a_test_is_a_problem(self) -> None:
        (problem,) = table(rule("AA-01"), rule("AA-02"), AA_01="tests.a.B.test_c").problems()
        self.assertEqual(problem, "AA-02 has neither a test nor a reason: what AA-02 asks")

    def test_must_with_a_reason_needs_no_test(self) -> None:
        self.assertEqual(list(table(rule("AA-01", reason="it cannot be")).problems()), [])

    def test_other_levels_are_no_problem_without_a_test(self) -> None:
        several = table(*(rule(f"AA-0{n}", level) for n, level in enumerate("SOP")))
        self.assertEqual(list(several.problems()), [])
        self.assertEqual(several.gaps("S"), ["AA-00"])

    def test_unknown_id_is_a_problem(self) -> None:
        (problem,) = table(AA_09="tests.a.B.test_c").problems()
        self.assertEqual(problem, "tests.a.B.test_c cites AA-09, which does not exist")

    def test_coverage_counts_tests_and_reasons(self) -> None:
        rules = [rule("AA-01"), rule("AA-02", reason="no"), rule("AA-03"), rule("AA-04", "S")]
        rules.append(rule("AA-05", reason="but"))
        expected = (
            "must: 2 of 4 have tests (50.0 %), 1 of these with a reservation; "
            "1 a reason instead, 1 neither"
        )
        tested = table(*rules, AA_01="tests.a.B.test_c", AA_05="tests.a.B.test_c")
        self.assertEqual(tested.coverage("M"), expected)
        self.assertIn("(100.0 %)", table().coverage("M"))

    def test_page_lists_tests_reasons_and_results(self) -> None:
        rules = (rule("AA-01", reason="but *not* all"), rule("AA-02"))
        results = Results()
        results.note("tests.a.BIPv4.test_c", "passed")
        page = table(*rules, AA_01="tests.a.B.test_c").page(results)
        self.assertIn("\nA.1 Part\n--------\n", page)
        row = (
            "   * - AA-01\n     - must\n     - what AA-01 asks (RFC 9776 1)\n"
            "     - | ``a.B.test_c``\n       | but \\*not\\* all\n"
            "     - passed; with a reservation\n"
        )
        self.assertIn(row, page)
        self.assertTrue(page.endswith("     - none\n     - no test\n"))

    def result(self, **outcomes: str) -> str:
        """Return the result of a rule with these outcomes of its tests; empty: it did not run."""
        several = Table({"AA-01": rule("AA-01")}, [])
        results = Results()
        for name, outcome in outcomes.items():
            test = f"tests.{name}.B.test_c"
            several.tests["AA-01"].append(test)
            if outcome:
                results.note(test, outcome)
        return several.page(results).rpartition("     - ")[2].strip()

    def test_result_of_a_rule_is_the_worst_of_its_tests(self) -> None:
        self.assertEqual(self.result(a="passed", kernel="passed"), "passed")
        self.assertEqual(self.result(a="passed", b="failed", c="skipped"), "failed")
        self.assertEqual(self.result(a="passed", c="skipped"), "skipped")
        self.assertEqual(self.result(a="passed", kernel=""), "passed; some in make test")
        self.assertEqual(self.result(kernel=""), "in make test")
        self.assertEqual(self.result(a="", kernel=""), "not run")


class ResultTests(SynchronousTestCase):
    def test_results_of_both_families_and_of_a_class_are_combined(self) -> None:
        """One failure makes the test and the class failed."""
        results = Results()
        results.note("tests.a.BIPv4.test_c", "passed")
        self.assertEqual(results.of("tests.a.B.test_c"), "passed")
        results.note("tests.a.BIPv6.test_c", "failed")
        self.assertEqual(results.of("tests.a.B.test_c"), "failed")
        self.assertEqual(results.of("tests.a.BIPv4"), "passed")
        self.assertEqual((results.of("tests.a.B"), results.of("tests.a.D")), ("failed", ""))

    def test_inherited_test_counts_for_its_base_class(self) -> None:
        """A citation names the base class; the test runs in its subclasses."""
        source = "class A: ...\nclass B(A): ...\nclass C(B, other.D, E): ...\n"
        found = bases_in("tests.a", source)
        self.assertEqual(found["tests.a.C"], {"tests.a.A", "tests.a.B"})
        results = Results(found)
        results.note("tests.a.C.test_c", "passed")
        self.assertEqual(results.of("tests.a.A.test_c"), "passed")
        self.assertEqual(results.of("tests.a.A"), "passed")
        self.assertIn("tests.conformance.test_conformance.ResultTests", bases())

    def test_results_are_read_from_a_file(self) -> None:
        path = Path(self.mktemp())
        path.write_text('{"test": "tests.a.B.test_c", "result": "skipped"}\n{"other": 1}\n')
        self.assertEqual(read(path, Results()).of("tests.a.B.test_c"), "skipped")

    def test_only_cited_tests_without_kernel_run(self) -> None:
        """Other tests of the module have no result."""
        tests = "tests.protocol.test_sources.MergeTests"
        test = f"{tests}.test_merge_of_nothing_is_nothing"
        other = f"{tests}.test_merge_gives_the_results_of_the_worked_examples"
        kernel = "tests.kernel.test_mroute.Tests"
        self.assertEqual((runs_here(test), runs_here(kernel)), (True, False))
        results = run([test, kernel], Results())
        self.assertEqual(results.of(test), "passed")
        self.assertEqual(results.of(other), "")
        self.assertEqual(results.of(kernel), "")

    def test_failed_and_skipped_tests_are_recorded_as_such(self) -> None:
        """An exception is a failure, too."""

        class Case(SynchronousTestCase):
            error: BaseException

            def runTest(self) -> None:
                raise self.error

        for error, expected in (
            (self.failureException("as it should"), "failed"),
            (OSError(), "failed"),
            (SkipTest("not here"), "skipped"),
        ):
            recorder = Recorder(Results())
            case = Case()
            case.error = error
            case.run(recorder)
            self.assertEqual(recorder.results.of(case.id()), expected)


class ProjectTests(SynchronousTestCase):
    def test_every_must_of_the_project_has_a_test(self) -> None:
        """Or a reason; and no test cites an unknown id."""
        self.assertEqual(list(Table(load(), citations()).problems()), [])

    def test_nearly_every_should_of_the_project_has_a_test(self) -> None:
        """At least 95 %; a reason alone does not count."""
        rules = [rule for rule in load().values() if rule.level == "S"]
        tests = Table(load(), citations()).tests
        self.assertGreaterEqual(sum(bool(tests[rule.id]) for rule in rules), 0.95 * len(rules))

    def test_page_tells_the_figures_of_today(self) -> None:
        """After a change of the requirements: ``python -m tests.conformance --write``."""
        table = Table(load(), citations())
        lines = program.PAGE.read_text(encoding="utf-8").splitlines()
        told = [line for line in lines if line.startswith("* ") and "have tests" in line]
        self.assertEqual(told, [f"* {table.coverage(level)}" for level in ("M", "S")])


class ProgramTests(SynchronousTestCase):
    """Exit code and output of the program, with requirements and citations made up here."""

    def program(self, *arguments: str, cited: str) -> tuple[int, str]:
        self.patch(program, "load", lambda: {"AA-01": rule("AA-01")})
        self.patch(program, "citations", lambda: [Citation(cited, "tests.a.B.test_c")])
        self.patch(program, "run", lambda tests, results: None)
        self.patch(program, "PAGE", Path("page.rst"))
        with contextlib.redirect_stdout(io.StringIO()) as said:
            code = program.main(list(arguments))
        return code, said.getvalue()

    def test_check_without_problems_exits_with_0(self) -> None:
        code, said = self.program("--check", cited="AA-01")
        self.assertEqual(code, 0)
        self.assertIn("must: 1 of 1 have tests (100.0 %)", said)

    def test_check_with_a_problem_exits_with_1(self) -> None:
        code, said = self.program("--check", cited="AA-02")
        self.assertEqual(code, 1)
        self.assertIn("cites AA-02", said)
        self.assertEqual(self.program(cited="AA-02")[0], 0)

    def test_write_writes_the_page(self) -> None:
        self.program("--write", cited="AA-01")
        self.assertIn("* - AA-01", program.PAGE.read_text())
