"""Answers of the control API: JSON in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import inf

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control import answers
from mcproxy.control.answers import ROWS_A_PIECE, RowsAnswer


class AnswerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(answers, "PIECE_TIME", inf)  # a busy machine makes pieces smaller

    def test_rows_that_take_long_have_a_piece_each(self) -> None:
        self.patch(answers, "PIECE_TIME", -1.0)
        pieces = list(RowsAnswer("rows", range(3)).pieces())
        self.assertEqual(pieces, [b'{"rows": [\n0', b",\n1", b",\n2", b"\n]}\n"])

    def test_rows_are_one_json_list(self) -> None:
        for count in (0, 1, ROWS_A_PIECE, 2 * ROWS_A_PIECE + 1):
            rows = [{"number": number} for number in range(count)]
            pieces = list(RowsAnswer("rows", rows).pieces())
            self.assertEqual(json.loads(b"".join(pieces)), {"rows": rows})
            self.assertEqual(len(pieces), -(-count // ROWS_A_PIECE) + 1)

    def test_rows_are_made_when_their_piece_is_taken(self) -> None:
        made = []

        def rows() -> Iterator[int]:
            for number in range(1000):
                made.append(number)
                yield number

        pieces = RowsAnswer("rows", rows()).pieces()
        next(pieces)
        self.assertEqual(len(made), ROWS_A_PIECE)

    def test_rows_that_are_none_are_left_out_and_divide_the_work(self) -> None:
        """A long search for few rows is a sequence of short pieces too."""
        rows = [{"number": number} if number % 450 == 7 else None for number in range(1000)]
        pieces = list(RowsAnswer("rows", rows).pieces())
        self.assertEqual(len(pieces), 1000 // ROWS_A_PIECE + 1)
        found = json.loads(b"".join(pieces))["rows"]
        self.assertEqual(found, [{"number": 7}, {"number": 457}, {"number": 907}])
        nothing = b"".join(RowsAnswer("rows", [None] * 250).pieces())
        self.assertEqual(json.loads(nothing), {"rows": []})
