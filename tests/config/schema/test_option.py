"""An option is read, written and described from its attribute alone."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.native.document import differences
from mcproxy.config.native.reader import Mistakes, read_table, read_values
from mcproxy.config.origin import Origin
from mcproxy.config.reference import man, rst
from mcproxy.config.reference.scopes import Scope
from mcproxy.config.schema.numbers import Number
from mcproxy.config.schema.option import described, option, options_of
from mcproxy.config.schema.texts import Word


@attrs.frozen
class Kettle:
    """A table with one required option, one with a default, and an attribute that is no key."""

    fuel: str = attrs.field(metadata=described(Word("gas", "wood"), "What burns.", example='"gas"'))
    boil_time: float = option(3.0, Number(1, 60), "Time to boil.", unit="minutes", example="5")
    hot: bool = False


@attrs.frozen
class Plain:
    """A table that describes nothing."""

    count: str = ""
    some_flag: bool = False
    anything: Any = None


class OptionTests(SynchronousTestCase):
    def read(self, table: object) -> tuple[dict[str, Any], list[str]]:
        mistakes = Mistakes(Origin())
        values = read_values(table, Kettle, ("kettle",), mistakes)
        return values, [str(mistake) for mistake in mistakes.all()]

    def test_values_are_read_by_attribute(self) -> None:
        values, mistakes = self.read({"boil-time": 7, "fuel": "wood"})
        self.assertEqual((values, mistakes), ({"boil_time": 7.0, "fuel": "wood"}, []))
        self.assertIsInstance(values["boil_time"], float)

    def test_wrong_value_is_left_out_and_reported(self) -> None:
        self.assertEqual(
            self.read({"boil-time": 61, "fuel": "ice"}),
            (
                {},
                [
                    "kettle.boil-time: 61 is out of range; use a number from 1 to 60",
                    'kettle.fuel: "ice" is not a valid value (expected: gas, wood)',
                ],
            ),
        )

    def test_missing_required_option_is_reported_with_its_example(self) -> None:
        self.assertEqual(self.read({}), ({}, ['kettle: fuel is missing; write fuel = "gas"']))

    def test_attribute_without_a_description_is_an_unknown_key(self) -> None:
        _, mistakes = self.read({"fuel": "gas", "hot": True})
        self.assertEqual(mistakes, ["kettle.hot: unknown key; there are fuel, boil-time"])

    def test_only_differences_are_written(self) -> None:
        one = Kettle("gas", 4.0, hot=True)
        self.assertEqual(differences(one, Kettle("gas")), {"boil-time": 4.0})

    def test_option_is_in_the_reference(self) -> None:
        scope = Scope(Kettle)
        self.assertIn("``boil-time``\n     - number, minutes\n     - ``3``\n", rst.table(scope))
        text = man.entries(scope)
        self.assertIn("Type: number, minutes. Range: 1 to 60. Default: 3.\n", text)
        self.assertIn("Required.", text)

    def test_class_that_describes_nothing_has_all_attributes_as_keys(self) -> None:
        self.assertEqual(list(options_of(Plain)), ["count", "some-flag", "anything"])
        mistakes = Mistakes(Origin())
        table = {"count": 3, "some-flag": True, "anything": [1]}
        self.assertEqual(read_table(table, Plain, (), mistakes), Plain("", True, [1]))
        self.assertEqual([path for path, _ in mistakes.found], [("count",)])
