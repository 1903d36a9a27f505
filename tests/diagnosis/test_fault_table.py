"""The table of faults in the troubleshooting page is that of the staged faults."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from ..kernel import test_explain_asking, test_explain_links, test_explain_streams
from ..kernel.faults.table import PAGE, faults, table

TEST_MODULES = (test_explain_asking, test_explain_links, test_explain_streams)


class FaultTableTests(SynchronousTestCase):
    def test_page_has_the_table_of_the_staged_faults(self) -> None:
        page = PAGE.read_text(encoding="utf-8")
        self.assertIn(table(), page, "run python -m tests.kernel.faults.table --write")

    def test_at_least_thirty_faults_are_staged_each_by_a_test(self) -> None:
        tested = {
            name
            for module in TEST_MODULES
            for case in vars(module).values()
            if isinstance(case, type)
            for name in dir(case)
        }
        self.assertGreaterEqual(len(faults()), 30)
        for one in faults():
            self.assertIn(f"test_{one.name}_is_named", tested)
