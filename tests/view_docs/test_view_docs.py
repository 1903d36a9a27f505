"""The documentation of the views is what the program prints and answers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from jsonschema import Draft7Validator
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli import SHORT_FORMS
from mcproxy.cli.show.command import parser
from mcproxy.cli.show.views import VIEWS
from mcproxy.control.view_list import VIEWS as ROW_VIEWS
from mcproxy.control.view_schema import ROWS, STATUS, schema_of
from mcproxy.instance.link_state import NOT_USED, TABLE_FULL, obstacle
from mcproxy.linux.netlink.links import DISABLED, DUPLICATE, NO_CARRIER, TENTATIVE, Link
from mcproxy.protocol.family import IPV4, IPV6

from ..source import PROJECT
from .page import PAGE, stale
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

    def test_commands_and_options_in_the_documents_exist(self) -> None:
        for document in ("reference/views", "guide/operation"):
            text = (PROJECT / f"docs/{document}.rst").read_text(encoding="utf-8")
            found = re.findall(r"``mcproxy (sh|show)\b([^`]*)``", text)
            self.assertTrue(found, document)
            for word, rest in found:
                self.assertEqual(SHORT_FORMS.get(word, word), "show")
                arguments = [one for one in rest.split() if one != "VIEW"]
                self.assertIn(parser().parse_args(arguments).what, VIEWS, rest)

    def test_each_option_is_described_and_no_other(self) -> None:
        text = PAGE.read_text(encoding="utf-8").partition("status\n------")[0]
        described = set(re.findall(r"``(--?[a-z0-9]+)", text))
        known = {one for action in parser()._actions for one in action.option_strings}
        self.assertEqual(described - known, set())
        short_forms = {"-h", "--help", "-j", "-w"}
        self.assertEqual(known - described - short_forms, set())

    def test_each_state_of_an_interface_is_described(self) -> None:
        text = PAGE.read_text(encoding="utf-8")
        down = Link("eth1", 2, False, 1500)
        up = replace(down, up=True)
        for found, family in (
            (None, IPV4),
            (replace(down, why_down=DISABLED), IPV4),
            (replace(down, why_down=NO_CARRIER), IPV4),
            (replace(down, why_down="port of bridge br0"), IPV4),
            (up, IPV4),
            (up, IPV6),
            (replace(up, link_local=TENTATIVE), IPV6),
            (replace(up, link_local=DUPLICATE), IPV6),
        ):
            told = obstacle(found, family, "downstream")
            assert told is not None
            self.assertIn(f"\n{told.reason}  ", text)
        for one in (TABLE_FULL, NOT_USED):
            self.assertIn(f"\n{one.reason}  ", text)

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
