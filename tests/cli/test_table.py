"""Tables that fit a width, and words, numbers and colours in them."""

from __future__ import annotations

import os
import sys

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli.show.cells import SHOWN, listed, state_colour
from mcproxy.cli.table import GREEN, RED, Column, Output, table
from mcproxy.cli.units import duration, quantity
from mcproxy.cli.words import UnknownWordError, resolve


def column(title: str, wraps: bool = False, common: bool = False) -> Column:
    return Column(title, lambda row: row[title], wraps=wraps, common=common, colour=state_colour)


A, B = column("A"), column("Long name")


class LayoutTests(SynchronousTestCase):
    def test_columns_are_as_wide_as_their_widest_cell(self) -> None:
        rows = [{"A": "x", "Long name": 1}, {"A": "longer", "Long name": 22}]
        expected = "A       Long name\nx       1\nlonger  22\n"
        self.assertEqual(table([A, B], rows), expected)
        self.assertEqual(table([A, B], []), "A  Long name\n")

    def test_columns_that_say_nothing_are_left_out(self) -> None:
        common = column("C", common=True)
        rows = [{"A": "-", "Long name": n, "C": "same"} for n in (1, 2)]
        self.assertEqual(table([A, B, common], rows), "Long name\n1\n2\n")
        self.assertEqual(table([A, B, common], rows[:1]), "Long name\n1\n")
        other = rows[0] | {"C": "other"}
        self.assertEqual(table([A, common], [rows[0], other]), "C\nsame\nother\n")

    def test_words_of_a_wide_column_wrap(self) -> None:
        rows = [{"A": "x", "W": "one two three four five"}, {"A": "y", "W": "six"}]
        text = table([A, column("W", wraps=True)], rows, Output(16))
        self.assertEqual(text, "A  W\nx  one two three\n   four five\ny  six\n")

    def test_columns_without_room_go_to_a_second_line(self) -> None:
        columns = [column(title) for title in ("One", "Two", "Three")]
        rows = [{"One": "a" * 20, "Two": "b" * 15, "Three": "c"}]
        head, first, *rest = table(columns, rows, Output(40)).splitlines()
        self.assertEqual(head.split(), ["One", "Two"])
        self.assertEqual(first, "    Three")
        self.assertEqual(rest, ["a" * 20 + "  " + "b" * 15, "    c"])

    def test_second_line_begins_where_a_column_says_so(self) -> None:
        columns = [column(title) for title in ("One", "Two", "Three")]
        columns[1] = columns[1]._replace(second=True)
        rows = [{"One": "a" * 20, "Two": "b" * 15, "Three": "c" * 9}]
        self.assertEqual(table(columns, rows, Output(60)).count("\n"), 2)
        _, _, first, second = table(columns, rows, Output(40)).splitlines()
        self.assertEqual((first, second), ("a" * 20, "    " + "b" * 15 + "  " + "c" * 9))

    def test_no_line_is_longer_than_the_width(self) -> None:
        columns = [column(str(n), wraps=n % 2 == 0) for n in range(9)]
        rows = [{str(n): f"word{n} " * (n + 1) for n in range(9)} for _ in range(3)]
        rows = [{key: text.strip() for key, text in row.items()} for row in rows]
        for width in (60, 80, 132):
            lines = table(columns, rows, Output(width)).splitlines()
            self.assertLessEqual(max(map(len, lines)), width)
            self.assertIn("word8", "".join(lines))


class ColourTests(SynchronousTestCase):
    def test_cells_have_colours_without_a_change_of_layout(self) -> None:
        rows = [{"A": "up", "Long name": "-"}, {"A": "down", "Long name": "up"}]
        text = table([A, B], rows, Output(80, colour=True))
        self.assertIn(f"\x1b[{GREEN}mup\x1b[0m    -", text)
        self.assertIn(f"\x1b[{RED}mdown\x1b[0m  \x1b[{GREEN}mup", text)
        self.assertTrue(text.startswith("\x1b[1mA\x1b[0m   "))

    def test_colours_are_for_terminals_that_want_them(self) -> None:
        for is_terminal, environment, expected in (
            (True, {}, True),
            (False, {}, False),
            (True, {"NO_COLOR": "1"}, False),
            (True, {"NO_COLOR": ""}, True),
            (True, {"TERM": "dumb"}, False),
        ):
            self.patch(sys.stdout, "isatty", lambda is_terminal=is_terminal: is_terminal)
            self.patch(os, "environ", {"TERM": "xterm", **environment})
            self.assertEqual(Output.of_terminal().colour, expected, environment)

    def test_width_is_80_without_a_terminal_or_what_columns_says(self) -> None:
        self.patch(sys.stdout, "isatty", lambda: False)
        for environment, width in (({}, 80), ({"COLUMNS": "132"}, 132), ({"COLUMNS": "x"}, 80)):
            self.patch(os, "environ", environment)
            self.assertEqual(Output.of_terminal().width, width)


class TextTests(SynchronousTestCase):
    def test_durations_have_their_two_largest_units(self) -> None:
        for seconds, text in (
            (None, "-"),
            (-1.0, "0s"),
            (59.4, "59s"),
            (59.6, "1m00s"),
            (192, "3m12s"),
            (3661, "1h01m"),
            (90_000, "1d01h"),
        ):
            self.assertEqual(duration(seconds), text)

    def test_quantities_have_a_prefix(self) -> None:
        for number, text in (
            (None, "-"),
            (0, "0 bit/s"),
            (999, "999 bit/s"),
            (1_200_000, "1.2 Mbit/s"),
            (250_000, "250 kbit/s"),
            (7_000_000_000_000, "7000 Gbit/s"),
        ):
            self.assertEqual(quantity(number, "bit/s"), text)

    def test_long_lists_are_shortened_with_a_count(self) -> None:
        items = [str(number) for number in range(SHOWN + 5)]
        self.assertEqual(listed(items), " ".join(items[:SHOWN]) + " +5 more")
        self.assertEqual(listed(items[: SHOWN + 1]), " ".join(items[: SHOWN + 1]))
        self.assertEqual(listed([]), "-")

    def test_word_is_resolved_by_its_beginning(self) -> None:
        known = ("show", "sh", "restart", "reload")
        for word, expected in (("sh", "sh"), ("sho", "show"), ("rel", "reload")):
            self.assertEqual(resolve(word, known, "word"), expected)
        for word, text in (("re", "ambiguous: restart, reload"), ("", "unknown word")):
            error = self.assertRaises(UnknownWordError, resolve, word, known, "word")
            self.assertIn(text, str(error))
