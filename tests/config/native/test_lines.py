"""The lines of keys in a TOML file: right, or unknown."""

from __future__ import annotations

import time

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.native.lines import key_lines, line_of
from mcproxy.config.origin import KeyPath, key_text


class KeyLinesTests(SynchronousTestCase):
    def test_lines_of_tables_and_keys_are_found(self) -> None:
        text = "# a comment\nx = 1\n\n[a.b]\ny.z = 2\n[a.'c d']\n\"e.f\" = 3\n"
        self.assertEqual(
            key_lines(text),
            {
                ("x",): 2,
                ("a",): 4,
                ("a", "b"): 4,
                ("a", "b", "y"): 5,
                ("a", "b", "y", "z"): 5,
                ("a", "c d"): 6,
                ("a", "c d", "e.f"): 7,
            },
        )

    def test_value_over_several_lines_has_its_first_line(self) -> None:
        text = 'a = """\n[b]\nc = 1\n"""\nd = [\n  "[e]", # f = 2\n]\ng = 3\n'
        self.assertEqual(key_lines(text), {("a",): 1, ("d",): 5, ("d", 0): 6, ("g",): 8})

    def test_keys_of_inline_tables_have_the_line_of_the_table(self) -> None:
        text = "a = {b = {c = [1, 2]}, d = 2}\n"
        self.assertEqual(
            key_lines(text), {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 1, ("a", "d"): 1}
        )

    def test_tables_in_a_list_have_their_own_lines(self) -> None:
        text = "[[d.e]]\nf = 1\n[[d.e]]\nf = 2\n"
        self.assertEqual(
            key_lines(text),
            {
                ("d",): 1,
                ("d", "e"): 1,
                ("d", "e", 0): 1,
                ("d", "e", 0, "f"): 2,
                ("d", "e", 1): 3,
                ("d", "e", 1, "f"): 4,
            },
        )

    def test_items_of_a_list_have_their_own_lines(self) -> None:
        text = """a = [
  "x]", "y",  # "no item", [
  { z = [1, "]"] },

  'w', [
    3,
  ],
]
b = [1,
  2]
"""
        lines = key_lines(text)
        self.assertEqual([lines.get(("a", n)) for n in range(6)], [2, 2, 3, 5, 5, None])
        self.assertEqual([lines.get(("b", n)) for n in range(3)], [9, 10, None])

    def test_item_without_a_line_has_the_line_of_the_list(self) -> None:
        lines: dict[KeyPath, int] = {("a",): 7}
        self.assertEqual(line_of(("a", 3), lines), 7)
        self.assertEqual(line_of(("a", 3, 1), lines), 7)
        self.assertIsNone(line_of(("a", "b"), lines))

    def test_dos_line_ends_do_not_change_lines(self) -> None:
        self.assertEqual(key_lines("\r\na = 1\r\nb = 2\r\n"), {("a",): 2, ("b",): 3})

    def test_lines_of_a_long_file_are_found_in_time(self) -> None:
        text = "a = [\n" + "  '232.0.0.1 | 192.0.2.1',\n" * 50_000 + "]\nb = 1\n"
        before = time.process_time()
        self.assertEqual(key_lines(text)["b",], 50_003)
        self.assertLess(time.process_time() - before, 5)

    def test_key_text_has_quotes_where_toml_needs_them(self) -> None:
        self.assertEqual(key_text(("instance", "eth0.7", "a-b", "")), 'instance."eth0.7".a-b.""')
        self.assertEqual(key_text(("a", 0, "b")), "a[1].b")
