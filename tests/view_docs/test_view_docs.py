"""The documentation of the views is what the program prints and answers."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft7Validator
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli.show.views import VIEWS
from mcproxy.control.view_list import VIEWS as ROW_VIEWS
from mcproxy.control.view_schema import ROWS, STATUS, schema_of

from ..source import PROJECT
from .page import stale
from .sample import Sample


class DocumentationTests(SynchronousTestCase):
    def test_samples_columns_and_members_are_those_of_the_program(self) -> None:
        self.assertEqual(sorted(stale()), [], "run python -m tests.view_docs")

    def test_each_view_is_registered_described_and_filtered_in_one_way(self) -> None:
        self.assertEqual(set(VIEWS), {"status", "config", *ROW_VIEWS})
        self.assertEqual(set(ROWS), set(ROW_VIEWS))
        for name, view in VIEWS.items():
            for table in view.tables:
                for column in table.columns:
                    self.assertTrue(column.meaning, f"{name}: {column.title}")

    def test_manual_page_names_each_view(self) -> None:
        manual = (PROJECT / "docs/man/mcproxy.8").read_text(encoding="utf-8")
        for name in VIEWS:
            self.assertIn(f" {name}", manual)


class SchemaTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.sample = Sample()
        self.sample.build()
        self.answers: dict[str, Any] = {
            view: self.sample.answer(view) for view in ("status", *ROWS)
        }

    def test_answers_of_the_daemon_match_the_schema(self) -> None:
        for view, answer in self.answers.items():
            schema = schema_of(view)
            Draft7Validator.check_schema(schema)
            errors = [error.message for error in Draft7Validator(schema).iter_errors(answer)]
            self.assertEqual(errors, [], view)
            if view != "status":
                self.assertTrue(answer[view], f"{view} has no row")

    def test_schema_has_no_member_that_never_occurs(self) -> None:
        other = {"routes": set[str](), "counters": {"table"}}
        for view, members in {"status": STATUS, **ROWS}.items():
            answer = self.answers[view]
            rows = [answer] if view == "status" else answer[view]
            found = {key for row in rows for key in row}
            missing = {member.name for member in members} - found - other.get(view, set())
            self.assertEqual(missing, set(), view)

    def test_answer_of_another_form_does_not_match(self) -> None:
        answer = self.answers["groups"]
        for change in ({"colour": "red"}, {"asked": "eth0"}, {"state": "lost"}):
            rows = [answer["groups"][0] | change]
            self.assertFalse(Draft7Validator(schema_of("groups")).is_valid({"groups": rows}))
