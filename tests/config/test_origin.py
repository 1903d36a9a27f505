"""The lines of a configuration's keys, for whoever finds a contradiction between two of them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.edit import add_link
from mcproxy.config.files import load
from mcproxy.config.native.toml import from_interfaces, parse

TEXT = """
[instance.a]
upstream = "eth0"
downstream = [
  "eth1",
  "eth2",
]
[instance.b]
upstream = "eth0"
downstream = "eth3"
igmp-version = 2
"""


class LineTests(SynchronousTestCase):
    def file(self, text: str) -> str:
        path = self.mktemp()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_line_of_a_key_is_that_of_the_toml_file(self) -> None:
        configuration = load(self.file(TEXT))
        self.assertEqual(configuration.line_of(("instance", "b", "igmp-version")), 11)
        self.assertEqual(configuration.line_of(("instance", "a")), 2)

    def test_line_of_an_item_is_its_own_line(self) -> None:
        self.assertEqual(parse(TEXT).line_of(("instance", "a", "downstream", 1)), 6)

    def test_line_of_a_key_that_the_file_does_not_have_is_none(self) -> None:
        self.assertIsNone(parse(TEXT).line_of(("instance", "a", "igmp-version")))

    def test_line_of_a_foreign_key_is_that_of_its_statement(self) -> None:
        text = "protocol IGMPv3;\npinstance one(7): eth0\n ==> eth1;\n"
        configuration = load(self.file(text))
        self.assertEqual(configuration.line_of(("instance", "one", "downstream")), 3)
        self.assertEqual(configuration.line_of(("instance", "one", "igmp-version")), 1)

    def test_line_of_a_foreign_key_without_a_statement_is_that_of_the_instance(self) -> None:
        configuration = load(self.file("\npinstance one: eth0 ==> eth1;\n"))
        self.assertEqual(configuration.line_of(("instance", "one", "igmp-version")), 2)
        self.assertIsNone(configuration.line_of(("control",)))

    def test_lines_are_no_part_of_what_configurations_are_compared_by(self) -> None:
        self.assertEqual(parse(TEXT), parse("\n" + TEXT))

    def test_changed_configuration_has_no_lines(self) -> None:
        changed = add_link(parse(TEXT), "a", "downstream", "eth4")
        self.assertIsNone(changed.line_of(("instance", "a")))

    def test_configuration_from_options_has_no_lines(self) -> None:
        configuration = from_interfaces(["eth0"], ["eth1"])
        self.assertIsNone(configuration.line_of(("instance", "default")))

    def test_mistake_names_file_key_and_line(self) -> None:
        configuration = parse(TEXT, "m.toml")
        mistake = configuration.origin.mistake(("instance", "b", "igmp-version"), "bad", "mend it")
        self.assertEqual(str(mistake), "m.toml: instance.b.igmp-version (line 11): bad; mend it")

    def test_mistake_in_a_foreign_file_names_its_position(self) -> None:
        configuration = load(path := self.file("pinstance one: eth0 ==> eth1;\n"))
        mistake = configuration.origin.mistake(("instance", "one", "table"), "bad")
        self.assertEqual(str(mistake), f"{path}: line 1, column 1: bad")
