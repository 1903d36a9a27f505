"""The layout of TOML files that mcproxy writes."""

from __future__ import annotations

import time
import tomllib

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.native.text import toml_text


class TextTests(SynchronousTestCase):
    def check(self, document: dict[str, object], text: str) -> None:
        self.assertEqual(toml_text(document), text)
        self.assertEqual(tomllib.loads(text), document)

    def test_tables_have_headers_and_blank_lines_before_them(self) -> None:
        self.check(
            {"instance": {"a": {"table": 3, "interface": {"eth0.7": {}, "lan*": {"x": 1.5}}}}},
            '[instance.a]\ntable = 3\n\n[instance.a.interface."eth0.7"]\n\n'
            '[instance.a.interface."lan*"]\nx = 1.5\n',
        )

    def test_values_stand_before_tables(self) -> None:
        document = {"instance": {"a": {"interface": {"b": {"x": True}}, "table": 3}}}
        text = "[instance.a]\ntable = 3\n\n[instance.a.interface.b]\nx = true\n"
        self.check(document, text)

    def test_filters_of_an_instance_are_a_list_of_tables(self) -> None:
        filters = [{"role": "upstream"}, {"role": "downstream"}]
        self.check(
            {"instance": {"a": {"filter": filters}}},
            '[[instance.a.filter]]\nrole = "upstream"\n\n'
            '[[instance.a.filter]]\nrole = "downstream"\n',
        )

    def test_short_list_stands_on_one_line(self) -> None:
        rules = ["*", {"rule": "239.1.1.1", "from": "eth1"}]
        self.check(
            {"filter": {"a": {"rules": rules, "none": []}}},
            '[filter.a]\nrules = ["*", { rule = "239.1.1.1", from = "eth1" }]\nnone = []\n',
        )

    def test_long_list_has_a_line_for_each_item(self) -> None:
        rules: list[object] = [f"239.1.1.{n} - 239.1.2.{n}" for n in range(3)]
        rules.append({"filter": "b"})
        self.check(
            {"filter": {"a": {"rules": rules}}},
            "[filter.a]\nrules = [\n"
            + "".join(f'    "239.1.1.{n} - 239.1.2.{n}",\n' for n in range(3))
            + '    { filter = "b" },\n]\n',
        )

    def test_texts_with_quotes_and_control_characters_are_escaped(self) -> None:
        self.check({"a": 'x"y\\z\n'}, 'a = "x\\"y\\\\z\\n"\n')

    def test_large_file_is_written_in_time(self) -> None:
        rules = [f"239.0.{n >> 8}.{n & 255} | 192.0.2.1" for n in range(10_000)]
        before = time.process_time()
        toml_text({"filter": {"a": {"rules": rules}}})
        self.assertLess(time.process_time() - before, 5)
