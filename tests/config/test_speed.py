"""Large configurations are read in little time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mcproxy.config import names
from mcproxy.config.model import InstanceConfig, InterfaceSettings, complete, settings_for
from mcproxy.config.native import roles
from mcproxy.config.native.toml import parse
from mcproxy.config.schema import interface

from .support import ConfigurationTestCase


class ManyNamesTests(ConfigurationTestCase):
    def test_settings_of_many_names_compare_patterns_alone(self) -> None:
        """/add with thousands of names would take seconds if each were compared with each."""
        compared: list[tuple[str, str]] = []

        def count(name: str, pattern: str) -> bool:
            compared.append((name, pattern))
            return names.matches(name, pattern)

        self.patch(interface, "matches", count)
        few, usual = InterfaceSettings(query_interval=9), InterfaceSettings()
        many = [f"n{number}" for number in range(500)]
        settings = complete({"x1": usual, "n1*": few}, [*many, "y*"], usual)
        self.assertEqual(len(compared), 501)
        self.assertEqual(list(settings), ["x1", "n1*", *many, "y*"])
        self.assertEqual((settings["n17"], settings["n27"]), (few, usual))
        self.assertIs(settings_for("n1x", settings), few)


class ManyInstancesTests(ConfigurationTestCase):
    def test_instances_that_name_their_links_are_not_compared_with_each_other(self) -> None:
        """A file with a thousand instances would take seconds otherwise."""
        listed: list[int] = []
        uses = roles._uses

        def count(instances: Mapping[str, InstanceConfig]) -> Iterator[roles._Use]:
            listed.append(len(instances))
            return uses(instances)

        self.patch(roles, "_uses", count)
        text = "".join(
            f'[instance.i{n}]\nupstream = "u{n}"\ndownstream = "d{n}"\ntable = {1000 + n}\n'
            f"[instance.i{n}.interface.d{n}]\nquery-interval = 60\n"
            for n in range(50)
        )
        self.assertEqual(len(parse(text).instances), 50)
        self.assertEqual(listed, [50])
