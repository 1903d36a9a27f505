"""The lines of keys: right, or not told."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.places import MOST_LINES, key_lines, key_text


class KeyLinesTests(SynchronousTestCase):
    def test_tables_and_keys(self) -> None:
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

    def test_values_over_several_lines(self) -> None:
        text = 'a = """\n[b]\nc = 1\n"""\nd = [\n  "[e]", # f = 2\n]\ng = 3\n'
        self.assertEqual(key_lines(text), {("a",): 1, ("d",): 5, ("g",): 8})

    def test_inline_tables_and_lists_of_tables(self) -> None:
        text = "a = {b = {c = 1}}\n[[d]]\ne = 1\n[[d]]\ne = 2\n"
        self.assertEqual(
            key_lines(text),
            {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 1, ("d",): 2, ("d", "e"): 3},
        )

    def test_dos_line_ends(self) -> None:
        self.assertEqual(key_lines("\r\na = 1\r\nb = 2\r\n"), {("a",): 2, ("b",): 3})

    def test_long_files_are_left_alone_at_their_end(self) -> None:
        text = "\n" * MOST_LINES + "a = 1\n"
        self.assertEqual(key_lines("b = 1\n" + text), {("b",): 1})

    def test_key_text_has_quotes_where_they_are_needed(self) -> None:
        self.assertEqual(key_text(("instance", "eth0.7", "a-b", "")), 'instance."eth0.7".a-b.""')
